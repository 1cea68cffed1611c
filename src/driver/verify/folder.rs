//! What is in a session's folder beside the record, and by what a change of it is found.

use crate::journal::FILE_NAME;
use crate::runner::files::DiskFolder;
use crate::runner::session_folder::{FILES, PLAN};
use crate::session::Header;
use std::collections::BTreeMap;
use std::path::Path;

/// How a change of a file would come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The record itself: its chain, deciding it again, and for its end the head.
    Record,
    /// Its checksum is in the record.
    Recorded,
    /// It is signed, or a signature.
    Signed,
    /// It is made from the record, and made again to be compared.
    Generated,
    /// No evidence: nobody relies on it, and what reads it holds it against the record or the database.
    Beside,
    /// Nothing of ours.
    Stranger,
}

/// The class of a file by its path within the folder; `recorded` are the paths whose checksums the record has.
pub fn class_of(path: &str, recorded: impl Fn(&str) -> bool) -> Class {
    let (top, rest) = path.split_once('/').map_or((path, None), |(top, rest)| (top, Some(rest)));
    match (top, rest) {
        (FILE_NAME, None) => Class::Record,
        (PLAN, None) => Class::Recorded,
        _ if recorded(path) => Class::Recorded,
        ("signoff", Some(_)) => Class::Signed,
        ("report.md" | "report.html" | "report.json" | "report.junit.xml", None) => Class::Generated,
        ("backup", Some(name)) if is_aid(name) => Class::Beside,
        ("origin.json" | "rehearsal.json" | "session.cast" | "live.sock", None) => Class::Beside,
        ("review" | "log" | "server", Some(_)) => Class::Beside,
        (name, None) if name.starts_with("session.jsonl.torn-") => Class::Beside,
        _ => Class::Stranger,
    }
}

/// What the runner keeps of schemas, to say more than that something differs. What it says is compared with the
/// database, and what came of that is in the record.
fn is_aid(name: &str) -> bool {
    name.ends_with(".json") && (name.starts_with("schema-") || name.starts_with("rung-"))
}

/// The files that the first entry names and those that were `kept` later, path and checksum, against what is there.
/// What is said is either wrong or only noted.
pub(super) fn look(
    folder: &Path,
    header: Option<&Header>,
    kept: &BTreeMap<String, String>,
) -> (Vec<String>, Vec<String>) {
    let (Some(header), Ok(here)) = (header, DiskFolder::new(folder)) else {
        return (vec!["the copies of the definition's files are missing".to_owned()], Vec::new());
    };
    let mut recorded: BTreeMap<String, &String> =
        header.inputs.iter().map(|(path, sha256)| (format!("{FILES}/{path}"), sha256)).collect();
    recorded.extend(kept.iter().map(|(path, sha256)| (path.clone(), sha256)));
    let (mut wrong, mut noted) = (Vec::new(), Vec::new());
    for (path, sha256) in &recorded {
        match here.sha256_of(path) {
            Ok(found) if found == **sha256 => {}
            Ok(found) => wrong.push(format!("{path} is another file: sha256 {found}, recorded {sha256}")),
            // Rows of a table may stay where they belong when the folder is handed on.
            Err(_) if kept.contains_key(path) && !folder.join(path).exists() => {
                noted.push(format!("{path} is not there; the record has its checksum"));
            }
            Err(error) => wrong.push(format!("{path}: {error}")),
        }
    }
    for path in paths(folder) {
        if class_of(&path, |path| recorded.contains_key(path)) == Class::Stranger {
            let said = format!("{path} is nothing that the record names");
            if path.starts_with("files/") { wrong.push(said) } else { noted.push(said) }
        }
    }
    (wrong, noted)
}

/// Every file in the folder by its path in it. What cannot be listed is left out: nothing in there is relied on.
fn paths(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(folder.join(&at)).into_iter().flatten().flatten() {
            let path = format!("{at}{}", entry.file_name().to_string_lossy());
            match entry.file_type() {
                // A server of its own has thousands, and none is evidence.
                Ok(kind) if kind.is_dir() && path != "server" => folders.push(format!("{path}/")),
                Ok(kind) if kind.is_dir() => {}
                _ => found.push(path),
            }
        }
    }
    found.sort();
    found
}
