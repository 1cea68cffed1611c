//! E10: files that reach for the ledger, the history, the role, the settings and our other connections.

use crate::effort::{effort, figures};
use crate::mini::*;

/// What must become of a file.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fate {
    /// Refused before it runs.
    Refused,
    /// Stopped, with nothing left.
    Stopped,
    /// Applied, once: what it did has no part in proof, ledger or history.
    Applied,
    /// The same, and the next step finds a server that it cannot use.
    Shut,
}
use Fate::*;

const FILES: &[(Fate, &str)] = &[
    (Stopped, "DROP TABLE ceremony.ledger;"),
    (Stopped, "DROP SCHEMA ceremony CASCADE;"),
    (Stopped, "ALTER TABLE ceremony.ledger RENAME TO other;"),
    (Stopped, "ALTER SCHEMA ceremony RENAME TO other;"),
    (Stopped, "DELETE FROM ceremony.ledger;"),
    (Stopped, "TRUNCATE ceremony.ledger;"),
    (Stopped, "UPDATE ceremony.ledger SET state = 'done';"),
    (Stopped, "UPDATE ceremony.ledger SET attempt = 'mine';"),
    (Stopped, "UPDATE ceremony.ledger SET xid = '3';"),
    (Stopped, "ALTER TABLE ceremony.ledger DROP COLUMN state;"),
    (Stopped, "ALTER TABLE ceremony.ledger ADD CHECK (state = 'running');"),
    (Stopped, "CREATE RULE r AS ON UPDATE TO ceremony.ledger DO INSTEAD NOTHING;"),
    (Stopped, "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
      CREATE TRIGGER t BEFORE UPDATE ON ceremony.ledger FOR EACH ROW EXECUTE FUNCTION public.f();"),
    (Stopped, "INSERT INTO supabase_migrations.schema_migrations (version) VALUES ('20260301000000');"),
    (Stopped, "DROP TABLE supabase_migrations.schema_migrations;"),
    (Stopped, "ALTER TABLE supabase_migrations.schema_migrations RENAME COLUMN version TO v;"),
    (Stopped, "CREATE TABLE public.k (id int REFERENCES public.k (id));"),
    (Stopped, "CREATE TABLE public.k (id int PRIMARY KEY, up int REFERENCES public.k (id) DEFERRABLE INITIALLY DEFERRED);
      INSERT INTO public.k VALUES (1, 2);"),
    (Stopped, "CREATE FUNCTION public.f() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM ceremony.ledger; END $$;
      CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.f(); CREATE TABLE public.sneaked (id int);"),
    (Stopped, "SELECT pg_terminate_backend(pg_backend_pid());"),
    (Stopped, "SELECT pg_cancel_backend(pg_backend_pid()); SELECT pg_sleep(5);"),
    (Stopped, "SET statement_timeout = 1; SELECT pg_sleep(5);"),
    (Stopped, "SET LOCAL default_transaction_read_only = on; SET LOCAL transaction_read_only = on;"),
    (Refused, "ALTER SYSTEM SET fsync = off;"),
    (Refused, "DISCARD ALL;"),
    (Applied, "DISCARD PLANS; DISCARD SEQUENCES; DISCARD TEMP;"),
    (Stopped, "SELECT pg_advisory_unlock_all();"),
    (Stopped, "SELECT pg_advisory_unlock(hashtextextended('ceremony', 0));"),
    (Stopped, "CREATE TABLE ceremony.other AS TABLE ceremony.ledger; DROP TABLE ceremony.ledger;
      ALTER TABLE ceremony.other RENAME TO ledger;"),
    (Stopped, "ALTER TABLE ceremony.ledger DROP CONSTRAINT ledger_pkey;"),
    (Shut, "ALTER DATABASE postgres SET default_transaction_read_only = on;"),
    (Applied, "SET ROLE pg_monitor;"),
    (Applied, "SET SESSION AUTHORIZATION pg_monitor;"),
    (Applied, "SET LOCAL statement_timeout = 1;"),
    (Applied, "SET synchronous_commit = off; SET LOCAL commit_delay = 1; SET lock_timeout = 1; SET row_security = off;"),
    (Applied, "SET standard_conforming_strings = off; SET escape_string_warning = off; SET backslash_quote = on;"),
    (Applied, "SET default_transaction_isolation = serializable; SET default_transaction_deferrable = on;"),
    (Applied, "CREATE SCHEMA evil; CREATE TABLE evil.ledger (LIKE ceremony.ledger);
      CREATE FUNCTION evil.pg_current_xact_id() RETURNS xid8 LANGUAGE sql AS $$ SELECT '3'::xid8 $$;
      CREATE FUNCTION evil.coalesce(int) RETURNS int LANGUAGE sql AS $$ SELECT 7 $$;
      CREATE FUNCTION evil.never(text, text) RETURNS bool LANGUAGE sql AS $$ SELECT false $$;
      CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.never);
      SET search_path = evil, pg_catalog, public;"),
    (Applied, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'ceremony %' AND pid <> pg_backend_pid();"),
    (Applied, "SELECT set_config('application_name', 'nobody', false), set_config('TimeZone', 'Asia/Tokyo', false);"),
    (Applied, "LISTEN x; NOTIFY x, 'hello';"),
    (Applied, "ALTER ROLE postgres SET search_path = evil; ALTER ROLE postgres SET statement_timeout = 1000;"),
];

#[test]
fn what_reaches_for_the_ledger_is_stopped_or_in_vain() {
    let server = used();
    let every = if effort() > 1 { 1 } else { 3 };
    let (mut refused, mut stopped, mut applied) = (0, 0, 0);
    for (fate, sql) in FILES.iter().step_by(every) {
        let room = mini(&format!("{GOOD}\n{sql}\n"));
        let url = server.url();
        let ended = run_on(&room, &url, &room.yes());
        let said = format!("{sql}\n{}", ended.said());
        let code = match fate {
            Refused => (refused += 1, 2).1,
            Stopped => (stopped += 1, 5).1,
            Applied => (applied += 1, 0).1,
            Shut => (applied += 1, 3).1,
        };
        assert_eq!(ended.code, Some(code), "{said}");
        let left = if matches!(fate, Applied | Shut) { ONCE } else { NOTHING };
        assert_eq!(server.ask(LEFT), left, "{said}");
        if *fate != Refused {
            room.verify().with(0);
        }
        server.ask(BACK);
    }
    let all = refused + stopped + applied;
    let words = format!(
        "{all} files: {refused} refused, {stopped} stopped with 0 left, {applied} applied once with 0 wrong rows"
    );
    figures("E10", &words);
}

/// Deferred anew while the proof makes it immediate, so that it comes with COMMIT itself.
const AT_COMMIT: &str = "CREATE TABLE public.one (id int); CREATE TABLE public.other (id int);
    CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      SET CONSTRAINTS ALL DEFERRED; INSERT INTO public.other VALUES (1); RETURN NULL; END $$;
    CREATE FUNCTION public.g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      DELETE FROM ceremony.ledger; RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER a AFTER INSERT ON public.one DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION public.f();
    CREATE CONSTRAINT TRIGGER b AFTER INSERT ON public.other DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION public.g();
    INSERT INTO public.one VALUES (1);";

/// When all is proved already: only who reads the ledger again after COMMIT sees it.
#[test]
fn a_row_that_goes_while_it_is_committed_is_missed() {
    let server = used();
    let room = mini(&format!("{GOOD}\n{AT_COMMIT}\n"));
    run_on(&room, &server.url(), &room.yes())
        .with(5)
        .says(&["condition 8 of 8", "the server said COMMIT, but the ledger does not have the row"]);
    assert!(room.events("step-committed").is_empty());
    assert_eq!(server.ask(LEFT), "mini 20260301000000 0");
    room.verify().with(0);
}
