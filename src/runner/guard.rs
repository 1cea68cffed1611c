//! The local-only guard. This is its text layer: which connection strings are looked at further. Closed by default.
//!
//! The grammar is ours, not libpq's: what is not written here is refused, before a packet leaves. Forms:
//! `postgres://user[:password]@(localhost|127.0.0.1|[::1]):port/database[?sslmode=…&application_name=…]`, or with
//! `@/database?host=/folder[&port=…]` and a folder from a list, the unix socket there.
//!
//! `localhost` is never resolved: it means 127.0.0.1, and then ::1. That what answers there is really on this machine
//! is for the other layers to say: [`near`].

#[cfg(target_os = "linux")]
mod diag;
pub mod door;
pub mod near;
pub mod process;
#[cfg(test)]
mod tests;

pub use super::postgres::endpoint::Secret;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

/// Why a connection is refused, in three parts. Never holds a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is refused.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do about it.
    pub next: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  why:  {}\n  next: {}", self.what, self.why, self.next)
    }
}

impl std::error::Error for Refused {}

/// Where a database is; nothing else can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// 127.0.0.1, and then ::1; never resolved.
    Localhost,
    /// 127.0.0.1.
    V4,
    /// ::1.
    V6,
    /// The folder of a unix socket, from the list.
    Socket(PathBuf),
}

/// The parts of an accepted connection string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dsn {
    /// The role.
    pub user: String,
    /// `None` when the text has none; an empty one counts as none.
    pub password: Option<Secret>,
    /// Where.
    pub host: Host,
    /// 1 to 65535.
    pub port: u16,
    /// The database.
    pub database: String,
    /// As the text says, to be shown beside our own.
    pub application_name: Option<String>,
    /// How the text wants TLS, which has no meaning on a local connection but is often written.
    pub ssl: Option<Ssl>,
}

/// The values of `sslmode` that are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ssl {
    /// No TLS.
    Disable,
    /// TLS if the server offers it.
    Prefer,
}

/// Folders in which a socket may lie without being named elsewhere.
pub const SOCKET_FOLDERS: &[&str] = &["/var/run/postgresql", "/run/postgresql", "/tmp"];

const SIZE_BYTES_MAX: usize = 2_000;
/// PostgreSQL cuts longer names.
const NAME_SIZE_BYTES_MAX: usize = 63;
const DEFAULT_PORT: u16 = 5432;
const LOCAL_ONLY: &str = "a ceremony runs against a database on this machine only";
const FORM: &str = "write postgresql://user:password@127.0.0.1:port/database";

/// Parses a connection string, with the [`SOCKET_FOLDERS`].
///
/// # Errors
/// Anything that is not exactly one of the forms.
///
/// # Examples
/// ```
/// use ceremony::runner::guard::{Host, parse};
/// let dsn = parse("postgresql://postgres:postgres@127.0.0.1:54322/postgres").unwrap();
/// assert_eq!((dsn.host, dsn.port), (Host::V4, 54322));
/// assert!(parse("postgresql://postgres@db.example.com:5432/postgres").is_err());
/// ```
pub fn parse(text: &str) -> Result<Dsn, Refused> {
    parse_with(text, &[])
}

