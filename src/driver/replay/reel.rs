//! A record that is looked at: the session and its transcript behind any entry, wherever one goes and however long the
//! record is.
//!
//! To get somewhere, the state at the start of the block is taken from the spine, and the block's entries are followed
//! up to there. The lines of the output that stand before the block are made afterwards, in slices ([`Reel::work`]).

use super::spine::{Spine, State};
use super::{Misfit, Unreadable, plan_of_header, step};
use crate::journal::pages::Pages;
use crate::plan::Plan;
use crate::session::{Event, Session};
use crate::time::{Moment, Timestamp};
use crate::view::{LINES_MAX, Line, TimelineMark, Transcript, only_adds_lines};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

/// So many entries are read at once when a record is opened, to know its marks and whether all fits.
const AT_ONCE: usize = 20_000;

/// A record that is wound forward and back.
#[derive(Debug)]
pub struct Reel {
    pages: Pages,
    plan: Arc<Plan>,
    spine: Spine,
    session: Arc<Session>,
    transcript: Transcript,
    /// How many entries are followed.
    at: usize,
    /// The transcript's lines are those of entries from here on, as many as it keeps.
    lines_from: usize,
    /// Where to, while the spine does not reach so far.
    wanted: Option<usize>,
    /// Entries that can be shown.
    end: usize,
    misfit: Option<Misfit>,
}

impl Reel {
    /// Opens the session in `folder` and stands before its first entry.
    ///
    /// # Errors
    /// When it cannot be read or trusted.
    pub fn open(folder: &Path) -> Result<Self, Unreadable> {
        let mut pages = Pages::open(folder, only_adds_lines).map_err(Unreadable::Journal)?;
        let first = if pages.index().is_empty() { None } else { pages.entry(0).ok() };
        let header = first.as_ref().and_then(|entry| match entry.events.first() {
            Some(Event::Opened { header }) => Some(&**header),
            _ => None,
        });
        let plan = plan_of_header(folder, header)?;
        let end = pages.index().len();
        let spine = Spine::new(Arc::clone(&plan));
        let session = Arc::new(Session::new(Arc::clone(&plan)));
        let transcript = Transcript::default();
        let mut reel = Self {
            pages,
            plan,
            spine,
            session,
            transcript,
            at: 0,
            lines_from: 0,
            wanted: None,
            end,
            misfit: None,
        };
        let mut read = 0;
        while read < AT_ONCE && reel.spine.at < reel.end {
            read += reel.extend();
        }
        Ok(reel)
    }

    /// The session behind the last entry that was followed.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// The transcript behind it.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// What the ceremony's plan was.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The record, for another thread.
    ///
    /// # Errors
    /// Of the file system.
    pub fn pages(&self) -> Result<Pages, Unreadable> {
        self.pages.again().map_err(Unreadable::Journal)
    }

    /// SHA-256 of the whole record.
    pub fn head(&self) -> &str {
        self.pages.index().head()
    }

    /// Bytes of a torn last line.
    pub fn torn(&self) -> u64 {
        self.pages.index().torn()
    }

