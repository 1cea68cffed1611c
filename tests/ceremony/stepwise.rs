//! Migrations without a transaction: what cannot be in one runs exactly once, whoever dies in between.

use crate::room::*;
use crate::small::*;
use ceremony::runner::files::sha256;
use std::fs;

#[test]
fn every_step_of_a_ceremony_with_one() {
    let (room, target) = (ordinary(), Target::new());
    // A ledger as it was before there were units.
    target.0.ask(
        "CREATE SCHEMA ceremony; CREATE TABLE ceremony.ledger (ceremony text NOT NULL, migration text NOT NULL, cycle integer NOT NULL,
           direction text NOT NULL CHECK (direction IN ('up', 'down')), attempt text NOT NULL UNIQUE,
           state text NOT NULL CHECK (state IN ('running', 'done')), sha256 text NOT NULL, xid text NOT NULL, backend_pid integer NOT NULL,
           started timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(), finished timestamptz,
           PRIMARY KEY (ceremony, migration, cycle))",
    );
    room.call(&["check"]).with(0).says(&[
        "note: migration 'concurrent' (migrations/2_concurrent.sql) runs without a transaction: 5 units",
        "note: the rollback of 'concurrent'",
    ]);
    room.call(&["plan"]).with(0).says(&["concurrent (no transaction)", "Undo concurrent (no transaction)"]);
    target.run(&room, &room.yes()).end().with(0).says(&[
        "apply/concurrent unit 3 of 5: run",
        "apply/concurrent committed and read back",
        "reapply/concurrent: PASS",
        "and the statement says to leave it then",
        "on the copy: docs/ops/down.sql",
        "verdict: PASS",
    ]);
    target.is_whole(0);
    room.verify().with(0).says(&["verdict  PASS"]);
    // Down and up again.
    let shape = target.0.ask(SHAPE);
    room.spawn(room.answered(&["rollback", "session", "--url", &target.1], &room.yes()))
        .end()
        .with(4)
        .says(&["rollback/concurrent unit 1 of 3: run", "rollback complete"]);
    assert_eq!(target.0.ask("SELECT to_regclass('public.items')"), "");
    let again = ["run", "--session", "again", "--url", &target.1];
    room.spawn(room.answered(&again, &room.yes())).end().with(0).says(&["verdict: PASS"]);
    assert_eq!(target.0.ask(SHAPE), shape);
    assert_eq!(target.0.ask(COUNTED), "block last");
    assert_eq!(
        target.0.ask(UNITS),
        "concurrent|1|up|done|5|5|0\nconcurrent|2|down|done|3|3|0\nconcurrent|3|up|done|5|5|0"
    );
}

#[test]
fn without_the_word_it_is_refused_and_the_word_is_named() {
    let room = small(UP_SQL, DOWN_SQL, "");
    let words = [
        "CREATE INDEX CONCURRENTLY cannot run in a transaction",
        "write transaction = \"none\" for this script",
    ];
    room.call(&["check"]).with(2).says(&words);
    room.run(&room.yes()).with(2).says(&words);
}

#[test]
fn the_word_where_nothing_needs_it_is_a_warning() {
    let room = small("CREATE TABLE public.x ();", "DROP TABLE public.x;", "transaction = \"none\"");
    room.call(&["check"]).with(0).says(&[
        "warning: ",
        "nothing in it needs that",
        "take transaction = \"none\" out",
    ]);
}

#[test]
fn a_unique_index_over_duplicates_is_built_again_once_they_are_gone() {
    let (room, target) = (ordinary(), Target::new());
    target.run(&room, &room.yes().without("apply/concurrent")).end().with(3);
    target.0.ask("UPDATE public.items SET name = 'twice' WHERE id < 3");
    target
        .resume(&room, &room.yes())
        .with(5)
        .says(&["condition 4 of 8", "index public.items_name_key is INVALID"]);
    let halt = room.halt();
    contains(
        halt["left"].as_str().unwrap(),
        &[
            "unit 3 failed; index public.items_name_key is INVALID",
            "`resume` runs DROP INDEX CONCURRENTLY public.items_name_key first",
            "units 1-2 of 5 are done and stay",
        ],
    );
    assert_eq!(halt["error"]["sqlstate"], "23505");
    assert_eq!(target.0.ask(VALID), "f");
    target.0.ask("UPDATE public.items SET name = 'name ' || id");
    target.resume(&room, &room.yes().at_a_stop("resume: the duplicates are gone")).with(0).says(&[
        "apply/concurrent is half-way: 2 of 5 units are done",
        "unit 3 of 5: remove what an earlier try left",
        "verdict: PASS",
    ]);
    target.is_whole(1);
    room.verify().with(0);
    contains(&room.report(), &["units 1-2 of 5 are done and stay"]);
}

