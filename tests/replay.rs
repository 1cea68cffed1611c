//! A record that is looked at here and there is the record read from end to end; and what a reader asks of it.

#[path = "support/long.rs"]
mod long;

use ceremony::definition::load;
use ceremony::driver::follow;
use ceremony::driver::replay::{Again, Find, Place, Player, Reel};
use ceremony::journal::Entry;
use ceremony::journal::file::read;
use ceremony::plan::Plan;
use ceremony::runner::fake::Seed;
use ceremony::runner::files::DiskFolder;
use ceremony::session::{Event, Session};
use ceremony::view::{LINES_MAX, Transcript, timeline_marks};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

fn plan() -> Arc<Plan> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Arc::new(Plan::new(load(&DiskFolder::new(root).unwrap(), "ceremony.toml").unwrap()))
}

fn record(entries: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    long::record(folder.path(), Path::new(env!("CARGO_MANIFEST_DIR")), &plan(), entries, 1_000);
    folder
}

/// The straight run up to entry `to`, from an earlier one.
struct Straight {
    entries: Vec<Entry>,
    at: usize,
    session: Session,
    transcript: Transcript,
}

impl Straight {
    fn new(folder: &Path) -> Self {
        let entries = read(folder).unwrap().entries;
        Self { entries, at: 0, session: Session::new(plan()), transcript: Transcript::default() }
    }

    fn go(&mut self, to: usize) {
        for entry in &self.entries[self.at..to] {
            follow(&mut self.session, &mut self.transcript, entry).unwrap();
        }
        self.at = to;
    }
}

#[track_caller]
fn assert_same(reel: &Reel, straight: &Straight, what: &str) {
    assert_eq!(reel.at(), straight.at, "{what}");
    assert_eq!(**reel.session(), straight.session, "{what}");
    let (ours, theirs) = (reel.transcript(), &straight.transcript);
    assert_eq!((ours.lines.len(), ours.lines.back()), (theirs.lines.len(), theirs.lines.back()), "{what}");
    assert!(ours.lines == theirs.lines, "{what}: the lines differ");
    assert_eq!(
        (ours.entries, ours.at, &ours.tables, &ours.changes, &ours.statement, &ours.error, &ours.radar),
        (
            theirs.entries,
            theirs.at,
            &theirs.tables,
            &theirs.changes,
            &theirs.statement,
            &theirs.error,
            &theirs.radar
        ),
        "{what}"
    );
}

fn settle(reel: &mut Reel) {
    while reel.work() {}
}

#[test]
fn wherever_one_goes_it_is_as_after_a_straight_run() {
    let folder = record(LINES_MAX as u64 + 5_000);
    let mut reel = Reel::open(folder.path()).unwrap();
    let mut straight = Straight::new(folder.path());
    let of = straight.entries.len();
    assert_eq!(reel.len(), of);
    assert_eq!(reel.marks().0, timeline_marks(&straight.entries));
    // Places in an order of their own, each next to each: far, near, block by block, over the edge of the lines kept.
    let mut seed = Seed(3);
    let mut places: Vec<usize> = vec![1, 2, of, of - 1, of - 2, of - 1, of, of - 700, of - 1500, 1, of];
    for _ in 0..5 {
        let place = 1 + usize::try_from(seed.below(of as u64)).unwrap();
        places.extend([place, place.saturating_sub(1).max(1), (place + 700).min(of)]);
    }
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|at| places[*at]);
    // What the straight run says at each place, in the order of places, is held against each visit.
    let mut there = std::collections::BTreeMap::new();
    for at in order {
        straight.go(places[at]);
        there.entry(places[at]).or_insert_with(|| (straight.session.clone(), straight.transcript.clone()));
    }
    for (visit, place) in places.iter().enumerate() {
        reel.seek(*place);
        // Sometimes one goes on before the background is done.
        if seed.once_in(3) {
            reel.work();
            continue;
        }
        settle(&mut reel);
        let (session, transcript) = there[place].clone();
        let straight = Straight { entries: Vec::new(), at: *place, session, transcript };
        assert_same(&reel, &straight, &format!("visit {visit}, entry {place}"));
    }
}

