//! What must hold between record, state and database at every moment, whatever went wrong.

use super::World;
use super::act::Told;
use ceremony::runner::fake::Database;
use ceremony::session::*;
use ceremony::view::Standing;
use std::collections::{BTreeMap, BTreeSet};

/// Everything, for each operator.
pub fn hold(world: &mut World) {
    one(world, world.away.as_ref().unwrap_or(&world.runner.database));
    if let Some(other) = &world.other {
        one(other, &world.runner.database);
    }
}

fn one(world: &World, database: &Database) {
    let session = &world.drive.session;
    if !world.tampered {
        record_and_database(session, database);
        units(session, database);
        each_once(database);
    }
    for escalation in session.escalations.iter().chain(&session.escalation) {
        let why = &escalation.halt.why;
        let back = why.contains("the ledger counts")
            || why.contains("and not by the ledger")
            || why.contains("back in time");
        assert!(world.tampered || !back, "the database did not go back, and the record says so: {why}");
    }
    if let Some(refusal) = &session.refusal {
        for part in [&refusal.what, &refusal.why, &refusal.next] {
            assert!(!part.trim().is_empty(), "a message without what, why or next: {refusal:?}");
        }
    }
    if let Phase::Closed(verdict) = session.phase
        && verdict.is_good()
    {
        assert!(session.steps.iter().all(|step| step.checks.iter().all(Option::is_some)), "a pass unseen");
        let up = database.ledger.iter().filter(|row| row.direction == Direction::Up).count();
        assert!(world.tampered || up >= 3, "a pass with {up} rows in the ledger");
    }
    witnesses(session);
}

fn record_and_database(session: &Session, database: &Database) {
    let own = session.header.as_ref().map_or("", |header| header.session.as_str());
    for (migration, state) in session.plan.ceremony.migrations.iter().zip(&session.migrations) {
        let id = &migration.id;
        let newest = database.ledger.iter().rfind(|row| row.migration == *id);
        let up = newest.filter(|row| row.done && row.direction == Direction::Up);
        match state {
            MigrationState::Applied(attempt) => {
                let by = up.is_some_and(|row| row.attempt == attempt.to_string());
                assert!(by, "{id} is not in the database");
            }
            MigrationState::NotApplied | MigrationState::RolledBack(_) => {
                let ours = up.is_some_and(|row| !own.is_empty() && row.attempt.starts_with(own));
                assert!(!ours, "{id} is in the database, unknown to the record");
            }
            MigrationState::InDoubt(..) | MigrationState::Half(_) => {}
        }
    }
}

/// Whatever died in between: what the ledger settles and what the catalog settles took effect once.
fn units(session: &Session, database: &Database) {
    for migration in &session.plan.ceremony.migrations {
        let row = database.ledger.iter().rfind(|row| row.migration == migration.id);
        for index in [0, 1] {
            let Some((row, units)) = row.and_then(|row| Some((row, row.units?))) else { break };
            let key = (migration.id.clone(), row.direction == Direction::Up, index);
            let trace = database.traces.get(&key).copied().unwrap_or_default();
            assert!(trace.times <= 1, "unit {index} of {} took effect {} times", migration.id, trace.times);
            let whole = trace.times == 1 && !trace.half;
            assert!(units.done <= index || whole, "unit {index} of {} is counted: {trace:?}", migration.id);
        }
        if let Some(units) = row.filter(|row| row.done).and_then(|row| row.units) {
            assert_eq!(units.done, units.of, "{} is done with units left", migration.id);
        }
    }
}

/// Up and down take turns, whoever did it; no attempt has two rows.
fn each_once(database: &Database) {
    let mut seen = BTreeSet::new();
    for row in &database.ledger {
        assert!(seen.insert(&row.attempt), "attempt {} was written twice", row.attempt);
    }
    let mut up: BTreeMap<&str, bool> = BTreeMap::new();
    for row in database.ledger.iter().filter(|row| row.done) {
        let now = row.direction == Direction::Up;
        let before = up.insert(&row.migration, now).unwrap_or(false);
        let before_it = |half: &&LedgerRow| half.migration == row.migration && half.cycle + 1 == row.cycle;
        let half = database.ledger.iter().find(before_it).is_some_and(|half| !half.done);
        assert!(before != now || half, "{} was applied or rolled back twice", row.migration);
    }
}

/// Nobody is a witness of their own work, or twice of the same.
fn witnesses(session: &Session) {
    let operator = session.header.as_ref().map_or("", |header| header.operator.as_str());
    for (at, initials) in session.initials.iter().enumerate() {
        assert_ne!(initials.by.name, operator, "the operator is no witness");
        let same = |other: &&Initials| {
            (&other.by, &other.attempt, &other.step, other.seen_done)
                == (&initials.by, &initials.attempt, &initials.step, initials.seen_done)
        };
        assert!(!session.initials[..at].iter().any(|other| same(&other)), "twice: {initials:?}");
    }
}

