//! Where a migration without a transaction stands while it is half-way, and how the events of its units change that.

use super::*;
use crate::definition::StepKind;

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

    /// This attempt's unit is done or under way: it is not asked for twice, even if it is said twice to be ready.
    pub(super) fn was_ready(&self, attempt: &AttemptId, index: usize) -> bool {
        // What was mended becomes ready once more.
        let under_way = self.asked == Some(index) && !self.decided;
        self.attempt == *attempt && (index < self.done || under_way)
    }
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
    ///
    /// # Errors
    /// When the record knows that it cannot be so: a unit is counted only after its intent is on disk.
    pub(super) fn half_way(&self, migration: usize, row: &LedgerRow) -> Result<Option<Event>, &'static str> {
        let Some(Units { done, of }) = row.units else { return Ok(None) };
        let known = self.migrations[migration].half().filter(|half| half.direction == row.direction);
        if let Some(half) = known {
            let one_more = half.asked == Some(half.done) && done == half.done + 1;
            if done < half.done {
                return Err("the ledger counts fewer units than the record: the database went back in time");
            }
            if done != half.done && !one_more {
                return Err("the ledger counts units that the record never asked for");
            }
        }
        let attempt = row.attempt.rsplit_once('/').and_then(|(session, number)| {
            Some(AttemptId { session: session.to_owned(), number: number.parse().ok()? })
        });
        let step = self.step_towards(migration, row.direction);
        Ok(step.zip(attempt).map(|(step, attempt)| Event::FoundHalfWay { step, attempt, done, of }))
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
