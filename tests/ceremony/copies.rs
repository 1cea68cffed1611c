//! Copies of a database, for rehearsals and drills, also while others are connected to it.

use crate::rehearse::COPIES;
use crate::room::*;
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// What a dump can lose or change.
const RICH: &str = r#"
    CREATE EXTENSION pg_trgm;
    CREATE SEQUENCE public.counter; SELECT setval('public.counter', 41);
    CREATE TABLE public.rich (
      gone int, id bigint GENERATED ALWAYS AS IDENTITY, name text COLLATE "C" NOT NULL,
      long int GENERATED ALWAYS AS (length(name)) STORED, kind varchar CHECK (kind IN ('a', 'b')));
    ALTER TABLE public.rich DROP COLUMN gone;
    CREATE INDEX ON public.rich USING gin (name gin_trgm_ops) WHERE kind IN ('a', 'b');
    INSERT INTO public.rich (name, kind) SELECT 'row ' || n, 'a' FROM generate_series(1, 100) AS n;"#;

/// Databases, children of copies and their files.
fn nothing_is_left(room: &Room, server: &Own) {
    assert_eq!(server.ask_outside(COPIES), "", "a copy is left");
    assert_eq!(
        room.files_with(server.password()),
        Vec::<std::path::PathBuf>::new(),
        "the password lies about"
    );
    assert_eq!(room.files_with("PGDMP"), Vec::<std::path::PathBuf>::new(), "the dump lies about");
    until("the children's backends are gone", || {
        let left = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'ceremony%'";
        server.ask_outside(left).is_empty().then_some(())
    });
}

/// Without programs of PostgreSQL, here and on the PATH.
fn without_programs(room: &Room, mut command: Command) -> Command {
    let empty = room.path("empty");
    fs::create_dir_all(&empty).unwrap();
    command.env("PG_BINDIR", &empty).env("PATH", &empty);
    command
}

fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_rehearsal_on_a_database_in_use_is_on_a_restored_copy() {
    let (room, server) = (Room::new(), Own::new());
    server.ask("CREATE DATABASE shop TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-AT' LC_COLLATE 'C' LC_CTYPE 'C'");
    let shop =
        |arguments: &[&str]| psql(server.port(), server.password(), &[&["-d", "shop"], arguments].concat());
    shop(&["-1", "-f", room.path(BASELINE).to_str().unwrap()]);
    shop(&["-c", RICH]);
    // What the copy has is looked at from inside; a text that the copy must have is raised as an error if it has not.
    room.add(
        FOUNDATIONS,
        "DO $$ BEGIN
           ASSERT (SELECT last_value FROM public.counter) = 41, 'the sequence';
           ASSERT (SELECT count(*) || ' ' || sum(long) || ' ' || max(id) FROM public.rich) = '100 592 100', 'the rows';
           -- The column has another name from version 17 on.
           ASSERT (SELECT datlocprovider::text || ' ' || coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')
                          || ' ' || datcollate FROM pg_database AS d
                    WHERE datname = current_database()) = 'i de-AT C', 'the locale';
           ASSERT current_database() LIKE 'ceremony%', 'it is a copy';
         END $$;",
    );
    let mut somebody = server.somebody("SELECT 1");
    somebody.goes_on("\\c shop\nBEGIN; INSERT INTO public.rich (name) VALUES ('not yet there')");
    until("somebody is in the middle", || {
        (server.ask(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND state = 'idle in transaction'",
        ) == "1")
            .then_some(())
    });
    let url = format!("{}shop", server.url().strip_suffix("postgres").unwrap());
    room.call(&["rehearse", "--headless", "--url", &url, "--session", "sessions/r"]).with(0).says(&[
        "shop is in use by process ",
        "\"somebody else\": dumped and restored to ceremony_rehearsal_",
        "it does not have the planner's statistics",
        "rehearsal: kept",
    ]);
    let record = fs::read_to_string(room.path("sessions/r/session.jsonl")).unwrap();
    contains(&record, &["\"copied\":\"shop is in use by", "copied database ceremony_rehearsal_"]);
    nothing_is_left(&room, &server);
    somebody.leaves();
    // The very same when nobody is there.
    room.call(&["rehearse", "--headless", "--url", &url, "--session", "sessions/s"])
        .with(0)
        .says(&["copied database shop to ceremony_rehearsal_"]);
    nothing_is_left(&room, &server);
}

#[test]
fn a_drill_is_held_while_somebody_is_in_a_transaction() {
    let (room, server) = (Room::new(), Own::new());
    let url = server.url();
    let run = ["run", "--session", "session", "--url", &url];
    let _somebody = server.somebody("BEGIN; SELECT 1");
    room.spawn(room.answered(&run, &room.yes())).end().with(0);
    assert_eq!(room.observations("drill").len(), 1);
    let record = fs::read_to_string(room.session().join("session.jsonl")).unwrap();
    contains(
        &record,
        &["postgres is in use by process", "somebody else", "dumped and restored to ceremony_drill_"],
    );
    room.verify().with(0);
    nothing_is_left(&room, &server);
}

