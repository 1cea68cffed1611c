//! Migrations that run without a transaction, unit by unit: what is known of one that is half-way, and what follows
//! when the next unit is ready.

use super::decide::Deciding;
use super::*;
use crate::definition::StepKind;
use serde::{Deserialize, Serialize};

/// What the catalog says of a unit, which decides whether it may be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitProbe {
    /// It has a transaction of its own in which the ledger counts it: what is not counted did not happen.
    InTransaction,
    /// Nothing of it is there.
    Absent,
    /// A part of it is there that must go first, such as an INVALID index.
    Half,
    /// It is there, as the statement would make it.
    Done,
    /// It may always be run again.
    Repeatable,
    /// The catalog does not tell.
    Unknown,
}

/// A look at what a unit works on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitLook {
    /// What it means.
    pub probe: UnitProbe,
    /// In words, such as `index public.x is INVALID`; empty when there is nothing to say.
    pub found: String,
    /// The statement that ends or removes a half; empty when there is none.
    pub mend: String,
}

/// What is done with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitWork {
    /// It is run.
    Run,
    /// What is left of an earlier try is removed; then it is looked at again.
    Mend,
    /// It happened already and is only counted.
    LeaveOut,
}

/// A migration of which some units are final and some are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HalfWay {
    /// The attempt that last did something.
    pub attempt: AttemptId,
    /// Up or down.
    pub direction: Direction,
    /// How many units are done; they are the first ones.
    pub done: usize,
    /// How many units there are.
    pub of: usize,
    /// A unit that was asked for and whose end nobody heard of.
    pub asked: Option<usize>,
    /// At the last stop it was said what `resume` does with that unit.
    pub explained: bool,
    /// A person decided to resume since, knowing that.
    pub decided: bool,
}

impl HalfWay {
    /// `units 1-2 of 4 are done and stay`.
    pub fn words(&self) -> String {
        let Self { done, of, .. } = self;
        match done {
            0 => format!("no unit of {of} is done"),
            1 => format!("unit 1 of {of} is done and stays"),
            _ => format!("units 1-{done} of {of} are done and stay"),
        }
    }
}

/// What to do with a unit, or `None` to stop and ask. `asked`: an earlier intent for it has no end in the record;
/// `decided`: a person decided to resume since.
pub fn unit_work(probe: UnitProbe, asked: bool, decided: bool) -> Option<UnitWork> {
    use UnitProbe::{Absent, Done, Half, InTransaction, Repeatable, Unknown};
    match (probe, asked, decided) {
        (InTransaction | Absent | Repeatable, ..) => Some(UnitWork::Run),
        (Done, true, _) => Some(UnitWork::LeaveOut),
        // Somebody else made it: what the statement says to that is the server's to answer.
        (Done, false, _) => Some(UnitWork::Run),
        (Half, true, true) => Some(UnitWork::Mend),
        (Unknown, false, _) | (Unknown, true, true) => Some(UnitWork::Run),
        (Half, ..) | (Unknown, true, false) => None,
    }
}

/// A unit that waits for the word.
pub(super) struct ReadyUnit<'r> {
    pub index: usize,
    pub of: usize,
    pub at: &'r Place,
    pub sql: &'r str,
    pub look: &'r UnitLook,
}

impl Session {
    /// Whether `step` changes the database unit by unit, each final at once. Applying again never does.
    pub fn is_stepwise(&self, step: &str) -> bool {
        self.step(step).is_some_and(|step| self.plan.is_stepwise(step))
    }

    /// Where the migration of `step` stands, if it is half-way in the direction of `step`.
    pub fn half_of(&self, step: &str) -> Option<&HalfWay> {
        let planned = self.step(step)?;
        let direction = if planned.kind == StepKind::RollBack { Direction::Down } else { Direction::Up };
        self.migrations[planned.migration?].half().filter(|half| half.direction == direction)
    }

    /// The step that brings `migration` into `direction`.
    pub(super) fn step_towards(&self, migration: usize, direction: Direction) -> Option<String> {
        let mut steps = self.plan.steps.iter().chain(&self.plan.rollback);
        let kind = if direction == Direction::Up { StepKind::Apply } else { StepKind::RollBack };
        steps.find(|step| step.kind == kind && step.migration == Some(migration)).map(|step| step.id.clone())
    }

    /// The event that says how far the ledger has a migration.
    pub(super) fn half_way(&self, migration: usize, row: &LedgerRow) -> Option<Event> {
        let Units { done, of } = row.units?;
        let (session, number) = row.attempt.rsplit_once('/')?;
        let attempt = AttemptId { session: session.to_owned(), number: number.parse().ok()? };
        Some(Event::FoundHalfWay { step: self.step_towards(migration, row.direction)?, attempt, done, of })
    }

