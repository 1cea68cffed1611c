//! What a reader did with a record: which entries were shown, what was opened, the notes beside it. Kept beside the
//! record, never in it.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One reader's review of one session; `review/NAME.json` in its folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Who reads.
    pub reader: String,
    /// Inclusive runs of entry numbers that were on the screen, in order, not touching each other.
    pub seen: Vec<(u64, u64)>,
    /// Ids of the items that were opened.
    pub opened: BTreeSet<String>,
    /// In the order in which they were written.
    pub notes: Vec<Note>,
}

/// A reader's words about an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Number of the entry, from 1.
    pub entry: u64,
    /// When they were written.
    pub at: Timestamp,
    /// The words.
    pub words: String,
}

impl Review {
    /// A review by `reader` that has not begun.
    pub fn of(reader: &str) -> Self {
        Self { reader: reader.to_owned(), ..Self::default() }
    }

    /// Entry `n` was shown.
    pub fn see(&mut self, n: u64) {
        let at = self.seen.partition_point(|(_, last)| last.saturating_add(1) < n);
        match self.seen.get_mut(at) {
            Some((first, last)) if first.saturating_sub(1) <= n => {
                (*first, *last) = ((*first).min(n), (*last).max(n));
            }
            _ => self.seen.insert(at, (n, n)),
        }
        if let Some((next_first, next_last)) = self.seen.get(at + 1).copied()
            && self.seen[at].1.saturating_add(1) >= next_first
        {
            self.seen[at].1 = next_last;
            self.seen.remove(at + 1);
        }
    }

    /// Takes in what the same reader did elsewhere.
    pub fn merge(&mut self, other: Self) {
        let mut runs = std::mem::take(&mut self.seen);
        runs.extend(other.seen);
        runs.sort_unstable();
        for (first, last) in runs {
            match self.seen.last_mut() {
                Some(before) if before.1.saturating_add(1) >= first => before.1 = before.1.max(last),
                _ => self.seen.push((first, last)),
            }
        }
        self.opened.extend(other.opened);
        for note in other.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        self.notes.sort_by_key(|note| note.at);
    }

    /// How many of the entries 1 to `entries` were shown.
    pub fn seen_of(&self, entries: u64) -> u64 {
        self.seen
            .iter()
            .filter(|(first, _)| *first <= entries)
            .map(|(first, last)| (*last).min(entries) - first + 1)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_entries_grow_together_in_any_order() {
        let mut review = Review::of("rita");
        for n in [5, 1, 3, 2, 9, 4, 9, 8] {
            review.see(n);
        }
        assert_eq!(review.seen, [(1, 5), (8, 9)]);
        assert_eq!((review.seen_of(9), review.seen_of(8), review.seen_of(3)), (7, 6, 3));
        let mut other = Review::of("rita");
        [6, 7, 20].into_iter().for_each(|n| other.see(n));
        review.merge(other);
        assert_eq!(review.seen, [(1, 9), (20, 20)]);
    }
}
