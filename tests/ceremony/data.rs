//! What rows hold: changed without getting fewer, dropped, of another type.

use crate::room::*;
use serde_json::Value;

/// Puts a protected table with a few rows into the baseline.
fn protect(room: &Room, name: &str, columns: &str, rows: &str, more: &str) {
    room.add(
        BASELINE,
        &format!("CREATE TABLE public.{name} ({columns});\nINSERT INTO public.{name} {rows};"),
    );
    room.define(
        "[[protect]]\ntable = \"public.providers\"",
        &format!(
            "[[protect]]\ntable = \"public.{name}\"\n{more}\n\n[[protect]]\ntable = \"public.providers\""
        ),
    );
}

/// The judgement of a table's rows in a step.
#[track_caller]
fn rows_of(room: &Room, step: &str, table: &str) -> (String, String) {
    let judged = room.events("check-judged");
    let found = judged
        .iter()
        .rfind(|event| event["step"] == step && event["check"] == format!("rows:public.{table}"))
        .unwrap_or_else(|| panic!("nobody judged the rows of {table}"));
    let text = |key: &str| found[key].as_str().unwrap().to_owned();
    (text("verdict"), text("observed"))
}

#[track_caller]
fn is(room: &Room, table: &str, verdict: &str, words: &[&str]) {
    let (seen, observed) = rows_of(room, "apply/uniqueness", table);
    assert_eq!(seen, verdict, "{table}: {observed}");
    contains(&observed, words);
}

const EIGHT: &str = "id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \"the Name\" text, price numeric(10,2),
     at timestamptz, ok boolean, ref uuid, note jsonb, place point, twice int GENERATED ALWAYS AS (2) STORED";
const THREE: &str = "(\"the Name\", price, at, ok, ref, note, place)
     SELECT 'row ' || i, i / 4.0, '2026-01-01'::timestamptz + i * interval '1 day', i = 2,
            md5(i::text)::uuid, jsonb_build_object('i', i), point(i, 0) FROM generate_series(1, 3) AS i";

