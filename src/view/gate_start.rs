//! The gate before a step: what it does, on what, what it can hurt, how it is undone, and what holds it.

use super::gate::{kind_words, place, undo};
use super::ink::{Row, Tone};
use super::rehearsal::{rehearsed_locks, rehearsed_time};
use super::stepwise;
use crate::definition::{
    CommitPolicy, Declared, Grade, Limits, Migration, StepKind, Transaction, Undeclared, kind_of,
};
use crate::plan::{HazardGroup, Step, Subject};
use crate::session::*;
use crate::time::human_duration;
use std::collections::BTreeMap;

/// So many objects are named in a row; of more, how many of each kind.
const NAMED_MAX: usize = 3;

/// A limit in milliseconds, in words.
pub(super) fn limit(ms: u64) -> String {
    human_duration(ms * 1000).replace(".0 s", " s")
}

/// Its rows, the most important first.
pub(super) fn start(
    session: &Session,
    step: &Step,
    state: &StepState,
    migration: Option<&Migration>,
) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some((why, next)) = &state.blocked {
        rows.push(Row::labelled("before", Tone::Bad, &format!("it could not be carried out: {why}")));
        rows.push(Row::labelled("next", Tone::Warn, next));
    }
    if let Some((_, unusual)) = session.unusual.as_ref().filter(|(of, _)| *of == step.id) {
        let words = format!("{}; other people may depend on it", seen_words(unusual));
        rows.push(Row::labelled("unusual", Tone::Bad, &words));
    }
    match migration {
        Some(migration) => script(&mut rows, session, step, migration),
        None => {
            rows.push(Row::labelled("does", Tone::Plain, kind_words(step.kind)));
            rows.push(place(session));
            rows.extend(rehearsed_time(session, &step.id));
        }
    }
    if step.kind == StepKind::SignOff {
        rows.extend(session.plan.ceremony.risks.iter().map(|risk| Row::labelled("risk", Tone::Warn, risk)));
        let claims = format!("{} claims", step.checks.len());
        rows.push(
            Row::labelled("signs", Tone::Strong, &claims)
                .say(Tone::Plain, ", each beside the steps that must carry it (tab Evidence)"),
        );
        return rows;
    }
    rows.push(checks(step));
    rows
}

fn script(rows: &mut Vec<Row>, session: &Session, step: &Step, migration: &Migration) {
    let apply = step.kind == StepKind::Apply;
    rows.push(match apply {
        true => Row::labelled("does", Tone::Plain, &migration.summary),
        false => Row::labelled("does", Tone::Plain, "applies it again: ")
            .say(Tone::Strong, again(migration.reapply))
            .say(Tone::Dim, &format!("; anything worse than '{}' stops", migration.reapply.word())),
    });
    let stepwise = migration.script.transaction == Transaction::None;
    // That nothing can be taken back by itself is the first thing to know.
    if stepwise {
        rows.extend(stepwise::start(session, step, migration));
    }
    rows.extend(updates(&migration.updates));
    rows.push(place(session));
    if apply {
        let tried = |group: &HazardGroup<'_>| session.plan.tried(&step.id, group);
        rows.extend(super::hazards::rows(session.plan.hazards_of(step), tried));
    }
    rows.extend(rehearsed_locks(session, &step.id));
    if !stepwise {
        let how = match apply && migration.commit == CommitPolicy::Ask {
            true => "one transaction; a second gate shows the proof and asks before COMMIT",
            false => "one transaction; a clean proof commits by itself",
        };
        rows.push(undo(migration));
        rows.push(Row::labelled("how", Tone::Plain, how));
    }
    rows.extend(rehearsed_time(session, &step.id));
    rows.extend(migration.declared.as_ref().filter(|_| apply).map(|declared| only(declared, migration)));
    rows.push(limits(session.plan.ceremony.limits));
}

