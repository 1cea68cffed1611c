//! The timeline of a replay: where in the record one stands, with marks for what a reviewer looks for.

use super::ink::{Row, Tone};
use crate::journal::Entry;
use crate::session::Event;
use std::collections::BTreeMap;

/// What a mark stands for; a graver one covers a lesser one in the same column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimelineKind {
    /// Words that are looked for stand there.
    Hit,
    /// The reader wrote something beside it.
    Own,
    /// Somebody wrote something down.
    Note,
    /// A gate was opened.
    Gate,
    /// Something did not go as the plan says.
    Deviation,
    /// Something a reviewer must see.
    Finding,
    /// A check that was not as wanted.
    Failed,
    /// The world was stopped.
    Halt,
}

impl TimelineKind {
    /// What marks can be narrowed to, in that order.
    pub const FILTERS: [Self; 6] =
        [Self::Gate, Self::Failed, Self::Finding, Self::Halt, Self::Note, Self::Own];

    /// One column.
    pub fn shape(self) -> &'static str {
        match self {
            Self::Hit => "◆",
            Self::Own => "“",
            Self::Note => "·",
            Self::Gate => "●",
            Self::Deviation => "≠",
            Self::Finding => "!",
            Self::Failed => "✗",
            Self::Halt => "■",
        }
    }

    /// In words, for one.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Own => "own note",
            Self::Note => "note",
            Self::Gate => "gate",
            Self::Deviation => "deviation",
            Self::Finding => "finding",
            Self::Failed => "failed check",
            Self::Halt => "stop",
        }
    }

    fn tone(self) -> Tone {
        match self {
            Self::Note | Self::Own => Tone::Plain,
            Self::Hit => Tone::Live,
            Self::Gate => Tone::Call,
            Self::Deviation | Self::Finding => Tone::Warn,
            Self::Failed | Self::Halt => Tone::Bad,
        }
    }
}

/// A mark at an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineMark {
    /// Number of the entry.
    pub entry: u64,
    /// What it stands for.
    pub kind: TimelineKind,
}

/// The mark of an entry, if it is one that is looked for.
pub fn timeline_mark(entry: &Entry) -> Option<TimelineMark> {
    let of_event = |event: &Event| match event {
        Event::Halted { .. } => Some(TimelineKind::Halt),
        Event::CheckJudged { verdict, .. } if !verdict.is_good() => Some(TimelineKind::Failed),
        Event::FindingRaised { .. } => Some(TimelineKind::Finding),
        Event::DeviationTaken { .. } => Some(TimelineKind::Deviation),
        Event::GateOpened { .. } => Some(TimelineKind::Gate),
        Event::NoteTaken { .. } | Event::Witnessed { .. } => Some(TimelineKind::Note),
        _ => None,
    };
    let kind = entry.events.iter().filter_map(of_event).max()?;
    Some(TimelineMark { entry: entry.n, kind })
}

/// The marks of a whole record, in its order.
pub fn timeline_marks(entries: &[Entry]) -> Vec<TimelineMark> {
    entries.iter().filter_map(timeline_mark).collect()
}

/// The first mark behind `entry`.
pub fn next_mark(marks: &[TimelineMark], entry: u64) -> Option<u64> {
    marks.get(marks.partition_point(|mark| mark.entry <= entry)).map(|mark| mark.entry)
}

/// The last mark before `entry`.
pub fn previous_mark(marks: &[TimelineMark], entry: u64) -> Option<u64> {
    let before = marks.partition_point(|mark| mark.entry < entry);
    marks[..before].last().map(|mark| mark.entry)
}

/// The bar (marks over a line), `columns` wide, and the words below it.
pub fn timeline(
    (marks, reviewing): (&[TimelineMark], &super::Reviewing),
    entry: usize,
    of: usize,
    playing: bool,
    columns: usize,
) -> [Row; 3] {
    let column_of =
        |at: usize| (at.saturating_sub(1) * columns.saturating_sub(1)) / of.saturating_sub(1).max(1);
    let mut cells: Vec<Option<TimelineKind>> = vec![None; columns];
    for mark in marks {
        let at = column_of(usize::try_from(mark.entry).unwrap_or(usize::MAX).min(of));
        if let Some(cell) = cells.get_mut(at) {
            *cell = (*cell).max(Some(mark.kind));
        }
    }
    let mut top = Row::new();
    for cell in &cells {
        top = match cell {
            Some(kind) => top.say(kind.tone(), kind.shape()),
            None => top.say(Tone::Plain, " "),
        };
    }
    let here = column_of(entry.min(of)).min(columns.saturating_sub(1));
    let bar = if columns == 0 {
        Row::new()
    } else {
        Row::of(Tone::Live, &"━".repeat(here))
            .say(Tone::Strong, "◆")
            .say(Tone::Dim, &"─".repeat(columns - here - 1))
    };
    let state = if playing { "playing" } else { "paused" };
    let mut words = Row::of(Tone::Strong, &format!("entry {entry} of {of}"))
        .say(Tone::Dim, &format!("  {state} {}", reviewing.speed));
    if !reviewing.sought.is_empty() {
        words = words.say(Tone::Call, "  n ").say(Tone::Plain, &reviewing.sought);
    }
    let mut counts = BTreeMap::new();
    marks.iter().for_each(|mark| *counts.entry(mark.kind).or_insert(0_usize) += 1);
    for kind in TimelineKind::FILTERS {
        let Some(count) = counts.get(&kind) else { continue };
        let more = Row::of(kind.tone(), &format!("  {} ", kind.shape()))
            .say(Tone::Dim, &format!("{count} {}{}", kind.word(), if *count == 1 { "" } else { "s" }));
        if words.width() + more.width() <= columns {
            words = words.join(more);
        }
    }
    [top, bar, words]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_width_and_length() {
        let marks = [
            TimelineMark { entry: 1, kind: TimelineKind::Gate },
            TimelineMark { entry: 9, kind: TimelineKind::Halt },
        ];
        for columns in 0..40 {
            for of in 0..12 {
                for entry in 0..=of {
                    let rows =
                        timeline((&marks, &crate::view::Reviewing::default()), entry, of, false, columns);
                    assert_eq!((rows[0].width(), rows[1].width()), (columns, columns));
                }
            }
        }
        assert_eq!(next_mark(&marks, 1), Some(9));
        assert_eq!(previous_mark(&marks, 9), Some(1));
    }
}
