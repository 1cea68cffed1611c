//! Others on the server: who is in our way, in whose way we are, and STOP wherever a step may be.

use crate::room::*;
use rustix::process::Signal;
use std::process::{Child, Stdio};

/// A table of the server's own, on which others work.
const CROWD: &str = "CREATE TABLE public.crowd (id integer); CREATE TABLE public.other (id integer)";

fn crowded() -> (Room, Own) {
    let (room, server) = (Room::new(), Own::new());
    room.tolerant();
    server.ask(CROWD);
    (room, server)
}

fn start(room: &Room, server: &Own, answers: &Answers) -> Running {
    room.spawn(room.answered(&["run", "--session", "session", "--url", &server.url()], answers))
}

fn resume(room: &Room, server: &Own, answers: &Answers) -> Running {
    room.spawn(room.answered(&["resume", "session", "--url", &server.url()], answers))
}

/// A backend of ours is in this state, as the server sees it.
fn ours(server: &Own, state: &str) {
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'ceremony %' AND application_name <> 'ceremony radar' AND {state}"
    );
    until(&format!("ours is in the state {state}"), || (server.ask_outside(&sql) != "0").then_some(()));
}

/// A client that reads a table and has to wait for it.
fn reader(server: &Own, table: &str) -> Child {
    let mut command = psql_command(server.port(), server.password());
    command.args(["-c", &format!("SELECT count(*) FROM {table}")]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
}

#[test]
fn who_is_in_the_way_is_named_while_we_wait_and_in_the_error() {
    let (room, server) = crowded();
    room.define("lock_timeout_ms = 5000", "lock_timeout_ms = 3000");
    room.add(FOUNDATIONS, "ALTER TABLE public.crowd ADD COLUMN x integer;");
    let _somebody = server.somebody("BEGIN; LOCK TABLE public.crowd IN SHARE MODE");
    let running = start(&room, &server, &room.yes());
    // While it waits, not only when it gives up.
    room.recorded(&["sampled", "ACCESS EXCLUSIVE", "public.crowd", "somebody else", "idle in transaction"]);
    assert!(room.halts().is_empty(), "it was named too late");
    let ended = running.end().with(5).says(&[
        "55P03",
        "s for ACCESS EXCLUSIVE on public.crowd, held by process",
        "blocked by process",
        "\"somebody else\" of postgres (idle in transaction for",
    ]);
    assert!(ended.out.contains("apply/foundations: waits "), "{}", ended.out);
    let halt = room.halt();
    assert_eq!(halt["cause"]["condition"], "migration-failed");
    assert_eq!(halt["error"]["blocked_by"][0]["application"], "somebody else");
    contains(halt["left"].as_str().unwrap(), &["nothing of it is left"]);
    contains(halt["why"].as_str().unwrap(), &["it may be tried again (1 of 3)"]);
    contains(&room.report(), &["blocked by process", "somebody else"]);
    room.verify().with(0);
}

#[test]
fn a_deadlock_names_the_other_side() {
    let (room, server) = crowded();
    server.ask("ALTER DATABASE postgres SET deadlock_timeout = '3s'");
    room.define("lock_timeout_ms = 5000", "lock_timeout_ms = 60000");
    room.add(
        FOUNDATIONS,
        "ALTER TABLE public.crowd ADD COLUMN x integer;\nALTER TABLE public.other ADD COLUMN x integer;",
    );
    let mut somebody =
        server.somebody("SET deadlock_timeout = '100s'; BEGIN; LOCK TABLE public.other IN SHARE MODE");
    let running = start(&room, &server, &room.yes());
    ours(&server, "wait_event_type = 'Lock'");
    somebody.goes_on("LOCK TABLE public.crowd IN SHARE MODE");
    running.end().with(5).says(&["40P01", "blocked by process", "somebody else"]);
    let halt = room.halt();
    assert_eq!(halt["error"]["blocked_by"].as_array().unwrap().len(), 1, "{halt:#}");
    contains(halt["why"].as_str().unwrap(), &["it may be tried again (1 of 1)"]);
}

#[test]
fn a_step_that_keeps_three_others_waiting_is_stopped_and_rolled_back() {
    let (room, server) = crowded();
    room.add(FOUNDATIONS, "ALTER TABLE public.crowd ADD COLUMN x integer;\nSELECT pg_sleep(600);");
    let running = start(&room, &server, &room.yes());
    ours(&server, "wait_event = 'PgSleep'");
    let readers = [(); 3].map(|()| reader(&server, "public.crowd"));
    running.end().with(5).says(&[
        "STOP by rule",
        "stopped by rule: it kept others waiting",
        "3 sessions waited",
    ]);
    let halt = room.halt();
    assert_eq!(halt["cause"]["cause"], "rule");
    contains(
        halt["why"].as_str().unwrap(),
        &["blocked_sessions_max = 3", "\"somebody else\"", "SELECT count(*) FROM public.crowd"],
    );
    contains(halt["left"].as_str().unwrap(), &["is rolled back: nothing of it is left"]);
    for mut reader in readers {
        assert!(reader.wait().unwrap().success());
    }
    let columns =
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'public.crowd'::regclass AND attname = 'x'";
    assert_eq!(server.ask(columns), "0");
    room.recorded(&["sampled", "{\"on\":\"public.crowd\",\"mode\":\"ACCESS EXCLUSIVE\"}"]);
    room.verify().with(0);
}

#[test]
fn a_rule_that_is_turned_off_stops_nothing() {
    let (room, server) = crowded();
    room.define("blocked_sessions_max = 3", "blocked_sessions_max = 0");
    room.add(FOUNDATIONS, "ALTER TABLE public.crowd ADD COLUMN x integer;\nSELECT pg_sleep(600);");
    let running = start(&room, &server, &room.yes());
    ours(&server, "wait_event = 'PgSleep'");
    let readers = [(); 3].map(|()| reader(&server, "public.crowd"));
    // Long after the rule would have stopped it.
    room.recorded(&["sampled", "\"waited_ms\":4"]);
    running.signal(Signal::INT);
    running.end().with(5).says(&["stopped by the operator"]);
    for mut reader in readers {
        assert!(reader.wait().unwrap().success());
    }
}

#[test]
fn a_step_is_tried_again_so_often_and_no_more() {
    let (room, server) = crowded();
    room.define("lock_timeout_ms = 5000", "lock_timeout_ms = 400");
    room.add(FOUNDATIONS, "ALTER TABLE public.crowd ADD COLUMN x integer;");
    let _somebody = server.somebody("BEGIN; LOCK TABLE public.crowd IN SHARE MODE");
    let again = |answers: Answers| {
        answers
            .with("assess", &["somebody is in the way"; 5])
            .with("decide", &["resume: they may be gone"; 5])
            .with("document", &["asked them to leave"; 5])
    };
    start(&room, &server, &again(room.yes())).end().with(5).says(&[
        "it may be tried again (1 of 3)",
        "it may be tried again (3 of 3)",
        "once too often: it may not be tried again in this session",
        "refused: 'apply/foundations' cannot be tried again: it failed 4 times with errors that pass by themselves",
    ]);
    assert_eq!(room.halts().len(), 4);
    let starts = room.events("step-started").into_iter().filter(|event| event["step"] == "apply/foundations");
    let mut attempts: Vec<u64> = starts.map(|event| event["attempt"]["number"].as_u64().unwrap()).collect();
    attempts.dedup();
    assert_eq!(attempts.len(), 4, "each try is an attempt of its own");
    resume(
        &room,
        &server,
        &room.yes().with("decide", &["abandon: another day"]).with("document", &["nothing was done"]),
    )
    .end()
    .with(4);
    assert_eq!(server.ask("SELECT count(*) FROM ceremony.ledger"), "0");
}

#[test]
fn a_radar_that_loses_its_sight_fails_nothing_and_sees_again() {
    let (room, server) = crowded();
    room.define("lock_timeout_ms = 5000", "lock_timeout_ms = 60000");
    room.add(FOUNDATIONS, "ALTER TABLE public.crowd ADD COLUMN IF NOT EXISTS x integer;");
    let somebody = server.somebody("BEGIN; LOCK TABLE public.crowd IN SHARE MODE");
    let running = start(&room, &server, &room.yes().without("verify/post"));
    room.recorded(&["sampled", "somebody else"]);
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'ceremony radar'";
    until("the radar is ended", || (server.ask(end) == "1").then_some(()));
    room.recorded(&["finding-raised", "the radar does not see"]);
    until("it sees again", || {
        let mut samples =
            room.entries().into_iter().filter(|entry| entry["cause"]["report"]["report"] == "sampled");
        let last = samples.next_back()?;
        last["cause"]["report"]["sample"]["blind"].is_null().then_some(())
    });
    somebody.leaves();
    running.end().with(3);
    assert!(room.halts().is_empty());
    let findings = room.events("finding-raised");
    let said = findings.iter().filter(|event| event["what"].as_str().unwrap().contains("the radar")).count();
    assert_eq!(said, 1, "{findings:#?}");
}

/// STOP reaches a step that waits for a lock.
#[test]
fn stop_ends_a_wait_for_a_lock() {
    let (room, server) = crowded();
    room.define("lock_timeout_ms = 5000", "lock_timeout_ms = 60000");
    room.add(FOUNDATIONS, "ALTER TABLE public.crowd ADD COLUMN x integer;");
    let _somebody = server.somebody("BEGIN; LOCK TABLE public.crowd IN SHARE MODE");
    let running = start(&room, &server, &room.yes());
    ours(&server, "wait_event_type = 'Lock'");
    running.signal(Signal::INT);
    stopped(&room, running);
}

#[track_caller]
fn stopped(room: &Room, running: Running) {
    running.end().with(5).says(&["stopped by the operator", "STOP was pressed"]);
    assert_eq!(room.halt()["cause"]["cause"], "operator");
}

#[test]
fn stop_ends_a_rewrite() {
    let (room, server) = crowded();
    server.ask("INSERT INTO public.crowd SELECT 1 FROM generate_series(1, 200)");
    room.add(
        FOUNDATIONS,
        "ALTER TABLE public.crowd ALTER COLUMN id TYPE text USING (id || pg_sleep(3)::text);",
    );
    let running = start(&room, &server, &room.yes());
    ours(&server, "wait_event = 'PgSleep'");
    running.signal(Signal::INT);
    stopped(&room, running);
    assert_eq!(server.ask("SELECT pg_typeof(id) FROM public.crowd LIMIT 1"), "integer");
}

#[test]
fn stop_ends_the_wait_for_the_fence() {
    let (room, server) = crowded();
    let _somebody = server.somebody("SELECT pg_advisory_lock(hashtextextended('ceremony', 0))");
    let running = start(&room, &server, &room.yes());
    ours(&server, "application_name = 'ceremony apply/foundations' AND query LIKE '%pg_try_advisory_lock%'");
    running.signal(Signal::INT);
    stopped(&room, running);
}

#[test]
fn stop_ends_a_verification_query() {
    let (room, server) = crowded();
    // A table that no catalog function opens: the probes of the resume must not wait for it.
    server.ask("CREATE TABLE public.plain (n int)");
    let wide = "SELECT found.finding, found.event_id, found.sync_status\n  FROM query_to_xml(";
    room.edit(QUERIES, |sql| {
        assert!(sql.contains(wide));
        sql.replace(wide, &wide.replace("  FROM ", "  FROM (SELECT count(*) FROM public.plain) AS plain, "))
    });
    room.define("lock_timeout_ms = 5000", "lock_timeout_ms = 60000");
    start(&room, &server, &room.yes().without("verify/post")).end().with(3);
    let _somebody = server.somebody("BEGIN; LOCK TABLE public.plain");
    let running = resume(&room, &server, &room.yes());
    ours(&server, "wait_event_type = 'Lock' AND application_name = 'ceremony verify/post'");
    running.signal(Signal::INT);
    stopped(&room, running);
}

/// Making the copy waits while others are connected.
#[test]
fn stop_ends_the_making_of_the_drills_copy() {
    let (room, server) = crowded();
    start(&room, &server, &room.yes().without("drill/rollback")).end().with(3);
    // It waits for the list of databases.
    let somebody = server.somebody("BEGIN; LOCK TABLE pg_catalog.pg_database IN SHARE MODE");
    let running = resume(&room, &server, &room.yes());
    ours(&server, "wait_event_type = 'Lock' AND query LIKE 'CREATE DATABASE%'");
    running.signal(Signal::INT);
    room.recorded(&["stop-requested"]);
    somebody.leaves();
    stopped(&room, running);
    assert_eq!(server.ask("SELECT count(*) FROM pg_database WHERE datname LIKE 'ceremony_drill%'"), "0");
}

#[test]
fn stop_ends_the_drill_and_takes_its_copy_away() {
    let (room, server) = crowded();
    room.slow(ROLLBACK);
    let running = start(&room, &server, &room.yes());
    ours(&server, "wait_event = 'PgSleep' AND datname LIKE 'ceremony_drill%'");
    running.signal(Signal::INT);
    stopped(&room, running);
    assert_eq!(server.ask("SELECT count(*) FROM pg_database WHERE datname LIKE 'ceremony_drill%'"), "0");
}

#[test]
fn everything_is_rolled_back_after_stop_in_the_middle_of_the_last_migration() {
    let (room, server) = crowded();
    room.slow(OUTBOUND);
    let answers = room.yes().at_a_stop("roll back: it takes too long");
    let running = start(&room, &server, &answers);
    ours(&server, "wait_event = 'PgSleep'");
    running.signal(Signal::INT);
    running
        .end()
        .with(4)
        .says(&["rollback planned: rollback/uniqueness, rollback/foundations", "verdict: FAIL"]);
    assert_eq!(
        server.ask(LEDGER),
        "foundations|1|up|done\nfoundations|2|down|done\nuniqueness|1|up|done\nuniqueness|2|down|done"
    );
    room.verify().with(0);
}
