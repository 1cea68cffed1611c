//! pg_dump as the referee: its text changes if and only if our hash does.

use super::*;
use std::path::Path;

impl Database {
    fn pg_dump(&self, arguments: &[&str]) -> String {
        let output = Command::new(find_programs(None).unwrap().program("pg_dump"))
            .args(arguments)
            .args(["-U", "postgres", "-p", &self.server.port().to_string(), "-h"])
            .arg(self.server.socket_folder())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The schema as pg_dump writes it, without what the catalog query leaves out.
    fn dump(&self) -> String {
        let mut arguments =
            vec!["--schema-only", "-N", "ceremony", "-N", "supabase_migrations", "-d", "calendar"];
        // Later minor versions put a random key into each dump, unless they are given one.
        if self.pg_dump(&["--help"]).contains("--restrict-key") {
            arguments.push("--restrict-key=referee");
        }
        self.pg_dump(&arguments)
    }

    /// Both opinions on what `sql` did: whether the dump changed, whether our hash did.
    fn opinions(&self, sql: &str) -> (bool, bool) {
        let (dump, hash) = (self.dump(), self.snapshot().hash());
        self.run(sql);
        (self.dump() != dump, self.snapshot().hash() != hash)
    }
}

/// Each changes the schema. The first nine information_schema does not see.
const SOMETHING: &[&str] = &[
    "ALTER TABLE bookings ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY mine ON bookings FOR SELECT USING (id = 1)",
    "COMMENT ON COLUMN bookings.room IS 'which room'",
    "ALTER TABLE bookings SET (fillfactor = 70)",
    "ALTER TABLE bookings DISABLE TRIGGER touched",
    "ALTER TABLE bookings ADD CONSTRAINT n CHECK (id < 9) NOT VALID",
    "ALTER TABLE bookings REPLICA IDENTITY FULL",
    "ALTER TABLE bookings ALTER room SET STATISTICS 500",
    "CREATE EXTENSION hstore SCHEMA app",
    "ALTER TABLE bookings FORCE ROW LEVEL SECURITY",
    "ALTER POLICY mine ON bookings USING (id = 2)",
    "ALTER TABLE bookings VALIDATE CONSTRAINT n",
    "COMMENT ON TABLE bookings IS 'who is where'",
    "COMMENT ON CONSTRAINT sane ON bookings IS 'of course'",
    "ALTER TABLE rooms ALTER name SET STORAGE EXTERNAL",
    "ALTER TABLE rooms ALTER name SET COMPRESSION pglz",
    "ALTER STATISTICS st SET STATISTICS 50",
    "ALTER TABLE bookings CLUSTER ON bookings_room",
    "ALTER TABLE rooms ALTER name DROP NOT NULL",
    "ALTER TABLE rooms ADD extra int",
    "ALTER TABLE rooms ALTER extra TYPE bigint",
    "ALTER TABLE rooms DROP extra",
    "CREATE UNIQUE INDEX one ON rooms (name) WHERE name <> ''",
    "DROP INDEX one",
    "ALTER TYPE app.mood ADD VALUE 'calm' BEFORE 'happy'",
    "ALTER DOMAIN app.mail SET DEFAULT 'a@b'",
    "ALTER SEQUENCE bookings_id_seq CACHE 5",
    "GRANT SELECT ON bookings TO PUBLIC",
    "GRANT SELECT (id) ON rooms TO PUBLIC",
    "ALTER VIEW v SET (security_barrier)",
    "CREATE OR REPLACE VIEW v AS SELECT id, room FROM bookings",
    "ALTER FUNCTION f(int, text) STABLE",
    "ALTER FUNCTION f(int, text) SET search_path = ''",
    "CREATE OR REPLACE PROCEDURE p() LANGUAGE sql AS 'SELECT 2'",
    "ALTER EVENT TRIGGER et DISABLE",
    "ALTER PUBLICATION pub SET (publish = 'insert')",
    "ALTER TABLE parts DETACH PARTITION parts_1",
    "CREATE INDEX ON ONLY parts (k)",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT INSERT ON TABLES TO PUBLIC",
    "DROP EXTENSION hstore",
];

/// None of these changes the schema, after those above.
const NOTHING: &[&str] = &[
    "INSERT INTO rooms (name) VALUES ('a'); ANALYZE",
    "SELECT nextval('bookings_id_seq')",
    "DROP INDEX bookings_room; CREATE INDEX bookings_room ON bookings (room); ALTER TABLE bookings CLUSTER ON bookings_room",
    "CREATE OR REPLACE PROCEDURE p() LANGUAGE sql AS 'SELECT 2'",
    "DROP RULE quiet ON rooms; CREATE RULE quiet AS ON DELETE TO rooms DO ALSO NOTHING",
    "CREATE TABLE gone (id int); DROP TABLE gone",
    "ALTER TABLE bookings SET (fillfactor = 70)",
    "CREATE TEMP TABLE t (id int)",
    "CREATE TABLE ceremony.more (id int)",
    "GRANT SELECT ON parts TO PUBLIC; REVOKE SELECT ON parts FROM PUBLIC",
];

#[test]
fn the_referee_agrees_on_every_change() {
    let database = Database::new();
    database.run(SCHEMA);
    for sql in SOMETHING {
        assert_eq!(database.opinions(sql), (true, true), "(pg_dump, we) on {sql}");
    }
    for sql in NOTHING {
        assert_eq!(database.opinions(sql), (false, false), "(pg_dump, we) on {sql}");
    }
}

#[test]
fn the_referee_agrees_on_the_shipped_ceremony() {
    let database = Database::new();
    let file =
        |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    database.run(&file("assets/calendar/baseline.sql"));
    let ups = [
        file("migrations/20260117000000_calendar_sync_foundations.sql"),
        file("migrations/20260118000000_fix_external_calendar_events_uniqueness.sql"),
        file("migrations/20260119000000_outbound_calendar_sync.sql"),
    ];
    let back = file("docs/ops/calendar_migration_rollback_scripts.sql");
    let look = || (database.dump(), database.snapshot().hash());
    let mut rungs = vec![look()];
    for up in &ups {
        let opinions = database.opinions(up);
        assert_eq!(opinions.0, opinions.1);
        rungs.push(look());
    }
    let changed: Vec<bool> = rungs.windows(2).map(|pair| pair[0] != pair[1]).collect();
    assert_eq!(changed, [true, false, true], "the second one finds everything in order");
    assert_eq!(database.opinions(&back), (true, true));
    let bottom = look();
    assert!(bottom.0 != rungs[0].0 && bottom.1 != rungs[0].1, "the connections are kept");
    for up in &ups {
        let opinions = database.opinions(up);
        assert_eq!(opinions.0, opinions.1);
    }
    let top = look();
    assert_eq!(top.1, rungs[3].1, "the same as the first time");
    assert!(top.0 == rungs[3].0, "for pg_dump too");
}
