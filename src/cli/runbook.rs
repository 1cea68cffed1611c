//! `ceremony runbook`: the runbook, generated from the definition.

use super::{Common, Trouble, launch};
use crate::definition::Folder;
use crate::plan::Plan;
use crate::report::runbook;

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
            .and_then(|()| std::fs::write(&whole, &text));
        written.map_err(|error| Trouble::folder(&whole, &error))?;
    }
    outln!("{path} is current");
    Ok(0)
}
