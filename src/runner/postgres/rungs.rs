//! The schema's state, read, and kept in the session's folder: one rung for each migration, the state it started from.

use super::attempt::Attempt;
use super::backend::Backend;
use super::catalog::{self, Ids, Snapshot};
use crate::runner::session_folder;
use crate::session::Failure;
use std::path::PathBuf;

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

    /// No two ids give the same name: an id has no '+'.
    fn rung_path(&self, migration: &str) -> PathBuf {
        self.room.session.join("backup").join(format!("rung-{}.json", migration.replace('/', "+")))
    }

    /// Keeps the state that a migration starts from. The latest attempt counts: only the last one can have been
    /// committed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_rung(&self, migration: &str, snapshot: &Snapshot) -> Result<(), Failure> {
        let path = self.rung_path(migration);
        let failed = |error: std::io::Error| Failure::Blocked {
            what: format!("cannot write {}: {error}", path.display()),
            next: "free space or mend the folder, then answer the gate again".to_owned(),
        };
        let folder = path.parent().unwrap_or(&self.room.session);
        session_folder::make_private(folder).map_err(failed)?;
        let text = serde_json::to_vec_pretty(&snapshot.0).map_err(|error| failed(error.into()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        session_folder::replace(folder, &name, &text).map(drop).map_err(failed)
    }

    /// The state that a migration started from.
    ///
    /// # Errors
    /// When it was not kept.
    pub fn rung(&self, migration: &str) -> Result<Snapshot, Failure> {
        let path = self.rung_path(migration);
        let kept = std::fs::read(&path).map_err(|error| error.to_string());
        let kept = kept.and_then(|text| serde_json::from_slice(&text).map_err(|error| error.to_string()));
        kept.map(Snapshot).map_err(|error| Failure::Blocked {
            what: format!(
                "the schema that '{migration}' started from cannot be read: {}: {error}",
                path.display()
            ),
            next: "bring the session's backup folder back; if it is lost, roll back and apply again"
                .to_owned(),
        })
    }
}
