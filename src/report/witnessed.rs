//! Who looked on at a step and put initials under it.

use super::markdown::inert;
use crate::session::Session;
use std::fmt::Write;

/// A sentence for each, whatever attempt they are under; nothing when nobody did.
pub(super) fn render(out: &mut String, session: &Session, step: &str) {
    for initials in session.initials.iter().filter(|initials| initials.step == step) {
        let what = if initials.seen_done { "what it did" } else { "its run, before it was over" };
        let _ = writeln!(
            out,
            "\nInitials {} of witness {} under {what} (attempt {}), {}.",
            inert(&initials.letters),
            inert(&initials.by.words()),
            initials.attempt.number,
            initials.at.wall
        );
    }
}
