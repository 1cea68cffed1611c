//! Files of a session are plain files: what was planted in the place of one (a link, a pipe, a device) is neither
//! waited for nor followed, neither read nor written.

use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Opens a plain file as `options` say.
///
/// # Errors
/// Of the file system, and when something else stands there.
pub fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // Without waiting: a pipe has no other end.
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or(0);
    let opened = options.custom_flags(flags).open(path);
    let planted = |what: &str| io::Error::other(format!("{what}, not a plain file of this session"));
    let is_link = || path.symlink_metadata().is_ok_and(|facts| facts.is_symlink());
    let file = opened.map_err(|error| if is_link() { planted("it is a link") } else { error })?;
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(planted("it is a folder, a pipe or a device"));
    }
    Ok(file)
}

/// Opens a plain file to be written, which must have no second name.
///
/// # Errors
/// As [`open`], and when another path leads to the same file.
pub fn open_to_write(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = open(options, path)?;
    if file.metadata()?.nlink() > 1 {
        return Err(io::Error::other("it has a second name (a hard link), and is not written through it"));
    }
    Ok(file)
}

/// Reads a plain file.
///
/// # Errors
/// As [`open`].
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(OpenOptions::new().read(true), path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}