#[test]
fn step_by_step_on_and_back_through_a_whole_ceremony() {
    let folder = record(10);
    let mut reel = Reel::open(folder.path()).unwrap();
    let mut straight = Straight::new(folder.path());
    let of = reel.len();
    let mut states = vec![];
    for n in 1..=of {
        reel.seek(n);
        straight.go(n);
        assert_same(&reel, &straight, &format!("entry {n}"));
        states.push((straight.session.clone(), straight.transcript.clone()));
    }
    for n in (1..=of).rev() {
        reel.seek(n);
        settle(&mut reel);
        let (session, transcript) = states[n - 1].clone();
        let then = Straight { entries: Vec::new(), at: n, session, transcript };
        assert_same(&reel, &then, &format!("back at entry {n}"));
    }
}

#[test]
fn a_torn_tail_is_left_out_and_an_open_session_shown_as_far_as_it_is() {
    let folder = record(50);
    let path = folder.path().join("session.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let kept: String = text.split_inclusive('\n').take(40).collect();
    std::fs::write(&path, format!("{kept}{{\"n\":41,\"t\":\"2026")).unwrap();
    let mut reel = Reel::open(folder.path()).unwrap();
    assert_eq!((reel.len(), reel.torn(), reel.misfit()), (40, 17, None));
    reel.seek(99);
    assert_eq!(reel.at(), 40);
    assert_eq!(reel.head(), Player::open(folder.path()).unwrap().head);
}

/// The record's lines up to `keep`, and one more that chains, made by `change` from the next one.
fn made_up(folder: &Path, keep: usize, change: impl FnOnce(String) -> String) {
    use sha2::Digest;
    let path = folder.join("session.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut made: String = lines[..keep].concat();
    made.push_str(&change(lines[keep].to_owned()));
    let head: String =
        sha2::Sha256::digest(made.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let next: Entry = serde_json::from_str(lines[keep + 1]).unwrap();
    let chained = serde_json::to_string(&Entry { prev: head, ..next }).unwrap();
    std::fs::File::create(&path).unwrap().write_all(format!("{made}{chained}\n").as_bytes()).unwrap();
}

#[test]
fn a_made_up_record_is_shown_up_to_what_does_not_fit() {
    let folder = record(50);
    let entries = read(folder.path()).unwrap().entries;
    let at = entries
        .iter()
        .position(|entry| matches!(entry.events[..], [Event::GateAnswered { .. }, ..]))
        .unwrap();
    made_up(folder.path(), at, |line| {
        line.replace(
            "\"event\":\"gate-answered\",\"gate\":\"",
            "\"event\":\"gate-answered\",\"gate\":\"never/",
        )
    });
    let mut reel = Reel::open(folder.path()).unwrap();
    assert_eq!((reel.len(), reel.misfit().unwrap().at), (at, at));
    reel.seek(usize::MAX);
    assert_eq!(reel.at(), at);
    assert_eq!(Player::open(folder.path()).unwrap().entries().len(), at);
    let again = Again::start(reel.pages().unwrap(), reel.plan().clone());
    while !again.is_over() {
        std::thread::yield_now();
    }
    assert_eq!(again.found().unwrap().0, at as u64 + 1);
}

#[test]
fn a_line_that_only_prints_and_is_none_is_found_where_one_gets_to_it() {
    let folder = record(50);
    let entries = read(folder.path()).unwrap().entries;
    let at = entries.iter().position(|entry| format!("{:?}", entry.cause).contains("row 2 of")).unwrap();
    made_up(folder.path(), at, |line| line.replace("\"source\":\"server\"", "\"source\":\"moon\""));
    let mut reel = Reel::open(folder.path()).unwrap();
    assert_eq!(reel.misfit(), None);
    reel.seek(at + 2);
    assert_eq!((reel.at(), reel.len()), (at, at));
    assert!(reel.misfit().unwrap().what.contains("moon"));
    let again = Again::start(reel.pages().unwrap(), reel.plan().clone());
    while !again.is_over() {
        std::thread::yield_now();
    }
    assert!(again.found().unwrap().1.contains("moon"));
}

#[test]
fn a_record_that_is_changed_meanwhile_is_not_believed() {
    let folder = record(3_000);
    let mut reel = Reel::open(folder.path()).unwrap();
    let path = folder.path().join("session.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("row 7 of many", "row 8 of many", 1)).unwrap();
    reel.seek(2_000);
    settle(&mut reel);
    assert!(reel.misfit().unwrap().what.contains("was changed since"), "{:?}", reel.misfit());
}

#[test]
fn a_whole_record_is_decided_again_and_agrees() {
    let folder = record(2_000);
    let reel = Reel::open(folder.path()).unwrap();
    let again = Again::start(reel.pages().unwrap(), reel.plan().clone());
    while !again.is_over() {
        std::thread::yield_now();
    }
    assert_eq!((again.found(), again.progress()), (None, (reel.len(), reel.len())));
}

fn hits(reel: &Reel, words: &str, from: usize) -> Vec<u64> {
    let find = Find::start(reel.pages().unwrap(), reel.plan().clone(), words, from);
    while !find.is_over() {
        std::thread::yield_now();
    }
    find.all()
}

#[test]
fn words_are_found_where_the_panes_say_them() {
    let folder = record(3_000);
    let mut straight = Straight::new(folder.path());
    straight.go(straight.entries.len());
    let reel = Reel::open(folder.path()).unwrap();
    let hash = &straight.entries[500].prev[..20];
    for words in [
        "Row 17 of",
        "chunk 99",
        "is \"done\"",
        "gate 'apply",
        "before apply/",
        "note: ",
        "PASS",
        hash,
        "zebra",
    ] {
        let wanted = words.to_lowercase();
        let lines =
            straight.transcript.lines.iter().filter(|line| line.text.to_lowercase().contains(&wanted));
        let mut said: Vec<u64> = lines.map(|line| line.entry).collect();
        said.dedup();
        let found = hits(&reel, words, 700);
        assert!(said.iter().all(|n| found.contains(n)), "{words}");
        // Results are no lines, and are looked into as well.
        let tables: Vec<u64> = straight.transcript.tables.iter().map(|table| table.entry).collect();
        assert!(found.iter().all(|n| said.contains(n) || tables.contains(n)), "{words}");
        assert_eq!(words == hash || words == "zebra", found.is_empty(), "{words}: {found:?}");
    }
    let find = Find::start(reel.pages().unwrap(), reel.plan().clone(), "row 17 of", 1);
    while !find.is_over() {
        std::thread::yield_now();
    }
    let all = find.all();
    assert_eq!(find.beside(0, true), all.first().copied());
    assert_eq!(find.beside(all[1], true), all.get(2).copied());
    assert_eq!(find.beside(all[1], false), all.first().copied());
    assert_eq!((find.beside(all[0], false), find.rank(all[1])), (None, Some(2)));
}

#[test]
fn places_are_gone_to_by_number_part_and_time() {
    let folder = record(3_000);
    let mut reel = Reel::open(folder.path()).unwrap();
    let of = reel.len();
    reel.seek(1000);
    // Entries are a millisecond apart, the first one at one millisecond, the session opened at 15:06:40.
    let mut at = |text: &str| Place::read(text).unwrap().entry(&mut reel);
    assert_eq!((at("17"), at("0"), at("999999999")), (17, 1, of));
    assert_eq!((at("50%"), at("0%"), at("100%")), (of / 2, 1, of));
    assert_eq!((at("+500ms"), at("-500ms"), at("-1h"), at("+1h")), (1500, 500, 1, of));
    assert_eq!((at("15:06:41"), at("15:06:42"), at("15:06:40")), (1000, 2000, 1));
    // Before the opening is the day after.
    assert_eq!(at("15:06:39"), of);
}
