//! The items of a review and what is shown of each.

use super::found::Found;
use super::{Item, is_practice};
use crate::plan::{Check, Step};
use crate::session::*;
use crate::view::checklist::{Mark, check_row, mark};
use crate::view::ink::{Row, Tone};
use crate::view::notes::deviation_rows;

/// `entry 14`, or nothing.
fn entry_row(entries: &[u64]) -> Vec<Row> {
    let numbers: Vec<String> = entries.iter().map(u64::to_string).collect();
    match numbers.as_slice() {
        [] => Vec::new(),
        [one] => vec![Row::labelled("entry", Tone::Dim, one)],
        more => vec![Row::labelled("entries", Tone::Dim, &more.join(", "))],
    }
}

/// Every step with its state, the way up and what was run of the way back.
fn steps(session: &Session) -> impl Iterator<Item = (&Step, &StepState)> {
    let back = session.plan.rollback.iter().zip(&session.rollback).filter(|(_, state)| state.runs > 0);
    session.plan.steps.iter().zip(&session.steps).chain(back)
}

fn judged_checks(session: &Session) -> impl Iterator<Item = (&Step, &Check, &Judged)> {
    steps(session).flat_map(|(step, state)| {
        let judged = step.checks.iter().zip(&state.checks);
        judged.filter_map(move |(check, judged)| Some((step, check, judged.as_ref()?)))
    })
}

pub(super) fn torn(bytes: usize) -> Option<Item> {
    let kind = ("torn", Tone::Bad, true);
    let rows = vec![
        Row::labelled("what", Tone::Bad, &format!("the last line of the record is torn: {bytes} bytes")),
        Row::labelled("why", Tone::Plain, "the program or the machine died while it was written"),
        Row::labelled("next", Tone::Warn, "`ceremony resume` cuts it, keeps it aside and records the cut"),
    ];
    (bytes > 0).then(|| Item::of("torn".to_owned(), kind, "the record ends in a torn line").showing(rows))
}

pub(super) fn practice(session: &Session) -> Vec<Item> {
    let kind = ("practice", Tone::Bad, true);
    let rows = vec![
        Row::labelled("what", Tone::Bad, "this session is practice"),
        Row::labelled("why", Tone::Plain, "it was held on a copy, or nobody read its gates"),
        Row::labelled("next", Tone::Warn, "it can only be signed as practice, never as the real ceremony"),
    ];
    let item = Item::of("practice".to_owned(), kind, "PRACTICE: never the real ceremony").at([1]);
    if is_practice(session) { vec![item.showing(rows)] } else { Vec::new() }
}

pub(super) fn halts(session: &Session, found: &Found) -> Vec<Item> {
    let stops = session.escalations.iter().chain(&session.escalation).enumerate();
    stops
        .map(|(at, stop)| {
            let halt = &stop.halt;
            let mut rows = vec![
                Row::labelled("cause", Tone::Bad, &halt.cause.words()),
                Row::labelled("step", Tone::Strong, &halt.step)
                    .say(Tone::Dim, &format!(", at {}", stop.at.wall.clock())),
                Row::labelled("why", Tone::Plain, &halt.why),
                Row::labelled("left", Tone::Warn, &halt.left),
            ];
            let card = halt.error.as_ref().map(|error| error.card()).unwrap_or_default();
            rows.extend(card.lines().map(|line| Row::labelled("error", Tone::Bad, line)));
            for (stage, words) in &stop.words {
                let decided = stop.decision.filter(|_| *stage == Stage::Decide);
                let decided = decided.map(|decision| format!("{}: ", decision.word())).unwrap_or_default();
                let label = Row { indent: 9, ..Row::of(Tone::Strong, &format!("{:<9}", stage.word())) };
                rows.push(label.say(Tone::Strong, &decided).say(Tone::Plain, words));
            }
            let entries = found.halts.get(at).cloned().unwrap_or_default();
            rows.extend(entry_row(&entries));
            let title = format!("{}: {}", halt.step, halt.cause.words());
            let kind = ("stop", Tone::Bad, true);
            Item::of(format!("halt/{}", at + 1), kind, &title).at(entries).showing(rows)
        })
        .collect()
}

