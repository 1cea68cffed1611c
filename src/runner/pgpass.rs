//! Passwords kept in the user's password file. <https://www.postgresql.org/docs/15/libpq-pgpass.html>

use super::postgres::endpoint::{Endpoint, Host, Secret};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// A password file may not be larger than this many bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The password for `endpoint` in `PGPASSFILE` or `~/.pgpass`, if there is one. As for libpq, a file that others can
/// read does not count.
pub fn look_up(endpoint: &Endpoint) -> Option<Secret> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let path = set("PGPASSFILE").or_else(|| set("HOME").map(|home| home.join(".pgpass")))?;
    let facts = path.metadata().ok()?;
    if !facts.is_file() || facts.len() > FILE_BYTES_MAX {
        return None;
    }
    if facts.mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "the password file is not used: others can read it (chmod 0600)");
        return None;
    }
    find(&std::fs::read_to_string(&path).ok()?, endpoint)
}

/// The password of the first line that fits: `host:port:database:user:password`, `*` for any.
fn find(text: &str, endpoint: &Endpoint) -> Option<Secret> {
    let hosts: Vec<String> = match &endpoint.host {
        // Whoever wrote the line may have meant the address or the name.
        Host::Address(address) => vec![address.to_string(), "localhost".to_owned()],
        Host::Socket(folder) => vec![folder.display().to_string(), "localhost".to_owned()],
    };
    let port = endpoint.port.to_string();
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let [host, its_port, database, user, password] = fields(line)?;
        let fits = (host == "*" || hosts.contains(&host))
            && (its_port == "*" || its_port == port)
            && (database == "*" || database == endpoint.database)
            && (user == "*" || user == endpoint.user);
        fits.then(|| Secret::new(password))
    })
}

/// The five fields of a line; `\:` and `\\` stand for `:` and `\`. What follows a fifth colon is left out.
fn fields(line: &str) -> Option<[String; 5]> {
    let mut found = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => found.last_mut()?.extend(characters.next()),
            ':' => found.push(String::new()),
            other => found.last_mut()?.push(other),
        }
    }
    found.truncate(5);
    found.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        let endpoint = Endpoint {
            host: Host::Address(std::net::Ipv4Addr::LOCALHOST.into()),
            port: 54322,
            user: "ada".to_owned(),
            password: None,
            database: "calendar".to_owned(),
            unproven: None,
        };
        find(text, &endpoint).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        let text = "# a comment\nelsewhere:*:*:*:no\n127.0.0.1:5432:*:*:no\nlocalhost:*:calendar:ada:yes\n*:*:*:*:late";
        assert_eq!(found(text).as_deref(), Some("yes"));
        assert_eq!(found("*:*:*:bob:no\n*:*:*:ada").as_deref(), None);
    }

    #[test]
    fn colons_and_backslashes_are_escaped() {
        assert_eq!(found(r"*:*:*:*:a\:b\\c").as_deref(), Some(r"a:b\c"));
    }
}
