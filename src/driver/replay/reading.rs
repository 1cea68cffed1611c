//! A reader's review: which entries were on the screen and the notes beside them, kept in `review/NAME.json`. The record
//! itself is never touched.

use crate::review::{Note, Review};
use crate::runner::session_folder::{make_private, replace};
use crate::time::Timestamp;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Where reviews are, within a session's folder.
pub const REVIEW: &str = "review";
/// What was seen is written down again after so long, microseconds.
const KEEP_EVERY_US: u64 = 3_000_000;

/// What one reader does with one record.
#[derive(Debug)]
pub struct Reading {
    folder: PathBuf,
    name: String,
    review: Review,
    changed: bool,
    kept_us: Option<u64>,
    trouble: Option<String>,
    /// What is on the disk is not a review: it is not written over.
    foreign: bool,
}

impl Reading {
    /// What `reader` did with the session in `folder`, as it was left.
    pub fn open(folder: &Path, reader: &str) -> Self {
        let mut reading = Self {
            folder: folder.join(REVIEW),
            name: file_name(reader),
            review: Review::of(reader),
            changed: true,
            kept_us: None,
            trouble: None,
            foreign: false,
        };
        match reading.read() {
            Ok(Some(review)) => reading.review = review,
            Ok(None) => {}
            Err(why) => {
                reading.foreign = true;
                reading.trouble = Some(why);
            }
        }
        reading
    }

    /// What was seen and written so far.
    pub fn review(&self) -> &Review {
        &self.review
    }

    /// Why nothing is kept, if so: what, why, what next.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Entries of these numbers were on the screen.
    pub fn see(&mut self, entries: std::ops::RangeInclusive<usize>) {
        for n in entries {
            let n = n as u64;
            let known = self.review.seen.partition_point(|(_, last)| *last < n);
            if self.review.seen.get(known).is_none_or(|(first, _)| *first > n) {
                self.review.see(n);
                self.changed = true;
            }
        }
    }

    /// These items were opened; it is kept at once.
    pub fn open_items(&mut self, ids: &std::collections::BTreeSet<String>) {
        self.review.opened.extend(ids.iter().cloned());
        self.changed = true;
        self.keep();
    }

    /// A note about an entry; it is kept at once.
    ///
    /// # Errors
    /// When it cannot be kept: what, why, what next. It is tried again from time to time.
    pub fn note(&mut self, entry: usize, at: Timestamp, words: &str) -> Result<(), String> {
        self.review.notes.push(Note { entry: entry as u64, at, words: words.to_owned() });
        self.changed = true;
        self.keep();
        self.trouble.clone().map_or(Ok(()), Err)
    }

    /// Writes down what changed, unless that was done a moment ago.
    pub fn keep_sometimes(&mut self, now_us: u64) {
        let lately = self.kept_us.is_some_and(|kept| now_us.saturating_sub(kept) < KEEP_EVERY_US);
        if self.changed && !lately {
            self.kept_us = Some(now_us);
            self.keep();
        }
    }

    /// Writes down what changed. Another window of the same reader may have written meanwhile: nothing of it is lost.
    pub fn keep(&mut self) {
        if !self.changed || self.foreign {
            return;
        }
        let written = self.read().and_then(|there| {
            if let Some(there) = there {
                self.review.merge(there);
            }
            self.write().map_err(|error| {
                format!(
                    "what you see and note is not kept: {}: {error}; make the folder writable, or copy the session",
                    self.path().display()
                )
            })
        });
        self.changed = written.is_err();
        self.trouble = written.err();
    }

    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    fn read(&self) -> Result<Option<Review>, String> {
        let text = match crate::journal::plain::read(&self.path()) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(self.not_read(&error.to_string())),
        };
        serde_json::from_slice(&text).map(Some).map_err(|error| self.not_read(&error.to_string()))
    }

    fn not_read(&self, why: &str) -> String {
        let path = self.path();
        format!("what you see and note is not kept: {} is no review: {why}; move it away", path.display())
    }

    fn write(&self) -> std::io::Result<()> {
        make_private(&self.folder)?;
        let text = serde_json::to_vec_pretty(&self.review)?;
        replace(&self.folder, &self.name, &text).map(drop)
    }
}

/// A file of its own for each reader, whatever the name is made of.
fn file_name(reader: &str) -> String {
    let mut name = String::new();
    for byte in reader.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'@' => name.push(char::from(byte)),
            b'.' if !name.is_empty() => name.push('.'),
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    name + ".json"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        Timestamp::from_micros(1_795_360_000_000_000)
    }

    #[test]
    fn what_was_seen_and_noted_is_there_again_for_each_reader() {
        let folder = tempfile::tempdir().unwrap();
        let mut rita = Reading::open(folder.path(), "rita");
        rita.see(1..=3);
        rita.note(2, at(), "why so early?").unwrap();
        let mut liam = Reading::open(folder.path(), "liam/../x");
        liam.see(9..=9);
        liam.keep();
        // Another window of the same reader.
        let mut other = Reading::open(folder.path(), "rita");
        other.see(7..=7);
        rita.see(4..=4);
        rita.note(4, at(), "and this").unwrap();
        other.keep();
        let again = Reading::open(folder.path(), "rita");
        assert_eq!(again.review().seen, [(1, 4), (7, 7)]);
        let words: Vec<&str> = again.review().notes.iter().map(|note| note.words.as_str()).collect();
        assert_eq!(words, ["why so early?", "and this"]);
        assert_eq!(Reading::open(folder.path(), "liam/../x").review().seen, [(9, 9)]);
        assert_eq!(folder.path().join(REVIEW).read_dir().unwrap().count(), 2);
    }

    #[test]
    fn where_nothing_can_be_kept_it_says_so_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(REVIEW), "not a folder").unwrap();
        let mut reading = Reading::open(folder.path(), "rita");
        assert_eq!(reading.trouble(), None);
        reading.see(1..=1);
        reading.keep();
        assert!(reading.trouble().unwrap().contains("is not kept: "), "{:?}", reading.trouble());
        assert!(reading.note(1, at(), "lost").is_err());
        std::fs::remove_file(folder.path().join(REVIEW)).unwrap();
        reading.keep_sometimes(KEEP_EVERY_US);
        assert_eq!(reading.trouble(), None);
        let again = Reading::open(folder.path(), "rita");
        assert_eq!((again.review().notes.len(), again.review().seen_of(9)), (1, 1));
    }

    #[test]
    fn a_file_that_is_no_review_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(REVIEW)).unwrap();
        let path = folder.path().join(REVIEW).join("rita.json");
        std::fs::write(&path, "mine").unwrap();
        let mut reading = Reading::open(folder.path(), "rita");
        reading.see(1..=1);
        reading.keep();
        assert!(reading.trouble().unwrap().contains("move it away"));
        assert_eq!(std::fs::read_to_string(path).unwrap(), "mine");
    }
}
