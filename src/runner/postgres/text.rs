//! Text for the record: cut to a size, rows as lines.

use crate::session::ResultSet;

/// A statement's text in the record is cut to this many bytes.
pub const SQL_BYTES_MAX: usize = 4096;

/// At most so many bytes, and a mark where more was.
pub fn cut(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let mut end = bytes_max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// A text in pieces of at most `bytes_max`, whole lines where they fit.
pub fn pieces(mut text: &str, bytes_max: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    while text.len() > bytes_max {
        let end = text.floor_char_boundary(bytes_max);
        let (piece, rest) = text.split_at(text[..end].rfind('\n').map_or(end, |at| at + 1));
        pieces.push(piece.to_owned());
        text = rest;
    }
    pieces.push(text.to_owned());
    pieces
}

/// The rows of a result, a line each.
pub fn lines_of(result: &ResultSet) -> String {
    let line = |row: &Vec<Option<String>>| {
        row.iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join(" | ")
    };
    let mut text: String = result.rows.iter().map(|row| line(row) + "\n").collect();
    let more = result.total.saturating_sub(result.rows.len() as u64);
    if more > 0 {
        text.push_str(&format!("… and {more} more rows\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_lines_where_they_fit_and_lose_nothing() {
        let text = format!("one\ntwo\n{}\nlast", "ż".repeat(20));
        for max in 4..60 {
            let pieces = pieces(&text, max);
            assert_eq!(pieces.concat(), text, "{max}");
            assert!(pieces.iter().all(|piece| piece.len() <= max), "{max}: {pieces:?}");
        }
        assert_eq!(pieces("one\ntwo\nthree", 9), ["one\ntwo\n", "three"]);
    }
}