/// Nothing is final without the witness it asks for.
pub fn seen_by_a_witness(session: &Session, events: &[Event]) {
    for event in events {
        if let Event::CommitRequested { step, attempt } = event
            && session.step(step).is_some_and(|step| step.witness)
        {
            let under = |it: &Initials| it.attempt == *attempt && it.seen_done;
            assert!(session.initials.iter().any(under), "{step} was committed without a witness");
        }
    }
}

/// After the ledger was read, nothing is believed that it does not say: of the same server, row by row.
pub fn settled_is_what_was_read(session: &Session, cause: &Input, events: &[Event]) {
    let Input::Outcome(Outcome { report: Report::Settled { rows, server, .. }, .. }) = cause else { return };
    if !events.iter().any(|event| matches!(event, Event::Settled { .. })) {
        return;
    }
    if let Some((first, seen)) = session.identity.as_ref().zip(server.as_deref()) {
        assert!(first.is_same_database(seen), "settled by another server's ledger");
        assert!(!seen.in_recovery, "settled by a standby's ledger");
    }
    let own = session.header.as_ref().map_or("", |header| header.session.as_str());
    for (migration, state) in session.plan.ceremony.migrations.iter().zip(&session.migrations) {
        let newest = rows.iter().rfind(|row| row.migration == migration.id);
        let up = newest.filter(|row| row.done && row.direction == Direction::Up);
        let holds = match state {
            MigrationState::Applied(attempt) => up.is_some_and(|row| row.attempt == attempt.to_string()),
            MigrationState::NotApplied | MigrationState::RolledBack(_) => {
                up.is_none_or(|row| !row.attempt.starts_with(own))
            }
            MigrationState::InDoubt(..) => false,
            MigrationState::Half(_) => true,
        };
        assert!(holds, "{} is {state:?} after the ledger was read: {newest:?}", migration.id);
    }
}

/// What a list of sessions reads from events alone is where the session stands.
pub fn standing_is_the_phase(world: &World) {
    let entries = ceremony::journal::recover(&world.drive.journal.bytes).unwrap().entries;
    let mut standing = Standing::default();
    entries.iter().flat_map(|entry| &entry.events).for_each(|event| standing.take(event));
    let session = &world.drive.session;
    let agree = match (&session.phase, &standing) {
        (Phase::Unopened, Standing::Unknown) | (Phase::Running(_), Standing::Running { .. }) => true,
        (Phase::Gate(gate), Standing::Gate { id }) => gate.id == *id,
        (Phase::Closed(verdict), Standing::Closed(read)) => verdict == read,
        (Phase::Stopped, Standing::Stopped { why, stage }) => {
            let escalation = session.escalation.as_ref().unwrap();
            escalation.next == Some(*stage)
                && *why == Some((escalation.halt.step.clone(), escalation.halt.cause.words()))
        }
        _ => false,
    };
    assert!(agree, "{:?} reads as {standing:?}", session.phase);
}

/// Nothing goes wrong any more and the program is started again: whatever happened before, a person who answers
/// gates and deals with stops reaches the end of the ceremony.
pub fn comes_to_an_end(world: &mut World, told: &mut Told) {
    world.runner.fault_once_in = 0;
    (world.runner.fail_check, world.runner.fail_run, world.runner.fail_settle) = (None, None, false);
    world.runner.unit_fault = None;
    world.late.clear();
    if let Some(first) = world.away.take() {
        world.runner.database = first;
    }
    world.die(u64::MAX);
    let mut asked: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..2_000 {
        if let Some(events) = world.deliver() {
            told.events.extend(events);
            continue;
        }
        let words = || "so be it".to_owned();
        let session = &world.drive.session;
        let command = match &session.phase {
            Phase::Closed(_) => return,
            Phase::Unopened => Command::Open { header: Box::new(world.header.clone()) },
            Phase::Gate(gate) => {
                let times = asked.entry(gate.id.clone()).or_default();
                *times += 1;
                if session.waits_for_witness() && *times < 9 {
                    let by = Witness { name: "bea".to_owned(), uid: 1001 };
                    Command::Witness { by, initials: "BE".to_owned(), step: None, attempt: None }
                } else if *times > 12 {
                    Command::Stop
                } else {
                    Command::Answer { gate: gate.id.clone(), words: gate.phrase.clone() }
                }
            }
            Phase::Stopped => match session.escalation.as_ref().and_then(|escalation| escalation.next) {
                Some(Stage::Assess) => Command::Assess { words: words() },
                Some(Stage::Decide) => {
                    // Another operator may hold the database for ever.
                    let times = asked.entry("a stop".to_owned()).or_default();
                    *times += 1;
                    let given_up = session.refusal.is_some() || asked.values().any(|times| *times > 12);
                    let decision = if given_up { Decision::Abandon } else { Decision::Resume };
                    Command::Decide { decision, words: words() }
                }
                _ => Command::Document { words: words() },
            },
            Phase::Running(running) => panic!("nothing is on its way, and it waits: {running:?}"),
        };
        told.events.extend(world.command(command));
    }
    panic!("it never comes to an end: {:?}", world.drive.session.phase);
}