/// The worst that a second run may do.
fn again(worst: Grade) -> &'static str {
    match worst {
        Grade::Inert => "nothing may happen at all",
        Grade::Locks => "it may take locks, and nothing may change",
        Grade::ReCreates => "objects may be made anew, as they were",
        Grade::Mutates => "it may change rows or the schema once more",
        Grade::Fails => "it may end in an error",
    }
}

/// Rows of protected tables that change on purpose are not found: said before it runs.
fn updates(tables: &[String]) -> Option<Row> {
    let words = format!("changes rows of {} on purpose: only their number is held", tables.join(", "));
    (!tables.is_empty()).then(|| Row::labelled("", Tone::Warn, &words))
}

/// What the migration declares, and what happens to anything else.
fn only(declared: &Declared, migration: &Migration) -> Row {
    let lists = [("create", &declared.creates), ("alter", &declared.alters), ("drop", &declared.drops)];
    let words: Vec<String> = lists
        .into_iter()
        .filter(|(_, objects)| !objects.is_empty())
        .map(|(word, objects)| format!("{word} {}", objects_words(objects)))
        .collect();
    let words = if words.is_empty() { "change nothing in the schema".to_owned() } else { words.join("; ") };
    let more = match migration.undeclared {
        Undeclared::Stop => "; anything else is rolled back",
        Undeclared::Finding => "; anything else is a finding",
    };
    Row::labelled("only", Tone::Plain, &words).say(Tone::Dim, more)
}

fn objects_words(objects: &[String]) -> String {
    if objects.len() <= NAMED_MAX {
        return objects.join(", ");
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for object in objects {
        *kinds.entry(kind_of(object)).or_default() += 1;
    }
    let counted: Vec<String> = kinds.into_iter().map(|(kind, count)| count_of(count, kind)).collect();
    format!("{} (tab Evidence)", counted.join(", "))
}

/// `2 indexes`.
fn count_of(count: usize, kind: &str) -> String {
    match (count, kind) {
        (1, _) => format!("1 {kind}"),
        (_, "index") => format!("{count} indexes"),
        (_, "policy") => format!("{count} policies"),
        _ => format!("{count} {kind}s"),
    }
}

fn limits(limits: Limits) -> Row {
    let words = format!(
        "gives up after {} of waiting for a lock, {} in a statement",
        limit(limits.lock_timeout_ms),
        limit(limits.statement_timeout_ms)
    );
    Row::labelled("limits", Tone::Dim, &(words + &super::locks::rule_words(limits)))
}

/// The checks in one row that can be wrapped: its own by name, those that are alike counted.
fn checks(step: &Step) -> Row {
    let mut named: Vec<&str> = Vec::new();
    let (mut files, mut tables, mut always) = (0, 0, 0);
    for check in &step.checks {
        match check.subject {
            Subject::Input(_) if step.migration.is_none() => files += 1,
            Subject::Protected(_) => tables += 1,
            Subject::Input(_) | Subject::Server | Subject::Ran | Subject::SchemaRecorded | Subject::Sound
                if step.migration.is_some() =>
            {
                always += 1
            }
            _ => named.push(&check.title),
        }
    }
    let mut words: Vec<String> = named.into_iter().map(str::to_owned).collect();
    match files {
        0 => {}
        1 => words.push("1 file is the reviewed one".to_owned()),
        count => words.push(format!("{count} files are the reviewed ones")),
    }
    match tables {
        0 => {}
        1 => words.push("1 protected table keeps its rows".to_owned()),
        count => words.push(format!("{count} protected tables keep their rows")),
    }
    if always > 0 {
        words.push(format!("{always} of every migration (tab Evidence)"));
    }
    let count = if step.checks.len() == 1 {
        "1 check: ".to_owned()
    } else {
        format!("{} checks: ", step.checks.len())
    };
    Row::labelled("checks", Tone::Strong, &count).say(Tone::Plain, &words.join("; "))
}
