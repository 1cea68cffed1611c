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
