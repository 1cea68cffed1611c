//! The loop: decide, append, apply, start effects. What is not on disk is not done.

mod batch;
pub mod cast;
pub mod headless;
pub mod live;
pub mod mask;
pub mod replay;
pub mod verify;
pub mod watch;
pub mod witness;

use self::mask::Mask;
use crate::journal::Entry;
use crate::journal::file::{JournalError, JournalFile};
use crate::runner::{Recorded, Runner};
use crate::session::{Effect, Event, Input, Outcome, Refusal, Report, Session};
use crate::time::Moment;
use crate::view::Transcript;

/// What the driver hears, in one total order.
#[derive(Debug)]
pub enum Message {
    /// From the runner.
    Outcome(Outcome),
    /// From the terminal, with the time at which it came: one that waits here must not look like a fast finger.
    Term(crossterm::event::Event, Moment),
    /// The terminal is gone.
    TermGone,
    /// A signal of the operating system, by its number.
    Signal(i32),
    /// From somebody who watches.
    Witness(witness::Word),
    /// To somebody who watches: the entry in which their word stands, or why it stands in none.
    Said(Result<u64, Refusal>),
}

/// Where decisions are written before anything is applied or done.
pub trait Journal {
    /// Appends one decision; with `barrier` it is on disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written. Nothing may be applied or done then.
    fn append(
        &mut self,
        at: Moment,
        cause: Input,
        events: Vec<Event>,
        barrier: bool,
    ) -> Result<Entry, JournalError>;

    /// SHA-256 of everything written.
    fn head(&self) -> String;
}

impl Journal for JournalFile {
    fn append(
        &mut self,
        at: Moment,
        cause: Input,
        events: Vec<Event>,
        barrier: bool,
    ) -> Result<Entry, JournalError> {
        JournalFile::append(self, at, cause, events, barrier)
    }

    fn head(&self) -> String {
        self.chain().head()
    }
}

/// A session that is being driven: its state, its record and what was said so far.
#[derive(Debug)]
pub struct Drive<J> {
    /// The state.
    pub session: Session,
    /// What the panes show beside it.
    pub transcript: Transcript,
    /// The record.
    pub journal: J,
    /// What must not get into it.
    pub mask: Mask,
}

impl<J: Journal> Drive<J> {
    /// Drives `session`, whose decisions so far are in `journal`.
    pub fn new(session: Session, transcript: Transcript, journal: J) -> Self {
        Self { session, transcript, journal, mask: Mask::default() }
    }

    /// Decides on `input`, writes it down, applies it, and returns what is to be done.
    ///
    /// # Errors
    /// When it cannot be written down: then nothing is applied and there is nothing to do.
    pub fn feed(&mut self, input: Input, at: Moment) -> Result<Vec<Effect>, JournalError> {
        let (input, masked) = self.mask.mask(input);
        let told: Vec<Input> = masked.into_iter().map(|hit| Mask::report(&input, hit)).collect();
        let mut effects = self.feed_masked(input, at)?;
        for input in told {
            effects.extend(self.feed_masked(input, at)?);
        }
        Ok(effects)
    }

    fn feed_masked(&mut self, input: Input, at: Moment) -> Result<Vec<Effect>, JournalError> {
        let events = self.session.decide(&input, at);
        let barrier = events.iter().any(Event::is_barrier);
        let entry = self.journal.append(at, input, events, barrier)?;
        log(&entry);
        Ok(take(&mut self.session, &mut self.transcript, &entry))
    }
}

/// Starts what a decision asks of the world, now that it is on disk.
fn start<J: Journal>(runner: &mut dyn Runner, effects: Vec<Effect>, drive: &Drive<J>) {
    if effects.is_empty() {
        return;
    }
    let recorded = Recorded { entry: drive.transcript.entries, head: drive.journal.head() };
    effects.into_iter().for_each(|effect| runner.start(effect, &recorded));
}

/// Every decision is in the log too, errors as errors.
fn log(entry: &Entry) {
    for event in &entry.events {
        match event {
            Event::Halted { halt } => {
                let (step, why) = (&halt.step, &halt.why);
                tracing::error!(entry = entry.n, ?step, ?why, left = ?halt.left, "STOP THE WORLD");
            }
            Event::FindingRaised { .. } | Event::StepReopened { .. } | Event::StageReopened { .. } => {
                tracing::warn!(entry = entry.n, ?event);
            }
            _ => tracing::info!(entry = entry.n, what = ?event.headline()),
        }
    }
    if let Input::Outcome(Outcome {
        report: Report::Failed { failure } | Report::UnitFailed { failure, .. },
        ..
    }) = &entry.cause
    {
        tracing::error!(entry = entry.n, ?failure, "an attempt failed");
    }
}

/// Applies an entry of a record, which may have been made up; nothing follows from it.
///
/// # Errors
/// With what does not hold. Session and transcript are of no use then.
pub fn follow(session: &mut Session, transcript: &mut Transcript, entry: &Entry) -> Result<(), &'static str> {
    for event in &entry.events {
        session.try_apply(entry.at(), event)?;
    }
    transcript.take(entry, session);
    Ok(())
}

/// Applies an entry that was decided here and returns the effects of its events.
pub fn take(session: &mut Session, transcript: &mut Transcript, entry: &Entry) -> Vec<Effect> {
    let mut effects = Vec::new();
    for event in &entry.events {
        session.apply(entry.at(), event);
        effects.extend(session.effects(event));
    }
    transcript.take(entry, session);
    effects
}
