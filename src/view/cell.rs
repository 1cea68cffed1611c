//! A cell opened: its whole text in rows of a given width, JSON set out over lines.

use super::clean::clean;
use super::ink::{Piece, Row, Tone};
use super::json::pretty;
use unicode_width::UnicodeWidthChar;

/// Texts longer than this are shown as they came, bytes.
const PRETTY_MAX: usize = 1 << 20;
/// So much of a cell is set into rows, bytes; the record keeps less.
const SHOWN_MAX: usize = 8 << 20;

/// The rows of an opened cell, broken anywhere so that none is wider than `columns`; nothing of it is left out.
pub fn cell_rows(value: Option<&str>, columns: usize) -> Vec<Row> {
    let Some(text) = value else { return vec![Row::of(Tone::Dim, "NULL: there is no value")] };
    if text.is_empty() {
        return vec![Row::of(Tone::Dim, "'': the empty text")];
    }
    let mut end = text.len().min(SHOWN_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let set_out = if text.len() <= PRETTY_MAX { pretty(text) } else { None };
    let mut rows = Vec::new();
    for line in set_out.as_deref().unwrap_or(&text[..end]).split('\n') {
        broken(&mut rows, &line.replace('\t', "    "), columns.max(1));
    }
    if end < text.len() {
        rows.push(Row::of(Tone::Dim, &format!("… {} more bytes", text.len() - end)));
    }
    rows
}

/// A line broken at the last column that fits, in one pass.
fn broken(rows: &mut Vec<Row>, line: &str, columns: usize) {
    let (mut row, mut used) = (Row::new(), 0);
    for span in clean(line, false) {
        let tone = if span.danger { Tone::Danger } else { Tone::Plain };
        let mut text = String::new();
        for c in span.text.chars() {
            let wide = c.width().unwrap_or(0);
            if used + wide > columns && used > 0 {
                row.pieces.push(Piece { text: std::mem::take(&mut text), tone });
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            text.push(c);
            used += wide;
        }
        row.pieces.push(Piece { text, tone });
    }
    rows.push(row);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_long_cell_is_lost_and_no_row_is_too_wide() {
        let text = "日本語 and more, ".repeat(20_000) + "\nend\u{7}";
        for columns in [1, 2, 7, 80] {
            let rows = cell_rows(Some(&text), columns);
            assert!(columns < 2 || rows.iter().all(|row| row.width() <= columns));
            let all: String = rows.iter().map(Row::plain).collect();
            assert_eq!(all, text.replace('\n', "").replace('\u{7}', "\u{2407}"));
        }
    }

    #[test]
    fn json_is_set_out() {
        let rows: Vec<String> = cell_rows(Some(r#"{"a":[1,2]}"#), 40).iter().map(Row::plain).collect();
        assert_eq!(rows, ["{", "  \"a\": [", "    1,", "    2", "  ]", "}"]);
        assert_eq!(cell_rows(None, 9)[0].plain(), "NULL: there is no value");
    }
}
