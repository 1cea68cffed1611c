//! D10: the server is another one than before: started again, or a cluster that took its port.

use crate::effort::figures;
use crate::ladder::*;
use crate::rig::*;
use crate::room::*;
use crate::server::Server;
use crate::spots;
use std::sync::Arc;

/// When the first step is over and before the second connects, this happens to the server.
fn between_two_steps(trial: &Trial<'_>, work: impl Fn() + Send + Sync + 'static) {
    let first = Trial { room: ladder(1, ""), rig: trial.rig, server: trial.server };
    first.run(&first.room.yes()).end().with(0);
    first.roll_back(&first.room.yes()).end().with(4);
    trial.server.ask("TRUNCATE evidence.log");
    let last = spots::heard(trial.rig, "ceremony apply/m01 read back").up.len() - 1;
    let at = At::Byte(Way::Up, last, 0);
    trial.rig.plan("ceremony apply/m01 read back", at, Fault::Server(Arc::new(work)));
}

fn findings(room: &Room, words: &str) -> usize {
    room.events("finding-raised").iter().filter(|it| it["what"].as_str().unwrap().contains(words)).count()
}

#[test]
fn started_again_between_two_steps() {
    let server = Arc::new(Server::new());
    let rig = Rig::new(server.port);
    let trial = Trial { room: ladder(2, ""), rig: &rig, server: &server };
    let ours = server.clone();
    between_two_steps(&trial, move || ours.restarted());
    trial.run(&trial.room.yes()).end().with(0);
    assert_eq!(rig.struck().len(), 1);
    assert_eq!(findings(&trial.room, "the server was restarted"), 1);
    assert!(trial.room.halts().is_empty());
    assert_eq!(trial.evidence().values().copied().collect::<Vec<_>>(), [1, 1]);
    trial.is_sound();
    figures("D10", "started again between two steps: the pin is checked again, 1 finding, 0 stops");
}

/// The same password, role and database, as copies of a development machine have.
fn twin_of(server: &Server) -> Server {
    let mut twin = Server::new();
    twin.ask(&format!("ALTER ROLE postgres PASSWORD '{}'", server.password));
    twin.password.clone_from(&server.password);
    twin
}

#[test]
fn another_cluster_at_the_same_port_between_two_steps() {
    let server = Arc::new(Server::new());
    let rig = Arc::new(Rig::new(server.port));
    let trial = Trial { room: ladder(2, ""), rig: &rig, server: &server };
    let other = twin_of(&server);
    let (ours, port) = (rig.clone(), other.port);
    between_two_steps(&trial, move || ours.leads_to(port));
    trial.run(&trial.room.yes()).end().with(3).says(&[
        "this is another server or database",
        "bring back the first one, or start a new session on this one",
        "apply/m02 is open again",
    ]);
    assert_eq!(other.ask("SELECT to_regclass('ceremony.ledger'), to_regclass('public.t02')"), "|");
    rig.leads_to(server.port);
    trial.resume(&trial.room.yes()).end().with(0);
    assert_eq!(trial.evidence().values().copied().collect::<Vec<_>>(), [1, 1]);
    trial.is_sound();
    figures("D10", "another cluster between two steps: refused by its pin, 0 things done there");
}

/// The ledger of another cluster says nothing of whether COMMIT happened.
#[test]
fn another_cluster_while_a_commit_is_in_doubt() {
    let server = Arc::new(Server::new());
    let rig = Arc::new(Rig::new(server.port));
    let trial = Trial { room: ladder(2, ""), rig: &rig, server: &server };
    let other = twin_of(&server);
    let (ours, port) = (rig.clone(), other.port);
    rig.plan(
        "ceremony apply/m01",
        At::Answer("COMMIT"),
        Fault::Server(Arc::new(move || ours.leads_to(port))),
    );
    let once = trial.room.yes().at_a_stop("resume: it is there again");
    let ended = trial.run(&once).end();
    ended.with(5).says(&["the ledger that was read is not this session's"]);
    assert!(trial.room.events("settled").is_empty(), "nothing is settled by a stranger's ledger");
    rig.leads_to(server.port);
    let again = always(&trial.room, "resume: the first one is back");
    trial.resume(&again).end().with(0).says(&["apply/m01 had been committed"]);
    assert_eq!(trial.evidence().values().copied().collect::<Vec<_>>(), [1, 1]);
    assert_eq!(other.ask("SELECT to_regclass('ceremony.ledger')"), "");
    trial.is_sound();
    figures("D10", "another cluster while COMMIT is in doubt: its ledger settles nothing");
}
