//! Makes the sessions of `tests/golden`, for a format that is new:
//! `cargo test --test tamper golden_sessions_are_made -- --ignored`. Sessions of formats that were released are never made
//! again: they are there to be read by every version to come.

use crate::kept::{GOLDEN, SIGNED};
use crate::room::*;
use ceremony::driver::replay::Player;
use ceremony::review::Review;
use ceremony::signoff::must_be_opened;
use rustix::process::Signal;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// What is in every session's folder and is no evidence, or is this machine's alone.
const LEFT_OUT: [&str; 4] = ["server", "log", "live.sock", "pgpass"];

/// Where the ceremony lies, in the golden sessions.
const NOWHERE: &str = "/nowhere/calendar";

#[test]
#[ignore = "makes the golden sessions; what a released version wrote is not made again"]
fn golden_sessions_are_made() {
    let passed = Room::new();
    passed.spawn(passed.command(&["run", "--session", "session", "--headless", "--yes"])).end().with(0);
    keep(&passed, "passed");

    let stopped = Room::new();
    stopped.add(UNIQUENESS, "SELECT 1 / 0;");
    stopped.run(&stopped.yes().at_a_stop("roll back: it must be mended first")).with(4);
    keep(&stopped, "rolled-back");

    let resumed = Room::new();
    resumed.tolerant().add(UNIQUENESS, "SELECT pg_sleep(2);");
    let running = resumed.start(&resumed.yes());
    resumed.recorded(&["statement-started", "pg_sleep"]);
    running.signal(Signal::KILL);
    assert_eq!(running.end().code, None);
    let record = resumed.session().join("session.jsonl");
    let torn = [&fs::read(&record).unwrap()[..], b"{\"n\":"].concat();
    fs::write(&record, torn).unwrap();
    resumed.resume(&resumed.yes()).with(0).says(&["torn line of 5 bytes", "verdict: PASS"]);
    keep(&resumed, "resumed");

    let signed = Room::new();
    signed.run(&signed.yes()).with(0);
    sign(&signed);
    keep(&signed, SIGNED);
}

/// Operator, reviewer and lead sign with keys that are gone afterwards.
fn sign(room: &Room) {
    let player = Player::open(&room.session()).unwrap();
    let mut signers = String::new();
    for (role, name) in [("operator", "ada"), ("reviewer", "rita"), ("lead", "lena")] {
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(room.path(name));
        assert!(command.stdin(Stdio::null()).status().unwrap().success());
        signers.push_str(&format!("{name} {}", room.read(&format!("{name}.pub"))));
        let mut review = Review::of(name);
        (1..=player.entries().len() as u64).for_each(|n| review.see(n));
        review.opened = must_be_opened(&player.session).into_iter().collect();
        fs::create_dir_all(room.session().join("review")).unwrap();
        let file = room.session().join(format!("review/{name}.json"));
        fs::write(file, serde_json::to_vec(&review).unwrap()).unwrap();
        let key = room.path(name).display().to_string();
        room.call(&["sign", "session", "--role", role, "--as", name, "--key", &key, "--approve"]).with(0);
    }
    fs::write(room.session().join("allowed_signers"), signers).unwrap();
}

/// Puts a session where the golden ones are, without what is only this machine's.
fn keep(room: &Room, name: &str) {
    let to = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN).join(name);
    let _ = fs::remove_dir_all(&to);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let copied = Command::new("cp").arg("-a").arg(room.session()).arg(&to).status().unwrap();
    assert!(copied.success());
    for left_out in LEFT_OUT {
        let path = to.join(left_out);
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
    let origin = to.join("origin.json");
    let here = room.path("").canonicalize().unwrap().display().to_string();
    let text = fs::read_to_string(&origin).unwrap();
    fs::write(&origin, text.replace(here.trim_end_matches('/'), NOWHERE)).unwrap();
    let moved = to.join("allowed_signers");
    if moved.exists() {
        fs::rename(moved, to.with_extension("signers")).unwrap();
    }
}
