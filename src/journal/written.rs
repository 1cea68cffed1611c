//! An entry is written in one way only, so that nothing is in its line that is not in the entry. Pure.
//!
//! serde refuses unknown fields, but not everywhere: beside the tag of a variant without fields it skips them.

use super::Entry;
use std::io::{self, Write};

/// How much of a line is shown of what nobody knows, bytes.
const SHOWN: usize = 40;

/// Whether `entry`, which was read from `text`, would be written as `text`.
///
/// # Errors
/// With what else is there, in words.
pub(super) fn only_so(entry: &Entry, text: &[u8]) -> Result<(), String> {
    let mut same = Same { rest: text };
    let written = serde_json::to_writer(&mut same, entry);
    if written.is_ok() && same.rest.is_empty() {
        return Ok(());
    }
    let place = text.len() - same.rest.len();
    let shown = String::from_utf8_lossy(&same.rest[..same.rest.len().min(SHOWN)]).into_owned();
    Err(format!("has something at byte {place} that this version does not write: {shown:?}"))
}

/// Takes what is written as long as it is what is expected.
struct Same<'t> {
    rest: &'t [u8],
}

impl Write for Same<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.rest.strip_prefix(bytes) {
            Some(rest) => {
                self.rest = rest;
                Ok(bytes.len())
            }
            None => {
                let same = self.rest.iter().zip(bytes).take_while(|(one, other)| one == other).count();
                self.rest = &self.rest[same..];
                Err(io::Error::other("written otherwise"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
