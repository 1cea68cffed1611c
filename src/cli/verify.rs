//! `ceremony verify DIR`: chain, files, decisions, reports, with `--head` the end, and with `--signers` the sign-offs.

use super::signed_off::{self, Checked};
use super::{Common, Trouble};
use crate::driver::replay::Player;
use crate::driver::verify::{Verified, verify};
use crate::report::{Execution, html, json, junit, markdown};
use crate::runner::files::sha256;
use crate::runner::signoff::read;
use crate::view::clean_line;
use std::path::Path;

/// Exit code of a folder that is not as it was recorded.
const NOT_AS_RECORDED: u8 = 6;

pub(super) fn check(common: &Common, dir: &Path, checked: &Checked) -> Result<u8, Trouble> {
    super::out::reading(dir);
    let found = verify(dir, checked.head.clone()).map_err(Trouble::unreadable)?;
    outln!("entries  {}, each chains to the bytes before it", found.entries);
    outln!("head     {}", found.head);
    outln!("         {}", found.words);
    if found.torn > 0 {
        outln!("torn     {} bytes of an unfinished last line, never acknowledged", found.torn);
    }
    for remark in &found.remarks {
        outln!("note     {}", clean_line(remark));
    }
    let (edited, old) = reports(dir, &found, checked.has_signers())?;
    for name in old {
        outln!(
            "note     {name} is of another state of the record, or of another version: `ceremony report` makes it again"
        );
    }
    let edited = edited.iter().map(|name| format!("{name} is not what the record gives"));
    let wrong: Vec<String> = found.divergences.iter().cloned().chain(edited).collect();
    for divergence in &wrong {
        outln!("error: {}", clean_line(divergence));
    }
    if !wrong.is_empty() {
        outln!("  why:  what is in the folder is not what was recorded");
        outln!("  next: ask who changed it; do not sign it");
        return Ok(NOT_AS_RECORDED);
    }
    outln!("files    as recorded");
    outln!("verdict  {}, computed again from the entries", found.verdict.word());
    if !found.closed {
        outln!("open     the session is not closed: go on with `ceremony resume {}`", dir.display());
    }
    let code = signed_off::check(common, dir, (&found.head, found.torn), checked)?;
    if checked.head.is_none() && !checked.has_signers() {
        outln!(
            "still    a changed last line, a cut end and a record made anew keep the chain: compare the head with"
        );
        outln!("         one you know (--head), or have the sign-offs checked (--signers)");
    }
    Ok(code)
}

/// The reports that are there and say this head and yet are not what is made of the record, and those that are of
/// another one. What was signed is left to the sign-offs, where they are looked at.
fn reports(
    dir: &Path,
    found: &Verified,
    signers: bool,
) -> Result<(Vec<&'static str>, Vec<&'static str>), Trouble> {
    const NAMES: [&str; 4] = ["report.md", "report.html", "report.json", "report.junit.xml"];
    let there = |name: &'static str| std::fs::read(dir.join(name)).ok().map(|bytes| (name, bytes));
    let there: Vec<_> = NAMES.into_iter().filter_map(there).collect();
    let (mut edited, mut old) = (Vec::new(), Vec::new());
    if there.is_empty() || !found.divergences.is_empty() {
        return Ok((edited, old));
    }
    let player = Player::open(dir).map_err(Trouble::unreadable)?;
    let execution = Execution::new(&player.session, &player.transcript, player.entries(), &player.head);
    let signed = read(dir, None).map_err(|error| Trouble::folder(dir, &error))?.filed;
    for (name, bytes) in there {
        let sum = sha256(&bytes);
        let is_signed = signed
            .iter()
            .flat_map(|filed| &filed.statement.subject)
            .any(|subject| subject.name == name && (signers || subject.digest.sha256 == sum));
        let made = match name {
            "report.md" => markdown::render(&execution),
            "report.html" => html::render(&execution),
            "report.json" => json::render(&execution).map_err(|error| Trouble::unexpected(&error.into()))?,
            _ => junit::render(&execution),
        };
        if is_signed || made.as_bytes() == bytes {
            continue;
        }
        let says_head = bytes.windows(found.head.len()).any(|part| part == found.head.as_bytes());
        let own = found.tool == env!("CARGO_PKG_VERSION");
        if says_head && own { edited.push(name) } else { old.push(name) }
    }
    Ok((edited, old))
}
