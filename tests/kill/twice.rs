//! A second program on the same session, by whatever name; and files that no lock protects.

use crate::chain::{Chain, watched};
use crate::cockpit::Ceremony;
use crate::room::*;
use crate::strace::Target;
use crate::strace::traced;
use crate::support::effort::{effort, figures};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

fn copy_of(room: &Room, name: &str) -> std::path::PathBuf {
    let folder = room.path(name);
    let copied = Command::new("cp").arg("-a").arg(room.session()).arg(&folder).status().unwrap();
    assert!(copied.success());
    fs::remove_file(folder.join("session.jsonl")).unwrap();
    folder
}

#[test]
fn a_second_one_is_refused_by_every_name() {
    let (room, server) = (Room::new(), watched());
    let url = server.url();
    let first = room.yes().without("preflight/inputs");
    room.spawn(room.answered(&["run", "--session", "session", "--url", &url], &first)).end().with(3);
    // The same record by a hard link, a link to the folder, a link to the file.
    let hard = copy_of(&room, "hard");
    fs::hard_link(room.session().join("session.jsonl"), hard.join("session.jsonl")).unwrap();
    symlink(room.session(), room.path("linked")).unwrap();
    let soft = copy_of(&room, "soft");
    symlink(room.session().join("session.jsonl"), soft.join("session.jsonl")).unwrap();
    let resume = |name: &str| room.spawn(room.answered(&["resume", name, "--url", &url], &first)).end();
    let mut refused = 0;
    // While nobody holds it: a lock would not protect it.
    for name in ["hard", "session"] {
        let why = "the file has 2 names";
        resume(name).with(2).says(&["is not written to", why, "next: give the session a file of its own"]);
        refused += 1;
    }
    resume("soft").with(1).says(&["cannot read the record", "it is a link, not a plain file"]);
    refused += 1;
    // As the words say, it is mended.
    fs::copy(hard.join("session.jsonl"), hard.join("mended")).unwrap();
    fs::rename(hard.join("mended"), hard.join("session.jsonl")).unwrap();

    // While one holds it.
    room.slow(FOUNDATIONS);
    fs::remove_dir_all(room.session()).unwrap();
    server.ask("DROP SCHEMA IF EXISTS ceremony CASCADE");
    let running = room.spawn(room.answered(&["run", "--session", "session", "--url", &url], &room.yes()));
    room.recorded(&["statement-started", "pg_sleep"]);
    let holder = format!("process {}", running.child.id());
    for name in ["session", "linked"] {
        resume(name).with(2).says(&[
            "is in use",
            "another cockpit has this session open",
            &holder,
            "next: use that one",
        ]);
        refused += 1;
    }
    // A cockpit too, on a terminal.
    let mut command = crate::cockpit::program(env!("CARGO_BIN_EXE_ceremony"));
    command.args(["resume", "session", "--url", &url]);
    command.cwd(room.path("."));
    let left = crate::pty::Screen::spawn(command, 200, 24, room.session()).end();
    assert_eq!(left.status.exit_code(), 2, "{}", left.text);
    contains(&left.text, &["is in use", &holder]);
    left.assert_restored();
    refused += 1;
    running.kill();
    room.release();
    figures(
        "J11",
        &format!(
            "{refused} second ones refused: headless, cockpit, link to the folder, hard link, link to the file"
        ),
    );
}

#[test]
fn a_cockpit_holds_its_session_against_others() {
    let ceremony = Ceremony::copy();
    let mut screen = ceremony.start(80, 24);
    screen.wait_for_gate();
    let output = Command::new(env!("CARGO_BIN_EXE_ceremony"))
        .args(["resume", "session", "--headless"])
        .current_dir(ceremony.folder())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    contains(&said, &["is in use", &format!("process {}", screen.pid())]);
    screen.confirm();
    screen.wait_for_words("1/18 steps");
    screen.quit();
    ceremony.wait_until_gone();
}

/// Whoever goes on with a record puts a new file in its place; a crowd at the door must not get past each other.
#[test]
fn of_a_crowd_one_goes_on_at_a_time() {
    let (room, server) = (Room::new(), watched());
    let chain = Chain::new(&room, &server, "session");
    let first = room.yes().without("preflight/inputs");
    let url = server.url();
    room.spawn(room.answered(&["run", "--session", "session", "--url", &url], &first)).end().with(3);
    let resume = ["resume", "session", "--url", &url];
    let (mut through, mut refused) = (0, 0);
    for _ in 0..effort() {
        let crowd: Vec<Running> = (0..8).map(|_| room.spawn(room.answered(&resume, &first))).collect();
        for one in crowd {
            let ended = one.end();
            match ended.code {
                Some(3) => through += 1,
                Some(2) => {
                    contains(&ended.err, &["is in use"]);
                    refused += 1;
                }
                _ => panic!("{ended:?}"),
            }
        }
    }
    let text = String::from_utf8(chain.whole()).unwrap();
    assert_eq!(text.matches("\"event\":\"resumed\"").count(), through, "each that went on is in the record");
    assert!(through > 0);
    room.verify().with(0);
    figures(
        "J11",
        &format!(
            "{} at once on one session: {through} went on one after the other, {refused} refused, each entry in its place",
            through + refused
        ),
    );
}

/// A network file system as the kernel would name it: there is none here to be mounted.
#[test]
fn a_record_on_a_file_system_of_another_machine_is_refused() {
    let (room, server) = (Room::new(), watched());
    let chain = Chain::new(&room, &server, "session");
    let target = Target { call: "fstatfs", file: None, nth: 0, all: false };
    let mut refused = 0;
    for (magic, name) in
        [("6969000000000000", "NFS"), ("424d53ff00000000", "CIFS"), ("9719020100000000", "9P")]
    {
        let poke = ["-e".to_owned(), format!("inject=fstatfs:poke_exit=@arg2={magic}")];
        let command = traced(&chain.command("run"), target, &poke, &room.path("strace"));
        room.spawn(command).end().with(2).says(&[
            "is not written to",
            name,
            "next: put the session on a disk of this machine",
        ]);
        assert!(chain.whole().is_empty());
        fs::remove_dir_all(room.session()).unwrap();
        refused += 1;
    }
    assert_eq!(server.ask("SELECT to_regnamespace('ceremony') IS NULL"), "t", "nothing was done");
    figures("J11", &format!("{refused} file systems of other machines refused"));
}
