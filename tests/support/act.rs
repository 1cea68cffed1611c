//! The language of scenarios: what is done to a world, one command a line. `tests/scenarios` is written in it, and a
//! run of the simulation that fails is printed in it. Every command can be given at any time: where there is nothing
//! to do, nothing is done, so that lines can be left out.

use super::world::{Dies, World};
use super::{invariants, shipped_plan, stepwise_plan, witnessed_plan, words};
use ceremony::plan::Plan;
use ceremony::runner::fake::{Database, samples};
use ceremony::session::*;
use ceremony::view::LineKind;
use std::sync::{Arc, OnceLock};

/// What came of commands.
#[derive(Default)]
pub struct Told {
    pub events: Vec<Event>,
    /// The same in lines, where somebody reads them.
    pub lines: Option<Vec<String>>,
}

impl Told {
    fn take(&mut self, events: Vec<Event>) {
        if let Some(lines) = &mut self.lines {
            words::shown(&events, lines);
        }
        self.events.extend(events);
    }

    fn line(&mut self, line: String) {
        if let Some(lines) = &mut self.lines {
            lines.push(line);
        }
    }
}

/// `shipped`, `stepwise` (without transactions) or `witnessed`.
pub fn plan(name: &str) -> Arc<Plan> {
    static PLANS: OnceLock<[Arc<Plan>; 3]> = OnceLock::new();
    let plans = PLANS.get_or_init(|| [shipped_plan(), stepwise_plan(), witnessed_plan()]);
    let at = ["shipped", "stepwise", "witnessed"].iter().position(|it| *it == name);
    plans[at.unwrap_or_else(|| panic!("unknown plan: {name}"))].clone()
}

/// `PLAN SEED FAULTS`: another world, in which one chance in FAULTS goes wrong.
fn world_of(rest: &str) -> World {
    let mut parts = rest.split(' ');
    let mut next = || parts.next().unwrap_or_default();
    let plan = plan(next());
    let mut world = World::new(plan, number(next()));
    world.runner.fault_once_in = number(next());
    world
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("a number, not '{text}'"))
}

/// Does what `line` says; `b: …` is done by the second operator.
pub fn act(world: &mut World, line: &str, told: &mut Told) {
    let Some(line) = line.strip_prefix("b: ") else {
        carry_out(world, line, told);
        return;
    };
    let Some(mut other) = world.other.take() else { return };
    std::mem::swap(&mut world.runner.database, &mut other.runner.database);
    carry_out(&mut other, line, told);
    std::mem::swap(&mut world.runner.database, &mut other.runner.database);
    world.other = Some(other);
}

fn carry_out(world: &mut World, line: &str, told: &mut Told) {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    if let Some(command) = command(world, verb, rest) {
        let events = world.command(command);
        return told.take(events);
    }
    match verb {
        "run" => {
            while let Some(events) = world.deliver() {
                told.take(events);
            }
        }
        "deliver" => {
            for _ in 0..rest.parse().unwrap_or(1) {
                told.take(world.deliver().unwrap_or_default());
            }
        }
        "until" => until(world, rest),
        "sample" => sample(world, rest, told),
        "crash" => {
            let keep = world.drive.journal.bytes.len();
            let before = world.drive.transcript.lines.len();
            world.crash(keep);
            let lines: Vec<_> = world.drive.transcript.lines.iter().skip(before).collect();
            lines.into_iter().for_each(|line| told.line(format!("  {}", line.text)));
        }
        // A copy of the record from when it had so many entries.
        "old-record" => {
            let lines = world.drive.journal.bytes.split_inclusive(|byte| *byte == b'\n');
            let keep = lines.take(rest.parse().unwrap()).map(<[u8]>::len).sum();
            let before = world.drive.transcript.lines.len();
            world.crash(keep);
            let lines: Vec<_> = world.drive.transcript.lines.iter().skip(before).collect();
            lines.into_iter().for_each(|line| told.line(format!("  {}", line.text)));
        }
        "verdict" => told.line(format!("  {}", world.drive.session.verdict().word())),
        "calm" => super::invariants::comes_to_an_end(world, told),
        _ => prepare(world, verb, rest),
    }
}

