//! Turns byte offsets and the server's character positions into places in a file.

use super::scan::mark_length;
use crate::session::Place;
use std::ops::Range;

/// The lines of a text, so that many offsets can be placed cheaply.
pub struct Lines<'a> {
    file: &'a str,
    text: &'a str,
    first_line: usize,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// `first_line` is the line of `file` at which `text` starts, from 1.
    pub fn new(file: &'a str, text: &'a str, first_line: usize) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(newlines).collect();
        Lines { file, text, first_line: first_line.max(1), starts }
    }

    /// The place of a byte offset; one inside a character means that character, one past the end the end.
    pub fn place(&self, offset: usize) -> Place {
        let offset = floor_boundary(self.text, offset);
        let index = self.index(offset);
        let start = self.starts[index].max(if index == 0 { mark_length(self.text) } else { 0 }).min(offset);
        Place {
            file: self.file.to_owned(),
            line: self.first_line + index,
            column: self.text[start..offset].chars().count() + 1,
        }
    }

    /// The text of the line a byte offset is in, without its line end.
    pub fn line(&self, offset: usize) -> &'a str {
        let index = self.index(floor_boundary(self.text, offset));
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
        let line = self.text[self.starts[index]..end].trim_end_matches(['\n', '\r']);
        line.strip_prefix('\u{feff}').unwrap_or(line)
    }

    fn index(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset) - 1
    }
}

/// The place of byte `offset` of `text`, which starts at line `first_line` of `file`. For many offsets: [`Lines`].
pub fn place_of(file: &str, text: &str, first_line: usize, offset: usize) -> Place {
    Lines::new(file, text, first_line).place(offset)
}

/// The line of `text` that byte `offset` is in, without its line end.
pub fn line_at(text: &str, offset: usize) -> &str {
    Lines::new("", text, 1).line(offset)
}

/// The byte offset in `text` of a position that the server gave for a statement: characters from 1, counted from
/// the start of what was sent, which is `text[range]`. Past the end means the end.
pub fn offset_of_position(text: &str, range: &Range<usize>, position: usize) -> usize {
    let sent = text.get(range.clone()).unwrap_or_default();
    let within = sent.char_indices().nth(position.saturating_sub(1)).map_or(sent.len(), |(at, _)| at);
    range.start + within
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
