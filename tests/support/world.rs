//! A record in memory, and a session that is driven over the fake world with simulated time. It can die at every
//! point between a decision and its effects, and its record can refuse to be written.

use super::header;
use ceremony::driver::{Drive, Journal, take};
use ceremony::journal::file::JournalError;
use ceremony::journal::{Chain, Entry, recover};
use ceremony::plan::Plan;
use ceremony::runner::fake::{Database, FakeRunner, identity};
use ceremony::runner::{Recorded, Runner};
use ceremony::session::*;
use ceremony::time::{Moment, Timestamp};
use ceremony::view::Transcript;
use std::sync::Arc;

/// A record in memory; `synced` is what a crash leaves at least.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    chain: Chain,
    pub bytes: Vec<u8>,
    pub synced: usize,
}

impl Journal for Memory {
    fn append(
        &mut self,
        at: Moment,
        cause: Input,
        events: Vec<Event>,
        barrier: bool,
    ) -> Result<Entry, JournalError> {
        let (entry, line) = self.chain.seal(at, cause, events).unwrap();
        self.chain.extend(&line);
        self.bytes.extend(line);
        if barrier {
            self.synced = self.bytes.len();
        }
        Ok(entry)
    }

    fn head(&self) -> String {
        self.chain.head()
    }
}

/// Between which two things the program dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dies {
    /// It is decided and nothing is written.
    Decided,
    /// The line is written and not synced: any part of it may be left.
    Appended,
    /// It is synced, and not applied.
    Synced,
    /// It is applied, and nothing is started.
    Applied,
    /// The first effect is started.
    Begun,
}

/// What decides: the core, or one that is broken, to see that it is found.
pub type Core = fn(&Session, &Input, Moment) -> Vec<Event>;

/// A session over the fake world, with simulated time.
pub struct World {
    pub drive: Drive<Memory>,
    pub runner: FakeRunner,
    pub header: Header,
    pub clock_us: u64,
    /// The wall clock was set: by so much.
    pub wall_off_us: i64,
    /// Another operator, who sees the same database.
    pub other: Option<Box<World>>,
    /// Where the first database is while another server answers.
    pub away: Option<Database>,
    /// The database is not as the product left it.
    pub tampered: bool,
    /// Outcomes that come later than they should.
    pub late: Vec<Outcome>,
    /// The next input is its last: where it dies, and how much of what is not synced is left.
    pub dies: Option<(Dies, u64)>,
    /// The disk is full after so many bytes of the next line.
    pub full: Option<u64>,
    /// The record refused a line: nothing is done any more.
    pub poisoned: bool,
    pub core: Core,
    /// Inputs that were fed, and events decided.
    pub fed: (u64, u64),
    /// How often it died.
    pub deaths: u64,
}

impl World {
    pub fn new(plan: Arc<Plan>, seed: u64) -> Self {
        let drive = Drive::new(Session::new(plan.clone()), Transcript::default(), Memory::default());
        Self {
            drive,
            runner: FakeRunner::new(plan, seed),
            header: header(),
            clock_us: 0,
            wall_off_us: 0,
            other: None,
            away: None,
            tampered: false,
            late: Vec::new(),
            dies: None,
            full: None,
            poisoned: false,
            core: Session::decide,
            fed: (0, 0),
            deaths: 0,
        }
    }

    pub fn now(&self) -> Moment {
        let base = identity().server_time_us + self.wall_off_us;
        let wall = Timestamp::from_micros(base + self.clock_us as i64);
        Moment { wall, mono_us: self.clock_us }
    }

