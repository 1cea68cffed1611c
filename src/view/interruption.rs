//! What a broken phase asks for, beside the gate it bars.

use super::ink::{Row, Tone};
use crate::session::*;

/// Rows for a gate of this kind; none while the phase is whole.
pub(super) fn interrupted(session: &Session, gate: GateKind) -> Vec<Row> {
    let Some(interrupted) = &session.interrupted else { return Vec::new() };
    let what = format!("interrupted: {}", interrupted.why);
    match (&interrupted.failed, session.is_broken_for(gate)) {
        (Some(failed), true) => vec![
            Row::labelled("barred", Tone::Bad, &what),
            Row::labelled("why", Tone::Bad, &format!("its probes did not pass again: {failed}")),
            Row::labelled(
                "next",
                Tone::Warn,
                "mend it, then answer: they run once more before it is asked again",
            ),
        ],
        (None, true) => vec![
            Row::labelled("barred", Tone::Bad, &what),
            Row::labelled("next", Tone::Warn, "answer: the probes run again before it is asked"),
        ],
        (_, false) if gate == GateKind::Commit => {
            vec![
                Row::labelled("after", Tone::Warn, &what)
                    .say(Tone::Dim, "; the next gate's probes run again"),
            ]
        }
        _ => Vec::new(),
    }
}

/// Rows while the probes run again.
pub(super) fn rechecking(session: &Session, recheck: &Recheck) -> Vec<Row> {
    let why = session.interrupted.as_ref().map_or("", |interrupted| interrupted.why.as_str());
    let seen = recheck.judged.iter().flatten().count();
    let mut rows = vec![
        Row::labelled("why", Tone::Warn, why),
        Row::labelled("before", Tone::Strong, &recheck.gate.id)
            .say(Tone::Dim, &format!("; {seen} of {} looked at again", recheck.judged.len())),
    ];
    rows.extend(recheck.bad.iter().map(|bad| Row::labelled("bad", Tone::Bad, bad)));
    rows
}
