//! Servers: none to be had, not local, not answering, another one, two ceremonies at once.

use crate::room::*;
use std::fs;
use std::net::TcpListener;

#[test]
fn without_server_programs_one_message_says_how_to_get_them() {
    let room = Room::new();
    fs::create_dir(room.path("empty")).unwrap();
    let mut command = room.answered(&["run", "--session", "session"], &room.yes());
    command.env("PATH", "").env("PG_BINDIR", room.path("empty"));
    let ended = room.spawn(command).end().with(2);
    contains(&ended.err, &["initdb and postgres", "install them", "--url"]);
    assert_eq!(ended.err.matches("error:").count(), 1, "{}", ended.err);
    assert!(!room.session().exists(), "a folder in the way of the next try");
}

#[test]
fn what_is_not_local_is_refused_before_a_packet_leaves() {
    for url in [
        "postgresql://postgres:hunter2@db.example.com:5432/postgres",
        "postgresql://postgres:hunter2@10.0.0.1:5432/postgres",
        "postgresql://postgres:hunter2@127.0.0.1,db.example.com:5432/postgres",
        "postgresql://postgres:hunter2@127.0.0.1:5432/postgres?host=db.example.com",
        "postgresql://postgres:hunter2@0.0.0.0:5432/postgres",
    ] {
        let room = Room::new();
        let run = ["run", "--session", "session", "--url", url];
        let ended = room.spawn(room.answered(&run, &room.yes())).end().with(2);
        contains(&ended.err, &["--url", "why:", "next:"]);
        assert!(!ended.said().contains("hunter2"), "{}", ended.said());
        assert!(!room.session().exists(), "{url}: nothing is made");
    }
}

#[test]
fn a_variable_that_could_redirect_is_refused() {
    let room = Room::new();
    let mut command = room.answered(&["run", "--session", "session"], &room.yes());
    command.env("DATABASE_URL", "postgresql://postgres:hunter2@prod.example.com:5432/postgres");
    let ended = room.spawn(command).end().with(2).says(&["DATABASE_URL"]);
    assert!(!ended.said().contains("hunter2"));
    let mut command = room.answered(&["run", "--session", "session"], &room.yes());
    command.env("PGHOSTADDR", "10.0.0.1");
    room.spawn(command).end().with(2).says(&["PGHOSTADDR", "next:"]);
}

