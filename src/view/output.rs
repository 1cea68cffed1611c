//! The output pane: what was sent, said and printed, a row a line.

use super::ink::{Row, Tone};
use super::{Line, LineKind};

/// A line of the transcript as a row, its first `columns` columns at least.
pub fn output_row(line: &Line, columns: usize) -> Row {
    let (shape, tone) = match line.kind {
        LineKind::Event => ("·", Tone::Dim),
        LineKind::Sql => (" ", Tone::Plain),
        LineKind::Tag => ("→", Tone::Good),
        LineKind::Notice => ("!", Tone::Warn),
        LineKind::Error => ("✗", Tone::Bad),
        LineKind::Output => (" ", Tone::Plain),
        LineKind::Good => ("✓", Tone::Good),
        LineKind::Bad => ("✗", Tone::Bad),
        LineKind::Words => ("“", Tone::Strong),
    };
    // A line may be very long; a character that is drawn has at most two marks on it.
    let end = line.text.char_indices().nth(columns.saturating_mul(3)).map_or(line.text.len(), |(at, _)| at);
    let text = line.text[..end].replace('\t', "    ");
    let row = Row::of(Tone::Dim, &line.at.wall.clock()).say(tone, &format!(" {shape} "));
    match line.kind {
        LineKind::Sql => super::Inside::default().highlight(row, &text),
        LineKind::Good | LineKind::Tag => row.say(Tone::Plain, &text),
        _ => row.say(tone, &text),
    }
}
