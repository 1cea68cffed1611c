//! Killed everywhere: at each step of a record to its disk, and at each word to the database.

use crate::chain::*;
use crate::support::effort::{effort, figures};
use crate::room::*;
use crate::strace::{Blow, Target};
use std::fs;
use std::sync::OnceLock;

/// Where a session is killed.
#[derive(Clone, Copy, Debug)]
struct Way {
    call: &'static str,
    blow: Blow,
    /// From one death within a step to the next so many calls; and within one that ends with a COMMIT.
    strides: (u64, u64),
}

/// The record's four moments: before and after a line is written, before and after it is on disk.
fn ways() -> [Way; 4] {
    let stride = |at_one: u64| (at_one / effort()).max(1);
    [
        Way { call: "write", blow: Blow::Before, strides: (stride(60), stride(40)) },
        Way { call: "write", blow: Blow::After, strides: (stride(90), stride(80)) },
        Way { call: "fdatasync", blow: Blow::Before, strides: (stride(3), 1) },
        Way { call: "fdatasync", blow: Blow::After, strides: (stride(3), 1) },
    ]
}

/// Goes on with a session until it is over, and kills it on the way: in each step first at the first call, then one
/// stride later, until the step is through.
fn through(chain: &mut Chain<'_>, first: &str, way: Way, code: i32) {
    chain.power = Some(Dice::new(7));
    let record = chain.record();
    let (mut verb, mut nth, mut finished) = (first.to_owned(), 1, chain.finished());
    loop {
        let target = Target { call: way.call, file: Some(&record), nth, all: false };
        let lines = chain.whole().len();
        if let Some(ended) = chain.strike(&verb, target, way.blow) {
            ended.with(code);
            break;
        }
        chain.ledger_names_the_record();
        verb = go_on(chain, first, lines);
        let now = chain.finished();
        let stride = if chain.at_a_commit() { way.strides.1 } else { way.strides.0 };
        nth = if now > finished { 1 } else { nth + stride };
        finished = now;
    }
}

/// How it is gone on with: a session without a line is none, and one that did not hear of its rollback hears it again.
fn go_on(chain: &mut Chain<'_>, first: &str, before: usize) -> String {
    if chain.whole().is_empty() {
        let said = chain.room.spawn(chain.command("resume")).end();
        assert!(said.code == Some(2), "a record without an entry: {said:?}");
        contains(&said.err, &["why:", "next:"]);
        fs::remove_dir_all(chain.folder()).unwrap();
        return first.to_owned();
    }
    let asked = String::from_utf8(chain.whole()).unwrap();
    if first == "rollback" && !asked.contains("\"command\":\"roll-back\"") {
        assert!(chain.whole().len() >= before);
        return first.to_owned();
    }
    "resume".to_owned()
}

/// What an unbroken session leaves: up, down, and up again by another one.
fn unbroken() -> [String; 3] {
    let (room, server) = (Room::new(), watched());
    let run = |verb: &str, session, code| {
        let chain = Chain::new(&room, &server, session);
        room.spawn(chain.command(verb)).end().with(code);
        dump(&server)
    };
    [run("run", "session", 0), run("rollback", "session", 4), run("run", "again", 0)]
}

fn rows(ways: &[&str]) -> String {
    let each = |migration| {
        (1..).zip(ways).map(move |(cycle, way)| format!("{migration}|{cycle}|{way}|done"))
    };
    let all: Vec<String> = ["foundations", "outbound-sync", "uniqueness"].into_iter().flat_map(each).collect();
    all.join("\n")
}

#[track_caller]
fn proven(chain: &Chain<'_>, ways: &[&str], verdict: &str) {
    let server = chain.server;
    assert_eq!(server.ask(LEDGER), rows(ways), "each once");
    let last = if ways.last() == Some(&"up") { 4 } else { 1 };
    assert_eq!(server.ask(HISTORY).lines().count(), last);
    let ups = ways.iter().filter(|way| **way == "up").count().to_string();
    for row in server.ask(SEEN).lines().filter(|row| row.starts_with("ceremony apply/")) {
        assert_eq!(row.rsplit_once('|').unwrap().1, ups, "{row}: each change was committed once a cycle");
    }
    chain.room.call(&["verify", chain.session]).with(0).says(&[verdict]);
    assert_eq!(server.ask("SELECT count(*) FROM pg_database WHERE datname LIKE 'ceremony%'"), "0");
}

/// Up, down and up again on one server, killed in one way.
fn round(way: Way, legs: &[Way], expected: &OnceLock<[String; 3]>) -> Counted {
    let (room, server) = (Room::new(), watched());
    let mut all = Counted::default();
    let mut chain = Chain::new(&room, &server, "session");
    through(&mut chain, "run", way, 0);
    proven(&chain, &["up"], "verdict  PASS");
    assert!(dump(&server) == expected.wait()[0], "the schema is another one than after an unbroken run");
    if let [down, up] = legs {
        through(&mut chain, "rollback", *down, 4);
        proven(&chain, &["up", "down"], "verdict  FAIL");
        assert!(dump(&server) == expected.wait()[1], "the schema is another one than after an unbroken rollback");
        let mut again = Chain::new(&room, &server, "again");
        through(&mut again, "run", *up, 0);
        proven(&again, &["up", "down", "up"], "verdict  PASS");
        assert!(dump(&server) == expected.wait()[2], "the schema is another one than after an unbroken second run");
        all.add(&again.counted);
    }
    all.add(&chain.counted);
    all
}

/// J5, E2, E14.
#[test]
fn at_every_step_of_the_record_to_its_disk() {
    let expected = OnceLock::new();
    let ways = ways();
    let slower = |way: Way, times| Way { strides: (way.strides.0 * times, way.strides.1 * times), ..way };
    // A sample of each in the short form: another way on each leg.
    let few = effort() == 1;
    let mut all = Counted::default();
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            if few {
                return round(ways[3], &[ways[0], ways[1]], &expected);
            }
            let mut all = round(ways[0], &[ways[3], slower(ways[1], 4)], &expected);
            all.add(&round(ways[3], &[], &expected));
            all
        });
        let second = scope.spawn(|| {
            expected.set(unbroken()).unwrap();
            if few {
                return Counted::default();
            }
            let mut all = round(ways[1], &[ways[2], slower(ways[0], 4)], &expected);
            all.add(&round(ways[2], &[slower(ways[0], 3), ways[3]], &expected));
            all
        });
        (first.join().unwrap(), second.join().unwrap())
    });
    all.add(&first);
    all.add(&second);
    let Counted { kills, cut, in_doubt, had_committed, had_not, .. } = all;
    figures(
        "J5",
        &format!(
            "{kills} kills at a write or sync of the record, {cut} of which also took what was not synced, {in_doubt} of them in doubt at COMMIT ({had_committed} had \
             committed, {had_not} had not, the others were killed again first); 0 lines lost, 0 applied twice"
        ),
    );
    assert!(kills >= if effort() >= 20 { 1_000 } else { 40 }, "{all:?}");
    assert!(in_doubt > if effort() >= 20 { 20 } else { 1 }, "{all:?}");
}
