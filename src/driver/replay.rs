//! A record read back: the same session and transcript, at any entry, forward and back. No runner, no effects.

use super::take;
use crate::definition::{Diagnostic, load};
use crate::journal::file::{JournalError, read};
use crate::journal::{Entry, Recovered};
use crate::plan::Plan;
use crate::runner::files::DiskFolder;
use crate::runner::session_folder::FILES;
use crate::session::{Event, Session};
use crate::view::Transcript;
use std::path::Path;
use std::sync::Arc;

/// A snapshot is kept every so many entries, so that going back does not start at the beginning.
const SNAPSHOT_EVERY: usize = 2_000;

/// Why a session folder cannot be read back.
#[derive(Debug)]
pub enum Unreadable {
    /// The record.
    Journal(JournalError),
    /// The copies of the definition's files.
    Files(String),
    /// They do not make a definition any more.
    Definition(Vec<Diagnostic>),
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Journal(error) => write!(f, "{error}"),
            Self::Files(what) => write!(
                f,
                "the session's files cannot be read: {what}\n  why:  a session folder holds session.jsonl and files/\n  \
                 next: name the folder of a session"
            ),
            Self::Definition(problems) => {
                let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
                write!(f, "{}", list.join("\n"))
            }
        }
    }
}

impl std::error::Error for Unreadable {}

/// The plan of a session, from the copies in its folder.
///
/// # Errors
/// When they cannot be read.
pub fn plan_of(folder: &Path, entries: &[Entry]) -> Result<Arc<Plan>, Unreadable> {
    let files = DiskFolder::new(&folder.join(FILES)).map_err(|error| Unreadable::Files(error.to_string()))?;
    let definition = entries
        .first()
        .and_then(|entry| {
            entry.events.iter().find_map(|event| match event {
                Event::Opened { header } => Some(header.definition.clone()),
                _ => None,
            })
        })
        .ok_or_else(|| Unreadable::Files("the record does not begin with an opening".to_owned()))?;
    let ceremony = load(&files, &definition).map_err(Unreadable::Definition)?;
    Ok(Arc::new(Plan::new(ceremony)))
}

/// A record that is being looked at.
#[derive(Debug)]
pub struct Player {
    entries: Vec<Entry>,
    snapshots: Vec<(usize, Session, Transcript)>,
    /// How many entries are applied.
    at: usize,
    /// How many entries were decided again and came out the same.
    trusted: usize,
    /// The session after them.
    pub session: Session,
    /// The transcript after them.
    pub transcript: Transcript,
    /// SHA-256 of the whole record.
    pub head: String,
    /// Bytes of a torn last line that are not shown.
    pub torn: usize,
    /// The first entry that the core would not have written; nothing behind it is shown.
    pub divergent: Option<u64>,
}

impl Player {
    /// Reads the session in `folder` and stands at its end.
    ///
    /// # Errors
    /// When it cannot be read or trusted.
    pub fn open(folder: &Path) -> Result<Self, Unreadable> {
        let found = read(folder).map_err(Unreadable::Journal)?;
        let plan = plan_of(folder, &found.entries)?;
        Ok(Self::new(plan, found))
    }

    /// Plays what was recovered.
    pub fn new(plan: Arc<Plan>, found: Recovered) -> Self {
        let session = Session::new(plan);
        let transcript = Transcript::default();
        let mut player = Self {
            snapshots: vec![(0, session.clone(), transcript.clone())],
            head: found.chain.head(),
            torn: found.torn,
            divergent: None,
            entries: found.entries,
            at: 0,
            trusted: 0,
            session,
            transcript,
        };
        player.seek(player.entries.len());
        player
    }

    /// All entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many entries are applied.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Goes to just after entry number `to`, at most the last.
    pub fn seek(&mut self, to: usize) {
        let to = to.min(self.entries.len());
        if to < self.at {
            let from = self.snapshots.iter().rfind(|(at, _, _)| *at <= to);
            if let Some((at, session, transcript)) = from {
                (self.at, self.session, self.transcript) = (*at, session.clone(), transcript.clone());
            }
        }
        while self.at < to {
            let entry = &self.entries[self.at];
            if self.at >= self.trusted {
                // A record that chains can still have been made up; applying it could break what the core asserts.
                if self.session.decide(&entry.cause, entry.at()) != entry.events {
                    self.divergent = Some(entry.n);
                    self.entries.truncate(self.at);
                    return;
                }
                self.trusted = self.at + 1;
            }
            take(&mut self.session, &mut self.transcript, entry);
            self.at += 1;
            let due = self.snapshots.last().is_none_or(|(at, _, _)| self.at >= at + SNAPSHOT_EVERY);
            if due {
                self.snapshots.push((self.at, self.session.clone(), self.transcript.clone()));
            }
        }
    }
}
