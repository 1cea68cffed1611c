//! What is signed, by whom, and by which rules. Pure: keys, agents and files are the runner's.

use serde::{Deserialize, Serialize};

/// In what capacity somebody signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Drove the ceremony.
    Operator,
    /// Watched it live.
    Witness,
    /// Replayed its record.
    Reviewer,
    /// Puts a name under it.
    Lead,
}

impl Role {
    /// The word for people, policies and statements.
    pub fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Witness => "witness",
            Self::Reviewer => "reviewer",
            Self::Lead => "lead",
        }
    }
}

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
