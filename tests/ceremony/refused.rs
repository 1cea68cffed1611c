//! What is refused before anything is touched: flags, files, definitions, scripts that do not stay in their transaction.

use crate::room::*;
use crate::small::*;
use std::fs;

#[test]
fn a_flag_that_is_on_keeps_its_step_open() {
    let room = Room::new();
    let mut command = room.answered(&["run", "--session", "session"], &room.yes());
    command.env("CALENDAR_JOBS_ENABLED", "true").env("CALENDAR_OAUTH_ENABLED", "off");
    room.spawn(command).end().with(3).says(&[
        "FAIL flag:CALENDAR_JOBS_ENABLED: expected off, observed \"true\", on",
        "PASS flag:CALENDAR_OAUTH_ENABLED: \"off\", off",
        "preflight/flags is open again",
    ]);
    assert!(room.halts().is_empty());
    // Switched off, the same session goes on.
    room.resume(&room.yes()).with(0);
}

#[test]
fn an_input_that_is_gone_or_another_is_named() {
    let room = Room::new();
    let yes = room.yes();
    room.run(&yes.clone().without("preflight/inputs")).with(3);
    fs::remove_file(room.path("assets/calendar/suites/tap.sql")).unwrap();
    fs::write(room.path("assets/calendar/suites/fixtures.sql"), "SELECT 1;\n").unwrap();
    room.resume(&yes.with("preflight/inputs", &["{phrase}"])).with(3).says(&[
        "not readable: there is no such file",
        "FAIL input:assets/calendar/suites/tap.sql",
        "FAIL input:assets/calendar/suites/fixtures.sql",
        "preflight/inputs is open again",
    ]);
}

#[test]
fn an_input_with_another_checksum_is_found_at_once() {
    let room = Room::new();
    fs::write(room.path("assets/calendar/suites/fixtures.sql"), "SELECT 1;\n").unwrap();
    let line = room.line_of("ceremony.toml", "path = \"assets/calendar/suites/fixtures.sql\"");
    let check = room.call(&["check"]).with(2);
    contains(
        &check.said(),
        &["ceremony.toml:", "fixtures.sql is not the reviewed file", "next: have the change reviewed"],
    );
    let named: usize =
        check.out.split("ceremony.toml:").nth(1).unwrap().split(':').next().unwrap().parse().unwrap();
    assert!(named.abs_diff(line) <= 1, "line {named} is named, the input is in {line}");
    room.run(&room.yes().with("preflight/inputs", &["{phrase}"]))
        .with(3)
        .says(&["FAIL input:assets/calendar/suites/fixtures.sql", "preflight/inputs is open again"]);
}

#[test]
fn a_migration_that_changed_since_the_start_is_not_run() {
    let room = Room::new();
    room.run(&room.yes().without("apply/uniqueness")).with(3);
    let reviewed = room.read(UNIQUENESS);
    fs::write(room.path(UNIQUENESS), format!("{reviewed}\n-- a late thought\n")).unwrap();
    room.resume(&room.yes().with("apply/uniqueness", &["{phrase}"])).with(3).says(&[
        "the probes did not pass: migrations/20260118000000_fix_external_calendar_events_uniqueness.sql is the reviewed file",
    ]);
    assert!(room.halts().is_empty());
    assert_eq!(room.ask_after(&[LEDGER]), ["foundations|1|up|done"]);
    fs::write(room.path(UNIQUENESS), reviewed).unwrap();
    room.resume(&room.yes()).with(0);
}

#[test]
fn a_definition_shows_all_of_its_mistakes_with_their_lines() {
    let room = Room::new();
    room.define("risk = \"high\"", "risk = \"hihg\"");
    room.define("planned_minutes = 120", "planed_minutes = 120");
    room.define(
        "verify = [\"uniqueness/constraint-definition\", ",
        "verify = [\"uniqueness/no-such-query\", ",
    );
    room.define("#rollback-outbound-sync", "#rollback-nowhere");
    let run = room.run(&Room::new().yes()).with(2);
    let lines = [
        room.line_of("ceremony.toml", "hihg"),
        room.line_of("ceremony.toml", "planed_minutes"),
        room.line_of("ceremony.toml", "no-such-query"),
        room.line_of("ceremony.toml", "rollback-nowhere"),
    ];
    for line in lines {
        contains(&run.err, &[&format!("ceremony.toml:{line}:")]);
    }
    contains(&run.err, &["problems; nothing was started"]);
    assert!(!room.session().exists(), "nothing is made");
    assert_eq!(room.call(&["check"]).with(2).err, run.err);
}