/// What a person, the clock or the terminal says to the core.
fn command(world: &World, verb: &str, rest: &str) -> Option<Command> {
    let text = rest.to_owned();
    Some(match verb {
        "open" => Command::Open { header: Box::new(world.header.clone()) },
        "answer" if rest.is_empty() => {
            world.right_answer().unwrap_or(Command::Answer { gate: "none".to_owned(), words: text })
        }
        "answer" => match &world.drive.session.phase {
            Phase::Gate(gate) => Command::Answer { gate: gate.id.clone(), words: text },
            _ => Command::Answer { gate: "none".to_owned(), words: text },
        },
        "discard" => Command::Discard,
        "stop" => Command::Stop,
        "initials" => words::initials(rest),
        "witness-stop" => Command::WitnessStop { by: words::witness(rest) },
        "assess" => Command::Assess { words: text },
        "decide" => {
            let (word, words) = rest.split_once(':').expect("decide DECISION: words");
            Command::Decide { decision: Decision::of_word(word).unwrap(), words: words.trim().to_owned() }
        }
        "document" => Command::Document { words: text },
        "rollback" => Command::RollBack,
        "deviate" => words::deviation(rest),
        "interrupted" => words::interruption(rest),
        "note" => Command::Note { words: text },
        _ => return None,
    })
}

/// What happens to the world, or will happen next.
fn prepare(world: &mut World, verb: &str, rest: &str) {
    match verb {
        "without-transactions" => *world = World::new(plan("stepwise"), 1),
        "with-witnesses" => *world = World::new(plan("witnessed"), 1),
        "world" => *world = world_of(rest),
        "faults" => world.runner.fault_once_in = number(rest),
        "second" => {
            let mut other = world_of(rest);
            other.header.session = "00000000-0000-7000-8000-000000000002".to_owned();
            other.header.operator = "eve".to_owned();
            world.other = Some(Box::new(other));
        }
        "broken-core" => world.core = super::sabotage::named(rest),
        "fail-check" => world.runner.fail_check = Some(rest.to_owned()),
        "fail-run" => world.runner.fail_run = Some(words::failure(rest)),
        "server-has" => words::server_has(&mut world.runner.circumstances, rest),
        "fail-settle" => world.runner.fail_settle = true,
        "unit" => world.runner.unit_fault = Some(words::unit_fault(rest)),
        "ledger-counts" => {
            let units = world.runner.database.ledger.last_mut().and_then(|row| row.units.as_mut());
            if let Some(units) = units {
                (units.done, world.tampered) = (rest.parse().unwrap(), true);
            }
        }
        "ledger-lost" => {
            world.runner.database.ledger.clear();
            world.tampered = true;
        }
        "ledger-others" => {
            // Somebody else undid and did again what this session had applied.
            let ours = world.runner.database.ledger.clone();
            for (direction, beyond) in [(Direction::Down, 1), (Direction::Up, 2)] {
                world.runner.database.ledger.extend(ours.iter().map(|row| LedgerRow {
                    attempt: format!("others/{}-{beyond}", row.migration),
                    direction,
                    cycle: row.cycle + beyond,
                    recorded: None,
                    ..row.clone()
                }));
            }
            world.tampered = true;
        }
        // The newest row is gone, as after an older dump was restored.
        "ledger-older" => world.tampered |= world.runner.database.ledger.pop().is_some(),
        "torn" => world.die(number(rest)),
        "dies" => {
            let (point, keep) = rest.split_once(' ').unwrap_or((rest, "0"));
            world.dies = Some((dies(point), number(keep)));
        }
        "disk-full" => world.full = Some(number(rest)),
        "server" => server(world, rest),
        "clock-set" => world.wall_off_us += rest.parse::<i64>().unwrap() * 1_000_000,
        "clock-gap" => world.clock_us += number(rest) * 1_000_000,
        "lost" | "twice" | "later" | "late" | "swap" => outcomes(world, verb, rest),
        _ => panic!("unknown command: {verb} {rest}"),
    }
}

fn dies(point: &str) -> Dies {
    match point {
        "decided" => Dies::Decided,
        "appended" => Dies::Appended,
        "synced" => Dies::Synced,
        "applied" => Dies::Applied,
        "begun" => Dies::Begun,
        _ => panic!("unknown: dies {point}"),
    }
}