#[test]
fn rows_that_change_without_getting_fewer_are_found_by_column() {
    let room = Room::new();
    let finds = [
        ("one_value", "UPDATE public.one_value SET price = 0.01 WHERE id = 2;", "content changed in price"),
        (
            "swapped",
            "UPDATE public.swapped SET \"the Name\" = CASE id WHEN 1 THEN 'row 2' ELSE 'row 1' END WHERE id < 3;",
            "content changed in the Name",
        ),
        ("no_hash", "UPDATE public.no_hash SET place = point(9, 9) WHERE id = 3;", "content changed in place"),
        (
            "again",
            "CREATE TEMP TABLE aside AS SELECT * FROM public.again; DELETE FROM public.again;
             INSERT INTO public.again (id, \"the Name\", price, at, ok, ref, note, place) OVERRIDING SYSTEM VALUE
             SELECT id, \"the Name\", price, at, NOT ok, ref, note, place FROM aside; DROP TABLE aside;",
            "content changed in ok",
        ),
        (
            "made_anew",
            "CREATE TABLE public.other AS SELECT id, \"the Name\", price, at, ok, ref, note, '(0,0)'::point AS place
               FROM public.made_anew; DROP TABLE public.made_anew; ALTER TABLE public.other RENAME TO made_anew;",
            "content changed in place",
        ),
        ("dropped_and", "ALTER TABLE public.dropped_and DROP COLUMN note; UPDATE public.dropped_and SET ok = true;",
            "content changed in ok; note is dropped"),
        ("cut_short", "ALTER TABLE public.cut_short ALTER at TYPE date;", ""),
        ("cut_more", "ALTER TABLE public.cut_more ALTER price TYPE int;", "content changed in price"),
        ("added_and", "UPDATE public.added_and SET ok = NOT ok; INSERT INTO public.added_and (ok) VALUES (true);",
            "rows were added and others changed"),
    ];
    for (name, sql, _) in finds {
        protect(&room, name, EIGHT, THREE, "");
        room.add(UNIQUENESS, sql);
    }
    room.run(&room.yes()).with(5).says(&["condition 5 of 8", "ROLLBACK"]);
    for (name, _, words) in finds {
        // Days at midnight are days: nothing of them is lost.
        let verdict = if words.is_empty() { "pass" } else { "fail" };
        is(&room, name, verdict, &["3 rows before", words]);
    }
    contains(room.halt()["why"].as_str().unwrap(), &["public.one_value", "content changed in price"]);
    is(&room, "providers", "pass", &["the same in them"]);
    let rolled_back = room.ask_after(&["SELECT price FROM public.one_value WHERE id = 2"]);
    assert_eq!(rolled_back, ["0.50"]);
}

#[test]
fn what_survives_is_compared_and_what_is_meant_passes() {
    let room = Room::new();
    room.tolerant();
    let cases = [
        ("dropped", "ALTER TABLE public.dropped DROP COLUMN note, ADD COLUMN more text DEFAULT 'x';",
            "the same in what is left of them; note is dropped"),
        ("renamed", "ALTER TABLE public.renamed RENAME \"the Name\" TO label; ALTER TABLE public.renamed DROP COLUMN ok;",
            "the same in what is left of them; ok is dropped"),
        ("wider", "ALTER TABLE public.wider ALTER id TYPE bigint, ALTER price TYPE numeric(14,4), ALTER \"the Name\" TYPE varchar(20),
                   ALTER ref TYPE text;", "the same in what is left of them"),
        ("moved", "CREATE TABLE public.other (LIKE public.moved INCLUDING ALL); INSERT INTO public.other
                   (id, \"the Name\", price, at, ok, ref, note, place) OVERRIDING SYSTEM VALUE
                   SELECT id, \"the Name\", price, at, ok, ref, note, place FROM public.moved;
                   DROP TABLE public.moved; ALTER TABLE public.other RENAME TO moved;", "the same in them"),
        ("more", "INSERT INTO public.more (ok) VALUES (true);", "rows were added, none that was there was touched"),
        ("as_said", "UPDATE public.as_said SET price = 0;", "content changed in price, as declared"),
        ("to_json", "ALTER TABLE public.to_json ALTER note TYPE json;",
            "note: type changed from jsonb to json, content not compared"),
        ("keyless", "ALTER TABLE public.keyless DROP COLUMN id;", "id of the primary key is gone, content not compared"),
        ("untouched", "", "the same in them"),
    ];
    for (name, sql, _) in cases {
        protect(&room, name, EIGHT, THREE, "");
        if !sql.is_empty() {
            room.add(UNIQUENESS, sql);
        }
    }
    protect(&room, "counted", EIGHT, THREE, "content = false");
    room.add(UNIQUENESS, "UPDATE public.counted SET price = 0;");
    room.add(BASELINE, "CREATE TABLE public.parts (id int, v text COLLATE \"de-x-icu\", k int) PARTITION BY LIST (k);
        CREATE TABLE public.part_1 PARTITION OF public.parts FOR VALUES IN (1);
        INSERT INTO public.parts VALUES (1, 'a', 1), (1, 'a', 1);
        CREATE TYPE public.mood AS ENUM ('sad', 'ok'); CREATE DOMAIN public.short AS varchar(9) CHECK (value <> '');
        CREATE TABLE public.types (m public.mood, s public.short, d xml, a text[], i interval, v tsvector, r int4range, b bit(3));
        INSERT INTO public.types VALUES ('ok', 'x', '<a/>', '{a,b}', '1 mon', 'a b', '[1,2)', B'101');
        INSERT INTO public.types DEFAULT VALUES;");
    for name in ["parts", "types", "absent"] {
        room.define(
            "[[protect]]\ntable = \"public.providers\"",
            &format!("[[protect]]\ntable = \"public.{name}\"\n\n[[protect]]\ntable = \"public.providers\""),
        );
    }
    room.add(UNIQUENESS, "SET LOCAL intervalstyle = 'iso_8601'; SET LOCAL timezone = 'Asia/Tokyo';");
    room.define("id = \"uniqueness\"\n", "id = \"uniqueness\"\nupdates = [\"public.as_said\"]\n");
    // Not again: some of this cannot be done twice.
    room.run(&room.yes().without("apply/outbound-sync")).with(3);
    for (name, _, words) in cases {
        is(&room, name, "pass", &["3 rows before", words]);
    }
    is(&room, "counted", "pass", &["3 rows before, 3 rows after, only counted (content = false)"]);
    is(&room, "parts", "pass", &["2 rows before, 2 rows after, the same in them"]);
    is(&room, "types", "pass", &["2 rows before, 2 rows after, the same in them"]);
    is(&room, "absent", "pass", &["the table is not there"]);
    let findings: Vec<Value> =
        room.events("finding-raised").iter().map(|event| event["what"].clone()).collect();
    contains(&format!("{findings:?}"), &["public.to_json", "content not compared", "public.keyless"]);
    room.verify().with(0);
}

#[test]
fn a_table_without_a_primary_key_is_compared_as_rows() {
    let room = Room::new();
    let columns = "a int, b text, kind xml";
    let rows = "VALUES (1, 'x', '<a/>'), (1, 'x', '<a/>'), (2, 'y', NULL), (2, 'y', NULL)";
    for name in ["pairs", "moved", "narrowed"] {
        protect(&room, name, columns, rows, "");
    }
    // Two equal rows become two equal others, and values change places between rows: what a XOR or columns
    // by themselves would not see.
    room.add(UNIQUENESS, "UPDATE public.pairs SET a = 3 WHERE a = 1;");
    room.add(UNIQUENESS, "UPDATE public.moved SET b = CASE a WHEN 1 THEN 'y' ELSE 'x' END;");
    room.add(UNIQUENESS, "ALTER TABLE public.narrowed DROP COLUMN a;");
    room.run(&room.yes()).with(5).says(&["condition 5 of 8"]);
    is(&room, "pairs", "fail", &["4 rows before, 4 rows after, content changed in a"]);
    is(&room, "moved", "fail", &["content changed in which values stand together in a row"]);
    is(&room, "narrowed", "pass", &["the same in what is left of them; a is dropped"]);
}

/// Rows that others write while a migration runs are not its doing.
#[test]
fn what_others_write_meanwhile_is_not_held_against_the_migration() {
    let own = Own::new();
    own.ask(
        "CREATE TABLE public.busy (id int PRIMARY KEY, v int); INSERT INTO public.busy VALUES (1, 1), (2, 2)",
    );
    let room = Room::new();
    room.define(
        "[[protect]]\ntable = \"public.providers\"",
        "[[protect]]\ntable = \"public.busy\"\n\n[[protect]]\ntable = \"public.providers\"",
    );
    room.define("lock_timeout_ms = 5000", "lock_timeout_ms = 90000");
    room.add(UNIQUENESS, "SELECT pg_advisory_xact_lock(77);");
    let holder = own.somebody("SELECT pg_advisory_lock(77)");
    let url = own.url();
    let answers = room.yes().without("apply/outbound-sync");
    let running = room.spawn(room.answered(&["run", "--session", "session", "--url", &url], &answers));
    until("the migration is in the middle", || {
        let waits = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND NOT granted";
        (!own.ask(waits).is_empty()).then_some(())
    });
    own.ask("UPDATE public.busy SET v = 7 WHERE id = 1");
    holder.leaves();
    running.end().with(3);
    is(&room, "busy", "pass", &["others changed rows meanwhile, this transaction none"]);
}

#[test]
fn what_nobody_counts_is_not_put_down_to_others() {
    let room = Room::new();
    room.tolerant();
    let cases = [
        ("behind", "UPDATE public.behind_it SET ok = NOT ok;", "fail", "content changed in ok"),
        // The last column, so that the columns look the same.
        (
            "made_again",
            "ALTER TABLE public.made_again DROP COLUMN mark; ALTER TABLE public.made_again ADD COLUMN mark text;",
            "pass",
            "the same in what is left of them; mark is dropped",
        ),
        (
            "renamed",
            "ALTER TYPE public.mood RENAME VALUE 'sad' TO 'glad';",
            "fail",
            "content changed in mood",
        ),
    ];
    room.add(BASELINE, "CREATE TYPE public.mood AS ENUM ('sad', 'so-so');");
    protect(
        &room,
        "behind_it",
        "id int PRIMARY KEY, ok boolean",
        "VALUES (1, true), (2, true), (3, false)",
        "content = false",
    );
    room.add(BASELINE, "CREATE VIEW public.behind AS SELECT * FROM public.behind_it;");
    room.define(
        "table = \"public.providers\"",
        "table = \"public.behind\"\n\n[[protect]]\ntable = \"public.providers\"",
    );
    let three = "VALUES (1, 'a'), (2, 'b'), (3, 'c')";
    protect(&room, "made_again", "id int PRIMARY KEY, mark text", three, "");
    let three = "VALUES (1, 'sad'), (2, 'sad'), (3, 'so-so')";
    protect(&room, "renamed", "id int PRIMARY KEY, mood public.mood", three, "");
    for (_, sql, ..) in cases {
        room.add(UNIQUENESS, sql);
    }
    room.run(&room.yes()).with(5).says(&["condition 5 of 8"]);
    for (name, _, verdict, words) in cases {
        is(&room, name, verdict, &["3 rows before", words]);
    }
}
