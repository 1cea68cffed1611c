//! The catalog query on a real server: what it must see, and what it must not see.

mod referee;

use super::*;
use crate::runner::server::{Embedded, find_programs};
use std::process::Command;

struct Database {
    server: Embedded,
    _home: tempfile::TempDir,
}

impl Database {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let programs = find_programs(None).unwrap_or_else(|error| panic!("{error}"));
        let server =
            Embedded::start(&programs, home.path(), "calendar").unwrap_or_else(|error| panic!("{error}"));
        Database { server, _home: home }
    }

    fn psql(&self, sql: &str) -> Vec<u8> {
        let output = Command::new(find_programs(None).unwrap().program("psql"))
            .args(["-X", "-q", "-A", "-t", "-0", "-F", "\u{1}", "-v", "ON_ERROR_STOP=1", "-U", "postgres"])
            .args(["-d", "calendar", "-p", &self.server.port().to_string(), "-h"])
            .arg(self.server.socket_folder())
            .args(["-c", sql])
            .env("PGOPTIONS", "-c client_min_messages=warning")
            .output()
            .unwrap();
        assert!(output.status.success(), "{sql}\n{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn run(&self, sql: &str) {
        self.psql(sql);
    }

    fn snapshot(&self) -> Snapshot {
        self.snapshot_and_ids().0
    }

    fn snapshot_and_ids(&self) -> (Snapshot, Ids) {
        let bytes = self.psql(&format!("{}; {QUERY}", SETTINGS.join("; ")));
        let text = String::from_utf8(bytes).unwrap();
        let (mut rows, mut ids) = (Vec::new(), Ids::default());
        for row in text.split_terminator('\0') {
            let cells: Vec<&str> = row.split('\u{1}').collect();
            let [object, definition, id] = cells[..] else { panic!("three columns: {row}") };
            rows.push((object.to_owned(), definition.to_owned()));
            ids.0.insert(object.to_owned(), id.to_owned());
        }
        let snapshot = Snapshot::from_rows(rows.clone());
        let sorted: Vec<(String, String)> = snapshot.0.clone().into_iter().collect();
        assert_eq!(rows, sorted, "sorted, and each object once");
        (snapshot, ids)
    }

    /// The objects that `sql` changes.
    fn changed_by(&self, sql: &str) -> Vec<String> {
        let before = self.snapshot();
        self.run(sql);
        let after = self.snapshot();
        let changes = diff(&before, &after);
        assert_eq!(changes.is_empty(), before.hash() == after.hash());
        changes.into_iter().map(|it| it.object).collect()
    }
}

const SCHEMA: &str = "
CREATE EXTENSION pgcrypto;
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('sad', 'happy');
CREATE DOMAIN app.mail AS text CHECK (VALUE ~ '@');
CREATE TYPE app.pair AS (a int, b text);
CREATE TYPE app.span AS RANGE (subtype = float8);
CREATE TABLE rooms (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL DEFAULT 'x', mood app.mood);
CREATE TABLE bookings (id serial PRIMARY KEY, room bigint REFERENCES rooms, \"when\" timestamptz,
    twice int GENERATED ALWAYS AS (1 + 1) STORED, CONSTRAINT sane CHECK (id > 0));
CREATE TABLE parts (k int, v text) PARTITION BY RANGE (k);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE INDEX bookings_room ON bookings (room);
CREATE FUNCTION f(integer, text) RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT $1';
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW v AS SELECT id FROM bookings;
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one;
CREATE RULE quiet AS ON DELETE TO rooms DO ALSO NOTHING;
CREATE STATISTICS st ON id, room FROM bookings;
CREATE PUBLICATION pub FOR TABLE bookings;
CREATE CAST (app.mood AS app.pair) WITH INOUT;
CREATE OPERATOR app.=== (leftarg = int, rightarg = int, function = int4eq);
CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER et ON ddl_command_end WHEN TAG IN ('CREATE CAST') EXECUTE FUNCTION noted();
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC;
CREATE SCHEMA ceremony; CREATE TABLE ceremony.ledger (id int);
CREATE SCHEMA supabase_migrations; CREATE TABLE supabase_migrations.schema_migrations (version text PRIMARY KEY);
";

