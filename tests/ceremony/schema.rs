//! The schema: what is declared against what happens, rungs of the drill, grades of a second run, things half done.

use crate::room::*;
use serde_json::Value;

const STRAY: &str = "CREATE TABLE public.stray (id int PRIMARY KEY);";

#[test]
fn more_than_is_declared_is_rolled_back() {
    let room = Room::new();
    room.add(UNIQUENESS, STRAY);
    room.run(&room.yes()).with(5).says(&[
        "FAIL declared: expected only: change nothing",
        "more than declared: + column order public.stray, + column public.stray.id, + constraint public.stray.stray_pkey, + index public.stray_pkey, + table public.stray",
        "apply/uniqueness: ROLLBACK",
        "condition 2 of 8",
    ]);
    contains(room.halt()["why"].as_str().unwrap(), &["it changed what it declares", "+ table public.stray"]);
    assert_eq!(
        room.ask_after(&["SELECT to_regclass('public.stray')", LEDGER]),
        ["", "foundations|1|up|done"]
    );
    contains(&room.report(), &["## Declared and happened", "+ table public.stray | yes, undeclared"]);
    room.verify().with(0);
}

#[test]
fn what_is_declared_and_does_not_happen_is_rolled_back() {
    let room = Room::new();
    room.define("creates = []", "creates = [\"function public.promised(integer)\"]");
    room.run(&room.yes())
        .with(5)
        .says(&["declared but did not happen: create function public.promised(integer)", "condition 2 of 8"]);
    assert_eq!(room.ask_after(&[LEDGER]), ["foundations|1|up|done"]);
    contains(&room.report(), &["| create | function public.promised(integer) | NO |"]);
}

#[test]
fn where_the_definition_wants_it_differences_are_findings() {
    let room = Room::new();
    room.define("creates = []", "creates = []\nundeclared = \"finding\"");
    room.add(UNIQUENESS, STRAY);
    room.add(
        UNIQUENESS,
        "ALTER TABLE public.bookings ADD CONSTRAINT counted CHECK (id > 0) NOT VALID;
         ALTER TABLE public.external_calendar_events DISABLE TRIGGER external_calendar_events_set_updated_at;",
    );
    room.run(&room.yes().without("apply/outbound-sync")).with(3).says(&["PASS declared: more than declared"]);
    let findings: Vec<String> = room
        .events("finding-raised")
        .iter()
        .map(|event| event["what"].as_str().unwrap().to_owned())
        .filter(|what| what.starts_with("apply/uniqueness"))
        .collect();
    assert_eq!(findings.len(), 3, "each once, also when it is seen again after the commit: {findings:#?}");
    contains(
        &findings.join("\n"),
        &[
            "apply/uniqueness: more than declared: ",
            "apply/uniqueness left a constraint that is NOT VALID: public.bookings.counted",
            "apply/uniqueness left a disabled trigger: public.external_calendar_events.external_calendar_events_set_updated_at",
        ],
    );
    let looks = room.observations("soundness");
    let committed: Vec<bool> = looks.iter().map(|look| look["committed"] == true).collect();
    assert_eq!(committed, [false, true, false, true], "in the proof and after the commit of both");
    assert_eq!(looks[2]["found"], looks[3]["found"]);
    assert_eq!(looks[2]["found"].as_array().unwrap().len(), 2);
    assert_eq!(room.ask_after(&["SELECT to_regclass('public.stray')"]), ["stray"]);
}

#[test]
fn a_name_that_no_object_can_have_is_said_with_its_place() {
    let room = Room::new();
    room.define("creates = []", "creates = [\"tabel public.stray\"]\ndrops = [\"table stray\"]");
    let line = room.line_of("ceremony.toml", "tabel public.stray");
    room.call(&["check"]).with(2).says(&[
        &format!("ceremony.toml:{line}:12: 'tabel public.stray' begins with no kind of object"),
        "did you mean 'table'?",
        &format!("ceremony.toml:{}:10: 'table stray' does not name a table in full", line + 1),
        "write it as `table schema.name`",
    ]);
}

