//! What nobody may sign without having opened it: everything of a session that is not a plain pass.

use crate::definition::Waiver;
use crate::session::{Session, Verdict};

/// Ids, in the order of the record's report: `finding/1`, `halt/1`, `check/STEP/CHECK`, `skipped/STEP`, `waiver/1`.
///
/// Numbers count from 1: findings and halts as they happened, waivers as they stand in the definition (those that were
/// used).
pub fn must_be_opened(session: &Session) -> Vec<String> {
    let mut ids: Vec<String> = (1..=session.findings.len()).map(|n| format!("finding/{n}")).collect();
    let halts = session.escalations.len() + usize::from(session.escalation.is_some());
    ids.extend((1..=halts).map(|n| format!("halt/{n}")));
    let forward = session.plan.steps.iter().zip(&session.steps).map(|(step, state)| (step, state, true));
    let back = session.plan.rollback.iter().zip(&session.rollback);
    let back = back.filter(|(_, state)| state.runs > 0).map(|(step, state)| (step, state, false));
    for (step, state, expected) in forward.chain(back) {
        if expected && matches!(state.verdict, None | Some(Verdict::NotRun)) {
            ids.push(format!("skipped/{}", step.id));
        }
        for (check, judged) in step.checks.iter().zip(&state.checks) {
            if judged.as_ref().is_some_and(|judged| !judged.verdict.is_good()) {
                ids.push(format!("check/{}/{}", step.id, check.id));
            }
        }
    }
    let used =
        session.plan.ceremony.waivers.iter().enumerate().filter(|(_, waiver)| was_used(session, waiver));
    ids.extend(used.map(|(at, _)| format!("waiver/{}", at + 1)));
    ids
}

/// Whether a check passed because of this waiver.
pub(super) fn was_used(session: &Session, waiver: &Waiver) -> bool {
    let mut judged = session.steps.iter().flat_map(|state| &state.checks).flatten();
    judged.any(|judged| judged.waiver.as_ref().is_some_and(|text| text.contains(&waiver.reason)))
}
