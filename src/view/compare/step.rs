//! A step of both sessions: verdict, time, checks, results, schema, locks, witnesses.

use super::{CompareItem, Likeness, NOTHING, Pair, Side, lists};
use crate::plan::{Check, Step, Subject};
use crate::session::*;
use crate::time::human_duration;
use crate::view::Mark;
use std::collections::{BTreeMap, BTreeSet};

/// Durations that differ by less are the same to a person.
const FACTOR_US_MIN: u64 = 50_000;
/// Rows of a result that are told apart, at most.
const ROWS_MAX: usize = 3;
/// Letters of a row that are shown.
const ROW_LETTERS_MAX: usize = 120;

/// What the entries say of locks, by step: what statements were measured to take, and what was seen to be held.
#[derive(Default)]
struct Locks {
    measured: BTreeMap<String, BTreeSet<String>>,
    seen: BTreeMap<String, BTreeSet<String>>,
    /// Statements were measured at all, as they are in rehearsals.
    measures: bool,
}

fn locks(side: Side<'_>) -> Locks {
    let mut locks = Locks::default();
    let mut steps: BTreeMap<u32, &str> = BTreeMap::new();
    for entry in side.entries {
        for event in &entry.events {
            if let Event::StepStarted { step, attempt } = event {
                steps.insert(attempt.number, step);
                locks.measured.remove(step);
                locks.seen.remove(step);
            }
        }
        let Input::Outcome(outcome) = &entry.cause else { continue };
        let Some(step) = steps.get(&outcome.attempt.number) else { continue };
        match &outcome.report {
            Report::StatementToll { toll, .. } => {
                locks.measures = true;
                let of_step = locks.measured.entry((*step).to_owned()).or_default();
                of_step.extend(toll.locks.iter().map(|lock| format!("{} on {}", lock.mode, lock.relation)));
                of_step.extend(toll.rewritten.iter().map(|table| format!("{table} written anew")));
            }
            Report::Sampled { sample } => {
                let of_step = locks.seen.entry((*step).to_owned()).or_default();
                of_step.extend(sample.held.iter().map(|held| format!("{} on {}", held.mode, held.on)));
            }
            _ => {}
        }
    }
    locks
}

fn all(session: &Session) -> impl Iterator<Item = &Step> {
    let back = session.plan.rollback.iter().zip(&session.rollback);
    session.plan.steps.iter().chain(back.filter(|(_, state)| state.runs > 0).map(|(step, _)| step))
}

/// The steps of the first session in their order, then those that only the second has.
pub(super) fn items(a: Side<'_>, b: Side<'_>) -> Vec<CompareItem> {
    let locks = (locks(a), locks(b));
    let known: BTreeSet<&str> = all(a.session).map(|step| step.id.as_str()).collect();
    let others = all(b.session).filter(|step| !known.contains(step.id.as_str()));
    all(a.session).chain(others).map(|step| one(step, a, b, &locks)).collect()
}

fn one(step: &Step, a: Side<'_>, b: Side<'_>, locks: &(Locks, Locks)) -> CompareItem {
    let id = step.id.as_str();
    let runs_of = |side: Side<'_>| side.session.step_state(id).map_or(0, |state| state.runs);
    let summary = (summary(id, a, b), summary(id, b, a));
    if runs_of(a) == 0 || runs_of(b) == 0 {
        // Every check would say again that there is nothing to set against the other's.
        let words = |side: Side<'_>| match runs_of(side) {
            0 => "never".to_owned(),
            _ => format!("yes, {} checks", step.checks.len()),
        };
        let pairs = vec![Pair::new("carried out", words(a), words(b), Likeness::Differs)];
        return CompareItem { id: id.to_owned(), title: step.title.clone(), summary, pairs };
    }
    let mut pairs = vec![Pair::new("verdict", verdict(id, a), verdict(id, b), Likeness::Differs)];
    pairs.extend(checks(step, a, b));
    pairs.extend(blocked(id, a, b));
    pairs.extend(results(id, a, b));
    pairs.extend(schema(id, a, b));
    pairs.extend(locks_of(id, locks));
    pairs.push(Pair::new("runs", runs_of(a).to_string(), runs_of(b).to_string(), Likeness::Aside));
    pairs.push(took(id, a, b));
    let initials = |side: Side<'_>| {
        let of = side.session.initials_of(id);
        of.iter().map(|it| format!("{} {}", it.letters, it.by.name)).collect::<Vec<_>>().join(", ")
    };
    if !initials(a).is_empty() || !initials(b).is_empty() {
        pairs.push(Pair::new("witnesses", initials(a), initials(b), Likeness::Aside));
    }
    CompareItem { id: id.to_owned(), title: step.title.clone(), summary, pairs }
}

