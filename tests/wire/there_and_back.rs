//! E14 under E1, E3 and E4: the shipped ceremony's three migrations up, back (3, 2, 1) and up again, while the wire is
//! cut, the backend ended and the server killed; then the schema is what it is without any of it.

use crate::effort::{effort, figures};
use crate::ladder::*;
use crate::rig::*;
use crate::room::*;
use crate::server::Server;
use crate::spots;
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::sync::Arc;

const STEPS: [&str; 3] = ["foundations", "uniqueness", "outbound-sync"];

/// Which fault comes how often: cut, backend, cut, server, …
fn faults(server: &Arc<Server>) -> impl Iterator<Item = (&'static str, Fault)> {
    let server = server.clone();
    let kill = Fault::Server(Arc::new(move || server.killed_and_started_again()));
    let row = [("E1", Fault::Cut), ("E3", Fault::Backend(Signal::TERM)), ("E1", Fault::Cut), ("E4", kill)];
    row.into_iter().cycle()
}

/// Faults on every step of one way: some before COMMIT, one when it is sent, one when it is answered.
fn plan(
    (rig, way): (&Rig, &str),
    faults: &mut impl Iterator<Item = (&'static str, Fault)>,
    planned: &mut BTreeMap<&'static str, usize>,
) {
    let mut next = |rig: &Rig, who: &str, at: At| {
        let (item, fault) = faults.next().unwrap();
        *planned.entry(item).or_insert(0) += 1;
        rig.plan(who, at, fault);
    };
    for step in STEPS {
        let who = format!("ceremony {way}/{step}");
        let (early, _) = spots::of(&spots::heard(rig, &who), effort() as usize, 0);
        for spot in early {
            next(rig, &who, spot.at());
        }
        next(rig, &who, At::Query("COMMIT"));
        next(rig, &who, At::Answer("COMMIT"));
    }
}

/// How often each step was committed, by the record; and how many stops there were.
fn committed(room: &Room, way: &str) -> (Vec<usize>, usize) {
    let events = room.events("step-committed");
    let of = |step: &str| events.iter().filter(|event| event["step"] == format!("{way}/{step}")).count();
    (STEPS.map(of).to_vec(), room.halts().len())
}

#[test]
fn three_up_three_back_three_up_under_every_fault() {
    let server = Arc::new(with_baseline());
    let rig = Rig::new(server.port);
    let trial = Trial { room: shipped(), rig: &rig, server: &server };
    let up = |room: &Room| always(room, "resume: it is there again").without("verify/post");
    let down = |room: &Room| always(room, "roll back: it is there again");
    trial.end(trial.run(&up(&trial.room))).with(3);
    let whole = dump(&server);
    trial.end(trial.roll_back(&down(&trial.room))).with(4);
    // What a rollback leaves on purpose, by the definition, is in it.
    let bare = dump(&server);

    let (mut faults, mut planned) = (faults(&server), BTreeMap::new());
    let trial = Trial { room: shipped(), ..trial };
    plan((&rig, "apply"), &mut faults, &mut planned);
    trial.end(trial.run(&up(&trial.room))).with(3);
    assert_eq!(committed(&trial.room, "apply").0, [1, 1, 1]);
    assert_eq!(dump(&server), whole);
    plan((&rig, "rollback"), &mut faults, &mut planned);
    trial.end(trial.roll_back(&down(&trial.room))).with(4);
    let (back, mut stops) = committed(&trial.room, "rollback");
    assert_eq!(back, [1, 1, 1]);
    assert_eq!(dump(&server), bare);
    trial.is_sound();

    let trial = Trial { room: shipped(), ..trial };
    plan((&rig, "apply"), &mut faults, &mut planned);
    trial.end(trial.run(&up(&trial.room))).with(3);
    let (again, more) = committed(&trial.room, "apply");
    assert_eq!(again, [1, 1, 1]);
    stops += more;
    assert_eq!(dump(&server), whole);
    trial.is_sound();

    let rows = "SELECT migration, string_agg(direction || ' ' || state, ', ' ORDER BY cycle) FROM ceremony.ledger GROUP BY 1 ORDER BY 1";
    let all = "up done, down done, up done, down done, up done";
    assert_eq!(server.ask(rows), format!("foundations|{all}\noutbound-sync|{all}\nuniqueness|{all}"));
    let history = server.ask(HISTORY);
    assert_eq!(history.lines().filter(|line| line.starts_with("202601")).count(), 4, "{history}");
    let struck = rig.struck().len();
    let wanted: usize = planned.values().sum();
    assert!(struck + 3 >= wanted, "{struck} of {wanted} struck");
    figures(
        "E14, wire and server",
        &format!("{struck} struck of {planned:?}: {stops} stops; 3 dumps equal, 0 lost, 0 twice"),
    );
}