    /// What is known of a unit of `step` whose end nobody heard of, in words.
    pub(super) fn unheard(&self, step: &str) -> Option<String> {
        let unit = self.half_of(step)?.asked? + 1;
        Some(format!(
            "unit {unit} was asked for and its end was not heard: ledger and catalog are read when the step is tried again"
        ))
    }

    /// Every migration that is half-way, in words.
    pub(super) fn half_words(&self) -> Vec<String> {
        let order = self.plan.order.iter();
        order
            .filter_map(|&at| {
                let half = self.migrations[at].half()?;
                let way = if half.direction == Direction::Up { "applied" } else { "rolled back" };
                Some(format!("{} is half {way}: {}", self.plan.ceremony.migrations[at].id, half.words()))
            })
            .collect()
    }
}

type Fits = Result<(), &'static str>;

/// How the events of units change a session.
impl Session {
    fn half_mut(&mut self, step: &str) -> Result<(&mut MigrationState, Direction), &'static str> {
        let planned = self.step(step).ok_or("a unit of a step that is not in the plan")?;
        let direction = if planned.kind == StepKind::RollBack { Direction::Down } else { Direction::Up };
        let migration = planned.migration.ok_or("a unit of a step without a migration")?;
        Ok((&mut self.migrations[migration], direction))
    }

    pub(super) fn unit_requested(
        &mut self,
        step: &str,
        attempt: &AttemptId,
        (index, of): (usize, usize),
        work: UnitWork,
    ) -> Fits {
        let (state, direction) = self.half_mut(step)?;
        let before = state.half().filter(|half| half.direction == direction);
        if before.is_some_and(|half| index < half.done) {
            return Err("a unit was asked for that is done");
        }
        // What was mended is not run yet: the decision still counts for that.
        let decided = work == UnitWork::Mend && before.is_some_and(|half| half.decided);
        let attempt = attempt.clone();
        let asked = Some(index);
        *state = MigrationState::Half(HalfWay {
            attempt,
            direction,
            done: index,
            of,
            asked,
            explained: decided,
            decided,
        });
        Ok(())
    }

    pub(super) fn unit_finished(&mut self, step: &str, index: usize) -> Fits {
        match self.half_mut(step)? {
            (MigrationState::Half(half), direction)
                if half.direction == direction && half.asked == Some(index) =>
            {
                half.done = index + 1;
                half.asked = None;
                Ok(())
            }
            _ => Err("a unit finished that was not asked for"),
        }
    }

    pub(super) fn found_half_way(
        &mut self,
        step: &str,
        attempt: &AttemptId,
        (done, of): (usize, usize),
    ) -> Fits {
        let (state, direction) = self.half_mut(step)?;
        let before = state.half().filter(|half| half.direction == direction);
        // Where the record does not know what was asked for, the next unit may have been.
        let asked = before.map_or(Some(done), |half| half.asked).filter(|asked| *asked == done && done < of);
        let explained = before.is_some_and(|half| half.explained);
        let decided = before.is_some_and(|half| half.decided);
        let attempt = attempt.clone();
        *state = MigrationState::Half(HalfWay { attempt, direction, done, of, asked, explained, decided });
        Ok(())
    }

    pub(super) fn unit_explained(&mut self, step: &str) -> Fits {
        match self.half_mut(step)? {
            (MigrationState::Half(half), _) => {
                half.explained = true;
                Ok(())
            }
            _ => Err("a unit explained of a step that is not half-way"),
        }
    }

    pub(super) fn resume_was_decided(&mut self) {
        for state in &mut self.migrations {
            if let MigrationState::Half(half) = state {
                half.decided = half.explained;
            }
        }
    }
}

impl MigrationState {
    /// How far it is, if it is half-way.
    pub fn half(&self) -> Option<&HalfWay> {
        match self {
            Self::Half(half) => Some(half),
            _ => None,
        }
    }

    /// Whether a rollback has something to do with it.
    pub fn is_there(&self) -> bool {
        matches!(self, Self::Applied(_) | Self::Half(_))
    }
}

