//! What is half done in a database: indexes, constraints and triggers that do not do what they are there for, and
//! transactions that nobody ended.

use super::attempt::Attempt;
use super::backend::Backend;
use crate::session::*;
use std::collections::BTreeSet;

/// Kind and name of everything half done, but for system schemas and the ceremony's own.
const FLAWS: &str = "
SELECT flaw, object FROM (
    SELECT 'invalid-index' AS flaw, pg_catalog.format('%I.%I', n.nspname, c.relname) AS object, n.nspname
      FROM pg_catalog.pg_index AS i
      JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE NOT i.indisvalid OR NOT i.indisready
    UNION ALL
    SELECT 'not-valid-constraint',
           CASE WHEN o.conrelid <> 0 THEN pg_catalog.format('%I.%I.%I', n.nspname, c.relname, o.conname)
                ELSE pg_catalog.format('%I.%I.%I', n.nspname, t.typname, o.conname) END, n.nspname
      FROM pg_catalog.pg_constraint AS o
      JOIN pg_catalog.pg_namespace AS n ON n.oid = o.connamespace
      LEFT JOIN pg_catalog.pg_class AS c ON c.oid = o.conrelid
      LEFT JOIN pg_catalog.pg_type AS t ON t.oid = o.contypid
     WHERE NOT o.convalidated
    UNION ALL
    SELECT DISTINCT 'disabled-trigger', pg_catalog.format('%I.%I.%I', n.nspname, c.relname, coalesce(o.conname, g.tgname)),
           n.nspname
      FROM pg_catalog.pg_trigger AS g
      JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_constraint AS o ON o.oid = g.tgconstraint
     WHERE g.tgenabled = 'D'
    UNION ALL
    SELECT 'prepared-transaction', gid, '' FROM pg_catalog.pg_prepared_xacts
     WHERE database = pg_catalog.current_database()
) AS found
WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'ceremony', 'supabase_migrations')
  AND nspname !~ '^pg_(toast|temp)'
ORDER BY flaw, object";

impl Attempt {
    /// Everything half done, as this connection sees it.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn flaws(&self, backend: &mut Backend) -> Result<BTreeSet<Flaw>, Failure> {
        let rows = self.within(backend.rows(FLAWS, usize::MAX, usize::MAX, &mut |_| {})).await?.0;
        let flaw = |row: Vec<Option<String>>| {
            let mut cells = row.into_iter().flatten();
            let flaw = match cells.next()?.as_str() {
                "invalid-index" => FlawKind::InvalidIndex,
                "not-valid-constraint" => FlawKind::NotValidConstraint,
                "disabled-trigger" => FlawKind::DisabledTrigger,
                _ => FlawKind::PreparedTransaction,
            };
            Some(Flaw { flaw, object: cells.next()? })
        };
        Ok(rows.rows.into_iter().filter_map(flaw).collect())
    }

    /// Says what is half done now and was not `before`.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn look_for_flaws(
        &self,
        backend: &mut Backend,
        before: &BTreeSet<Flaw>,
        committed: bool,
    ) -> Result<(), Failure> {
        let found = self.flaws(backend).await?.difference(before).cloned().collect();
        self.observe(Observation::Soundness { committed, found });
        Ok(())
    }
}
