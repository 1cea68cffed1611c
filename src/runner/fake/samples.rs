//! What the radar of the fake world sees.

use crate::session::*;

/// The fake attempt's own backend.
const OWN: i32 = 100;

fn peer(pid: i32, application: &str, wait: Option<LockWait>) -> Peer {
    Peer {
        pid,
        user: "app".to_owned(),
        application: application.to_owned(),
        state: if wait.is_some() { "active" } else { "idle in transaction" }.to_owned(),
        state_ms: 12_000,
        query: "SELECT 1".to_owned(),
        wait,
    }
}

fn wait(pid: i32, mode: &str, waited_ms: u64) -> Option<LockWait> {
    Some(LockWait { mode: mode.to_owned(), on: "public.bookings".to_owned(), waited_ms, blockers: vec![pid] })
}

/// The attempt waits for somebody.
pub fn waiting() -> Sample {
    let own = peer(OWN, "ceremony", wait(9, "ACCESS EXCLUSIVE", 3_000));
    Sample { pid: OWN, peers: vec![peer(9, "psql", None), own], ..Sample::default() }
}

/// `count` others wait for the attempt for so long.
pub fn crowd(count: i32, waited_ms: u64) -> Sample {
    let own = peer(OWN, "ceremony", None);
    let others = (0..count).map(|at| peer(200 + at, "web", wait(OWN, "ACCESS SHARE", waited_ms)));
    let held = Held { on: "public.bookings".to_owned(), mode: "ACCESS EXCLUSIVE".to_owned() };
    Sample {
        pid: OWN,
        peers: std::iter::once(own).chain(others).collect(),
        held: vec![held],
        ..Sample::default()
    }
}

/// The radar has no connection.
pub fn blind() -> Sample {
    Sample { pid: OWN, blind: Some("no connection".to_owned()), ..Sample::default() }
}
