//! Killed everywhere: at each step of a record to its disk, and at each word to the database.

use crate::chain::*;
use crate::room::*;
use crate::strace::{Blow, Target, traced};
use crate::support::effort::{effort, figures};
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
        Way { call: "write", blow: Blow::Before, strides: (stride(40), stride(20)) },
        Way { call: "write", blow: Blow::After, strides: (stride(60), stride(40)) },
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
    let each = |migration| (1..).zip(ways).map(move |(cycle, way)| format!("{migration}|{cycle}|{way}|done"));
    let all: Vec<String> =
        ["foundations", "outbound-sync", "uniqueness"].into_iter().flat_map(each).collect();
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
        assert!(
            dump(&server) == expected.wait()[1],
            "the schema is another one than after an unbroken rollback"
        );
        let mut again = Chain::new(&room, &server, "again");
        through(&mut again, "run", *up, 0);
        proven(&again, &["up", "down", "up"], "verdict  PASS");
        assert!(
            dump(&server) == expected.wait()[2],
            "the schema is another one than after an unbroken second run"
        );
        all.add(&again.counted);
        all.dumps += 2;
    }
    all.add(&chain.counted);
    all.dumps += 1;
    all
}

/// J5, E2, E14.
#[test]
fn at_every_step_of_the_record_to_its_disk() {
    let expected = OnceLock::new();
    let ways = ways();
    let slower = |way: Way, times| Way { strides: (way.strides.0 * times, way.strides.1 * times), ..way };
    let sparser = |way: Way| Way { strides: (way.strides.0 * 4, way.strides.1), ..way };
    // A sample of each in the short form: another way on each leg.
    let few = effort() == 1;
    let mut all = Counted::default();
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            if few {
                return round(sparser(ways[3]), &[sparser(ways[0]), sparser(ways[1])], &expected);
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
    let Counted { kills, cut, in_doubt, had_committed, had_not, dumps, .. } = all;
    figures(
        "J5",
        &format!(
            "{kills} kills at a write or sync of the record, {cut} of which also took what was not synced, {in_doubt} of them in doubt at COMMIT ({had_committed} had \
             committed, {had_not} had not, the others were killed again first); 0 lines lost, 0 applied twice"
        ),
    );
    figures(
        "E14",
        &format!("{dumps} dumps after 3, 3->2->1 and up again, all under kills: the same as unbroken"),
    );
    assert!(kills >= if effort() >= 20 { 1_000 } else { 12 }, "{all:?}");
    // The short form has too few for that; `at_every_commit_with_its_answer_on_the_way` has each.
    assert!(effort() < 20 || in_doubt > 20, "{all:?}");
}

/// J5: no COMMIT is sent before its intent is on disk. The short form's kills may all miss the moment between the two.
#[test]
fn no_commit_goes_before_its_intent_is_on_disk() {
    let (room, server) = (Room::new(), watched());
    let chain = Chain::new(&room, &server, "session");
    let log = room.path("strace");
    let target = Target { call: "write,fdatasync,sendto", file: None, nth: 1, all: true };
    let long = ["-s".to_owned(), "65536".to_owned()];
    room.spawn(traced(&chain.command("run"), target, &long, &log)).end().with(0);
    let (mut intent, mut commits) = (None, 0);
    for line in fs::read_to_string(log).unwrap().lines() {
        if line.contains("write(") && line.contains(r#"\"event\":\"commit-requested\""#) {
            intent = Some("written");
        } else if line.contains("fdatasync") && line.ends_with("= 0") {
            intent = intent.map(|_| "on disk");
        } else if line.contains("sendto(") && line.contains(r#""Q\0\0\0\vCOMMIT\0""#) {
            assert_ne!(intent, Some("written"), "COMMIT {} was sent", commits + 1);
            // There are others, of which no record knows.
            commits += u64::from(intent.take().is_some());
        }
    }
    assert_eq!(commits, 3);
}

/// A number from 1 on, evenly up to `most`.
fn somewhere(dice: &mut Dice, most: u64) -> u64 {
    1 + dice.below(most)
}

/// E2: at a word to the database, any of them: statements, savepoints, looks at the catalog, COMMIT.
#[test]
fn at_any_word_to_the_database() {
    let (room, server) = (Room::new(), watched());
    let mut chain = Chain::new(&room, &server, "session");
    let mut dice = Dice::new(23);
    let most = 12 * effort();
    let mut verb = "run".to_owned();
    loop {
        // As many as a step sends, so that it is through now and then.
        let far = if chain.counted.kills < most { somewhere(&mut dice, 700) } else { u64::MAX >> 16 };
        let target = Target { call: "sendto", file: None, nth: far.min(60_000), all: true };
        let blow = if dice.below(2) == 0 { Blow::Before } else { Blow::After };
        if let Some(ended) = chain.strike(&verb, target, blow) {
            ended.with(0);
            break;
        }
        chain.ledger_names_the_record();
        verb = go_on(&mut chain, "run", 0);
    }
    proven(&chain, &["up"], "verdict  PASS");
    let Counted { kills, in_doubt, had_committed, had_not, .. } = chain.counted;
    figures(
        "E2",
        &format!(
            "{kills} kills at a word to the database, {in_doubt} in doubt at COMMIT ({had_committed} had committed, {had_not} \
             had not); 0 applied twice"
        ),
    );
    assert!(kills >= most.min(12), "{kills}");
}

/// E2: every COMMIT has happened and nobody has heard of it: a standby that does not exist keeps the answers back.
#[test]
fn at_every_commit_with_its_answer_on_the_way() {
    let (room, server) = (Room::new(), watched());
    let mut chain = Chain::new(&room, &server, "session");
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    for (first, code, ways) in [("run", 0, ["up"].as_slice()), ("rollback", 4, &["up", "down"])] {
        // Not so many that the drill is reached: whoever makes its copy would keep everybody out, us too.
        let most = chain.counted.kills + 6;
        let mut verb = first.to_owned();
        loop {
            hold(&server, chain.counted.kills < most);
            let mut running = room.spawn(chain.command(&verb));
            let ended = until("a COMMIT waits, or it is over", || {
                let over = running.child.try_wait().unwrap().is_some();
                (over || server.ask_outside(waits) != "0").then_some(over)
            });
            if ended {
                chain.look(&running.end().with(code));
                break;
            }
            let out = fs::read_to_string(&running.out).unwrap();
            running.kill();
            hold(&server, false);
            chain.struck_by_hand(out);
            verb = go_on(&mut chain, first, 0);
        }
        hold(&server, false);
        let verdict = if code == 0 { "verdict  PASS" } else { "verdict  FAIL" };
        proven(&chain, ways, verdict);
        if effort() == 1 {
            break;
        }
    }
    let Counted { kills, in_doubt, had_committed, had_not, .. } = chain.counted;
    assert_eq!(had_not, 0, "what the server had committed was found to be not there");
    figures(
        "E2",
        &format!(
            "{kills} kills while a COMMIT had happened and was not answered, {in_doubt} of them of a step: {had_committed} \
             found to have committed, 0 not"
        ),
    );
    assert!(in_doubt > 0 && had_committed > 0);
}

/// Whether the server keeps its answers to COMMIT back.
fn hold(server: &Own, back: bool) {
    let wanted = if back { "nobody" } else { "" };
    server.ask(&format!("ALTER SYSTEM SET synchronous_standby_names = '{wanted}'"));
    server.ask("SELECT pg_reload_conf()");
    until("the setting is read", || (server.ask("SHOW synchronous_standby_names") == wanted).then_some(()));
}

/// On its own server: nothing of that one is left after any death, as the room looks for when it goes.
#[test]
fn a_session_with_its_own_server() {
    let room = Room::new();
    let record = room.session().join("session.jsonl");
    let mut kills = 0;
    let mut verb = vec!["run", "--session", "session"];
    for nth in [25_u64, 60, 110, 90] {
        let command = room.answered(&verb, &room.yes());
        let target = Target { call: "write", file: Some(&record), nth, all: false };
        let log = room.path("strace");
        let ended = room.spawn(crate::strace::struck(&command, target, Blow::Before, &log)).end();
        assert_eq!(ended.code, None, "{ended:?}");
        kills += 1;
        let data = std::path::PathBuf::from(room.kept()["data"].as_str().unwrap());
        until("its server is stopped", || processes_in(&data).is_empty().then_some(()));
        verb = vec!["resume", "session"];
    }
    room.spawn(room.answered(&verb, &room.yes())).end().with(0);
    assert_eq!(room.ask_after(&[LEDGER]), [rows(&["up"])]);
    room.verify().with(0).says(&["verdict  PASS"]);
    figures("E2", &format!("{kills} kills of a session with its own server: 0 servers left"));
}

/// A cockpit on a terminal: at the first entry, on the way to a gate, and at the answer that was just typed.
#[test]
fn a_cockpit_on_its_terminal() {
    let (room, server) = (Room::new(), watched());
    let url = server.url();
    let record = room.session().join("session.jsonl");
    let lines = || fs::read(&record).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count() as u64;
    let mut kills = 0;
    let mut open = |new: bool, call: &str, nth: u64, how: &str, answers: bool| {
        let mut command = crate::cockpit::program("strace");
        command.args([
            "-qq",
            "-o",
            "/dev/null",
            "-P",
            record.to_str().unwrap(),
            "-e",
            "trace=write,fdatasync",
        ]);
        command.args(["-e", &format!("inject={call}:signal={how}:when={nth}"), "--"]);
        command.arg(env!("CARGO_BIN_EXE_ceremony"));
        command.args(if new { vec!["--session", "session"] } else { vec!["resume", "session"] });
        command.args(["--url", &url]);
        command.cwd(room.path("."));
        let mut screen = crate::pty::Screen::spawn(command, 80, 24, room.session());
        if answers {
            let phrase = screen.wait_for_gate();
            screen.open_answer();
            screen.answer(&phrase);
            screen.send(crate::pty::ENTER);
        }
        screen.wait_for_exit();
        screen.wait_after_the_end("ceremony was killed");
        let left = screen.end();
        left.assert_restored();
        assert!(!left.status.success(), "{}", left.text);
        kills += 1;
    };
    open(true, "write", 1, "SIGKILL", false);
    assert_eq!(lines(), 0);
    fs::remove_dir_all(room.session()).unwrap();
    open(true, "write", 1, "SIGUSR1", false);
    assert_eq!(lines(), 1);
    open(false, "fdatasync", 1, "SIGUSR1", false);
    assert_eq!(lines(), 2);
    open(false, "write", 2, "SIGUSR1", false);
    assert_eq!(lines(), 4);
    // Two entries to the gate, and then the answer: written, and not on disk.
    open(false, "write", 3, "SIGKILL", true);
    assert_eq!(lines(), 6);
    open(false, "write", 3, "SIGUSR1", true);
    assert_eq!(lines(), 9);
    let answers = room.yes();
    room.spawn(room.answered(&["resume", "session", "--url", &url], &answers)).end().with(0);
    assert_eq!(server.ask(LEDGER), rows(&["up"]));
    room.verify().with(0).says(&["verdict  PASS"]);
    figures(
        "E2",
        &format!("{kills} kills of a cockpit on a terminal: 0 terminals left broken, gone on with"),
    );
}
