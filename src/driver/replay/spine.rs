//! What a session was at the start of every block of its record. Entries that only add lines to the output change
//! nothing of that and are not read for it, so that the spine of a long record is short.

use super::{Misfit, step};
use crate::journal::pages::Pages;
use crate::plan::Plan;
use crate::session::Session;
use crate::view::{TimelineMark, Transcript, timeline_mark};
use std::sync::Arc;

/// A session and everything a transcript holds but its lines.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub session: Arc<Session>,
    pub facts: Arc<Transcript>,
}

/// The states at the starts of blocks, as far as they are known.
#[derive(Debug)]
pub(super) struct Spine {
    now: State,
    /// At the start of each block.
    starts: Vec<State>,
    /// Entries that are behind `now`.
    pub at: usize,
    /// What a reviewer looks for, in the record's order, as far as the spine reaches.
    pub marks: Vec<TimelineMark>,
}

impl Spine {
    pub fn new(plan: Arc<Plan>) -> Self {
        let now = State { session: Arc::new(Session::new(plan)), facts: Arc::default() };
        Self { now, starts: Vec::new(), at: 0, marks: Vec::new() }
    }

    /// Goes on by one block; returns how many entries had to be read.
    ///
    /// # Errors
    /// With the first entry that cannot be read or does not fit. The spine does not reach behind it then.
    pub fn extend(&mut self, pages: &mut Pages) -> Result<usize, Misfit> {
        let index = Arc::clone(pages.index());
        self.starts.push(self.now.clone());
        let mut read = 0;
        for at in index.entries_of(self.starts.len() - 1) {
            if !index.is_plain(at) {
                let entry = pages.entry(at).map_err(|error| Misfit::unreadable(at, &error))?;
                let facts = Arc::make_mut(&mut self.now.facts);
                step(&mut self.now.session, facts, &entry)?;
                facts.lines.clear();
                self.marks.extend(timeline_mark(&entry));
                read += 1;
            }
            self.at = at + 1;
        }
        Ok(read)
    }

    /// The state at the start of a block that the spine has reached.
    pub fn start_of(&self, block: usize) -> Option<&State> {
        self.starts.get(block)
    }
}
