//! `ceremony runbook`: the runbook, generated from the definition.

use super::{Common, Trouble, launch};
use crate::definition::Folder;
use crate::plan::Plan;
use crate::report::runbook;
use crate::runner::session_folder::replace;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Whole or not at all, and for everybody who may read the file that was there.
fn replace_shared(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (folder, name) = (path.parent().unwrap_or(Path::new(".")), path.file_name().unwrap_or_default());
    let before = std::fs::metadata(path).map(|there| there.permissions());
    let permissions = before.unwrap_or(std::fs::Permissions::from_mode(0o644));
    let written = replace(folder, &name.to_string_lossy(), bytes)?;
    std::fs::set_permissions(written, permissions)
}

pub(super) fn write(common: &Common, check: bool) -> Result<u8, Trouble> {
    let (folder, name, ceremony) = launch::definition(common)?;
    let Some(path) = ceremony.runbook.clone() else {
        return Err(Trouble::usage(
            format!("{name} names no runbook"),
            "the runbook is written where the definition says",
            "add `runbook = \"docs/RUNBOOK.md\"` to [ceremony]",
        ));
    };
    let text = runbook::render(&Plan::new(ceremony), &name);
    let current = folder.read(&path).is_ok_and(|file| file.bytes == text.as_bytes());
    if check {
        let word = if current { "current" } else { "not current: run `ceremony runbook`" };
        outln!("{path} is {word}");
        return Ok(if current { 0 } else { 4 });
    }
    if !current {
        let whole = folder.root().join(&path);
        let written = whole
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| replace_shared(&whole, text.as_bytes()));
        written.map_err(|error| Trouble::folder(&whole, &error))?;
    }
    outln!("{path} is current");
    Ok(0)
}
