//! STOP: by the operator or by somebody who watches, while something runs, at a gate, at the commit gate.

use super::decide::Deciding;
use super::*;

impl Deciding<'_> {
    pub(super) fn discard_because(&mut self, step: &str, cause: HaltCause, why: &str) {
        let attempt = self.session().step_state(step).and_then(|state| state.attempt.clone());
        let halt = Halt {
            cause,
            step: step.to_owned(),
            why: why.to_owned(),
            left: self.session().what_is_left(step, true),
            error: None,
        };
        if let Some(attempt) = attempt {
            let halt = Some(Box::new(halt));
            self.emit(Event::DiscardRequested { step: step.to_owned(), attempt, halt });
        }
    }

    /// STOP by the operator, or by somebody who watches.
    pub(super) fn stop(&mut self, by: Option<Witness>) {
        match self.session().phase.clone() {
            Phase::Running(running) if running.stop < 2 => {
                let (attempt, level) = (running.attempt, running.stop + 1);
                self.emit(Event::StopRequested { attempt, level, rule: None, by });
            }
            Phase::Running(_) => {
                self.refuse("STOP was pressed already", "the backend is being terminated", "wait for its end")
            }
            Phase::Gate(gate) if gate.kind == GateKind::Commit => {
                let (cause, who) = pressed(by.as_ref());
                self.discard_because(&gate.step, cause, &format!("{who} at the commit gate"));
            }
            Phase::Gate(gate) => {
                let left = self.session().what_is_left(&gate.step, false);
                let (cause, who) = pressed(by.as_ref());
                self.halt(cause, &gate.step, format!("{who} at a gate"), left, None);
            }
            Phase::Stopped => {
                let next = self.session().what_is_next();
                self.refuse("the world is stopped already", "a stop is being dealt with", next);
            }
            Phase::Unopened | Phase::Closed(_) => {
                self.refuse("there is nothing to stop", "the ceremony is over", "leave with q");
            }
        }
    }
}

/// Who pressed STOP, in cause and words.
pub(super) fn pressed(by: Option<&Witness>) -> (HaltCause, String) {
    match by {
        Some(by) => (HaltCause::Witness, format!("STOP by witness {}", by.words())),
        None => (HaltCause::Operator, "STOP was pressed".to_owned()),
    }
}
