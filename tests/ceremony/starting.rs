//! A server that is starting up or full: a relay in front of a real one says so to the connections of one step.

use crate::room::*;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Turns away the first connections whose startup message holds `name`, with an error of this SQLSTATE.
struct Relay {
    port: u16,
    turned_away: Arc<AtomicUsize>,
}

impl Relay {
    fn new(server: &Own, name: &'static str, sqlstate: &'static str, times: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let to = server.port();
        let turned_away = Arc::new(AtomicUsize::new(0));
        let count = turned_away.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, count) = (client.unwrap(), count.clone());
                thread::spawn(move || relay(client, to, name, sqlstate, times, &count));
            }
        });
        Self { port, turned_away }
    }

    fn url(&self, server: &Own) -> String {
        format!("postgresql://postgres:{}@127.0.0.1:{}/postgres", server.password(), self.port)
    }
}

fn relay(mut client: TcpStream, to: u16, name: &str, sqlstate: &str, times: usize, count: &AtomicUsize) {
    let mut start = vec![0; 4];
    if client.read_exact(&mut start).is_err() {
        return;
    }
    let length = u32::from_be_bytes([start[0], start[1], start[2], start[3]]) as usize;
    start.resize(length, 0);
    if client.read_exact(&mut start[4..]).is_err() {
        return;
    }
    let named = start.windows(name.len() + 1).any(|part| part == [name.as_bytes(), b"\0"].concat());
    if named && count.load(Ordering::SeqCst) < times {
        count.fetch_add(1, Ordering::SeqCst);
        let fields = format!("SFATAL\0VFATAL\0C{sqlstate}\0Mnot now\0\0");
        let mut error = vec![b'E'];
        error.extend(u32::try_from(fields.len() + 4).unwrap().to_be_bytes());
        error.extend(fields.as_bytes());
        let _ = client.write_all(&error);
        return;
    }
    let mut server = TcpStream::connect(("127.0.0.1", to)).unwrap();
    server.write_all(&start).unwrap();
    let (mut from, mut into) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut into);
        let _ = into.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut server, &mut client);
    let _ = client.shutdown(Shutdown::Both);
}

fn start(room: &Room, url: &str, answers: &Answers) -> Ended {
    room.spawn(room.answered(&["run", "--session", "session", "--url", url], answers)).end()
}

#[test]
fn a_server_that_is_starting_up_is_waited_for() {
    let (room, server) = (Room::new(), Own::new());
    room.define("[target]\n", "[target]\nunproven = \"the relay is this test\"\n");
    let relay = Relay::new(&server, "ceremony apply/foundations", "57P03", 3);
    start(&room, &relay.url(&server), &room.yes().without("apply/uniqueness"))
        .with(3)
        .says(&["not now: waiting for it, 60 s at most", "apply/foundations: PASS"]);
    assert_eq!(relay.turned_away.load(Ordering::SeqCst), 3);
    assert!(room.halts().is_empty());
}

#[test]
fn a_server_that_is_full_names_its_limit() {
    let (room, server) = (Room::new(), Own::new());
    room.define("[target]\n", "[target]\nunproven = \"the relay is this test\"\n");
    let relay = Relay::new(&server, "ceremony apply/foundations", "53300", usize::MAX);
    let limit = format!("max_connections is {}", server.ask("SHOW max_connections"));
    start(&room, &relay.url(&server), &room.yes()).with(5).says(&[
        "53300",
        &limit,
        "let other clients leave",
    ]);
    contains(room.halt()["why"].as_str().unwrap(), &["too many connections: it may be tried again (1 of 3)"]);
    assert_eq!(server.ask("SELECT to_regclass('ceremony.ledger')"), "", "nothing was begun");
}
