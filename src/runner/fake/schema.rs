//! What the fake world shows of its schema: what is declared, or one object more.

use crate::definition::{Ceremony, Migration, StepKind};
use crate::plan::{Step, Subject};
use crate::session::*;

/// The observation for a check about the schema; `None` where another check's carries it.
pub(super) fn observe(
    ceremony: &Ceremony,
    step: &Step,
    subject: &Subject,
    good: bool,
) -> Option<Observation> {
    let change =
        ObjectChange { object: "table public.x".to_owned(), before: None, after: Some("x".to_owned()) };
    let more = if good { Vec::new() } else { vec![change] };
    Some(match subject {
        // As the real one: one look at the schema for both checks.
        Subject::Declared if good => return None,
        Subject::Reapplied => {
            Observation::Reapplied { seen: Reapplied { changes: more, ..Reapplied::default() } }
        }
        Subject::Sound => {
            let flaw = Flaw { flaw: FlawKind::InvalidIndex, object: "public.x_idx".to_owned() };
            Observation::Soundness { committed: false, found: if good { Vec::new() } else { vec![flaw] } }
        }
        Subject::Drill => drill(ceremony, more),
        _ => {
            let mut changes = as_declared(ceremony, step);
            changes.extend(more);
            let (before, after) = ("a".repeat(64), "b".repeat(64));
            Observation::Schema { before, after, objects: 40, changes }
        }
    })
}

/// What a second connection found.
pub(super) fn after_commit() -> Observation {
    let flaw = Flaw { flaw: FlawKind::PreparedTransaction, object: "left open".to_owned() };
    Observation::Soundness { committed: true, found: vec![flaw] }
}

/// Down and up again; what is left is left on the first rung.
fn drill(ceremony: &Ceremony, residue: Vec<ObjectChange>) -> Observation {
    let rung = |direction, migration: &Migration| {
        Rung::new(&migration.id, direction, &Allowed::default(), Vec::new())
    };
    let mut rungs: Vec<Rung> =
        ceremony.migrations.iter().rev().map(|migration| rung(Direction::Down, migration)).collect();
    rungs.extend(ceremony.migrations.iter().map(|migration| rung(Direction::Up, migration)));
    if let Some(first) = rungs.first_mut() {
        first.residue = residue;
    }
    Observation::Drill { rungs, residue: Vec::new(), kept: Vec::new(), again: Vec::new() }
}

/// The changes that the migration of an apply step declares.
fn as_declared(ceremony: &Ceremony, step: &Step) -> Vec<ObjectChange> {
    let migration = step.migration.filter(|_| step.kind == StepKind::Apply);
    let declared = migration.and_then(|at| ceremony.migrations[at].declared.clone()).unwrap_or_default();
    let change = |object: String, before: bool, after: bool| ObjectChange {
        object: object.replace('*', "x"),
        before: before.then(|| "as it was".to_owned()),
        after: after.then(|| "as it is".to_owned()),
    };
    let created = declared.creates.into_iter().map(|object| change(object, false, true));
    let altered = declared.alters.into_iter().map(|object| change(object, true, true));
    let dropped = declared.drops.into_iter().map(|object| change(object, true, false));
    created.chain(altered).chain(dropped).collect()
}
