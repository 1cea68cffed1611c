//! Rehearsals: the whole ceremony on a copy, and what the real run makes of them.

use crate::room::*;
use std::fs;

/// Databases of rehearsals and drills on a server.
const COPIES: &str = "SELECT datname FROM pg_database WHERE datname LIKE 'ceremony%'";

fn plan(room: &Room) -> serde_json::Value {
    serde_json::from_slice(&fs::read(room.session().join("plan.json")).unwrap()).unwrap()
}

#[test]
fn a_rehearsal_is_practice_and_its_estimates_are_in_the_real_plan() {
    let room = Room::new();
    room.call(&["rehearse", "--headless", "--session", "sessions/r"]).with(0).says(&["rehearsal: kept"]);
    room.run(&room.yes()).with(0);
    let rehearsal = &plan(&room)["rehearsal"];
    assert_eq!(rehearsal["verdict"], "PASS");
    assert_eq!(rehearsal["on"], "a server of its own");
    let statements = rehearsal["steps"]["apply/foundations"]["statements"].as_array().unwrap();
    assert!(statements.len() > 5, "{statements:#?}");
    // The first statement makes a table with a foreign key: who writes to the other table would have waited.
    let lock = &statements[0]["toll"]["locks"][0];
    assert_eq!([&lock["relation"], &lock["mode"]], ["public.providers", "SHARE ROW EXCLUSIVE"]);
    // Looked at in rehearsals only.
    room.verify().with(0);
    assert!(!fs::read_to_string(room.session().join("session.jsonl")).unwrap().contains("statement-toll"));
    contains(
        &room.report(),
        &[
            "rehearsed on",
            "SHARE ROW EXCLUSIVE on `public.providers`",
            "confirmed: SHARE ROW EXCLUSIVE on public.providers",
            // What the script executes from a text nobody could look into before.
            "cleared: no further lock that others wait for, nothing written anew",
        ],
    );
    let report = room.call(&["report", "sessions/r"]).with(0).out;
    contains(&report, &["PRACTICE: cannot be signed as real"]);
}

#[test]
fn other_files_were_not_rehearsed() {
    let room = Room::new();
    room.call(&["rehearse", "--headless", "--session", "sessions/r"]).with(0);
    room.edit(OUTBOUND, |text| format!("{text}\n-- one line more\n"));
    room.run(&room.yes()).with(0);
    assert!(plan(&room).get("rehearsal").is_none());
    let named = ["run", "--session", "other", "--rehearsal", "sessions/r"];
    room.spawn(room.answered(&named, &room.yes())).end().with(2).says(&[
        "a rehearsal of other files",
        "has changed since",
        "rehearse what will be run",
    ]);
    let nowhere = ["run", "--session", "other", "--rehearsal", "sessions"];
    room.spawn(room.answered(&nowhere, &room.yes()))
        .end()
        .with(2)
        .says(&["there is no rehearsal in sessions"]);
}

#[test]
fn what_takes_much_longer_than_rehearsed_is_stopped() {
    let room = Room::new();
    room.define("[limits]", "[limits]\nbudget_factor = 1\nbudget_ms_min = 1\n");
    room.define("lock_timeout_ms = 5000", "lock_timeout_ms = 500");
    room.slow(OUTBOUND);
    room.release();
    room.call(&["rehearse", "--headless", "--session", "sessions/r"]).with(0);
    fs::write(room.hold(), "").unwrap();
    room.run(&room.yes()).with(5).says(&["57014", "Its budget ran out", "rehearse again"]);
    assert_eq!(room.halt()["step"], "apply/outbound-sync");
    // Nothing of it is left, and the statement timeout of 120 s had not to be waited for.
    assert_eq!(room.ask_after(&[HISTORY]), ["20260116000000\n20260117000000\n20260118000000"]);
}

