//! The smallest ceremony there is: one migration that commits by itself once it is proved, and its way back.

use crate::room::*;
use ceremony::runner::files::sha256;
use std::fs;

pub const FILE: &str = "migrations/20260301000000_mini.sql";
const DOWN: &str = "docs/ops/down.sql";
/// What the one migration does when nobody interferes.
pub const GOOD: &str = "CREATE TABLE public.mini (id int);";
/// Everything that a migration of these tests may leave in the database.
pub const LEFT: &str = "SELECT concat_ws(' ',
    (SELECT string_agg(relname, ' ') FROM pg_class WHERE relname IN ('mini', 'sneaked')),
    (SELECT string_agg(state || cycle, ',' ORDER BY cycle) FROM ceremony.ledger WHERE ceremony = 'mini'),
    (SELECT string_agg(version, ',') FROM supabase_migrations.schema_migrations WHERE version LIKE '202603%'),
    (SELECT count(*) FROM pg_prepared_xacts))";
/// Nothing is left.
pub const NOTHING: &str = "0";
/// It is applied, once.
pub const ONCE: &str = "mini done1 20260301000000 0";

/// A room with this migration in it.
pub fn mini(up: &str) -> Room {
    mini_with(up, "")
}

/// The same, and more at the end of the definition.
pub fn mini_with(up: &str, more: &str) -> Room {
    let room = Room::new();
    fs::write(room.path(DOWN), "DROP TABLE IF EXISTS public.mini;").unwrap();
    fs::write(room.path(FILE), up).unwrap();
    let sum = |name: &str| sha256(&fs::read(room.path(name)).unwrap());
    let text = format!(
        "format = 1\n[ceremony]\nid = \"mini\"\ntitle = \"Mini\"\npurpose = \"Tries it.\"\nrisks = []\n{more}\n\
         [limits]\nlock_timeout_ms = 30000\n\
         [[input]]\npath = \"{DOWN}\"\nsha256 = \"{}\"\n\
         [[migration]]\nid = \"mini\"\ntitle = \"mini\"\nfile = \"{FILE}\"\nsha256 = \"{}\"\nrisk = \"low\"\nafter = []\n\
         summary = \"Things.\"\nverify = []\ncommit = \"auto\"\nundeclared = \"finding\"\n\
         [migration.rollback]\nscript = \"{DOWN}\"\nsummary = \"Undoes it.\"\nwhen = \"Needed.\"\ndeletes = [\"public.mini\"]\nkept = []\n\
         [[step]]\nid = \"backup\"\nkind = \"backup\"\ntitle = \"backup\"\ntables = []\n\
         [[step]]\nid = \"apply\"\nkind = \"apply\"\ntitle = \"apply\"\n\
         [[step]]\nid = \"after\"\nkind = \"backup\"\ntitle = \"after\"\ntables = []\n",
        sum(DOWN),
        sum(FILE)
    );
    fs::write(room.path("ceremony.toml"), text).unwrap();
    room
}

/// Runs it against somebody's server.
pub fn run_on(room: &Room, url: &str, answers: &Answers) -> Ended {
    room.spawn(room.answered(&["run", "--session", "session", "--url", url], answers)).end()
}

/// Goes on with it there.
pub fn resume_on(room: &Room, url: &str, answers: &Answers) -> Ended {
    room.spawn(room.answered(&["resume", "session", "--url", url], answers)).end()
}

/// Takes away what was applied, ledger rows and all, as nobody should.
pub const BACK: &str = "BEGIN READ WRITE; DROP TABLE IF EXISTS public.mini, public.sneaked; DROP SCHEMA IF EXISTS evil CASCADE;
    DELETE FROM ceremony.ledger; DELETE FROM supabase_migrations.schema_migrations WHERE version LIKE '202603%';
    ALTER DATABASE postgres RESET ALL; ALTER ROLE postgres RESET ALL; COMMIT";

/// A server on which a ceremony was held before, so that there is a ledger.
pub fn used() -> Own {
    let server = Own::new();
    let first = mini(GOOD);
    run_on(&first, &server.url(), &first.yes()).with(0);
    server.ask(BACK);
    server
}
