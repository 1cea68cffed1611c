//! A record read line by line: only one line of it is in memory, and its torn end is left out.

use super::file::{JournalError, failed};
use super::torn::is_torn;
use super::{Corruption, FILE_NAME, FORMAT, format_of, plain};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// How far a record was read.
#[derive(Debug)]
pub struct Reader {
    reader: BufReader<File>,
    path: PathBuf,
    line: Vec<u8>,
    /// Bytes of the lines that were read.
    bytes: u64,
    torn: u64,
}

impl Reader {
    /// At the beginning of the record in `folder`.
    ///
    /// # Errors
    /// When it cannot be read, or is of a format that this version does not know.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let path = folder.join(FILE_NAME);
        let file = plain::open(OpenOptions::new().read(true), &path).map_err(failed("open", &path))?;
        let reader = BufReader::with_capacity(CHUNK_BYTES, file);
        let mut opened = Self { reader, path, line: Vec::new(), bytes: 0, torn: 0 };
        opened.fill()?;
        opened.reader.seek(SeekFrom::Start(0)).map_err(failed("read", &opened.path))?;
        known_format(&opened.path, &opened.line)?;
        Ok(opened)
    }

    /// Bytes of a torn last line, once the end was reached; it was never acknowledged.
    pub fn torn(&self) -> u64 {
        self.torn
    }

    /// The file that is read.
    pub(super) fn file(&self) -> Result<File, JournalError> {
        self.reader.get_ref().try_clone().map_err(failed("open", &self.path))
    }

    /// The line that was read last, with its newline.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// What `check` makes of the next line, with its newline; `None` at the end.
    ///
    /// # Errors
    /// When it cannot be read, or does not hold and was not torn by a crash.
    pub fn next<T>(
        &mut self,
        check: impl FnOnce(&[u8]) -> Result<T, Corruption>,
    ) -> Result<Option<T>, JournalError> {
        self.fill()?;
        if self.line.is_empty() {
            return Ok(None);
        }
        match check(&self.line) {
            Ok(checked) => {
                self.bytes += self.line.len() as u64;
                Ok(Some(checked))
            }
            Err(_) if self.is_last()? && is_torn(&self.line, self.bytes) => {
                self.torn = self.line.len() as u64;
                Ok(None)
            }
            Err(corruption) => Err(JournalError::Corrupt(self.path.clone(), corruption)),
        }
    }

    fn fill(&mut self) -> Result<(), JournalError> {
        self.line.clear();
        let read = self.reader.read_until(b'\n', &mut self.line);
        read.map(drop).map_err(failed("read", &self.path))
    }

    fn is_last(&mut self) -> Result<bool, JournalError> {
        let rest = self.reader.fill_buf().map_err(failed("read", &self.path))?;
        Ok(rest.is_empty())
    }
}

/// Whether the record that begins with `line` is of the format that is written here.
///
/// # Errors
/// When it is of another.
pub(super) fn known_format(path: &Path, line: &[u8]) -> Result<(), JournalError> {
    match format_of(line) {
        Some(format) if format != u64::from(FORMAT) => Err(JournalError::Format(path.to_owned(), format)),
        _ => Ok(()),
    }
}