impl Deciding<'_> {
    pub(super) fn unit_ready(&mut self, step: &str, running: &Running, unit: &ReadyUnit<'_>) {
        if running.stop > 0 {
            let halt = self.operator_halt(step, false);
            self.let_go(step, running, Some(halt));
            return;
        }
        let half = self.session().half_of(step);
        if half.is_some_and(|half| unit.index < half.done) {
            let left = self.session().what_is_left(step, false);
            let halt = Halt {
                cause: HaltCause::Condition(HaltCondition::DataLost),
                step: step.to_owned(),
                why: format!(
                    "unit {} is done by the record and not by the ledger: the database went back in time",
                    unit.index + 1
                ),
                left,
                error: None,
            };
            self.let_go(step, running, Some(halt));
            return;
        }
        let asked = half.is_some_and(|half| half.asked == Some(unit.index));
        let decided = half.is_some_and(|half| half.decided);
        match unit_work(unit.look.probe, asked, decided) {
            Some(work) => {
                let ReadyUnit { index, of, .. } = *unit;
                let (step, attempt) = (step.to_owned(), running.attempt.clone());
                self.emit(Event::UnitRequested { step, attempt, index, of, work });
            }
            None => {
                let halt = self.unit_halt(step, unit, asked);
                if asked {
                    self.emit(Event::UnitExplained { step: step.to_owned() });
                }
                self.let_go(step, running, Some(halt));
            }
        }
    }

    pub(super) fn unit_done(&mut self, step: &str, index: usize) {
        if self.session().half_of(step).is_some_and(|half| half.asked == Some(index)) {
            self.emit(Event::UnitFinished { step: step.to_owned(), index });
        }
    }

    /// A unit that must not be run before a person has looked.
    fn unit_halt(&self, step: &str, unit: &ReadyUnit<'_>, asked: bool) -> Halt {
        let UnitLook { probe, found, mend } = unit.look;
        let first = unit.sql.lines().next().unwrap_or_default();
        let name = format!("unit {} of {} ({first}, {})", unit.index + 1, unit.of, unit.at);
        let (why, next) = match (probe, asked) {
            (UnitProbe::Half, true) => (
                format!("{name} was begun and not ended: {found}"),
                format!("`resume` runs {mend} first, and then the unit again"),
            ),
            (UnitProbe::Half, false) => (
                format!("{found}, and it was so before {name} was asked for"),
                format!("find out whose it is; once it is gone ({mend}), decide to resume"),
            ),
            _ => (
                format!("{name} was asked for, and nobody knows whether it happened{}", look_at(found)),
                "`resume` runs it again: decide that only when you have seen that it did not happen, or that twice does no harm"
                    .to_owned(),
            ),
        };
        Halt {
            cause: HaltCause::Condition(HaltCondition::MigrationFailed),
            step: step.to_owned(),
            why,
            left: format!("{}; {next}", self.session().what_is_left(step, false)),
            error: None,
        }
    }

    /// The runner lets go of the step: what ran stays.
    pub(super) fn let_go(&mut self, step: &str, running: &Running, halt: Option<Halt>) {
        let (step, attempt) = (step.to_owned(), running.attempt.clone());
        self.emit(Event::LetGo { step, attempt, halt: halt.map(Box::new) });
    }

    /// Every unit ran and everything was looked at; only the ledger row is not done yet.
    pub(super) fn units_complete(&mut self, step: &str, running: &Running) {
        self.judge_missing(step);
        if running.stop > 0 {
            let halt = self.operator_halt(step, false);
            self.let_go(step, running, Some(halt));
        } else if self.worst(step).is_good() {
            self.emit(Event::CommitRequested { step: step.to_owned(), attempt: running.attempt.clone() });
        } else {
            let (halt, _) = self.halt_of_checks(step, false);
            self.let_go(step, running, halt);
        }
    }

    pub(super) fn unit_failed(
        &mut self,
        step: &str,
        running: &Running,
        failed: (usize, &Failure, &UnitLook),
    ) {
        let (index, failure, look) = failed;
        let number = index + 1;
        let left = match look.probe {
            UnitProbe::InTransaction => format!("unit {number} failed and is rolled back"),
            UnitProbe::Absent => {
                format!("unit {number} failed; {}", or(&look.found, "nothing of it is there"))
            }
            UnitProbe::Half => format!(
                "unit {number} failed; {}; `resume` runs {} first, and then the unit again",
                look.found, look.mend
            ),
            UnitProbe::Done => format!(
                "unit {number} failed, but {}; `resume` counts it as done",
                or(&look.found, "it is there")
            ),
            UnitProbe::Repeatable => format!("unit {number} failed; it may always be run again"),
            UnitProbe::Unknown => format!(
                "unit {number} failed; what is left of it is not known{}; `resume` runs it again",
                look_at(&look.found)
            ),
        };
        if self.session().half_of(step).is_some() {
            self.emit(Event::UnitExplained { step: step.to_owned() });
        }
        self.failed_with(step, &running.work, failure, Some(left));
    }
}

fn or<'w>(words: &'w str, otherwise: &'w str) -> &'w str {
    if words.is_empty() { otherwise } else { words }
}

fn look_at(found: &str) -> String {
    if found.is_empty() { String::new() } else { format!(": {found}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every look against what is known of the unit.
    #[test]
    fn every_combination() {
        use UnitProbe::*;
        let mut table = String::new();
        for probe in [InTransaction, Absent, Half, Done, Repeatable, Unknown] {
            for (asked, decided) in [(false, false), (false, true), (true, false), (true, true)] {
                let work = unit_work(probe, asked, decided);
                let shown = work.map_or("stop and ask".to_owned(), |work| format!("{work:?}"));
                table.push_str(&format!("{probe:?} | asked {asked} | decided {decided} | {shown}\n"));
            }
        }
        insta::assert_snapshot!("unit_table", table);
    }
}
