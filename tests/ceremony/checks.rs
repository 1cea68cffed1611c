//! Checks that do not hold: queries, suites, rows that must not die.

use crate::room::*;
use serde_json::{Value, json};
use std::process::Command;

#[test]
fn a_query_in_the_transaction_that_does_not_hold_rolls_it_back() {
    let room = Room::new();
    room.add(FOUNDATIONS, "DROP INDEX public.external_calendar_events_end_time_idx;");
    room.run(&room.yes()).with(5).says(&[
        "FAIL foundations/indexes",
        "apply/foundations: ROLLBACK",
        "condition 2 of 8",
    ]);
    let halt = room.halt();
    contains(halt["why"].as_str().unwrap(), &["Lookup indexes on both tables", "expected", "observed"]);
    contains(halt["left"].as_str().unwrap(), &["rolled back", "no migration is applied"]);
    let looks = room.ask_after(&[
        "SELECT to_regclass('public.external_calendar_events')",
        HISTORY,
        "SELECT count(*) FROM ceremony.ledger",
    ]);
    assert_eq!(looks, ["", "20260116000000", "0"]);
    room.verify().with(0);
}

#[test]
fn a_query_with_an_error_is_no_pass() {
    let room = Room::new();
    room.edit(QUERIES, |text| {
        text.replacen(
            "-- @section foundations-tables\n",
            "-- @section foundations-tables\nSELECT 1 / 0;\n-- @section was-foundations-tables\n",
            1,
        )
    });
    room.run(&room.yes()).with(5).says(&["FAIL foundations/tables", "22012", "condition 2 of 8"]);
}

/// What of a query's rows is not kept is nowhere in the session; what is kept of them is what is decided by.
#[test]
fn values_are_kept_as_digests_or_not_at_all() {
    let room = Room::new();
    let rows = "SELECT 'secret ' || name FROM (VALUES ('tables'), (NULL)) AS t (name)";
    for section in ["foundations-tables", "foundations-constraint-name"] {
        room.edit(QUERIES, |text| {
            let head = format!("-- @section {section}\n");
            text.replacen(&head, &format!("{head}{rows};\n-- @section was-{section}\n"), 1)
        });
    }
    let digest = ceremony::runner::files::sha256(b"secret tables");
    let set = format!("keep = \"digests\"\nexpect = {{ set = [[\"NULL\"], [\"sha256:{digest}\"]] }}");
    let old = room.read("ceremony.toml");
    let line = |words: &str| old.lines().find(|line| line.contains(words)).unwrap().to_owned();
    room.define(&line("external_calendar_connections\", \"exists"), &set);
    room.define(
        &line("= \"external_calendar_events_provider_source_external_id_key\" }"),
        "keep = \"nothing\"\nexpect = { rows = 3 }",
    );
    room.run(&room.yes()).with(5).says(&[
        "PASS foundations/tables",
        "FAIL foundations/constraint-name",
        "expected 3 rows, observed 2 rows",
    ]);
    let kept = |query: &str| -> Value {
        let all = room.observations("query");
        all.into_iter().find(|it| it["query"] == query).unwrap()["result"].clone()
    };
    let tables = kept("foundations/tables");
    assert_eq!(tables["rows"], json!([[format!("sha256:{digest}")], [null]]));
    let name = kept("foundations/constraint-name");
    assert_eq!((&name["rows"], &name["total"]), (&json!([]), &json!(2)));
    room.report();
    room.verify().with(0);
    let session = room.session().display().to_string();
    let found = Command::new("grep").args(["-rl", "secret tables", &session]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "", "the value is nowhere");
}

#[test]
fn a_query_after_the_commit_that_does_not_hold_stops_the_world() {
    let room = Room::new();
    room.edit(QUERIES, |text| {
        text.replacen("-- @section post-sync-status\n", "-- @section post-sync-status\nSELECT 7 AS id, 'LOST' AS sync_status;\n-- @section was-post-sync-status\n", 1)
    });
    room.run(&room.yes()).with(5).says(&["FAIL post/sync-status", "1 row: 7 | LOST", "condition 2 of 8"]);
    let halt = room.halt();
    assert_eq!(halt["step"], "verify/post");
    contains(
        halt["left"].as_str().unwrap(),
        &["applied and not rolled back: foundations, uniqueness, outbound-sync"],
    );
    room.resume(&room.yes().at_a_stop("roll back: the data is wrong")).with(4);
    assert_eq!(room.ask_after(&[HISTORY]), ["20260116000000"]);
}

#[test]
fn a_suite_that_fails_after_a_migration_stops_the_world() {
    let room = Room::new();
    // Green before, red after.
    room.edit("assets/calendar/suites/outbound_sync.sql", |text| {
        format!("{text}\nSELECT 'not ok 99 - this one fails';\n")
    });
    room.run(&room.yes()).with(5).says(&["FAIL outbound-sync", "not ok: this one fails", "condition 3 of 8"]);
    assert_eq!(room.halt()["cause"], json!({ "cause": "condition", "condition": "test-failed" }));
    assert_eq!(room.halt()["step"], "suites/migrated");
}

