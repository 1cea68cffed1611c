//! Sign-offs on disk: keys, agents, signatures and the folder they lie in. What they are worth is `signoff`'s.

mod agent;
mod filed;
mod keygen;
mod keys;
mod passphrase;
mod revoked;
mod seal;
mod wire;

pub use filed::{Found, read, write};
pub use keys::{KeyChoice, sign};
pub use revoked::Revoked;
pub use seal::{Checker, inspect};

use std::fmt;

/// Why nothing could be signed or checked, in three parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTrouble {
    /// The fact.
    pub what: String,
    /// The reason.
    pub why: String,
    /// What to do.
    pub next: String,
}

impl KeyTrouble {
    fn new(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), next: next.into() }
    }
}

impl fmt::Display for KeyTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  why:  {}\n  next: {}", self.what, self.why, self.next)
    }
}

impl std::error::Error for KeyTrouble {}
