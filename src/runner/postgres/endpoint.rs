//! Where a backend is reached and what can go wrong with it, as plain data.

use crate::runner::guard::Refused;
use crate::session::ErrorCard;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// One server, one role, one database: everything a connection is built from. Nothing else (no `PG*` variable,
/// no password file) has a say.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Where the server listens.
    pub host: Host,
    /// Its port; for a socket the number in the file's name.
    pub port: u16,
    /// The role.
    pub user: String,
    /// The role's password, should the server ask for one.
    pub password: Option<Secret>,
    /// The database.
    pub database: String,
    /// Why the server may be used although nothing shows that it is on this machine, in the definition's words.
    pub unproven: Option<String>,
}

/// How the server is reached. A name is never looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// TCP.
    Address(IpAddr),
    /// The folder of a Unix socket `.s.PGSQL.<port>`.
    Socket(PathBuf),
}

impl fmt::Display for Endpoint {
    /// `127.0.0.1:5432`, `[::1]:5432` or the path of the socket; never the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Address(IpAddr::V4(address)) => write!(f, "{address}:{}", self.port),
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
            Host::Socket(folder) => write!(f, "{}", socket_path(folder, self.port).display()),
        }
    }
}

/// The file a server with this port listens on in that folder.
pub fn socket_path(folder: &std::path::Path, port: u16) -> PathBuf {
    folder.join(format!(".s.PGSQL.{port}"))
}

/// A text that is not to be seen: it prints as `Secret(…)`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text into custody.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where in its text the server found an error; both count characters (not bytes) from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// In the statement that was sent.
    InStatement(usize),
    /// In [`ErrorCard::internal_query`], a command the server generated itself, such as a line of a function.
    Internal(usize),
}

/// Why a statement has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DbError {
    /// The server refused it and is ready for the next one.
    Server {
        /// The server's words; `at` and `line` are left for someone who knows the file.
        card: Box<ErrorCard>,
        /// Where, if the server said.
        position: Option<Position>,
    },
    /// The connection is gone (end of file, a FATAL of the server such as 57P01 or 25P03, an expired deadline) or no
    /// longer in step; what the server did last is unknown. In words. An ERROR of class 08 or 57 after which the
    /// server goes on (anyone can RAISE one) is [`DbError::Server`].
    Lost(String),
    /// The server stopped it (57014) after [`super::backend::Canceller::cancel`].
    Cancelled(Box<ErrorCard>),
    /// The text cannot be sent, or the server did as it was told but the answer cannot be used: it is too large, could
    /// not be written, or is not of the kind asked for. In words. The backend is ready for the next statement.
    Unusable(String),
    /// The server is not shown to be on this machine; nothing was asked of it but who and where it is.
    NotLocal(Box<Refused>),
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server { card, .. } | Self::Cancelled(card) => f.write_str(&in_words(card)),
            Self::Lost(what) | Self::Unusable(what) => f.write_str(what),
            Self::NotLocal(refused) => write!(f, "{}: {}", refused.what, refused.why),
        }
    }
}

impl std::error::Error for DbError {}

/// `ERROR 42P01: relation "x" does not exist`.
pub(super) fn in_words(card: &ErrorCard) -> String {
    format!("{} {}: {}", card.severity, card.sqlstate, card.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let endpoint = Endpoint {
            host: Host::Address(IpAddr::from([127, 0, 0, 1])),
            port: 5432,
            user: "u".into(),
            password: Some(Secret::new("hunter2")),
            database: "d".into(),
            unproven: None,
        };
        let printed = format!("{endpoint:?} {endpoint} {}", Secret::new("hunter2"));
        assert!(!printed.contains("hunter2"), "{printed}");
        assert!(printed.contains("Secret(…)"));
    }
}
