//! What must hold between the entries: unique ids, known references, no cycle, steps that do something.

use super::entries::Spans;
use super::model::*;
use super::reader::{Reading, nearest};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(reading: &mut Reading<'_>, ceremony: &Ceremony, spans: &Spans) {
    duplicates(reading, spans);
    references(reading, ceremony, spans);
    cycles(reading, ceremony, spans);
    rollbacks(reading, ceremony, spans);
    updates(reading, ceremony, spans);
    steps(reading, ceremony, spans);
    super::suites::check(reading, ceremony, spans);
    super::signatures::check(reading, &ceremony.signatures, spans);
}

fn duplicates(reading: &mut Reading<'_>, spans: &Spans) {
    let mut first = BTreeMap::new();
    for (kind, id, span) in &spans.ids {
        if id.is_empty() {
            continue;
        }
        if let Some(earlier) = first.insert((*kind, id.clone()), span.clone()) {
            let line = super::Place::of("", reading.text, earlier.start).line;
            reading.problem(
                span,
                format!("two {kind} entries are called '{id}'"),
                format!("the other one is in line {line}; an id names one thing in the record"),
                "rename one of them",
            );
        }
    }
}

/// Ids of the steps as they are planned: apply and reapply become one step per migration.
pub(super) fn planned_ids(ceremony: &Ceremony) -> Vec<String> {
    let mut ids = Vec::new();
    for step in &ceremony.steps {
        match step.kind {
            StepKind::Apply | StepKind::Reapply => {
                ids.extend(
                    ceremony.migrations.iter().map(|migration| format!("{}/{}", step.id, migration.id)),
                );
            }
            _ => ids.push(step.id.clone()),
        }
    }
    ids
}

fn references(reading: &mut Reading<'_>, ceremony: &Ceremony, spans: &Spans) {
    let planned = planned_ids(ceremony);
    let mut names: BTreeMap<&str, (Vec<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for (kind, id, span) in &spans.uses {
        if id.is_empty() {
            continue;
        }
        // Ten thousand steps may each refer to something.
        let (known, there) = names.entry(*kind).or_insert_with(|| {
            let known: Vec<&str> = match *kind {
                "planned step" => planned.iter().map(String::as_str).collect(),
                _ => spans
                    .ids
                    .iter()
                    .filter(|(defined, _, _)| kind.contains(defined))
                    .map(|(_, id, _)| id.as_str())
                    .collect(),
            };
            let there: BTreeSet<&str> = known.iter().copied().collect();
            (known, there)
        });
        if !there.contains(id.as_str()) {
            let next = nearest(id, known).map_or_else(
                || format!("define it, or use one of: {}", known.join(", ")),
                |near| format!("did you mean '{near}'?"),
            );
            reading.problem(
                span,
                format!("there is no {kind} '{id}'"),
                "what is referred to must be defined in this file",
                next,
            );
        }
    }
}

fn cycles(reading: &mut Reading<'_>, ceremony: &Ceremony, spans: &Spans) {
    let after: BTreeMap<&str, &[String]> = ceremony
        .migrations
        .iter()
        .map(|migration| (migration.id.as_str(), migration.after.as_slice()))
        .collect();
    let mut finished = BTreeSet::new();
    for (index, migration) in ceremony.migrations.iter().enumerate() {
        let mut path = Vec::new();
        if let Some(cycle) = walk(&migration.id, &after, &mut path, &mut finished) {
            reading.problem(
                &spans.migrations[index],
                format!("the migrations depend on each other in a circle: {}", cycle.join(" → ")),
                "no order can satisfy a circle",
                "remove one 'after' of the circle",
            );
        }
    }
}

/// The first cycle that can be reached from `id`.
fn walk<'m>(
    id: &'m str,
    after: &BTreeMap<&'m str, &'m [String]>,
    path: &mut Vec<&'m str>,
    finished: &mut BTreeSet<&'m str>,
) -> Option<Vec<&'m str>> {
    if finished.contains(id) {
        return None;
    }
    if let Some(at) = path.iter().position(|earlier| *earlier == id) {
        let mut cycle = path[at..].to_vec();
        cycle.push(id);
        finished.extend(path.iter());
        return Some(cycle);
    }
    path.push(id);
    for dependency in after.get(id).copied().unwrap_or_default() {
        if let Some(cycle) = walk(dependency, after, path, finished) {
            return Some(cycle);
        }
    }
    path.pop();
    finished.insert(id);
    None
}

