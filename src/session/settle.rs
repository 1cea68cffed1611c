//! The ledger against the record: one decision table for what was in flight and for what was thought done.

use super::decide::Deciding;
use super::*;

/// What the record believes of a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Believed {
    /// Never applied here, or rolled back here.
    Absent,
    /// Applied by this attempt.
    Applied(String),
    /// This attempt was in flight upwards (`committing`: COMMIT was journaled).
    GoingUp { attempt: String, committing: bool },
    /// This attempt was in flight downwards.
    GoingDown { attempt: String, committing: bool },
    /// Half-way without a transaction (`begun`: a unit is done).
    Half { direction: Direction, begun: bool },
}

/// What follows for a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// Record and ledger agree; nothing was in flight.
    Agrees,
    /// What was in flight happened.
    Happened,
    /// What was in flight did not happen.
    DidNot,
    /// It runs without a transaction, and the newest row says how far it is.
    HalfWay,
    /// They contradict each other.
    Contradicts(&'static str),
}

const BACK_IN_TIME: &str =
    "the record says applied and the ledger has no row: the database went back in time";
const SOMEBODY_ELSE: &str = "somebody else applied or rolled back this migration since";

/// The decision table. `latest` is the newest ledger row of the migration.
pub fn settlement(
    believed: &Believed,
    latest: Option<&LedgerRow>,
    ours: impl Fn(&str) -> bool,
) -> Settlement {
    let up = |row: &LedgerRow| row.direction == Direction::Up;
    if let Some(row) = latest.filter(|row| !row.done) {
        return unfinished(believed, row, row.units.is_some() && ours(&row.attempt));
    }
    match (believed, latest) {
        (Believed::Half { direction, begun }, latest) => half_settled(*direction, *begun, latest, ours),
        (Believed::Absent, None) => Settlement::Agrees,
        (Believed::Absent, Some(row)) if !up(row) => Settlement::Agrees,
        (Believed::Absent, Some(row)) if ours(&row.attempt) => Settlement::Contradicts(
            "the ledger says applied by an attempt that the record never asked to commit",
        ),
        // Another session's row is met when the step is tried, and refused there with its name.
        (Believed::Absent, Some(_)) => Settlement::Agrees,
        (Believed::Applied(attempt), Some(row)) if up(row) && row.attempt == *attempt => Settlement::Agrees,
        (Believed::Applied(_), None) => Settlement::Contradicts(BACK_IN_TIME),
        (Believed::Applied(_), Some(_)) => Settlement::Contradicts(SOMEBODY_ELSE),
        (Believed::GoingUp { attempt, committing }, Some(row)) if up(row) && row.attempt == *attempt => {
            asked(*committing)
        }
        (Believed::GoingUp { attempt, .. }, Some(row)) if up(row) || row.attempt == *attempt => {
            Settlement::Contradicts("somebody else applied this migration meanwhile")
        }
        (Believed::GoingUp { .. }, _) => Settlement::DidNot,
        (Believed::GoingDown { attempt, committing }, Some(row)) if !up(row) && row.attempt == *attempt => {
            asked(*committing)
        }
        (Believed::GoingDown { attempt, .. }, Some(row))
            if up(row) && ours(&row.attempt) && row.attempt != *attempt =>
        {
            Settlement::DidNot
        }
        (Believed::GoingDown { .. }, None) => Settlement::Contradicts(BACK_IN_TIME),
        (Believed::GoingDown { .. }, Some(_)) => Settlement::Contradicts(SOMEBODY_ELSE),
    }
}

