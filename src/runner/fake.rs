//! A world for tests: a database with a ledger, fed by a seed, that fails where a real one can.

mod identity;
mod observe;
mod recheck;
pub mod samples;
mod schema;
mod stepwise;
mod trouble;

pub use stepwise::{Left, Trace, UNITS, UnitFault};
pub use trouble::Ghost;

use crate::definition::StepKind;
use crate::plan::{Plan, Subject};
use crate::session::*;
pub use identity::identity;
use observe::result_for;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// SplitMix64: small, seeded, good enough to choose faults.
/// Source: <https://prng.di.unimi.it/splitmix64.c>
#[derive(Clone, Debug)]
pub struct Seed(pub u64);

impl Seed {
    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.draw() % limit.max(1)
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: u64) -> bool {
        n > 0 && self.below(n) == 0
    }
}

/// What survives a crash of the program: the database.
#[derive(Clone, Debug, Default)]
pub struct Database {
    /// The ledger.
    pub ledger: Vec<LedgerRow>,
    /// Units without a transaction: migration, whether up, index.
    pub traces: BTreeMap<(String, bool, usize), Trace>,
    /// Which cluster it is; 0 is the first.
    pub server: u32,
    /// How often the server was restarted.
    pub restarts: u32,
    /// How often a standby took its place.
    pub promotions: u32,
    /// It is a standby.
    pub standby: bool,
    /// The attempt that holds the fence.
    pub fence: Option<String>,
    /// A COMMIT whose program is dead.
    pub ghost: Option<Ghost>,
}

impl Database {
    /// Whether the newest row of `migration` says applied.
    pub fn is_applied(&self, migration: &str) -> bool {
        self.ledger
            .iter()
            .rfind(|row| row.migration == migration)
            .is_some_and(|row| row.done && row.direction == Direction::Up)
    }
}

/// The fake runner. Outcomes wait in `pending` until the test takes them.
#[derive(Debug)]
pub struct FakeRunner {
    plan: Arc<Plan>,
    /// The database.
    pub database: Database,
    /// Outcomes on their way.
    pub pending: VecDeque<Outcome>,
    /// An open transaction: which attempt will write which row.
    open: Option<(AttemptId, LedgerRow)>,
    /// A step without a transaction on its way.
    units: Option<stepwise::OpenUnits>,
    /// What happens to the next unit.
    pub unit_fault: Option<UnitFault>,
    /// One fault in so many chances; 0 is never.
    pub fault_once_in: u64,
    seed: Seed,
    /// A check that fails next time it is observed.
    pub fail_check: Option<String>,
    /// A failure in place of the next run's first observation.
    pub fail_run: Option<Failure>,
    /// The ledger cannot be read next time.
    pub fail_settle: bool,
    /// How the server is used.
    pub circumstances: Circumstances,
    /// The record at every entry that an effect came from; one that loses its end loses them too.
    pub heads: BTreeMap<u64, String>,
    /// So much is added to the server's clock, microseconds.
    pub clock_us: i64,
}

fn card(sqlstate: &str, message: &str) -> Box<ErrorCard> {
    Box::new(ErrorCard {
        severity: "ERROR".to_owned(),
        sqlstate: sqlstate.to_owned(),
        message: message.to_owned(),
        ..ErrorCard::default()
    })
}

impl FakeRunner {
    /// A world without faults until `fault_once_in` is set.
    pub fn new(plan: Arc<Plan>, seed: u64) -> Self {
        Self {
            plan,
            database: Database::default(),
            pending: VecDeque::new(),
            open: None,
            units: None,
            unit_fault: None,
            fault_once_in: 0,
            seed: Seed(seed),
            fail_check: None,
            fail_run: None,
            fail_settle: false,
            circumstances: Circumstances::default(),
            heads: BTreeMap::new(),
            clock_us: 0,
        }
    }

    /// The program dies: outcomes on their way and the open transaction are lost, the database stays.
    pub fn crash(&mut self) {
        self.let_fence_go();
        self.crash_units();
        self.crash_in_commit();
        self.pending.clear();
        self.open = None;
    }