#[test]
fn without_programs_others_must_leave() {
    let (room, server) = (Room::new(), Own::new());
    let url = server.url();
    let run = ["run", "--session", "session", "--url", &url];
    room.spawn(room.answered(&run, &room.yes().without("drill/rollback"))).end().with(3);
    let somebody = server.somebody("BEGIN");
    let all = [
        "cannot be copied while others are connected",
        "\"somebody else\"",
        "there is no pg_dump",
        "let them disconnect",
    ];
    let resume = ["resume", "session", "--url", &url];
    let once = room.yes().with("drill/rollback", &["{phrase}"]);
    room.spawn(without_programs(&room, room.answered(&resume, &once))).end().with(3).says(&all);
    let rehearse = room.command(&["rehearse", "--headless", "--url", &url]);
    room.spawn(without_programs(&room, rehearse)).end().with(2).says(&all);
    // Programs of another version write what this server may not read.
    let other = room.path("other");
    fs::create_dir(&other).unwrap();
    script(&other.join("pg_dump"), "#!/bin/sh\necho 'pg_dump (PostgreSQL) 99.1'\n");
    let mut rehearse = without_programs(&room, room.command(&["rehearse", "--headless", "--url", &url]));
    rehearse.env("PATH", &other);
    room.spawn(rehearse).end().with(2).says(&[
        "the server is version 1",
        "it is pg_dump (PostgreSQL) 99.1",
        "PG_BINDIR",
    ]);
    nothing_is_left(&room, &server);
    somebody.leaves();
    room.spawn(room.answered(&resume, &room.yes())).end().with(0);
}

#[test]
fn a_table_that_somebody_holds_is_waited_for_as_long_as_a_lock() {
    let (room, server) = (Room::new(), Own::new());
    room.define("lock_timeout_ms = 5000", "lock_timeout_ms = 300");
    let _somebody = server.somebody("BEGIN; LOCK TABLE public.providers");
    room.call(&["rehearse", "--headless", "--url", &server.url()]).with(2).says(&[
        "is in use by process",
        "cannot be dumped",
        "LOCK TABLE",
        "public.providers",
        "hold locks on its tables",
    ]);
    nothing_is_left(&room, &server);
}

/// Waits until the dump waits for a lock.
fn dump_waits(server: &Own) {
    until("the dump waits", || {
        let waiting = "SELECT pid FROM pg_stat_activity WHERE application_name = 'ceremony copy' AND wait_event_type = 'Lock'";
        (!server.ask(waiting).is_empty()).then_some(())
    });
}

#[test]
fn stop_ends_the_dump_of_a_rehearsal() {
    let (room, server) = (Room::new(), Own::new());
    room.define("lock_timeout_ms = 5000", "lock_timeout_ms = 600000");
    let _somebody = server.somebody("BEGIN; LOCK TABLE public.providers");
    let at_work = room.spawn(room.command(&["rehearse", "--headless", "--url", &server.url()]));
    dump_waits(&server);
    at_work.signal(Signal::INT);
    at_work.end().with(2).says(&["STOP was pressed", "nothing of the copy is left"]);
    nothing_is_left(&room, &server);
}

#[test]
fn stop_ends_the_dump_of_a_drill() {
    let (room, server) = (Room::new(), Own::new());
    // A table that no catalog function opens: the probes of the resume must not wait for it.
    server.ask("CREATE TABLE public.plain (n int)");
    let url = server.url();
    let run = ["run", "--session", "session", "--url", &url];
    room.define("lock_timeout_ms = 5000", "lock_timeout_ms = 600000");
    room.spawn(room.answered(&run, &room.yes().without("drill/rollback"))).end().with(3);
    let _somebody = server.somebody("BEGIN; LOCK TABLE public.plain");
    let resume = ["resume", "session", "--url", &url];
    let at_work = room.spawn(room.answered(&resume, &room.yes()));
    dump_waits(&server);
    at_work.signal(Signal::INT);
    at_work.end().with(5).says(&["stopped by the operator"]);
    nothing_is_left(&room, &server);
}

#[test]
fn an_unequal_copy_is_no_place_for_a_rehearsal() {
    let (room, server) = (Room::new(), Own::new());
    // An index that is not valid is left out of a dump.
    server.ask("CREATE TABLE public.twice AS SELECT 1 AS n FROM generate_series(1, 2)");
    let _ = psql_command(server.port(), server.password())
        .args(["-c", "CREATE UNIQUE INDEX CONCURRENTLY broken ON public.twice (n)"])
        .output()
        .unwrap();
    let _somebody = server.somebody("SELECT 1");
    room.call(&["rehearse", "--headless", "--url", &server.url()]).with(2).says(&[
        "the restored copy is not equal to postgres",
        "index public.broken is nothing there",
        "let the others disconnect",
    ]);
    nothing_is_left(&room, &server);
}