fn verdict(id: &str, side: Side<'_>) -> String {
    match side.session.step_state(id) {
        None => "not in its plan".to_owned(),
        // A step that is at its gate, or that a stop left, has no verdict.
        Some(state) => match state.verdict {
            Some(verdict) => format!("{} {}", Mark::of(verdict).shape(), verdict.word()),
            None => format!("{} not done", Mark::Open.shape()),
        },
    }
}

fn time_us(id: &str, side: Side<'_>) -> Option<u64> {
    let state = side.session.step_state(id)?;
    Some(state.ended?.mono_us.saturating_sub(state.started?.mono_us))
}

fn summary(id: &str, side: Side<'_>, other: Side<'_>) -> String {
    let (time, other) = (time_us(id, side), time_us(id, other));
    let took = time.map(|micros| format!("  {}", human_duration(micros))).unwrap_or_default();
    let factor = factor(time, other).map(|factor| format!(" {factor:.1}×")).unwrap_or_default();
    format!("{}{took}{factor}", verdict(id, side))
}

/// How many times as long as `other` it took; of less than a tenth nobody needs to hear, nor of milliseconds.
fn factor(time: Option<u64>, other: Option<u64>) -> Option<f64> {
    let (time, other) = (time?, other.filter(|other| *other > 0)?);
    let longer = time.saturating_mul(10) >= other.saturating_mul(11) && time - other >= FACTOR_US_MIN;
    longer.then(|| time as f64 / other as f64)
}

fn took(id: &str, a: Side<'_>, b: Side<'_>) -> Pair {
    let (time_a, time_b) = (time_us(id, a), time_us(id, b));
    let words = |time: Option<u64>, other: Option<u64>| match (time, factor(time, other)) {
        (None, _) => NOTHING.to_owned(),
        (Some(time), Some(factor)) => format!("{}, {factor:.1} times as long", human_duration(time)),
        (Some(time), None) => human_duration(time),
    };
    Pair::new("took", words(time_a, time_b), words(time_b, time_a), Likeness::Aside)
}

fn checks(step: &Step, a: Side<'_>, b: Side<'_>) -> Vec<Pair> {
    let of =
        |side: Side<'_>| side.session.step(&step.id).map_or(&[][..], |step| step.checks.as_slice()).to_vec();
    let (checks_a, checks_b) = (of(a), of(b));
    let only_b = checks_b.iter().filter(|check| !checks_a.iter().any(|other| other.id == check.id));
    checks_a.iter().chain(only_b).map(|check| one_check(&step.id, check, a, b)).collect()
}

fn one_check(step: &str, check: &Check, a: Side<'_>, b: Side<'_>) -> Pair {
    let words = |side: Side<'_>| {
        let planned =
            side.session.step(step).and_then(|step| step.checks.iter().position(|it| it.id == check.id));
        let Some(at) = planned else { return (None, "not in its plan".to_owned()) };
        let judged = side.session.step_state(step).and_then(|state| state.checks.get(at)?.as_ref());
        let Some(judged) = judged else { return (None, "nobody looked".to_owned()) };
        let wanted =
            if judged.verdict.is_good() { String::new() } else { format!(", wanted {}", judged.expected) };
        let waiver = judged.waiver.as_ref().map(|waiver| format!(", waived: {waiver}")).unwrap_or_default();
        (Some(judged.verdict), format!("{} {}{wanted}{waiver}", judged.verdict.word(), judged.observed))
    };
    let ((verdict_a, a), (verdict_b, b)) = (words(a), words(b));
    // Which server it is differs between two runs by its nature; whether it is the right one counts.
    let aside = verdict_a == verdict_b && verdict_a.is_some() && check.subject == Subject::Server;
    Pair::new(&check.title, a, b, if aside { Likeness::Aside } else { Likeness::Differs })
}

fn blocked(id: &str, a: Side<'_>, b: Side<'_>) -> Option<Pair> {
    let why = |side: Side<'_>| {
        let blocked = side.session.step_state(id).and_then(|state| state.blocked.as_ref());
        blocked.map_or_else(|| NOTHING.to_owned(), |(why, _)| why.clone())
    };
    let pair = Pair::new("not carried out", why(a), why(b), Likeness::Differs);
    (pair.a != NOTHING || pair.b != NOTHING).then_some(pair)
}

/// The newest result of each query of the step.
fn tables<'a>(id: &str, side: Side<'a>) -> BTreeMap<&'a str, &'a ResultSet> {
    let of_step = side.transcript.tables.iter().filter(|table| table.step == id);
    of_step.map(|table| (table.query.as_str(), &table.result)).collect()
}

