//! Scenarios in text: `> command` lines and, below each, what the core decided.
//! `UPDATE=1 cargo test --test scenarios` writes what it sees; read the difference before you commit it.

mod support;

use ceremony::runner::fake::{Left, UnitFault, samples};
use ceremony::session::*;
use ceremony::view::LineKind;
use support::World;

fn card(sqlstate: &str) -> Box<ErrorCard> {
    Box::new(ErrorCard {
        severity: "ERROR".to_owned(),
        sqlstate: sqlstate.to_owned(),
        message: "as the scenario says".to_owned(),
        ..ErrorCard::default()
    })
}

fn shown(events: &[Event], out: &mut Vec<String>) {
    for event in events {
        match event {
            Event::CheckJudged { verdict, .. } if *verdict == Verdict::Pass => {}
            Event::CheckJudged { step, check, verdict, expected, observed, waiver } => {
                let waiver = waiver.as_ref().map(|waiver| format!(" [{waiver}]")).unwrap_or_default();
                out.push(format!(
                    "  {} {step} {check}: expected {expected}, observed {observed}{waiver}",
                    verdict.word()
                ));
            }
            Event::StageDone { stage, words, decision } => {
                let decision = decision.map(|decision| format!(" {}", decision.word())).unwrap_or_default();
                out.push(format!("  {}{decision}: {words}", stage.word()));
            }
            Event::Refused { refusal } => {
                out.push(format!("  REFUSED {}", refusal.what));
                out.push(format!("    why:  {}", refusal.why));
                out.push(format!("    next: {}", refusal.next));
            }
            Event::Halted { halt } => {
                out.push(format!("  STOP THE WORLD at {}: {}", halt.step, halt.cause.words()));
                out.push(format!("    why:  {}", halt.why));
                out.push(format!("    left: {}", halt.left));
            }
            Event::NoteTaken { words } => out.push(format!("  note: {words}")),
            other => {
                if let Some((_, text)) = other.headline() {
                    out.push(format!("  {text}"));
                }
            }
        }
    }
}

fn run_pending(world: &mut World, out: &mut Vec<String>) {
    while let Some(events) = world.deliver() {
        shown(&events, out);
    }
}

/// The radar sees something, before whatever the fake world has still to say.
fn sample(world: &mut World, what: &str, out: &mut Vec<String>) {
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
    out.extend(lines.filter(|line| line.kind == LineKind::Notice).map(|line| format!("  {}", line.text)));
    shown(&events, out);
}

/// `refused`, or what nobody hears of: `lost half`, `silent done`.
fn unit_fault(words: &str) -> UnitFault {
    let (what, left) = words.split_once(' ').unwrap_or((words, "nothing"));
    let left = match left {
        "nothing" => Left::Nothing,
        "half" => Left::Half,
        "done" => Left::Done,
        _ => panic!("unknown: {left}"),
    };
    match what {
        "refused" => UnitFault::Refused,
        "lost" => UnitFault::Lost(left),
        "silent" => UnitFault::Silent(left),
        _ => panic!("unknown: {what}"),
    }
}

fn failure(words: &str) -> Failure {
    match words.split_once(' ') {
        Some(("sql", code)) => Failure::Sql { error: card(code) },
        Some(("connection", what)) => Failure::Connection { what: what.to_owned() },
        Some(("blocked", what)) => Failure::Blocked { what: what.to_owned(), next: "wait for it".to_owned() },
        Some(("escaped", what)) => Failure::Escaped { what: what.to_owned() },
        _ => panic!("unknown failure: {words}"),
    }
}

fn witness(name: &str) -> Witness {
    Witness { name: name.to_owned(), uid: 1001 }
}

/// `NAME LETTERS`, then maybe the step, then maybe the attempt that was looked at; `-` is nothing.
fn initials(words: &str) -> Command {
    let mut words = words.split(' ').map(|word| if word == "-" { "" } else { word });
    let mut next = || words.next().unwrap_or_default();
    let (by, initials) = (witness(next()), next().to_owned());
    let (step, attempt) = (next(), next());
    Command::Witness {
        by,
        initials,
        step: (!step.is_empty()).then(|| step.to_owned()),
        attempt: (!attempt.is_empty()).then(|| attempt.parse().unwrap()),
    }
}

/// Another plan than the shipped one.
fn plan(verb: &str) -> std::sync::Arc<ceremony::plan::Plan> {
    if verb == "with-witnesses" { support::witnessed_plan() } else { support::stepwise_plan() }
}

/// `STEP | EXPECTED | OBSERVED | DECIDED`.
fn deviation(words: &str) -> Command {
    let mut parts = words.split('|').map(|part| part.trim().to_owned());
    let mut next = || parts.next().unwrap_or_default();
    let (step, expected, observed, decided) = (next(), next(), next(), next());
    Command::Deviate { step, expected, observed, decided }
}

