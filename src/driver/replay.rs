//! A record read back: the same session and transcript, at any entry, forward and back. No runner, no effects.

use super::follow;
use crate::definition::{Diagnostic, Folder, load};
use crate::journal::file::{JournalError, read};
use crate::journal::{Entry, Recovered};
use crate::plan::Plan;
use crate::runner::files::{DiskFolder, in_words};
use crate::runner::session_folder::{FILES, PLAN};
use crate::session::{Event, Header, Session};
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
                "the session's files cannot be read: {what}\n  why:  a record is read with plan.json and files/ beside it\n  \
                 next: restore them from a copy of the session's folder"
            ),
            Self::Definition(problems) => {
                let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
                write!(f, "{}", list.join("\n"))
            }
        }
    }
}

impl std::error::Error for Unreadable {}

/// The header in the first entry.
pub fn header_of(entries: &[Entry]) -> Option<&Header> {
    entries.first()?.events.iter().find_map(|event| match event {
        Event::Opened { header } => Some(&**header),
        _ => None,
    })
}

/// The plan of a session, from the copies in its folder.
///
/// # Errors
/// When they cannot be read.
pub fn plan_of(folder: &Path, entries: &[Entry]) -> Result<Arc<Plan>, Unreadable> {
    let files = DiskFolder::new(&folder.join(FILES))
        .map_err(|error| Unreadable::Files(format!("{FILES}/: {}", in_words(&error))))?;
    let header = header_of(entries)
        .ok_or_else(|| Unreadable::Files("the record does not begin with an opening".to_owned()))?;
    let ceremony = load(&files, &header.definition).map_err(Unreadable::Definition)?;
    let wrong = |why: String| Unreadable::Files(format!("{PLAN}: {why}"));
    let here = DiskFolder::new(folder).map_err(|error| wrong(in_words(&error)))?;
    let planned = here.read(PLAN).map_err(wrong)?;
    if planned.sha256 != header.plan {
        return Err(wrong(format!(
            "it was changed: its sha256 is {}, recorded {}",
            planned.sha256, header.plan
        )));
    }
    let outline = serde_json::from_slice(&planned.bytes).map_err(|error| wrong(error.to_string()))?;
    Plan::recorded(ceremony, outline).map(Arc::new).map_err(|why| wrong(why.to_owned()))
}

/// A record that is being looked at.
#[derive(Debug)]
pub struct Player {
    entries: Vec<Entry>,
    snapshots: Vec<(usize, Session, Transcript)>,
    /// How many entries are applied.
    at: usize,
    /// How many entries were decided again.
    decided: usize,
    /// The session after them.
    pub session: Session,
    /// The transcript after them.
    pub transcript: Transcript,
    /// SHA-256 of the whole record.
    pub head: String,
    /// Bytes of a torn last line that are not shown.
    pub torn: usize,
    /// The first entry that this core would not have written: another version wrote it, or it was made up.
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
            decided: 0,
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
            if self.divergent.is_none()
                && self.at >= self.decided
                && self.session.decide(&entry.cause, entry.at()) != entry.events
            {
                self.divergent = Some(entry.n);
            }
            self.decided = self.decided.max(self.at + 1);
            // A record that chains can still have been made up, and then not even fit: it is shown up to there.
            if follow(&mut self.session, &mut self.transcript, entry).is_err() {
                self.divergent = Some(entry.n);
                self.entries.truncate(self.at);
                return;
            }
            self.at += 1;
            let due = self.snapshots.last().is_none_or(|(at, _, _)| self.at >= at + SNAPSHOT_EVERY);
            if due {
                self.snapshots.push((self.at, self.session.clone(), self.transcript.clone()));
            }
        }
    }
}
