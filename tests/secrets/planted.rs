//! T11: something else stands where the program reads or writes. It is refused or harmless: what lies outside is as
//! it was, nothing waits for ever, nothing panics.

use crate::clients::Own;
use crate::effort::{effort, figures};
use crate::room::*;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

const OUTSIDE: &str = "somebody else's words\n";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Planted {
    Link,
    LinkToNothing,
    LinkToFolder,
    SecondName,
    Pipe,
    Folder,
    Device,
}

const ALL: [Planted; 7] = [
    Planted::Link,
    Planted::LinkToNothing,
    Planted::LinkToFolder,
    Planted::SecondName,
    Planted::Pipe,
    Planted::Folder,
    Planted::Device,
];

/// Puts it at `path`, in place of whatever is there; what it leads to lies in `outside`.
fn plant(what: Planted, path: &Path, outside: &Path) {
    if path.is_dir() && !path.is_symlink() {
        fs::remove_dir_all(path).unwrap();
    } else if path.symlink_metadata().is_ok() {
        fs::remove_file(path).unwrap();
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = outside.join("file");
    match what {
        Planted::Link => symlink(file, path).unwrap(),
        Planted::LinkToNothing => symlink(outside.join("nothing"), path).unwrap(),
        Planted::LinkToFolder => symlink(outside.join("folder"), path).unwrap(),
        Planted::SecondName => fs::hard_link(file, path).unwrap(),
        Planted::Folder => fs::create_dir(path).unwrap(),
        Planted::Pipe => node(path, rustix::fs::FileType::Fifo, 0),
        // The device that never ends.
        Planted::Device => node(path, rustix::fs::FileType::CharacterDevice, rustix::fs::makedev(1, 5)),
    }
}

#[track_caller]
fn node(path: &Path, kind: rustix::fs::FileType, device: u64) {
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, device).unwrap_or_else(|error| {
        panic!("{}: {error}; run this test as root: it makes a device", path.display())
    });
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let there = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copied(&path, &there);
        } else if path.is_file() {
            fs::copy(&path, &there).unwrap();
        }
    }
}

/// What lies outside, as it is.
fn state(outside: &Path) -> Vec<(PathBuf, Vec<u8>, u32)> {
    let mut all: Vec<_> = fs::read_dir(outside)
        .unwrap()
        .chain(fs::read_dir(outside.join("folder")).unwrap())
        .map(|entry| {
            let path = entry.unwrap().path();
            let facts = path.metadata().unwrap();
            let bytes = if facts.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            (path, bytes, facts.mode())
        })
        .collect();
    all.sort();
    all
}

/// Every path of a session's folder that the program reads or writes.
const PATHS: [&str; 19] = [
    "session.jsonl",
    "plan.json",
    "origin.json",
    "files",
    "files/ceremony.toml",
    "log",
    "log/ceremony.planted.log",
    "live.sock",
    "backup",
    "pgpass",
    "report.md",
    "report.html",
    "report.json",
    "report.junit.xml",
    "session.cast",
    "review",
    "signoff",
    "rehearsal.json",
    "session.jsonl.torn-9",
];

/// Those that are there while a session goes on.
const LIVE: [&str; 9] = [
    "session.jsonl",
    "origin.json",
    "plan.json",
    "log",
    "log/ceremony.planted.log",
    "live.sock",
    "backup",
    "pgpass",
    "files",
];

