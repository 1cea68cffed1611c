//! Rows copied out and put back: by the compensating scripts, by the drill, and what happens without room for them.

use crate::room::*;
use std::fs;
use std::process::{Command, Stdio};

/// Three rows that a rollback of the foundations would delete, with what a careless copy would lose.
const EVENTS: &str = "INSERT INTO public.external_calendar_events
    (provider_id, calendar_provider, external_event_id, start_time, end_time, summary, etag)
    SELECT id, 'google', 'e-' || id, '2026-03-29 00:00+01', '2026-03-30 00:00:00.000001+02',
           E'a \"quote\",\\nand a line', nullif('', CASE WHEN id = 1 THEN '' END)
      FROM public.providers WHERE id <= 3 ON CONFLICT DO NOTHING;";
const CONTENT: &str =
    "SELECT count(*), sum(hash_record_extended(t, 0)) FROM public.external_calendar_events AS t";

/// A ceremony after whose migrations the events have three rows.
fn room_with_rows() -> Room {
    let room = Room::new();
    room.add(OUTBOUND, EVENTS);
    room
}

/// Applied up to the drill.
fn applied_with_rows() -> Room {
    let room = room_with_rows();
    room.run(&room.yes().without("drill/rollback")).with(3);
    room
}

/// Runs a compensating script with psql as its first lines say, in its folder.
fn compensate(port: u16, password: &str, script: &std::path::Path) -> std::process::Output {
    let mut psql = Command::new(ceremony::runner::server::find_programs(None).unwrap().program("psql"));
    psql.args(["-X", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", "-d", "postgres"])
        .args(["-p", &port.to_string(), "-f"])
        .arg(script.file_name().unwrap())
        .current_dir(script.parent().unwrap())
        .env("PGPASSWORD", password)
        .stdin(Stdio::null());
    psql.output().unwrap()
}

#[test]
fn the_compensating_script_puts_deleted_rows_back() {
    let room = applied_with_rows();
    let before = room.ask_after(&[CONTENT]).remove(0);
    assert!(before.starts_with("3|"), "{before}");
    room.spawn(room.answered(&["rollback", "session"], &room.yes())).end().with(4);
    let kept = room.events("rows-kept");
    let kept = kept.iter().find(|event| event["step"] == "rollback/foundations").unwrap();
    assert_eq!(kept["rows"], 3);
    let script = room.session().join(kept["script"].as_str().unwrap());
    let report = room.report();
    contains(&report, &["## Compensating scripts", kept["script"].as_str().unwrap()]);

    let text = fs::read_to_string(&script).unwrap();
    let check = text.lines().find(|line| line.contains("sha256sum -c")).unwrap().trim_start_matches("-- ");
    let summed =
        Command::new("sh").args(["-c", check]).current_dir(script.parent().unwrap()).output().unwrap();
    assert!(summed.status.success(), "{check}");

    let server = ceremony::runner::server::Embedded::start(
        &ceremony::runner::server::find_programs(None).unwrap(),
        &room.session().join("server"),
        "postgres",
    )
    .unwrap();
    let (port, password) = (server.port(), server.password().expose().to_owned());
    let ask = |sql: &str| psql(port, &password, &["-c", sql]);
    // The table is not there yet: said, and nothing done.
    let early = compensate(port, &password, &script);
    assert_eq!(early.status.code(), Some(3));
    contains(
        &String::from_utf8_lossy(&early.stderr),
        &["there is no table", "Apply the migration that makes it first"],
    );
    for file in [FOUNDATIONS, UNIQUENESS] {
        psql(port, &password, &["-f", room.path(file).to_str().unwrap()]);
    }
    ask("ALTER TABLE public.external_calendar_events RENAME etag TO tag");
    let early = compensate(port, &password, &script);
    assert_eq!(early.status.code(), Some(3));
    contains(&String::from_utf8_lossy(&early.stderr), &["has no column etag"]);
    ask("ALTER TABLE public.external_calendar_events RENAME tag TO etag");
    psql(port, &password, &["-f", room.path(OUTBOUND).to_str().unwrap()]);
    ask("DELETE FROM public.external_calendar_events");
    for again in ["put back", "all there already"] {
        let output = compensate(port, &password, &script);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{again}: {said}");
        contains(&said, &["all 3 rows are in public.external_calendar_events"]);
        assert_eq!(ask(CONTENT), before, "{again}");
    }
    // A copy that somebody cut is found, and nothing of it is put back.
    ask("DELETE FROM public.external_calendar_events");
    let copy = script.with_file_name(text.split("FROM '").nth(1).unwrap().split('\'').next().unwrap());
    let whole = fs::read_to_string(&copy).unwrap();
    let cut = whole[..whole.find("\t3\tgoogle").unwrap()].rfind('\n').unwrap();
    fs::write(&copy, &whole[..=cut]).unwrap();
    let output = compensate(port, &password, &script);
    assert_eq!(output.status.code(), Some(3));
    contains(&String::from_utf8_lossy(&output.stderr), &["it is not the one that was made"]);
    assert!(ask(CONTENT).starts_with("0|"));
}

/// A file system of a few pages over the folder of the backups, gone when dropped.
struct Tiny(std::path::PathBuf);

impl Tiny {
    fn over(folder: &std::path::Path) -> Option<Self> {
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=16k", "none"]).arg(folder).output();
        mount.is_ok_and(|output| output.status.success()).then(|| Self(folder.to_owned()))
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn without_room_for_the_backup_nothing_is_deleted() {
    let (room, own) = (Room::new(), Own::new());
    // More than fits, in one row.
    let large = "INSERT INTO public.external_calendar_events
        (provider_id, calendar_provider, external_event_id, start_time, end_time, summary)
        SELECT id, 'google', 'large', '2026-03-29', '2026-03-30', repeat('0123456789', 600000) FROM public.providers
         WHERE id = 1 ON CONFLICT DO NOTHING;";
    room.add(OUTBOUND, large);
    let url = own.url();
    let answers = room.yes().without("drill/rollback");
    room.spawn(room.answered(&["run", "--session", "session", "--url", &url], &answers)).end().with(3);
    let tiny = Tiny::over(&room.session().join("backup"));
    let mut command = room.answered(&["rollback", "session"], &room.yes());
    command.env("PGPASSWORD", own.password());
    if tiny.is_none() {
        // Not allowed to mount: files of this program may grow to 4 MiB, which is enough for all but the backup.
        let mut limited = Command::new("sh");
        limited.args(["-c", "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\""]).arg(command.get_program());
        limited.args(command.get_args()).current_dir(room.path("")).stdin(Stdio::null());
        limited.env("PGPASSWORD", own.password());
        command = limited;
    }
    room.spawn(command).end().with(5).says(&["nothing was deleted", "STOP THE WORLD"]);
    let halts = room.halts();
    let halt = halts.last().unwrap();
    assert_eq!(halt["step"], "rollback/foundations");
    contains(halt["why"].as_str().unwrap(), &["public.external_calendar_events are not backed up"]);
    drop(tiny);
    let left: Vec<_> = fs::read_dir(room.session().join("backup"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains(".copy")), "{left:?}");
    assert_eq!(
        own.ask("SELECT count(*), max(length(summary)) FROM public.external_calendar_events"),
        "1|6000000"
    );
}

#[test]
fn a_rollback_that_fails_names_the_script_for_its_rows() {
    let room = room_with_rows();
    room.edit(ROLLBACK, |text| {
        let dropped = "DROP TABLE IF EXISTS public.external_calendar_events;";
        text.replacen(dropped, &format!("{dropped}\nSELECT 1 / 0;"), 1)
    });
    room.run(&room.yes().without("drill/rollback")).with(3);
    room.spawn(room.answered(&["rollback", "session"], &room.yes())).end().with(5).says(&["22012"]);
    let left = room.halt()["left"].as_str().unwrap().to_owned();
    contains(
        &left,
        &[
            "applied and not rolled back: foundations",
            "compensating script: backup/restore-public.external_calendar_events-",
        ],
    );
    let script = left.split("compensating script: ").nth(1).unwrap();
    assert!(room.session().join(script).exists(), "{script}");
    assert!(room.ask_after(&[CONTENT])[0].starts_with("3|"));
}

/// Keys, identities, sequences, generated columns, and none of them: each comes back by its script.
#[test]
fn every_kind_of_table_is_put_back_by_its_script() {
    let room = Room::new();
    let tables = [
        (
            "always",
            "id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text, twice int GENERATED ALWAYS AS (2) STORED",
            "v",
        ),
        ("serial", "id serial PRIMARY KEY, v text", "v"),
        ("shared", "id bigint PRIMARY KEY DEFAULT nextval('public.ids'), v text", "v"),
        (
            "pair",
            "\"The Key\" int GENERATED BY DEFAULT AS IDENTITY, part text DEFAULT 'p', v text, PRIMARY KEY (\"The Key\", part)",
            "v",
        ),
        ("keyless", "v text, j json DEFAULT '{\"a\": [1]}', p point DEFAULT '(1,2)'", "v"),
    ];
    room.add(BASELINE, "CREATE SEQUENCE public.ids;");
    for (name, columns, column) in tables {
        room.add(
            BASELINE,
            &format!("CREATE TABLE public.{name} ({columns});
                INSERT INTO public.{name} ({column}) VALUES ('a'), ('a'), (NULL), (''), (E'\"x\",\\n\\\\.\\n');"),
        );
        let listed = "\"public.external_calendar_connections\", \"public.external_calendar_events\"]";
        room.define(listed, &format!("\"public.{name}\", {listed}"));
    }
    room.run(&room.yes().without("verify/pre")).with(3);
    let folder = room.session().join("backup");
    let server = ceremony::runner::server::Embedded::start(
        &ceremony::runner::server::find_programs(None).unwrap(),
        &room.session().join("server"),
        "postgres",
    )
    .unwrap();
    let (port, password) = (server.port(), server.password().expose().to_owned());
    let ask = |sql: &str| psql(port, &password, &["-c", sql]);
    for (name, columns, column) in tables {
        let content = format!("SELECT string_agg(t::text, ';' ORDER BY t::text) FROM public.{name} AS t");
        let before = ask(&content);
        // Once all of them are gone, with the table itself made anew; once all but one.
        ask(&format!("DROP TABLE public.{name}; CREATE TABLE public.{name} ({columns})"));
        ask("SELECT setval('public.ids', 1, false)");
        for after in ["SELECT 1", &format!("DELETE FROM public.{name} WHERE v = 'a'")] {
            ask(after);
            let script = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path()).find(|path| {
                path.file_name().unwrap().to_string_lossy().starts_with(&format!("restore-public.{name}-"))
            });
            let output = compensate(port, &password, &script.unwrap());
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(ask(&content), before, "{name}");
        }
        // The next number is free.
        ask(&format!("INSERT INTO public.{name} ({column}) VALUES ('next')"));
    }
}

#[test]
fn the_drill_says_when_there_was_nothing_to_put_back() {
    let room = Room::new();
    room.define("seed = \"assets/calendar/drill_rows.sql\"\n", "");
    room.run(&room.yes())
        .with(0)
        .says(&["PASS restore:public.external_calendar_events: no rows: says nothing"]);
    let room = Room::new();
    room.run(&room.yes()).with(0).says(&["rows taken out", "rows put back, the same in them"]);
    // What the drill wrote is gone again, and the rows were never in the database itself.
    let left: Vec<_> = fs::read_dir(room.session().join("backup"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("rung-") && name != "schema-last.json")
        .collect();
    assert_eq!(left, ["schema-before.json"]);
    assert!(room.ask_after(&[CONTENT])[0].starts_with("0|"));
}

#[test]
fn rows_that_cannot_be_put_back_fail_the_drill() {
    let room = Room::new();
    room.tolerant();
    // As it was made, the table took these rows; as a later version of it is, it does not.
    room.add(
        OUTBOUND,
        "CREATE OR REPLACE FUNCTION public.no_old_rows() RETURNS trigger LANGUAGE plpgsql AS
         $$BEGIN IF NEW.external_event_id LIKE 'drill-%' AND NEW.created_at < now() THEN RAISE EXCEPTION 'too old for this table'; END IF; RETURN NEW; END$$;
         DROP TRIGGER IF EXISTS no_old_rows ON public.external_calendar_events;
         CREATE TRIGGER no_old_rows BEFORE INSERT ON public.external_calendar_events FOR EACH ROW
           EXECUTE FUNCTION public.no_old_rows();",
    );
    room.edit(ROLLBACK, |text| {
        text.replacen(
            "DROP INDEX IF EXISTS public.external_calendar_events_sync_status_idx;",
            "DROP FUNCTION IF EXISTS public.no_old_rows() CASCADE;\nDROP INDEX IF EXISTS public.external_calendar_events_sync_status_idx;",
            1,
        )
    });
    room.run(&room.yes()).with(5).says(&[
        "FAIL restore:public.external_calendar_events",
        "cannot be put back",
        "too old for this table",
        "PASS drill",
    ]);
    contains(
        room.halt()["why"].as_str().unwrap(),
        &["rows of public.external_calendar_events can be put back"],
    );
}

#[test]
fn rows_that_come_back_changed_fail_the_drill() {
    let room = Room::new();
    room.tolerant();
    room.add(
        OUTBOUND,
        "CREATE OR REPLACE FUNCTION public.no_etag() RETURNS trigger LANGUAGE plpgsql AS
         $$BEGIN IF NEW.external_event_id LIKE 'drill-%' AND NEW.created_at < now() THEN NEW.etag := 'lost'; END IF; RETURN NEW; END$$;
         DROP TRIGGER IF EXISTS no_etag ON public.external_calendar_events;
         CREATE TRIGGER no_etag BEFORE INSERT ON public.external_calendar_events FOR EACH ROW
           EXECUTE FUNCTION public.no_etag();",
    );
    room.edit(ROLLBACK, |text| {
        text.replacen(
            "DROP INDEX IF EXISTS public.external_calendar_events_sync_status_idx;",
            "DROP FUNCTION IF EXISTS public.no_etag() CASCADE;\nDROP INDEX IF EXISTS public.external_calendar_events_sync_status_idx;",
            1,
        )
    });
    room.run(&room.yes())
        .with(5)
        .says(&["FAIL restore:public.external_calendar_events", "content changed in etag"]);
}