/// As [`parse`], with more folders for sockets (the embedded server's, or named by the definition).
///
/// # Errors
/// Anything that is not exactly one of the forms.
pub fn parse_with(text: &str, socket_folders: &[PathBuf]) -> Result<Dsn, Refused> {
    let refuse = |why: &str, next: &str| Err(refused(text, why, next));
    if text.len() > SIZE_BYTES_MAX {
        return refuse("it is longer than 2,000 bytes", FORM);
    }
    // Names in other scripts can be written in percent form; look-alikes and invisible characters cannot hide.
    if let Some(odd) = text.chars().find(|c| !c.is_ascii_graphic()) {
        return refuse(
            &format!("it holds the character {}", odd.escape_unicode()),
            "write it in percent form",
        );
    }
    let Some(rest) = text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://")) else {
        return refuse("it does not start with postgresql:// or postgres://", FORM);
    };
    if let Some(odd) = rest.chars().find(|c| "\\#\"'<>`{}|^ ".contains(*c)) {
        return refuse(&format!("it holds the character {odd} as it is"), "write it in percent form");
    }
    let (before, query) = rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
    let Some((authority, database)) = before.split_once('/') else {
        return refuse("it names no database", FORM);
    };
    let Some((user_info, host)) = authority.split_once('@') else {
        return refuse("it names no user", FORM);
    };
    if host.contains('@') {
        return refuse("it has two @", "write an @ inside a password as %40");
    }
    let (user, password) = user_info.split_once(':').map_or((user_info, None), |(u, p)| (u, Some(p)));
    let part =
        |name: &str, part: &str| decode(part).map_err(|why| refused(text, &format!("{name} {why}"), FORM));
    let user = name(text, "the user", part("the user", user)?)?;
    let password = password.map(|it| part("the password", it)).transpose()?.filter(|it| !it.is_empty());
    let database = name(text, "the database", part("the database", database)?)?;
    let parameters = parameters(text, query.unwrap_or(""), query.is_some())?;
    let (host, port) = place(text, host, &parameters, socket_folders)?;
    let ssl = match parameters.sslmode.as_deref() {
        None => None,
        Some("disable") => Some(Ssl::Disable),
        Some("prefer") => Some(Ssl::Prefer),
        Some(_) => return refuse("sslmode is neither disable nor prefer", "leave sslmode out"),
    };
    let application_name = parameters.application_name;
    Ok(Dsn { user, password: password.map(Secret::new), host, port, database, application_name, ssl })
}

/// Where it is, from the text between `@` and `/` and, for a socket, from the parameters.
fn place(
    text: &str,
    host: &str,
    parameters: &Parameters,
    socket_folders: &[PathBuf],
) -> Result<(Host, u16), Refused> {
    let refuse = |why: &str, next: &str| Err(refused(text, why, next));
    if host.is_empty() {
        let Some(folder) = &parameters.host else { return refuse("it names no host", FORM) };
        let port = parameters.port.as_deref().map_or(Some(DEFAULT_PORT), port_number);
        let Some(port) = port else { return refuse("its port is not a number from 1 to 65535", FORM) };
        return Ok((Host::Socket(socket(text, folder, socket_folders)?), port));
    }
    if parameters.host.is_some() || parameters.port.is_some() {
        return refuse("host and port stand in two places", "leave the parameters host and port out");
    }
    let (host, port) = match host.strip_prefix("[::1]") {
        Some(rest) => ("[::1]", rest.strip_prefix(':')),
        None => host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port))),
    };
    let host = match host {
        "localhost" => Host::Localhost,
        "127.0.0.1" => Host::V4,
        "[::1]" => Host::V6,
        _ => {
            let why = format!("its host is not exactly localhost, 127.0.0.1 or [::1]; {LOCAL_ONLY}");
            return refuse(&why, "start a copy of the database here, and name that");
        }
    };
    match port.map(port_number) {
        Some(Some(port)) => Ok((host, port)),
        Some(None) => refuse("its port is not a number from 1 to 65535", FORM),
        None => refuse("it names no port", FORM),
    }
}

/// Digits only, no zero in front: what every reader takes for the same number.
fn port_number(text: &str) -> Option<u16> {
    let plain = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

fn socket(text: &str, folder: &str, more: &[PathBuf]) -> Result<PathBuf, Refused> {
    let usual = SOCKET_FOLDERS.iter().map(Path::new);
    // Compared as text, so that neither `..`, a double slash nor an abstract socket gets through.
    let found = usual.chain(more.iter().map(PathBuf::as_path)).find(|it| it.as_os_str() == folder);
    found.map(Path::to_path_buf).ok_or_else(|| {
        refused(
            text,
            "its socket folder is not on the list",
            &format!("use one of {}, as it is written here", SOCKET_FOLDERS.join(", ")),
        )
    })
}

#[derive(Default)]
struct Parameters {
    host: Option<String>,
    port: Option<String>,
    sslmode: Option<String>,
    application_name: Option<String>,
}

fn parameters(text: &str, query: &str, present: bool) -> Result<Parameters, Refused> {
    let mut found = Parameters::default();
    if !present {
        return Ok(found);
    }
    for pair in query.split('&') {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(refused(text, "a parameter has no value", "leave the parameter out"));
        };
        let slot = match name {
            "sslmode" => &mut found.sslmode,
            "application_name" => &mut found.application_name,
            // In the socket form only, where `place` holds the folder against the list.
            "host" => &mut found.host,
            "port" => &mut found.port,
            _ => {
                // With an @ behind it, it may be a piece of a password that has an @ and a ? in it.
                let name = if query.contains('@') { "behind the ?".into() } else { shown(name) };
                let why = format!("the parameter {name} is not sslmode or application_name");
                return Err(refused(text, &why, "leave the parameter out"));
            }
        };
        // A folder in percent form is written by nobody who does not want to hide it.
        let value = if name == "application_name" { decode(value) } else { plain(value) };
        let value = value.map_err(|why| refused(text, &format!("the parameter {name} {why}"), FORM))?;
        if slot.replace(value).is_some() {
            return Err(refused(text, &format!("the parameter {name} stands there twice"), "write it once"));
        }
    }
    let long = found.application_name.as_ref().is_some_and(|it| it.len() > NAME_SIZE_BYTES_MAX);
    if long || found.application_name.as_ref().is_some_and(|it| !it.bytes().all(|b| matches!(b, b' '..=b'~')))
    {
        return Err(refused(text, "application_name is not 1 to 63 plain characters", "leave it out"));
    }
    Ok(found)
}

