//! D3: a server that stands still: one backend, the postmaster, all of it, as a paused container does.

use crate::dark::{SILENT, at_once, until_halted};
use crate::effort::figures;
use crate::ladder::*;
use crate::rig::*;
use crate::room::*;
use crate::server::{Server, children, signal};
use crate::spots;
use ceremony::runner::clock::Clock;
use rustix::process::Signal;
use std::sync::Arc;

const WAITS: &str = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'ceremony apply/m01'";

/// Who is frozen while a statement runs, and what is said then.
fn freezes(whom: impl Fn(&Server, i32) -> Vec<i32>, words: &str, name: &str) {
    let server = Server::new();
    let rig = Rig::new(server.port);
    let trial = Trial { room: ladder(1, ""), rig: &rig, server: &server };
    let holder = Somebody::new(server.port, &server.password, "BEGIN; LOCK TABLE evidence.log");
    // Not through the rig: the guard is the real one.
    let url = server.url();
    let run = ["run", "--session", "session", "--url", &url];
    let running = trial.room.spawn(trial.room.answered(&run, &trial.room.yes()));
    let backend = until("the statement waits", || server.ask(WAITS).parse().ok());
    let frozen = whom(&server, backend);
    for pid in &frozen {
        signal(*pid, Signal::STOP);
    }
    let clock = Clock::starting_at(0);
    let took_ms = until_halted(&trial.room, clock);
    let why = trial.room.halt()["why"].as_str().unwrap().to_owned();
    for pid in &frozen {
        signal(*pid, Signal::CONT);
    }
    running.end().with(5).says(&["condition 8 of 8"]);
    assert!(why.contains(words), "{why}");
    figures("D3", &format!("{name} frozen in a statement: stopped after {took_ms} ms"));
    holder.leaves();
    let resume = ["resume", "session", "--url", &url];
    let again = always(&trial.room, "resume: it is there again");
    trial.room.spawn(trial.room.answered(&resume, &again)).end().with(0);
    assert_eq!(trial.evidence().get("01 up"), Some(&1));
    trial.is_sound();
}

#[test]
fn in_three_places() {
    at_once(&[one_backend, all_of_it, the_postmaster]);
}

fn one_backend() {
    freezes(|_, backend| vec![backend], "is stopped: it would never answer", "the backend");
}

fn all_of_it() {
    let all = |server: &Server, _| {
        let postmaster = server.postmaster();
        let mut all = vec![postmaster];
        all.extend(children(postmaster));
        all
    };
    freezes(all, SILENT, "the whole server");
}

/// Nobody new gets in: the connection's own deadline says so.
fn the_postmaster() {
    let server = Server::new();
    let rig = Rig::new(server.port);
    let trial = Trial { room: ladder(2, ""), rig: &rig, server: &server };
    let first = Trial { room: ladder(1, ""), rig: &rig, server: &server };
    first.run(&first.room.yes()).end().with(0);
    first.roll_back(&first.room.yes()).end().with(4);
    server.ask("TRUNCATE evidence.log");
    let last = spots::heard(&rig, "ceremony apply/m01 read back").up.len() - 1;
    let postmaster = server.postmaster();
    let frozen = Fault::Server(Arc::new(move || signal(postmaster, Signal::STOP)));
    rig.plan("ceremony apply/m01 read back", At::Byte(Way::Up, last, 0), frozen);
    let running = trial.run(&trial.room.yes());
    until("the postmaster is frozen", || rig.has_struck().then_some(()));
    let clock = Clock::starting_at(0);
    let took_ms = until_halted(&trial.room, clock);
    let halt = trial.room.halt();
    signal(postmaster, Signal::CONT);
    running.end().with(5).says(&["condition 8 of 8"]);
    assert_eq!(halt["step"], "apply/m02");
    contains(halt["why"].as_str().unwrap(), &["no connection to", "within 10000 ms"]);
    figures("D3", &format!("the postmaster frozen between two steps: stopped after {took_ms} ms"));
    rig.heal();
    trial.resume(&always(&trial.room, "resume: it is there again")).end().with(0);
    assert_eq!(trial.evidence().values().copied().collect::<Vec<_>>(), [1, 1]);
    trial.is_sound();
}
