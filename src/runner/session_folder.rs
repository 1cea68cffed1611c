//! The folder of a session: made private, with copies of every file as it was checked, and where it came from.

use super::files::{DiskFolder, sha256};
use crate::definition::Folder;
use crate::journal::plain;
use crate::plan::Plan;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Copies of the definition and of every file it names.
pub const FILES: &str = "files";
/// What was planned from the definition.
pub const PLAN: &str = "plan.json";
const ORIGIN: &str = "origin.json";

/// Where a session came from; what a resume needs and a reviewer does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The folder of the definition on this machine.
    pub folder: PathBuf,
    /// The definition's file name there.
    pub definition: String,
    /// The target without its password; `None` for the session's own server.
    pub url: Option<String>,
}

/// Makes `folder`, which must not be there or be empty, for this user only.
///
/// # Errors
/// Of the file system.
pub fn create(folder: &Path) -> io::Result<()> {
    if folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the folder is there and not empty"));
    }
    let above: Vec<&Path> = folder.ancestors().skip(1).filter(|it| !it.as_os_str().is_empty()).collect();
    let missing: Vec<&Path> = above.into_iter().take_while(|it| !it.exists()).collect();
    // As root the server's user must get through to its data; it can list nothing here.
    let mode = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
    std::fs::DirBuilder::new().recursive(true).create(folder)?;
    // New files are this user's alone, but what lies above is no part of the session.
    for made in missing {
        std::fs::set_permissions(made, std::fs::Permissions::from_mode(0o755))?;
    }
    let facts = folder.symlink_metadata()?;
    if facts.is_dir() && facts.uid() != rustix::process::geteuid().as_raw() {
        let why = "the folder belongs to another user, who could change what is in it";
        return Err(io::Error::other(why));
    }
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode))?;
    // Its own name too must outlive the power.
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    match sync(parent.unwrap_or(Path::new("."))) {
        // A folder of somebody else's that this user gets through and cannot list.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        done => done,
    }
}

/// What was made, named anew or removed in `folder` is on disk when this returns.
fn sync(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// Makes `folder`, if it is not there, for this user only.
///
/// # Errors
/// Of the file system.
pub fn make_private(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if folder.symlink_metadata()?.is_dir() {
        return Ok(());
    }
    Err(io::Error::other(format!("{} is a link, not a folder of this session", folder.display())))
}

/// Holds that nothing but plain files with one name each is in `folder`, before somebody writes to them by name.
///
/// # Errors
/// With what else is there.
pub fn only_plain_files(folder: &Path) -> io::Result<()> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let facts = path.symlink_metadata()?;
        if !facts.is_file() || facts.nlink() > 1 {
            return Err(io::Error::other(format!("{} is no plain file of this session", path.display())));
        }
    }
    Ok(())
}

/// A file that must not be there yet, whole or not at all; its folder is to be synced.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_private(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map(drop).map_err(|error| error.error)
}

/// Copies every file of the plan's ceremony; the bytes must still be those that were checked. Returns the SHA-256 of
/// the plan's own file.
///
/// # Errors
/// When a file changed since it was loaded, and of the file system.
pub fn fill(session: &Path, from: &DiskFolder, plan: &Plan, origin: &Origin) -> io::Result<String> {
    let mut folders = BTreeSet::from([session.to_owned()]);
    for (path, sha256) in &plan.ceremony.files {
        let file = from.read(path).map_err(|error| io::Error::other(format!("{path}: {error}")))?;
        if file.sha256 != *sha256 {
            return Err(io::Error::other(format!("{path} changed while it was loaded")));
        }
        let copy = session.join(FILES).join(path);
        write(&copy, &file.bytes)?;
        folders.extend(copy.ancestors().skip(1).take_while(|it| *it != session).map(Path::to_owned));
    }
    write(&session.join(ORIGIN), &serde_json::to_vec_pretty(origin)?)?;
    let outline = serde_json::to_vec_pretty(&plan.outline())?;
    write(&session.join(PLAN), &outline)?;
    folders.iter().try_for_each(|folder| sync(folder))?;
    Ok(sha256(&outline))
}

/// Where the session in `folder` came from.
///
/// # Errors
/// Of the file system, or when it is not what was written.
pub fn origin(folder: &Path) -> io::Result<Origin> {
    serde_json::from_slice(&plain::read(&folder.join(ORIGIN))?).map_err(io::Error::other)
}

/// Writes a generated file of the session whole or not at all.
///
/// # Errors
/// Of the file system.
pub fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let path = folder.join(name);
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, bytes)?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    sync(folder)?;
    Ok(path)
}
