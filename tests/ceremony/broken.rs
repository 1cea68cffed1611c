//! Migrations that fail: each stops the world with the server's words and its place, and leaves nothing behind.

use crate::room::*;
use serde_json::json;

/// What is expected of a migration with an error.
struct Broken<'b> {
    file: &'b str,
    step: &'b str,
    condition: &'b str,
    number: u8,
    sqlstate: &'b str,
    /// Words in the line in which the error is.
    line: &'b str,
    column: usize,
    /// What is applied when the world stops, first to last.
    applied: &'b str,
}

fn stops_and_rolls_back(room: &Room, broken: &Broken<'_>) {
    // First nobody answers the stop: what is there then?
    room.run(&room.yes()).with(5).says(&[
        &format!("condition {} of 8", broken.number),
        "next: write the assessment (stage ASSESS); then: ceremony resume",
    ]);
    let halt = room.halt();
    assert_eq!(halt["cause"], json!({ "cause": "condition", "condition": broken.condition }));
    assert_eq!(halt["step"], broken.step);
    assert_eq!(halt["error"]["sqlstate"], broken.sqlstate);
    let at = &halt["error"]["at"];
    let line = room.line_of(broken.file, broken.line);
    assert_eq!(
        (at["file"].as_str(), at["line"].as_u64(), at["column"].as_u64()),
        (Some(broken.file), Some(line as u64), Some(broken.column as u64)),
        "{halt:#}"
    );
    contains(halt["error"]["line"].as_str().unwrap(), &[broken.line]);
    contains(
        halt["left"].as_str().unwrap(),
        &[&format!("the transaction of '{}' is rolled back", broken.step), broken.applied],
    );
    let applied = if broken.applied == "no migration is applied" {
        0
    } else {
        broken.applied.split(": ").nth(1).unwrap().split(", ").count()
    };
    let looks = room.ask_after(&[
        "SELECT to_regclass('public.half_applied')",
        "SELECT count(*) FROM supabase_migrations.schema_migrations WHERE version > '20260117'",
        "SELECT count(*) FROM ceremony.ledger",
    ]);
    assert_eq!(looks, ["", &applied.to_string(), &applied.to_string()], "nothing is half applied");

    room.resume(&room.yes().at_a_stop("roll back: it must be mended first")).with(4).says(&[
        "ASSESS looked at the error",
        "DECIDE roll back: it must be mended first",
        "EXECUTE everything that was applied is rolled back",
        "DOCUMENT written down",
        "verdict: FAIL",
    ]);
    room.verify().with(0).says(&["verdict  FAIL"]);
    contains(
        &room.report(),
        &[
            "**Verdict: FAIL**",
            &format!("condition {} of 8", broken.number),
            broken.sqlstate,
            "it must be mended first",
            "rolled back",
        ],
    );
    let looks = room.ask_after(&[
        "SELECT to_regclass('public.external_calendar_events')",
        HISTORY,
        "SELECT count(*) FILTER (WHERE direction = 'up') = count(*) FILTER (WHERE direction = 'down') FROM ceremony.ledger WHERE state = 'done'",
    ]);
    assert_eq!(looks, ["", "20260116000000", "t"]);
}

#[test]
fn a_syntax_error_in_the_second() {
    let room = Room::new();
    room.add(UNIQUENESS, "CREATE TABLE public.half_applied (id int);\nSELECT 'ä', FRM WHERE;");
    stops_and_rolls_back(
        &room,
        &Broken {
            file: UNIQUENESS,
            step: "apply/uniqueness",
            condition: "migration-failed",
            number: 1,
            sqlstate: "42601",
            line: "FRM WHERE",
            column: 22,
            applied: "applied and not rolled back: foundations",
        },
    );
}

#[test]
fn a_missing_table_in_the_third() {
    let room = Room::new();
    room.add(OUTBOUND, "CREATE TABLE public.half_applied (id int);\nUPDATE public.bookings\n   SET note = (SELECT max(name) FROM public.missing_table);");
    stops_and_rolls_back(
        &room,
        &Broken {
            file: OUTBOUND,
            step: "apply/outbound-sync",
            condition: "migration-failed",
            number: 1,
            sqlstate: "42P01",
            line: "missing_table",
            column: 38,
            applied: "applied and not rolled back: foundations, uniqueness",
        },
    );
}

#[test]
fn a_unique_constraint_over_duplicates() {
    let room = Room::new();
    room.add(OUTBOUND, "CREATE TABLE public.half_applied (id int);\nALTER TABLE public.bookings ADD CONSTRAINT one_status UNIQUE (status);");
    stops_and_rolls_back(
        &room,
        &Broken {
            file: OUTBOUND,
            step: "apply/outbound-sync",
            condition: "constraint-violated",
            number: 4,
            sqlstate: "23505",
            line: "one_status",
            column: 1,
            applied: "applied and not rolled back: foundations, uniqueness",
        },
    );
    let error = room.halts()[0]["error"].clone();
    assert_eq!(error["constraint"], "one_status");
    contains(error["detail"].as_str().unwrap(), &["is duplicated"]);
}