/// Checks that are not as wanted by the last that is known of them.
pub(super) fn checks(session: &Session, found: &Found) -> Vec<Item> {
    let bad = judged_checks(session).filter(|(.., judged)| !judged.verdict.is_good());
    bad.map(|(step, check, judged)| {
        let entry = found.check(&step.id, &check.id);
        let word = if judged.verdict == Verdict::NotRun { "not run" } else { "failed" };
        let rows = check_rows(step, check, judged, entry);
        let item = Item::of(format!("check/{}/{}", step.id, check.id), (word, Tone::Bad, true), &check.title);
        item.at(entry).showing(rows)
    })
    .collect()
}

fn check_rows(step: &Step, check: &Check, judged: &Judged, entry: Option<u64>) -> Vec<Row> {
    let mark = Mark::of(judged.verdict);
    let mut rows = vec![
        Row::labelled("check", Tone::Strong, &check.title),
        Row::labelled("step", Tone::Plain, &format!("{} ", step.title)).say(Tone::Dim, &step.id),
        Row::labelled("seen", mark.tone(), &judged.observed),
        Row::labelled("wanted", Tone::Plain, &judged.expected),
    ];
    rows.extend(judged.waiver.iter().map(|waiver| Row::labelled("waived", Tone::Warn, waiver)));
    rows.extend(entry_row(entry.as_slice()));
    rows
}

/// Checks that were not as wanted at first, and are by now.
pub(super) fn mended(session: &Session, found: &Found) -> Vec<Item> {
    let now = |step: &str, check: &str| {
        let at = session.step(step)?.checks.iter().position(|other| other.id == check)?;
        session.step_state(step)?.checks[at].as_ref().map(|judged| judged.verdict)
    };
    let mut items: Vec<Item> = Vec::new();
    for bad in &found.bad {
        let id = format!("mended/{}/{}", bad.step, bad.check);
        let planned = session
            .step(&bad.step)
            .and_then(|step| Some((step, step.checks.iter().find(|check| check.id == bad.check)?)));
        let Some((step, check)) = planned else { continue };
        if !now(&bad.step, &bad.check).is_none_or(Verdict::is_good) {
            continue;
        }
        let rows = check_rows(step, check, &bad.judged, Some(bad.entry));
        match items.iter_mut().find(|item| item.id == id) {
            Some(item) => {
                item.entries.push(bad.entry);
                item.rows.push(Row::new());
                item.rows.extend(rows);
            }
            None => {
                let item = Item::of(id, ("at first", Tone::Warn, true), &check.title);
                items.push(item.at([bad.entry]).showing(rows));
            }
        }
    }
    items
}

/// Steps that never came to an end.
pub(super) fn skipped(session: &Session) -> Vec<Item> {
    let open = session.plan.steps.iter().zip(&session.steps).filter(|(_, state)| state.verdict.is_none());
    open.map(|(step, state)| {
        let what = if state.runs == 0 { "it was never started" } else { "it was started and never finished" };
        let rows = vec![
            Row::labelled("step", Tone::Strong, &format!("{} ", step.title)).say(Tone::Dim, &step.id),
            Row::labelled("what", Tone::Bad, what),
            Row::labelled("so", Tone::Warn, &format!("{} checks have no answer", step.checks.len())),
        ];
        let item = Item::of(format!("skipped/{}", step.id), ("skipped", Tone::Bad, true), &step.title);
        item.showing(rows)
    })
    .collect()
}

