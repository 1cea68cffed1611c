//! What a rehearsal of these very files took: the estimates of the gates and the budgets of the real run.

use crate::definition::Place;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A rehearsal that came to a good end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rehearsal {
    /// The rehearsal's session.
    pub session: String,
    /// Its verdict.
    pub verdict: String,
    /// The day it was held, UTC.
    pub date: String,
    /// Version of the server.
    pub server: String,
    /// What it was held on, such as `a copy of postgres`.
    pub on: String,
    /// Every file that was rehearsed: path to SHA-256. It says something about these bytes only.
    pub files: BTreeMap<String, String>,
    /// By the step's id.
    pub steps: BTreeMap<String, Rehearsed>,
}

/// A step of a rehearsal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rehearsed {
    /// From its start to its proof or its end, without the time in which its gates waited. Microseconds.
    pub elapsed_us: u64,
    /// SHA-256 of the schema before and after, for a step that changes it.
    pub schema: Option<(String, String)>,
    /// The statements of its script, in order.
    pub statements: Vec<RehearsedStatement>,
}

/// A statement of a rehearsal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RehearsedStatement {
    /// Where it starts.
    pub at: Place,
    /// Microseconds.
    pub elapsed_us: u64,
    /// Rows it wrote, where its command tag counts them.
    pub rows: Option<u64>,
    /// What it did to tables that were there before its step.
    pub toll: Toll,
}

/// What a statement did to tables that were there before its step: what others on the database would have felt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Toll {
    /// Locks that block writers or readers, taken by it and held until the transaction ends.
    pub locks: Vec<Lock>,
    /// Tables whose rows were written anew.
    pub rewritten: Vec<String>,
}

/// A lock on a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Such as `public.bookings`.
    pub relation: String,
    /// Such as `ACCESS EXCLUSIVE`. <https://www.postgresql.org/docs/current/explicit-locking.html>
    pub mode: String,
}

/// Lock modes that keep others from writing (the first four) or even from reading (the last), weakest first.
const BLOCKING: [&str; 4] = ["SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"];

impl Lock {
    /// A lock as `pg_locks.mode` spells it, if it blocks writers or readers: `AccessExclusiveLock`.
    pub fn blocking(relation: String, mode: &str) -> Option<Self> {
        let mode = lock_mode(mode);
        BLOCKING.contains(&mode.as_str()).then_some(Self { relation, mode })
    }

    /// From 1; 0 is no lock that blocks.
    pub fn strength(&self) -> usize {
        BLOCKING.iter().position(|mode| *mode == self.mode).map_or(0, |at| at + 1)
    }

    /// Whether even reading waits for it.
    pub fn blocks_readers(&self) -> bool {
        self.strength() == BLOCKING.len()
    }
}

impl Toll {
    /// Nothing that others would have felt.
    pub fn is_free(&self) -> bool {
        self.locks.is_empty() && self.rewritten.is_empty()
    }
}

impl Rehearsed {
    /// The locks of all statements with the line of the first that took each, strongest first.
    pub fn locks(&self) -> Vec<(&Lock, usize)> {
        let mut all: BTreeMap<&Lock, usize> = BTreeMap::new();
        for statement in &self.statements {
            for lock in &statement.toll.locks {
                all.entry(lock).or_insert(statement.at.line);
            }
        }
        let mut locks: Vec<_> = all.into_iter().collect();
        locks.sort_by_key(|(lock, line)| (std::cmp::Reverse(lock.strength()), *line));
        // The strongest on a table says it all.
        let mut seen = std::collections::BTreeSet::new();
        locks.retain(|(lock, _)| seen.insert(lock.relation.as_str()));
        locks
    }

