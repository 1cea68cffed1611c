//! Thousands of ceremonies from seeds: faults, random commands, crashes; a failing seed prints its number and the
//! last lines of its record. `SEEDS=FROM..TO cargo test --test simulation` runs others.

mod support;

use ceremony::plan::Plan;
use ceremony::runner::fake::Seed;
use ceremony::session::*;
use ceremony::view::Standing;
use std::collections::BTreeMap;
use std::sync::Arc;
use support::World;

/// What a run of a seed ended with and met, to see that the simulation reaches what it should.
#[derive(Debug, Default)]
struct Met {
    verdicts: BTreeMap<&'static str, u64>,
    halts: BTreeMap<usize, u64>,
    crashes: u64,
    in_doubt: u64,
    rollbacks: u64,
    refusals: u64,
    inputs: u64,
    half_way: u64,
    mended: u64,
    left_out: u64,
    asked: u64,
    witnessed: u64,
    witness_stops: u64,
    rechecked: u64,
    barred: u64,
}

impl Met {
    fn take(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::UnitRequested { work: UnitWork::Mend, .. } => self.mended += 1,
                Event::UnitRequested { work: UnitWork::LeaveOut, .. } => self.left_out += 1,
                Event::Witnessed { .. } => self.witnessed += 1,
                Event::RecheckFinished { why: None } => self.rechecked += 1,
                Event::RecheckFinished { why: Some(_) } => self.barred += 1,
                Event::FoundHalfWay { .. } => self.half_way += 1,
                Event::LetGo { halt: Some(halt), .. } => {
                    self.asked += u64::from(halt.why.contains("nobody knows whether"));
                }
                _ => {}
            }
        }
    }
}

/// A command: mostly the right one, sometimes any.
fn command(world: &World, seed: &mut Seed) -> Command {
    let session = &world.drive.session;
    let words = "because".to_owned();
    let decision =
        [Decision::Resume, Decision::Resume, Decision::RollBack, Decision::Abandon][seed.below(4) as usize];
    if seed.once_in(40) {
        return match seed.below(11) {
            0 => Command::Stop,
            1 => Command::Discard,
            2 => Command::Answer { gate: "rollback".to_owned(), words },
            3 => Command::Assess { words },
            4 => Command::Decide { decision, words },
            5 => Command::Document { words: String::new() },
            6 => Command::RollBack,
            7 => Command::Note { words },
            9 => Command::Interrupted { by: Interruption::Suspended, lasted_us: seed.below(1 << 40) },
            8 => {
                let step = session.current_step().unwrap_or_default().to_owned();
                let (expected, observed, decided) = (words.clone(), words.clone(), words);
                Command::Deviate { step, expected, observed, decided }
            }
            _ => Command::Open { header: Box::new(support::header()) },
        };
    }
    match &session.phase {
        Phase::Unopened => Command::Open { header: Box::new(support::header()) },
        Phase::Gate(gate) => Command::Answer { gate: gate.id.clone(), words: gate.phrase.clone() },
        Phase::Running(_) if seed.once_in(8) => Command::Stop,
        Phase::Running(_) => Command::Note { words },
        Phase::Stopped => match session.escalation.as_ref().and_then(|escalation| escalation.next) {
            Some(Stage::Assess) => Command::Assess { words },
            Some(Stage::Decide) => Command::Decide { decision, words },
            _ => Command::Document { words },
        },
        Phase::Closed(_) => Command::RollBack,
    }
}

/// What somebody who watches might send at any time; in a plan that asks for witnesses they come to every gate.
fn witnessed(world: &World, seed: &mut Seed) -> Option<Command> {
    let session = &world.drive.session;
    let wanted = session.waits_for_witness() && seed.once_in(2);
    if !wanted && !seed.once_in(30) {
        return None;
    }
    let name = ["bea", "cleo", "ada", "", "dan"][seed.below(5) as usize];
    let by = Witness { name: name.to_owned(), uid: 1001 };
    if !wanted && seed.once_in(20) {
        return Some(Command::WitnessStop { by });
    }
    let step = seed.once_in(2).then(|| {
        let at = seed.below(session.plan.steps.len() as u64) as usize;
        session.plan.steps[at].id.clone()
    });
    let attempt = seed.once_in(4).then(|| seed.below(40) as u32);
    let initials = if seed.once_in(9) { " ".to_owned() } else { "XY".to_owned() };
    Some(Command::Witness {
        by,
        initials,
        step: step.filter(|_| !wanted),
        attempt: attempt.filter(|_| !wanted),
    })
}

