//! What a reviewer must see: findings, notes, and every stop with what was said about it.

use super::ink::{Row, Tone};
use crate::session::Session;

/// Findings first, then stops, then notes.
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
    section("NOTES", said(&session.notes, "· ", Tone::Plain), "  none; press n to write one");
    rows
}