#[test]
fn an_index_left_invalid_is_rolled_back() {
    let room = Room::new();
    room.lenient().add(
        UNIQUENESS,
        "CREATE TABLE public.parts (k int) PARTITION BY RANGE (k);
         CREATE TABLE public.parts_1 PARTITION OF public.parts FOR VALUES FROM (0) TO (10);
         CREATE INDEX parts_k ON ONLY public.parts (k);",
    );
    room.run(&room.yes()).with(5).says(&[
        "FAIL sound: expected no new INVALID index, observed an INVALID index: public.parts_k",
        "condition 2 of 8",
    ]);
    assert_eq!(room.ask_after(&["SELECT to_regclass('public.parts')"]), [""]);
}

/// The evidence of the latest second run of a migration, and the words of its check.
fn graded(room: &Room, migration: &str) -> (Value, String) {
    let step = format!("reapply/{migration}");
    let found = room.entries().into_iter().rev().find_map(|entry| {
        let events = entry["events"].as_array()?;
        let judged = events.iter().find(|event| event["check"] == "reapply" && event["step"] == step)?;
        let seen = entry["cause"]["report"]["observation"]["seen"].clone();
        Some((seen, judged["observed"].as_str()?.to_owned()))
    });
    found.unwrap_or_else(|| panic!("{migration} was not graded"))
}

#[test]
fn inert_locks_and_re_creates_are_told_apart() {
    let room = Room::new();
    room.add(
        OUTBOUND,
        "DROP INDEX public.external_calendar_events_sync_status_idx;
         CREATE INDEX external_calendar_events_sync_status_idx ON public.external_calendar_events (sync_status);",
    );
    let verify = "\nverify = [\n    \"outbound-sync/columns\"";
    room.define(&format!("reapply = \"locks\"{verify}"), &format!("reapply = \"re-creates\"{verify}"));
    room.run(&room.yes().without("negative/refusals")).with(3);
    let (seen, words) = graded(&room, "uniqueness");
    assert_eq!(words, "inert: no change, no lock, no transaction id");
    assert_eq!(seen["xid"], false);
    let (seen, words) = graded(&room, "foundations");
    contains(&words, &["locks: holds: ", "ACCESS EXCLUSIVE on public.external_calendar_connections"]);
    assert_eq!(seen["catalog_rows"], Value::Null);
    let (seen, words) = graded(&room, "outbound-sync");
    contains(&words, &["re-creates: made anew: index public.external_calendar_events_sync_status_idx"]);
    assert_eq!(seen["changes"], Value::Null);
    contains(&room.report(), &["## Applied again", "| grade | re-creates |", "| grade | inert |"]);
}

/// The same function keeps its id, but not its row in the catalog.
#[test]
fn a_second_run_that_is_worse_than_allowed_stops() {
    let room = Room::new();
    room.lenient()
        .add(UNIQUENESS, "CREATE OR REPLACE FUNCTION public.again() RETURNS int LANGUAGE sql AS 'SELECT 1';");
    room.run(&room.yes()).with(5).says(&[
        "FAIL reapply: expected inert or better, observed re-creates: catalog rows written: ",
        "pg_catalog.pg_proc (1 updated)",
        "condition 2 of 8",
    ]);
    assert_eq!(room.halt()["step"], "reapply/uniqueness");
}

#[test]
fn rows_written_again_are_a_mutation() {
    let room = Room::new();
    room.add(UNIQUENESS, "UPDATE public.services SET title = title;");
    room.run(&room.yes())
        .with(5)
        .says(&["FAIL reapply: expected inert or better, observed mutates: rows written: public.services ("]);
    let (seen, _) = graded(&room, "uniqueness");
    assert_eq!(seen["xid"], true);
    assert!(seen["rows"][0]["updated"].as_u64().unwrap() > 0);
}

#[test]
fn a_second_run_that_fails_is_graded_too() {
    let room = Room::new();
    room.lenient().add(UNIQUENESS, STRAY);
    room.run(&room.yes())
        .with(5)
        .says(&["FAIL reapply: expected inert or better, observed fails: error: 42P07", "condition 1 of 8"]);
    assert_eq!(room.halt()["error"]["sqlstate"], "42P07");
}