/// Nobody is a witness of their own work, or twice of the same; nothing is final without the witness it asks for.
fn invariants_of_witnesses(session: &Session, events: &[Event]) {
    for (at, initials) in session.initials.iter().enumerate() {
        assert_ne!(initials.by.name, "ada", "the operator is no witness");
        let same = |other: &&Initials| {
            (&other.by, &other.attempt, &other.step, other.seen_done)
                == (&initials.by, &initials.attempt, &initials.step, initials.seen_done)
        };
        assert!(!session.initials[..at].iter().any(|other| same(&other)), "twice: {initials:?}");
    }
    for event in events {
        if let Event::CommitRequested { step, attempt } = event
            && session.step(step).is_some_and(|step| step.witness)
        {
            let under = |it: &Initials| it.attempt == *attempt && it.seen_done;
            assert!(session.initials.iter().any(under), "{step} was committed without a witness");
        }
    }
}

/// What must hold between the record and the database at every moment.
fn invariants(world: &World) {
    let session = &world.drive.session;
    let plan = &session.plan;
    for (at, migration) in plan.ceremony.migrations.iter().enumerate() {
        let in_database = world.runner.database.is_applied(&migration.id);
        match &session.migrations[at] {
            MigrationState::Applied(_) => assert!(in_database, "{} is not in the database", migration.id),
            MigrationState::NotApplied | MigrationState::RolledBack(_) => {
                assert!(!in_database, "{} is in the database, unknown to the record", migration.id);
            }
            MigrationState::InDoubt(..) | MigrationState::Half(_) => {}
        }
        // Whatever died in between: what the ledger settles and what the catalog settles took effect once.
        let row = world.runner.database.ledger.iter().rfind(|row| row.migration == migration.id);
        for index in [0, 1] {
            let Some((row, units)) = row.and_then(|row| Some((row, row.units?))) else { break };
            let key = (migration.id.clone(), row.direction == Direction::Up, index);
            let trace = world.runner.database.traces.get(&key).copied().unwrap_or_default();
            assert!(trace.times <= 1, "unit {index} of {} took effect {} times", migration.id, trace.times);
            if units.done > index {
                assert!(
                    trace.times == 1 && !trace.half,
                    "unit {index} of {} is counted: {trace:?}",
                    migration.id
                );
            }
        }
        if let Some(units) = row.filter(|row| row.done).and_then(|row| row.units) {
            assert_eq!(units.done, units.of, "{} is done with units left", migration.id);
        }
    }
    for row in world.runner.database.ledger.windows(2) {
        assert_ne!(row[0].attempt, row[1].attempt, "an attempt was written twice");
    }
    let mut up: BTreeMap<&str, bool> = BTreeMap::new();
    let whole = |row: &&LedgerRow| row.done;
    for row in world.runner.database.ledger.iter().filter(whole) {
        let now = row.direction == Direction::Up;
        let before = up.insert(&row.migration, now).unwrap_or(false);
        let half = world
            .runner
            .database
            .ledger
            .iter()
            .any(|half| half.migration == row.migration && half.cycle + 1 == row.cycle && !half.done);
        assert!(before != now || half, "{} was applied or rolled back twice", row.migration);
    }
    for escalation in session.escalations.iter().chain(&session.escalation) {
        // This world never goes back in time and nobody else is in it.
        let why = &escalation.halt.why;
        assert!(!why.contains("the ledger counts") && !why.contains("and not by the ledger"), "{why}");
    }
    if let Some(refusal) = &session.refusal {
        for part in [&refusal.what, &refusal.why, &refusal.next] {
            assert!(!part.trim().is_empty(), "a message without what, why or next: {refusal:?}");
        }
    }
    if let Phase::Closed(verdict) = session.phase
        && verdict.is_good()
    {
        assert!(session.steps.iter().all(|step| step.checks.iter().all(|judged| judged.is_some())));
        assert!(
            world.runner.database.ledger.iter().filter(|row| row.direction == Direction::Up).count() >= 3
        );
    }
}

