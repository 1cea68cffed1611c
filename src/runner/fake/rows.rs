//! What a fake world sees of rows.

use crate::plan::Subject;
use crate::session::*;

/// What is seen of rows.
pub(super) fn observe(subject: &Subject, good: bool) -> Option<Observation> {
    let sums = Some(("7".to_owned(), "7".to_owned()));
    let content = Some(Box::new(Content { hashed: true, rows: sums, ..Content::default() }));
    Some(match subject {
        Subject::Protected(table) => Observation::Protected {
            table: table.clone(),
            before: Some(10),
            after: Some(if good { 10 } else { 9 }),
            content,
        },
        Subject::Backup(table) => Observation::Backup {
            table: table.clone(),
            rows: Some(10),
            sha256: good.then(|| "b".repeat(64)),
            path: good.then(|| "backup/x.copy".to_owned()),
            script: good.then(|| format!("backup/restore-{table}.sql")),
        },
        Subject::Restored(table) => Observation::Restored {
            table: table.clone(),
            rows: Some(3),
            after: Some(if good { 3 } else { 2 }),
            content,
            error: None,
        },
        _ => return None,
    })
}
