//! In a rehearsal: what each statement does to tables that were there before its step. And in the real run after it:
//! the budget of each statement.

use super::attempt::Attempt;
use super::backend::Backend;
use crate::plan::{Lock, Toll};
use crate::session::*;
use std::collections::{BTreeMap, BTreeSet};

/// Tables of users, with the file that holds their rows: oid, name, file node.
const TABLES: &str = "
    SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.pg_relation_filenode(c.oid)
      FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_'
       AND n.nspname NOT IN ('information_schema', 'ceremony', 'supabase_migrations')";

/// Locks that this backend holds on relations: oid, mode.
const LOCKS: &str = "
    SELECT relation, mode FROM pg_catalog.pg_locks
     WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted";

/// What the statements before have done.
pub struct TollMeter {
    /// By oid: name and file node, as of the step's start.
    tables: BTreeMap<String, (String, String)>,
    /// As of the last statement.
    files: BTreeMap<String, String>,
    held: BTreeSet<(String, String)>,
}

type Tables = BTreeMap<String, (String, String)>;

impl Attempt {
    /// `None` outside of rehearsals: looking costs two queries a statement.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn toll_meter(&self, backend: &mut Backend) -> Result<Option<TollMeter>, Failure> {
        if !self.room.rehearsal {
            return Ok(None);
        }
        let tables = self.tables(backend).await?;
        let files = tables.iter().map(|(oid, (_, file))| (oid.clone(), file.clone())).collect();
        let held = self.held(backend).await?;
        Ok(Some(TollMeter { tables, files, held }))
    }

    /// Says what the statement that has just run did.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn say_toll(
        &self,
        backend: &mut Backend,
        meter: &mut Option<TollMeter>,
        index: usize,
    ) -> Result<(), Failure> {
        let Some(meter) = meter else { return Ok(()) };
        let held = self.held(backend).await?;
        let mut locks: Vec<Lock> = held
            .difference(&meter.held)
            .filter_map(|(oid, mode)| Lock::blocking(meter.tables.get(oid)?.0.clone(), mode))
            .collect();
        locks.sort();
        let mut rewritten = Vec::new();
        for (oid, (_, file)) in self.tables(backend).await? {
            let was = meter.files.insert(oid.clone(), file.clone());
            if let Some((name, _)) = meter.tables.get(&oid)
                && was.is_some_and(|was| was != file)
            {
                rewritten.push(name.clone());
            }
        }
        meter.held = held;
        let toll = Toll { locks, rewritten };
        if !toll.is_free() {
            self.say(Report::StatementToll { index, toll });
        }
        Ok(())
    }

    async fn tables(&self, backend: &mut Backend) -> Result<Tables, Failure> {
        let rows = self.all_rows(backend, TABLES).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let mut cells = row.into_iter();
                let (oid, name) = (cells.next()??, cells.next()??);
                // A partitioned table has no rows of its own, and so no file.
                Some((oid, (name, cells.next()?.unwrap_or_default())))
            })
            .collect())
    }

    async fn held(&self, backend: &mut Backend) -> Result<BTreeSet<(String, String)>, Failure> {
        let rows = self.all_rows(backend, LOCKS).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let mut cells = row.into_iter();
                Some((cells.next()??, cells.next()??))
            })
            .collect())
    }

    /// Gives the next statement its budget, if there was a rehearsal. `set` is what the server was told last.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn set_budget(
        &self,
        backend: &mut Backend,
        statement: Option<usize>,
        set: &mut u64,
    ) -> Result<(), Failure> {
        let plan = &self.room.plan;
        let whole_ms = plan.ceremony.limits.statement_timeout_ms;
        let budget_ms = statement.and_then(|index| plan.budget_ms(&self.step.id, index)).unwrap_or(whole_ms);
        if budget_ms != *set {
            self.run(backend, &format!("SET LOCAL statement_timeout = {budget_ms}")).await?;
            *set = budget_ms;
        }
        Ok(())
    }

    /// Says of a statement that the server cancelled that it was its budget which ran out.
    pub fn over_budget(&self, failure: Failure, index: usize) -> Failure {
        let plan = &self.room.plan;
        let limits = plan.ceremony.limits;
        let Failure::Sql { mut error } = failure else { return failure };
        let rehearsed = plan.rehearsed(&self.step.id).and_then(|it| it.statements.get(index));
        if let (QUERY_CANCELED, Some(budget_ms), Some(rehearsed)) =
            (error.sqlstate.as_str(), plan.budget_ms(&self.step.id, index), rehearsed)
            && budget_ms < limits.statement_timeout_ms
            && !self.stop.requested()
        {
            error.hint = Some(format!(
                "Its budget ran out: it took {} in the rehearsal, and may take {} times that, at least {} ms, beside {} ms of waiting for locks. Find out what is different here; then rehearse again, or raise budget_factor or budget_ms_min in [limits].",
                crate::time::human_duration(rehearsed.elapsed_us),
                limits.budget_factor,
                limits.budget_ms_min,
                limits.lock_timeout_ms
            ));
        }
        Failure::Sql { error }
    }
}

/// `query_canceled`: by STOP, by an administrator, or by `statement_timeout`.
const QUERY_CANCELED: &str = "57014";