/// What information_schema does not see, among other things: each change and the objects it shows in.
const CHANGES: &[(&str, &[&str])] = &[
    ("ALTER TABLE bookings ENABLE ROW LEVEL SECURITY", &["table public.bookings"]),
    ("ALTER TABLE bookings FORCE ROW LEVEL SECURITY", &["table public.bookings"]),
    ("CREATE POLICY mine ON bookings FOR SELECT USING (id = 1)", &["policy public.bookings.mine"]),
    ("ALTER POLICY mine ON bookings USING (id = 2)", &["policy public.bookings.mine"]),
    ("COMMENT ON TABLE bookings IS 'a'", &["comment on table public.bookings"]),
    ("COMMENT ON COLUMN bookings.\"when\" IS 'a'", &["comment on column public.bookings.\"when\""]),
    ("COMMENT ON FUNCTION f(int, text) IS 'a'", &["comment on function public.f(integer, text)"]),
    ("COMMENT ON CONSTRAINT sane ON bookings IS 'a'", &["comment on constraint public.bookings.sane"]),
    ("ALTER TABLE bookings SET (fillfactor = 70)", &["table public.bookings"]),
    ("ALTER TABLE bookings DISABLE TRIGGER touched", &["trigger public.bookings.touched"]),
    ("ALTER TABLE bookings DISABLE TRIGGER ALL", &["constraint public.bookings.bookings_room_fkey"]),
    ("ALTER TABLE bookings ADD CONSTRAINT n CHECK (id < 9) NOT VALID", &["constraint public.bookings.n"]),
    ("ALTER TABLE bookings VALIDATE CONSTRAINT n", &["constraint public.bookings.n"]),
    ("ALTER TABLE bookings REPLICA IDENTITY FULL", &["table public.bookings"]),
    ("ALTER TABLE bookings ALTER room SET STATISTICS 500", &["column public.bookings.room"]),
    ("ALTER TABLE rooms ALTER name SET STORAGE EXTERNAL", &["column public.rooms.name"]),
    ("ALTER TABLE rooms ALTER name SET COMPRESSION pglz", &["column public.rooms.name"]),
    ("ALTER TABLE rooms ALTER name DROP NOT NULL", &["column public.rooms.name"]),
    ("ALTER STATISTICS st SET STATISTICS 50", &["statistics public.st"]),
    ("ALTER TABLE bookings CLUSTER ON bookings_room", &["index public.bookings_room"]),
    ("ALTER TYPE app.mood ADD VALUE 'calm' BEFORE 'happy'", &["type app.mood"]),
    ("ALTER DOMAIN app.mail SET DEFAULT 'a@b'", &["domain app.mail"]),
    ("ALTER SEQUENCE bookings_id_seq CACHE 5", &["sequence public.bookings_id_seq"]),
    ("GRANT SELECT ON bookings TO PUBLIC", &["table public.bookings"]),
    ("GRANT SELECT (id) ON rooms TO PUBLIC", &["column public.rooms.id"]),
    ("ALTER VIEW v SET (security_barrier)", &["view public.v"]),
    ("ALTER TABLE rooms ADD extra int", &["column order public.rooms", "column public.rooms.extra"]),
    ("ALTER EVENT TRIGGER et DISABLE", &["event trigger et"]),
    ("ALTER PUBLICATION pub SET (publish = 'insert')", &["publication pub"]),
    ("CREATE EXTENSION hstore SCHEMA app", &["comment on extension hstore", "extension hstore"]),
    ("DROP EXTENSION hstore", &["comment on extension hstore", "extension hstore"]),
    ("ALTER FUNCTION f(int, text) STABLE", &["function public.f(integer, text)"]),
    ("CREATE OR REPLACE PROCEDURE p() LANGUAGE sql AS 'SELECT 2'", &["procedure public.p()"]),
    (
        "ALTER TABLE parts DETACH PARTITION parts_1",
        &["column public.parts_1.k", "column public.parts_1.v", "table public.parts_1"],
    ),
];

#[test]
fn sees_what_information_schema_does_not() {
    let database = Database::new();
    database.run(SCHEMA);
    for (sql, expected) in CHANGES {
        assert_eq!(database.changed_by(sql), *expected, "{sql}");
    }
}

