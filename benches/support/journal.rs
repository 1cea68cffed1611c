//! The record: appended and read back with its chain, 100,000 entries; and what a barrier costs.

use crate::{Median, tell, timed};
use ceremony::journal::file::{JournalFile, read};
use ceremony::session::{AttemptId, Input, Outcome, Report, Source};
use ceremony::time::{Moment, Timestamp};
use std::hint::black_box;

const ENTRIES: u64 = 100_000;
const BARRIERS: u64 = 100;

fn entry(n: u64) -> (Moment, Input) {
    let attempt = AttemptId { session: "00000000-0000-7000-8000-000000000001".to_owned(), number: 7 };
    let text = format!("NOTICE:  row {n} of many, with as much text beside it as such a line usually has\n");
    let outcome = Outcome { attempt, report: Report::Printed { source: Source::Server, text } };
    let at = Moment { wall: Timestamp::from_micros(1_795_360_000_000_000 + n as i64), mono_us: n };
    (at, Input::Outcome(outcome))
}

pub fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = JournalFile::create(folder.path()).unwrap();
    let (appended, ()) = timed(|| {
        for n in 0..ENTRIES {
            let (at, cause) = entry(n);
            journal.append(at, cause, Vec::new(), false).unwrap();
        }
    });
    let (verified, found) = timed(|| read(folder.path()).unwrap());
    assert_eq!(found.entries.len() as u64, ENTRIES);
    let megabytes = found.bytes as f64 / 1e6;
    black_box(found);
    let each = |time: std::time::Duration| time.as_secs_f64() * 1e6 / ENTRIES as f64;
    tell(
        "journal: append 100,000 entries",
        format!(
            "{:.0} ms, {:.1} µs each, {megabytes:.0} MB",
            appended.as_secs_f64() * 1000.0,
            each(appended)
        ),
    );
    tell(
        "journal: verify 100,000 entries",
        format!("{:.0} ms, {:.1} µs each", verified.as_secs_f64() * 1000.0, each(verified)),
    );
    let barriers = (ENTRIES..ENTRIES + BARRIERS).map(|n| {
        let (at, cause) = entry(n);
        timed(|| journal.append(at, cause, Vec::new(), true).unwrap()).0
    });
    tell("journal: append one entry with a barrier", Median::of(barriers.collect()));
}