#[test]
fn a_foreign_key_over_orphans() {
    let room = Room::new();
    room.add(UNIQUENESS, "CREATE TABLE public.half_applied (id int);\nALTER TABLE public.bookings ADD CONSTRAINT to_nowhere FOREIGN KEY (id) REFERENCES public.providers (id);");
    stops_and_rolls_back(
        &room,
        &Broken {
            file: UNIQUENESS,
            step: "apply/uniqueness",
            condition: "foreign-key-violated",
            number: 6,
            sqlstate: "23503",
            line: "to_nowhere",
            column: 1,
            applied: "applied and not rolled back: foundations",
        },
    );
}

#[test]
fn an_error_that_only_the_end_of_the_transaction_shows() {
    let room = Room::new();
    room.add(UNIQUENESS, "CREATE TABLE public.half_applied (id bigint REFERENCES public.bookings (id) DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO public.half_applied VALUES (-1);");
    room.run(&room.yes()).with(5).says(&["condition 6 of 8"]);
    assert_eq!(room.halt()["error"]["sqlstate"], "23503");
    assert_eq!(room.ask_after(&["SELECT to_regclass('public.half_applied')"]), [""]);
}

#[test]
fn nothing_applied_means_nothing_to_roll_back() {
    let room = Room::new();
    room.add(FOUNDATIONS, "SELECT 1 / 0;");
    room.run(&room.yes().at_a_stop("roll back: everything")).with(5).says(&[
        "22012",
        "there is nothing to roll back",
        "decide to resume or to abandon",
    ]);
    room.resume(&room.yes().at_a_stop("abandon: it must be mended first")).with(4).says(&["verdict: FAIL"]);
    contains(&room.report(), &["abandon", "division by zero"]);
}

#[test]
fn a_decision_that_is_none_is_said_to_be_none() {
    let room = Room::new();
    room.add(FOUNDATIONS, "SELECT 1 / 0;");
    room.run(&room.yes().at_a_stop("retry it"))
        .with(2)
        .says(&["and not 'retry it'", "resume, roll back or abandon"]);
    assert!(!room.session().exists());
}

#[test]
fn commit_in_a_block_is_refused_by_the_server() {
    for sql in [
        "CREATE TABLE public.half_applied (id int);\nDO $$ BEGIN COMMIT; END; $$;",
        "CREATE TABLE public.half_applied (id int);\nCREATE PROCEDURE public.hidden() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END; $$;\nCALL public.hidden();",
    ] {
        let room = Room::new();
        room.add(UNIQUENESS, sql);
        room.run(&room.yes()).with(5).says(&["condition 1 of 8", "2D000"]);
        let looks = room.ask_after(&[
            "SELECT to_regclass('public.half_applied')",
            "SELECT to_regproc('public.hidden')",
            LEDGER,
        ]);
        assert_eq!(looks, ["", "", "foundations|1|up|done"]);
    }
}

#[test]
fn a_lock_that_somebody_holds_is_not_waited_for_in_silence() {
    let (room, server) = (Room::new(), Own::new());
    room.define("lock_timeout_ms = 5000", "lock_timeout_ms = 300");
    let url = server.url();
    let run = ["run", "--session", "session", "--url", &url];
    let resume = ["resume", "session", "--url", &url];
    room.spawn(room.answered(&run, &room.yes().without("apply/outbound-sync"))).end().with(3);
    let somebody = server.somebody("BEGIN; LOCK TABLE public.bookings IN ROW EXCLUSIVE MODE");
    room.spawn(room.answered(&resume, &room.yes())).end().with(5).says(&["55P03", "condition 1 of 8"]);
    assert_eq!(room.halt()["error"]["sqlstate"], "55P03");
    somebody.leaves();
    room.spawn(room.answered(&resume, &room.yes().at_a_stop("resume: the lock is gone")))
        .end()
        .with(0)
        .says(&["DECIDE resume: the lock is gone", "verdict: PASS"]);
    assert_eq!(server.ask(LEDGER), "foundations|1|up|done\noutbound-sync|1|up|done\nuniqueness|1|up|done");
    assert_eq!(room.files_with(server.password()), Vec::<std::path::PathBuf>::new());
}

/// A broken second migration, rolled back, with `notify` as the command that tells the team.
fn rolled_back_with(notify: &str) -> Room {
    let room = Room::new();
    room.define("planned_minutes = 120", &format!("notify = {notify}\nplanned_minutes = 120"));
    room.add(UNIQUENESS, "SELECT 1 / 0;");
    room.run(&room.yes().at_a_stop("roll back: it must be mended first")).with(4);
    room
}

#[test]
fn the_team_is_told_of_a_rollback() {
    let room = rolled_back_with(r#"["sh", "-c", "cat > told.txt"]"#);
    contains(
        &room.read("told.txt"),
        &["a rollback is needed", "step:     apply/uniqueness", "22012", "it must be mended first"],
    );
    assert_eq!(room.events("team-told").len(), 1);
    contains(&room.report(), &["the team was told by sh -c cat"]);
    room.verify().with(0);
}

#[test]
fn a_team_that_could_not_be_told_is_a_finding() {
    let room = rolled_back_with(r#"["sh", "-c", "exit 7"]"#);
    assert_eq!(room.events("team-told")[0]["failed"], "exit code 7");
    contains(&room.report(), &["the team was not told", "exit code 7"]);
}
