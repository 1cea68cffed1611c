//! The ledger row of a migration without a transaction: taken or taken over, counted up, done.

use super::super::attempt::Attempt;
use super::super::backend::Backend;
use super::super::ledger::{self, Mark, literal};
use crate::session::*;

/// The row of an attempt that goes unit by unit.
pub(super) struct Progress<'m> {
    mark: &'m Mark<'m>,
    of: usize,
    /// The attempt that has the row now; `None` when there is none yet.
    holder: Option<String>,
}

impl<'m> Progress<'m> {
    /// `holder` is the attempt whose row says running, if there is one.
    pub fn new(mark: &'m Mark<'m>, of: usize, holder: Option<String>) -> Self {
        Self { mark, of, holder }
    }
}

impl Attempt {
    /// Makes sure that the row is there, committed, and this attempt's. The first intent is in the record by now.
    pub(super) async fn take_row(
        &self,
        backend: &mut Backend,
        progress: &mut Progress<'_>,
    ) -> Result<(), Failure> {
        let attempt = &progress.mark.attempt;
        if progress.holder.as_ref() == Some(attempt) {
            return Ok(());
        }
        self.run(backend, "BEGIN").await?;
        self.as_ourselves(backend).await?;
        let xid = self.xid(backend).await?;
        let sql = match &progress.holder {
            None => {
                let begun = ledger::begin(backend, progress.mark, &xid).await;
                begun.map_err(|error| self.failure(error, None))?;
                format!(
                    "UPDATE ceremony.ledger SET units = {}, units_done = 0 WHERE attempt = {}",
                    progress.of,
                    literal(attempt)
                )
            }
            Some(earlier) => format!(
                "UPDATE ceremony.ledger SET attempt = {}, earlier = earlier || attempt, xid = {},
                        backend_pid = pg_catalog.pg_backend_pid(), journal_entry = {}, journal_head = {}
                  WHERE attempt = {} AND state = 'running' AND units IS NOT NULL",
                literal(attempt),
                literal(&xid),
                progress.mark.recorded.entry,
                literal(&progress.mark.recorded.head),
                literal(earlier)
            ),
        };
        self.exactly_one(backend, &sql).await?;
        self.end_with_commit(backend).await?;
        progress.holder = Some(attempt.clone());
        Ok(())
    }

    /// Counts a unit in the transaction that is open, and commits it.
    pub(super) async fn count_unit(
        &self,
        backend: &mut Backend,
        index: usize,
        progress: &Progress<'_>,
    ) -> Result<(), Failure> {
        if backend.transaction_status() != b'T' {
            return Err(Failure::Escaped { what: "the unit ended its transaction".to_owned() });
        }
        self.run(backend, "SET CONSTRAINTS ALL IMMEDIATE").await?;
        self.as_ourselves(backend).await?;
        let sql = format!(
            "UPDATE ceremony.ledger SET units_done = {} WHERE attempt = {} AND state = 'running' AND units_done = {index}",
            index + 1,
            literal(&progress.mark.attempt)
        );
        self.exactly_one(backend, &sql).await?;
        self.end_with_commit(backend).await
    }

    /// Turns the row to done in the transaction that is open.
    pub(super) async fn complete_units(
        &self,
        backend: &mut Backend,
        progress: &Progress<'_>,
    ) -> Result<(), Failure> {
        let sql = format!(
            "UPDATE ceremony.ledger SET state = 'done', finished = pg_catalog.clock_timestamp()
              WHERE attempt = {} AND state = 'running' AND units_done = {}",
            literal(&progress.mark.attempt),
            progress.of
        );
        self.exactly_one(backend, &sql).await
    }

    /// The script may have taken another role; until the end of this transaction it is ours again.
    async fn as_ourselves(&self, backend: &mut Backend) -> Result<(), Failure> {
        self.run(backend, "SET LOCAL ROLE NONE").await?;
        // What is counted must outlive a crash of the server.
        self.run(backend, "SET LOCAL synchronous_commit = on").await.map(drop)
    }

    async fn exactly_one(&self, backend: &mut Backend, sql: &str) -> Result<(), Failure> {
        if self.run(backend, sql).await? == "UPDATE 1" {
            return Ok(());
        }
        Err(Failure::Escaped {
            what: "the ledger row of this attempt is gone or changed: somebody wrote to the ledger"
                .to_owned(),
        })
    }

    async fn end_with_commit(&self, backend: &mut Backend) -> Result<(), Failure> {
        match self.run(backend, "COMMIT").await?.as_str() {
            "COMMIT" => Ok(()),
            tag => Err(Failure::Escaped { what: format!("the server answered COMMIT with {tag}") }),
        }
    }
}
