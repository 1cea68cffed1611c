//! A record checked: does it chain, are the files those it names, and does the core decide the same again?

use super::follow;
use super::replay::{Unreadable, header_of, plan_of};
use crate::definition::Folder;
use crate::journal::file::read;
use crate::journal::head_words;
use crate::runner::files::DiskFolder;
use crate::runner::session_folder::FILES;
use crate::session::{Session, Verdict};
use crate::view::Transcript;
use std::path::Path;

/// What a check of a session folder found.
#[derive(Debug)]
pub struct Verified {
    /// How many entries chain.
    pub entries: u64,
    /// SHA-256 of the record.
    pub head: String,
    /// The same for people.
    pub words: String,
    /// The verdict that follows from the entries.
    pub verdict: Verdict,
    /// Whether the session was closed.
    pub closed: bool,
    /// Bytes of a torn last line: harmless, never acknowledged.
    pub torn: usize,
    /// What does not agree, with the entry's number where there is one.
    pub divergences: Vec<String>,
}

/// Checks the session in `folder`.
///
/// # Errors
/// When the record cannot be read or does not chain.
pub fn verify(folder: &Path) -> Result<Verified, Unreadable> {
    let found = read(folder).map_err(Unreadable::Journal)?;
    let plan = plan_of(folder, &found.entries)?;
    let mut session = Session::new(plan);
    let mut transcript = Transcript::default();
    let mut divergences = Vec::new();
    for entry in &found.entries {
        if session.decide(&entry.cause, entry.at()) != entry.events {
            let tool = session.header.as_ref().map_or("?", |header| header.tool.as_str());
            divergences.push(format!(
                "entry {}: this program ({}) decides something else there than the record (written by {tool}) says",
                entry.n,
                env!("CARGO_PKG_VERSION")
            ));
            break;
        }
        if let Err(why) = follow(&mut session, &mut transcript, entry) {
            divergences.push(format!("entry {}: {why}", entry.n));
            break;
        }
    }
    divergences.extend(files(folder, &found.entries));
    let head = found.chain.head();
    Ok(Verified {
        entries: found.chain.entries(),
        words: head_words(&head),
        head,
        verdict: session.verdict(),
        closed: matches!(session.phase, crate::session::Phase::Closed(_)),
        torn: found.torn,
        divergences,
    })
}

/// The copies in the folder against the checksums in the first entry.
fn files(folder: &Path, entries: &[crate::journal::Entry]) -> Vec<String> {
    let (Some(header), Ok(copies)) = (header_of(entries), DiskFolder::new(&folder.join(FILES))) else {
        return vec!["the copies of the definition's files are missing".to_owned()];
    };
    header
        .inputs
        .iter()
        .filter_map(|(path, sha256)| match copies.read(path) {
            Ok(file) if file.sha256 == *sha256 => None,
            Ok(file) => {
                Some(format!("{FILES}/{path} is another file: sha256 {}, recorded {sha256}", file.sha256))
            }
            Err(error) => Some(format!("{FILES}/{path}: {error}")),
        })
        .collect()
}
