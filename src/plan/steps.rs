//! Each kind of step with its checks.

use super::{Check, Step, Subject};
use crate::definition::{Ceremony, Probe, Script, StepDefinition, StepKind, Transaction};

fn check(id: impl Into<String>, title: impl Into<String>, subject: Subject) -> Check {
    Check { id: id.into(), title: title.into(), subject }
}

fn query_checks<'c>(ceremony: &'c Ceremony, ids: &'c [String]) -> impl Iterator<Item = Check> + 'c {
    ids.iter().filter_map(|id| {
        let at = ceremony.queries.iter().position(|query| query.id == *id)?;
        Some(check(id.clone(), ceremony.queries[at].title.clone(), Subject::Query(at)))
    })
}

fn protected_checks<'c>(ceremony: &'c Ceremony, dying: &'c [String]) -> impl Iterator<Item = Check> + 'c {
    ceremony.protect.iter().filter(|table| !dying.contains(table)).map(|table| {
        check(
            format!("rows:{table}"),
            format!("{table} has not lost rows"),
            Subject::Protected(table.clone()),
        )
    })
}

/// Each table whose rows die with a rollback, once.
fn restored_checks(ceremony: &Ceremony) -> impl Iterator<Item = Check> {
    let tables: std::collections::BTreeSet<&String> =
        ceremony.migrations.iter().flat_map(|migration| &migration.rollback.deletes).collect();
    tables.into_iter().map(|table| {
        check(
            format!("restore:{table}"),
            format!("rows of {table} can be put back"),
            Subject::Restored(table.clone()),
        )
    })
}

pub(super) fn plain_step(ceremony: &Ceremony, definition: &StepDefinition) -> Step {
    let mut checks = Vec::new();
    for probe in &definition.probes {
        match probe {
            Probe::Server => {
                checks.push(check("server", "the server answers and may be written to", Subject::Server));
            }
            Probe::Inputs => checks.extend(ceremony.inputs.iter().enumerate().map(|(at, input)| {
                check(
                    format!("input:{}", input.path),
                    format!("{} is the reviewed file", input.path),
                    Subject::Input(at),
                )
            })),
            Probe::Flags => checks.extend(ceremony.flags.iter().enumerate().map(|(at, flag)| {
                let wanted = if flag.on { "on" } else { "off" };
                check(format!("flag:{}", flag.name), format!("{} is {wanted}", flag.name), Subject::Flag(at))
            })),
        }
    }
    checks.extend(query_checks(ceremony, &definition.queries));
    for id in &definition.suites {
        if let Some(at) = ceremony.suites.iter().position(|suite| suite.id == *id) {
            checks.push(check(id.clone(), ceremony.suites[at].title.clone(), Subject::Suite(at)));
        }
    }
    for id in &definition.negatives {
        if let Some(at) = ceremony.negatives.iter().position(|negative| negative.id == *id) {
            checks.push(check(id.clone(), ceremony.negatives[at].title.clone(), Subject::Negative(at)));
        }
    }
    match definition.kind {
        StepKind::Backup => {
            checks.push(check("schema", "the schema is recorded", Subject::SchemaRecorded));
            checks.extend(definition.tables.iter().map(|table| {
                check(
                    format!("backup:{table}"),
                    format!("rows of {table} are copied out"),
                    Subject::Backup(table.clone()),
                )
            }));
        }
        StepKind::Drill => {
            checks.push(check("drill", "the rollback scripts restore the schema exactly", Subject::Drill));
            checks.extend(restored_checks(ceremony));
        }
        StepKind::SignOff => checks.extend(
            ceremony
                .claims
                .iter()
                .enumerate()
                .map(|(at, claim)| check(claim.id.clone(), claim.text.clone(), Subject::Claim(at))),
        ),
        _ => {}
    }
    Step {
        id: definition.id.clone(),
        kind: definition.kind,
        title: definition.title.clone(),
        phase: phase_of(&definition.id).to_owned(),
        migration: None,
        checks,
        witness: definition.witness,
    }
}

/// `preflight/flags` is listed under `preflight`.
fn phase_of(id: &str) -> &str {
    id.split('/').next().unwrap_or(id)
}

pub(super) fn migration_step(ceremony: &Ceremony, definition: &StepDefinition, at: usize) -> Step {
    let migration = &ceremony.migrations[at];
    let mut checks = Vec::new();
    if let Some(input) = ceremony.inputs.iter().position(|input| input.path == migration.script.file) {
        checks.push(check("input", "the file is the reviewed one", Subject::Input(input)));
    }
    checks.push(check("server", "it is still the same server", Subject::Server));
    checks.push(check("ran", "every statement ran", Subject::Ran));
    checks.extend(query_checks(ceremony, &migration.verify));
    checks.extend(protected_checks(ceremony, &[]));
    checks.push(match definition.kind {
        StepKind::Reapply => check("schema", "nothing changed: it is up to date", Subject::SchemaUnchanged),
        _ => check("schema", "what changed is recorded", Subject::SchemaRecorded),
    });
    match definition.kind {
        StepKind::Reapply => {
            let title = format!("applied again it is at worst: {}", migration.reapply.word());
            checks.push(check("reapply", title, Subject::Reapplied));
        }
        _ => {
            if migration.declared.is_some() {
                let title = "it changed what it declares, and nothing else";
                checks.push(check("declared", title, Subject::Declared));
            }
            checks.push(check("sound", "nothing is left half done", Subject::Sound));
        }
    }
    Step {
        id: format!("{}/{}", definition.id, migration.id),
        kind: definition.kind,
        title: titled(migration.title.clone(), &migration.script),
        phase: phase_of(&definition.id).to_owned(),
        migration: Some(at),
        checks,
        witness: definition.witness,
    }
}

pub(super) fn rollback_step(ceremony: &Ceremony, at: usize) -> Step {
    let migration = &ceremony.migrations[at];
    let mut checks = vec![
        check("server", "it is still the same server", Subject::Server),
        check("ran", "every statement ran", Subject::Ran),
    ];
    checks.extend(migration.rollback.deletes.iter().map(|table| {
        check(
            format!("backup:{table}"),
            format!("rows of {table} are copied out before they die"),
            Subject::Backup(table.clone()),
        )
    }));
    checks.extend(protected_checks(ceremony, &migration.rollback.deletes));
    checks.push(check("schema", "what changed is recorded", Subject::SchemaRecorded));
    Step {
        id: format!("rollback/{}", migration.id),
        kind: StepKind::RollBack,
        title: titled(format!("Undo {}", migration.title), &migration.rollback.script),
        phase: "rollback".to_owned(),
        migration: Some(at),
        checks,
        witness: false,
    }
}

/// A step without a transaction says so wherever it is listed.
fn titled(title: String, script: &Script) -> String {
    match script.transaction {
        Transaction::One => title,
        Transaction::None => format!("{title} (no transaction)"),
    }
}
