//! What witnesses put their initials under, for checklist, evidence and gate.

use super::ink::{Row, Tone};
use crate::plan::Step;
use crate::session::{GateKind, Initials, Phase, Session};

/// The letters under the newest attempt of `step`, each once: `BW CD`.
pub(super) fn letters(session: &Session, step: &str) -> String {
    let mut letters: Vec<&str> = Vec::new();
    for initials in session.initials_of(step) {
        if !letters.contains(&initials.letters.as_str()) {
            letters.push(&initials.letters);
        }
    }
    letters.join(" ")
}

/// A row for each of them; one more while the open gate waits for them.
pub(super) fn rows(session: &Session, step: &str) -> Vec<Row> {
    let row = |initials: &&Initials| {
        let when = if initials.seen_done { "under what it did" } else { "before it was over" };
        Row::labelled("witness", Tone::Good, &initials.letters).say(
            Tone::Dim,
            &format!(
                "  {}, attempt {}, {when}, {}",
                initials.by.words(),
                initials.attempt.number,
                initials.at.wall.clock()
            ),
        )
    };
    let mut rows: Vec<Row> = session.initials_of(step).iter().map(row).collect();
    if session.waits_for_witness() && session.current_step() == Some(step) {
        rows.push(
            Row::labelled("witness", Tone::Warn, "waits for a witness: ")
                .say(Tone::Strong, "ceremony watch DIR"),
        );
    }
    let early = |step: &Step| step.witness && session.has_commit_gate(step);
    let start =
        matches!(&session.phase, Phase::Gate(gate) if gate.kind == GateKind::Start && gate.step == step);
    if start && session.step(step).is_some_and(early) {
        rows.push(
            Row::labelled("witness", Tone::Warn, "its commit gate will wait for one: ")
                .say(Tone::Strong, "ceremony watch DIR"),
        );
    }
    rows
}
