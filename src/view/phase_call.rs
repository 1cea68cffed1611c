//! The call at the end of a phase, said at the first gate of the next one: what ended, what is deadly, the head.

use super::ink::{Row, Tone};
use crate::definition::StepKind;
use crate::plan::{Step, Subject};
use crate::session::*;

/// The call, while the gate of a phase's first step is open; nothing else is asked then.
pub fn phase_call(session: &Session, head_words: &str) -> Option<Row> {
    let Phase::Gate(gate) = &session.phase else { return None };
    let steps = &session.plan.steps;
    let at = steps.iter().position(|step| step.id == gate.step).filter(|_| gate.kind == GateKind::Start)?;
    let ended = &steps[at.checked_sub(1)?].phase;
    if steps[at].phase == *ended {
        return None;
    }
    let first = steps[..at].iter().rposition(|step| step.phase != *ended).map_or(0, |before| before + 1);
    let states = &session.steps[first..at];
    let good = states.iter().filter(|state| state.verdict.is_some_and(Verdict::is_good)).count();
    let checks: Vec<_> = states.iter().flat_map(|state| &state.checks).collect();
    let wanted = checks.iter().filter(|judged| is_good(judged.as_ref())).count();
    let waived = checks.iter().filter(|judged| judged.as_ref().is_some_and(|it| it.waiver.is_some())).count();
    let whole = good == states.len() && wanted == checks.len();
    let (shape, tone) = if whole { ("✓", Tone::Good) } else { ("✗", Tone::Bad) };
    let mut row = Row::labelled("ended", tone, &format!("{shape} {} ", ended.to_uppercase()));
    for (shape, tone, words) in deadly(session) {
        row = row.say(tone, &format!("[{shape}] {words} "));
    }
    row = row.say(tone, &format!("{good}/{} steps, {wanted}/{} checks", states.len(), checks.len()));
    if waived > 0 {
        row = row.say(Tone::Warn, &format!(", {waived} waived"));
    }
    let open = session.findings.len() + session.deviations.len();
    row = match open {
        0 => row.say(Tone::Plain, ", no findings"),
        1 => row.say(Tone::Warn, ", 1 finding (tab Notes)"),
        count => row.say(Tone::Warn, &format!(", {count} findings (tab Notes)")),
    };
    Some(row.say(Tone::Dim, "; head ").say(Tone::Strong, head_words))
}

/// Whether a check of a step is meant.
type Wanted = fn(&Step, &Subject) -> bool;

fn is_good(judged: Option<&Judged>) -> bool {
    judged.is_some_and(|judged| judged.verdict.is_good())
}

/// What no waiver reaches, by the last that is known of it: the server, the flags, the backup.
fn deadly(session: &Session) -> Vec<(&'static str, Tone, String)> {
    let known = |wanted: Wanted| -> (usize, usize) {
        let steps = session.plan.steps.iter().zip(&session.steps);
        let seen = steps.flat_map(|(step, state)| {
            let checks = step.checks.iter().zip(&state.checks);
            checks.filter(move |(check, _)| wanted(step, &check.subject)).map(|(_, judged)| judged)
        });
        let seen: Vec<_> = seen.flatten().collect();
        (seen.iter().filter(|judged| judged.verdict == Verdict::Pass).count(), seen.len())
    };
    let planned = |wanted: Wanted| {
        session.plan.steps.iter().any(|step| step.checks.iter().any(|check| wanted(step, &check.subject)))
    };
    let items: [(&str, Wanted); 3] = [
        ("local", |_, subject| *subject == Subject::Server),
        ("flags", |_, subject| matches!(subject, Subject::Flag(_))),
        ("backup", |step, _| step.kind == StepKind::Backup),
    ];
    let items = items.into_iter().filter(|(_, wanted)| planned(*wanted));
    items
        .map(|(words, wanted)| match known(wanted) {
            (_, 0) => (" ", Tone::Warn, format!("{words}: not yet")),
            (good, seen) if good == seen => ("✓", Tone::Good, words.to_owned()),
            (good, seen) => ("✗", Tone::Bad, format!("{words}: {good} of {seen}")),
        })
        .collect()
}
