//! Whether somebody else changed the schema between two steps: each commit leaves what it led to, and the next step
//! that works on the schema compares.

use super::attempt::Attempt;
use super::backend::Backend;
use super::catalog::{Snapshot, diff};
use crate::session::*;
use serde::{Deserialize, Serialize};

/// Within the session's backup folder.
const FILE: &str = "schema-last.json";

/// The schema as a commit left it.
#[derive(Serialize, Deserialize)]
struct Last {
    step: String,
    schema: Snapshot,
}

impl Attempt {
    /// Before COMMIT is sent: what was kept is about to be wrong, and nobody may be there to write the new one.
    pub fn forget_last(&self) {
        let _ = std::fs::remove_file(self.kept_path(FILE));
    }

    /// Keeps the schema that a commit led to, read through a fresh connection. Whether the commit counts does not hang
    /// on it: what is not kept is not compared.
    pub async fn keep_last(&self, fresh: &mut Backend) {
        let Ok(schema) = self.snapshot(fresh).await else { return };
        let last = Last { step: self.step.id.clone(), schema };
        if let Err(failure) = self.keep(FILE, &last) {
            tracing::warn!(why = failure.words(), "the schema after the commit is not kept");
        }
    }

    /// Says what differs from what the last commit of this session left.
    pub fn look_for_drift(&self, now: &Snapshot) {
        let Ok(last) = self.kept::<Last>(FILE) else { return };
        let changes = diff(&last.schema, now);
        if !changes.is_empty() {
            self.observe(Observation::Drift { since: last.step, changes });
        }
    }
}