    /// Where the record was when the last effect was decided on.
    fn recorded(&self) -> Option<RecordedAt> {
        self.heads.last_key_value().map(|(entry, head)| RecordedAt { entry: *entry, head: head.clone() })
    }

    /// The record at each entry that it has.
    fn record(&self) -> Vec<RecordedAt> {
        self.heads.iter().map(|(entry, head)| RecordedAt { entry: *entry, head: head.clone() }).collect()
    }

    fn say(&mut self, attempt: &AttemptId, report: Report) {
        self.pending.push_back(Outcome { attempt: attempt.clone(), report });
    }

    fn fails(&mut self, check: &str) -> bool {
        if self.fail_check.as_deref() == Some(check) {
            self.fail_check = None;
            return true;
        }
        self.seed.once_in(self.fault_once_in)
    }

    fn failure(&mut self) -> Option<Failure> {
        if let Some(failure) = self.fail_run.take() {
            return Some(failure);
        }
        if !self.seed.once_in(self.fault_once_in) {
            return None;
        }
        let kinds = [
            Failure::Sql { error: card("42601", "syntax error") },
            Failure::Sql { error: card("23505", "duplicate key") },
            Failure::Sql { error: card("23503", "foreign key") },
            Failure::Sql { error: card("55P03", "lock timeout") },
            Failure::Sql { error: card("40P01", "deadlock") },
            Failure::Connection { what: "the server closed the connection".to_owned() },
            Failure::Blocked { what: "in use".to_owned(), next: "wait".to_owned() },
            Failure::Escaped { what: "the transaction's id changed".to_owned() },
        ];
        Some(kinds[self.seed.below(kinds.len() as u64) as usize].clone())
    }

    fn run(&mut self, step: &str, kind: StepKind, attempt: &AttemptId) {
        let Some(at) = self.plan.find(step) else { return };
        let planned = self.plan.clone().step(at).clone();
        if matches!(kind, StepKind::Apply | StepKind::Reapply | StepKind::RollBack)
            && let Err(what) = self.fence(attempt)
        {
            let failure = Failure::Blocked { what, next: "let it end".to_owned() };
            return self.say(attempt, Report::Failed { failure });
        }
        if self.plan.is_stepwise(&planned) {
            let direction = if kind == StepKind::Apply { Direction::Up } else { Direction::Down };
            return match self.failure() {
                Some(failure) => self.say(attempt, Report::Failed { failure }),
                None => self.begin_units(&planned, direction, attempt),
            };
        }
        for (index, check) in planned.checks.iter().enumerate() {
            if (index == 0 || self.seed.once_in(8))
                && let Some(failure) = self.failure()
            {
                self.say(attempt, Report::Failed { failure });
                return;
            }
            if self.seed.once_in(self.fault_once_in) {
                let seen = [samples::waiting(), samples::blind(), samples::crowd(3, 2_500)];
                let sample = Box::new(seen[self.seed.below(3) as usize].clone());
                self.say(attempt, Report::Sampled { sample });
            }
            let good = !self.fails(&check.id);
            // Now and then nobody looks, as when a runner forgets one.
            if !good && self.fault_once_in > 0 && self.seed.once_in(4) {
                continue;
            }
            if let (StepKind::Apply, Subject::Query(at)) = (kind, &check.subject) {
                let query = &self.plan.ceremony.queries[*at];
                // As the real one: before the script ran, some results are as wanted already.
                let result = Some(result_for(&query.expect, query.id.starts_with("uniqueness/")));
                let observation = Observation::QueryBefore { query: query.id.clone(), result };
                self.say(attempt, Report::Observed { observation });
            }
            if let Some(observation) = self.observe(&planned, &check.subject, good) {
                self.say(attempt, Report::Observed { observation });
            }
        }
        let direction = match kind {
            StepKind::Apply => Direction::Up,
            StepKind::RollBack => Direction::Down,
            _ => return self.say(attempt, Report::Finished),
        };
        let migration = planned.migration.map(|at| self.plan.ceremony.migrations[at].id.clone());
        let migration = migration.unwrap_or_default();
        if let Some(failure) = self.not_done_yet(attempt, &migration, direction) {
            self.pending.retain(|outcome| outcome.attempt != *attempt);
            return self.say(attempt, Report::Failed { failure });
        }
        let cycle = 1 + self.database.ledger.iter().filter(|row| row.migration == migration).count() as u32;
        let row = LedgerRow {
            migration,
            cycle,
            direction,
            attempt: attempt.to_string(),
            done: true,
            units: None,
            recorded: self.recorded(),
        };
        self.open = Some((attempt.clone(), row));
        self.say(attempt, Report::Proved { xid: attempt.number.to_string() });
    }