#[test]
fn what_writes_many_more_rows_than_rehearsed_is_found() {
    let room = Room::new();
    room.tolerant();
    fs::write(room.hold(), "").unwrap();
    let file = room.hold().display().to_string();
    room.add(
        OUTBOUND,
        &format!(
            "CREATE TEMP TABLE scratch (n int) ON COMMIT DROP;
             INSERT INTO scratch SELECT generate_series(1, CASE WHEN (pg_stat_file('{file}', true)).size IS NULL THEN 1 ELSE 500 END);"
        ),
    );
    room.release();
    room.call(&["rehearse", "--headless", "--session", "sessions/r"]).with(0);
    fs::write(room.hold(), "").unwrap();
    room.run(&room.yes()).with(0).says(&["INSERT 0 500, where the rehearsal of", "wrote 1 rows"]);
}

#[test]
fn a_copy_of_somebodys_database_is_rehearsed_on_and_goes() {
    let (room, server) = (Room::new(), Own::new());
    let before = server.ask(SHAPE);
    let url = server.url();
    let rehearse = ["rehearse", "--headless", "--url", &url, "--session", "sessions/r"];
    room.call(&rehearse).with(0).says(&["a copy of postgres", "verdict: PASS", "rehearsal: kept"]);
    assert_eq!(server.ask(SHAPE), before, "the target is not touched");
    assert_eq!(server.ask("SELECT to_regclass('ceremony.ledger')"), "");
    assert_eq!(server.ask(COPIES), "", "the copies are gone");
    room.call(&["resume", "sessions/r", "--url", &url, "--headless", "--yes"])
        .with(2)
        .says(&["a rehearsal is not gone on with", "ceremony rehearse"]);
    let run = ["run", "--session", "session", "--url", &url];
    room.spawn(room.answered(&run, &room.yes())).end().with(0);
    assert_eq!(plan(&room)["rehearsal"]["on"], "a copy of postgres");
    assert!(room.events("finding-raised").iter().all(|it| !it["what"].as_str().unwrap().contains("rehears")));
}

#[test]
fn a_database_in_use_is_not_copied_and_says_who() {
    let (room, server) = (Room::new(), Own::new());
    let _somebody = server.somebody("BEGIN");
    room.call(&["rehearse", "--headless", "--url", &server.url()]).with(2).says(&[
        "cannot be copied while others are connected",
        "\"somebody else\"",
        "let the others disconnect",
    ]);
    assert_eq!(server.ask(COPIES), "");
}

#[test]
fn a_copy_that_a_killed_rehearsal_left_is_named() {
    let (room, server) = (Room::new(), Own::new());
    room.slow(FOUNDATIONS);
    let url = server.url();
    let mut at_work = room.spawn(room.command(&["rehearse", "--headless", "--url", &url]));
    until("the rehearsal is in the middle", || (!server.ask(SLEEPER).is_empty()).then_some(()));
    at_work.child.kill().unwrap();
    at_work.child.wait().unwrap();
    let left = server.ask(COPIES);
    assert!(left.starts_with("ceremony_rehearsal_"), "{left}");
    room.release();
    server
        .ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname LIKE 'ceremony%'");
    let rehearse = ["rehearse", "--headless", "--url", &url];
    room.call(&rehearse).with(0).says(&[&format!("DROP DATABASE {left}")]);
    assert_eq!(server.ask(COPIES), left, "what is not ours is left alone");
}

#[test]
fn rehearsals_that_differ_are_found_by_repeating_them() {
    let room = Room::new();
    room.tolerant();
    room.add(
        OUTBOUND,
        "CREATE TEMP TABLE scratch (n float) ON COMMIT DROP;
         INSERT INTO scratch SELECT random() FROM generate_series(1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint % 1000);",
    );
    room.call(&["rehearse", "--headless", "--repeat", "3"]).with(4).says(&["differs: apply/outbound-sync"]);
    let room = Room::new();
    room.call(&["rehearse", "--headless", "--repeat", "2"]).with(0).says(&["the same 2 times"]);
    room.call(&["rehearse", "--repeat", "2"]).with(2).says(&["--repeat needs --headless"]);
}
