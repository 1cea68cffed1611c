//! The hash of a record up to entries that somebody else has noted down.

use super::hex;
use crate::session::RecordedAt;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io::BufRead;

/// The record in `reader` up to each entry of `wanted`; an entry that it does not have (yet) is left out.
///
/// # Errors
/// Of the reader.
pub fn recorded_at(mut reader: impl BufRead, wanted: &BTreeSet<u64>) -> std::io::Result<Vec<RecordedAt>> {
    let (mut hasher, mut found, mut line) = (Sha256::new(), Vec::new(), Vec::new());
    let last = wanted.last().copied().unwrap_or(0);
    for entry in 1..=last {
        line.clear();
        reader.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            break;
        }
        hasher.update(&line);
        if wanted.contains(&entry) {
            found.push(RecordedAt { entry, head: hex(&hasher.clone().finalize()) });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_that_are_there_have_a_head() {
        let text = "one\ntwo\nthr";
        let found = recorded_at(text.as_bytes(), &BTreeSet::from([1, 2, 3, 9])).unwrap();
        let sum = |text: &str| hex(&Sha256::digest(text));
        let heads: Vec<_> = found.iter().map(|at| (at.entry, at.head.clone())).collect();
        assert_eq!(heads, [(1, sum("one\n")), (2, sum("one\ntwo\n"))]);
        assert_eq!(recorded_at(text.as_bytes(), &BTreeSet::new()).unwrap(), []);
    }
}
