//! What an attempt leaves in the session's backup folder for later ones: whole or not at all, for this user only.

use super::attempt::Attempt;
use crate::runner::session_folder;
use crate::session::Failure;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::path::PathBuf;

impl Attempt {
    /// Where `name` is kept.
    pub fn kept_path(&self, name: &str) -> PathBuf {
        self.room.session.join("backup").join(name)
    }

    /// Keeps `what` as JSON in place of what was kept under this name.
    ///
    /// # Errors
    /// When it cannot be written; the step is not started then.
    pub fn keep(&self, name: &str, what: &impl Serialize) -> Result<(), Failure> {
        let folder = self.room.session.join("backup");
        let kept = serde_json::to_vec_pretty(what).map_err(io::Error::from).and_then(|text| {
            session_folder::make_private(&folder)?;
            session_folder::replace(&folder, name, &text)
        });
        kept.map(drop).map_err(|error| Failure::Blocked {
            what: format!("cannot write {}: {error}", self.kept_path(name).display()),
            next: "free space or mend the folder, then answer the gate again".to_owned(),
        })
    }

    /// What is kept under this name.
    ///
    /// # Errors
    /// Of the file system, or when it is not what was written.
    pub fn kept<T: DeserializeOwned>(&self, name: &str) -> io::Result<T> {
        serde_json::from_slice(&crate::journal::plain::read(&self.kept_path(name))?).map_err(io::Error::other)
    }
}
