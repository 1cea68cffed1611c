//! What is signed, by whom, and by which rules. Pure: keys, agents and files are the runner's.

pub use crate::definition::Role;

use serde::{Deserialize, Serialize};

/// What a signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// The claims are true.
    Approve,
    /// They are not, or were not shown: blocks until withdrawn.
    Reject,
    /// The same person's rejection no longer stands.
    Withdraw,
}

/// What somebody wants to sign, as the screen or the command line gathered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// In what capacity.
    pub role: Role,
    /// Approve, reject or withdraw.
    pub choice: Choice,
    /// In their own words; not empty for [`Choice::Reject`] and [`Choice::Withdraw`].
    pub reason: String,
    /// Numbers of the entries that the reason rests on.
    pub cites: Vec<u64>,
    /// Ids of the items of the review that were opened.
    pub opened: Vec<String>,
}
