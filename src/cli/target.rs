//! The target of a session: somebody's local server, named and guarded, or the session's own.

use super::{Common, Trouble};
use crate::definition::Ceremony;
use crate::runner::baseline;
use crate::runner::guard::{self, Dsn};
use crate::runner::pgpass;
use crate::runner::postgres::attempt::CONNECT_MAX;
use crate::runner::postgres::backend::Backend;
use crate::runner::postgres::endpoint::{Endpoint, Host, Secret};
use crate::runner::server::{Embedded, ServerPrograms, find_programs};
use crate::runner::world::{Restart, SharedServer};
use crate::session::{Phase, Session};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The database of an embedded server.
const EMBEDDED_DATABASE: &str = "postgres";

/// What was asked for, before anything is made or started.
pub enum Wanted {
    /// Somebody's server.
    Somebodys(Endpoint),
    /// One of the session's own, from these programs.
    Own(ServerPrograms),
}

/// A target that can be connected to.
pub struct Target {
    /// Where it is.
    pub endpoint: Endpoint,
    /// The session's own server, stopped when it goes.
    pub server: SharedServer,
    /// Starts it again after it died.
    pub restart: Option<Restart>,
    /// Where psql is.
    pub programs: Option<PathBuf>,
    /// Whether it is the session's own.
    pub embedded: bool,
}

impl Wanted {
    /// What `--url`, the definition or `DATABASE_URL` names, in this order; else a server of the session's own.
    pub fn of(common: &Common, ceremony: &Ceremony) -> Result<Self, Trouble> {
        guard::check_environment(std::env::vars_os()).map_err(Trouble::guard)?;
        let environment = std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty());
        let named = [
            (common.url.clone(), "--url"),
            (ceremony.target.url.clone(), "the definition"),
            (environment, "DATABASE_URL"),
        ];
        let Some((url, source)) = named.into_iter().find_map(|(url, source)| Some((url?, source))) else {
            return Self::own();
        };
        let dsn = guard::parse(&url).map_err(|refused| Trouble::guard_from(refused, source))?;
        let unproven = ceremony.target.unproven.clone();
        Ok(Self::Somebodys(Endpoint { unproven, ..endpoint(&dsn) }))
    }

    /// A server of the session's own, if its programs are there.
    pub fn own() -> Result<Self, Trouble> {
        find_programs(None).map(Self::Own).map_err(Trouble::server)
    }

    /// Its name for the next resume, without the password; `None` for a server of the session's own.
    pub fn url(&self) -> Option<String> {
        let Self::Somebodys(endpoint) = self else { return None };
        let (user, database) = (percent(&endpoint.user), percent(&endpoint.database));
        Some(match &endpoint.host {
            Host::Address(_) => format!("postgresql://{user}@{endpoint}/{database}"),
            Host::Socket(folder) => {
                format!("postgresql://{user}@/{database}?host={}&port={}", folder.display(), endpoint.port)
            }
        })
    }

    /// The target, started if it is the session's own; a fresh one gets the baseline.
    pub fn ready(self, session: &Path, ceremony: &Ceremony) -> Result<Target, Trouble> {
        match self {
            Self::Somebodys(endpoint) => {
                let programs = find_programs(None).ok().map(|programs| programs.bindir);
                Ok(Target { endpoint, server: Arc::default(), restart: None, programs, embedded: false })
            }
            Self::Own(programs) => started(programs, session, ceremony),
        }
    }
}

fn endpoint(dsn: &Dsn) -> Endpoint {
    let host = match &dsn.host {
        guard::Host::Localhost | guard::Host::V4 => Host::Address(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        guard::Host::V6 => Host::Address(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        guard::Host::Socket(folder) => Host::Socket(folder.clone()),
    };
    let named = dsn.password.clone().or_else(|| std::env::var("PGPASSWORD").ok().map(Secret::new));
    let (user, database) = (dsn.user.clone(), dsn.database.clone());
    let mut endpoint = Endpoint { host, port: dsn.port, user, password: named, database, unproven: None };
    if endpoint.password.is_none() {
        endpoint.password = pgpass::look_up(&endpoint);
    }
    endpoint
}

/// Percent form of what is more than a plain name. <https://www.rfc-editor.org/rfc/rfc3986#section-2.1>
fn percent(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn started(programs: ServerPrograms, session: &Path, ceremony: &Ceremony) -> Result<Target, Trouble> {
    let home = session.join("server");
    errln!("starting PostgreSQL {} for this session ...", programs.version);
    let server = Embedded::start(&programs, &home, EMBEDDED_DATABASE).map_err(Trouble::server)?;
    let endpoint = Endpoint {
        host: Host::Address(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        port: server.port(),
        user: "postgres".to_owned(),
        password: Some(server.password().clone()),
        database: EMBEDDED_DATABASE.to_owned(),
        unproven: None,
    };
    if let Some(script) = ceremony.target.baseline.as_ref().filter(|_| server.fresh()) {
        baseline::load(&endpoint, script).map_err(|what| {
            Trouble::usage(
                format!("the baseline could not be loaded: {what}"),
                "a fresh server gets the definition's baseline before the ceremony",
                "mend the baseline, then start again",
            )
        })?;
    }
    let bindir = programs.bindir.clone();
    let restart: Restart = Arc::new(move || {
        Embedded::start(&programs, &home, EMBEDDED_DATABASE).map_err(|error| error.to_string())
    });
    Ok(Target {
        endpoint,
        server: Arc::new(Mutex::new(Some(server))),
        restart: Some(restart),
        programs: Some(bindir),
        embedded: true,
    })
}

/// Another server would look as if this one had lost everything; and one that cannot be reached is no reason to stop
/// the world, as long as nobody asked it for anything.
pub fn same_server(endpoint: &Endpoint, state: &Session) -> Result<(), Trouble> {
    let Some(pinned) = &state.identity else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Trouble::unexpected(&error))?;
    let found = runtime.block_on(async {
        let mut backend = Backend::connect(endpoint, "ceremony resume", CONNECT_MAX).await?;
        let identity = backend.identity().await;
        backend.close().await;
        identity
    });
    match found {
        Ok(found) if !pinned.is_same_database(&found) => Err(Trouble::usage(
            format!("{endpoint}/{} is another server or database", endpoint.database),
            format!("it is {}; this session is about {}", found.pin(), pinned.pin()),
            "name the first one with --url, or start a new session on this one",
        )),
        Ok(found) if !pinned.near.is_empty() && pinned.is_near() && !found.is_near() => Err(Trouble::usage(
            format!("{endpoint}/{} is reached by another way than at the start", endpoint.database),
            format!("it was shown to be on this machine then, and is {} now", found.near),
            "name the server itself with --url, without anything in between",
        )),
        // At a stop, and after the end, the database is not asked for before somebody decides.
        Err(error) if !matches!(state.phase, Phase::Stopped | Phase::Closed(_)) => Err(Trouble::usage(
            format!("the session cannot go on: {endpoint}/{} cannot be used", endpoint.database),
            error,
            "start the server, or name it with --url and its password (PGPASSWORD or ~/.pgpass will do); then resume again",
        )),
        _ => Ok(()),
    }
}
