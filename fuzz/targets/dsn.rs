//! Connection strings: what is let through is on this machine, whoever reads it.

use ceremony::runner::guard::{Host, SOCKET_FOLDERS, Ssl, parse};

pub const WORDS: &[&str] = &[
    "postgresql://",
    "postgres://",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "@",
    ":",
    "/",
    "?",
    "&",
    "=",
    "%40",
    "%2F",
    "%00",
    "%6c",
    "host=",
    "hostaddr=",
    "sslmode=disable",
    "sslmode=prefer",
    "application_name=",
    "port=",
    "dbname=",
    "service=",
    "/var/run/postgresql",
    "/tmp",
    ",",
    "10.0.0.5",
    ".nip.io",
    "prod.example.com",
    "65535",
    "65536",
    "0",
    "054322",
    "+5432",
    "postgres",
    "\u{202e}",
    "\u{ff0e}",
    "\n",
    "#",
    "\\",
    "user=x",
    "%",
    "..",
    "//",
];

fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let dsn = match parse(text) {
        Ok(dsn) => dsn,
        Err(refused) => {
            for part in [&refused.what, &refused.why, &refused.next] {
                assert!(
                    !part.trim().is_empty() && part.chars().all(|c| (' '..='~').contains(&c)),
                    "{part:?}"
                );
            }
            // What stands between the scheme and the last @ is nobody's business.
            if let Some((before, _)) = text.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')) {
                let hidden = before.rsplit(':').next().unwrap_or_default();
                let end = text.rfind('@').unwrap_or_default();
                let letter = ('a'..='z').find(|letter| !text.contains(*letter)).unwrap_or('q');
                let other: String =
                    hidden.chars().map(|c| if c.is_ascii_alphanumeric() { letter } else { c }).collect();
                let changed = format!("{}{other}{}", &text[..end - hidden.len()], &text[end..]);
                // It may happen to be what a refusal says by itself; then another one is not.
                let names = |text: &str, hidden: &str| {
                    let said = parse(text).err().map(|it| format!("{} {} {}", it.what, it.why, it.next));
                    said.is_some_and(|said| said.contains(hidden))
                };
                let letters = other.matches(letter).count();
                assert!(
                    letters < 12
                        || text.matches(hidden).count() > 1
                        || !(names(text, hidden) && names(&changed, &other)),
                    "{hidden:?} in {refused:?}"
                );
            }
            return;
        }
    };
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    assert!(dsn.port > 0 && (1..=63).contains(&dsn.user.len()) && (1..=63).contains(&dsn.database.len()));
    assert!([&dsn.user, &dsn.database].iter().all(|name| !name.chars().any(char::is_control)));
    // Read by nobody's grammar but plain cutting: what a library would take for the host.
    let rest = text.split_once("://").unwrap().1;
    let authority = rest.split(['/', '?']).next().unwrap();
    assert_eq!(authority.matches('@').count(), 1, "{text}");
    let place = authority.split_once('@').unwrap().1;
    let (host, query) = match &dsn.host {
        Host::Localhost => (format!("localhost:{}", dsn.port), String::new()),
        Host::V4 => (format!("127.0.0.1:{}", dsn.port), String::new()),
        Host::V6 => (format!("[::1]:{}", dsn.port), String::new()),
        Host::Socket(folder) => {
            let folder = folder.to_str().unwrap();
            assert!(SOCKET_FOLDERS.contains(&folder));
            assert_eq!(text.matches("host=").count(), 1, "{text}");
            (String::new(), format!("host={folder}&port={}", dsn.port))
        }
    };
    assert_eq!(place, host, "{text}");
    for word in ["hostaddr", "service", "passfile", "options", "target_session_attrs", "dbname="] {
        let parameters = text.split_once('?').map_or("", |(_, query)| query);
        let names = parameters.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
        assert!(!names.into_iter().any(|name| name == word.trim_end_matches('=')), "{text}");
    }
    // Written in full it is read as the same.
    let mut parameters: Vec<String> = if query.is_empty() { Vec::new() } else { vec![query] };
    parameters.extend(dsn.application_name.iter().map(|name| format!("application_name={}", percent(name))));
    parameters.extend(
        dsn.ssl.map(|ssl| format!("sslmode={}", if ssl == Ssl::Disable { "disable" } else { "prefer" })),
    );
    let parameters = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
    let whole = format!("postgresql://{}@{host}/{}{parameters}", percent(&dsn.user), percent(&dsn.database));
    let again = parse(&whole).unwrap_or_else(|refused| panic!("{whole}: {refused}"));
    assert_eq!((again.user, again.host, again.port), (dsn.user, dsn.host, dsn.port));
    assert_eq!(
        (again.database, again.application_name, again.ssl),
        (dsn.database, dsn.application_name, dsn.ssl)
    );
}
