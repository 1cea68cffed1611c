//! Whether somebody else changed the schema between two steps: each commit leaves what it led to, and the next step
//! that works on the schema compares.

use super::attempt::Attempt;
use super::backend::Backend;
use super::catalog::{Snapshot, diff};
use crate::runner::session_folder;
use crate::session::*;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Within the session's backup folder.
const FILE: &str = "schema-last.json";

/// The schema as a commit left it.
#[derive(Serialize, Deserialize)]
struct Last {
    step: String,
    schema: Snapshot,
}

impl Attempt {
    fn last_path(&self) -> PathBuf {
        self.room.session.join("backup").join(FILE)
    }

    /// Before COMMIT is sent: what was kept is about to be wrong, and nobody may be there to write the new one.
    pub fn forget_last(&self) {
        let _ = std::fs::remove_file(self.last_path());
    }

    /// Keeps the schema that a commit led to, read through a fresh connection. Whether the commit counts does not hang
    /// on it: what is not kept is not compared.
    pub async fn keep_last(&self, fresh: &mut Backend) {
        let Ok(schema) = self.snapshot(fresh).await else { return };
        let last = Last { step: self.step.id.clone(), schema };
        let path = self.last_path();
        let kept = path.parent().zip(serde_json::to_vec(&last).ok()).map(|(folder, text)| {
            session_folder::make_private(folder)
                .and_then(|()| session_folder::replace(folder, FILE, &text).map(drop))
        });
        if let Some(Err(error)) = kept {
            tracing::warn!(%error, "the schema after the commit is not kept");
        }
    }

    /// Says what differs from what the last commit of this session left.
    pub fn look_for_drift(&self, now: &Snapshot) {
        let kept = std::fs::read(self.last_path()).ok();
        let Some(last) = kept.and_then(|text| serde_json::from_slice::<Last>(&text).ok()) else { return };
        let changes = diff(&last.schema, now);
        if !changes.is_empty() {
            self.observe(Observation::Drift { since: last.step, changes });
        }
    }
}