#[test]
fn a_half_applied_one_can_be_rolled_back() {
    let (room, target) = (ordinary(), Target::new());
    target.run(&room, &room.yes().without("apply/concurrent")).end().with(3);
    target.0.ask("UPDATE public.items SET name = 'twice' WHERE id < 3");
    target
        .resume(&room, &room.yes().at_a_stop("roll back: the data must be mended first"))
        .with(4)
        .says(&["gate 'rollback' asks for: roll back concurrent, base", "rollback complete"]);
    assert_eq!(target.0.ask("SELECT to_regclass('public.items')"), "");
    assert_eq!(target.0.ask(UNITS), "concurrent|1|up|running|2|5|0\nconcurrent|2|down|done|3|3|0");
    contains(&room.report(), &["rolled back (attempt"]);
    let again = ["run", "--session", "again", "--url", &target.1];
    room.spawn(room.answered(&again, &room.yes())).end().with(0).says(&["verdict: PASS"]);
    assert_eq!(target.0.ask(COUNTED), "block last");
}

const WRITER: &str = "BEGIN; UPDATE public.items SET name = name WHERE id = 1";

/// The client is killed while the index waits; then it is resumed.
fn killed(room: &Room, target: &Target, running: Running, holders: Vec<Somebody>, half: bool) {
    running.kill();
    target.is_left_alone();
    holders.into_iter().for_each(Somebody::leaves);
    assert_eq!(target.0.ask(VALID), if half { "f" } else { "" });
    let stop = "resume: nobody else builds it";
    let ended = target.resume(room, &room.yes().at_a_stop(stop)).with(0);
    contains(&ended.said(), &["apply/concurrent is half-way: 1 of 5 units are done", "verdict: PASS"]);
    assert_eq!(room.halts().len(), usize::from(half), "only a half is asked about");
    if half {
        contains(
            room.halt()["why"].as_str().unwrap(),
            &["unit 2 of 5", "was begun and not ended: index public.items_name_key is INVALID"],
        );
    }
    target.is_whole(1);
    room.verify().with(0).says(&["verdict  PASS"]);
}

/// A ceremony that is about to apply, and somebody who keeps the index from being built.
fn held(holds: &str) -> (Room, Target, Running, Somebody) {
    let (room, target) = (patient(), Target::new());
    target.run(&room, &room.yes().without("apply/concurrent")).end().with(3);
    let somebody = target.0.somebody(holds);
    let running = room.spawn(room.answered(&["resume", "session", "--url", &target.1], &room.yes()));
    (room, target, running, somebody)
}

const WAITS_FOR_TABLE: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'CREATE UNIQUE INDEX%'";

#[test]
fn killed_while_the_index_waits_for_its_table() {
    let (room, target, running, somebody) = held("BEGIN; LOCK TABLE public.items IN SHARE MODE");
    until("the build waits for the table", || (target.0.ask(WAITS_FOR_TABLE) == "1").then_some(()));
    killed(&room, &target, running, vec![somebody], false);
}

#[test]
fn killed_while_the_index_waits_for_writers_before_the_build() {
    let (room, target, running, somebody) = held(WRITER);
    target.waits("waiting for writers before build");
    killed(&room, &target, running, vec![somebody], true);
}

#[test]
fn killed_while_the_index_waits_for_writers_before_the_validation() {
    let (room, target, running, first) = held(WRITER);
    target.waits("waiting for writers before build");
    let second = target.0.somebody("BEGIN; UPDATE public.items SET name = name WHERE id = 2");
    first.leaves();
    target.waits("waiting for writers before validation");
    killed(&room, &target, running, vec![second], true);
}

#[test]
fn killed_while_the_index_waits_for_old_snapshots() {
    let (room, target, running, somebody) =
        held("BEGIN ISOLATION LEVEL REPEATABLE READ; TABLE public.counted");
    target.waits("waiting for old snapshots");
    killed(&room, &target, running, vec![somebody], true);
}

#[test]
fn an_old_snapshot_only_makes_it_wait() {
    let (room, target, running, somebody) =
        held("BEGIN ISOLATION LEVEL REPEATABLE READ; TABLE public.counted");
    target.waits("waiting for old snapshots");
    somebody.leaves();
    running.end().with(0).says(&["verdict: PASS"]);
    assert!(room.halts().is_empty());
    target.is_whole(0);
}