/// A row that says running: right only for our own script without a transaction, when the record asked for it.
fn unfinished(believed: &Believed, row: &LedgerRow, ours: bool) -> Settlement {
    let expected = match (believed, row.direction) {
        (Believed::Half { direction, begun }, now) => {
            // A way down that never began leaves the way up as it was.
            *direction == now || (*direction == Direction::Down && !begun)
        }
        (Believed::GoingUp { committing, .. }, Direction::Up) => *committing,
        (Believed::GoingDown { .. }, Direction::Up) => true,
        (Believed::GoingDown { committing, .. }, Direction::Down) => *committing,
        _ => false,
    };
    if ours && expected {
        return Settlement::HalfWay;
    }
    Settlement::Contradicts("a transaction of this migration was committed before it was complete")
}

/// Half-way by the record, and no row that says running.
fn half_settled(
    direction: Direction,
    begun: bool,
    latest: Option<&LedgerRow>,
    ours: impl Fn(&str) -> bool,
) -> Settlement {
    match (direction, latest) {
        (Direction::Up, None) if !begun => Settlement::DidNot,
        (_, None) => Settlement::Contradicts(BACK_IN_TIME),
        (_, Some(row)) if !ours(&row.attempt) && row.direction == Direction::Up => {
            Settlement::Contradicts(SOMEBODY_ELSE)
        }
        // The row from before: this way never began.
        (_, Some(row)) if row.direction != direction && !begun => Settlement::DidNot,
        (_, Some(row)) if row.direction == direction && ours(&row.attempt) => asked(false),
        _ => Settlement::Contradicts(SOMEBODY_ELSE),
    }
}

fn asked(committing: bool) -> Settlement {
    if committing {
        Settlement::Happened
    } else {
        Settlement::Contradicts("the transaction was committed although nobody asked for it")
    }
}

impl Session {
    fn believed(&self, migration: usize, in_flight: Option<&str>) -> Believed {
        let flight = in_flight
            .and_then(|id| Some((self.step(id)?, self.step_state(id)?.attempt.clone()?.to_string())))
            .filter(|(step, _)| step.migration == Some(migration));
        match (&self.migrations[migration], flight) {
            (MigrationState::InDoubt(attempt, Direction::Up), _) => {
                Believed::GoingUp { attempt: attempt.to_string(), committing: true }
            }
            (MigrationState::InDoubt(attempt, Direction::Down), _) => {
                Believed::GoingDown { attempt: attempt.to_string(), committing: true }
            }
            (MigrationState::Applied(_), Some((step, attempt)))
                if step.kind == crate::definition::StepKind::RollBack =>
            {
                Believed::GoingDown { attempt, committing: false }
            }
            (MigrationState::Half(half), Some((step, attempt)))
                if step.kind == crate::definition::StepKind::RollBack && half.direction == Direction::Up =>
            {
                Believed::GoingDown { attempt, committing: false }
            }
            (MigrationState::Half(half), _) => {
                Believed::Half { direction: half.direction, begun: half.done > 0 }
            }
            (MigrationState::Applied(attempt), _) => Believed::Applied(attempt.to_string()),
            (_, Some((step, attempt))) if step.kind == crate::definition::StepKind::Apply => {
                Believed::GoingUp { attempt, committing: false }
            }
            (MigrationState::NotApplied | MigrationState::RolledBack(_), _) => Believed::Absent,
        }
    }

    /// Why nothing that `server` says counts for this session.
    fn is_not_ours(&self, server: &Identity) -> Option<String> {
        if server.in_recovery {
            return Some("it is a standby, which may be behind".to_owned());
        }
        let first = self.identity.as_ref().filter(|first| !first.is_same_database(server))?;
        Some(format!("this is {}, at the start it was {}", server.pin(), first.pin()))
    }

    /// The step whose commit is in doubt.
    fn doubtful_step(&self, migration: usize) -> Option<String> {
        if let Some(half) = self.migrations[migration].half() {
            return self.step_towards(migration, half.direction);
        }
        let MigrationState::InDoubt(attempt, _) = &self.migrations[migration] else { return None };
        let forward = self.plan.steps.iter().zip(&self.steps);
        let back = self.plan.rollback.iter().zip(&self.rollback);
        forward
            .chain(back)
            .find(|(step, state)| {
                step.migration == Some(migration) && state.attempt.as_ref() == Some(attempt)
            })
            .map(|(step, _)| step.id.clone())
    }
}

