//! The torn end of a record, kept beside it: never lost, and never cut without being told of.

use super::FILE_NAME;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The file for what was torn at entry `n`; `again` is 0 for the first that was torn there.
fn name(n: usize, again: usize) -> String {
    match again {
        0 => format!("{FILE_NAME}.torn-{n}"),
        again => format!("{FILE_NAME}.torn-{n}.{again}"),
    }
}

/// Keeps `torn`, which stands where entry `n` would, synced, and returns how many bytes were cut there in all: also by
/// one who went on before and ended before the cut was recorded.
///
/// # Errors
/// Of the file system. Nothing may be cut then.
pub(super) fn keep(folder: &Path, n: usize, torn: &[u8]) -> io::Result<usize> {
    let mut cut = torn.len();
    let mut again = 0;
    let path = loop {
        let path = folder.join(name(n, again));
        match std::fs::symlink_metadata(&path) {
            // Cut short before, it is in the record still.
            Ok(there) if there.is_file() && !torn.is_empty() && std::fs::read(&path)? == torn => {
                return Ok(cut);
            }
            Ok(there) if there.is_file() => cut += usize::try_from(there.len()).unwrap_or(0),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => break path,
            Err(error) => return Err(error),
        }
        again += 1;
    };
    if !torn.is_empty() {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(torn)?;
        file.sync_all()?;
        File::open(folder)?.sync_all()?;
    }
    Ok(cut)
}
