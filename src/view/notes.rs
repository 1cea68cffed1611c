//! What a reviewer must see: findings, deviations, notes, and every stop with what was said about it.

use super::ink::{Row, Tone};
use crate::session::{Deviation, Session};

/// Findings first, then stops, then deviations, then notes.
pub fn notes(session: &Session) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut section = |title: &str, body: Vec<Row>, none: &str| {
        rows.push(Row::of(Tone::Strong, title));
        if body.is_empty() {
            rows.push(Row::of(Tone::Dim, none));
        }
        rows.extend(body);
        rows.push(Row::new());
    };
    let said = |list: &[(crate::time::Moment, String)], shape: &str, tone: Tone| -> Vec<Row> {
        let row = |(at, words): &(crate::time::Moment, String)| {
            let row = Row::of(Tone::Dim, &format!("{} ", at.wall.clock())).say(tone, shape);
            Row { indent: 12, ..row.say(Tone::Plain, words) }
        };
        list.iter().map(row).collect()
    };
    section("FINDINGS", said(&session.findings, "! ", Tone::Warn), "  none");
    let mut stops = Vec::new();
    for stop in session.escalations.iter().chain(&session.escalation) {
        let head = Row::of(Tone::Dim, &format!("{} ", stop.at.wall.clock())).say(Tone::Bad, "■ ");
        stops.push(head.say(Tone::Plain, &format!("{}: {}", stop.halt.cause.words(), stop.halt.why)));
        for (stage, words) in &stop.words {
            stops.push(Row {
                indent: 21,
                ..Row::new().pad(12).say(Tone::Dim, &format!("{:<9}", stage.word())).say(Tone::Plain, words)
            });
        }
    }
    section("STOPS OF THE WORLD", stops, "  none");
    let deviations = session.deviations.iter().flat_map(deviation_rows).collect();
    section("DEVIATIONS", deviations, "  none; press D to write one");
    section("NOTES", said(&session.notes, "· ", Tone::Plain), "  none; press n to write one");
    rows
}

/// A deviation in its three answers.
pub(super) fn deviation_rows(deviation: &Deviation) -> Vec<Row> {
    let step = if deviation.step.is_empty() { "the ceremony" } else { &deviation.step };
    let head = Row::of(Tone::Dim, &format!("{} ", deviation.at.wall.clock())).say(Tone::Warn, "≠ ");
    let answer = |label: &str, words: &str| Row {
        indent: 22,
        ..Row::new().pad(12).say(Tone::Dim, &format!("{label:<10}")).say(Tone::Plain, words)
    };
    vec![
        head.say(Tone::Plain, step),
        answer("expected", &deviation.expected),
        answer("observed", &deviation.observed),
        answer("decided", &deviation.decided),
    ]
}
