//! `ceremony report DIR`: the execution report, to standard output and into the folder.

use super::Trouble;
use crate::driver::replay::Player;
use crate::report::markdown;
use crate::runner::session_folder::replace;
use std::io::Write;
use std::path::Path;

pub(super) fn write(dir: &Path) -> Result<u8, Trouble> {
    let player = Player::open(dir).map_err(Trouble::unreadable)?;
    if let Some(entry) = player.divergent.filter(|entry| *entry > player.entries().len() as u64) {
        return Err(Trouble::divergent(dir, entry));
    }
    let text = markdown::render(&player.session, &player.transcript, player.entries(), &player.head);
    if let Some(name) = super::sign::signed_report(dir, &player.head, &text) {
        let _ = std::io::stdout().write_all(text.as_bytes());
        eprintln!("not written: {name} is about the report.md that is there, made by another version");
        return Ok(0);
    }
    let path = replace(dir, "report.md", text.as_bytes()).map_err(|error| Trouble::folder(dir, &error))?;
    // A closed pipe (`| head`) is no trouble.
    let _ = std::io::stdout().write_all(text.as_bytes());
    eprintln!("written to {}", path.display());
    Ok(0)
}
