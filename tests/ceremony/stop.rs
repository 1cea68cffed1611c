//! STOP by signal, and the way back by command.

use crate::room::*;
use rustix::process::Signal;

fn stopped_by(signal: Signal) {
    let room = Room::new();
    room.slow(UNIQUENESS);
    let running = room.start(&room.yes());
    room.in_the_middle();
    running.signal(signal);
    running.end().with(5).says(&["stopped by the operator", "STOP was pressed"]);
    let halt = room.halt();
    assert_eq!(halt["cause"]["cause"], "operator");
    assert_eq!(halt["step"], "apply/uniqueness");
    contains(halt["left"].as_str().unwrap(), &["is rolled back: nothing of it is left", "foundations"]);
    assert_eq!(room.events("stop-requested").len(), 1);
    room.release();
    room.resume(&room.yes().at_a_stop("resume: it was a false alarm")).with(0).says(&["verdict: PASS"]);
    assert_eq!(
        room.ask_after(&[LEDGER]),
        ["foundations|1|up|done\noutbound-sync|1|up|done\nuniqueness|1|up|done"]
    );
}

#[test]
fn ctrl_c_cancels_the_statement() {
    stopped_by(Signal::INT);
}

#[test]
fn a_polite_end_is_a_stop() {
    stopped_by(Signal::TERM);
}

#[test]
fn ctrl_c_ends_a_suite() {
    let room = Room::new();
    let marker = format!("{}", 200_000 + std::process::id());
    room.define(
        r#"command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "assets/calendar/suites/baseline.sql"]"#,
        &format!(r#"command = ["sh", "-c", "echo begun; sleep {marker}; :"]"#),
    );
    let running = room.start(&room.yes());
    room.recorded(&["printed", "begun"]);
    running.signal(Signal::INT);
    running.end().with(5).says(&["stopped by the operator"]);
    let left = std::process::Command::new("pgrep").args(["-f", &format!("sleep {marker}")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&left.stdout), "", "the suite is left");
}

#[test]
fn a_passed_session_is_rolled_back_by_command() {
    let room = Room::new();
    room.run(&room.yes().without("preflight/target")).with(3);
    let before = room.ask_after(&[SHAPE]).remove(0);
    room.resume(&room.yes()).with(0);
    let rollback = |answers: &Answers| room.spawn(room.answered(&["rollback", "session"], answers)).end();
    // Rows die: asked twice.
    rollback(&room.yes().without("rollback delete"))
        .with(3)
        .says(&["delete every row of public.external_calendar_events"]);
    rollback(&room.yes()).with(4).says(&["verdict: FAIL"]);
    let looks = room.ask_after(&[SHAPE, HISTORY, LEDGER]);
    let left: Vec<&str> = looks[0].lines().filter(|line| !before.lines().any(|old| old == *line)).collect();
    assert!(!left.is_empty());
    assert!(left.iter().all(|line| line.contains("external_calendar_connections")), "{left:#?}");
    assert!(before.lines().all(|line| looks[0].lines().any(|new| new == line)), "something is missing");
    assert!(!looks[0].contains("sync_cursor"));
    assert_eq!(looks[1], "20260116000000");
    assert_eq!(
        looks[2],
        "foundations|1|up|done\nfoundations|2|down|done\noutbound-sync|1|up|done\noutbound-sync|2|down|done\nuniqueness|1|up|done\nuniqueness|2|down|done"
    );
    room.verify().with(0).says(&["verdict  FAIL"]);
    contains(&room.report(), &["**Verdict: FAIL**", "rolled back"]);
    rollback(&room.yes())
        .with(4)
        .says(&["there is nothing to roll back", "no migration is applied in this session"]);
}

#[test]
fn a_rollback_that_fails_leaves_the_migration_applied() {
    let room = Room::new();
    room.edit(ROLLBACK, |text| {
        let (before, after) = text.split_once("-- @section rollback-uniqueness\n").unwrap();
        let after = after.replacen("BEGIN;", "BEGIN;\nSELECT 1 / 0;", 1);
        format!("{before}-- @section rollback-uniqueness\n{after}")
    });
    // The drill would find it: it comes too late here.
    room.run(&room.yes().without("drill/rollback")).with(3);
    room.spawn(room.answered(&["rollback", "session"], &room.yes()))
        .end()
        .with(5)
        .says(&["22012", "condition 1 of 8"]);
    let halt = room.halt();
    contains(halt["left"].as_str().unwrap(), &["applied and not rolled back: foundations, uniqueness"]);
    assert_eq!(halt["error"]["at"]["line"], room.line_of(ROLLBACK, "SELECT 1 / 0"));
    assert_eq!(room.ask_after(&[HISTORY]), ["20260116000000\n20260117000000\n20260118000000"]);
}

/// A cancelled statement may go on; a terminated backend cannot.
#[test]
fn ctrl_c_twice_ends_what_does_not_listen() {
    let room = Room::new();
    // However often: the server signals a backend twice for one request, itself and its group.
    room.add(
        UNIQUENESS,
        "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END; $$;",
    );
    let running = room.start(&room.yes());
    room.in_the_middle();
    running.signal(Signal::INT);
    room.recorded(&["stop-requested", "\"level\":1"]);
    running.signal(Signal::INT);
    running.end().with(5).says(&["stopped by the operator"]);
    assert_eq!(room.events("stop-requested").len(), 2);
    assert_eq!(room.halt()["cause"]["cause"], "operator");
    assert_eq!(room.ask_after(&[LEDGER]), ["foundations|1|up|done"]);
}

/// A standby that does not exist keeps COMMIT from being answered, although it has happened.
#[test]
fn stop_at_the_commit_keeps_what_is_committed() {
    for presses in [1, 2] {
        let (room, server) = (Room::new(), Own::new());
        let url = server.url();
        let run = ["run", "--session", "session", "--url", &url];
        let resume = ["resume", "session", "--url", &url];
        room.spawn(room.answered(&run, &room.yes().without("apply/uniqueness"))).end().with(3);
        server.ask("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        server.ask("SELECT pg_reload_conf()");
        until("the setting is read", || {
            (server.ask("SHOW synchronous_standby_names") == "nobody").then_some(())
        });
        let running = room.spawn(room.answered(&resume, &room.yes()));
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'ceremony apply/uniqueness'";
        until("COMMIT waits", || (server.ask(waits) == "1").then_some(()));
        for _ in 0..presses {
            running.signal(Signal::INT);
        }
        let stop = running.end().with(5).says(&["stopped by the operator"]).said();
        assert!(!stop.contains("not looked for things half done"), "{stop}");
        server.ask("ALTER SYSTEM RESET synchronous_standby_names");
        server.ask("SELECT pg_reload_conf()");
        let answers = room.yes().at_a_stop("resume: it was a false alarm");
        let after = room.spawn(room.answered(&resume, &answers)).end().with(0).said();
        // The second press may end the connection before the answer is read.
        contains(
            &(stop + &after),
            &[if presses == 1 { "canceling wait for synchronous" } else { "committed" }],
        );
        let once = "foundations|1|up|done\noutbound-sync|1|up|done\nuniqueness|1|up|done";
        assert_eq!(server.ask(LEDGER), once);
        assert_eq!(room.events("step-committed").len(), 3);
        room.verify().with(0);
    }
}
