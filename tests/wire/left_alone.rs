//! E7: a program that is dead, and a server that does not know: its batch runs on. The resume says so, names it, and
//! applies nothing while it runs.

use crate::effort::figures;
use crate::ladder::*;
use crate::rig::*;
use crate::room::*;
use crate::server::Server;

const WAITS: &str = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'ceremony apply/m01'";
const RUNS: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ceremony apply/m01'";

#[test]
fn a_batch_of_a_dead_program_is_still_running() {
    let server = Server::new();
    let rig = Rig::new(server.port);
    let trial = Trial { room: ladder(2, ""), rig: &rig, server: &server };
    trial.room.add("migrations/1_t.sql", "SELECT pg_advisory_xact_lock(4711);");
    let holder = Somebody::new(server.port, &server.password, "SELECT pg_advisory_lock(4711)");
    rig.plan("ceremony apply/m01", At::Query("pg_advisory_xact_lock"), Fault::Deaf);
    let running = trial.run(&trial.room.yes());
    let pid = until("the batch waits", || server.ask(WAITS).parse::<i32>().ok());
    running.kill();
    // Nobody answers a stop: what is said is what a person would see.
    let said = trial.resume(&trial.room.yes()).end().said();
    contains(
        &said,
        &["is still running and has held this database for more than 20 s", "\"ceremony apply/m01\""],
    );
    contains(&said, &[&format!("process {pid}")]);
    assert_eq!(server.ask(RUNS), "1", "nobody ended it");
    assert_eq!(server.ask("SELECT to_regclass('public.t01')"), "", "nothing is applied meanwhile");
    holder.leaves();
    // The batch comes to its end and waits for a client that is no more; then the server hears of it.
    rig.let_go();
    until("the batch is gone", || (server.ask(RUNS) == "0").then_some(()));
    trial.resume(&always(&trial.room, "resume: it is over")).end().with(0);
    let evidence = trial.evidence();
    assert_eq!(evidence.values().copied().collect::<Vec<_>>(), [1, 1], "{evidence:?}");
    trial.is_sound();
    figures(
        "E7",
        "1 batch outlived its program: named at the resume as still running, 0 applied meanwhile, 0 twice",
    );
}
