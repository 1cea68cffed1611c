//! A record that somebody else writes, read as it grows: whole lines only, each held against the chain.

use super::file::JournalError;
use super::reader::known_format;
use super::torn::is_torn;
use super::{Chain, Corruption, Entry, FILE_NAME};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes that are read at a time, unless one line has more.
const READ_MAX: u64 = 4 << 20;

/// How far a growing record was read.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    chain: Chain,
    /// Bytes of the lines that were read.
    bytes: u64,
}

impl Tail {
    /// At the beginning of the record in `folder`, which need not be there yet.
    pub fn new(folder: &Path) -> Self {
        Self { path: folder.join(FILE_NAME), chain: Chain::default(), bytes: 0 }
    }

    /// The chain over everything that was read.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The entries that came since, as many as are read at a time. The end of a line that is not there yet, or was
    /// torn by a crash and is about to be cut, is nothing.
    ///
    /// # Errors
    /// When it cannot be read, does not chain, or was cut back behind what was read.
    pub fn more(&mut self) -> Result<Vec<Entry>, JournalError> {
        let bytes = match self.read() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.bytes == 0 => return Ok(Vec::new()),
            Err(error) => return Err(JournalError::Io { doing: "read", path: self.path.clone(), error }),
        };
        let corrupt = |corruption| JournalError::Corrupt(self.path.clone(), corruption);
        let Some(bytes) = bytes else {
            let what = format!("was there, and the record was cut back behind it ({} bytes)", self.bytes);
            return Err(corrupt(Corruption { entry: self.chain.entries(), what }));
        };
        let mut entries = Vec::new();
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').peekable();
        if let Some(first) = lines.peek().filter(|_| self.bytes == 0) {
            known_format(&self.path, first)?;
        }
        while let Some(line) = lines.next() {
            match self.chain.check(line) {
                Ok(entry) => entries.push(entry),
                Err(_) if !line.ends_with(b"\n") => break,
                Err(_) if lines.peek().is_none() && is_torn(line, self.bytes) => break,
                Err(corruption) => return Err(corrupt(corruption)),
            }
            self.bytes += line.len() as u64;
        }
        Ok(entries)
    }

    /// What stands behind what was read, at least one line of it if there is one; `None` when it was cut back.
    fn read(&self) -> io::Result<Option<Vec<u8>>> {
        let mut file = super::plain::open(std::fs::OpenOptions::new().read(true), &self.path)?;
        let there = file.metadata()?.len();
        if there < self.bytes {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(self.bytes))?;
        let mut bytes = Vec::new();
        while !bytes.contains(&b'\n') {
            if (&mut file).take(READ_MAX).read_to_end(&mut bytes)? == 0 {
                break;
            }
        }
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Command, Input};
    use crate::time::{Moment, Timestamp};
    use std::fs::File;
    use std::io::Write;

    fn line(chain: &mut Chain, words: &str) -> Vec<u8> {
        let at = Moment { wall: Timestamp::from_micros(7), mono_us: 7 };
        let cause = Input::Command(Command::Note { words: words.to_owned() });
        let (_, line) = chain.seal(at, cause, Vec::new()).unwrap();
        chain.extend(&line);
        line
    }

    fn numbers(entries: &[Entry]) -> Vec<u64> {
        entries.iter().map(|entry| entry.n).collect()
    }

    #[test]
    fn entries_come_as_they_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut tail = Tail::new(folder.path());
        assert!(tail.more().unwrap().is_empty(), "nothing is there yet");
        let mut file = File::create(folder.path().join(FILE_NAME)).unwrap();
        assert!(tail.more().unwrap().is_empty());
        let mut chain = Chain::default();
        let (first, second) = (line(&mut chain, "one"), line(&mut chain, "two"));
        file.write_all(&first).unwrap();
        file.write_all(&second[..second.len() - 1]).unwrap();
        assert_eq!(numbers(&tail.more().unwrap()), [1]);
        // Torn by a crash: cut by who resumes, who writes another line in its place.
        file.set_len(first.len() as u64).unwrap();
        assert!(tail.more().unwrap().is_empty());
        let mut file = std::fs::OpenOptions::new().append(true).open(folder.path().join(FILE_NAME)).unwrap();
        file.write_all(&second).unwrap();
        let long = line(&mut chain, &"x".repeat(6 << 20));
        file.write_all(&long).unwrap();
        file.write_all(&line(&mut chain, "four")).unwrap();
        let mut all = Vec::new();
        for _ in 0..8 {
            all.extend(numbers(&tail.more().unwrap()));
        }
        assert_eq!(all, [2, 3, 4], "also one that is longer than what is read at a time");
        assert_eq!(tail.chain().head(), chain.head());
    }

    #[test]
    fn what_does_not_chain_or_was_cut_back_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let mut chain = Chain::default();
        let (first, second) = (line(&mut chain, "one"), line(&mut chain, "two"));
        std::fs::write(&path, [first.clone(), second.clone()].concat()).unwrap();
        let mut tail = Tail::new(folder.path());
        assert_eq!(numbers(&tail.more().unwrap()), [1, 2]);
        std::fs::write(&path, &first).unwrap();
        let error = tail.more().unwrap_err().to_string();
        assert!(error.contains("cut back"), "{error}");
        let mut tail = Tail::new(folder.path());
        std::fs::write(&path, &second).unwrap();
        let error = tail.more().unwrap_err().to_string();
        assert!(error.contains("says it is number 2"), "{error}");
    }
}
