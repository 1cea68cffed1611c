//! Why an attempt could not go on, as plain data and in words.

use super::ErrorCard;
use serde::{Deserialize, Serialize};

/// Why an attempt could not go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "failure", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Failure {
    /// The server refused a statement; the transaction is rolled back.
    Sql {
        /// The server's words.
        error: Box<ErrorCard>,
    },
    /// The connection broke or a deadline passed; if the attempt was committing, its outcome is in doubt.
    Connection {
        /// In words.
        what: String,
    },
    /// The attempt was cancelled on request; the transaction is rolled back.
    Cancelled,
    /// Nobody answered the commit gate in time: the dead man's switch rolled the transaction back.
    Unanswered {
        /// How long it waited, milliseconds.
        after_ms: u64,
    },
    /// Nothing was started, because something it needs is not as it must be.
    Blocked {
        /// In words: what is wrong.
        what: String,
        /// What to do about it.
        next: String,
    },
    /// The script left its transaction, or the ledger row was not there to be completed.
    Escaped {
        /// In words.
        what: String,
    },
}

impl Failure {
    /// For people.
    pub fn words(&self) -> String {
        match self {
            Self::Sql { error } => error.one_line(),
            Self::Connection { what } => format!("connection lost: {what}"),
            Self::Cancelled => "cancelled".to_owned(),
            Self::Unanswered { after_ms } => {
                format!("nobody answered the commit gate within {} s: rolled back", after_ms / 1000)
            }
            Self::Blocked { what, next } => format!("not started: {what}; next: {next}"),
            Self::Escaped { what } => format!("not under control: {what}"),
        }
    }
}
