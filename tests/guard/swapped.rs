//! A listener that is swapped between check and use: what connects afterwards reaches nobody else unnoticed.

use crate::clients::Own;
use crate::effort::figures;
use crate::program::{Ended, contains, until};
use crate::relay::Relay;
use crate::rig::{HERE, Server, asked, free_port, here, make_data, must, run};
use crate::room::{Answers, Room};
use ceremony::runner::postgres::backend::Backend;
use ceremony::runner::postgres::endpoint::Endpoint;
use ceremony::runner::server::find_programs;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(20);

/// Takes a port and hears what is sent to it first; the number of bytes.
fn heard(listener: &TcpListener) -> usize {
    let (mut stream, _) = listener.accept().unwrap();
    stream.read(&mut [0; 64]).unwrap()
}

#[test]
fn a_cancel_request_goes_to_nobody_else() {
    // The main process dies at once, its backend is at work and goes on: the port is anybody's.
    let mut server = Server::start(HERE, &[], |_| {});
    run(async {
        let mut backend = Backend::connect(&here(server.port), "ceremony-test", DEADLINE).await.unwrap();
        let (canceller, pid) = (backend.canceller(), backend.pid());
        let work = tokio::spawn(async move {
            backend.value("SELECT count(*) FROM generate_series(1, 1000000000000) AS n").await
        });
        let mut other = Backend::connect(&here(server.port), "ceremony-test", DEADLINE).await.unwrap();
        let at_work = format!("SELECT pid FROM pg_stat_activity WHERE pid = {pid} AND state = 'active'");
        while other.value(&at_work).await.unwrap().is_none() {}
        // The same way reaches it as long as nothing is swapped.
        server.kill_main();
        let somebody = TcpListener::bind(("127.0.0.1", server.port)).unwrap();
        let hears = std::thread::spawn(move || heard(&somebody));
        let error = canceller.cancel().await.unwrap_err();
        assert!(error.to_string().contains("something else listens in the server's place"), "{error}");
        assert_eq!(hears.join().unwrap(), 0, "the backend's key went to somebody else");
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        assert!(work.await.unwrap().is_err());
    });
}

#[test]
fn a_connection_that_is_made_while_listeners_change_is_refused_whatever_the_definition_says() {
    let server = Server::start(HERE, &[], |_| {});
    let relay = Relay::tcp(0, ("127.0.0.1", server.port));
    let endpoint = Endpoint { unproven: Some("the relay is this test".to_owned()), ..here(relay.port) };
    // As long as it is the same one, the words let it through, and its cancel requests with it.
    run(async {
        let backend = Backend::connect(&endpoint, "ceremony-test", DEADLINE).await.unwrap();
        let canceller = backend.canceller();
        canceller.cancel().await.unwrap();
        let port = relay.port;
        relay.close();
        let other = Relay::tcp(port, ("127.0.0.1", server.port));
        // The same server even, and yet another way to it.
        assert!(canceller.cancel().await.is_err());
        other.close();
    });
}

/// A server behind a relay that is swapped for another one when a child asks for it.
struct Swap {
    room: Room,
    server: Own,
    port: u16,
    relay: Relay,
}

impl Swap {
    fn new() -> Self {
        let (room, server) = (Room::new(), Own::new());
        room.define("[target]\n", "[target]\nunproven = \"the relay is this test\"\n");
        let relay = Relay::tcp(0, ("127.0.0.1", server.port()));
        Self { room, server, port: relay.port, relay }
    }

    fn url(&self) -> String {
        format!("postgresql://postgres:{}@127.0.0.1:{}/postgres", self.server.password(), self.port)
    }

    /// What a shell does to have it swapped.
    fn asks(&self) -> String {
        let (wanted, done) = (self.room.path("wanted"), self.room.path("done"));
        format!(": >{}; until [ -e {} ]; do sleep 0.02; done", wanted.display(), done.display())
    }

    /// Swaps it when it is asked for, while the program does this.
    fn while_it(self, program: impl FnOnce(&Room) -> Ended) -> (Room, Ended) {
        let Self { room, server, port, relay } = self;
        let (wanted, done, over) = (room.path("wanted"), room.path("done"), AtomicBool::new(false));
        let to = server.port();
        let ended = std::thread::scope(|scope| {
            let swaps = scope.spawn(|| {
                until("a swap is wanted", || (wanted.exists() || over.load(Ordering::SeqCst)).then_some(()));
                relay.close();
                let other = Relay::tcp(port, ("127.0.0.1", to));
                fs::write(&done, "").unwrap();
                other
            });
            let ended = program(&room);
            over.store(true, Ordering::SeqCst);
            drop(swaps.join().unwrap());
            ended
        });
        assert!(wanted.exists(), "no swap was asked for:\n{}", ended.said());
        (room, ended)
    }
}

fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_suite_whose_server_was_swapped_proves_nothing() {
    let swap = Swap::new();
    let asks = serde_json::to_string(&format!("{}; echo 1..1; echo ok 1 - all good", swap.asks())).unwrap();
    let suite = format!(
        "[[suite]]\nid = \"swaps\"\ntitle = \"swaps\"\ncommand = [\"sh\", \"-c\", {asks}]\nformat = \"tap\"\n\n"
    );
    let waiver = "[[waiver]]\ncheck = \"ingest";
    swap.room.define(waiver, &format!("{suite}{waiver}"));
    swap.room.define("suites = [\"baseline\"]", "suites = [\"swaps\"]");
    let url = swap.url();
    let (room, ended) = swap.while_it(|room| {
        let answers = room.yes().with("preflight/suites", &["{phrase}"]);
        let run = ["run", "--session", "session", "--url", &url];
        room.spawn(room.answered(&run, &answers)).end()
    });
    contains(&ended.said(), &["it may have used another server"]);
    let judged = room.events("check-judged").into_iter().rfind(|event| event["check"] == "swaps").unwrap();
    assert_eq!(judged["verdict"], "fail", "{judged:#}");
}

#[test]
fn a_dump_or_a_restore_whose_server_was_swapped_makes_no_copy() {
    for program in ["pg_dump", "pg_restore"] {
        let swap = Swap::new();
        // The programs of PostgreSQL, one of which waits until the listener is swapped.
        let programs = swap.room.path("programs");
        fs::create_dir(&programs).unwrap();
        let real = find_programs(None).unwrap().bindir;
        for entry in fs::read_dir(&real).unwrap().flatten() {
            std::os::unix::fs::symlink(entry.path(), programs.join(entry.file_name())).unwrap();
        }
        fs::remove_file(programs.join(program)).unwrap();
        let real = real.join(program).display().to_string();
        let text = format!(
            "#!/bin/sh\n[ \"$1\" = --version ] && exec {real} \"$@\"\n{}\nexec {real} \"$@\"\n",
            swap.asks()
        );
        script(&programs.join(program), &text);
        // Somebody who is connected makes it a copy by dump and restore.
        let somebody = swap.server.somebody("BEGIN; SELECT 1");
        let url = swap.url();
        let (_room, ended) = swap.while_it(|room| {
            let mut command =
                room.command(&["rehearse", "--headless", "--session", "rehearsed", "--url", &url]);
            command.env("PG_BINDIR", &programs);
            room.spawn(command).end()
        });
        drop(somebody);
        assert_ne!(ended.code, Some(0), "{program}");
        contains(&ended.said(), &["the copy is not to be trusted: what listens at 127.0.0.1:"]);
    }
}

/// The program goes on where a server was, and something else is there.
#[test]
fn what_took_the_servers_place_between_two_steps_is_refused() {
    let mut first = Server::start(HERE, &[], |_| {});
    let (port, url) = (first.port, first.url());
    let room = Room::new();
    let left = room.yes().without("apply/foundations");
    let run = ["run", "--session", "session", "--url", &url];
    room.spawn(room.answered(&run, &left)).end().with(3);
    let resume = ["resume", "session", "--url", &url];
    let again = |room: &Room, answers: &Answers| room.spawn(room.answered(&resume, answers)).end();
    let applied =
        |server: &Server| server.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'ceremony'");

    // The same data on another port, and a relay where it was: the same database, another way.
    let data = first.data();
    first.kill_main();
    until("its processes are gone", || crate::room::processes_in(&data).is_empty().then_some(()));
    let moved = Server::start_at(HERE, free_port(), &[], |new| replace(new, &data));
    {
        let _relay = Relay::tcp(port, ("127.0.0.1", moved.port));
        again(&room, &room.yes()).says(&["something stands between"]);
    }
    // Nor with the definition's words: it was shown to be on this machine once.
    {
        let relay = Relay::tcp(port, ("127.0.0.1", moved.port));
        let direct = here(moved.port);
        assert!(asked(&direct).unwrap().contains("nothing in between"));
        let named = Endpoint { unproven: Some("a virtual machine".to_owned()), ..here(relay.port) };
        assert!(
            asked(&named).unwrap().contains("not shown to be local"),
            "never shown at this port in this process"
        );
        relay.close();
        let shown = Server::start_at(HERE, port, &[], |_| {});
        assert!(asked(&named).unwrap().contains("nothing in between"));
        drop(shown);
        let _relay = Relay::tcp(port, ("127.0.0.1", moved.port));
        assert!(asked(&named).unwrap_err().contains("something stands between"));
    }
    // Another server.
    {
        let other = Server::start_at(HERE, port, &[], make_data);
        again(&room, &room.yes()).with(2).says(&["is another server or database"]);
        assert_eq!(applied(&other), "0", "nothing was begun in another server");
    }
    // Nobody at all.
    assert_ne!(again(&room, &room.yes()).code, Some(0));
    assert_eq!(applied(&moved), "0", "nothing was begun");
    drop(moved);
    figures(
        "G4",
        "swapped before a connection, a cancel request, a suite, pg_dump, pg_restore: 7 of 7 seen, 0 bytes to another listener",
    );
}

fn replace(new: &Path, by: &Path) {
    fs::remove_dir_all(new).unwrap();
    must("cp", &["-a", by.to_str().unwrap(), new.to_str().unwrap()]);
    let _ = fs::remove_file(new.join("postmaster.pid"));
}
