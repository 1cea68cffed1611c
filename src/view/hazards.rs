//! Hazards in the few rows a gate has for them: the worst first, what is not shown counted.

use super::ink::{Row, Tone};
use crate::plan::{Hazard, HazardClass, HazardGroup, Tried, grouped};

/// So many rows are given to hazards.
const ROWS_MAX: usize = 3;

/// Rows for a gate; none when nobody looked.
pub(super) fn rows(
    hazards: Option<Vec<&Hazard>>,
    tried: impl Fn(&HazardGroup<'_>) -> Option<Tried>,
) -> Vec<Row> {
    let Some(hazards) = hazards else { return Vec::new() };
    let groups = grouped(hazards);
    let accepted = groups.iter().filter(|group| group.first.accepted).count();
    let open: Vec<&HazardGroup<'_>> = groups.iter().filter(|group| !group.first.accepted).collect();
    let note = match accepted {
        0 => String::new(),
        count => format!("{count} accepted in the file"),
    };
    if open.is_empty() {
        let words = if note.is_empty() { "the script shows none" } else { &note };
        return vec![Row::labelled("hazards", Tone::Dim, words)];
    }
    let mut rows: Vec<Row> = Vec::new();
    for group in open.iter().take(ROWS_MAX) {
        let row = match rows.is_empty() {
            true => Row::labelled("hazards", Tone::Strong, &format!("{}: ", open.len())),
            false => Row::labelled("", Tone::Plain, ""),
        };
        let Hazard { class, what, perhaps, .. } = group.first;
        let tone = match class {
            HazardClass::Data => Tone::Bad,
            HazardClass::Rewrite | HazardClass::Lock => Tone::Warn,
            HazardClass::Other | HazardClass::Unseen => Tone::Plain,
        };
        let kind = if *class == HazardClass::Unseen { "not looked into: " } else { "" };
        let place = if *perhaps {
            format!(" ({}, in a DO block)", group.places())
        } else {
            format!(" ({})", group.places())
        };
        let row = match tried(group) {
            None => row.say(tone, &format!("{kind}{what}")).say(Tone::Dim, &place),
            Some(Tried::Confirmed(seen)) => row
                .say(tone, &format!("{kind}{what}"))
                .say(Tone::Dim, &place)
                .say(tone, &format!("; rehearsed: {seen}")),
            Some(Tried::Cleared(nothing)) => row
                .say(Tone::Plain, &format!("{kind}{what}"))
                .say(Tone::Dim, &place)
                .say(Tone::Good, &format!("; rehearsed: {nothing}")),
        };
        rows.push(row);
    }
    let hidden = open.len().saturating_sub(ROWS_MAX);
    let mut rest: Vec<String> = Vec::new();
    if hidden > 0 {
        rest.push(format!("and {hidden} more in the report"));
    }
    if !note.is_empty() {
        rest.push(note);
    }
    if !rest.is_empty() {
        rows.push(Row::labelled("", Tone::Dim, &rest.join("; ")));
    }
    rows
}