fn rollbacks(reading: &mut Reading<'_>, ceremony: &Ceremony, spans: &Spans) {
    let mut versions = BTreeMap::new();
    for (migration, span) in ceremony.migrations.iter().zip(&spans.migrations) {
        let Some((version, _)) = migration.history_key() else { continue };
        if let Some(earlier) = versions.insert(version, &migration.id) {
            reading.problem(
                span,
                format!("'{earlier}' and '{}' are both version {version}", migration.id),
                "the migration history has one row for a version, so the later one could not be applied",
                "give each migration a file of its own with a number of its own",
            );
        }
    }
    for (migration, span) in ceremony.migrations.iter().zip(&spans.migrations) {
        if migration.rollback.script.text.trim().is_empty() && !migration.rollback.script.file.is_empty() {
            reading.problem(
                span,
                format!("the rollback of '{}' is unreachable: its script is empty", migration.id),
                "a migration that cannot be undone must not be applied",
                "write the rollback's SQL",
            );
        }
        if migration.history_key().is_none() && !migration.script.file.is_empty() {
            reading.problem(
                span,
                format!("'{}' has no version in its name", migration.script.file),
                "the migration history is keyed by the number before the first '_'",
                "name it like 20260117000000_calendar_sync_foundations.sql",
            );
        }
        if migration.script.section.is_some() {
            reading.problem(
                span,
                format!("the file of '{}' names a section", migration.id),
                "a migration is a whole file, so that other tools apply the same",
                "leave out the '#' and what follows",
            );
        }
    }
}

/// What is declared as changed is compared only if it is protected.
fn updates(reading: &mut Reading<'_>, ceremony: &Ceremony, spans: &Spans) {
    for (migration, span) in ceremony.migrations.iter().zip(&spans.migrations) {
        for table in migration.updates.iter().chain(&migration.rollback.updates) {
            if !ceremony.protect.contains(table) {
                reading.problem(
                    span,
                    format!("'updates' of '{}' names {table}, which is not protected", migration.id),
                    "only rows of protected tables are compared, so the declaration does nothing",
                    "add a [[protect]] entry for the table, or take it out of 'updates'",
                );
            }
        }
    }
}

fn steps(reading: &mut Reading<'_>, ceremony: &Ceremony, spans: &Spans) {
    let ids = planned_ids(ceremony);
    if ids.len() > super::STEPS_MAX {
        // What else is wrong with them would hide it.
        reading.problems.clear();
    }
    if ids.is_empty() || ids.len() > super::STEPS_MAX {
        reading.problem(
            &(0..0),
            format!("the definition has {} steps", ids.len()),
            format!("a ceremony has between 1 and {} steps", super::STEPS_MAX),
            "add [[step]] entries, or split it into several ceremonies",
        );
    }
    let mut applied = false;
    for (step, span) in ceremony.steps.iter().zip(&spans.steps) {
        let allowed: &[(&str, bool)] = &[
            ("probes", step.kind == StepKind::Preflight || step.probes.is_empty()),
            (
                "queries",
                matches!(step.kind, StepKind::Preflight | StepKind::Verify) || step.queries.is_empty(),
            ),
            ("suites", matches!(step.kind, StepKind::Preflight | StepKind::Suite) || step.suites.is_empty()),
            ("negatives", step.kind == StepKind::Negative || step.negatives.is_empty()),
            ("tables", step.kind == StepKind::Backup || step.tables.is_empty()),
            ("seed", step.kind == StepKind::Drill || step.seed.is_none()),
        ];
        for (key, good) in allowed {
            if !good {
                reading.problem(
                    span,
                    format!("step '{}' has '{key}', which its kind never runs", step.id),
                    "a check that never runs proves nothing",
                    "move it to a step of the fitting kind",
                );
            }
        }
        let works = match step.kind {
            StepKind::Preflight => {
                !(step.probes.is_empty() && step.queries.is_empty() && step.suites.is_empty())
            }
            StepKind::Verify => !step.queries.is_empty(),
            StepKind::Suite => !step.suites.is_empty(),
            StepKind::Negative => !step.negatives.is_empty(),
            StepKind::Apply | StepKind::Reapply | StepKind::Drill => !ceremony.migrations.is_empty(),
            StepKind::SignOff => !ceremony.claims.is_empty(),
            StepKind::Backup | StepKind::RollBack => true,
        };
        if !works {
            reading.problem(
                span,
                format!("step '{}' does nothing", step.id),
                "a step without a check would pass without evidence",
                "give it something to check, or remove it",
            );
        }
        let needs_apply = matches!(step.kind, StepKind::Reapply | StepKind::Drill);
        if needs_apply && !applied {
            reading.problem(
                span,
                format!("step '{}' comes before the migrations are applied", step.id),
                "it works on what an apply step made",
                "move it behind the step of kind \"apply\"",
            );
        }
        if step.kind == StepKind::Apply {
            if applied {
                reading.problem(
                    span,
                    format!("'{}' is a second step of kind apply", step.id),
                    "an apply step covers every migration, in the order of the graph",
                    "keep one",
                );
            }
            applied = true;
        }
    }
}
