//! The data-loss meter on a table of a million rows with eight columns: the look before a migration, the look after
//! one that left the columns as they were, and after one that dropped a column.

use crate::{Median, RUNS, tell, timed};
use ceremony::definition::{StepKind, load};
use ceremony::plan::{Check, Plan, Step, Subject};
use ceremony::runner::files::DiskFolder;
use ceremony::runner::postgres::attempt::{Attempt, Room};
use ceremony::runner::postgres::backend::Backend;
use ceremony::runner::postgres::endpoint::{Endpoint, Host};
use ceremony::runner::postgres::stop::Stop;
use ceremony::runner::server::{Embedded, find_programs};
use ceremony::runner::suite::SuiteRoom;
use ceremony::session::AttemptId;
use std::path::Path;
use std::sync::Arc;

const TABLE: &str = "CREATE TABLE public.million (
    id bigint PRIMARY KEY, name text NOT NULL, price numeric(10,2), at timestamptz, on_day date, ok boolean, ref uuid,
    note jsonb)";
const ROWS: &str = "INSERT INTO public.million
    SELECT i, 'name of row ' || i, (i % 100000) / 100.0, '2026-01-01'::timestamptz + i * interval '1 min',
           '2026-01-01'::date + i % 1000, i % 2 = 0, gen_random_uuid(),
           CASE WHEN i % 4 = 0 THEN jsonb_build_object('a', i) END
      FROM generate_series(1, 1000000) AS i";

pub fn measure() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let server =
        Embedded::start(&find_programs(None).unwrap(), &folder.path().join("server"), "million").unwrap();
    let endpoint = Endpoint {
        host: Host::Socket(server.socket_folder().to_owned()),
        port: server.port(),
        user: "postgres".to_owned(),
        password: None,
        database: "million".to_owned(),
        unproven: None,
    };
    let table = "public.million".to_owned();
    let check = Check { id: "rows".to_owned(), title: "rows".to_owned(), subject: Subject::Protected(table) };
    let attempt = Attempt {
        room: Arc::new(Room {
            plan: Arc::new(Plan::new(load(&DiskFolder::new(root).unwrap(), "ceremony.toml").unwrap())),
            endpoint: endpoint.clone(),
            folder: DiskFolder::new(root).unwrap(),
            session: folder.path().to_owned(),
            rehearsal: false,
            presence: Default::default(),
            connections: Default::default(),
            suites: SuiteRoom {
                folder: root.to_owned(),
                scratch: folder.path().to_owned(),
                programs: None,
                lock_timeout_ms: 1_000,
            },
            now_us: Box::new(|| 0),
        }),
        step: Step {
            id: "meter".to_owned(),
            kind: StepKind::Apply,
            title: String::new(),
            phase: String::new(),
            migration: None,
            witness: false,
            checks: vec![check],
        },
        id: AttemptId { session: "bench".to_owned(), number: 1 },
        pin: None,
        recorded: Default::default(),
        sight: Default::default(),
        stop: Arc::new(Stop::default()),
        say: Arc::new(|_| {}),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut backend = runtime.block_on(attempt.connect_to(&endpoint)).unwrap();
    let run = |backend: &mut Backend, sql: &str| runtime.block_on(attempt.run(backend, sql)).unwrap();
    for sql in [TABLE, ROWS, "VACUUM ANALYZE public.million"] {
        run(&mut backend, sql);
    }
    let (mut before, mut same, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        run(&mut backend, "BEGIN");
        let (time, looks) = timed(|| runtime.block_on(attempt.protected_before(&mut backend)).unwrap());
        before.push(time);
        same.push(timed(|| runtime.block_on(attempt.protected_after(&mut backend, &looks)).unwrap()).0);
        run(&mut backend, "ALTER TABLE public.million DROP COLUMN note");
        dropped.push(timed(|| runtime.block_on(attempt.protected_after(&mut backend, &looks)).unwrap()).0);
        run(&mut backend, "ROLLBACK");
    }
    tell("meter: a million rows, before", Median::of(before));
    tell("meter: a million rows, after, the same columns", Median::of(same));
    tell("meter: a million rows, after, one of 8 dropped", Median::of(dropped));
}