fn plain(text: &str) -> Result<String, &'static str> {
    match text {
        "" => Err("is empty"),
        _ if text.contains(['%', '+']) => Err("is not written as it is"),
        _ => Ok(text.into()),
    }
}

/// Undoes the percent form.
fn decode(text: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err("has a % that is no percent form (a % itself is %25)");
        };
        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8")?;
    if text.chars().any(char::is_control) { Err("holds a control character") } else { Ok(text) }
}

fn name(text: &str, what: &str, name: String) -> Result<String, Refused> {
    let why = match () {
        () if name.is_empty() => "is empty",
        () if name.len() > NAME_SIZE_BYTES_MAX => "is longer than the 63 bytes that PostgreSQL keeps",
        () if name.contains(['/', '@', '?', '#', '\\', '=']) => "holds one of / @ ? # \\ =",
        () if name.chars().any(hidden) => "holds an invisible character",
        () => return Ok(name),
    };
    Err(refused(text, &format!("{what} {why}"), FORM))
}

/// Characters that change how the text around them looks.
fn hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn refused(text: &str, why: &str, next: &str) -> Refused {
    Refused {
        what: format!("the connection {} is refused", without_user_info(text)),
        why: why.into(),
        next: next.into(),
    }
}

/// No scheme of a database is longer.
const SCHEME_BYTES_MAX: usize = 20;

/// The text as it may be shown: everything that could be a password is left out. That is whatever stands before the
/// last `@`, and the values of parameters. A text that is no URL is not shown at all.
fn without_user_info(text: &str) -> String {
    // What is not written as a scheme may be the password of something that has none.
    let is_scheme = |text: &str| {
        text.len() <= SCHEME_BYTES_MAX
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    let parts = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme));
    let Some((scheme, rest)) = parts else { return "(not a URL, not shown)".into() };
    let rest = match rest.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}").replace('…', "..."),
        // Without an @, a password may be anywhere.
        None if rest.contains(':') => "...".into(),
        None => rest.into(),
    };
    let rest = rest.split_once('?').map_or(rest.clone(), |(before, _)| format!("{before}?..."));
    shown(&format!("{scheme}://{rest}"))
}

/// ASCII as it is, the rest escaped, at most 200 characters.
fn shown(text: &str) -> String {
    let escape =
        |c: char| if matches!(c, ' '..='~') { c.to_string() } else { c.escape_unicode().to_string() };
    text.chars().take(200).map(escape).collect()
}

/// Environment variables that can lead a connection elsewhere, whatever their value.
const REDIRECTING: &[&str] = &["PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE", "PGOPTIONS"];

/// Refuses an environment that could redirect a connection. Values are never shown.
///
/// # Errors
/// Names every variable that has to go.
pub fn check_environment(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<(), Refused> {
    let local = |value: &OsString| {
        value
            .to_str()
            .is_some_and(|it| matches!(it, "localhost" | "127.0.0.1" | "::1") || SOCKET_FOLDERS.contains(&it))
    };
    let mut refused: Vec<String> = variables
        .filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            let refused = REDIRECTING.contains(&name.as_str()) || (name == "PGHOST" && !local(&value));
            refused.then_some(name)
        })
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    refused.sort();
    Err(Refused {
        what: format!("the environment has {}", refused.join(", ")),
        why: format!("it could lead a connection to another server; {LOCAL_ONLY}"),
        next: format!("unset {}", refused.join(" ")),
    })
}
