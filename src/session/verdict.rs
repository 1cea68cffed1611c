//! A judgement, of a check, a step or a whole ceremony.

use serde::{Deserialize, Serialize};

/// A judgement, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As wanted.
    Pass,
    /// As wanted, but for known failures that somebody answers for.
    PassWithWaivers,
    /// Nobody looked.
    NotRun,
    /// Not as wanted.
    Fail,
}

impl Verdict {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::PassWithWaivers => "PASS WITH WAIVERS",
            Self::NotRun => "NOT RUN",
            Self::Fail => "FAIL",
        }
    }

    /// Whether the ceremony may go on.
    pub fn is_good(self) -> bool {
        self <= Self::PassWithWaivers
    }
}
