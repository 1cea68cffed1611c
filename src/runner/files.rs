//! Files beneath the folder of a definition: read whole, with their checksum, never from outside of it.

use crate::definition::{FileBytes, Folder};
use crate::journal::{hex, plain};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// A file may not be larger than this many bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// SHA-256 as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Hashes and counts what is written, on its way.
#[derive(Debug)]
pub struct Hashing<W> {
    inner: W,
    digest: Sha256,
    bytes: u64,
}

impl<W: std::io::Write> Hashing<W> {
    /// Nothing is written yet.
    pub fn new(inner: W) -> Self {
        Self { inner, digest: Sha256::new(), bytes: 0 }
    }

    /// The writer beneath, the SHA-256 of what went through, and how many bytes it was.
    pub fn finish(self) -> (W, String, u64) {
        (self.inner, hex(&self.digest.finalize()), self.bytes)
    }
}

impl<W: std::io::Write> std::io::Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// What the system says, in plain words where there are any.
pub fn in_words(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        _ if error.raw_os_error().is_none() => error.to_string(),
        ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        ErrorKind::PermissionDenied => {
            "this user may not: it belongs to another one, or is read-only".to_owned()
        }
        ErrorKind::AlreadyExists => "there is a file of that name".to_owned(),
        ErrorKind::IsADirectory => "it is a folder, not a file".to_owned(),
        ErrorKind::NotADirectory => "a part of the path is a file, not a folder".to_owned(),
        ErrorKind::StorageFull => "the disk is full".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        ErrorKind::QuotaExceeded => "the quota is used up".to_owned(),
        _ => error.to_string(),
    }
}

/// A folder on disk.
#[derive(Clone, Debug)]
pub struct DiskFolder {
    root: PathBuf,
}

impl DiskFolder {
    /// The folder `root`; links are resolved, so that what lies beneath it can be judged.
    ///
    /// # Errors
    /// When it is not there.
    pub fn new(root: &Path) -> std::io::Result<Self> {
        Ok(Self { root: root.canonicalize()? })
    }

    /// Its path without links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where `path` really is.
    ///
    /// # Errors
    /// In words, when it is absolute, climbs out, is missing, or a link leads out.
    pub fn resolve(&self, path: &str) -> Result<PathBuf, String> {
        let relative = Path::new(path);
        if !relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err("the path leaves the definition's folder".to_owned());
        }
        let found = self.root.join(relative).canonicalize().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => in_words(&error),
        })?;
        if !found.starts_with(&self.root) {
            return Err("a link leads out of the definition's folder".to_owned());
        }
        Ok(found)
    }

    /// The SHA-256 of a file of any size.
    ///
    /// # Errors
    /// With why it cannot be read.
    pub fn sha256_of(&self, path: &str) -> Result<String, String> {
        let found = self.resolve(path)?;
        let mut file =
            plain::open(std::fs::OpenOptions::new().read(true), &found).map_err(|error| in_words(&error))?;
        let (mut sum, mut piece) = (Sha256::new(), vec![0; 256 << 10]);
        loop {
            match file.read(&mut piece).map_err(|error| in_words(&error))? {
                0 => return Ok(hex(&sum.finalize())),
                read => sum.update(&piece[..read]),
            }
        }
    }
}

impl Folder for DiskFolder {
    fn read(&self, path: &str) -> Result<FileBytes, String> {
        let found = self.resolve(path)?;
        let facts = found.metadata().map_err(|error| in_words(&error))?;
        if !facts.is_file() {
            return Err("it is not a regular file".to_owned());
        }
        if facts.len() > FILE_BYTES_MAX {
            return Err(format!("it has {} bytes, more than 64 MiB", facts.len()));
        }
        // Whatever was put in its place since: no link, no pipe, and not more than that.
        let file = plain::open(std::fs::OpenOptions::new().read(true), &found);
        let mut bytes = Vec::new();
        file.and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
            .map_err(|error| in_words(&error))?;
        Ok(FileBytes { sha256: sha256(&bytes), bytes })
    }
}

/// A folder in memory, for tests.
#[derive(Clone, Debug, Default)]
pub struct MemoryFolder(pub BTreeMap<String, String>);

impl Folder for MemoryFolder {
    fn read(&self, path: &str) -> Result<FileBytes, String> {
        if path.starts_with('/') || path.split('/').any(|part| part == "..") {
            return Err("the path leaves the definition's folder".to_owned());
        }
        let text = self.0.get(path).ok_or("there is no such file")?;
        Ok(FileBytes { bytes: text.clone().into_bytes(), sha256: sha256(text.as_bytes()) })
    }
}
