//! A small ceremony with a migration that has no transaction, and a server that outlives the program.

use crate::room::*;
use ceremony::runner::files::sha256;
use std::fs;

pub const BASE: &str = "migrations/1_base.sql";
pub const UP: &str = "migrations/2_concurrent.sql";
const DOWN: &str = "docs/ops/down.sql";

pub const BASE_SQL: &str = "CREATE TABLE IF NOT EXISTS public.items (id int PRIMARY KEY, name text);
CREATE TABLE IF NOT EXISTS public.counted (what text);
INSERT INTO public.items SELECT n, 'name ' || n FROM generate_series(1, 100) AS n ON CONFLICT DO NOTHING;
";
pub const UP_SQL: &str = "ALTER TABLE public.items ADD COLUMN IF NOT EXISTS note text;
BEGIN;
INSERT INTO public.counted VALUES ('block');
UPDATE public.items SET note = 'seen' WHERE note IS NULL;
COMMIT;
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS items_name_key ON public.items (name);
VACUUM (ANALYZE) public.items;
INSERT INTO public.counted VALUES ('last');
";
pub const DOWN_SQL: &str = "DROP INDEX CONCURRENTLY IF EXISTS public.items_name_key;
ALTER TABLE public.items DROP COLUMN IF EXISTS note;
DELETE FROM public.counted;
";
pub const COUNTED: &str = "SELECT string_agg(what, ' ' ORDER BY what) FROM public.counted";
pub const VALID: &str =
    "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('public.items_name_key')";
pub const UNITS: &str = "SELECT migration, cycle, direction, state, units_done, units, cardinality(earlier) FROM ceremony.ledger WHERE units IS NOT NULL ORDER BY migration, cycle";

/// A small ceremony in place of the shipped one: a base, and a migration without a transaction.
pub fn small(up: &str, down: &str, word: &str) -> Room {
    let room = Room::new();
    fs::write(room.path(BASE), BASE_SQL).unwrap();
    fs::write(room.path(UP), up).unwrap();
    fs::write(room.path(DOWN), down).unwrap();
    fs::write(room.path("docs/ops/base_down.sql"), "DROP TABLE public.items; DROP TABLE public.counted;")
        .unwrap();
    fs::write(
        room.path("docs/ops/q.sql"),
        "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('public.items_name_key')",
    )
    .unwrap();
    let sum = |name: &str| sha256(&fs::read(room.path(name)).unwrap());
    let input = |name: &str| format!("[[input]]\npath = \"{name}\"\nsha256 = \"{}\"\n", sum(name));
    let rollback = |script: &str, word: &str| {
        format!(
            "[migration.rollback]\nscript = \"{script}\"\nsummary = \"Undoes it.\"\nwhen = \"Needed.\"\ndeletes = [{}]\nkept = []\n{word}\n",
            if script.contains("base") { "\"public.items\"" } else { "" }
        )
    };
    let migration = |id: &str, file: &str, after: &str, verify: &str, word: &str| {
        format!(
            "[[migration]]\nid = \"{id}\"\ntitle = \"{id}\"\nfile = \"{file}\"\nsha256 = \"{}\"\nrisk = \"low\"\nafter = [{after}]\nsummary = \"Things.\"\nverify = [{verify}]\n{word}\n",
            sum(file)
        )
    };
    let step =
        |id: &str, kind: &str| format!("[[step]]\nid = \"{id}\"\nkind = \"{kind}\"\ntitle = \"{id}\"\n");
    let text = [
        "format = 1\n[ceremony]\nid = \"small\"\ntitle = \"Small\"\npurpose = \"Tries it.\"\nrisks = []\n".to_owned(),
        "[limits]\nlock_timeout_ms = 60000\n[[protect]]\ntable = \"public.items\"\n".to_owned(),
        input(DOWN) + &input("docs/ops/base_down.sql") + &input("docs/ops/q.sql"),
        migration("base", BASE, "", "", "commit = \"auto\""),
        rollback("docs/ops/base_down.sql", ""),
        // It writes each time, and the rows are mended by hand in between.
        migration(
            "concurrent",
            UP,
            "\"base\"",
            "\"index\"",
            &format!("reapply = \"mutates\"\nupdates = [\"public.items\"]\n{word}"),
        ),
        rollback(DOWN, if down.contains("CONCURRENTLY") { "transaction = \"none\"" } else { "" }),
        "[[query]]\nid = \"index\"\ntitle = \"The index is valid\"\nscript = \"docs/ops/q.sql\"\nexpect = { value = \"t\" }\n".to_owned(),
        step("backup", "backup") + "tables = []\n" + &step("apply", "apply") + &step("verify", "verify") + "queries = [\"index\"]\n",
        step("reapply", "reapply") + &step("drill", "drill"),
    ];
    fs::write(room.path("ceremony.toml"), text.concat()).unwrap();
    room
}

pub fn ordinary() -> Room {
    small(UP_SQL, DOWN_SQL, "transaction = \"none\"")
}

/// A server that outlives the program, and the arguments to use it.
pub struct Target(pub Own, pub String);

impl Target {
    pub fn new() -> Self {
        let own = Own::new();
        let url = own.url();
        Self(own, url)
    }

    pub fn run(&self, room: &Room, answers: &Answers) -> Running {
        room.spawn(room.answered(&["run", "--session", "session", "--url", &self.1], answers))
    }

    pub fn resume(&self, room: &Room, answers: &Answers) -> Ended {
        room.spawn(room.answered(&["resume", "session", "--url", &self.1], answers)).end()
    }

    /// Waits until the index is being built and waits for somebody in this phase.
    pub fn waits(&self, phase: &str) {
        let sql = format!("SELECT count(*) FROM pg_stat_progress_create_index WHERE phase = '{phase}'");
        until(&format!("the build is {phase}"), || (self.0.ask(&sql) == "1").then_some(()));
    }

    /// Nobody of ours is at work any more.
    pub fn is_left_alone(&self) {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'ceremony %'";
        until("the dead program's backend is gone", || (self.0.ask(sql) == "0").then_some(()));
    }

    #[track_caller]
    pub fn is_whole(&self, earlier: usize) {
        assert_eq!(self.0.ask(COUNTED), "block last", "each took effect once");
        assert_eq!(self.0.ask(VALID), "t");
        assert_eq!(self.0.ask(UNITS), format!("concurrent|1|up|done|5|5|{earlier}"));
        assert_eq!(self.0.ask("SELECT count(*) FROM pg_index WHERE NOT indisvalid"), "0");
        assert_eq!(
            self.0.ask(
                "SELECT version FROM supabase_migrations.schema_migrations WHERE length(version) = 1 ORDER BY 1"
            ),
            "1\n2"
        );
    }
}

/// As the ordinary one, but what comes before the index leaves its table alone.
pub fn patient() -> Room {
    let up = "INSERT INTO public.counted VALUES ('block');
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS items_name_key ON public.items (name);
VACUUM (ANALYZE) public.items;
SELECT 1;
INSERT INTO public.counted VALUES ('last');
";
    let down = "DROP INDEX CONCURRENTLY IF EXISTS public.items_name_key;\nDELETE FROM public.counted;";
    small(up, down, "transaction = \"none\"")
}