/// What becomes of outcomes on their way: the `rest`th of them never comes, comes twice, or comes later.
fn outcomes(world: &mut World, verb: &str, rest: &str) {
    let pending = &mut world.runner.pending;
    let at = rest.parse::<usize>().unwrap_or(0);
    match verb {
        "lost" => drop(pending.remove(at)),
        "twice" => world.late.extend(pending.get(at).cloned()),
        "later" => world.late.extend(pending.remove(at)),
        "late" if !world.late.is_empty() => {
            let outcome = world.late.remove(at % world.late.len());
            pending.push_front(outcome);
        }
        "swap" if at + 1 < pending.len() => pending.swap(at, at + 1),
        _ => {}
    }
}

/// `restarts`, `other` (another cluster answers, then the first again), `standby` (one that is behind), `promoted`.
fn server(world: &mut World, what: &str) {
    match what {
        "restarts" => {
            world.runner.restart_server();
            if let Some(other) = &mut world.other {
                other.runner.lose_connection();
            }
        }
        "promoted" => {
            world.runner.restart_server();
            world.runner.database.promotions += 1;
        }
        // Where the first was not seen yet, any will do.
        _ if world.drive.session.identity.is_none() && world.away.is_none() => {}
        _ => {
            world.runner.restart_server();
            if let Some(first) = world.away.take() {
                world.runner.database = first;
                return;
            }
            let first = std::mem::take(&mut world.runner.database);
            if what == "standby" {
                world.runner.database = Database { standby: true, ..first.clone() };
                world.runner.database.ledger.pop();
            } else {
                world.runner.database.server = 1;
            }
            world.away = Some(first);
        }
    }
}

/// Everything on the way goes well and is not shown.
fn until(world: &mut World, gate: &str) {
    for _ in 0..1_000 {
        match &world.drive.session.phase {
            Phase::Gate(open) if open.id == gate => return,
            Phase::Closed(_) => break,
            _ => {}
        }
        if world.deliver().is_none() {
            let Some(answer) = world.right_answer() else { break };
            world.command(answer);
        }
    }
    panic!("the gate '{gate}' never opened");
}

/// The radar sees something, before whatever the fake world has still to say.
fn sample(world: &mut World, what: &str, told: &mut Told) {
    let sample = match what {
        "waits" => samples::waiting(),
        "crowd" => samples::crowd(3, 2_000),
        "small crowd" => samples::crowd(2, 9_000),
        "young crowd" => samples::crowd(9, 1_999),
        "blind" => samples::blind(),
        _ => panic!("unknown sample: {what}"),
    };
    let session = &world.drive.session;
    let attempt = match &session.phase {
        Phase::Running(running) => running.attempt.clone(),
        Phase::Gate(gate) => session.step_state(&gate.step).unwrap().attempt.clone().unwrap(),
        other => panic!("nothing to look at: {other:?}"),
    };
    let outcome = Outcome { attempt, report: Report::Sampled { sample: Box::new(sample) } };
    world.runner.pending.push_front(outcome);
    let before = world.drive.transcript.lines.len();
    let events = world.deliver().expect("the sample");
    let lines = world.drive.transcript.lines.iter().skip(before);
    let notices: Vec<_> = lines.filter(|line| line.kind == LineKind::Notice).collect();
    notices.into_iter().for_each(|line| told.line(format!("  {}", line.text)));
    told.take(events);
}

/// Carries out a scenario's text and returns it as it should read; what must hold is held after every command.
pub fn scenario(text: &str) -> String {
    let mut world = World::new(plan("shipped"), 1);
    let mut told = Told { lines: Some(Vec::new()), ..Told::default() };
    for line in text.lines() {
        if line.starts_with('#') || line.is_empty() {
            told.line(line.to_owned());
        } else if let Some(command) = line.strip_prefix("> ") {
            told.line(line.to_owned());
            act(&mut world, command, &mut told);
            invariants::hold(&mut world);
        }
    }
    told.lines.unwrap_or_default().join("\n") + "\n"
}
