//! Is the server on this machine, and is it nobody else's? What a tunnel, a pooler or a production server looks like.

use crate::clients::Own;
use crate::room::*;
use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};

/// Passes on whatever comes to a port of this machine, as the end of a tunnel does; returns the port.
fn relay(to: u16) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let pass = |mut from: TcpStream, mut to: TcpStream| {
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        })
    };
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let far = TcpStream::connect(("127.0.0.1", to)).unwrap();
            pass(near.try_clone().unwrap(), far.try_clone().unwrap());
            pass(far, near);
        }
    });
    port
}

fn url(port: u16, server: &Own) -> String {
    format!("postgresql://postgres:{}@127.0.0.1:{port}/postgres", server.password())
}

#[test]
fn a_tunnel_looks_local_to_everybody_but_the_server() {
    let (room, server) = (Room::new(), Own::new());
    let url = url(relay(server.port()), &server);
    let run = ["run", "--session", "session", "--url", &url];
    let yes = room.yes().with("preflight/target", &["{phrase}"]);
    room.spawn(room.answered(&run, &yes)).end().with(3).says(&[
        "the server is not shown to be on this machine: something stands between",
        "preflight/target is open again",
        "unproven = ",
    ]);
    assert_eq!(server.ask("SELECT count(*) FROM pg_namespace WHERE nspname = 'ceremony'"), "0");
}

#[test]
fn the_definitions_words_let_it_through_and_are_shown() {
    let (room, server) = (Room::new(), Own::new());
    let words = "the database runs in a virtual machine of this laptop";
    room.define("[target]\n", &format!("[target]\nunproven = \"{words}\"\n"));
    let url = url(relay(server.port()), &server);
    let run = ["run", "--session", "session", "--url", &url];
    let ended = room.spawn(room.answered(&run, &room.yes().without("apply/foundations"))).end().with(3);
    let finding = format!("the server is not shown to be local; by the definition: {words}");
    ended.says(&[&finding]);
    contains(&room.report(), &[&finding]);
}

#[test]
fn a_server_that_others_depend_on_is_refused() {
    let room = Room::new();
    let server = Own::new().started_again(|data| {
        let mut config = OpenOptions::new().append(true).open(data.join("postgresql.conf")).unwrap();
        config.write_all(b"archive_mode = on\n").unwrap();
    });
    let run = ["run", "--session", "session", "--url", &server.url()];
    let yes = room.yes().with("preflight/target", &["{phrase}"]);
    room.spawn(room.answered(&run, &yes))
        .end()
        .with(3)
        .says(&["it looks as if others depend on it: archive_mode is on", "preflight/target is open again"]);
}