    /// Tables that were written anew.
    pub fn rewritten(&self) -> Vec<&str> {
        let mut all: Vec<&str> =
            self.statements.iter().flat_map(|it| &it.toll.rewritten).map(String::as_str).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Rows that its statements wrote.
    pub fn rows(&self) -> u64 {
        self.statements.iter().filter_map(|statement| statement.rows).sum()
    }
}

/// A lock mode as it is written in SQL: `AccessExclusiveLock` of `pg_locks` is `ACCESS EXCLUSIVE`.
pub fn lock_mode(name: &str) -> String {
    let mut words = String::new();
    for letter in name.strip_suffix("Lock").unwrap_or(name).chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_uppercase());
    }
    words
}

/// The rows that a command tag counts: `INSERT 0 3` is 3, `UPDATE 7` is 7, `CREATE TABLE` counts none.
pub fn rows_of_tag(tag: &str) -> Option<u64> {
    let (verb, count) = tag.rsplit_once(' ')?;
    let verb = verb.split(' ').next()?;
    matches!(verb, "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "COPY").then(|| count.parse().ok())?
}

impl super::Plan {
    /// What the rehearsal saw of a step.
    pub fn rehearsed(&self, step: &str) -> Option<&Rehearsed> {
        self.rehearsal.as_ref()?.steps.get(step)
    }

    /// How long a statement of a step's script may take, by what it took in the rehearsal; never more than the
    /// statement timeout. `None` without a rehearsal, or where budgets are off.
    pub fn budget_ms(&self, step: &str, statement: usize) -> Option<u64> {
        let limits = self.ceremony.limits;
        let took_us = self.rehearsed(step)?.statements.get(statement)?.elapsed_us;
        if limits.budget_factor == 0 {
            return None;
        }
        let work_ms = (took_us.saturating_mul(limits.budget_factor) / 1000).max(limits.budget_ms_min);
        // A wait for a lock has its own limit, and its own words.
        Some((work_ms + limits.lock_timeout_ms).min(limits.statement_timeout_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(relation: &str, mode: &str) -> Lock {
        Lock { relation: relation.to_owned(), mode: mode.to_owned() }
    }

    #[test]
    fn only_what_blocks_others_counts_as_a_lock() {
        let named = |mode: &str| Lock::blocking("t".to_owned(), mode).map(|lock| lock.mode);
        assert_eq!(named("AccessExclusiveLock").as_deref(), Some("ACCESS EXCLUSIVE"));
        assert_eq!(named("ShareRowExclusiveLock").as_deref(), Some("SHARE ROW EXCLUSIVE"));
        assert_eq!(named("ShareLock").as_deref(), Some("SHARE"));
        for weak in ["AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock"] {
            assert_eq!(named(weak), None, "{weak}");
        }
        assert!(lock("t", "ACCESS EXCLUSIVE").blocks_readers() && !lock("t", "EXCLUSIVE").blocks_readers());
    }

    #[test]
    fn the_strongest_lock_on_a_table_and_where_it_was_taken() {
        let statement = |line, locks: &[Lock]| RehearsedStatement {
            at: Place { file: "m.sql".to_owned(), line, column: 1 },
            toll: Toll { locks: locks.to_vec(), rewritten: Vec::new() },
            ..RehearsedStatement::default()
        };
        let rehearsed = Rehearsed {
            statements: vec![
                statement(3, &[lock("b", "SHARE ROW EXCLUSIVE"), lock("a", "SHARE")]),
                statement(7, &[lock("a", "ACCESS EXCLUSIVE")]),
            ],
            ..Rehearsed::default()
        };
        let shown: Vec<_> = rehearsed
            .locks()
            .iter()
            .map(|(lock, line)| format!("{} {} {line}", lock.mode, lock.relation))
            .collect();
        assert_eq!(shown, ["ACCESS EXCLUSIVE a 7", "SHARE ROW EXCLUSIVE b 3"]);
    }

    #[test]
    fn tags_that_count_rows() {
        let counted: Vec<_> =
            ["INSERT 0 3", "UPDATE 7", "DELETE 0", "COPY 12", "CREATE TABLE", "SELECT 4", "", "DROP TABLE 1"]
                .map(rows_of_tag)
                .into();
        assert_eq!(counted, [Some(3), Some(7), Some(0), Some(12), None, None, None, None]);
    }
}
