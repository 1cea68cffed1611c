//! The schema's state, read, and kept in the session's folder: one rung for each migration, the state it started from.

use super::attempt::Attempt;
use super::backend::Backend;
use super::catalog::{self, Ids, Snapshot};
use crate::session::Failure;

impl Attempt {
    /// The schema's state. Inside a transaction it sees what that transaction changed.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn snapshot(&self, backend: &mut Backend) -> Result<Snapshot, Failure> {
        self.snapshot_and_ids(backend).await.map(|(snapshot, _)| snapshot)
    }

    /// The schema's state, and which objects it consists of.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn snapshot_and_ids(&self, backend: &mut Backend) -> Result<(Snapshot, Ids), Failure> {
        let alone = backend.transaction_status() == b'I';
        self.run(backend, if alone { "BEGIN" } else { "SAVEPOINT ceremony_snapshot" }).await?;
        for setting in catalog::SETTINGS {
            self.run(backend, setting).await?;
        }
        let rows = self.all_rows(backend, catalog::QUERY).await?;
        self.run(backend, if alone { "ROLLBACK" } else { "ROLLBACK TO SAVEPOINT ceremony_snapshot" }).await?;
        Ok(Snapshot::from_cells(rows))
    }

    /// Keeps the state that a migration starts from. The latest attempt counts: only the last one can have been
    /// committed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_rung(&self, migration: &str, snapshot: &Snapshot) -> Result<(), Failure> {
        self.keep(&name_of(migration), snapshot)
    }

    /// The state that a migration started from.
    ///
    /// # Errors
    /// When it was not kept.
    pub fn rung(&self, migration: &str) -> Result<Snapshot, Failure> {
        let name = name_of(migration);
        self.kept(&name).map_err(|error| Failure::Blocked {
            what: format!(
                "the schema that '{migration}' started from cannot be read: {}: {error}",
                self.kept_path(&name).display()
            ),
            next: "bring the session's backup folder back; if it is lost, roll back and apply again"
                .to_owned(),
        })
    }
}

/// No two ids give the same name: an id has no '+'.
fn name_of(migration: &str) -> String {
    format!("rung-{}.json", migration.replace('/', "+"))
}
