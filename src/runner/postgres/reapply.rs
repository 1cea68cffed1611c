//! What a script does when it is applied again: the evidence for its grade, taken in the transaction that ran it.

use super::attempt::Attempt;
use super::backend::Backend;
use super::catalog::{Ids, Snapshot, diff};
use crate::session::*;
use std::collections::BTreeMap;

/// Locks of ours on relations, stronger than ROW SHARE.
const LOCKS: &str = "
SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname), l.mode
  FROM pg_catalog.pg_locks AS l
  JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted
   AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'ceremony', 'supabase_migrations')
   AND n.nspname !~ '^pg_(toast|temp)'
 ORDER BY 1, 2";

/// Rows written by this connection and not yet told to the others, table by table: a difference of two looks within
/// a transaction is what that transaction wrote in between.
const WRITTEN: &str = "
SELECT schemaname = 'pg_catalog', pg_catalog.format('%I.%I', schemaname, relname), n_tup_ins, n_tup_upd, n_tup_del
  FROM pg_catalog.pg_stat_xact_all_tables
 WHERE n_tup_ins + n_tup_upd + n_tup_del > 0
   AND schemaname NOT IN ('information_schema', 'ceremony', 'supabase_migrations')
   AND schemaname !~ '^pg_(toast|temp)'";

/// Whether the name is of the catalog, and the name.
type Written = BTreeMap<(bool, String), [u64; 3]>;

/// The state before a script runs again.
pub struct Start {
    ids: Ids,
    written: Written,
    virtual_xid: String,
}

impl Attempt {
    /// The name of the running transaction that costs no id. A commit in the middle makes it another one.
    async fn virtual_xid(&self, backend: &mut Backend) -> Result<String, Failure> {
        let sql = "SELECT virtualxid FROM pg_catalog.pg_locks
                    WHERE locktype = 'virtualxid' AND pid = pg_catalog.pg_backend_pid() AND mode = 'ExclusiveLock'";
        let name = self.value(backend, sql).await?;
        name.ok_or_else(|| Failure::Escaped { what: "the server names no transaction".to_owned() })
    }

    async fn written(&self, backend: &mut Backend) -> Result<Written, Failure> {
        let rows = self.all_rows(backend, WRITTEN).await?;
        let entry = |row: Vec<Option<String>>| {
            let mut cells = row.into_iter().flatten();
            let key = (cells.next()? == "t", cells.next()?);
            let mut number = || cells.next()?.parse().ok();
            Some((key, [number()?, number()?, number()?]))
        };
        Ok(rows.into_iter().filter_map(entry).collect())
    }

    /// Looks before a script runs again; `ids` are those of the snapshot that was just taken.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn before_reapply(&self, backend: &mut Backend, ids: Ids) -> Result<Start, Failure> {
        Ok(Start {
            ids,
            written: self.written(backend).await?,
            virtual_xid: self.virtual_xid(backend).await?,
        })
    }

    /// The script ended in an error: that is a grade too.
    pub fn reapply_failed(&self, failure: &Failure) {
        if let Failure::Sql { error } = failure {
            self.observe(Observation::Reapplied {
                seen: Reapplied { error: Some(error.clone()), ..Reapplied::default() },
            });
        }
    }

    /// Looks right after the script ran; says what was seen.
    ///
    /// # Errors
    /// Of the server or the connection, and when the script left its transaction.
    pub async fn after_reapply(
        &self,
        backend: &mut Backend,
        start: &Start,
        before: &Snapshot,
    ) -> Result<(), Failure> {
        let virtual_xid = self.virtual_xid(backend).await?;
        if virtual_xid != start.virtual_xid {
            return Err(Failure::Escaped {
                what: format!(
                    "the virtual transaction changed from {} to {virtual_xid}: the script committed in the middle",
                    start.virtual_xid
                ),
            });
        }
        // Before our own looks take locks of their own.
        let locks = self.all_rows(backend, LOCKS).await?;
        let xid = self.value(backend, "SELECT pg_catalog.pg_current_xact_id_if_assigned()").await?.is_some();
        let (mut rows, mut catalog_rows) = (Vec::new(), Vec::new());
        for ((catalog, table), now) in self.written(backend).await? {
            let [inserted, updated, deleted] = match start.written.get(&(catalog, table.clone())) {
                Some(then) => std::array::from_fn(|at| now[at].saturating_sub(then[at])),
                None => now,
            };
            if inserted + updated + deleted > 0 {
                let list = if catalog { &mut catalog_rows } else { &mut rows };
                list.push(RowsWritten { table, inserted, updated, deleted });
            }
        }
        let (after, ids) = self.snapshot_and_ids(backend).await?;
        let lock = |row: Vec<Option<String>>| {
            let mut cells = row.into_iter().flatten();
            Some(LockTaken { relation: cells.next()?, mode: cells.next()? })
        };
        self.observe(Observation::Reapplied {
            seen: Reapplied {
                changes: diff(before, &after),
                recreated: start.ids.recreated(&ids),
                locks: locks.into_iter().filter_map(lock).collect(),
                rows,
                catalog_rows,
                xid,
                error: None,
            },
        });
        Ok(())
    }
}