#[test]
fn names_objects_and_leaves_out_what_is_not_the_users() {
    let database = Database::new();
    database.run(SCHEMA);
    let snapshot = database.snapshot();
    for object in [
        "schema app",
        "schema public",
        "extension pgcrypto",
        "table public.bookings",
        "column public.bookings.\"when\"",
        "column order public.bookings",
        "constraint public.bookings.sane",
        "constraint app.mail.mail_check",
        "index public.bookings_pkey",
        "index public.bookings_room",
        "trigger public.bookings.touched",
        "function public.f(integer, text)",
        "procedure public.p()",
        "aggregate public.total(integer)",
        "view public.v",
        "materialized view public.mv",
        "sequence public.bookings_id_seq",
        "sequence public.rooms_id_seq",
        "type app.mood",
        "type app.pair",
        "type app.span",
        "domain app.mail",
        "rule public.rooms.quiet",
        "statistics public.st",
        "publication pub",
        "event trigger et",
        "cast (app.mood as app.pair)",
        "operator app.===(integer, integer)",
        "default privileges of postgres in app on tables",
        "column public.v.id",
    ] {
        assert!(snapshot.0.contains_key(object), "{object} is not among {:#?}", snapshot.0.keys());
    }
    let hidden = |it: &&String| {
        ["ceremony", "supabase_migrations", "pg_catalog", "information_schema", "digest", "pg_toast"]
            .iter()
            .any(|word| it.contains(word))
    };
    assert_eq!(snapshot.0.keys().find(hidden), None);
    assert_eq!(snapshot.0["column public.rooms.mood"], "app.mood");
    assert_eq!(snapshot.0["column public.bookings.twice"], "integer; generated s (1 + 1)");
    assert_eq!(snapshot.0["column order public.bookings"], "id, room, \"when\", twice");
}

#[test]
fn the_same_shape_made_again_is_the_same() {
    let database = Database::new();
    database.run(SCHEMA);
    let all = "DROP SCHEMA public, app, ceremony, supabase_migrations CASCADE; DROP EVENT TRIGGER IF EXISTS et; \
               DROP PUBLICATION pub; CREATE SCHEMA public AUTHORIZATION pg_database_owner; \
               GRANT USAGE ON SCHEMA public TO PUBLIC; COMMENT ON SCHEMA public IS 'standard public schema'; ";
    assert_eq!(database.changed_by(&format!("{all}{SCHEMA}")), Vec::<String>::new());
    assert_eq!(database.changed_by("INSERT INTO rooms (name) VALUES ('a'); ANALYZE"), Vec::<String>::new());
    assert_eq!(
        database.changed_by("GRANT SELECT ON v TO PUBLIC; REVOKE SELECT ON v FROM PUBLIC"),
        Vec::<String>::new()
    );
    assert_eq!(
        database.changed_by("CREATE TABLE ceremony.more (id int); CREATE TEMP TABLE t (id int)"),
        Vec::<String>::new()
    );
}

#[test]
fn an_object_made_anew_has_another_id() {
    let database = Database::new();
    database.run(SCHEMA);
    let (snapshot, before) = database.snapshot_and_ids();
    // Written again in place: the same object.
    database
        .run("CREATE OR REPLACE FUNCTION f(integer, text) RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT $1'");
    assert_eq!(before.recreated(&database.snapshot_and_ids().1), Vec::<String>::new());
    database.run(
        "DROP INDEX bookings_room; CREATE INDEX bookings_room ON bookings (room);
         DROP TRIGGER touched ON bookings;
         CREATE TRIGGER touched BEFORE UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION touch()",
    );
    let (after, now) = database.snapshot_and_ids();
    assert_eq!(after.hash(), snapshot.hash());
    assert_eq!(before.recreated(&now), ["index public.bookings_room", "trigger public.bookings.touched"]);
}

#[test]
fn the_difference_is_told_by_object() {
    let snapshot = |pairs: &[(&str, &str)]| {
        Snapshot::from_rows(pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())))
    };
    let (before, after) =
        (snapshot(&[("a", "1"), ("b", "2"), ("d", "")]), snapshot(&[("b", "3"), ("c", "4"), ("d", "")]));
    let change = |object: &str, before: Option<&str>, after: Option<&str>| ObjectChange {
        object: object.into(),
        before: before.map(Into::into),
        after: after.map(Into::into),
    };
    assert_eq!(
        diff(&before, &after),
        [change("a", Some("1"), None), change("b", Some("2"), Some("3")), change("c", None, Some("4")),]
    );
    assert_eq!(diff(&after, &after), []);
    // Lengths keep the borders: moving a letter over one is another hash.
    assert_ne!(snapshot(&[("ab", "c")]).hash(), snapshot(&[("a", "bc")]).hash());
    assert_eq!(
        Snapshot::default().hash(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}