/// The names of the rungs and how each was restored, in their order.
fn rungs(room: &Room) -> Vec<(String, Vec<String>)> {
    let drill = room.observations("drill").pop().expect("the drill was seen");
    let rung = |rung: &Value| {
        let name = format!("{} {}", rung["direction"].as_str().unwrap(), rung["migration"].as_str().unwrap());
        let residue = rung["residue"].as_array().cloned().unwrap_or_default();
        (name, residue.iter().map(|change| change["object"].as_str().unwrap().to_owned()).collect())
    };
    drill["rungs"].as_array().unwrap().iter().map(rung).collect()
}

#[test]
fn what_a_rollback_leaves_is_named_on_its_rung() {
    let room = Room::new();
    room.define("creates = []", "creates = [\"table public.left_behind\"]");
    room.add(UNIQUENESS, "CREATE TABLE IF NOT EXISTS public.left_behind (id int);");
    room.run(&room.yes()).with(5).says(&[
        "down outbound-sync: exactly",
        "down uniqueness: residue: + column order public.left_behind, + column public.left_behind.id, + table public.left_behind, 2 taken along as declared (differs from what the migration started from)",
        "condition 2 of 8",
    ]);
    let left =
        ["column order public.left_behind", "column public.left_behind.id", "table public.left_behind"]
            .map(str::to_owned)
            .to_vec();
    let expected = [
        ("down outbound-sync", Vec::new()),
        ("down uniqueness", left.clone()),
        ("down foundations", left.clone()),
        ("up foundations", left),
        ("up uniqueness", Vec::new()),
        ("up outbound-sync", Vec::new()),
    ];
    assert_eq!(rungs(&room), expected.map(|(name, left)| (name.to_owned(), left)));
    contains(
        &room.report(),
        &[
            "## Rollback drill, rung by rung",
            "| down uniqueness | residue | \\+ column order public.left",
            "| up uniqueness | exactly |",
        ],
    );
}

#[test]
fn what_is_taken_along_must_be_declared() {
    let room = Room::new();
    room.define("also_drops = [\n", "kept = [\n")
        .define("deletes = []\nkept = []\nkept = [", "deletes = []\nkept = [");
    room.run(&room.yes()).with(5).says(&[
        "down uniqueness: residue: - constraint public.external_calendar_events.external_calendar_events_provider_source_external_id_key",
        "condition 2 of 8",
    ]);
    assert!(rungs(&room).iter().all(|(name, residue)| residue.is_empty() == (name != "down uniqueness")));
}

#[test]
fn only_another_order_of_columns_is_called_that() {
    let room = Room::new();
    room.edit(ROLLBACK, |text| {
        text.replacen(
            "    DROP COLUMN IF EXISTS booking_id;",
            "    DROP COLUMN IF EXISTS booking_id;
             ALTER TABLE public.external_calendar_events DROP COLUMN summary;
             ALTER TABLE public.external_calendar_events ADD COLUMN summary text;",
            1,
        )
    });
    room.run(&room.yes()).with(5).says(&[
        "down outbound-sync: all but column order: ~ column order public.external_calendar_events",
        "down foundations: exactly",
        "condition 2 of 8",
    ]);
}

#[test]
fn an_up_that_no_longer_applies_after_the_downs_is_found() {
    let room = Room::new();
    room.edit(ROLLBACK, |text| {
        text.replacen(
            "DROP FUNCTION IF EXISTS public.set_external_calendar_updated_at();",
            "DROP FUNCTION IF EXISTS public.set_external_calendar_updated_at();
             ALTER TABLE public.bookings RENAME TO bookings_then;",
            1,
        )
    });
    room.run(&room.yes()).with(5).says(&[
        "down foundations: residue: ",
        "up outbound-sync: failed: 42P01",
        "condition 1 of 8",
    ]);
    assert_eq!(rungs(&room).len(), 6);
}
