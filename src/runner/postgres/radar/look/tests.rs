//! What is made of the server's answers, and that no look ever waits.

use super::*;
use crate::runner::postgres::backend::{Endpoint, Host, Secret};
use crate::runner::server::{Embedded, find_programs};
use std::net::IpAddr;
use std::time::Duration;

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
    assert_eq!(lock_mode("AccessExclusiveLock"), "ACCESS EXCLUSIVE");
    assert_eq!(lock_mode("ShareUpdateExclusiveLock"), "SHARE UPDATE EXCLUSIVE");
    assert_eq!(lock_mode("ShareLock"), "SHARE");
    assert_eq!(lock_mode(""), "");
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

/// Takes a while for each row, so that something can be seen.
const SLOW: &str = "CREATE FUNCTION public.slowly(anyelement) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
        PERFORM pg_sleep(0.005);
        RETURN (SELECT string_agg(md5($1::text || at::text), '') FROM generate_series(1, 40) AS at);
    END $$";

struct Room {
    server: Embedded,
    _home: tempfile::TempDir,
}

impl Room {
    async fn new() -> (Self, Looker) {
        let home = tempfile::tempdir().unwrap();
        let server = Embedded::start(&find_programs(None).unwrap(), home.path(), "postgres").unwrap();
        let room = Self { server, _home: home };
        let looker = Looker::new(room.backend("radar").await).await.unwrap();
        (room, looker)
    }

    async fn backend(&self, name: &str) -> Backend {
        let endpoint = Endpoint {
            host: Host::Address(IpAddr::from([127, 0, 0, 1])),
            port: self.server.port(),
            user: "postgres".to_owned(),
            password: Some(Secret::new(self.server.password().expose())),
            database: "postgres".to_owned(),
            unproven: None,
        };
        Backend::connect(&endpoint, name, Duration::from_secs(30)).await.unwrap()
    }

    /// Runs a long statement behind short ones in a transaction and looks until something is seen; then cancels it.
    async fn seen<T>(&self, looker: &mut Looker, sql: &[&str], wanted: impl Fn(&Sample) -> Option<T>) -> T {
        let mut backend = self.backend("at work").await;
        let (pid, canceller) = (backend.pid(), backend.canceller());
        let (last, before) = sql.split_last().unwrap();
        backend.run("BEGIN", &mut |_| {}).await.unwrap();
        for sql in before {
            backend.run(sql, &mut |_| {}).await.unwrap();
        }
        let last = (*last).to_owned();
        let work = tokio::spawn(async move { (backend.run(&last, &mut |_| {}).await, backend) });
        let mut beat = tokio::time::interval(Duration::from_millis(20));
        let look = async {
            loop {
                beat.tick().await;
                let sample = looker.look(pid, "postgres").await.unwrap();
                assert!(!work.is_finished(), "it ended before anything was seen");
                if let Some(found) = wanted(&sample) {
                    return found;
                }
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(100), look).await.expect("it is seen");
        canceller.cancel().await.unwrap();
        let (ended, backend) = work.await.unwrap();
        assert!(matches!(ended, Err(DbError::Cancelled(_))), "{ended:?}");
        backend.close().await;
        found
    }
}

#[tokio::test]
async fn what_a_backend_holds_and_how_far_it_is() {
    let (room, mut looker) = Room::new().await;
    let mut setup = room.backend("setup").await;
    for sql in [SLOW, "CREATE TABLE public.\"Big One\" AS SELECT at FROM generate_series(1, 20000) AS at"] {
        setup.run(sql, &mut |_| {}).await.unwrap();
    }
    setup.run("ANALYZE public.\"Big One\"", &mut |_| {}).await.unwrap();
    setup.close().await;
    let table = "public.\"Big One\"".to_owned();

    let index = ["CREATE INDEX ON public.\"Big One\" (slowly(at))"];
    let (what, held) = room
        .seen(&mut looker, &index, |sample| {
            Some((
                sample.progress.clone().filter(|progress| progress.percent.is_some())?,
                sample.held.clone(),
            ))
        })
        .await;
    assert!(what.what.starts_with("CREATE INDEX: building index"), "{what:?}");
    assert_eq!(held, [Held { on: table.clone(), mode: "SHARE".to_owned() }]);

    // What it made itself nobody else can wait for.
    let anew = [
        "CREATE TABLE public.mine (id integer)",
        "LOCK TABLE public.mine",
        "ALTER TABLE public.\"Big One\" ALTER COLUMN at TYPE text USING slowly(at)",
    ];
    let (progress, held) =
        room.seen(&mut looker, &anew, |sample| Some((sample.progress.clone()?, sample.held.clone()))).await;
    assert_eq!(progress.what, "writing public.\"Big One\" anew, by estimate");
    assert!(progress.percent.is_some_and(|percent| percent < 100), "{progress:?}");
    assert_eq!(held, [Held { on: table, mode: "ACCESS EXCLUSIVE".to_owned() }]);
}

/// Whatever is locked, a look is answered.
#[tokio::test]
async fn no_look_waits_for_a_lock_on_what_it_looks_at() {
    let (room, mut looker) = Room::new().await;
    let mut setup = room.backend("setup").await;
    setup.run("CREATE TABLE public.t (id integer)", &mut |_| {}).await.unwrap();
    setup.close().await;
    let held = room
        .seen(&mut looker, &["LOCK TABLE public.t", "SELECT pg_sleep(600)"], |sample| {
            sample.held.first().cloned()
        })
        .await;
    assert_eq!(held.on, "public.t");
    // With the catalog itself taken away it says so, soon, instead of waiting.
    let mut other = room.backend("other").await;
    other.run("BEGIN", &mut |_| {}).await.unwrap();
    other.run("LOCK TABLE pg_catalog.pg_class", &mut |_| {}).await.unwrap();
    match looker.look(other.pid(), "postgres").await {
        Err(DbError::Server { card, .. }) => assert_eq!(card.sqlstate, "55P03"),
        other => panic!("{other:?}"),
    }
    other.run("ROLLBACK", &mut |_| {}).await.unwrap();
    assert!(looker.look(other.pid(), "postgres").await.is_ok(), "it sees again");
    other.close().await;
    looker.close().await;
}