pub(super) fn findings(session: &Session, found: &Found) -> Vec<Item> {
    let all = session.findings.iter().enumerate();
    all.map(|(at, (when, what))| {
        let entry = found.findings.get(at).copied();
        let mut rows = vec![
            Row::labelled("finding", Tone::Warn, what),
            Row::labelled("when", Tone::Dim, &when.wall.to_string()),
        ];
        rows.extend(entry_row(entry.as_slice()));
        let item = Item::of(format!("finding/{}", at + 1), ("finding", Tone::Warn, true), what);
        item.at(entry).showing(rows)
    })
    .collect()
}

pub(super) fn waivers(session: &Session, found: &Found) -> Vec<Item> {
    let used = judged_checks(session).filter(|(.., judged)| judged.waiver.is_some()).enumerate();
    used.map(|(at, (step, check, judged))| {
        let entry = found.check(&step.id, &check.id);
        let rows = check_rows(step, check, judged, entry);
        let item = Item::of(format!("waiver/{}", at + 1), ("waiver", Tone::Warn, true), &check.title);
        item.at(entry).showing(rows)
    })
    .collect()
}

pub(super) fn deviations(session: &Session, found: &Found) -> Vec<Item> {
    let all = session.deviations.iter().enumerate();
    all.map(|(at, deviation)| {
        let entry = found.deviations.get(at).copied();
        let mut rows = deviation_rows(deviation);
        rows.extend(entry_row(entry.as_slice()));
        let kind = ("deviation", Tone::Warn, true);
        Item::of(format!("deviation/{}", at + 1), kind, &deviation.observed).at(entry).showing(rows)
    })
    .collect()
}

/// What was asked for and not allowed, in one item: a slip of the keys is no reason to stop anybody.
pub(super) fn refusals(found: &Found) -> Option<Item> {
    let mut rows = Vec::new();
    for (entry, refusal) in &found.refusals {
        rows.push(
            Row::labelled("refused", Tone::Strong, &refusal.what)
                .say(Tone::Dim, &format!(" (entry {entry})")),
        );
        rows.push(Row::labelled("why", Tone::Plain, &refusal.why));
    }
    let title = match found.refusals.len() {
        0 => return None,
        1 => "1 command was refused".to_owned(),
        count => format!("{count} commands were refused"),
    };
    let entries = found.refusals.iter().map(|(entry, _)| *entry);
    Some(Item::of("refusals".to_owned(), ("refused", Tone::Plain, false), &title).at(entries).showing(rows))
}

/// The claims, each with the steps that must carry it and every check of them.
pub(super) fn claims(session: &Session, found: &Found) -> Vec<Item> {
    let claims = session.plan.ceremony.claims.iter();
    claims
        .map(|claim| {
            let mut rows = vec![Row::labelled("claim", Tone::Strong, &claim.text)];
            let mut entries = Vec::new();
            let mut worst = Mark::Pass;
            for id in &claim.evidence {
                let (Some(step), Some(state)) = (session.step(id), session.step_state(id)) else { continue };
                let mark = mark(session, id);
                if !matches!(mark, Mark::Pass) && worst != Mark::Fail {
                    worst = if mark == Mark::Waived { Mark::Waived } else { Mark::Fail };
                }
                let end = found.ends.get(id).copied();
                entries.extend(end);
                rows.push(Row::new());
                let head = Row::of(mark.tone(), &format!("{} {} ", mark.shape(), mark.word()));
                let at =
                    end.map(|entry| format!("  {id}, entry {entry}")).unwrap_or_else(|| format!("  {id}"));
                rows.push(head.say(Tone::Strong, &step.title).say(Tone::Dim, &at));
                for (check, judged) in step.checks.iter().zip(&state.checks) {
                    rows.extend(check_row(check, judged.as_ref()));
                }
            }
            let (word, tone) = match worst {
                Mark::Pass => ("claim", Tone::Good),
                Mark::Waived => ("claim", Tone::Warn),
                _ => ("untrue", Tone::Bad),
            };
            let item = Item::of(format!("claim/{}", claim.id), (word, tone, tone == Tone::Bad), &claim.text);
            item.at(entries).showing(rows)
        })
        .collect()
}
