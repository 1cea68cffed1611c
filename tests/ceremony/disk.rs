//! The server's disk is full: a tablespace on a small file system of its own.

use crate::room::*;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A file system of a few megabytes in memory, for the server's user. Gone when the value goes.
struct Small {
    folder: TempDir,
}

impl Small {
    fn new() -> Self {
        let folder = TempDir::with_prefix("ceremony-small-").unwrap();
        call(&["mount", "-t", "tmpfs", "-o", "size=4m,mode=0777", "tmpfs"], folder.path());
        Self { folder }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        call(&["umount", "--lazy"], self.folder.path());
    }
}

#[track_caller]
fn call(words: &[&str], path: &Path) {
    let output = Command::new(words[0]).args(&words[1..]).arg(path).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_full_disk_of_the_server_stops_the_world_and_leaves_nothing() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not tried: only root can mount a small file system, as CI does");
        return;
    }
    let small = Small::new();
    // Dropped before the file system it uses.
    let server = Own::new();
    let room = Room::new();
    room.tolerant();
    let place = small.folder.path().join("space");
    std::fs::create_dir(&place).unwrap();
    server.give(&place);
    server.ask(&format!("CREATE TABLESPACE small LOCATION '{}'", place.display()));
    room.add(
        UNIQUENESS,
        "CREATE TEMP TABLE scratch (line text) ON COMMIT DROP TABLESPACE small;
         INSERT INTO scratch SELECT repeat('x', 900) FROM generate_series(1, 20000);",
    );
    let run = ["run", "--session", "session", "--url", &server.url()];
    room.spawn(room.answered(&run, &room.yes())).end().with(5).says(&[
        "53100",
        "No space left on device",
        "condition 1 of 8",
    ]);
    contains(
        room.halt()["left"].as_str().unwrap(),
        &["rolled back", "applied and not rolled back: foundations"],
    );
    assert_eq!(server.ask(HISTORY), "20260116000000\n20260117000000");
    // With room again it goes on where it stopped.
    call(&["mount", "-o", "remount,size=64m"], small.folder.path());
    let resume = ["resume", "session", "--url", &server.url()];
    room.spawn(room.answered(&resume, &room.yes().at_a_stop("resume: the disk has room again")))
        .end()
        .with(0);
    server.ask("DROP TABLESPACE small");
}
