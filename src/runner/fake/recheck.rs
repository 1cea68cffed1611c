//! Probes that run again in the world of the tests.

use super::FakeRunner;
use crate::definition::StepKind;
use crate::plan::{Check, Step};
use crate::session::*;

impl FakeRunner {
    /// Looks again at what the checks are about; each can fail, be overlooked, or never be reached.
    pub(super) fn recheck(&mut self, attempt: &AttemptId, checks: &[Check]) {
        let step = Step {
            id: "probes again".to_owned(),
            kind: StepKind::Preflight,
            title: String::new(),
            phase: String::new(),
            migration: None,
            checks: checks.to_vec(),
            witness: false,
        };
        for check in checks {
            if let Some(failure) = self.failure() {
                return self.say(attempt, Report::Failed { failure });
            }
            let good = !self.fails(&check.id);
            if !good && self.fault_once_in > 0 && self.seed.once_in(4) {
                continue;
            }
            if let Some(observation) = self.observe(&step, &check.subject, good) {
                self.say(attempt, Report::Observed { observation });
            }
        }
        self.say(attempt, Report::Finished);
    }
}
