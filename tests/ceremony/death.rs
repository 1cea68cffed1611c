//! Deaths: of the server, of one backend, of the program; nothing is half applied, nothing is applied twice.

use crate::room::*;
use rustix::process::{Signal, kill_process};
use serde_json::json;

const ONCE_EACH: &str = "foundations|1|up|done\noutbound-sync|1|up|done\nuniqueness|1|up|done";

#[test]
fn the_server_dies_in_a_migration() {
    let room = Room::new();
    room.add(
        UNIQUENESS,
        "CREATE TABLE IF NOT EXISTS public.external_half (id int);\nDROP TABLE public.external_half;",
    );
    room.define("reapply = \"inert\"", "reapply = \"re-creates\"");
    room.slow(UNIQUENESS);
    let running = room.start(&room.yes().at_a_stop("resume: the machine was out of memory"));
    room.in_the_middle();
    room.release();
    kill_process(room.server_pid(), Signal::KILL).unwrap();
    running.end().with(0).says(&["condition 8 of 8", "EXECUTE the ledger was read", "verdict: PASS"]);
    let halt = room.halt();
    assert_eq!(halt["cause"], json!({ "cause": "condition", "condition": "connection-lost" }));
    assert_eq!(halt["step"], "apply/uniqueness");
    contains(halt["left"].as_str().unwrap(), &["applied and not rolled back: foundations"]);
    assert_eq!(room.ask_after(&[LEDGER]), [ONCE_EACH]);
    room.verify().with(0);
    contains(&room.report(), &["condition 8 of 8", "the machine was out of memory"]);
}

#[test]
fn a_dead_server_that_nobody_decides_about_is_there_again_at_the_resume() {
    let room = Room::new();
    room.slow(UNIQUENESS);
    let running = room.start(&room.yes());
    room.in_the_middle();
    kill_process(room.server_pid(), Signal::KILL).unwrap();
    running.end().with(5).says(&["condition 8 of 8"]);
    room.release();
    room.resume(&room.yes().at_a_stop("roll back: better not today")).with(4);
    assert_eq!(room.ask_after(&[HISTORY]), ["20260116000000"]);
}

#[test]
fn one_backend_is_terminated_in_mid_statement() {
    let room = Room::new();
    room.slow(OUTBOUND);
    let running = room.start(&room.yes().at_a_stop("resume: it was the wrong one"));
    room.in_the_middle();
    room.release();
    let pid = room.ask(SLEEPER);
    assert_eq!(room.ask(&format!("SELECT pg_terminate_backend({pid})")), "t");
    running.end().with(0).says(&["condition 8 of 8", "terminating connection due to administrator command"]);
    assert_eq!(room.ask_after(&[LEDGER]), [ONCE_EACH]);
}

#[test]
fn the_program_dies_in_mid_statement() {
    let room = Room::new();
    room.slow(OUTBOUND);
    let running = room.start(&room.yes());
    room.in_the_middle();
    running.kill();
    room.release();
    room.resume(&room.yes()).with(0).says(&[
        "the program ended while 'apply/outbound-sync' was in flight",
        "apply/outbound-sync had not been committed",
        "verdict: PASS",
    ]);
    assert_eq!(room.ask_after(&[LEDGER, HISTORY])[0], ONCE_EACH);
    room.verify().with(0);
}

#[test]
fn the_program_dies_right_after_it_asked_for_the_commit() {
    let room = Room::new();
    let running = room.start(&room.yes());
    room.recorded(&["commit-requested", "apply/foundations"]);
    running.kill();
    let ended = room.resume(&room.yes()).with(0);
    let said = ended.said();
    assert!(
        said.contains("apply/foundations had been committed")
            || said.contains("apply/foundations had not been committed")
            // It was so quick that it was read back before the end.
            || room.events("step-committed").len() == 3,
        "{said}"
    );
    assert_eq!(room.ask_after(&[LEDGER]), [ONCE_EACH]);
    room.verify().with(0).says(&["verdict  PASS"]);
}

/// A standby that does not exist keeps COMMIT from being answered, although it has happened.
#[test]
fn the_program_dies_while_the_commit_is_in_doubt() {
    let (room, server) = (Room::new(), Own::new());
    let url = server.url();
    let run = ["run", "--session", "session", "--url", &url];
    let resume = ["resume", "session", "--url", &url];
    room.spawn(room.answered(&run, &room.yes().without("apply/uniqueness"))).end().with(3);
    server.ask("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    server.ask("SELECT pg_reload_conf()");
    until("the setting is read", || (server.ask("SHOW synchronous_standby_names") == "nobody").then_some(()));
    let running = room.spawn(room.answered(&resume, &room.yes()));
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'ceremony apply/uniqueness'";
    until("COMMIT waits", || (server.ask(waits) == "1").then_some(()));
    running.kill();
    server.ask("ALTER SYSTEM RESET synchronous_standby_names");
    server.ask("SELECT pg_reload_conf()");
    room.spawn(room.answered(&resume, &room.yes())).end().with(0).says(&[
        "the program ended while 'apply/uniqueness' was in flight",
        "apply/uniqueness had been committed",
    ]);
    assert_eq!(server.ask(LEDGER), ONCE_EACH);
    assert_eq!(room.events("step-committed").len(), 3);
}

#[test]
fn a_script_that_writes_to_the_ledger_is_not_trusted() {
    let room = Room::new();
    room.add(UNIQUENESS, "DELETE FROM ceremony.ledger WHERE migration = 'uniqueness';");
    room.run(&room.yes()).with(5).says(&["condition 1 of 8", "the ledger row of this attempt is gone"]);
    assert_eq!(room.ask_after(&[LEDGER]), ["foundations|1|up|done"]);
}

#[test]
fn the_second_of_two_on_one_session_is_refused() {
    let room = Room::new();
    room.slow(FOUNDATIONS);
    let running = room.start(&room.yes());
    room.in_the_middle();
    room.resume(&room.yes()).with(2).says(&["session.jsonl is in use", "next: use that one"]);
    // Looking is allowed.
    room.verify().with(0);
    contains(&room.report(), &["apply/foundations"]);
    running.kill();
}

#[test]
fn a_copy_for_the_drill_does_not_outlive_its_session() {
    let (room, server) = (Room::new(), Own::new());
    let url = server.url();
    let run = ["run", "--session", "session", "--url", &url];
    let resume = ["resume", "session", "--url", &url];
    room.slow(OUTBOUND);
    room.release();
    room.spawn(room.answered(&run, &room.yes().without("drill/rollback"))).end().with(3);
    std::fs::write(room.hold(), "").unwrap();
    let running = room.spawn(room.answered(&resume, &room.yes()));
    until("the drill is in the middle", || (!server.ask(SLEEPER).is_empty()).then_some(()));
    running.kill();
    room.release();
    let copies = "SELECT count(*) FROM pg_database WHERE datname LIKE 'ceremony_drill%'";
    assert_eq!(server.ask(copies), "1");
    until("nobody is connected to the database", || {
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres' AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
        (server.ask(others) == "0").then_some(())
    });
    room.spawn(room.answered(&resume, &room.yes())).end().with(0);
    assert_eq!(server.ask(copies), "0");
}