#[test]
fn a_suite_that_fails_before_anything_is_applied_keeps_its_step_open() {
    let room = Room::new();
    room.edit("assets/calendar/suites/baseline.sql", |text| format!("{text}\nSELECT 'not ok 99 - red';\n"));
    room.run(&room.yes().with("preflight/suites", &["{phrase}"])).with(3).says(&[
        "FAIL baseline",
        "preflight/suites is open again",
        "mend what is wrong",
    ]);
    assert!(room.halts().is_empty());
}

#[test]
fn a_known_failure_is_waived_by_name_and_only_until_its_day() {
    let room = Room::new();
    room.edit("assets/calendar/suites/ingest_free_busy.sql", |text| {
        format!("{text}\nSELECT 'not ok 99 - the mock of .neq()';\n")
    });
    room.run(&room.yes()).with(0).says(&["verdict: PASS WITH WAIVERS"]);
    room.verify().with(0).says(&["verdict  PASS WITH WAIVERS"]);
    contains(&room.report(), &["PASS WITH WAIVERS", "granted by calendar sync lead until 2026-12-31"]);

    let room = Room::new();
    room.define("until = \"2026-12-31\"", "until = \"2025-12-31\"");
    room.edit("assets/calendar/suites/ingest_free_busy.sql", |text| {
        format!("{text}\nSELECT 'not ok 99 - the mock of .neq()';\n")
    });
    room.run(&room.yes()).with(5).says(&["FAIL ingest-free-busy", "condition 3 of 8"]);
}

#[test]
fn a_suite_that_hangs_is_killed_with_everything_it_started() {
    let room = Room::new();
    let marker = format!("{}", 100_000 + std::process::id());
    room.define("suite_timeout_ms = 120000", "suite_timeout_ms = 1500");
    // Ignores the polite signals, and starts a child that does so too.
    let script = format!(
        "trap '' TERM INT; sh -c \"trap '' TERM INT; sleep {marker}; sleep {marker}\" & sleep {marker}; wait"
    );
    room.define(
        r#"command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "assets/calendar/suites/outbound_sync.sql"]"#,
        &format!(r#"command = ["sh", "-c", {}]"#, serde_json::to_string(&script).unwrap()),
    );
    room.run(&room.yes()).with(5).says(&["FAIL outbound-sync", "killed after 1500 ms", "condition 3 of 8"]);
    let left = std::process::Command::new("pgrep").args(["-f", &format!("sleep {marker}")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&left.stdout), "", "children of the suite are left");
}

#[test]
fn a_suite_that_cannot_be_started_is_no_pass() {
    let room = Room::new();
    room.define(
        r#"command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "assets/calendar/suites/outbound_sync.sql"]"#,
        r#"command = ["no-such-runner"]"#,
    );
    room.run(&room.yes()).with(5).says(&["FAIL outbound-sync", "cannot start 'no-such-runner'"]);
}

#[test]
fn a_table_that_loses_rows_is_data_loss() {
    let room = Room::new();
    room.add(
        UNIQUENESS,
        "DELETE FROM public.booking_slots WHERE id = (SELECT min(id) FROM public.booking_slots);",
    );
    room.run(&room.yes()).with(5).says(&["condition 5 of 8", "ROLLBACK"]);
    assert_eq!(room.halt()["cause"], json!({ "cause": "condition", "condition": "data-lost" }));
    contains(room.halt()["why"].as_str().unwrap(), &["public.booking_slots"]);
    let before = room.halt()["why"].as_str().unwrap().split("observed ").nth(1).unwrap().to_owned();
    let rows = before.split(' ').next().unwrap().to_owned();
    assert_eq!(room.ask_after(&["SELECT count(*) FROM public.booking_slots"]), [rows], "all are there again");
}

#[test]
fn a_migration_that_changes_something_when_it_runs_again_is_found() {
    let room = Room::new();
    room.lenient().add(OUTBOUND, "CREATE INDEX ON public.external_calendar_events (last_error);");
    room.run(&room.yes()).with(5).says(&[
        "reapply/outbound-sync",
        "1 created",
        "mutates: schema changed: + index",
        "condition 2 of 8",
    ]);
}

#[test]
fn a_rollback_that_leaves_something_is_found_by_the_drill() {
    let room = Room::new();
    room.lenient().add(OUTBOUND, "CREATE TABLE IF NOT EXISTS public.left_behind (id int);");
    room.run(&room.yes()).with(5).says(&["drill/rollback", "public.left_behind", "condition 2 of 8"]);
    room.report();
}

#[test]
fn a_refusal_by_another_constraint_is_no_proof() {
    let room = Room::new();
    room.define(
        "constraint = \"external_calendar_events_booking_id_fkey\"",
        "constraint = \"external_calendar_events_other_fkey\"",
    );
    room.run(&room.yes()).with(5).says(&[
        "FAIL negative/unknown-booking",
        "refused with 23503 by external_calendar_events_booking_id_fkey",
        "condition 2 of 8",
    ]);
}
