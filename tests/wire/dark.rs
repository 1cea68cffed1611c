//! D2: a black hole. Nothing comes through, and nobody says so: idle at a gate, in a query, in COMMIT; by the rig, and
//! by a network whose loopback goes down.

use crate::effort::figures;
use crate::ladder::*;
use crate::pty::Screen;
use crate::rig::*;
use crate::room::*;
use crate::server::Server;
use ceremony::runner::clock::Clock;
use portable_pty::CommandBuilder;
use std::process::Command;

/// What is said when the server is silent: by the second connection, or by the deadline of the one that waits.
pub const SILENT: &str = "the server has not answered for 8 s, on a second connection either";

/// Waits for the stop, and how long that took in milliseconds.
pub fn until_halted(room: &Room, clock: Clock) -> u64 {
    until("the world is stopped", || (!room.halts().is_empty()).then_some(()));
    clock.now().mono_us / 1000
}

/// After the stop the wire is healed, and a resume brings it to its end.
fn heals(trial: &Trial<'_>, words: &[&str]) {
    trial.rig.heal();
    trial.resume(&always(&trial.room, "resume: it is there again")).end().with(0).says(words);
    assert_eq!(trial.evidence().get("01 up"), Some(&1));
    trial.is_sound();
}

/// All at once: each of them mostly waits.
#[test]
fn in_four_places() {
    at_once(&[in_a_query, in_commit, idle_at_a_gate, a_network_that_is_gone]);
}

/// Runs them beside each other; one that fails has said why.
pub fn at_once(trials: &[fn()]) {
    std::thread::scope(|scope| {
        for trial in trials {
            scope.spawn(trial);
        }
    });
}

fn in_a_query() {
    let server = Server::new();
    let rig = Rig::new(server.port);
    let trial = Trial { room: ladder(1, ""), rig: &rig, server: &server };
    rig.plan("ceremony apply/m01", At::Query("INSERT INTO evidence"), Fault::Dark);
    let running = trial.run(&trial.room.yes());
    until("the wire is dark", || rig.has_struck().then_some(()));
    let clock = Clock::starting_at(0);
    let took_ms = until_halted(&trial.room, clock);
    running.end().with(5).says(&["condition 8 of 8", SILENT]);
    figures("D2", &format!("in a query: stopped after {took_ms} ms"));
    heals(&trial, &["verdict: PASS"]);
}

fn in_commit() {
    let server = Server::new();
    let rig = Rig::new(server.port);
    let trial = Trial { room: ladder(1, ""), rig: &rig, server: &server };
    // The answer never comes.
    rig.plan("ceremony apply/m01", At::Answer("COMMIT"), Fault::Dark);
    let running = trial.run(&trial.room.yes());
    until("the wire is dark", || rig.has_struck().then_some(()));
    let clock = Clock::starting_at(0);
    let took_ms = until_halted(&trial.room, clock);
    running.end().with(5).says(&["condition 8 of 8"]);
    let why = trial.room.halt()["why"].as_str().unwrap().to_owned();
    assert!(why.contains(SILENT) || why.contains("no answer within 10000 ms"), "{why}");
    figures("D2", &format!("in COMMIT: stopped after {took_ms} ms"));
    heals(&trial, &["apply/m01 had been committed"]);
}

fn idle_at_a_gate() {
    let server = Server::new();
    let rig = Rig::new(server.port);
    let trial = Trial { room: ladder(1, ""), rig: &rig, server: &server };
    trial.room.define("commit = \"auto\"\n", "");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ceremony"));
    command.cwd(trial.room.path(""));
    let url = rig.url(&server.password);
    command.args(["run", "--session", "session", "--operator", "ada", "--url", &url]);
    command.env("TERM", "xterm-256color");
    command.env("XDG_CONFIG_HOME", "/nonexistent");
    let mut screen = Screen::spawn(command, 100, 30, trial.room.session());
    screen.confirm();
    trial.room.recorded(&["gate-opened", "apply/m01 commit"]);
    rig.go_dark();
    let clock = Clock::starting_at(0);
    let took_ms = until_halted(&trial.room, clock);
    let why = trial.room.halt()["why"].as_str().unwrap().to_owned();
    assert!(why.contains(SILENT) || why.contains("no answer within 7000 ms"), "{why}");
    figures("D2", &format!("idle at the commit gate: stopped after {took_ms} ms"));
    // It gives the terminal back at once, although nobody answers.
    screen.quit();
    heals(&trial, &[]);
}

/// The real guard, no relay: server and program in a network of their own, whose loopback goes down in mid-statement.
fn a_network_that_is_gone() {
    let room = Room::new();
    room.slow(FOUNDATIONS);
    let program = room.answered(&["run", "--session", "session"], &room.yes());
    let apart: &[&str] = match rustix::process::geteuid().is_root() {
        true => &["-n"],
        false => &["-Un", "--map-current-user", "--keep-caps"],
    };
    let tried = Command::new("unshare").args(apart).args(["ip", "link", "set", "lo", "up"]).status();
    let there = tried.is_ok_and(|status| status.success());
    assert!(
        there,
        "install util-linux and iproute2, and run this as root or where users may have namespaces"
    );
    let mut inside = Command::new("unshare");
    inside.args(apart);
    // It waits until somebody writes to the pipe.
    let script =
        "ip link set lo up || exit 99; \"$@\" & read -r go < \"$WORD\"; ip link set lo down; wait $!";
    let word = room.path("word");
    assert!(Command::new("mkfifo").arg(&word).status().unwrap().success());
    inside.args(["bash", "-c", script, "bash"]).arg(program.get_program()).args(program.get_args());
    inside.current_dir(room.path("")).env("WORD", &word).env("USER", "ada");
    inside.env("XDG_CONFIG_HOME", "/nonexistent").stdin(std::process::Stdio::null());
    let running = room.spawn(inside);
    room.recorded(&["statement-started", "pg_sleep"]);
    std::fs::write(&word, "go\n").unwrap();
    let clock = Clock::starting_at(0);
    let took_ms = until_halted(&room, clock);
    let why = room.halt()["why"].as_str().unwrap().to_owned();
    assert!(why.contains(SILENT) || why.contains("there is no way to the server any more"), "{why}");
    running.end().with(5).says(&["condition 8 of 8"]);
    figures("D2", &format!("loopback down in a query: stopped after {took_ms} ms"));
    room.release();
    room.resume(&room.yes().at_a_stop("resume: the network is back")).with(0);
    room.verify().with(0);
}
