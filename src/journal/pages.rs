//! A record on disk that is looked at entry by entry, whatever its length: only one block of it is in memory.

use super::file::{JournalError, failed};
use super::index::{Index, Indexer, moment_of};
use super::{Corruption, Entry, FILE_NAME};
use crate::time::Moment;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A record that was checked, and the block of it that was looked at last.
#[derive(Debug)]
pub struct Pages {
    file: File,
    path: PathBuf,
    index: Arc<Index>,
    block: Option<usize>,
    bytes: Vec<u8>,
}

impl Pages {
    /// Reads the record in `folder` once from end to end and checks its chain. `is_plain` as in [`Indexer::new`].
    ///
    /// # Errors
    /// When it cannot be read or trusted.
    pub fn open(folder: &Path, is_plain: fn(&str) -> bool) -> Result<Self, JournalError> {
        let path = folder.join(FILE_NAME);
        let file = super::plain::open(std::fs::OpenOptions::new().read(true), &path)
            .map_err(failed("open", &path))?;
        let mut reader = BufReader::with_capacity(1 << 20, &file);
        let mut indexer = Indexer::new(is_plain);
        let mut line = Vec::new();
        let torn = loop {
            line.clear();
            reader.read_until(b'\n', &mut line).map_err(failed("read", &path))?;
            if !line.ends_with(b"\n") {
                break line.len();
            }
            indexer.line(&line).map_err(|corruption| JournalError::Corrupt(path.clone(), corruption))?;
        };
        let index = Arc::new(indexer.finish(torn));
        Ok(Self { file, path, index, block: None, bytes: Vec::new() })
    }

    /// The same record for another thread.
    ///
    /// # Errors
    /// Of the file system.
    pub fn again(&self) -> Result<Self, JournalError> {
        let file = self.file.try_clone().map_err(failed("open", &self.path))?;
        let (path, index) = (self.path.clone(), Arc::clone(&self.index));
        Ok(Self { file, path, index, block: None, bytes: Vec::new() })
    }

    /// Where its entries stand.
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// The line of entry `at`, counted from 0.
    ///
    /// # Errors
    /// When it cannot be read, or is not what it was when the record was opened.
    pub fn line(&mut self, at: usize) -> Result<&[u8], JournalError> {
        let block = self.index.block_of(at);
        if self.block != Some(block) {
            self.turn_to(block)?;
        }
        let first = self.index.bytes_of(self.index.entries_of(block).start).start;
        let bytes = self.index.bytes_of(at);
        let within = |at: u64| usize::try_from(at - first).unwrap_or(usize::MAX);
        self.bytes
            .get(within(bytes.start)..within(bytes.end))
            .ok_or_else(|| JournalError::Corrupt(self.path.clone(), changed(at)))
    }

    /// Entry `at`, counted from 0.
    ///
    /// # Errors
    /// When it cannot be read, is not what it was, or is no entry.
    pub fn entry(&mut self, at: usize) -> Result<Entry, JournalError> {
        let read = serde_json::from_slice(self.line(at)?);
        read.map_err(|error| {
            let what = format!("is not an entry: {error}");
            JournalError::Corrupt(self.path.clone(), Corruption { entry: at as u64 + 1, what })
        })
    }

    /// When entry `at`, counted from 0, was decided.
    ///
    /// # Errors
    /// As [`Pages::entry`].
    pub fn moment(&mut self, at: usize) -> Result<Moment, JournalError> {
        let moment = moment_of(self.line(at)?);
        match moment {
            Some(moment) => Ok(moment),
            None => self.entry(at).map(|entry| entry.at()),
        }
    }

    fn turn_to(&mut self, block: usize) -> Result<(), JournalError> {
        let entries = self.index.entries_of(block);
        let from = self.index.bytes_of(entries.start).start;
        let to = self.index.bytes_of(entries.end.saturating_sub(1)).end;
        self.block = None;
        self.bytes.resize(usize::try_from(to - from).unwrap_or(usize::MAX), 0);
        self.file.read_exact_at(&mut self.bytes, from).map_err(failed("read", &self.path))?;
        if !self.index.is_block(block, &self.bytes) {
            return Err(JournalError::Corrupt(self.path.clone(), changed(entries.start)));
        }
        self.block = Some(block);
        Ok(())
    }
}

fn changed(at: usize) -> Corruption {
    let what = "or one behind it was changed since the record was opened".to_owned();
    Corruption { entry: at as u64 + 1, what }
}
