//! The commit of the repository that a definition lies in.

use crate::session::GitState;
use std::path::Path;
use std::process::{Command, Stdio};

/// Head and cleanliness of the repository around `folder`; `None` without git or without a commit.
pub fn state(folder: &Path) -> Option<GitState> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(arguments)
            // A clone that lacks parts would ask for them over the network.
            .env("GIT_NO_LAZY_FETCH", "1")
            .env_remove("PGPASSWORD")
            .env_remove("DATABASE_URL")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let head = git(&["rev-parse", "--verify", "HEAD"])?;
    let dirty = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(GitState { head, dirty })
}
