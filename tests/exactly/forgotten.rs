//! E6: a server that forgets a transaction in a crash, and gives its number to somebody else.

use crate::effort::{effort, figures};
use crate::mini::*;
use crate::room::*;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;

/// Everybody who could bring a transaction's log to disk before its own COMMIT does.
const WRITERS: &str = "SELECT pid FROM pg_stat_activity WHERE backend_type IN ('walwriter', 'background writer', 'checkpointer')";
const WAITS: &str = "SELECT backend_xid FROM pg_stat_activity
    WHERE application_name = 'ceremony apply/mini' AND wait_event_type = 'Lock' AND query = 'COMMIT'";

fn signal(pids: &str, signal: Signal) {
    for pid in pids.lines() {
        kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), signal).unwrap();
    }
}

/// COMMIT was asked for and waits behind somebody else's NOTIFY, whose own COMMIT waits for a standby that is not there;
/// then all processes of the server are killed. Returns how far `pg_xact_status` would have been wrong.
fn forgotten() -> String {
    let server = used();
    server.ask("ALTER SYSTEM SET autovacuum = off");
    let mut data = fs::canonicalize("/").unwrap();
    let server = server.started_again(|it| {
        data = it.to_owned();
        fs::OpenOptions::new().append(true).open(it.join("postgresql.auto.conf")).map(drop).unwrap();
    });
    server.ask("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    server.ask("SELECT pg_reload_conf()");
    until("the setting is read", || (server.ask("SHOW synchronous_standby_names") == "nobody").then_some(()));
    let mut somebody = server.somebody("BEGIN; NOTIFY x; SELECT pg_logical_emit_message(true, 'x', 'x')");
    somebody.goes_on("COMMIT");
    let hangs = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    until("somebody's COMMIT hangs", || (server.ask(hangs) == "1").then_some(()));
    signal(&server.ask(WRITERS), Signal::STOP);

    let room = mini(&format!("{GOOD}\nNOTIFY x;"));
    let url = server.url();
    let running = room.spawn(room.answered(&["run", "--session", "session", "--url", &url], &room.yes()));
    let xid = until("our COMMIT waits", || Some(server.ask(WAITS)).filter(|xid| !xid.is_empty()));
    room.recorded(&["commit-requested", "apply/mini"]);
    room.recorded(&["proved", &format!("\"xid\":\"{xid}\"")]);
    running.kill();
    let pids = processes_in(&data).iter().map(|pid| format!("{pid}\n")).collect::<String>();
    signal(&pids, Signal::KILL);
    until("no process of the server is left", || processes_in(&data).is_empty().then_some(()));
    drop(somebody);

    let server = server.started_again(|data| {
        let conf = data.join("postgresql.auto.conf");
        let text = fs::read_to_string(&conf).unwrap();
        let kept = text.lines().filter(|line| !line.starts_with("synchronous_standby_names"));
        fs::write(&conf, kept.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    });
    assert_eq!(server.ask(LEFT), NOTHING, "nothing of it outlived the crash");
    // Somebody else's transactions, until one has the number.
    let number: u64 = xid.parse().unwrap();
    let reused = until("the number is given again", || {
        let theirs: u64 = server.ask("SELECT pg_current_xact_id()").parse().unwrap();
        assert!(theirs <= number, "the server remembers {number}: it gives {theirs}");
        (theirs == number).then_some(theirs)
    });
    let status = server.ask(&format!("SELECT pg_xact_status('{reused}')"));
    assert_eq!(status, "committed", "this is what a look at the status alone would have believed");

    resume_on(&room, &server.url(), &room.yes())
        .with(0)
        .says(&["apply/mini had not been committed", "verdict: PASS"]);
    let settled = room.events("settled");
    assert_eq!(settled[0]["step"], serde_json::json!(["apply/mini", false]));
    assert_eq!(server.ask(LEFT), ONCE);
    room.verify().with(0);
    status
}

#[test]
fn a_transaction_number_that_is_given_twice_proves_nothing() {
    let runs = effort();
    let fooled = (0..runs).filter(|_| forgotten() == "committed").count();
    figures(
        "E6",
        &format!("{runs} crashes: pg_xact_status said committed of {fooled}, 0 were taken for applied"),
    );
}