#[test]
fn t11_what_is_planted_is_refused_or_harmless() {
    let (room, server) = (Room::new(), Own::new());
    let url = server.url();
    let half = room.yes().without("apply/uniqueness");
    let mut command = room.answered(&["run", "--session", "session"], &half);
    command.env("DATABASE_URL", &url);
    room.spawn(command).end().with(3);
    let outside = room.path("outside");
    let mut met: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut tried, mut number) = (0, 0);
    for path in PATHS {
        for what in ALL {
            let resumes = LIVE.contains(&path)
                && (effort() > 1 || what != Planted::SecondName || path == "session.jsonl");
            let signs = matches!(path, "signoff" | "review" | "session.jsonl");
            let operations: [(bool, &[&str]); 4] = [
                (true, &["verify", "planted"]),
                (true, &["report", "planted", "--format", "all"]),
                (signs, &["review", "planted"]),
                (resumes, &["resume", "planted"]),
            ];
            for (_, operation) in operations.iter().filter(|(wanted, _)| *wanted) {
                number += 1;
                // In the short form every fourth point.
                if effort() == 1 && number % 4 != 0 {
                    continue;
                }
                fs::create_dir_all(outside.join("folder")).unwrap();
                fs::write(outside.join("file"), OUTSIDE).unwrap();
                fs::write(outside.join("folder/file"), OUTSIDE).unwrap();
                copied(&room.session(), &room.path("planted"));
                plant(what, &room.path("planted").join(path), &outside);
                let before = state(&outside);
                let mut command = match operation[0] {
                    "resume" => room.answered(operation, &half),
                    _ => room.command(operation),
                };
                command.env("DATABASE_URL", &url);
                let ended = room.spawn(command).end();
                let about = format!("{operation:?} with {what:?} at {path}: {}", ended.said());
                assert_eq!(state(&outside), before, "what lies outside was changed: {about}");
                assert!(ended.code.is_some() && !ended.said().contains("panicked"), "{about}");
                let refused = !ended.err.is_empty() && matches!(ended.code, Some(1 | 2 | 4..));
                *met.entry(if refused { "refused" } else { "harmless" }).or_default() += 1;
                tried += 1;
                fs::remove_dir_all(room.path("planted")).unwrap();
                fs::remove_dir_all(&outside).unwrap();
            }
        }
    }
    assert!(met["refused"] > 10, "{met:?}");
    figures("T11", &format!("{tried} points: {met:?}, outside changed 0"));
}

#[test]
fn t11_where_a_new_session_is_made_only_an_empty_folder_may_be() {
    let room = Room::new();
    let outside = room.path("outside");
    fs::create_dir_all(outside.join("folder")).unwrap();
    fs::write(outside.join("file"), OUTSIDE).unwrap();
    fs::write(outside.join("folder/file"), OUTSIDE).unwrap();
    let before = state(&outside);
    for what in ALL {
        let path = room.path("session");
        plant(what, &path, &outside);
        if what == Planted::Folder {
            // Somebody else's, who could change what is in it.
            std::os::unix::fs::chown(&path, Some(65_534), Some(65_534)).unwrap();
        }
        let ended = room.call(&["run", "--headless", "--yes", "--session", "session"]);
        assert!(ended.code != Some(0) && !ended.said().contains("panicked"), "{what:?}: {}", ended.said());
        assert_eq!(state(&outside), before, "{what:?}");
        if path.is_dir() && !path.is_symlink() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn t11_everything_is_this_users_alone_whatever_the_mask() {
    let room = Room::new();
    let mut command = std::process::Command::new("sh");
    let inner = room.answered(&["run", "--session", "session"], &room.yes());
    command.arg("-c").arg("umask 000; exec \"$0\" \"$@\"").arg(inner.get_program()).args(inner.get_args());
    command.current_dir(room.path("")).env("XDG_CONFIG_HOME", "/nonexistent").env("USER", "ada");
    room.spawn(command).end().with(0);
    room.call(&["report", "session", "--format", "all"]).with(0);
    let root = room.session();
    let (mut looked, mut folders) = (0, vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let facts = path.symlink_metadata().unwrap();
            // As root the server's user must get through to its data.
            let passed = path == root.join("server");
            let open = facts.permissions().mode() & 0o077;
            assert!(open == 0 || passed && open & 0o066 == 0, "{} is open: {open:o}", path.display());
            looked += 1;
            if facts.is_dir() && !passed {
                folders.push(path);
            }
        }
    }
    assert_eq!(root.metadata().unwrap().permissions().mode() & 0o066, 0, "the folder can be listed");
    assert!(looked > 30, "{looked} looked at");
    figures("T11", &format!("{looked} files and folders of a session, all 0600 or 0700 under umask 000"));
}
