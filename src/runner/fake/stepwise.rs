//! The fake world's migrations without a transaction: four units, each of another kind, and what a death leaves.

use super::{Database, FakeRunner, card};
use crate::plan::Step;
use crate::session::*;

/// How many units a fake script has.
pub const UNITS: usize = 4;
/// In this order: one that the ledger counts, an index, a VACUUM, and one that cannot be looked up.
const KINDS: [UnitProbe; UNITS] =
    [UnitProbe::InTransaction, UnitProbe::Absent, UnitProbe::Repeatable, UnitProbe::Unknown];

/// What is in the database of a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Half of it is there.
    pub half: bool,
    /// How often it took effect since the way was begun.
    pub times: u32,
}

/// What happens to the next unit that is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitFault {
    /// The server refuses it; of an index, half is left.
    Refused,
    /// The connection breaks.
    Lost(Left),
    /// Nothing is ever heard of it again: the program is about to die.
    Silent(Left),
}

/// What is left of a unit nobody heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It did not happen.
    Nothing,
    /// Half of it.
    Half,
    /// It happened, and the ledger did not count it, unless it did both at once.
    Done,
}

/// A step on its way, unit by unit.
#[derive(Debug)]
pub(super) struct OpenUnits {
    pub attempt: AttemptId,
    step: Step,
    migration: String,
    direction: Direction,
    index: usize,
}

impl Database {
    /// What is there of a unit.
    pub fn trace(&mut self, migration: &str, direction: Direction, index: usize) -> &mut Trace {
        let up = direction == Direction::Up;
        self.traces.entry((migration.to_owned(), up, index)).or_default()
    }

    /// The newest row, if it says half-way in this direction.
    pub(super) fn running(&mut self, migration: &str, direction: Direction) -> Option<&mut LedgerRow> {
        let latest = self.ledger.iter_mut().rfind(|row| row.migration == migration)?;
        (!latest.done && latest.direction == direction).then_some(latest)
    }
}

impl FakeRunner {
    pub(super) fn begin_units(&mut self, step: &Step, direction: Direction, attempt: &AttemptId) {
        let at = step.migration.unwrap_or_default();
        let migration = self.plan.ceremony.migrations[at].id.clone();
        if let Some(failure) = self.not_done_yet(attempt, &migration, direction) {
            return self.say(attempt, Report::Failed { failure });
        }
        let done = self.database.running(&migration, direction).and_then(|row| row.units);
        let index = done.map_or(0, |units| units.done);
        let (attempt, step) = (attempt.clone(), step.clone());
        self.units = Some(OpenUnits { attempt, step, migration, direction, index });
        self.next_unit();
    }

    fn look(&mut self, migration: &str, direction: Direction, index: usize) -> UnitLook {
        let trace = *self.database.trace(migration, direction, index);
        let probe = match KINDS[index] {
            UnitProbe::Absent if trace.half => UnitProbe::Half,
            UnitProbe::Absent if trace.times > 0 => UnitProbe::Done,
            kind => kind,
        };
        let found = match probe {
            UnitProbe::Half => "index public.x is INVALID",
            UnitProbe::Done => "index public.x is there and valid",
            UnitProbe::Unknown => "look yourself",
            _ => "",
        };
        let mend = if probe == UnitProbe::Half { "DROP INDEX CONCURRENTLY public.x" } else { "" };
        UnitLook { probe, found: found.to_owned(), mend: mend.to_owned() }
    }

    fn next_unit(&mut self) {
        let Some(open) = self.units.take() else { return };
        let attempt = open.attempt.clone();
        if open.index < UNITS {
            let look = self.look(&open.migration, open.direction, open.index);
            let at = Place { file: "x.sql".to_owned(), line: open.index + 1, column: 1 };
            let sql = format!("UNIT {}", open.index + 1);
            self.say(&attempt, Report::UnitReady { index: open.index, of: UNITS, at, sql, look });
        } else {
            for check in open.step.checks.clone() {
                let good = !self.fails(&check.id);
                if let Some(observation) = self.observe(&open.step, &check.subject, good) {
                    self.say(&attempt, Report::Observed { observation });
                }
            }
            self.say(&attempt, Report::UnitsComplete);
        }
        self.units = Some(open);
    }

    fn take_row(&mut self, open: &OpenUnits) {
        let attempt = open.attempt.to_string();
        if let Some(row) = self.database.running(&open.migration, open.direction) {
            row.attempt = attempt;
            return;
        }
        for index in 0..UNITS {
            *self.database.trace(&open.migration, open.direction, index) = Trace::default();
        }
        let recorded = self.recorded();
        let cycle =
            1 + self.database.ledger.iter().filter(|row| row.migration == open.migration).count() as u32;
        self.database.ledger.push(LedgerRow {
            migration: open.migration.clone(),
            cycle,
            direction: open.direction,
            attempt,
            done: false,
            units: Some(Units { done: 0, of: UNITS }),
            recorded,
        });
    }

