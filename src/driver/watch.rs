//! A record followed while another process writes it: the same session and transcript, a moment later. No runner.

use super::follow;
use super::replay::{Unreadable, plan_of};
use crate::journal::Entry;
use crate::journal::head_words;
use crate::journal::tail::Tail;
use crate::session::Session;
use crate::time::Moment;
use crate::view::Transcript;
use std::path::Path;

/// A session that is watched.
#[derive(Debug)]
pub struct Watched {
    tail: Tail,
    /// The session as far as it was read.
    pub session: Session,
    /// The transcript as far as it was read.
    pub transcript: Transcript,
    /// The record's head as words.
    pub words: String,
    /// When the newest entry was written.
    pub last: Moment,
    /// Why it is not followed any further, or what is odd about it.
    pub trouble: Option<String>,
    broken: bool,
}

impl Watched {
    /// Begins with the session in `folder`; `None` while its record has no entry yet.
    ///
    /// # Errors
    /// When it cannot be read or trusted.
    pub fn begin(folder: &Path) -> Result<Option<Self>, Unreadable> {
        let mut tail = Tail::new(folder);
        let entries = tail.more().map_err(Unreadable::Journal)?;
        let Some(first) = entries.first() else { return Ok(None) };
        let mut watched = Self {
            session: Session::new(plan_of(folder, &entries)?),
            transcript: Transcript::default(),
            words: String::new(),
            last: first.at(),
            trouble: None,
            broken: false,
            tail,
        };
        watched.take(&entries);
        Ok(Some(watched))
    }

    /// Reads on; returns whether something came.
    pub fn more(&mut self) -> bool {
        if self.broken {
            return false;
        }
        match self.tail.more() {
            Ok(entries) => {
                self.take(&entries);
                !entries.is_empty()
            }
            Err(error) => {
                self.end(&error.to_string());
                true
            }
        }
    }

    fn take(&mut self, entries: &[Entry]) {
        for entry in entries {
            if self.trouble.is_none() && !self.session.decides(&entry.cause, entry.at(), &entry.events) {
                let n = entry.n;
                self.trouble = Some(format!(
                    "entry {n}: this version decides something else there; ceremony verify says more"
                ));
            }
            if let Err(why) = follow(&mut self.session, &mut self.transcript, entry) {
                self.end(&format!("entry {} does not fit: {why}", entry.n));
                break;
            }
            self.last = entry.at();
        }
        self.words = head_words(&self.tail.chain().head());
    }

    /// What cannot be trusted is not followed; what was shown stays on the screen.
    fn end(&mut self, why: &str) {
        self.trouble = Some(format!("not followed any further: {why}"));
        self.broken = true;
    }
}
