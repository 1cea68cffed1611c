//! What a step leaves half done: things that are there and do not do what they are there for.

use serde::{Deserialize, Serialize};

/// Something half done that was not there before the step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flaw {
    /// What kind.
    pub flaw: FlawKind,
    /// With its schema, or the name of the prepared transaction.
    pub object: String,
}

/// The kinds of things half done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlawKind {
    /// An index that no query uses.
    InvalidIndex,
    /// A constraint that the rows there are were not checked against.
    NotValidConstraint,
    /// A trigger that never fires.
    DisabledTrigger,
    /// A transaction that holds its locks until somebody ends it.
    PreparedTransaction,
}

impl Flaw {
    /// One line.
    pub fn words(&self) -> String {
        let what = match self.flaw {
            FlawKind::InvalidIndex => "an INVALID index",
            FlawKind::NotValidConstraint => "a constraint that is NOT VALID",
            FlawKind::DisabledTrigger => "a disabled trigger",
            FlawKind::PreparedTransaction => "a prepared transaction",
        };
        format!("{what}: {}", self.object)
    }

    /// What a reviewer is told.
    pub(super) fn finding(&self, step: &str) -> String {
        format!("{step} left {}", self.words())
    }
}
