//! E11: a database that was reset, restored from an older dump, replaced or rewound; a record that is an old copy.

use crate::effort::{effort, figures};
use crate::mini::*;
use crate::room::*;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A session that has applied and waits at its last gate, and the copies of its folder that a test goes on from.
struct Applied {
    server: Own,
    room: Room,
}

impl Applied {
    fn new() -> Self {
        let (server, room) = (used(), mini(GOOD));
        run_on(&room, &server.url(), &room.yes().without("apply/mini")).with(3);
        copy_of(&room.session(), &room.path("before"));
        resume_on(&room, &server.url(), &room.yes().without("after")).with(3);
        assert_eq!(server.ask(LEFT), ONCE);
        copy_of(&room.session(), &room.path("kept"));
        Self { server, room }
    }

    /// The session as it was, resumed.
    fn again(&self, from: &str) -> Ended {
        self.put_back(from);
        resume_on(&self.room, &self.server.url(), &self.room.yes())
    }

    fn put_back(&self, from: &str) {
        fs::remove_dir_all(self.room.session()).unwrap();
        copy_of(&self.room.path(from), &self.room.session());
    }

    fn stops(&self, words: &[&str]) {
        self.again("kept").with(5).says(&["condition 5 of 8"]).says(words);
        self.room.verify().with(0);
    }

    fn restarted(self, change: impl FnOnce(&Path)) -> Self {
        Self { server: self.server.started_again(change), room: self.room }
    }
}

/// As `cp -a`, with owners.
fn copy_of(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(done.success(), "cp -a {} {}", from.display(), to.display());
}

const BACK_IN_TIME: &[&str] =
    &["mini: the record says applied and the ledger has no row", "the database went back in time"];
const ANOTHER: &[&str] = &["is another server or database", "this session is about system"];
const RESET: &str =
    "DROP SCHEMA public, ceremony, supabase_migrations CASCADE; CREATE SCHEMA public; CREATE SCHEMA ceremony";

#[test]
fn a_database_that_went_back_is_no_place_to_go_on() {
    let applied = Applied::new();
    let server = &applied.server;
    let dump = psql_programs(
        "pg_dump",
        server,
        &["-Fp", "--exclude-table-data=ceremony.ledger", "-T", "public.mini"],
    );
    // Reset in place, then an older dump.
    server.ask(RESET);
    applied.stops(BACK_IN_TIME);
    server.ask("DROP SCHEMA ceremony CASCADE");
    fs::write(applied.room.path("dump.sql"), dump).unwrap();
    psql(server.port(), server.password(), &["-q", "-f", applied.room.path("dump.sql").to_str().unwrap()]);
    server.ask("DELETE FROM supabase_migrations.schema_migrations WHERE version LIKE '202603%'");
    applied.stops(BACK_IN_TIME);
    // Dropped and made anew under its old name.
    psql(server.port(), server.password(), &["-d", "template1", "-c", "DROP DATABASE postgres WITH (FORCE)"]);
    psql(server.port(), server.password(), &["-d", "template1", "-c", "CREATE DATABASE postgres"]);
    applied.again("kept").with(2).says(ANOTHER);
    figures("E11", "3 databases reset, restored or made anew: 3 found");
}

