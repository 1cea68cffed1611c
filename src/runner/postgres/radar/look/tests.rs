//! What is made of the server's answers, and that no look ever waits.

use super::*;

fn waiting(pid: i32, blockers: &[i32]) -> Peer {
    let wait = LockWait { blockers: blockers.to_vec(), ..LockWait::default() };
    Peer { pid, wait: (!blockers.is_empty()).then_some(wait), ..Peer::default() }
}

#[test]
fn only_what_has_to_do_with_the_backend_is_kept() {
    // 9 blocks 8, who blocks us (1), who blocks 2, who blocks 3. 5 waits for 6: no matter of ours.
    let all = vec![
        waiting(9, &[]),
        waiting(8, &[9]),
        waiting(1, &[8]),
        waiting(2, &[1]),
        waiting(3, &[2]),
        waiting(6, &[]),
        waiting(5, &[6]),
    ];
    let pids = |peers: Vec<Peer>| peers.iter().map(|peer| peer.pid).collect::<Vec<_>>();
    assert_eq!(pids(around(1, all.clone())), [9, 8, 1, 2, 3]);
    assert_eq!(pids(around(4, all.clone())), [0; 0]);
    // A circle ends.
    assert_eq!(pids(around(1, vec![waiting(1, &[2]), waiting(2, &[1])])), [1, 2]);
    let named = |database: &str| all.iter().map(|peer| (peer.clone(), database.to_owned())).collect();
    assert_eq!(pids(in_database(named("ours"), "ours")).len(), 7);
    assert_eq!(pids(in_database(named("theirs"), "ours")), [0; 0]);
}

#[test]
fn modes_as_in_sql() {
    assert_eq!(mode("AccessExclusiveLock"), "ACCESS EXCLUSIVE");
    assert_eq!(mode("ShareUpdateExclusiveLock"), "SHARE UPDATE EXCLUSIVE");
    assert_eq!(mode("ShareLock"), "SHARE");
    assert_eq!(mode(""), "");
}

#[test]
fn progress_in_figures() {
    let cells = |texts: [&str; 4]| texts.map(|text| (!text.is_empty()).then(|| text.to_owned())).to_vec();
    let shown = |row| {
        let mut row: Cells = row;
        let unit = row.pop().flatten().unwrap_or_default();
        let (total, done) = (number(row.pop().flatten()), number(row.pop().flatten()));
        counted(row.pop().flatten().unwrap_or_default(), done, total, &unit)
    };
    let index = shown(cells(["CREATE INDEX: building index", "530", "1000", "blocks"]));
    assert_eq!((index.percent, index.from.as_str()), (Some(53), "530 of 1000 blocks"));
    assert_eq!(shown(cells(["COPY FROM", "77", "0", "rows"])).percent, None);
    let held = [(Held { on: "public.t".to_owned(), mode: "ACCESS EXCLUSIVE".to_owned() }, 1024)];
    assert_eq!(rewritten(100, &held), None);
    assert_eq!(rewritten(4 << 20, &[]), None);
    assert_eq!(rewritten(4 << 20, &held).and_then(|progress| progress.percent), Some(50));
    assert_eq!(rewritten(40 << 20, &held).and_then(|progress| progress.percent), Some(99));
}
