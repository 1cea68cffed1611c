//! A record read back: the same session and transcript, at its end or at any entry. No runner, no effects.

mod again;
mod find;
mod place;
mod playback;
mod reading;
mod reel;
mod spine;

pub use again::Again;
pub use find::Find;
pub use place::Place;
pub use playback::{Playback, RUN_MAX, were_shown};
pub use reading::{REVIEW, Reading};
pub use reel::Reel;

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

/// Why a session folder cannot be read back.
#[derive(Debug)]
pub enum Unreadable {
    /// The record.
    Journal(JournalError),
    /// The copies of the definition's files.
    Files(String),
    /// They are not those that were recorded, each in words.
    Changed(Vec<String>),
    /// They do not make a definition any more.
    Definition(Vec<Diagnostic>),
}

impl Unreadable {
    /// Why copies that were changed are not read, and what next.
    pub const CHANGED: &str =
        "  why:  what is in the folder is not what was recorded\n  next: ask who changed it; do not sign it";
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
            Self::Changed(files) => write!(f, "{}\n{}", files.join("\n"), Self::CHANGED),
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
/// When they cannot be read, or are not those that were recorded.
pub fn plan_of(folder: &Path, entries: &[Entry]) -> Result<Arc<Plan>, Unreadable> {
    plan_of_header(folder, header_of(entries))
}

fn plan_of_header(folder: &Path, header: Option<&Header>) -> Result<Arc<Plan>, Unreadable> {
    let files = DiskFolder::new(&folder.join(FILES))
        .map_err(|error| Unreadable::Files(format!("{FILES}/: {}", in_words(&error))))?;
    let header =
        header.ok_or_else(|| Unreadable::Files("the record does not begin with an opening".to_owned()))?;
    let changed = changed_files(&files, header);
    if !changed.is_empty() {
        return Err(Unreadable::Changed(changed));
    }
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

/// What is not as recorded of the copies of the definition and its files, in words.
fn changed_files(copies: &DiskFolder, header: &Header) -> Vec<String> {
    let changed = |(path, sha256): (&String, &String)| match copies.read(path) {
        Ok(file) if file.sha256 == *sha256 => None,
        Ok(file) => {
            Some(format!("{FILES}/{path} is another file: sha256 {}, recorded {sha256}", file.sha256))
        }
        Err(error) => Some(format!("{FILES}/{path}: {error}")),
    };
    header.inputs.iter().filter_map(changed).collect()
}

/// An entry that cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Counted from 0: so many entries are before it.
    pub at: usize,
    /// What is wrong with it.
    pub what: String,
}

impl Misfit {
    fn unreadable(at: usize, error: &JournalError) -> Self {
        let what = match error {
            JournalError::Corrupt(_, corruption) => corruption.what.clone(),
            other => other.to_string(),
        };
        Self { at, what }
    }
}

/// Applies an entry that may have been made up. A session that an entry leaves as it was is not copied.
fn step(session: &mut Arc<Session>, transcript: &mut Transcript, entry: &Entry) -> Result<(), Misfit> {
    if entry.events.is_empty() {
        transcript.take(entry, session);
        return Ok(());
    }
    let misfit = |what: &str| Misfit {
        at: usize::try_from(entry.n.saturating_sub(1)).unwrap_or(usize::MAX),
        what: what.to_owned(),
    };
    follow(Arc::make_mut(session), transcript, entry).map_err(misfit)
}

/// A record that was read as a whole: the session and the transcript at its end.
#[derive(Debug)]
pub struct Player {
    entries: Vec<Entry>,
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
        let mut player = Self {
            session: Session::new(plan),
            transcript: Transcript::default(),
            head: found.chain.head(),
            torn: found.torn,
            divergent: None,
            entries: found.entries,
        };
        for at in 0..player.entries.len() {
            let entry = &player.entries[at];
            if player.divergent.is_none() && !player.session.decides(&entry.cause, entry.at(), &entry.events)
            {
                player.divergent = Some(entry.n);
            }
            // A record that chains can still have been made up, and then not even fit: it is shown up to there.
            if follow(&mut player.session, &mut player.transcript, entry).is_err() {
                player.divergent = Some(entry.n);
                player.entries.truncate(at);
                break;
            }
        }
        player
    }

    /// All entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}
