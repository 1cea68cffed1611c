//! What the steps did to the schema: objects created, altered and dropped, as a diff.

use super::Transcript;
use super::ink::{Row, Tone};
use crate::session::ObjectChange;

/// How many objects were created, altered and dropped.
pub fn tally(changes: &[ObjectChange]) -> String {
    let created = changes.iter().filter(|change| change.before.is_none()).count();
    let dropped = changes.iter().filter(|change| change.after.is_none()).count();
    format!("{created} created, {} altered, {dropped} dropped", changes.len() - created - dropped)
}

/// The changes of all steps, latest step first; `id` puts that step at the top.
pub fn changes(transcript: &Transcript, id: Option<&str>) -> Vec<Row> {
    let mut sections: Vec<&(String, Vec<ObjectChange>)> = transcript.changes.iter().rev().collect();
    sections.sort_by_key(|(step, _)| Some(step.as_str()) != id);
    let mut rows = Vec::new();
    for (step, changes) in sections {
        let words = if changes.is_empty() { "no change".to_owned() } else { tally(changes) };
        rows.push(Row::of(Tone::Strong, step).say(Tone::Dim, &format!("  {words}")));
        for change in changes {
            rows.extend(change_rows(change));
        }
        rows.push(Row::new());
    }
    if rows.is_empty() {
        rows.push(Row::of(Tone::Dim, "No step has looked at the schema yet."));
    }
    rows
}

fn change_rows(change: &ObjectChange) -> Vec<Row> {
    let (sign, tone) = match (&change.before, &change.after) {
        (None, _) => ("+", Tone::Good),
        (_, None) => ("-", Tone::Bad),
        _ => ("~", Tone::Warn),
    };
    let mut rows =
        vec![Row { indent: 4, ..Row::of(tone, &format!("  {sign} ")).say(Tone::Plain, &change.object) }];
    let altered = sign == "~";
    for (sign, tone, text) in [("-", Tone::Bad, &change.before), ("+", Tone::Good, &change.after)] {
        let Some(text) = text else { continue };
        for line in text.lines() {
            let lead = if altered { format!("      {sign} ") } else { "      ".to_owned() };
            let tone = if altered { tone } else { Tone::Dim };
            rows.push(Row { indent: 8, ..Row::of(tone, &lead).say(tone, &line.replace('\t', "    ")) });
        }
    }
    rows
}
