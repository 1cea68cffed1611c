//! The one writer of a record: locked, appended, synced at barriers, poisoned by the first error.

use super::{Chain, Entry, FILE_NAME, Recovered, plain, recover};
use crate::session::{Event, Input};
use crate::time::Moment;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What keeps a record from being read or written.
#[derive(Debug)]
pub enum JournalError {
    /// The file system said no. After it nothing more is written.
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: std::io::Error,
    },
    /// Another program holds the record.
    Locked(PathBuf),
    /// A line cannot be trusted.
    Corrupt(PathBuf, super::Corruption),
    /// An earlier write failed: this descriptor is not used again.
    Poisoned,
}

impl std::fmt::Display for JournalError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io { doing, path, error } => write!(
                f,
                "cannot {doing} the record {}\n  why:  {error}\n  next: free space or mend the folder, then \
                 `ceremony resume` the session; nothing was done without being recorded",
                path.display()
            ),
            Self::Locked(path) => write!(
                f,
                "the record {} is in use\n  why:  another cockpit has this session open\n  next: use that one, or \
                 end it first",
                path.display()
            ),
            Self::Corrupt(path, corruption) => write!(
                f,
                "the record {} was changed or damaged\n  why:  {corruption}\n  next: ask who changed it, or \
                 restore it from a copy; what comes before that entry still chains",
                path.display()
            ),
            Self::Poisoned => write!(
                f,
                "the record cannot be written any more\n  why:  an earlier write failed, and what a failed write \
                 left behind is unknown\n  next: leave, then `ceremony resume` the session"
            ),
        }
    }
}

impl std::error::Error for JournalError {}

/// A record that is being written.
#[derive(Debug)]
pub struct JournalFile {
    file: File,
    path: PathBuf,
    chain: Chain,
    poisoned: bool,
}

pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> JournalError {
    let path = path.to_owned();
    move |error| JournalError::Io { doing, path, error }
}

impl JournalFile {
    /// Starts a record in `folder`, which must exist and have none.
    ///
    /// # Errors
    /// When the file cannot be made, locked or synced.
    pub fn create(folder: &Path) -> Result<Self, JournalError> {
        let path = folder.join(FILE_NAME);
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed("create", &path))?;
        lock(&file, &path)?;
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed("sync the folder of", &path))?;
        Ok(Self { file, path, chain: Chain::default(), poisoned: false })
    }

    /// Goes on with the record in `folder`. A torn last line is cut and kept aside.
    ///
    /// # Errors
    /// When it is locked, cannot be trusted, or cannot be read.
    pub fn open(folder: &Path) -> Result<(Self, Recovered), JournalError> {
        let path = folder.join(FILE_NAME);
        let mut file = plain::open_to_write(OpenOptions::new().read(true).append(true), &path)
            .map_err(failed("open", &path))?;
        lock(&file, &path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed("read", &path))?;
        let recovered =
            recover(&bytes).map_err(|corruption| JournalError::Corrupt(path.clone(), corruption))?;
        if recovered.torn > 0 {
            let aside = folder.join(format!("{FILE_NAME}.torn-{}", recovered.entries.len() + 1));
            // What stands there was kept aside earlier, or planted.
            let _ = std::fs::remove_file(&aside);
            plain::open_to_write(OpenOptions::new().write(true).create_new(true).mode(0o600), &aside)
                .and_then(|mut file| file.write_all(&bytes[recovered.bytes..]))
                .map_err(failed("keep the torn end of", &path))?;
            file.set_len(recovered.bytes as u64).map_err(failed("cut the torn end of", &path))?;
            file.sync_all().map_err(failed("sync", &path))?;
        }
        let chain = recovered.chain.clone();
        Ok((Self { file, path, chain, poisoned: false }, recovered))
    }

    /// The chain over everything written.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Appends one decision; with `barrier` it is on disk when this returns.
    ///
    /// # Errors
    /// When the write or sync fails; from then on every call fails.
    pub fn append(
        &mut self,
        at: Moment,
        cause: Input,
        events: Vec<Event>,
        barrier: bool,
    ) -> Result<Entry, JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        self.poisoned = true;
        let (entry, line) = self
            .chain
            .seal(at, cause, events)
            .map_err(|error| failed("write an entry of", &self.path)(error.into()))?;
        self.file.write_all(&line).map_err(failed("append to", &self.path))?;
        if barrier {
            self.file.sync_data().map_err(failed("sync", &self.path))?;
        }
        self.chain.extend(&line);
        self.poisoned = false;
        Ok(entry)
    }
}

fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    file.try_lock().map_err(|error| match error {
        std::fs::TryLockError::WouldBlock => JournalError::Locked(path.to_owned()),
        std::fs::TryLockError::Error(error) => failed("lock", path)(error),
    })
}

/// Reads a record without writing to it.
///
/// # Errors
/// When it cannot be read or trusted.
pub fn read(folder: &Path) -> Result<Recovered, JournalError> {
    let path = folder.join(FILE_NAME);
    let bytes = plain::read(&path).map_err(failed("read", &path))?;
    recover(&bytes).map_err(|corruption| JournalError::Corrupt(path, corruption))
}
