//! E1, E3, E4: the wire is cut, the backend ended, the whole server killed, at one byte after another of a step's
//! conversation, on the way up and on the way back. Each fault is met, settled and gone on from in the same session.

use crate::effort::{effort, figures};
use crate::ladder::*;
use crate::rig::*;
use crate::room::*;
use crate::server::Server;
use crate::spots::{self, Spot};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::sync::Arc;

const AGAIN: &str = "resume: it is there again";
const DOWN_AGAIN: &str = "roll back: it is there again";

/// What came of the faults.
#[derive(Debug, Default)]
struct Count {
    struck: usize,
    halted: usize,
    happened: usize,
    did_not: usize,
}

/// A migration's steps, one conversation each: which faults, where.
fn plan(rig: &Rig, step: &str, migrations: usize, early: &[Spot], late: &[Spot], fault: &Fault) {
    for at in 1..=migrations {
        let who = format!("ceremony {step}/m{at:02}");
        let mine = early.iter().skip(at - 1).step_by(migrations);
        for spot in mine {
            rig.plan(&who, spot.at(), fault.clone());
        }
        // Only the last one may commit; of every second it is known that it did.
        let last =
            if at % 2 == 0 { Some(At::Answer("COMMIT")) } else { late.get(at - 1).map(|spot| spot.at()) };
        if let Some(at) = last {
            rig.plan(&who, at, fault.clone());
        }
    }
}

/// Without any fault: what is said, and what the schema is then and was before.
fn faultless(server: &Server, rig: &Rig) -> (Heard, Heard, [String; 2]) {
    let trial = Trial { room: ladder(2, ""), rig, server };
    let yes = always(&trial.room, AGAIN);
    trial.end(trial.run(&yes)).with(0);
    trial.end(trial.roll_back(&yes)).with(4);
    let talks = ["apply", "rollback"].map(|step| spots::heard(rig, &format!("ceremony {step}/m02")));
    let [up, down] = talks;
    let trial = Trial { room: ladder(MIGRATIONS, ""), ..trial };
    let yes = always(&trial.room, AGAIN);
    let before = dump(server);
    trial.end(trial.run(&yes)).with(0);
    let after = dump(server);
    trial.end(trial.roll_back(&yes)).with(4);
    assert_eq!(dump(server), before);
    server.ask("TRUNCATE evidence.log");
    (up, down, [before, after])
}

/// Each of them commits once a sweep, with a fault about it.
const MIGRATIONS: usize = 6;

impl Count {
    /// Compares the record with what really happened, and counts.
    fn add(&mut self, trial: &Trial<'_>, step: &str, each: usize) {
        let way = if step == "apply" { "up" } else { "down" };
        let evidence = trial.evidence();
        let mut committed = BTreeMap::new();
        for event in trial.room.events("step-committed") {
            *committed.entry(event["step"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
        for at in 1..=MIGRATIONS {
            assert_eq!(evidence.get(&format!("{at:02} {way}")), Some(&each), "{evidence:?}");
            assert_eq!(committed.get(&format!("{step}/m{at:02}")), Some(&1), "{committed:?}");
        }
        self.struck += trial.rig.struck().len();
        self.halted += trial.room.halts().len();
        for event in trial.room.events("settled") {
            match event["step"].get(1).and_then(serde_json::Value::as_bool) {
                Some(true) => self.happened += 1,
                Some(false) => self.did_not += 1,
                None => {}
            }
        }
    }
}

/// Up, down and up again, with as many faults each time.
fn sweep(item: &str, before: usize, fault: impl Fn(&Arc<Server>) -> Fault) -> Count {
    let server = Arc::new(Server::new());
    let rig = Rig::new(server.port);
    let fault = fault(&server);
    let (up, down, [bare, whole]) = faultless(&server, &rig);
    let mut count = Count::default();
    let mut history = String::new();
    for round in 1..=2 {
        let trial = Trial { room: ladder(MIGRATIONS, ""), rig: &rig, server: &server };
        let yes = always(&trial.room, AGAIN);
        let (early, late) = spots::of(&up, before, MIGRATIONS);
        plan(&rig, "apply", MIGRATIONS, &early, &late, &fault);
        trial.end(trial.run(&yes)).with(0).says(&["verdict: PASS"]);
        count.add(&trial, "apply", round);
        assert_eq!(dump(&server), whole, "the schema after {item}");
        if round == 2 {
            trial.is_sound();
            history = server.ask(HISTORY);
            break;
        }
        let mut way_back = Count::default();
        let (early, late) = spots::of(&down, before, MIGRATIONS);
        plan(&rig, "rollback", MIGRATIONS, &early, &late, &fault);
        trial.end(trial.roll_back(&always(&trial.room, DOWN_AGAIN))).with(4);
        way_back.add(&trial, "rollback", round);
        count.struck += way_back.struck;
        // The record has both ways.
        (count.halted, count.happened, count.did_not) =
            (way_back.halted, way_back.happened, way_back.did_not);
        assert_eq!(dump(&server), bare, "the schema after {item} on the way back");
        trial.is_sound();
    }
    assert_eq!(history.lines().count(), MIGRATIONS, "{history}");
    let done = "SELECT count(*), count(*) FILTER (WHERE state = 'done') FROM ceremony.ledger WHERE migration LIKE 'm%'";
    let rows = server.ask(done);
    let (all, done) = rows.split_once('|').unwrap();
    assert_eq!(all, done, "every row is whole");
    figures(
        item,
        &format!(
            "{} struck: {} stops; by the ledger {} had been committed and {} had not; 0 lost, 0 twice, schema equal",
            count.struck, count.halted, count.happened, count.did_not
        ),
    );
    count
}

#[test]
fn the_wire_is_cut() {
    let count = sweep("E1", 8 * effort() as usize, |_| Fault::Cut);
    assert!(count.struck >= 24 && count.happened >= 5, "{count:?}");
}

#[test]
fn the_backend_is_ended() {
    let count = sweep("E3", 6 * effort() as usize, |_| Fault::Backend(Signal::TERM));
    // What was answered before the backend ended is on its way: few commits are in doubt here.
    assert!(count.struck >= 20 && count.halted >= 15, "{count:?}");
}

#[test]
fn the_server_is_killed() {
    let killed = |server: &Arc<Server>| {
        let server = server.clone();
        Fault::Server(Arc::new(move || server.killed_and_started_again()))
    };
    let count = sweep("E4", 2 * effort() as usize, killed);
    assert!(count.struck >= 12 && count.happened >= 6, "{count:?}");
}
