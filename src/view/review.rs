//! What somebody goes through before they sign: everything bad first, then the claims, each with its evidence.

mod evidence;
mod found;

use super::ink::{Row, Tone};
use crate::journal::Entry;
use crate::session::*;
use found::Found;

/// Something to be looked at before a name goes under a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Stable for this record: `claim/ID`, `finding/1`, `check/STEP/CHECK`.
    pub id: String,
    /// Whether nobody approves without having opened it.
    pub must: bool,
    /// What it means for the eye.
    pub tone: Tone,
    /// What kind of thing it is, in one word.
    pub word: &'static str,
    /// In a few words; untrusted.
    pub title: String,
    /// Numbers of the entries it rests on, in order.
    pub entries: Vec<u64>,
    /// Its evidence.
    pub rows: Vec<Row>,
}

impl Item {
    fn of(id: String, (word, tone, must): (&'static str, Tone, bool), title: &str) -> Self {
        Self { id, must, tone, word, title: title.to_owned(), entries: Vec::new(), rows: Vec::new() }
    }

    fn at(mut self, entries: impl IntoIterator<Item = u64>) -> Self {
        self.entries.extend(entries);
        self.entries.sort_unstable();
        self.entries.dedup();
        self
    }

    fn showing(mut self, rows: Vec<Row>) -> Self {
        self.rows = rows;
        self
    }
}

/// Whether a session can only ever be practice.
pub fn is_practice(session: &Session) -> bool {
    session.header.as_ref().is_some_and(|header| header.mode == Mode::Practice)
}

/// Everything of a record in the order in which it is gone through. `torn`: bytes of a last line that is not whole.
pub fn items(session: &Session, entries: &[Entry], torn: usize) -> Vec<Item> {
    let found = Found::of(entries);
    let mut items: Vec<Item> = evidence::torn(torn).into_iter().collect();
    items.extend(evidence::practice(session));
    items.extend(evidence::halts(session, &found));
    items.extend(evidence::checks(session, &found));
    items.extend(evidence::skipped(session));
    items.extend(evidence::findings(session, &found));
    items.extend(evidence::waivers(session, &found));
    items.extend(evidence::deviations(session, &found));
    items.extend(evidence::mended(session, &found));
    items.extend(evidence::refusals(&found));
    items.extend(evidence::claims(session, &found));
    items.sort_by_key(|item| !item.must);
    items
}

/// Ids of what must have been opened before anybody approves, as far as the session alone tells.
pub fn must_be_opened(session: &Session) -> Vec<String> {
    let nothing = Found::default();
    let all = [
        evidence::practice(session),
        evidence::halts(session, &nothing),
        evidence::checks(session, &nothing),
        evidence::skipped(session),
        evidence::findings(session, &nothing),
        evidence::waivers(session, &nothing),
        evidence::deviations(session, &nothing),
        evidence::claims(session, &nothing),
    ];
    all.into_iter().flatten().filter(|item| item.must).map(|item| item.id).collect()
}
