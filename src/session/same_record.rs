//! Whether the record in hand is the one that the ledger knows: each row names an entry and the hash up to it. A copy
//! of the record that is older, or that somebody went on with elsewhere, cannot say what became of anything.

use super::{LedgerRow, RecordedAt};

const NEXT: &str =
    "bring back the newest copy of this session's folder and resume that one; this one can only be abandoned";

/// Why the record is not the one in which these rows' attempts were decided on. `record` is the record in hand at each
/// entry that it has of those that the rows name; `ours` tells this session's attempts.
pub(super) fn another_record(
    rows: &[LedgerRow],
    record: &[RecordedAt],
    ours: impl Fn(&str) -> bool,
) -> Option<String> {
    let named = rows.iter().filter(|row| ours(&row.attempt)).filter_map(|row| row.recorded.as_ref());
    let strange: Vec<&RecordedAt> = named.filter(|named| !record.contains(named)).collect();
    // The newest says most: how much is missing, or since when it is another one.
    let missing = |named: &&RecordedAt| !record.iter().any(|here| here.entry == named.entry);
    if let Some(gone) = strange.iter().copied().filter(missing).max_by_key(|named| named.entry) {
        return Some(format!(
            "the record is an old copy, or its end was cut off: the ledger knows its entry {} (head {}), and it has \
             no such entry; {NEXT}",
            gone.entry,
            short(&gone.head)
        ));
    }
    let other = strange.into_iter().min_by_key(|named| named.entry)?;
    let here = record.iter().find(|here| here.entry == other.entry).map_or("", |here| here.head.as_str());
    Some(format!(
        "the record is another one than the ledger knows: up to entry {} its head is {}, and {} by the ledger; {NEXT}",
        other.entry,
        short(here),
        short(&other.head)
    ))
}

fn short(head: &str) -> &str {
    head.get(..12).unwrap_or(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Direction;

    fn at(entry: u64, head: &str) -> RecordedAt {
        RecordedAt { entry, head: head.repeat(32) }
    }

    fn row(attempt: &str, recorded: Option<RecordedAt>) -> LedgerRow {
        let (migration, attempt) = ("m".to_owned(), attempt.to_owned());
        LedgerRow {
            migration,
            cycle: 1,
            direction: Direction::Down,
            attempt,
            done: true,
            units: None,
            recorded,
        }
    }

    /// What the ledger names against what the record in hand has.
    #[test]
    fn every_combination() {
        let ledgers = [
            ("no row", vec![]),
            ("a row of before", vec![row("s/1", None)]),
            ("another session's", vec![row("t/1", Some(at(9, "zz")))]),
            ("5a", vec![row("s/1", Some(at(5, "aa")))]),
            ("5a 9b", vec![row("s/1", Some(at(5, "aa"))), row("s/2", Some(at(9, "bb")))]),
        ];
        let records = [
            ("nothing", vec![]),
            ("5a", vec![at(5, "aa")]),
            ("5x", vec![at(5, "xx")]),
            ("5a 9b", vec![at(5, "aa"), at(9, "bb")]),
            ("5a 9x", vec![at(5, "aa"), at(9, "xx")]),
            ("5x 9x", vec![at(5, "xx"), at(9, "xx")]),
        ];
        let mut table = String::new();
        for (ledger, rows) in &ledgers {
            for (record, here) in &records {
                let found = another_record(rows, here, |attempt| attempt.starts_with("s/"));
                let found = found.unwrap_or_else(|| "the same".to_owned());
                let found = found.split("; ").next().unwrap_or_default();
                table.push_str(&format!("ledger {ledger} | record {record} | {found}\n"));
            }
        }
        insta::assert_snapshot!("same_record_table", table);
    }
}
