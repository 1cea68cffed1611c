//! STOP THE WORLD: what happened, what is left of it, the five stages and what to do now.

use super::ink::{Row, Tone};
use crate::session::*;

/// The stop that is being dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertView {
    /// Which of the eight, in words.
    pub cause: Row,
    /// The step, why, the server's words, what is left.
    pub facts: Vec<Row>,
    /// The five stages in one row.
    pub stages: Row,
    /// What was said at the stages that are done.
    pub said: Vec<Row>,
    /// What to do now.
    pub now: Vec<Row>,
    /// The stage that is next.
    pub next: Option<Stage>,
}

/// The open stop, if there is one.
pub fn alert(session: &Session) -> Option<AlertView> {
    let stop = session.escalation.as_ref()?;
    let halt = &stop.halt;
    let title = session.step(&halt.step).map_or("", |step| step.title.as_str());
    let mut facts = vec![
        Row::labelled("step", Tone::Strong, title)
            .say(Tone::Dim, &format!("  {}, at {}", halt.step, stop.at.wall.clock())),
    ];
    // The server's own words say more than our one line of them.
    let failed = failed(session, &halt.step);
    if halt.error.is_none() && failed.is_empty() {
        facts.push(Row::labelled("why", Tone::Plain, &halt.why));
    }
    if let Some(error) = &halt.error {
        for (at, line) in error.card().lines().enumerate() {
            let label = if at == 0 { "error" } else { "" };
            facts.push(Row {
                indent: 21,
                ..Row::labelled(label, Tone::Bad, line.strip_prefix("  ").unwrap_or(line))
            });
        }
    }
    if halt.error.is_none() {
        facts.extend(failed);
    }
    facts.extend(session.again().map(|again| Row::labelled("again", Tone::Warn, &again)));
    facts.push(match stop.next {
        // What was done since then stands below it.
        Some(Stage::Document) => Row::labelled("left", Tone::Dim, "then: ").say(Tone::Dim, &halt.left),
        _ => Row::labelled("left", Tone::Warn, &halt.left),
    });
    let said = stop.words.iter().map(|(stage, words)| {
        let decided = stop.decision.filter(|_| *stage == Stage::Decide);
        let decided = decided.map(|decision| format!("{}: ", decision.word())).unwrap_or_default();
        Row::labelled(stage.word(), Tone::Strong, &decided).say(Tone::Plain, words)
    });
    Some(AlertView {
        cause: Row::of(Tone::Strong, &halt.cause.words()),
        facts,
        stages: stages(stop.next),
        said: said.collect(),
        now: next_words(session, stop),
        next: stop.next,
    })
}

/// The checks that stopped it: what was seen before what was wanted, which may be long.
fn failed(session: &Session, step: &str) -> Vec<Row> {
    let (Some(step), Some(state)) = (session.step(step), session.step_state(step)) else { return Vec::new() };
    let judged = step.checks.iter().zip(&state.checks);
    let failed = judged.filter_map(|(check, judged)| Some((check, judged.as_ref()?)));
    failed
        .filter(|(_, judged)| judged.verdict == Verdict::Fail)
        .flat_map(|(check, judged)| {
            [
                Row::labelled("failed", Tone::Strong, &check.title),
                Row::labelled("seen", Tone::Bad, &judged.observed),
                Row::labelled("wanted", Tone::Dim, &judged.expected),
            ]
        })
        .collect()
}

/// `✓ STOP  ▶ ASSESS  ○ DECIDE  ○ EXECUTE  ○ DOCUMENT`.
pub fn stages(next: Option<Stage>) -> Row {
    let mut row = Row::new();
    for (at, stage) in Stage::ALL.into_iter().enumerate() {
        let (shape, tone) = match next {
            Some(next) if stage == next => ("▶", Tone::Call),
            Some(next) if stage > next => ("○", Tone::Dim),
            _ => ("✓", Tone::Good),
        };
        let gap = if at == 0 { "" } else { "  " };
        row = row.say(tone, &format!("{gap}{shape} {}", stage.word()));
    }
    row
}

fn next_words(session: &Session, stop: &Escalation) -> Vec<Row> {
    let step = |words: &str| Row::labelled("now", Tone::Strong, words);
    let more = |words: &str| Row::labelled("", Tone::Plain, words);
    match stop.next {
        Some(Stage::Assess) => vec![
            step("ASSESS: v looks behind this; A writes down what you found."),
            more("Nothing else is accepted until the five stages are done."),
        ],
        Some(Stage::Decide) => {
            let mut rows = vec![step("DECIDE: is a rollback needed? Press A and choose.")];
            rows.extend(
                choices(session)
                    .into_iter()
                    .map(|(_, words)| Row { indent: 23, ..Row::new().pad(8).join(words) }),
            );
            rows
        }
        Some(Stage::Document) => vec![
            step("DOCUMENT: press A and write down the issue and its resolution."),
            more(match stop.decision {
                Some(Decision::Resume) => "After that the ceremony goes on.",
                _ => "After that the ceremony is closed.",
            }),
        ],
        _ => vec![step("EXECUTE: what was decided is being done.")],
    }
}

/// The decisions of stage DECIDE with what each of them means.
pub fn choices(session: &Session) -> Vec<(Decision, Row)> {
    let word = |key: &str, tone: Tone, word: &str, words: &str| Row {
        indent: 15,
        ..Row::of(Tone::Call, key).say(tone, &format!(" {word:<12} ")).say(Tone::Plain, words)
    };
    let (tone, back) = if session.anything_applied() {
        (Tone::Strong, "undo every migration that is applied, last one first; a gate asks before")
    } else {
        (Tone::Dim, "nothing is applied, so there is nothing to roll back")
    };
    vec![
        (
            Decision::Resume,
            word(
                "1",
                Tone::Strong,
                "resume",
                "the cause is mended: read the ledger, then try the step again",
            ),
        ),
        (Decision::RollBack, word("2", tone, "roll back", back)),
        (
            Decision::Abandon,
            word("3", Tone::Strong, "abandon", "leave everything as it is and end the ceremony with FAIL"),
        ),
    ]
}
