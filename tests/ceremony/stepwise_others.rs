//! Without a transaction, beside indexes that are built: REINDEX and DETACH PARTITION, interrupted.

use crate::room::*;
use crate::small::*;

const INVALID: &str = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";

/// A ceremony whose migration waits for somebody, and is killed there. `made` is there before it.
fn killed_in(up: &str, made: &str, holds: &str, waits: &str) -> (Room, Target) {
    let (room, target) = (small(up, "SELECT 1;", "transaction = \"none\""), Target::new());
    target.run(&room, &room.yes().without("apply/concurrent")).end().with(3);
    target.0.ask(made);
    let somebody = target.0.somebody(holds);
    let running = room.spawn(room.answered(&["resume", "session", "--url", &target.1], &room.yes()));
    until("the statement waits", || (target.0.ask(waits) == "1").then_some(()));
    running.kill();
    target.is_left_alone();
    somebody.leaves();
    (room, target)
}

#[test]
fn an_interrupted_reindex_leaves_an_index_that_is_removed_after_the_word() {
    let up = "REINDEX INDEX CONCURRENTLY public.items_name_key;\n";
    let made = "CREATE UNIQUE INDEX items_name_key ON public.items (name)";
    let waits = "SELECT count(*) FROM pg_stat_progress_create_index WHERE command = 'REINDEX CONCURRENTLY' AND phase LIKE 'waiting%'";
    let (room, target) =
        killed_in(up, made, "BEGIN; UPDATE public.items SET name = name WHERE id = 1", waits);
    assert_eq!(target.0.ask(INVALID), "1");
    let stop = room.yes().at_a_stop("resume: nobody else reindexes").without("drill");
    target.resume(&room, &stop).with(3).says(&[
        "index public.items_name_key_ccnew is INVALID, left by a REINDEX CONCURRENTLY",
        "DROP INDEX CONCURRENTLY public.items_name_key_ccnew",
        "apply/concurrent: PASS",
        "reapply/concurrent: PASS",
    ]);
    assert_eq!(target.0.ask(INVALID), "0");
    assert_eq!(target.0.ask(VALID), "t");
}

#[test]
fn an_interrupted_detach_is_ended_and_not_begun_again() {
    let up = "CREATE UNIQUE INDEX IF NOT EXISTS items_name_key ON public.items (name);
ALTER TABLE public.parts DETACH PARTITION public.part_1 CONCURRENTLY;
INSERT INTO public.counted VALUES ('last');
";
    let made = "CREATE TABLE public.parts (id int) PARTITION BY RANGE (id);
        CREATE TABLE public.part_1 PARTITION OF public.parts FOR VALUES FROM (0) TO (10)";
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER TABLE public.parts DETACH%'";
    let (room, target) = killed_in(up, made, "BEGIN; TABLE public.parts", waits);
    let pending = "SELECT inhdetachpending FROM pg_inherits WHERE inhparent = 'public.parts'::regclass";
    assert_eq!(target.0.ask(pending), "t");
    let stop = room.yes().at_a_stop("resume: nobody reads it any more").without("reapply/concurrent");
    target.resume(&room, &stop).with(3).says(&[
        "partition public.part_1 of public.parts is half detached",
        "ALTER TABLE public.parts DETACH PARTITION public.part_1 FINALIZE",
        "unit 2 of 3: left out: it happened already",
        "apply/concurrent: PASS",
    ]);
    assert_eq!(target.0.ask(pending), "");
    assert_eq!(target.0.ask("TABLE public.counted"), "last");
    // Applied again it would be refused, so it is not shown as harmless.
    let again = target.resume(&room, &room.yes().with("reapply/concurrent", &["{phrase}"]));
    again.with(3).says(&["cannot be shown to do nothing when it is applied again"]);
}