    fn count(&mut self, open: &OpenUnits) {
        if let Some(row) = self.database.running(&open.migration, open.direction) {
            row.units = Some(Units { done: open.index + 1, of: UNITS });
        }
    }

    fn drawn_fault(&mut self) -> Option<UnitFault> {
        if let Some(fault) = self.unit_fault.take() {
            return Some(fault);
        }
        // More often than elsewhere: what follows is the point.
        if !self.seed.once_in(self.fault_once_in / 6) {
            return None;
        }
        let left = [Left::Nothing, Left::Half, Left::Done][self.seed.below(3) as usize];
        Some(match self.seed.below(2) {
            0 => UnitFault::Refused,
            _ => UnitFault::Lost(left),
        })
    }

    /// The server's side of a unit whose end nobody hears.
    fn leave(&mut self, open: &OpenUnits, left: Left) {
        let counted = KINDS[open.index] == UnitProbe::InTransaction;
        let trace = self.database.trace(&open.migration, open.direction, open.index);
        match left {
            Left::Nothing => {}
            Left::Half => trace.half = KINDS[open.index] == UnitProbe::Absent,
            Left::Done => {
                trace.times += 1;
                if counted {
                    self.count(open);
                }
            }
        }
    }

    pub(super) fn unit(&mut self, attempt: &AttemptId, work: UnitWork) {
        let Some(mut open) = self.units.take_if(|open| open.attempt == *attempt) else {
            let failure = Failure::Connection { what: "the step was gone".to_owned() };
            return self.say(attempt, Report::Failed { failure });
        };
        self.take_row(&open);
        match work {
            UnitWork::Mend => {
                self.database.trace(&open.migration, open.direction, open.index).half = false;
            }
            UnitWork::LeaveOut => {
                self.count(&open);
                self.say(attempt, Report::UnitDone { index: open.index });
                open.index += 1;
            }
            UnitWork::Run => match self.drawn_fault() {
                None => {
                    self.database.trace(&open.migration, open.direction, open.index).times += 1;
                    self.count(&open);
                    self.say(attempt, Report::UnitDone { index: open.index });
                    open.index += 1;
                }
                Some(UnitFault::Refused) => {
                    self.leave(&open, Left::Half);
                    let look = self.look(&open.migration, open.direction, open.index);
                    let failure = Failure::Sql { error: card("23505", "could not create unique index") };
                    return self.say(attempt, Report::UnitFailed { index: open.index, failure, look });
                }
                Some(UnitFault::Lost(left)) => {
                    self.leave(&open, left);
                    let failure = Failure::Connection { what: "the server closed the connection".to_owned() };
                    return self.say(attempt, Report::Failed { failure });
                }
                Some(UnitFault::Silent(left)) => return self.leave(&open, left),
            },
        }
        self.units = Some(open);
        self.next_unit();
    }

    /// The attempt whose units are under way.
    pub(super) fn units_attempt(&self) -> Option<&AttemptId> {
        self.units.as_ref().map(|open| &open.attempt)
    }

    /// The program dies: a unit whose end it did not hear may have ended in any way.
    pub(super) fn crash_units(&mut self) {
        let Some(mut open) = self.units.take() else { return };
        let unheard = self.pending.iter().any(|outcome| {
            outcome.attempt == open.attempt && matches!(outcome.report, Report::UnitDone { .. })
        });
        if !unheard || open.index == 0 || self.seed.once_in(3) {
            return;
        }
        // It had not happened yet when the program died: as if the server had not come so far.
        open.index -= 1;
        let trace = self.database.trace(&open.migration, open.direction, open.index);
        trace.times = trace.times.saturating_sub(1);
        if let Some(row) = self.database.running(&open.migration, open.direction) {
            row.units = Some(Units { done: open.index, of: UNITS });
        }
        let left = [Left::Nothing, Left::Half, Left::Done][self.seed.below(3) as usize];
        self.leave(&open, left);
    }

    /// The row turns to done.
    pub(super) fn commit_units(&mut self, attempt: &AttemptId) -> bool {
        let Some(open) = self.units.take_if(|open| open.attempt == *attempt) else { return false };
        self.take_row(&open);
        let lost = self.seed.once_in(self.fault_once_in);
        let reached = !lost || self.seed.once_in(2);
        if let Some(row) = self.database.running(&open.migration, open.direction).filter(|_| reached) {
            row.done = true;
        }
        if lost {
            let failure = Failure::Connection { what: "no answer to COMMIT".to_owned() };
            self.say(attempt, Report::Failed { failure });
        } else {
            self.say(attempt, Report::Committed);
        }
        true
    }
}
