//! The one writer of a record: locked, appended, synced at barriers, poisoned by the first error.

use super::reader::{Reader, known_format};
use super::{Chain, Entry, FILE_NAME, FORMAT, Recovered, ground, recover};
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
    /// Another program holds the record: which, where the system says so.
    Locked(PathBuf, Option<String>),
    /// A line cannot be trusted.
    Corrupt(PathBuf, super::Corruption),
    /// The file is not one that a lock protects.
    Unfit {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
        /// What to do about it.
        next: String,
    },
    /// The record is of a format that this version does not know.
    Format(PathBuf, u64),
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
            Self::Locked(path, by) => write!(
                f,
                "the record {} is in use\n  why:  another cockpit has this session open{}\n  next: use that one, or \
                 end it first",
                path.display(),
                by.as_ref().map(|by| format!(": {by}")).unwrap_or_default()
            ),
            Self::Corrupt(path, corruption) => write!(
                f,
                "the record {} was changed or damaged\n  why:  {corruption}\n  next: ask who changed it, or \
                 restore it from a copy; what comes before that entry still chains",
                path.display()
            ),
            Self::Unfit { path, why, next } => {
                write!(f, "the record {} is not written to\n  why:  {why}\n  next: {next}", path.display())
            }
            Self::Format(path, format) => write!(
                f,
                "the record {} has format {format}\n  why:  this is ceremony {}, which knows format {FORMAT}\n  \
                 next: use the version that wrote it, which its first line names as \"tool\"; nothing was changed",
                path.display(),
                env!("CARGO_PKG_VERSION")
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
        ground::check(&file, &path)?;
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed("sync the folder of", &path))?;
        Ok(Self { file, path, chain: Chain::default(), poisoned: false })
    }

    /// Goes on with the record in `folder`. A torn last line is cut and kept aside. What is there is written anew, into
    /// a file that takes its place: who wrote it may have failed to sync it, and a sync that failed once says so once.
    ///
    /// # Errors
    /// When it is locked, cannot be trusted, cannot be read or written, or is no file that a lock protects.
    pub fn open(folder: &Path) -> Result<(Self, Recovered), JournalError> {
        let path = folder.join(FILE_NAME);
        let mut old = ground::existing(&path)?;
        lock(&old, &path)?;
        ground::check(&old, &path)?;
        let mut bytes = Vec::new();
        old.read_to_end(&mut bytes).map_err(failed("read", &path))?;
        known_format(&path, bytes.split(|byte| *byte == b'\n').next().unwrap_or_default())?;
        let mut recovered =
            recover(&bytes).map_err(|corruption| JournalError::Corrupt(path.clone(), corruption))?;
        let (whole, torn) = bytes.split_at(recovered.bytes);
        recovered.torn = ground::keep_torn(&path, recovered.chain.entries() + 1, torn)?;
        let file = ground::put(&path, whole, Some(&old))?;
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
        std::fs::TryLockError::WouldBlock => JournalError::Locked(path.to_owned(), ground::holder(file)),
        std::fs::TryLockError::Error(error) => failed("lock", path)(error),
    })
}

/// Reads a record without writing to it.
///
/// # Errors
/// When it cannot be read or trusted.
pub fn read(folder: &Path) -> Result<Recovered, JournalError> {
    let mut reader = Reader::open(folder)?;
    let (mut chain, mut entries, mut bytes) = (Chain::default(), Vec::new(), 0);
    while let Some(entry) = reader.next(|line| chain.check(line))? {
        entries.push(entry);
        bytes += reader.line().len();
    }
    let torn = usize::try_from(reader.torn()).unwrap_or(usize::MAX);
    Ok(Recovered { entries, chain, bytes, torn })
}
