//! What a gate says of a script without a transaction: nothing of it waits for a commit.

use super::ink::{Row, Tone};
use crate::definition::{Migration, StepKind, Transaction};
use crate::plan::Step;
use crate::session::Session;

/// What runs, while it runs.
pub(super) const RUNNING: &str =
    "units are run one at a time, without a transaction: each is final as soon as it has run";

/// How, undo, and where it stands if it is half-way.
pub(super) fn start(session: &Session, step: &Step, migration: &Migration) -> Vec<Row> {
    let name = migration.script.name();
    if step.kind == StepKind::Reapply {
        let how = format!(
            "{name}: what can be in a transaction runs in one that is rolled back; of all else it is looked up that it would do nothing"
        );
        return vec![
            Row::labelled("how", Tone::Plain, &how),
            Row::labelled("undo", Tone::Plain, &migration.rollback.summary),
        ];
    }
    let mut rows = vec![
        Row::labelled("how", Tone::Warn, "no transaction: ")
            .say(Tone::Plain, &format!("each statement of {name} is final as soon as it has run; no commit gate, the proof comes behind the last one")),
        Row::labelled("undo", Tone::Warn, "nothing is rolled back by itself; ")
            .say(Tone::Plain, &format!("the rollback script, also from half-way: {}", migration.rollback.summary)),
    ];
    if let Some(half) = session.half_of(&step.id) {
        rows.push(Row::labelled("so far", Tone::Warn, &format!("{}: left out this time", half.words())));
    }
    rows
}

/// How a migration is rolled back, where it is not in one transaction.
pub(super) fn roll_back(migration: &Migration) -> Option<Row> {
    let words = "no transaction: each statement of its script is final as soon as it has run";
    (migration.rollback.script.transaction == Transaction::None).then(|| Row::labelled("", Tone::Warn, words))
}
