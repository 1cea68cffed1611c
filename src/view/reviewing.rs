//! What a reader of a record is told beside the entry: how it plays, what is looked for, what was seen, own notes.

use super::ink::{Row, Tone};
use super::{TimelineKind, TimelineMark};
use crate::review::Note;
use crate::time::human_duration;

/// The reader's side of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reviewing {
    /// Such as `4x`.
    pub speed: String,
    /// How long a pause of the record may be, in words.
    pub pauses: &'static str,
    /// Microseconds since the session was opened.
    pub since_us: u64,
    /// What the next and the last mark are, if not all marks: `gates`, `“timeout” 3 of 12`.
    pub sought: String,
    /// Who reads.
    pub reader: String,
    /// Entries that were on the screen, and all.
    pub seen: (u64, u64),
    /// The reader's notes, in the order in which they were written.
    pub notes: Vec<Note>,
    /// Entries that were decided again, and all, while that goes on.
    pub again: Option<(usize, usize)>,
    /// How far the way to the wanted entry is known, and which one it is.
    pub way: Option<(usize, usize)>,
    /// Why nothing is kept, if so.
    pub trouble: Option<String>,
}

/// `1000000` as `1,000,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `83 %`; 100 only when nothing is missing.
fn percent((part, whole): (u64, u64)) -> String {
    format!("{} %", part.min(whole) * 100 / whole.max(1))
}

impl Reviewing {
    /// The words behind the time in the timeline's title.
    pub fn title(&self) -> Row {
        let since = match self.since_us {
            0..1_000 => "0 s".to_owned(),
            1_000..10_000_000 => human_duration(self.since_us),
            us => super::header::calm(us),
        };
        let row = Row::of(Tone::Plain, &format!("  +{since}"));
        if self.pauses.is_empty() { row } else { row.say(Tone::Dim, &format!("  {}", self.pauses)) }
    }

    /// Below the timeline: what was seen, and what goes on beside it where there is room.
    pub fn foot(&self, columns: usize) -> Row {
        if let Some((known, to)) = self.way {
            let (known, to) = (grouped(known as u64), grouped(to as u64));
            return Row::of(Tone::Live, &format!("on the way to entry {to}: {known} read"));
        }
        let mut row = Row::of(Tone::Plain, &format!("seen {}", percent(self.seen)));
        if !self.reader.is_empty() {
            row = row.say(Tone::Dim, &format!(" by {}", self.reader));
        }
        if self.trouble.is_some() {
            row = row.say(Tone::Warn, " · not kept");
        }
        let notes = self.notes.len();
        if notes > 0 {
            row = row.say(Tone::Dim, &format!(" · {notes} own note{}", if notes == 1 { "" } else { "s" }));
        }
        if let Some((done, of)) = self.again {
            let (done, of) = (grouped(done as u64), grouped(of as u64));
            let more = Row::of(Tone::Dim, &format!(" · decided again {done} of {of}"));
            if row.width() + more.width() <= columns {
                row = row.join(more);
            }
        }
        row
    }

    /// The reader's notes as rows of the pane of notes, and the row at which the chosen one stands.
    pub fn own_notes(&self, chosen: usize, focus: bool) -> (Vec<Row>, usize) {
        let mut rows = vec![
            Row::of(Tone::Strong, &format!("OWN NOTES of {}", self.reader))
                .say(Tone::Dim, "  beside the record; Enter goes to the entry"),
        ];
        let mut at = 0;
        for (which, note) in self.notes.iter().enumerate() {
            let here = which == chosen.min(self.notes.len() - 1);
            let (shape, tone) = if here && focus { ("▸ ", Tone::Live) } else { ("  ", Tone::Plain) };
            if here {
                at = rows.len();
            }
            let entry = format!("entry {}  ", grouped(note.entry));
            let row = Row::of(tone, shape).say(Tone::Dim, &entry);
            let indent = row.width();
            for (line, words) in note.words.lines().enumerate() {
                let front = if line == 0 { row.clone() } else { Row::new().pad(indent) };
                rows.push(Row { indent, ..front.say(Tone::Plain, words) });
            }
        }
        if self.notes.is_empty() {
            rows.push(Row::of(Tone::Dim, "  none; press c to write one about the entry that is shown"));
        }
        rows.push(Row::new());
        (rows, at)
    }

    /// The reader's notes as marks.
    pub fn note_marks(notes: &[Note]) -> Vec<TimelineMark> {
        let mut marks: Vec<TimelineMark> =
            notes.iter().map(|note| TimelineMark { entry: note.entry, kind: TimelineKind::Own }).collect();
        marks.sort_by_key(|mark| mark.entry);
        marks.dedup();
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_for_people() {
        assert_eq!(
            ["7", "999", "1,000", "1,234,567"].map(str::to_owned),
            [7, 999, 1000, 1_234_567].map(grouped)
        );
        assert_eq!(percent((999, 1000)), "99 %");
        assert_eq!((percent((1000, 1000)), percent((0, 0))), ("100 %".to_owned(), "0 %".to_owned()));
    }
}
