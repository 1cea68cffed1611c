//! `ceremony verify DIR`: chain, files, decisions, and with `--signers` the sign-offs.

use super::signed_off::{self, Checked};
use super::{Common, Trouble};
use crate::driver::verify::verify;
use std::path::Path;

pub(super) fn check(common: &Common, dir: &Path, checked: &Checked) -> Result<u8, Trouble> {
    let found = verify(dir).map_err(Trouble::unreadable)?;
    outln!("entries  {}, each chains to the bytes before it", found.entries);
    outln!("head     {}", found.head);
    outln!("         {}", found.words);
    if found.torn > 0 {
        outln!("torn     {} bytes of an unfinished last line, never acknowledged", found.torn);
    }
    for divergence in &found.divergences {
        outln!("error: {divergence}");
    }
    if !found.divergences.is_empty() {
        outln!("  why:  what is in the folder is not what was recorded");
        outln!("  next: ask who changed it; do not sign it");
        return Ok(6);
    }
    outln!("files    as recorded");
    outln!("verdict  {}, computed again from the entries", found.verdict.word());
    if !found.closed {
        outln!("open     the session is not closed: go on with `ceremony resume {}`", dir.display());
    }
    signed_off::check(common, dir, found.torn, checked)
}
