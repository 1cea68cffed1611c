//! What a script did when it was applied again, and the grade that follows from it.

#[cfg(test)]
mod tests;

use super::declared::some;
use super::*;
use crate::definition::Grade;
use crate::plan::lock_mode;
use serde::{Deserialize, Serialize};

/// What was seen of a script that ran a second time, before it was rolled back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reapplied {
    /// What differs in the schema.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ObjectChange>,
    /// Objects of the same name and shape that are not the same objects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recreated: Vec<String>,
    /// Relation locks stronger than ROW SHARE that it holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<LockTaken>,
    /// Tables of users that it wrote rows to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowsWritten>,
    /// Tables of the system catalog that it wrote rows to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub catalog_rows: Vec<RowsWritten>,
    /// The server gave the transaction an id, so something was written.
    pub xid: bool,
    /// It did not run to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<ErrorCard>>,
}

/// A lock on a relation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockTaken {
    /// With its schema.
    pub relation: String,
    /// As PostgreSQL names it, such as `AccessExclusiveLock`.
    pub mode: String,
}

/// Rows written to a table by one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowsWritten {
    /// With its schema.
    pub table: String,
    /// Inserted.
    pub inserted: u64,
    /// Updated.
    pub updated: u64,
    /// Deleted.
    pub deleted: u64,
}

const EXCLUSIVE: &str = "AccessExclusiveLock";

impl Reapplied {
    /// The grade, from the worst evidence.
    pub fn grade(&self) -> Grade {
        // Taking ACCESS EXCLUSIVE needs a transaction id by itself, for the sake of standbys.
        let unexplained = self.xid && !self.locks.iter().any(|lock| lock.mode == EXCLUSIVE);
        if self.error.is_some() {
            Grade::Fails
        } else if !self.changes.is_empty() || !self.rows.is_empty() {
            Grade::Mutates
        } else if !self.recreated.is_empty() || !self.catalog_rows.is_empty() || unexplained {
            Grade::ReCreates
        } else if !self.locks.is_empty() {
            Grade::Locks
        } else {
            Grade::Inert
        }
    }

    /// The evidence, kind by kind.
    pub fn evidence(&self) -> Vec<(&'static str, Vec<String>)> {
        let rows = |list: &[RowsWritten]| list.iter().map(RowsWritten::words).collect::<Vec<_>>();
        let locks =
            self.locks.iter().map(|lock| format!("{} on {}", lock_mode(&lock.mode), lock.relation)).collect();
        let error = self.error.iter().map(|error| format!("{} {}", error.sqlstate, error.message)).collect();
        let all = [
            ("error", error),
            ("schema changed", self.changes.iter().map(ObjectChange::one_line).collect()),
            ("rows written", rows(&self.rows)),
            ("made anew", self.recreated.clone()),
            ("catalog rows written", rows(&self.catalog_rows)),
            ("holds", locks),
            ("transaction id", if self.xid { vec!["assigned".to_owned()] } else { Vec::new() }),
        ];
        all.into_iter().filter(|(_, list)| !list.is_empty()).collect()
    }

    /// The grade and what it rests on, in words.
    pub fn words(&self) -> String {
        let evidence = self.evidence();
        if evidence.is_empty() {
            return format!("{}: no change, no lock, no transaction id", self.grade().word());
        }
        let words: Vec<String> =
            evidence.iter().map(|(kind, list)| format!("{kind}: {}", some(list))).collect();
        format!("{}: {}", self.grade().word(), words.join("; "))
    }

    /// The evidence as rows, for the results pane and the report.
    pub fn table(&self) -> ResultSet {
        let mut rows = vec![vec![Some("grade".to_owned()), Some(self.grade().word().to_owned())]];
        for (kind, list) in self.evidence() {
            rows.extend(list.into_iter().map(|what| vec![Some(kind.to_owned()), Some(what)]));
        }
        evidence::table_of(&["evidence", "what"], rows)
    }
}

impl RowsWritten {
    fn words(&self) -> String {
        let counts = [(self.inserted, "inserted"), (self.updated, "updated"), (self.deleted, "deleted")];
        let words: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        format!("{} ({})", self.table, words.join(", "))
    }
}
