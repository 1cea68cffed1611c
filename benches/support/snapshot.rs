//! Reading the whole schema of a database with many tables: what each proof and each rung of the drill costs.

use crate::{Median, RUNS, tell, timed};
use ceremony::runner::postgres::backend::Backend;
use ceremony::runner::postgres::catalog::{QUERY, SETTINGS, Snapshot, diff};
use ceremony::runner::postgres::endpoint::{Endpoint, Host};
use ceremony::runner::server::{Embedded, find_programs};
use std::time::Duration;

const TABLES: usize = 2_000;
/// Tables that are made in one transaction: each holds locks until its end.
const AT_ONCE: usize = 100;

pub fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let server = Embedded::start(&find_programs(None).unwrap(), folder.path(), "many").unwrap();
    let endpoint = Endpoint {
        host: Host::Socket(server.socket_folder().to_owned()),
        port: server.port(),
        user: "postgres".to_owned(),
        password: None,
        database: "many".to_owned(),
        unproven: None,
    };
    tokio::runtime::Runtime::new().unwrap().block_on(measure_on(&endpoint));
}

async fn run(backend: &mut Backend, sql: &str) {
    backend.run(sql, &mut |_| {}).await.unwrap();
}

async fn measure_on(endpoint: &Endpoint) {
    let mut backend = Backend::connect(endpoint, "bench", Duration::from_secs(10)).await.unwrap();
    for from in (0..TABLES).step_by(AT_ONCE) {
        let to = from + AT_ONCE - 1;
        let sql = format!(
            "DO $$ BEGIN FOR n IN {from}..{to} LOOP
               EXECUTE format('CREATE TABLE t%s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL
                 DEFAULT '''', parent bigint REFERENCES t%s, made timestamptz NOT NULL DEFAULT now(), CHECK (name <> ''x''))',
                 n, greatest(n - 1, 0));
               EXECUTE format('CREATE INDEX ON t%s (parent)', n);
             END LOOP; END $$"
        );
        run(&mut backend, &sql).await;
    }
    run(&mut backend, "ANALYZE").await;
    let (mut times, mut compared, mut objects) = (Vec::new(), Vec::new(), 0);
    let mut last = Snapshot::default();
    for _ in 0..RUNS {
        run(&mut backend, "BEGIN").await;
        for setting in SETTINGS {
            run(&mut backend, setting).await;
        }
        let from = std::time::Instant::now();
        let (rows, _) = backend.rows(QUERY, usize::MAX, usize::MAX, &mut |_| {}).await.unwrap();
        let snapshot = Snapshot::from_rows(rows.rows.into_iter().filter_map(|row| {
            let mut cells = row.into_iter().flatten();
            Some((cells.next()?, cells.next()?))
        }));
        times.push(from.elapsed());
        run(&mut backend, "ROLLBACK").await;
        compared.push(timed(|| (snapshot.hash(), diff(&last, &snapshot))).0);
        objects = snapshot.0.len();
        last = snapshot;
    }
    backend.close().await;
    tell(&format!("snapshot: {TABLES} tables, {objects} objects"), Median::of(times));
    tell("snapshot: hash and difference of those", Median::of(compared));
}
