//! What an event asks of the world.

use super::{AttemptId, Identity, UnitWork};
use crate::definition::StepKind;
use crate::plan::Check;

/// Something to be done in the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Run a step of the plan.
    Run {
        /// The step.
        step: String,
        /// What kind of work.
        kind: StepKind,
        /// Which try.
        attempt: AttemptId,
        /// The server as first seen; another one is not worked on.
        pin: Option<Box<Identity>>,
    },
    /// Look again at what these checks are about, and at what others did to the schema.
    Recheck {
        /// Which try.
        attempt: AttemptId,
        /// The server as first seen.
        pin: Option<Box<Identity>>,
        /// The checks.
        checks: Vec<Check>,
    },
    /// Commit the attempt's open transaction.
    Commit {
        /// Which try.
        attempt: AttemptId,
    },
    /// Roll the attempt's open transaction back.
    Discard {
        /// Which try.
        attempt: AttemptId,
    },
    /// Do this with the attempt's unit that waits for the word.
    Unit {
        /// Which try.
        attempt: AttemptId,
        /// What.
        work: UnitWork,
    },
    /// Cancel what the attempt runs.
    Cancel {
        /// Which try.
        attempt: AttemptId,
    },
    /// Terminate the attempt's backend or kill its process.
    Terminate {
        /// Which try.
        attempt: AttemptId,
    },
    /// Tell the team.
    Tell {
        /// The attempt that stands for no step: number 0.
        attempt: AttemptId,
        /// What to tell.
        text: String,
    },
    /// Read the ledger through a fresh connection; an embedded server that is down is started again.
    Settle {
        /// Which try.
        attempt: AttemptId,
        /// The server as first seen; another one's ledger says nothing.
        pin: Option<Box<Identity>>,
    },
}