#[test]
fn there_is_no_definition() {
    let room = Room::new();
    fs::remove_file(room.path("ceremony.toml")).unwrap();
    room.call(&["check"]).with(2).says(&["ceremony.toml", "next:"]);
    room.call(&["check", "--definition", "nowhere/x.toml"])
        .with(2)
        .says(&["there is no definition 'nowhere/x.toml'"]);
}

/// Every script that leaves its transaction or is none for a server, and the words in the line that is named.
#[test]
fn scripts_that_do_not_stay_in_their_transaction_are_refused_with_their_line() {
    for (sql, words) in [
        ("COMMIT;\nBEGIN;", "COMMIT"),
        ("ROLLBACK;", "ROLLBACK"),
        ("END;\nSTART TRANSACTION;", "END"),
        ("COMMIT AND CHAIN;", "COMMIT AND CHAIN"),
        ("ABORT;", "ABORT"),
        ("PREPARE TRANSACTION 'x';", "PREPARE TRANSACTION"),
        ("SELECT 1;\n\\i other.sql", "\\i"),
        ("\\set ON_ERROR_STOP off", "\\set"),
        ("SELECT 'a';\n\\gexec", "\\gexec"),
        ("CREATE INDEX CONCURRENTLY x ON public.bookings (id);", "CONCURRENTLY"),
        ("VACUUM public.bookings;", "VACUUM"),
        ("SELECT 'never closed;", "not closed"),
    ] {
        let room = Room::new();
        room.add(OUTBOUND, &format!("-- here\n{sql}"));
        let ended = room.run(&Room::new().yes()).with(2);
        let line = room.line_of(OUTBOUND, "-- here");
        contains(&ended.err, &[words, "why:", "next:", "nothing was started"]);
        let near = (line + 1..=line + 2).any(|line| ended.err.contains(&format!("{OUTBOUND}:{line}:")));
        assert!(near, "{sql}: no line near {} is named:\n{}", line + 1, ended.err);
        assert!(!room.session().exists());
    }
}

#[test]
fn answers_that_are_none_are_refused() {
    let room = Room::new();
    fs::write(room.path("a.toml"), "gate = 3\n").unwrap();
    let arguments = ["run", "--headless", "--session", "session", "--answers"];
    room.call(&[&arguments[..], &["a.toml"]].concat()).with(2).says(&[
        "a.toml",
        "'gate' is neither",
        "next:",
    ]);
    room.call(&[&arguments[..], &["b.toml"]].concat()).with(2).says(&["b.toml", "there is no such file"]);
    assert!(!room.session().exists());
}

#[test]
fn a_folder_that_is_not_empty_is_not_used() {
    let room = Room::new();
    fs::create_dir(room.session()).unwrap();
    fs::write(room.session().join("mine.txt"), "mine").unwrap();
    room.run(&room.yes()).with(2).says(&["not empty", "--session DIR"]);
    assert_eq!(fs::read_dir(room.session()).unwrap().count(), 1);
}

#[test]
fn a_script_without_a_statement_is_refused() {
    for (up, down, word) in [
        (UP_SQL, "-- nothing is undone\n", "transaction = \"none\""),
        ("/* nothing */;\n", DOWN_SQL, "transaction = \"none\""),
        ("BEGIN;\nCOMMIT;\n", DOWN_SQL, ""),
    ] {
        let room = small(up, down, word);
        room.call(&["check"])
            .with(2)
            .says(&["'concurrent' has no statement in", "would pass and be recorded"]);
        room.run(&room.yes()).with(2);
        assert!(!room.session().exists());
    }
}

#[test]
fn a_version_of_the_history_is_given_once() {
    let room = ordinary();
    let other = UP.replace("/2_", "/1_");
    std::fs::rename(room.path(UP), room.path(&other)).unwrap();
    room.define(UP, &other);
    room.call(&["check"])
        .with(2)
        .says(&["'base' and 'concurrent' are both version 1", "a number of its own"]);
}
