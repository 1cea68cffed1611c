//! From a failed attempt to what follows: the step is open again, or the world is stopped, with the words for it.

use super::decide::Deciding;
use super::*;
use crate::definition::StepKind;

impl Deciding<'_> {
    pub(super) fn failed(&mut self, step: &str, work: &Work, failure: &Failure) {
        self.failed_with(step, work, failure, None);
    }

    /// `unit`: what is left of the unit that failed, where a step has units.
    pub(super) fn failed_with(&mut self, step: &str, work: &Work, failure: &Failure, unit: Option<String>) {
        let (by, pressed) = self.stopped_by();
        let session = self.session();
        let kind = session.step(step).map_or(StepKind::Preflight, |step| step.kind);
        // Before anything is touched a fault is no reason to stop the world: the step is open again.
        let harmless = matches!(kind, StepKind::Preflight | StepKind::Backup) && !session.anything_applied();
        let committing = *work == Work::Commit;
        let (cause, why, error) = match failure {
            Failure::Sql { error } => (
                HaltCause::Condition(HaltCondition::of_sqlstate(&error.sqlstate)),
                error_words(error) + &again(session.again_words(step, error)),
                Some(error.clone()),
            ),
            Failure::Connection { what } => {
                (HaltCause::Condition(HaltCondition::ConnectionLost), what.clone(), None)
            }
            Failure::Cancelled => (by, pressed, None),
            Failure::Unanswered { .. } => (HaltCause::Operator, failure.words(), None),
            Failure::Blocked { what, .. } => {
                (HaltCause::Condition(HaltCondition::MigrationFailed), what.clone(), None)
            }
            Failure::Escaped { what } => {
                (HaltCause::Condition(HaltCondition::MigrationFailed), what.clone(), None)
            }
        };
        if let Work::Discard(Some(halt)) = work {
            // The rollback itself failed with its connection: the server undoes it, the reason for it stays.
            let mut halt = halt.clone();
            halt.why = format!("{}; then: {why}", halt.why);
            self.emit(Event::StepFinished { step: step.to_owned(), verdict: Verdict::Fail });
            self.emit(Event::Halted { halt });
            return;
        }
        if matches!(failure, Failure::Blocked { .. }) && kind != StepKind::RollBack
            || harmless && !matches!(failure, Failure::Cancelled)
        {
            let next = match failure {
                Failure::Blocked { next, .. } => next.clone(),
                _ => "mend what is wrong, then answer the gate again".to_owned(),
            };
            self.emit(Event::StepFinished { step: step.to_owned(), verdict: Verdict::Fail });
            self.reopen(step, why, next);
            return;
        }
        let transaction =
            matches!(kind, StepKind::Apply | StepKind::Reapply | StepKind::RollBack) && !committing;
        let stepwise = session.is_stepwise(step);
        let transaction = transaction && !stepwise;
        let left = match failure {
            _ if stepwise => {
                let left = session.what_is_left(step, false);
                let unit = unit.or_else(|| session.unheard(step));
                unit.map_or(left.clone(), |unit| format!("{unit}; {left}"))
            }
            Failure::Escaped { .. } => {
                format!(
                    "what '{step}' left behind is unknown: its script left the transaction; look at the database"
                )
            }
            _ => session.what_is_left(step, transaction),
        };
        self.emit(Event::StepFinished { step: step.to_owned(), verdict: Verdict::Fail });
        self.halt(cause, step, why, left, error);
    }
}

fn again(words: Option<String>) -> String {
    words.map(|words| format!("; {words}")).unwrap_or_default()
}

/// `23505 duplicate key … (migrations/x.sql:3:1)`.
fn error_words(error: &ErrorCard) -> String {
    let place = error.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
    // A value of an enum is usable once it is committed.
    let hint = match error.sqlstate.as_str() {
        "55P04" => {
            "; next: give this script transaction = \"none\" in the definition: the new value is final then before it is used"
        }
        _ => "",
    };
    format!("{} {}{place}{hint}", error.sqlstate, error.message)
}
