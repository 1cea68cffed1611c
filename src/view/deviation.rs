//! What is known already when somebody writes a deviation down: the step, what was wanted, what was there.

use crate::session::*;

/// The first two answers of a deviation, as far as the session knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviationDraft {
    /// The step it is about; empty for the ceremony.
    pub step: String,
    /// What should have been.
    pub expected: String,
    /// What was.
    pub observed: String,
}

/// The draft for `step`: from its failed check, its stop, what blocked it, else from what it is there for.
pub fn deviation_draft(session: &Session, step: Option<&str>) -> DeviationDraft {
    let known = step.and_then(|id| Some((session.step(id)?, session.step_state(id)?)));
    let Some((step, state)) = known else { return DeviationDraft::default() };
    let judged = step.checks.iter().zip(&state.checks);
    let failed = judged
        .filter_map(|(check, judged)| Some((check, judged.as_ref()?)))
        .find(|(_, judged)| !judged.verdict.is_good());
    let stop = session.escalation.as_ref().filter(|stop| stop.halt.step == step.id);
    let (expected, observed) = match (failed, stop, &state.blocked) {
        (Some((check, judged)), ..) => {
            (format!("{}: {}", check.title, judged.expected), judged.observed.clone())
        }
        (None, Some(stop), _) => (format!("{}: it runs to its end", step.title), stop.halt.why.clone()),
        (None, None, Some((why, _))) => (format!("{}: it can be carried out", step.title), why.clone()),
        (None, None, None) => (step.title.clone(), String::new()),
    };
    DeviationDraft { step: step.id.clone(), expected, observed }
}
