//! What did not go as the plan says: expected, observed, decided.

use super::markdown::{code, inert};
use crate::journal::Entry;
use crate::session::{Event, Session};
use std::fmt::Write as _;

/// The section; nothing is said when there were none.
pub(super) fn render(out: &mut String, session: &Session, entries: &[Entry]) {
    if session.deviations.is_empty() {
        return;
    }
    let taken = |entry: &Entry| {
        entry.events.iter().filter(|event| matches!(event, Event::DeviationTaken { .. })).count()
    };
    let entries = entries.iter().flat_map(|entry| std::iter::repeat_n(entry.n, taken(entry)));
    let _ = writeln!(
        out,
        "\n## Deviations\n\n| step | expected | observed | decided | entry |\n| --- | --- | --- | --- | --- |"
    );
    for (deviation, entry) in session.deviations.iter().zip(entries) {
        let step = if deviation.step.is_empty() { "the ceremony".to_owned() } else { code(&deviation.step) };
        let [expected, observed, decided] =
            [&deviation.expected, &deviation.observed, &deviation.decided].map(|words| inert(words));
        let _ = writeln!(out, "| {step} | {expected} | {observed} | {decided} | {entry} |");
    }
}