#[test]
fn the_backend_is_killed_in_the_build() {
    let (room, target, running, somebody) = held(WRITER);
    target.waits("waiting for writers before build");
    let pid = target.0.ask("SELECT pid FROM pg_stat_progress_create_index");
    assert_eq!(target.0.ask(&format!("SELECT pg_terminate_backend({pid})")), "t");
    running.end().with(5).says(&["condition 8 of 8"]);
    contains(
        room.halt()["left"].as_str().unwrap(),
        &["unit 2 was asked for and its end was not heard", "unit 1 of 5 is done and stays"],
    );
    somebody.leaves();
    // The first decision was made before anybody knew of the index: it is asked about by name.
    let answers = room
        .yes()
        .with("assess", &["somebody killed it", "the index is half built"])
        .with("decide", &["resume: it was the wrong one", "resume: build it again"])
        .with("document", &["asked around", "built again"]);
    target.resume(&room, &answers).with(0).says(&["index public.items_name_key is INVALID", "verdict: PASS"]);
    assert_eq!(room.halts().len(), 2);
    target.is_whole(1);
    room.verify().with(0);
}

#[test]
fn stop_in_the_middle_of_an_index_names_what_is_left() {
    let (room, target, running, somebody) = held(WRITER);
    target.waits("waiting for writers before build");
    running.signal(rustix::process::Signal::INT);
    running.end().with(5).says(&["stopped by the operator"]);
    contains(
        room.halt()["left"].as_str().unwrap(),
        &["unit 2 failed; index public.items_name_key is INVALID", "unit 1 of 5 is done and stays"],
    );
    somebody.leaves();
    target.resume(&room, &room.yes().at_a_stop("resume: go on")).with(0).says(&["verdict: PASS"]);
    assert_eq!(room.halts().len(), 1);
    target.is_whole(1);
}

#[test]
fn killed_right_after_a_unit_was_committed() {
    let (room, target) = (patient(), Target::new());
    let running = target.run(&room, &room.yes());
    room.recorded(&["unit-requested", "apply/concurrent", "\"index\":0"]);
    running.kill();
    target.is_left_alone();
    let stop = room.yes().at_a_stop("resume: it was interrupted");
    target.resume(&room, &stop).with(0).says(&["verdict: PASS"]);
    assert_eq!(target.0.ask(COUNTED), "block last", "each took effect once");
    assert_eq!(target.0.ask(VALID), "t");
    room.verify().with(0);
}

#[test]
fn a_new_value_of_an_enum_is_used_after_it_is_final() {
    let up = "CREATE TYPE public.mood AS ENUM ('calm');
ALTER TYPE public.mood ADD VALUE IF NOT EXISTS 'glad';
CREATE TABLE public.moods (it public.mood);
INSERT INTO public.moods VALUES ('glad');
CREATE UNIQUE INDEX items_name_key ON public.items (name);
";
    let down = "DROP TABLE IF EXISTS public.moods; DROP TYPE IF EXISTS public.mood; DROP INDEX IF EXISTS public.items_name_key;";
    // It is not made to be applied again.
    let once = |room: &Room| {
        let text = room.read("ceremony.toml");
        let at = text.find("[[step]]\nid = \"reapply\"").unwrap();
        fs::write(room.path("ceremony.toml"), &text[..at]).unwrap();
    };
    let room = small(up, down, "");
    once(&room);
    // The type is made in the same transaction here, which PostgreSQL allows; one that was there before is not.
    fs::write(room.path(BASE), BASE_SQL.to_owned() + "CREATE TYPE public.mood AS ENUM ('calm');").unwrap();
    let review =
        |room: &Room, old: &str, new: &[u8]| room.define(&sha256(old.as_bytes()), &sha256(new)).read(BASE);
    let base = review(&room, BASE_SQL, &fs::read(room.path(BASE)).unwrap());
    let later = up.replace("CREATE TYPE public.mood AS ENUM ('calm');\n", "");
    fs::write(room.path(UP), &later).unwrap();
    room.define(&sha256(up.as_bytes()), &sha256(later.as_bytes()));
    room.run(&room.yes()).with(5).says(&["55P04", "give this script transaction = \"none\""]);
    contains(room.halt()["why"].as_str().unwrap(), &["before it is used"]);

    let room = small(&later, down, "transaction = \"none\"");
    once(&room);
    fs::write(room.path(BASE), &base).unwrap();
    room.define(&sha256(BASE_SQL.as_bytes()), &sha256(base.as_bytes()));
    room.call(&["check"]).with(0);
    room.run(&room.yes()).with(0).says(&["verdict: PASS"]);
    assert_eq!(room.ask_after(&["TABLE public.moods"]), ["glad"]);
}