#[test]
fn a_cluster_that_was_rewound_or_promoted_is_no_place_to_go_on() {
    let (server, room) = (used(), mini(GOOD));
    run_on(&room, &server.url(), &room.yes().without("apply/mini")).with(3);
    let mut folder = None;
    let server = server.started_again(|data| {
        copy_of(data, &data.with_extension("older"));
        folder = Some(data.to_owned());
    });
    let data = folder.unwrap();
    resume_on(&room, &server.url(), &room.yes().without("after")).with(3);
    copy_of(&room.session(), &room.path("kept"));
    let applied = Applied { server, room };
    // The whole cluster from an older copy of its files: the same system, database and timeline.
    let applied = applied.restarted(|data| {
        fs::rename(data, data.with_extension("newer")).unwrap();
        copy_of(&data.with_extension("older"), data);
    });
    applied.stops(BACK_IN_TIME);
    // The newer files again: nothing is missing. Promoted they are another timeline, though everything is there.
    let applied = applied.restarted(|data| {
        fs::remove_dir_all(data).unwrap();
        fs::rename(data.with_extension("newer"), data).unwrap();
    });
    applied.again("kept").with(0);
    let applied = applied.restarted(|data| fs::write(data.join("standby.signal"), "").unwrap());
    assert_eq!(applied.server.ask("SELECT pg_promote()"), "t");
    applied.again("kept").with(2).says(ANOTHER).says(&["timeline 2"]);
    fs::remove_dir_all(data.with_extension("older")).unwrap();
    figures("E11", "2 clusters rewound or promoted: 2 found; the same one again: gone on with");
}

#[test]
fn an_old_copy_of_the_record_is_found_at_resume() {
    let applied = Applied::new();
    let room = &applied.room;
    applied.again("before").with(5).says(&[
        "condition 5 of 8",
        "the record is an old copy, or its end was cut off: the ledger knows its entry",
        "bring back the newest copy",
    ]);
    // Gone on with in spite of that: by now it has as many entries, and they are others.
    let known: usize = applied.server.ask("SELECT journal_entry FROM ceremony.ledger").parse().unwrap();
    let answers = room.yes().at_a_stop("resume: never mind");
    while room.entries().len() <= known {
        resume_on(room, &applied.server.url(), &answers);
    }
    resume_on(room, &applied.server.url(), &answers)
        .with(5)
        .says(&["the record is another one than the ledger knows"]);
    assert_eq!(applied.server.ask(LEFT), ONCE);

    // Cut after any entry, cleanly, as no crash would.
    applied.put_back("kept");
    let file = room.session().join("session.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let asked = 1 + lines.iter().position(|line| line.contains("\"commit-requested\"")).unwrap();
    let begun = lines.iter().position(|line| line.contains("\"server-pinned\"")).unwrap() + 1;
    let every = (lines.len() / (5 * usize::try_from(effort()).unwrap())).max(1);
    let (mut old, mut unasked, mut gone_on) = (0, 0, 0);
    for keep in (begun..=lines.len()).rev().step_by(every) {
        applied.put_back("kept");
        fs::write(&file, lines[..keep].concat()).unwrap();
        let ended = resume_on(room, &applied.server.url(), &room.yes());
        let said = ended.said();
        if keep < known {
            // The resume itself may have written the entry that is missing.
            let words = if keep + 1 < known {
                "an old copy, or its end was cut off"
            } else {
                "another one than the ledger knows"
            };
            contains(&said, &["the record is ", words]);
            old += 1;
        } else if keep < asked {
            contains(&said, &["the transaction was committed although nobody asked for it"]);
            unasked += 1;
        } else {
            assert_eq!(ended.code, Some(0), "{said}");
            gone_on += 1;
        }
        assert!(keep >= asked || ended.code == Some(5), "{keep}: {said}");
        assert_eq!(applied.server.ask(LEFT), ONCE, "{keep}");
    }
    let all = old + unasked + gone_on;
    figures(
        "E11",
        &format!(
            "{all} cuts: {old} told as an old copy or another one, {unasked} as a commit nobody asked for, {gone_on} behind the commit gone on with; 0 applied again"
        ),
    );
}

/// What a client program of PostgreSQL prints.
fn psql_programs(name: &str, server: &Own, arguments: &[&str]) -> Vec<u8> {
    let programs = ceremony::runner::server::find_programs(None).unwrap();
    let port = server.port().to_string();
    let output = Command::new(programs.program(name))
        .args(["-h", "127.0.0.1", "-U", "postgres", "-p", &port])
        .args(arguments)
        .arg("postgres")
        .env("PGPASSWORD", server.password())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
