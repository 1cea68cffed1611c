//! The folder of sign-offs, read whole and written one by one. What does not belong there is trouble.

use super::seal::{Checker, inspect};
use crate::runner::files::sha256;
use crate::runner::session_folder::make_private;
use crate::signoff::{FOLDER, Filed, Refused, Statement};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// A statement or signature may not be larger than this many bytes.
const BYTES_MAX: u64 = 1 << 20;

/// What the folder of sign-offs holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// In their order; up to the first trouble.
    pub filed: Vec<Filed>,
    /// What does not belong there, is missing or cannot be read, in words.
    pub troubles: Vec<String>,
}

/// Reads the sign-offs of the session in `folder`. Without a checker any key may have signed.
///
/// # Errors
/// Of the file system.
pub fn read(folder: &Path, checker: Option<&Checker>) -> io::Result<Found> {
    let mut found = Found::default();
    let mut statements: BTreeMap<usize, String> = BTreeMap::new();
    let mut signatures: BTreeSet<String> = BTreeSet::new();
    let entries = match std::fs::read_dir(folder.join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.file_type()?.is_file() {
            found.troubles.push(format!("{FOLDER}/{name} is not a plain file"));
        } else if let Some(statement) = name.strip_suffix(".sig") {
            signatures.insert(statement.to_owned());
        } else if let Some(number) = number_of(&name) {
            if let Some(other) = statements.insert(number, name.clone()) {
                found.troubles.push(format!("{FOLDER}/{name} has the number of {FOLDER}/{other}"));
            }
        } else {
            found.troubles.push(format!("{FOLDER}/{name} does not belong there"));
        }
    }
    for orphan in signatures.iter().filter(|name| !statements.values().any(|there| there == *name)) {
        found.troubles.push(format!(
            "{FOLDER}/{orphan}.sig has no statement: if a signing was broken off there, remove it"
        ));
    }
    for (at, (number, name)) in statements.iter().enumerate() {
        if *number != at + 1 {
            found.troubles.push(format!("sign-off number {} is missing: somebody took it away", at + 1));
            break;
        }
        match one(folder, name, signatures.contains(name), checker) {
            Ok(filed) => found.filed.push(filed),
            Err(what) => {
                found.troubles.push(format!("{FOLDER}/{name}: {what}"));
                break;
            }
        }
    }
    Ok(found)
}

/// The number that `001-lead-lena.json` begins with.
fn number_of(name: &str) -> Option<usize> {
    let (digits, rest) = name.split_once('-')?;
    let good =
        digits.len() >= 3 && digits.bytes().all(|byte| byte.is_ascii_digit()) && rest.ends_with(".json");
    digits.parse().ok().filter(|number| good && *number > 0 && format!("{number:03}") == digits)
}

fn one(folder: &Path, name: &str, signed: bool, checker: Option<&Checker>) -> Result<Filed, String> {
    let name = format!("{FOLDER}/{name}");
    let bytes = whole(&folder.join(&name)).map_err(|error| error.to_string())?;
    let statement = Statement::read(&bytes)?;
    let (key, doubt) = if signed {
        let signature = whole(&folder.join(format!("{name}.sig"))).map_err(|error| error.to_string())?;
        let signature = String::from_utf8(signature).map_err(|_| "its signature is not text")?;
        inspect(&signature, &bytes, &statement.predicate, checker)
    } else {
        (String::new(), Some(Refused::Signature("there is none".to_owned())))
    };
    Ok(Filed { name, sha256: sha256(&bytes), statement, key, doubt })
}

fn whole(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    crate::journal::plain::open(std::fs::OpenOptions::new().read(true), path)?
        .take(BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is larger than 1 MiB"));
    }
    Ok(bytes)
}

/// Writes a statement and its signature, first the signature, both synced: a statement without one never appears.
///
/// # Errors
/// Of the file system, also when they are there already.
pub fn write(folder: &Path, name: &str, statement: &[u8], signature: &str) -> io::Result<()> {
    make_private(&folder.join(FOLDER))?;
    let sig = format!("{name}.sig");
    for (name, bytes) in [(sig.as_str(), signature.as_bytes()), (name, statement)] {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(folder.join(name)).map_err(|error| error.error)?;
    }
    File::open(folder.join(FOLDER))?.sync_all()?;
    File::open(folder)?.sync_all()
}