/// `idle` or `suspended`, for twenty minutes.
fn interruption(word: &str) -> Command {
    let by = match word {
        "idle" => Interruption::Idle,
        "suspended" => Interruption::Suspended,
        _ => panic!("unknown interruption: {word}"),
    };
    Command::Interrupted { by, lasted_us: 1_200_000_000 }
}

/// What happens to record, ledger and clock behind the session's back.
fn befall(world: &mut World, verb: &str, rest: &str, out: &mut Vec<String>) {
    match verb {
        "old-record" => {
            // A copy of the record from when it had so many entries.
            let lines = world.drive.journal.bytes.split_inclusive(|byte| *byte == b'\n');
            let keep = lines.take(rest.parse().unwrap()).map(<[u8]>::len).sum();
            let before = world.drive.transcript.lines.len();
            world.crash(keep);
            let lines =
                world.drive.transcript.lines.iter().skip(before.min(world.drive.transcript.lines.len()));
            out.extend(lines.map(|line| format!("  {}", line.text)));
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
        }
        "clock-set" => world.set_us += rest.parse::<i64>().unwrap() * 1_000_000,
        _ => panic!("unknown command: {verb} {rest}"),
    }
}

fn act(world: &mut World, command: &str, out: &mut Vec<String>) {
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    let input = match verb {
        "open" => Command::Open { header: Box::new(support::header()) },
        "answer" if rest.is_empty() => world.right_answer().expect("a gate is open"),
        "answer" => match &world.drive.session.phase {
            Phase::Gate(gate) => Command::Answer { gate: gate.id.clone(), words: rest.to_owned() },
            _ => Command::Answer { gate: "none".to_owned(), words: rest.to_owned() },
        },
        "discard" => Command::Discard,
        "stop" => Command::Stop,
        "initials" => initials(rest),
        "witness-stop" => Command::WitnessStop { by: witness(rest) },
        "assess" => Command::Assess { words: rest.to_owned() },
        "decide" => {
            let (word, words) = rest.split_once(':').expect("decide DECISION: words");
            Command::Decide { decision: Decision::of_word(word).unwrap(), words: words.trim().to_owned() }
        }
        "document" => Command::Document { words: rest.to_owned() },
        "rollback" => Command::RollBack,
        "deviate" => deviation(rest),
        "interrupted" => interruption(rest),
        "note" => Command::Note { words: rest.to_owned() },
        "run" => return run_pending(world, out),
        "deliver" => {
            for _ in 0..rest.parse().unwrap() {
                let events = world.deliver().expect("something is pending");
                shown(&events, out);
            }
            return;
        }
        "until" => {
            // Everything on the way goes well and is not shown.
            for _ in 0..1_000 {
                match &world.drive.session.phase {
                    Phase::Gate(gate) if gate.id == rest => return,
                    Phase::Closed(_) => break,
                    _ => {}
                }
                if world.deliver().is_none() {
                    let answer = world.right_answer().expect("a gate on the way");
                    world.command(answer);
                }
            }
            panic!("the gate '{rest}' never opened");
        }
        "fail-check" => {
            world.runner.fail_check = Some(rest.to_owned());
            return;
        }
        "fail-run" => return world.runner.fail_run = Some(failure(rest)),
        "sample" => return sample(world, rest, out),
        "fail-settle" => return world.runner.fail_settle = true,
        "without-transactions" | "with-witnesses" => return *world = World::new(plan(verb), 1),
        "unit" => {
            world.runner.unit_fault = Some(unit_fault(rest));
            return;
        }
        "ledger-counts" => {
            let units = world.runner.database.ledger.last_mut().and_then(|row| row.units.as_mut());
            units.expect("a row with units").done = rest.parse().unwrap();
            return;
        }
        "ledger-lost" => return world.runner.database.ledger.clear(),
        "crash" => {
            let keep = world.drive.journal.bytes.len();
            let before = world.drive.transcript.lines.len();
            world.crash(keep);
            let lines = world.drive.transcript.lines.iter().skip(before);
            out.extend(lines.map(|line| format!("  {}", line.text)));
            return;
        }
        "verdict" => return out.push(format!("  {}", world.drive.session.verdict().word())),
        _ => return befall(world, verb, rest, out),
    };
    shown(&world.command(input), out);
}

#[test]
fn scenarios() {
    let plan = support::shipped_plan();
    let mut paths: Vec<_> = std::fs::read_dir(support::root().join("tests/scenarios"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 10, "the scenarios are there");
    let mut different = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut world = World::new(plan.clone(), 1);
        let mut out = Vec::new();
        for line in text.lines() {
            if line.starts_with('#') || line.is_empty() {
                out.push(line.to_owned());
            } else if let Some(command) = line.strip_prefix("> ") {
                out.push(line.to_owned());
                act(&mut world, command, &mut out);
            }
        }
        let seen = out.join("\n") + "\n";
        if seen != text {
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&path, &seen).unwrap();
            }
            different.push(format!("--- {}\n{seen}", path.display()));
        }
    }
    assert!(different.is_empty() || std::env::var_os("UPDATE").is_some(), "{}", different.join("\n"));
}