fn results(id: &str, a: Side<'_>, b: Side<'_>) -> Vec<Pair> {
    let (tables_a, tables_b) = (tables(id, a), tables(id, b));
    let names: BTreeSet<&&str> = tables_a.keys().chain(tables_b.keys()).collect();
    let pair = |name: &&&str| {
        let (one, other) = (tables_a.get(**name).copied(), tables_b.get(**name).copied());
        let same = one.zip(other).is_some_and(|(one, other)| one == other);
        Pair {
            label: format!("result {name}"),
            a: result(one, other),
            b: result(other, one),
            likeness: Likeness::of(same, Likeness::Differs),
        }
    };
    names.iter().map(pair).collect()
}

/// How many rows, and those that the other result does not have.
fn result(result: Option<&ResultSet>, other: Option<&ResultSet>) -> String {
    let Some(result) = result else { return "not asked".to_owned() };
    let count = if result.total == 1 { "1 row".to_owned() } else { format!("{} rows", result.total) };
    let Some(other) = other else { return count };
    if result.columns != other.columns {
        let names: Vec<&str> = result.columns.iter().map(|column| column.name.as_str()).collect();
        return format!("{count}, columns {}", names.join(", "));
    }
    let mut left: Vec<_> = other.rows.iter().collect();
    let mut only = Vec::new();
    for row in &result.rows {
        match left.iter().position(|other| *other == row) {
            Some(at) => drop(left.remove(at)),
            None => only.push(row),
        }
    }
    if only.is_empty() {
        return count;
    }
    let show = |row: &&Vec<Option<String>>| {
        let cells: Vec<&str> = row.iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect();
        cells.join(" | ").chars().take(ROW_LETTERS_MAX).collect::<String>()
    };
    let shown: Vec<String> = only.iter().take(ROWS_MAX).map(show).collect();
    let more = if only.len() > ROWS_MAX { ", …" } else { "" };
    format!("{count}, only here {}: {}{more}", only.len(), shown.join("; "))
}

fn schema(id: &str, a: Side<'_>, b: Side<'_>) -> Vec<Pair> {
    let of = |side: Side<'_>| {
        let found = side.transcript.changes.iter().rev().find(|(step, _)| step == id);
        found.map(|(_, changes)| changes.clone())
    };
    let (changes_a, changes_b) = (of(a), of(b));
    if changes_a.is_none() && changes_b.is_none() {
        return Vec::new();
    }
    let tally = |changes: &Option<Vec<ObjectChange>>| {
        changes.as_ref().map_or_else(|| "not looked at".to_owned(), |changes| crate::view::tally(changes))
    };
    let mut pairs = vec![Pair::new("schema", tally(&changes_a), tally(&changes_b), Likeness::Differs)];
    let map = |changes: Option<Vec<ObjectChange>>| -> BTreeMap<String, ObjectChange> {
        changes.unwrap_or_default().into_iter().map(|change| (change.object.clone(), change)).collect()
    };
    let (map_a, map_b) = (map(changes_a), map(changes_b));
    let objects: BTreeSet<&String> = map_a.keys().chain(map_b.keys()).collect();
    let words = |change: Option<&ObjectChange>| {
        let text = |change: &ObjectChange| {
            let after = change.after.as_deref().unwrap_or("gone").replace('\n', " ");
            format!("{}: {after}", change.one_line())
        };
        change.map_or_else(|| "not changed".to_owned(), text)
    };
    for object in objects {
        let (one, other) = (map_a.get(object), map_b.get(object));
        if one != other {
            pairs.push(Pair {
                label: "change".to_owned(),
                a: words(one),
                b: words(other),
                likeness: Likeness::Differs,
            });
        }
    }
    pairs
}

/// Locks count where both sessions measured every statement; what was only sampled depends on the moment.
fn locks_of(id: &str, (a, b): &(Locks, Locks)) -> Vec<Pair> {
    let list = |of: &BTreeMap<String, BTreeSet<String>>| -> Vec<String> {
        of.get(id).into_iter().flatten().cloned().collect()
    };
    if a.measures && b.measures {
        return lists("takes", &list(&a.measured), &list(&b.measured), Likeness::Differs);
    }
    let both = |locks: &Locks| -> Vec<String> {
        let mut all: BTreeSet<String> = list(&locks.measured).into_iter().collect();
        all.extend(list(&locks.seen));
        all.into_iter().collect()
    };
    lists("lock seen", &both(a), &both(b), Likeness::Aside)
}