    /// How many entries can be shown: all, unless one does not fit.
    pub fn len(&self) -> usize {
        self.end
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// How many entries are followed: the number of the one that is shown.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether entry number `n` only adds lines to the output.
    pub fn is_plain(&self, n: usize) -> bool {
        n > 0 && self.pages.index().is_plain(n - 1)
    }

    /// The first entry that cannot be shown, with what is wrong with it.
    pub fn misfit(&self) -> Option<&Misfit> {
        self.misfit.as_ref()
    }

    /// What a reviewer looks for, in order, and up to which entry it is known.
    pub fn marks(&self) -> (&[TimelineMark], usize) {
        (&self.spine.marks, self.spine.at)
    }

    /// When entry number `n` was decided.
    pub fn moment(&mut self, n: usize) -> Moment {
        let nothing = Moment { wall: Timestamp::from_micros(0), mono_us: 0 };
        match n.min(self.end) {
            0 => nothing,
            n => self.pages.moment(n - 1).unwrap_or(nothing),
        }
    }

    /// Number of the first entry for whose time `early` does not hold, as it holds for all before it; at most the
    /// last.
    pub fn first_where_not(&mut self, early: impl Fn(Moment) -> bool) -> usize {
        let entries = self.pages.index().entries_of(self.pages.index().block_where(&early));
        let found = entries.clone().find(|at| self.pages.moment(*at).is_ok_and(|moment| !early(moment)));
        (found.unwrap_or(entries.end) + 1).min(self.end)
    }

    /// Goes to just behind entry number `to`, at most the last: at once where it can, else as [`Reel::work`] goes on.
    pub fn seek(&mut self, to: usize) {
        self.wanted = Some(to);
        self.arrive();
    }

    /// Where to, and how far the way there is known, while that takes a while.
    pub fn on_the_way(&self) -> Option<(usize, usize)> {
        self.wanted.map(|to| (self.spine.at, to.min(self.end)))
    }

    /// A slice of what there is to do in the background, some milliseconds; false when everything is done.
    pub fn work(&mut self) -> bool {
        if self.wanted.is_some() {
            self.extend();
            self.arrive();
            return true;
        }
        if self.fill() {
            return true;
        }
        if self.spine.at < self.end {
            self.extend();
            return true;
        }
        false
    }

    fn extend(&mut self) -> usize {
        match self.spine.extend(&mut self.pages) {
            Ok(read) => read,
            Err(misfit) => {
                self.stop_before(misfit);
                0
            }
        }
    }

    /// A record that chains can still have been made up: it is shown up to there.
    fn stop_before(&mut self, misfit: Misfit) {
        self.end = self.end.min(misfit.at);
        self.misfit = Some(misfit);
        if self.at > self.end {
            self.seek(self.end);
        }
    }

    fn arrive(&mut self) {
        let Some(to) = self.wanted.map(|to| to.min(self.end)) else { return };
        let index = Arc::clone(self.pages.index());
        let block = index.block_of(to.saturating_sub(1));
        if to < self.at || block > index.block_of(self.at) + 1 {
            let first = index.entries_of(block).start;
            match self.spine.start_of(block) {
                Some(start) if self.spine.at >= to => self.jump(first, start.clone()),
                _ => return,
            }
        } else if self.spine.at < to {
            return;
        }
        self.wanted = None;
        while self.at < to {
            let followed = self.pages.entry(self.at).map_err(|error| Misfit::unreadable(self.at, &error));
            let followed = followed.and_then(|entry| step(&mut self.session, &mut self.transcript, &entry));
            if let Err(misfit) = followed {
                return self.stop_before(misfit);
            }
            self.at += 1;
        }
    }

    /// Takes the state at the start of a block, and of the lines those that are before it.
    fn jump(&mut self, first: usize, start: State) {
        let mut lines = std::mem::take(&mut self.transcript.lines);
        let joined = self.lines_from <= first && first <= self.at;
        if joined {
            // Where lines were dropped at the front, the oldest entry may not have all of its own.
            if lines.len() >= LINES_MAX
                && let Some(partly) = lines.front().map(|line| line.entry)
            {
                while lines.pop_front_if(|line| line.entry == partly).is_some() {}
                self.lines_from = usize::try_from(partly).unwrap_or(first);
            }
            while lines.pop_back_if(|line| line.entry > first as u64).is_some() {}
        }
        if !joined || self.lines_from > first {
            lines.clear();
            self.lines_from = first;
        }
        self.at = first;
        self.session = start.session;
        self.transcript = Transcript { lines, ..(*start.facts).clone() };
    }

    /// Makes lines of one block before those that are there; false when there are enough.
    fn fill(&mut self) -> bool {
        if self.lines_from == 0 || self.transcript.lines.len() >= LINES_MAX {
            return false;
        }
        let index = Arc::clone(self.pages.index());
        let block = index.block_of(self.lines_from - 1);
        let first = index.entries_of(block).start;
        let Some(start) = self.spine.start_of(block) else { return false };
        let State { mut session, facts } = start.clone();
        let mut transcript = (*facts).clone();
        for at in first..self.lines_from {
            let entry = self.pages.entry(at).map_err(|error| Misfit::unreadable(at, &error));
            if let Err(misfit) = entry.and_then(|entry| step(&mut session, &mut transcript, &entry)) {
                self.stop_before(misfit);
                return true;
            }
        }
        prepend(&mut self.transcript.lines, transcript.lines);
        self.lines_from = first;
        true
    }
}

fn prepend(lines: &mut VecDeque<Line>, older: VecDeque<Line>) {
    let room = LINES_MAX.saturating_sub(lines.len());
    for line in older.into_iter().rev().take(room) {
        lines.push_front(line);
    }
}