    fn commit(&mut self, attempt: &AttemptId) {
        if self.commit_units(attempt) {
            return;
        }
        let Some((_, row)) = self.open.take_if(|(open, _)| open == attempt) else {
            let failure = Failure::Connection { what: "the transaction was gone".to_owned() };
            return self.say(attempt, Report::Failed { failure });
        };
        let lost = self.seed.once_in(self.fault_once_in);
        let reached = !lost || self.seed.once_in(2);
        if reached {
            self.database.ledger.push(row);
        }
        if lost {
            let failure = Failure::Connection { what: "no answer to COMMIT".to_owned() };
            self.say(attempt, Report::Failed { failure });
        } else {
            // Somebody else left something behind meanwhile.
            if self.fails("after the commit") {
                self.say(attempt, Report::Observed { observation: schema::after_commit() });
            }
            self.say(attempt, Report::Committed);
        }
    }
}

impl super::Runner for FakeRunner {
    fn start(&mut self, effect: Effect, recorded: &super::Recorded) {
        self.heads.insert(recorded.entry, recorded.head.clone());
        let session = effect.attempt().session.clone();
        self.carry_out(effect);
        self.hold_or_release(&session);
    }
}

impl FakeRunner {
    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Run { step, kind, attempt, pin } => {
                if self.meets(&attempt, pin.as_deref()) {
                    self.run(&step, kind, &attempt);
                }
            }
            Effect::Recheck { attempt, checks, .. } => self.recheck(&attempt, &checks),
            Effect::Commit { attempt } => self.commit(&attempt),
            Effect::Unit { attempt, work } => self.unit(&attempt, work),
            Effect::Discard { attempt } => {
                (self.open, self.units) = (None, None);
                self.say(&attempt, Report::Discarded);
            }
            Effect::Cancel { attempt } | Effect::Terminate { attempt } => {
                // A cancel that comes too late changes nothing.
                let held = self.open.as_ref().is_some_and(|(open, _)| *open == attempt);
                let speaks = self.pending.iter().any(|outcome| outcome.attempt == attempt);
                if (speaks || held) && !self.seed.once_in(3) {
                    let committed = self.pending.iter().any(|outcome| outcome.report == Report::Committed);
                    if !committed {
                        self.crash();
                        self.say(&attempt, Report::Failed { failure: Failure::Cancelled });
                    }
                }
            }
            Effect::Tell { attempt, .. } => {
                self.say(&attempt, Report::Told { exit_code: Some(0), error: None })
            }
            Effect::Settle { attempt, .. } => {
                (self.open, self.units) = (None, None);
                if self.fail_settle || self.seed.once_in(self.fault_once_in) {
                    self.fail_settle = false;
                    let failure = Failure::Connection { what: "no server".to_owned() };
                    self.say(&attempt, Report::Failed { failure });
                } else if let Err(what) = self.fence(&attempt) {
                    self.say(&attempt, Report::Failed { failure: Failure::Connection { what } });
                } else {
                    let (rows, server) = (self.database.ledger.clone(), self.database.identity());
                    let (record, server) = (self.record(), Some(Box::new(server)));
                    self.say(&attempt, Report::Settled { rows, server, record });
                }
            }
        }
    }
}