    /// Feeds one input and starts what follows; returns the events that were applied.
    pub fn feed(&mut self, input: Input) -> Vec<Event> {
        self.clock_us += 1_000;
        self.runner.clock_us = self.clock_us as i64;
        let at = self.now();
        if self.poisoned {
            return Vec::new();
        }
        let events = (self.core)(&self.drive.session, &input, at);
        self.fed = (self.fed.0 + 1, self.fed.1 + events.len() as u64);
        let (dies, keep) = self.dies.take().map_or((None, 0), |(point, keep)| (Some(point), keep));
        if dies == Some(Dies::Decided) {
            self.die(keep);
            return Vec::new();
        }
        let barrier = events.iter().any(Event::is_barrier) && dies != Some(Dies::Appended);
        let before = self.drive.journal.clone_if(self.full.is_some());
        let cause = input.clone();
        let entry = self.drive.journal.append(at, input, events, barrier).unwrap();
        if let Some((before, full)) = before.zip(self.full.take()) {
            // No record, no action.
            let whole = std::mem::replace(&mut self.drive.journal, before);
            let line = &whole.bytes[self.drive.journal.bytes.len()..];
            self.drive.journal.bytes.extend(&line[..(full as usize) % line.len()]);
            self.poisoned = true;
            return Vec::new();
        }
        if matches!(dies, Some(Dies::Appended | Dies::Synced)) {
            self.die(keep);
            return Vec::new();
        }
        let effects = take(&mut self.drive.session, &mut self.drive.transcript, &entry);
        super::invariants::settled_is_what_was_read(&self.drive.session, &cause, &entry.events);
        let most = match dies {
            None => usize::MAX,
            Some(Dies::Begun) => 1,
            Some(_) => 0,
        };
        let recorded = Recorded { entry: entry.n, head: self.drive.journal.head() };
        for effect in effects.into_iter().take(most) {
            self.runner.start(effect, &recorded);
        }
        if dies.is_some() {
            self.die(keep);
        }
        entry.events
    }

    pub fn command(&mut self, command: Command) -> Vec<Event> {
        self.feed(Input::Command(command))
    }

    pub fn deliver(&mut self) -> Option<Vec<Event>> {
        let outcome = self.runner.pending.pop_front()?;
        Some(self.feed(Input::Outcome(outcome)))
    }

    /// Dies now. What was synced survives; of what was not, any part may: `keep` says which.
    pub fn die(&mut self, keep: u64) {
        let journal = &self.drive.journal;
        let loose = (journal.bytes.len() - journal.synced) as u64;
        self.crash(journal.synced + (keep % (loose + 1)) as usize);
    }

    /// The program dies after `keep` bytes of the record reached the disk, and is started again.
    pub fn crash(&mut self, keep: usize) {
        self.deaths += 1;
        self.poisoned = false;
        (self.dies, self.full) = (None, None);
        self.runner.crash();
        let kept = self.drive.journal.bytes[..keep].to_vec();
        let found = recover(&kept).unwrap();
        self.runner.heads.retain(|entry, _| *entry <= found.chain.entries());
        let plan = self.drive.session.plan.clone();
        let mut session = Session::new(plan);
        let mut transcript = Transcript::default();
        for entry in &found.entries {
            let again = (self.core)(&session, &entry.cause, entry.at());
            assert_eq!(again, entry.events, "a replay decides the same");
            take(&mut session, &mut transcript, entry);
        }
        let journal = Memory { chain: found.chain, bytes: kept[..found.bytes].to_vec(), synced: found.bytes };
        self.drive = Drive::new(session, transcript, journal);
        let torn_bytes = found.torn as u64;
        if self.drive.session.header.is_none() {
            self.command(Command::Open { header: Box::new(self.header.clone()) });
        } else {
            let (operator, address) = (self.header.operator.clone(), self.drive.session.address.clone());
            self.command(Command::Resume { operator, torn_bytes, address });
        }
    }

    /// The right answer to the open gate, if one is open.
    pub fn right_answer(&self) -> Option<Command> {
        match &self.drive.session.phase {
            Phase::Gate(gate) => Some(Command::Answer { gate: gate.id.clone(), words: gate.phrase.clone() }),
            _ => None,
        }
    }
}

impl Memory {
    fn clone_if(&self, wanted: bool) -> Option<Self> {
        wanted.then(|| self.clone())
    }
}
