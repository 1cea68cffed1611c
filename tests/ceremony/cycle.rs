//! The whole circle on somebody's own server: applied, verified, applied again, drilled, rolled back, applied by
//! another session; and the same by a program that is killed again and again.

use crate::room::*;
use crate::small::*;

const COPIES: &str = "SELECT count(*) FROM pg_database WHERE datname LIKE 'ceremony%'";

fn command(room: &Room, words: &[&str], url: &str) -> std::process::Command {
    let mut words = words.to_vec();
    words.extend(["--url", url]);
    room.answered(&words, &room.yes())
}

#[test]
fn round_and_round_by_two_sessions() {
    let (room, server) = (Room::new(), Own::new());
    let url = server.url();
    room.call(&["rehearse", "--headless", "--url", &url, "--session", "sessions/r"]).with(0);
    room.spawn(command(&room, &["run", "--session", "session"], &url)).end().with(0);
    room.verify().with(0).says(&["verdict  PASS"]);
    let applied = server.ask(SHAPE);
    room.spawn(command(&room, &["rollback", "session"], &url)).end().with(4);
    room.verify().with(0);
    room.report();
    room.spawn(command(&room, &["run", "--session", "again"], &url)).end().with(0);
    room.call(&["verify", "again"]).with(0).says(&["verdict  PASS"]);
    room.call(&["verify", "sessions/r"]).with(0).says(&["verdict  PASS"]);
    assert_eq!(server.ask(SHAPE), applied);
    assert_eq!(server.ask(COPIES), "0");
    room.call(&["rehearse", "--headless", "--url", &url, "--session", "sessions/s"]);
}

/// A pass in ten pieces or more: the program is killed after any number of entries. What is in the middle then, the
/// ledger says.
#[test]
fn killed_again_and_again() {
    let (room, server) = (Room::new(), Own::new());
    let url = server.url();
    let file = room.session().join("session.jsonl");
    let lines = || std::fs::read(&file).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count();
    let (mut kills, mut random) = (0, 1_usize);
    for (first, code, cycles) in
        [(["run", "--session", "session"].as_slice(), 0, 1), (&["rollback", "session"], 4, 2)]
    {
        let mut words = first;
        loop {
            random = (random * 1_103_515_245 + 12_345) % (1 << 31);
            // A step alone makes up to a hundred entries: without an end of the killing nothing would ever end.
            let enough = if kills < 6 * cycles { lines() + 3 + (random >> 8) % 120 } else { usize::MAX };
            let mut running = room.spawn(command(&room, words, &url));
            let ended = until("enough is recorded, or it ended", || {
                let ended = running.child.try_wait().unwrap().is_some();
                (ended || lines() >= enough).then_some(ended)
            });
            if ended {
                running.end().with(code);
                break;
            }
            running.kill();
            kills += 1;
            room.verify().with(0);
            words = &["resume", "session"];
        }
        let ways = ["up", "down"].into_iter().take(cycles);
        let each = |migration| {
            ways.clone().zip(1..).map(move |(way, cycle)| format!("{migration}|{cycle}|{way}|done"))
        };
        let rows: Vec<String> =
            ["foundations", "outbound-sync", "uniqueness"].into_iter().flat_map(each).collect();
        assert_eq!(server.ask(LEDGER), rows.join("\n"));
        room.report();
    }
    assert!(kills >= 2, "{kills} kills");
    let left = server.ask(SHAPE);
    room.spawn(command(&room, &["run", "--session", "again"], &url)).end().with(0);
    room.spawn(command(&room, &["rollback", "again"], &url)).end().with(4);
    assert_eq!(server.ask(SHAPE), left, "the same as by a session that nobody killed");
    assert_eq!([server.ask(HISTORY), server.ask(COPIES)], ["20260116000000", "0"]);
}

/// Nobody in particular, as little time as can be, and a commit that need not outlive a crash.
const SETTINGS: &str = "SET SESSION AUTHORIZATION nobody_in_particular; SET synchronous_commit = off;
    SET statement_timeout = '900ms'; SET lock_timeout = '1ms'; SET TimeZone = 'Asia/Tokyo';";

#[test]
fn settings_of_a_script_have_no_part_in_its_proof() {
    let up =
        format!("CREATE UNIQUE INDEX IF NOT EXISTS items_name_key ON public.items (name);\n{SETTINGS}\n");
    let (room, server) = (small(&up, DOWN_IN_ONE, ""), Own::new());
    server.ask("CREATE ROLE nobody_in_particular");
    room.edit("docs/ops/q.sql", |text| {
        format!(
            "{text} AND session_user = 'postgres' AND current_setting('synchronous_commit') = 'on'
             AND current_setting('TimeZone') = 'UTC' AND current_setting('lock_timeout') <> '1ms'
             AND pg_sleep(1) IS NOT NULL"
        )
    });
    room.spawn(command(&room, &["run", "--session", "session"], &server.url())).end().with(0);
}

const DOWN_IN_ONE: &str = "DROP INDEX IF EXISTS public.items_name_key;\n";