impl Deciding<'_> {
    /// `server`: whose ledger was read; `None` in older records.
    pub(super) fn settled(
        &mut self,
        running: &Running,
        server: Option<&Identity>,
        rows: &[LedgerRow],
        record: &[RecordedAt],
    ) {
        if let Some(what) = server.and_then(|server| self.session().is_not_ours(server)) {
            self.ledger_of_another(running, what);
            return;
        }
        let in_flight = running.step.as_deref();
        let own = |attempt: &str| attempt.starts_with(running.attempt.session.as_str());
        let mut contradictions: Vec<String> =
            same_record::another_record(rows, record, own).into_iter().collect();
        let mut happened = Vec::new();
        let mut did_not = Vec::new();
        let mut half_way = Vec::new();
        let session = self.session();
        // What an old record believes is of no account.
        let known = contradictions.is_empty();
        for (at, migration) in session.plan.ceremony.migrations.iter().enumerate().filter(|_| known) {
            let latest = rows.iter().rfind(|row| row.migration == migration.id);
            let believed = session.believed(at, in_flight);
            match settlement(&believed, latest, own) {
                Settlement::Agrees => {}
                Settlement::Happened => happened.extend(session.doubtful_step(at)),
                Settlement::DidNot => {
                    did_not.extend(session.doubtful_step(at).or(running.step.clone()));
                }
                Settlement::HalfWay => match latest.map(|row| session.half_way(at, row)) {
                    Some(Err(why)) => contradictions.push(format!("{}: {why}", migration.id)),
                    found => half_way.extend(found.and_then(Result::ok).flatten()),
                },
                Settlement::Contradicts(why) => contradictions.push(format!("{}: {why}", migration.id)),
            }
        }
        if !contradictions.is_empty() {
            let step = self.some_step(running);
            let left = self.session().what_is_left(&step, false);
            let cause = HaltCause::Condition(HaltCondition::DataLost);
            self.halt(cause, &step, contradictions.join("; "), left, None);
            return;
        }
        for step in &happened {
            let attempt = self.session().step_state(step).and_then(|state| state.attempt.clone());
            self.emit(Event::Settled { step: Some((step.clone(), true)) });
            if let Some(attempt) = attempt {
                self.emit(Event::StepCommitted { step: step.clone(), attempt });
            }
            let verdict = self.worst(step);
            self.emit(Event::StepFinished { step: step.clone(), verdict });
        }
        for step in &did_not {
            self.emit(Event::Settled { step: Some((step.clone(), false)) });
        }
        let nothing = happened.is_empty() && did_not.is_empty() && half_way.is_empty();
        for event in half_way {
            self.emit(event);
        }
        if nothing {
            self.emit(Event::Settled { step: None });
        }
        self.after_settling();
    }

    fn some_step(&self, running: &Running) -> String {
        let session = self.session();
        running
            .step
            .clone()
            .or_else(|| session.escalation.as_ref().map(|escalation| escalation.halt.step.clone()))
            .or_else(|| session.next_forward().map(|at| session.plan.steps[at].id.clone()))
            .or_else(|| session.plan.steps.last().map(|step| step.id.clone()))
            .unwrap_or_default()
    }

    fn after_settling(&mut self) {
        let decision = self.session().escalation.as_ref().and_then(|escalation| escalation.decision);
        match decision {
            Some(Decision::RollBack) => self.plan_rollback(),
            Some(_) => self.emit(Event::StageDone {
                stage: Stage::Execute,
                words: "the ledger was read: record and database agree".to_owned(),
                decision: None,
            }),
            // A rollback of its own was interrupted: what is left of it is planned and asked for again.
            None if !self.session().undo.is_empty() => self.plan_rollback(),
            None if self.session().closed.is_some() => self.roll_back_settled(),
            None => self.advance(),
        }
    }

    /// What another server's ledger says settles nothing, least of all that a COMMIT did not happen.
    fn ledger_of_another(&mut self, running: &Running, what: String) {
        let why = format!("the ledger that was read is not this session's: {what}");
        if self.session().escalation.is_some() {
            self.emit(Event::StageReopened { why });
            return;
        }
        let step = self.some_step(running);
        let left = self.session().what_is_left(&step, false);
        let left = format!("{left}; next: bring back the first server, then decide to resume");
        self.halt(HaltCause::Condition(HaltCondition::ConnectionLost), &step, why, left, None);
    }

    pub(super) fn settle_failed(&mut self, running: &Running, failure: &Failure) {
        let why = match failure {
            Failure::Sql { error } => format!("{} {}", error.sqlstate, error.message),
            Failure::Connection { what } | Failure::Escaped { what } | Failure::Blocked { what, .. } => {
                what.clone()
            }
            Failure::Cancelled => "STOP was pressed".to_owned(),
            Failure::Unanswered { .. } => failure.words(),
        };
        let why = format!("the ledger could not be read: {why}");
        let session = self.session();
        let doubt = session.migrations.iter().any(|state| matches!(state, MigrationState::InDoubt(..)));
        if session.escalation.is_some() {
            self.emit(Event::StageReopened { why });
        } else if running.step.is_none() && !doubt {
            // Nothing was in flight, so nothing is in danger; each step reads the ledger itself before it starts.
            self.emit(Event::FindingRaised { what: why });
            self.after_settling();
        } else {
            let step = self.some_step(running);
            let left = self.session().what_is_left(&step, false);
            self.halt(HaltCause::Condition(HaltCondition::ConnectionLost), &step, why, left, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(direction: Direction, attempt: &str, done: bool) -> LedgerRow {
        let (migration, attempt) = ("m".to_owned(), attempt.to_owned());
        LedgerRow { migration, cycle: 1, direction, attempt, done, units: None, recorded: None }
    }

    /// Every belief against every kind of newest row.
    #[test]
    fn every_combination() {
        let beliefs = [
            Believed::Absent,
            Believed::Applied("s/1".to_owned()),
            Believed::GoingUp { attempt: "s/1".to_owned(), committing: false },
            Believed::GoingUp { attempt: "s/1".to_owned(), committing: true },
            Believed::GoingDown { attempt: "s/1".to_owned(), committing: false },
            Believed::GoingDown { attempt: "s/1".to_owned(), committing: true },
            Believed::Half { direction: Direction::Up, begun: false },
            Believed::Half { direction: Direction::Up, begun: true },
            Believed::Half { direction: Direction::Down, begun: false },
            Believed::Half { direction: Direction::Down, begun: true },
        ];
        let mut rows = vec![None];
        for direction in [Direction::Up, Direction::Down] {
            for attempt in ["s/1", "s/9", "other/1"] {
                for done in [true, false] {
                    rows.push(Some(row(direction, attempt, done)));
                    let units = Some(Units { done: 1, of: 3 });
                    rows.extend((!done).then(|| Some(LedgerRow { units, ..row(direction, attempt, done) })));
                }
            }
        }
        let mut table = String::new();
        for belief in &beliefs {
            for latest in &rows {
                let result = settlement(belief, latest.as_ref(), |attempt| attempt.starts_with("s/"));
                let shown = latest.as_ref().map_or("no row".to_owned(), |row| {
                    let state = match (row.done, row.units) {
                        (true, _) => "done",
                        (false, None) => "running",
                        (false, Some(_)) => "running, 1 of 3",
                    };
                    format!("{:?} by {} {state}", row.direction, row.attempt)
                });
                table.push_str(&format!("{belief:?} | {shown} | {result:?}\n"));
            }
        }
        insta::assert_snapshot!("settlement_table", table);
    }
}
