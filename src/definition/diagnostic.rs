//! What is wrong in a file, where, why it matters and what to do next.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A place in a file, both numbers from 1; the column counts characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Relative to the folder of the definition.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl Place {
    /// The place of byte `offset` of `text`; an offset behind the end is the end.
    pub fn of(file: &str, text: &str, offset: usize) -> Self {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A problem in the definition or a file that it names. All three sentences are for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Where.
    pub at: Place,
    /// The fact.
    pub what: String,
    /// The reason or likely cause.
    pub why: String,
    /// What to do.
    pub next: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}: {}", self.at, shown(&self.what))?;
        writeln!(f, "  why:  {}", shown(&self.why))?;
        write!(f, "  next: {}", shown(&self.next))
    }
}

/// What a file says is repeated here: signs that a terminal obeys, or that turn text around, are written as numbers.
fn shown(text: &str) -> String {
    let hidden = |letter: char| {
        letter.is_control() && letter != '\n'
            || matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if hidden(letter) { out.extend(letter.escape_unicode()) } else { out.push(letter) }
    }
    out
}
