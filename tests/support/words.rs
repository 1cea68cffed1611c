//! The words of a scenario's commands, and how events are written below them.

use ceremony::runner::fake::{Left, UnitFault};
use ceremony::session::*;

fn card(sqlstate: &str) -> Box<ErrorCard> {
    Box::new(ErrorCard {
        severity: "ERROR".to_owned(),
        sqlstate: sqlstate.to_owned(),
        message: "as the scenario says".to_owned(),
        ..ErrorCard::default()
    })
}

/// `refused`, or what nobody hears of: `lost half`, `silent done`.
pub fn unit_fault(words: &str) -> UnitFault {
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

pub fn failure(words: &str) -> Failure {
    match words.split_once(' ') {
        Some(("sql", code)) => Failure::Sql { error: card(code) },
        Some(("connection", what)) => Failure::Connection { what: what.to_owned() },
        Some(("blocked", what)) => Failure::Blocked { what: what.to_owned(), next: "wait for it".to_owned() },
        Some(("escaped", what)) => Failure::Escaped { what: what.to_owned() },
        _ => panic!("unknown failure: {words}"),
    }
}

pub fn witness(name: &str) -> Witness {
    Witness { name: name.to_owned(), uid: 1001 }
}

/// `NAME LETTERS`, then maybe the step, then maybe the attempt that was looked at; `-` is nothing.
pub fn initials(words: &str) -> Command {
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

/// `STEP | EXPECTED | OBSERVED | DECIDED`.
pub fn deviation(words: &str) -> Command {
    let mut parts = words.split('|').map(|part| part.trim().to_owned());
    let mut next = || parts.next().unwrap_or_default();
    let (step, expected, observed, decided) = (next(), next(), next(), next());
    Command::Deviate { step, expected, observed, decided }
}

/// `idle` or `suspended`, for twenty minutes.
pub fn interruption(word: &str) -> Command {
    let by = match word {
        "idle" => Interruption::Idle,
        "suspended" => Interruption::Suspended,
        _ => panic!("unknown interruption: {word}"),
    };
    Command::Interrupted { by, lasted_us: 1_200_000_000 }
}

/// What was decided, a line each; passed checks are left out.
pub fn shown(events: &[Event], out: &mut Vec<String>) {
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

/// `up 31 days`, `10 GB`, `an extension NAME`: what makes a server unusual.
pub fn server_has(it: &mut Circumstances, words: &str) {
    match words.split(' ').collect::<Vec<_>>()[..] {
        ["up", days, "days"] => it.up_s = days.parse::<u64>().unwrap() * 86_400,
        [gb, "GB"] => it.size_bytes = gb.parse::<u64>().unwrap() << 30,
        ["extension", name] => it.extensions.push(name.to_owned()),
        _ => panic!("unknown: {words}"),
    }
}
