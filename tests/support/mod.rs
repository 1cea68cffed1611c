//! What several tests share: the shipped plan, a record in memory, a driven session over the fake world.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod effort;
mod header;

use ceremony::definition::{Transaction, load};
use ceremony::driver::{Drive, Journal, take};
use ceremony::journal::file::JournalError;
use ceremony::journal::{Chain, Entry, recover};
use ceremony::plan::Plan;
use ceremony::runner::fake::{FakeRunner, identity};
use ceremony::runner::files::DiskFolder;
use ceremony::runner::{Recorded, Runner};
use ceremony::session::*;
use ceremony::time::{Moment, Timestamp};
use ceremony::view::Transcript;
pub use header::header;
use std::path::Path;
use std::sync::Arc;

/// The shipped plan, where the foundations go up and the uniqueness fix goes up and down without a transaction.
pub fn stepwise_plan() -> Arc<Plan> {
    let folder = DiskFolder::new(root()).unwrap();
    let mut ceremony = load(&folder, "ceremony.toml").unwrap();
    ceremony.migrations[0].script.transaction = Transaction::None;
    ceremony.migrations[1].script.transaction = Transaction::None;
    ceremony.migrations[1].rollback.script.transaction = Transaction::None;
    Arc::new(Plan::new(ceremony))
}

/// The shipped plan, where the way up and the preflight ask for a witness.
pub fn witnessed_plan() -> Arc<Plan> {
    let folder = DiskFolder::new(root()).unwrap();
    let mut ceremony = load(&folder, "ceremony.toml").unwrap();
    for step in &mut ceremony.steps {
        step.witness = step.id == "apply" || step.id == "preflight/target";
    }
    Arc::new(Plan::new(ceremony))
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn shipped_plan() -> Arc<Plan> {
    let folder = DiskFolder::new(root()).unwrap();
    Arc::new(Plan::new(load(&folder, "ceremony.toml").unwrap()))
}

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

/// A session over the fake world, with simulated time.
pub struct World {
    pub drive: Drive<Memory>,
    pub runner: FakeRunner,
    pub clock_us: u64,
    /// By so much somebody has set the wall clock, microseconds.
    pub set_us: i64,
}

impl World {
    pub fn new(plan: Arc<Plan>, seed: u64) -> Self {
        let drive = Drive::new(Session::new(plan.clone()), Transcript::default(), Memory::default());
        Self { drive, runner: FakeRunner::new(plan, seed), clock_us: 0, set_us: 0 }
    }

    pub fn now(&self) -> Moment {
        let wall = Timestamp::from_micros(identity().server_time_us + self.clock_us as i64 + self.set_us);
        Moment { wall, mono_us: self.clock_us }
    }

    /// Feeds one input and starts what follows; returns the events.
    pub fn feed(&mut self, input: Input) -> Vec<Event> {
        self.clock_us += 1_000;
        self.runner.clock_us = self.clock_us as i64;
        let events = self.drive.session.decide(&input, self.now());
        let effects = self.drive.feed(input, self.now()).unwrap();
        if !effects.is_empty() {
            let recorded = Recorded { entry: self.drive.transcript.entries, head: self.drive.journal.head() };
            effects.into_iter().for_each(|effect| self.runner.start(effect, &recorded));
        }
        events
    }

    pub fn command(&mut self, command: Command) -> Vec<Event> {
        self.feed(Input::Command(command))
    }

    pub fn deliver(&mut self) -> Option<Vec<Event>> {
        let outcome = self.runner.pending.pop_front()?;
        Some(self.feed(Input::Outcome(outcome)))
    }

    /// The program dies after `keep` bytes of the record reached the disk, and is started again.
    pub fn crash(&mut self, keep: usize) {
        self.runner.crash();
        let kept = self.drive.journal.bytes[..keep].to_vec();
        let found = recover(&kept).unwrap();
        self.runner.heads.retain(|entry, _| *entry <= found.chain.entries());
        let plan = self.drive.session.plan.clone();
        let mut session = Session::new(plan);
        let mut transcript = Transcript::default();
        for entry in &found.entries {
            assert_eq!(session.decide(&entry.cause, entry.at()), entry.events, "a replay decides the same");
            take(&mut session, &mut transcript, entry);
        }
        let journal = Memory { chain: found.chain, bytes: kept[..found.bytes].to_vec(), synced: found.bytes };
        self.drive = Drive::new(session, transcript, journal);
        let torn_bytes = found.torn as u64;
        if self.drive.session.header.is_none() {
            self.command(Command::Open { header: Box::new(header()) });
        } else {
            let address = self.drive.session.address.clone();
            self.command(Command::Resume { operator: "ada".to_owned(), torn_bytes, address });
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