#[test]
fn a_port_where_nobody_listens_is_said_and_not_waited_for() {
    let room = Room::new();
    let port = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("postgresql://postgres:hunter2@127.0.0.1:{port}/postgres");
    let run = ["run", "--session", "session", "--url", &url];
    let ended =
        room.spawn(room.answered(&run, &room.yes().with("preflight/target", &["{phrase}"]))).end().with(3);
    contains(&ended.said(), &[&format!("127.0.0.1:{port}"), "refused", "preflight/target is open again"]);
    assert_eq!(room.files_with("hunter2"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_wrong_password_is_said_and_kept_to_itself() {
    let (room, server) = (Room::new(), Own::new());
    let url = format!("postgresql://postgres:hunter2@127.0.0.1:{}/postgres", server.port());
    let run = ["run", "--session", "session", "--url", &url];
    room.spawn(room.answered(&run, &room.yes().with("preflight/target", &["{phrase}"])))
        .end()
        .with(3)
        .says(&["password authentication failed", "preflight/target is open again"]);
    assert_eq!(room.files_with("hunter2"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn an_old_port_that_somebody_took_is_given_up() {
    let room = Room::new();
    room.run(&room.yes().without("apply/uniqueness")).with(3);
    let old = room.kept()["port"].as_u64().unwrap() as u16;
    let _somebody = TcpListener::bind(("127.0.0.1", old)).unwrap();
    let ended = room.resume(&room.yes()).with(0);
    let new = room.kept()["port"].as_u64().unwrap() as u16;
    assert_ne!(old, new);
    contains(&ended.said(), &[&format!("apply uniqueness to 127.0.0.1:{new}")]);
}

#[test]
fn two_at_once_and_the_second_is_told_who_holds_it() {
    let server = Own::new();
    let (first, second) = (Room::new(), Room::new());
    first.slow(FOUNDATIONS);
    let url = server.url();
    let run = ["run", "--session", "session", "--url", &url];
    let resume = ["resume", "session", "--url", &url];
    let at_work = first.spawn(first.answered(&run, &first.yes()));
    first.recorded(&["statement-started", "pg_sleep"]);
    until("the first is in the middle", || (!server.ask(SLEEPER).is_empty()).then_some(()));
    second
        .spawn(second.answered(&run, &second.yes().with("preflight/target", &["{phrase}"])))
        .end()
        .with(3)
        .says(&[
            "another ceremony is open on this database: process",
            "\"ceremony session ",
            "let it end, or leave it with q (it can be resumed), then answer the gate again",
            "preflight/target is open again",
        ]);
    first.release();
    assert_eq!(server.ask("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%'"), "1");
    at_work.end().with(5).says(&["57014"]);
    first
        .spawn(first.answered(&resume, &first.yes().at_a_stop("resume: it was cancelled by hand")))
        .end()
        .with(0);
    // What the first one applied is not applied again by the second.
    let ended =
        second.spawn(second.answered(&resume, &second.yes().with("apply/foundations", &["{phrase}"]))).end();
    assert_ne!(ended.code, Some(0));
    contains(&ended.said(), &["'foundations' is applied already, by attempt"]);
    assert_eq!(server.ask(LEDGER), "foundations|1|up|done\noutbound-sync|1|up|done\nuniqueness|1|up|done");
}

#[test]
fn a_backend_that_outlived_its_program_keeps_others_from_applying() {
    let (room, server) = (Room::new(), Own::new());
    // As one does that is still at work after its client was killed: it holds the fence to its end.
    let somebody = server.somebody("SELECT pg_advisory_lock(hashtextextended('ceremony', 0))");
    let run = ["run", "--session", "session", "--url", &server.url()];
    room.spawn(room.answered(&run, &room.yes().with("apply/foundations", &["{phrase}"]))).end().with(3).says(
        &[
            "another ceremony holds this database: process",
            "\"somebody else\"",
            "let it end, or end it, then answer the gate again",
        ],
    );
    somebody.leaves();
    let resume = ["resume", "session", "--url", &server.url()];
    room.spawn(room.answered(&resume, &room.yes())).end().with(0);
}

#[test]
fn another_database_is_not_gone_on_with() {
    let (room, server, other) = (Room::new(), Own::new(), Own::new());
    let (url, wrong) = (server.url(), other.url());
    let run = ["run", "--session", "session", "--url", &url];
    room.spawn(room.answered(&run, &room.yes().without("apply/uniqueness"))).end().with(3);
    let resume = ["resume", "session", "--url", &wrong];
    let ended = room.spawn(room.answered(&resume, &room.yes())).end().with(2);
    contains(
        &ended.said(),
        &["is another server or database", "this session is about system", "next: name the first one"],
    );
    assert_eq!(other.ask("SELECT to_regclass('public.external_calendar_events')"), "");
}

#[test]
fn a_migration_that_another_tool_recorded_is_not_applied() {
    let (room, server) = (Room::new(), Own::new());
    server.ask("INSERT INTO supabase_migrations.schema_migrations (version, name) VALUES ('20260118000000', 'by hand')");
    let url = server.url();
    let run = ["run", "--session", "session", "--url", &url];
    room.spawn(room.answered(&run, &room.yes().with("apply/uniqueness", &["{phrase}"])))
        .end()
        .with(3)
        .says(&["has version 20260118000000", "find out who applied it"]);
}

#[test]
fn what_cannot_be_reached_at_a_resume_is_no_stop_of_the_world() {
    let (room, server) = (Room::new(), Own::new());
    let url = server.url();
    let run = ["run", "--session", "session", "--url", &url];
    room.spawn(room.answered(&run, &room.yes().without("apply/uniqueness"))).end().with(3);
    let before = room.entries().len();
    // Without its password, as the record does not have it.
    room.resume(&room.yes()).with(2).says(&[
        "the session cannot go on",
        "password",
        "next: start the server",
    ]);
    drop(server);
    let resume = ["resume", "session", "--url", &url];
    room.spawn(room.answered(&resume, &room.yes()))
        .end()
        .with(2)
        .says(&["the session cannot go on", "refused"]);
    assert_eq!(room.entries().len(), before, "nothing is recorded");
}

#[test]
fn a_session_with_its_own_server_has_no_other() {
    let room = Room::new();
    room.run(&room.yes().without("preflight/inputs")).with(3);
    let resume = ["resume", "session", "--url", "postgresql://postgres@127.0.0.1:5432/postgres"];
    room.spawn(room.answered(&resume, &room.yes()))
        .end()
        .with(2)
        .says(&["has a server of its own", "leave --url out"]);
}

#[test]
fn a_server_that_cannot_be_written_to_is_no_target() {
    let standby = Own::new().started_again(|data| fs::write(data.join("standby.signal"), "").unwrap());
    assert_eq!(standby.ask("SELECT pg_is_in_recovery()"), "t");
    let read_only = Own::new();
    read_only.ask("ALTER DATABASE postgres SET default_transaction_read_only = on");
    for (server, why) in [(standby, "a standby"), (read_only, "read-only")] {
        let room = Room::new();
        let run = ["run", "--session", "session", "--url", &server.url()];
        room.spawn(room.answered(&run, &room.yes().with("preflight/target", &["{phrase}"])))
            .end()
            .with(3)
            .says(&[&format!("not fit for a ceremony: {why}"), "may be written to"]);
        assert!(room.halts().is_empty(), "nothing was touched");
        assert_eq!(server.ask("SELECT to_regclass('ceremony.ledger')"), "");
    }
}

#[test]
fn a_server_that_was_restarted_is_the_same_one_and_said() {
    let (room, server) = (Room::new(), Own::new());
    let run = ["run", "--session", "session", "--url", &server.url()];
    room.spawn(room.answered(&run, &room.yes().without("apply/uniqueness"))).end().with(3);
    let server = server.started_again(|_| {});
    let resume = ["resume", "session", "--url", &server.url()];
    room.spawn(room.answered(&resume, &room.yes())).end().with(0);
    let findings = room.events("finding-raised");
    let restarted = findings.iter().filter(|it| it["what"].as_str().unwrap().contains("was restarted"));
    assert_eq!(restarted.count(), 1, "{findings:#?}");
}

#[test]
fn the_ledger_names_the_entry_and_the_head_of_the_record() {
    let room = Room::new();
    room.run(&room.yes()).with(0);
    let rows = room.ask_after(&[
        "SELECT journal_entry || ' ' || journal_head FROM ceremony.ledger ORDER BY journal_entry",
    ]);
    let text = fs::read_to_string(room.session().join("session.jsonl")).unwrap();
    let entries = room.entries();
    let mut seen = 0;
    for row in rows[0].lines() {
        let (entry, head) = row.split_once(' ').unwrap();
        let entry: usize = entry.parse().unwrap();
        // The entry that holds the intent, and the hash of everything up to it.
        assert_eq!(entries[entry - 1]["n"], entry);
        assert!(entries[entry - 1].to_string().contains("step-started"), "{}", entries[entry - 1]);
        let up_to: String = text.split_inclusive('\n').take(entry).collect();
        assert_eq!(ceremony::runner::files::sha256(up_to.as_bytes()), head);
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[test]
fn other_tools_wait_for_the_history_while_a_migration_is_open() {
    let (room, server) = (Room::new(), Own::new());
    room.slow(FOUNDATIONS);
    let at_work =
        room.spawn(room.answered(&["run", "--session", "session", "--url", &server.url()], &room.yes()));
    until("the migration is in the middle", || (!server.ask(SLEEPER).is_empty()).then_some(()));
    let held = server.ask(
        "SELECT a.application_name FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
          WHERE l.relation = 'supabase_migrations.schema_migrations'::regclass AND l.mode = 'AccessExclusiveLock'",
    );
    assert_eq!(held, "ceremony apply/foundations");
    room.release();
    server.ask(
        "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%'",
    );
    at_work.end().with(5);
}

#[test]
fn what_somebody_else_did_to_the_schema_between_two_steps_is_found() {
    let (room, server) = (Room::new(), Own::new());
    let run = ["run", "--session", "session", "--url", &server.url()];
    room.spawn(room.answered(&run, &room.yes().without("apply/uniqueness"))).end().with(3);
    server.ask("CREATE INDEX strays ON public.bookings (id)");
    let resume = ["resume", "session", "--url", &server.url()];
    room.spawn(room.answered(&resume, &room.yes().without("verify/post")))
        .end()
        .with(3)
        .says(&["finding: somebody else changed the schema since 'apply/foundations': index public.strays"]);
    let found =
        room.events("finding-raised").iter().filter(|event| event.to_string().contains("strays")).count();
    assert_eq!(found, 1, "only once, though the probes see it and the next step does");
    let drifts = room.observations("drift");
    let ours = |drift: &&serde_json::Value| !drift.to_string().contains("index public.strays");
    assert_eq!(drifts.iter().filter(ours).count(), 0, "not what the session itself did: {drifts:#?}");
}