/// What a list of sessions reads from events alone is where the session stands.
fn standing_is_the_phase(world: &World) {
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

fn run(plan: &Arc<Plan>, number: u64, met: &mut Met) {
    let mut seed = Seed(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let mut world = World::new(plan.clone(), seed.draw());
    world.runner.fault_once_in = [0, 400, 120, 40][seed.below(4) as usize];
    let mut others = Seed(number ^ 0x0077_6974_6e65_7373);
    let crash_once_in = [0, 200, 60][seed.below(3) as usize];
    for _ in 0..600 {
        met.inputs += 1;
        world.clock_us += seed.below(5_000_000);
        let mut events = Vec::new();
        if let Some(command) = witnessed(&world, &mut others) {
            met.witness_stops += u64::from(matches!(command, Command::WitnessStop { .. }));
            events = world.command(command);
        } else if seed.once_in(crash_once_in) {
            // What was synced survives; of what was not, any part may.
            let journal = &world.drive.journal;
            let loose = (journal.bytes.len() - journal.synced) as u64;
            let keep = journal.synced + seed.below(loose + 1) as usize;
            if world.drive.session.migrations.iter().any(|state| matches!(state, MigrationState::InDoubt(..)))
            {
                met.in_doubt += 1;
            }
            world.crash(keep);
            met.crashes += 1;
        } else if !world.runner.pending.is_empty() && !seed.once_in(40) {
            events = world.deliver().unwrap_or_default();
        } else {
            let command = command(&world, &mut seed);
            events = world.command(command);
        }
        met.take(&events);
        invariants(&world);
        invariants_of_witnesses(&world.drive.session, &events);
        if world.drive.session.refusal.is_some() {
            met.refusals += 1;
        }
        if matches!(world.drive.session.phase, Phase::Closed(_))
            && world.runner.pending.is_empty()
            && seed.once_in(3)
        {
            break;
        }
    }
    standing_is_the_phase(&world);
    let session = &world.drive.session;
    *met.verdicts.entry(session.verdict().word()).or_default() += 1;
    for escalation in session.escalations.iter().chain(&session.escalation) {
        let number = match escalation.halt.cause {
            HaltCause::Condition(condition) => condition.number(),
            HaltCause::Operator => 0,
            HaltCause::Witness => 10,
            HaltCause::Rule => 9,
        };
        *met.halts.entry(number).or_default() += 1;
    }
    met.rollbacks +=
        session.migrations.iter().filter(|state| matches!(state, MigrationState::RolledBack(_))).count()
            as u64;
}

fn sweep(plan: &Arc<Plan>, from: u64, to: u64) -> Met {
    let mut met = Met::default();
    for number in from..to {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(plan, number, &mut met)));
        assert!(
            result.is_ok(),
            "seed {number} failed: SEEDS={number}..{} cargo test --test simulation",
            number + 1
        );
    }
    met
}

fn range() -> Option<(u64, u64)> {
    let text = std::env::var("SEEDS").ok()?;
    let (from, to) = text.split_once("..")?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

#[test]
fn seeds_from_0() {
    let (from, to) = range().unwrap_or((0, 1_000));
    let met = sweep(&support::shipped_plan(), from, to);
    println!("{met:?}");
    if range().is_none() {
        for verdict in ["PASS", "FAIL"] {
            assert!(met.verdicts.contains_key(verdict), "no run ended with {verdict}: {met:?}");
        }
        for condition in [0, 1, 2, 3, 4, 5, 6, 8, 9, 10] {
            assert!(met.halts.contains_key(&condition), "halt {condition} was never met: {met:?}");
        }
        assert!(met.crashes > 500 && met.in_doubt > 5 && met.rollbacks > 50 && met.refusals > 400, "{met:?}");
        assert!(met.rechecked > 200 && met.barred > 20, "{met:?}");
    }
}

#[test]
fn seeds_with_witnesses() {
    let (from, to) = range().unwrap_or((3_000_000, 3_000_300));
    let met = sweep(&support::witnessed_plan(), from, to);
    println!("{met:?}");
    if range().is_none() {
        assert!(met.verdicts.contains_key("PASS") && met.witnessed > 1_000, "{met:?}");
    }
}

#[test]
fn seeds_from_a_million() {
    let met = sweep(&support::shipped_plan(), 1_000_000, 1_001_000);
    println!("{met:?}");
}

#[test]
fn seeds_without_a_transaction() {
    let (from, to) = range().unwrap_or((2_000_000, 2_000_500));
    let met = sweep(&support::stepwise_plan(), from, to);
    println!("{met:?}");
    if range().is_none() {
        assert!(met.half_way > 100 && met.mended > 10 && met.left_out > 1 && met.asked > 20, "{met:?}");
        assert!(met.verdicts.contains_key("PASS") && met.rollbacks > 50, "{met:?}");
    }
}
