//! Tests against a real server.

mod copy;
mod lost;
mod near;
mod server;

use super::*;
use server::{Server, shared};
use std::net::IpAddr;

const DEADLINE: Duration = Duration::from_secs(20);

fn ignore(_: ErrorCard) {}

async fn connect(server: &Server) -> Backend {
    Backend::connect(&server.tcp(), "ceremony-test", DEADLINE).await.unwrap()
}

async fn run(backend: &mut Backend, sql: &str) -> Result<String, DbError> {
    timeout(DEADLINE, backend.run(sql, &mut ignore)).await.unwrap()
}

async fn rows(backend: &mut Backend, sql: &str) -> Result<ResultSet, DbError> {
    let answer = timeout(DEADLINE * 3, backend.rows(sql, 200, 4096, &mut ignore)).await.unwrap();
    answer.map(|(rows, _)| rows)
}

/// Sqlstate and position of a refusal.
fn refusal<T: std::fmt::Debug>(result: Result<T, DbError>) -> (String, Option<Position>) {
    match result {
        Err(DbError::Server { card, position }) => (card.sqlstate, position),
        other => panic!("{other:?}"),
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Waits until that backend sleeps in `pg_sleep`.
async fn until_asleep(witness: &mut Backend, pid: i32) {
    let asleep = format!("SELECT 1 FROM pg_stat_activity WHERE pid = {pid} AND wait_event = 'PgSleep'");
    while witness.value(&asleep).await.unwrap().is_none() {}
}

#[tokio::test]
async fn password_login_over_tcp_and_socket() {
    let server = shared();
    for endpoint in [server.tcp(), server.socket()] {
        let mut backend = Backend::connect(&endpoint, "ceremony-test", DEADLINE).await.unwrap();
        let pid = backend.value("SELECT pg_backend_pid()").await.unwrap();
        assert_eq!(pid, Some(backend.pid().to_string()));
        let identity = backend.identity().await.unwrap();
        assert_eq!(identity.address, endpoint.to_string());
        assert_eq!((identity.user.as_str(), identity.database.as_str()), ("postgres", "postgres"));
        assert!(!identity.in_recovery && !identity.read_only);
        assert!(identity.system_identifier.parse::<u64>().unwrap() > 0 && identity.server_time_us > 0);
        assert_eq!(backend.value("SHOW application_name").await.unwrap(), some("ceremony-test"));
        match (backend.wire(), &endpoint.host) {
            (Wire::Tcp { peer, .. }, Host::Address(ip)) => assert_eq!(peer.ip(), *ip),
            (Wire::Socket { peer_pid: Some(_) }, Host::Socket(_)) => {}
            other => panic!("{other:?}"),
        }
        let prepared = backend.value("SELECT count(*) FROM pg_prepared_statements").await.unwrap();
        assert_eq!(prepared, some("0"));
        backend.close().await;
    }
}

#[tokio::test]
async fn tags_and_transaction_status() {
    let server = shared();
    let backend = &mut connect(&server).await;
    for (sql, tag, status) in [
        ("BEGIN", "BEGIN", b'T'),
        ("CREATE TEMP TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)", "CREATE TABLE", b'T'),
        ("INSERT INTO t SELECT generate_series(1, 3)", "INSERT 0 3", b'T'),
        ("UPDATE t SET a = a + 10", "UPDATE 3", b'T'),
        ("SELECT * FROM t", "SELECT 3", b'T'),
        ("COMMIT", "COMMIT", b'I'),
        ("", "", b'I'),
        ("-- nothing", "", b'I'),
        ("DO $$ BEGIN PERFORM 1; END $$;", "DO", b'I'),
        ("BEGIN", "BEGIN", b'T'),
        ("SAVEPOINT s", "SAVEPOINT", b'T'),
    ] {
        assert_eq!(run(backend, sql).await.unwrap(), tag);
        assert_eq!(backend.transaction_status(), status, "{sql}");
    }
    assert_eq!(refusal(run(backend, "SELECT 1/0").await).0, "22012");
    assert_eq!(backend.transaction_status(), b'E');
    assert_eq!(refusal(run(backend, "SELECT 1").await).0, "25P02");
    assert_eq!(refusal(rows(backend, "SELECT 1").await).0, "25P02");
    assert_eq!(run(backend, "ROLLBACK TO s").await.unwrap(), "ROLLBACK");
    assert_eq!(backend.transaction_status(), b'T');
    run(backend, "INSERT INTO t VALUES (11)").await.unwrap();
    assert_eq!(refusal(run(backend, "COMMIT").await).0, "23505");
    assert_eq!(backend.transaction_status(), b'I');
    // A deferred check outside a transaction block fails after the command's tag was sent.
    assert_eq!(refusal(run(backend, "INSERT INTO t VALUES (11)").await).0, "23505");
    assert_eq!(backend.value("SELECT count(*) FROM t").await.unwrap(), some("3"));
    // Of a failed transaction COMMIT says ROLLBACK.
    run(backend, "BEGIN").await.unwrap();
    refusal(run(backend, "SELECT 1/0").await);
    assert_eq!(run(backend, "COMMIT").await.unwrap(), "ROLLBACK");
}

#[tokio::test]
async fn several_statements_are_refused_before_any_ran() {
    let server = shared();
    let backend = &mut connect(&server).await;
    run(backend, "CREATE TEMP TABLE t (a int)").await.unwrap();
    for sql in ["INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)", "INSERT INTO t VALUES (1); COMMIT"] {
        assert_eq!(refusal(run(backend, sql).await).0, "42601");
        assert_eq!(refusal(rows(backend, sql).await).0, "42601");
        let mut out = Vec::new();
        assert_eq!(refusal(backend.copy_out(sql, &mut out).await).0, "42601");
    }
    assert_eq!(backend.value("SELECT count(*) FROM t").await.unwrap(), some("0"));
    assert!(matches!(run(backend, "SELECT 1\0; SELECT 2").await, Err(DbError::Unusable(_))));
}

#[tokio::test]
async fn notices_arrive_while_the_statement_runs_with_all_their_fields() {
    let server = shared();
    let (mut backend, mut witness) = (connect(&server).await, connect(&server).await);
    let (pid, canceller) = (backend.pid(), backend.canceller());
    let (heard, hears) = tokio::sync::oneshot::channel();
    let (mut heard, mut count) = (Some(heard), 0);
    let sql = "DO $$ BEGIN
        RAISE WARNING 'first' USING DETAIL = 'd', HINT = 'h', ERRCODE = '01234', SCHEMA = 's', TABLE = 't',
            COLUMN = 'c', CONSTRAINT = 'n', DATATYPE = 'x';
        PERFORM pg_sleep(60);
        RAISE NOTICE 'never';
    END $$";
    let mut on_notice = |card: ErrorCard| {
        count += 1;
        heard.take().unwrap().send(card).unwrap();
    };
    let other = async {
        let card = hears.await.unwrap();
        until_asleep(&mut witness, pid).await;
        canceller.cancel().await.unwrap();
        card
    };
    let (result, card) = tokio::join!(backend.run(sql, &mut on_notice), other);
    let Err(DbError::Cancelled(error)) = result else { panic!("{result:?}") };
    assert_eq!((error.severity.as_str(), error.sqlstate.as_str()), ("ERROR", "57014"));
    let expected = ErrorCard {
        severity: "WARNING".into(),
        sqlstate: "01234".into(),
        message: "first".into(),
        detail: some("d"),
        hint: some("h"),
        schema: some("s"),
        table: some("t"),
        column: some("c"),
        constraint: some("n"),
        context: some("PL/pgSQL function inline_code_block line 2 at RAISE"),
        ..ErrorCard::default()
    };
    assert_eq!((card, count), (expected, 1));
    // A timeout of the server is not a cancel of ours.
    run(&mut backend, "SET statement_timeout = 20").await.unwrap();
    assert_eq!(refusal(run(&mut backend, "SELECT pg_sleep(60)").await).0, "57014");
}

#[tokio::test]
async fn cancel_stops_rows_as_well() {
    let server = shared();
    let (mut backend, mut witness) = (connect(&server).await, connect(&server).await);
    let (pid, canceller) = (backend.pid(), backend.canceller());
    let other = async {
        until_asleep(&mut witness, pid).await;
        canceller.cancel().await.unwrap();
    };
    let (result, ()) = tokio::join!(rows(&mut backend, "SELECT pg_sleep(60)"), other);
    assert!(matches!(result, Err(DbError::Cancelled(_))), "{result:?}");
    assert_eq!(backend.value("SELECT 7").await.unwrap(), some("7"));
}

#[tokio::test]
async fn positions_count_characters() {
    let server = shared();
    let backend = &mut connect(&server).await;
    let sql = "SELECT 'żółw 🐢', nope";
    let at = Some(Position::InStatement(sql.chars().count() - 3));
    assert_eq!(refusal(run(backend, sql).await), ("42703".into(), at));
    assert_eq!(refusal(rows(backend, sql).await), ("42703".into(), at));
    let result = run(backend, "DO $$ BEGIN EXECUTE 'SELECT ''ż'', nope'; END $$").await;
    let Err(DbError::Server { card, position }) = result else { panic!("{result:?}") };
    assert_eq!(position, Some(Position::Internal(13)));
    assert_eq!(card.internal_query, some("SELECT 'ż', nope"));
    assert_eq!(card.context, some("PL/pgSQL function inline_code_block line 1 at EXECUTE"));
    let (state, at) = refusal(run(backend, "CREATE TABLE x (a int, b intt)").await);
    assert_eq!((state.as_str(), at), ("42704", Some(Position::InStatement(26))));
}

#[tokio::test]
async fn columns_are_known_without_rows_and_numbers_stand_right() {
    let server = shared();
    let backend = &mut connect(&server).await;
    let sql = "SELECT 1::int8 AS \"größe\", 'x'::text AS t, 1.5::numeric AS n, NULL::float4 AS f, now() AS w WHERE false";
    let result = rows(backend, sql).await.unwrap();
    let columns: Vec<_> = result.columns.iter().map(|c| (c.name.as_str(), c.numeric)).collect();
    assert_eq!(columns, [("größe", true), ("t", false), ("n", true), ("f", true), ("w", false)]);
    assert_eq!((result.rows.len(), result.total), (0, 0));
    let result = rows(backend, "SELECT 1, NULL, '', ARRAY['ż', NULL], 1.10::numeric").await.unwrap();
    assert_eq!(result.rows, [[some("1"), None, some(""), some("{ż,NULL}"), some("1.10")]]);
    let (result, tag) = backend.rows("CREATE TEMP TABLE z ()", 1, 10, &mut ignore).await.unwrap();
    assert_eq!((result, tag.as_str()), (ResultSet::default(), "CREATE TABLE"));
    assert_eq!(backend.value("SELECT NULL::int").await.unwrap(), None);
    assert_eq!(backend.value("SELECT 1 WHERE false").await.unwrap(), None);
}

#[tokio::test]
async fn types_that_sqlx_does_not_know() {
    let server = shared();
    let backend = &mut connect(&server).await;
    for sql in [
        "CREATE TYPE pg_temp.mood AS ENUM ('sad', 'ok')",
        "CREATE TYPE pg_temp.pair AS (a pg_temp.mood, b int)",
        "CREATE TYPE pg_temp.span AS RANGE (subtype = float8, multirange_type_name = pg_temp.spans)",
        "SELECT 'ok'::pg_temp.mood, ROW('sad', 1)::pg_temp.pair, pg_temp.spans(pg_temp.span(1, 2))",
    ] {
        run(backend, sql).await.unwrap();
    }
    let sql = "SELECT 'ok'::pg_temp.mood, ROW('sad', 1)::pg_temp.pair, pg_temp.spans(pg_temp.span(1, 2))";
    let result = rows(backend, sql).await.unwrap();
    assert_eq!(result.rows, [[some("ok"), some("(sad,1)"), some("{[1,2)}")]]);
    // A type that cannot be sent in binary.
    assert_eq!(run(backend, "SELECT '=r/postgres'::aclitem").await.unwrap(), "SELECT 1");
}

#[tokio::test]
async fn a_million_rows_and_a_huge_cell_in_bounded_memory() {
    let server = shared();
    let backend = &mut connect(&server).await;
    let sql = "SELECT i, 'row ' || i, i * 1.5, now(), NULL FROM generate_series(1, 1000000) AS i";
    let result = rows(backend, sql).await.unwrap();
    assert_eq!((result.total, result.rows.len(), result.columns.len()), (1_000_000, 200, 5));
    assert_eq!(result.rows[199][1], some("row 200"));
    assert_eq!(run(backend, sql).await.unwrap(), "SELECT 1000000");
    let huge = "SELECT repeat('ż', 20000000), 'after'";
    let (result, _) = backend.rows(huge, 5, 100, &mut ignore).await.unwrap();
    let cell = result.rows[0][0].as_deref().unwrap();
    assert!(cell.len() <= 100 && cell.ends_with("ż…"));
    assert_eq!(result.rows[0][1], some("after"));
    assert!(matches!(backend.value(huge).await, Err(DbError::Unusable(_))));
    assert_eq!(
        backend.value("SELECT repeat('x', 100000)").await.unwrap().map(|text| text.len()),
        Some(100_000)
    );
}

#[tokio::test]
async fn many_notices() {
    let server = shared();
    let backend = &mut connect(&server).await;
    let mut count = 0;
    let sql = "DO $$ BEGIN FOR i IN 1..50000 LOOP RAISE NOTICE 'n %', i; END LOOP; END $$";
    backend.run(sql, &mut |_| count += 1).await.unwrap();
    assert_eq!(count, 50_000);
    let huge = "DO $$ BEGIN RAISE NOTICE '%', repeat('x', 30000000); RAISE EXCEPTION '%', repeat('y', 30000000); END $$";
    let mut longest = 0;
    let result = backend.run(huge, &mut |card| longest = card.message.len()).await;
    let Err(DbError::Server { card, .. }) = result else { panic!("not refused") };
    let kept = (8 << 10)..(9 << 10);
    assert!(kept.contains(&longest) && kept.contains(&card.message.len()) && card.sqlstate == "P0001");
    // What comes behind the long text in the same message.
    assert!(card.context.is_some_and(|context| context.contains("at RAISE")));
}

#[tokio::test]
async fn notifications_do_not_disturb() {
    let server = shared();
    let backend = &mut connect(&server).await;
    run(backend, "LISTEN here").await.unwrap();
    run(backend, "NOTIFY here, 'payload'").await.unwrap();
    assert_eq!(backend.value("SELECT pg_notify('here', 'x')").await.unwrap(), some(""));
    assert_eq!(backend.value("SELECT 1").await.unwrap(), some("1"));
}

#[tokio::test]
async fn copy_out_streams_and_other_copies_do_no_harm() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::from(std::io::ErrorKind::StorageFull))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let server = shared();
    let backend = &mut connect(&server).await;
    let copy = "COPY (SELECT i, NULL, 'ż' FROM generate_series(1, 100000) AS i) TO STDOUT";
    let mut out = Vec::new();
    assert_eq!(backend.copy_out(copy, &mut out).await.unwrap(), 100_000);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().count(), 100_000);
    assert!(text.starts_with("1\t\\N\tż\n") && text.ends_with("100000\t\\N\tż\n"));
    assert!(matches!(backend.copy_out(copy, &mut Full).await, Err(DbError::Unusable(_))));
    assert!(matches!(backend.copy_out("SELECT 1", &mut Full).await, Err(DbError::Unusable(_))));
    assert_eq!(refusal(backend.copy_out("COPY missing TO STDOUT", &mut Full).await).0, "42P01");
    assert_eq!(refusal(backend.copy_out("COPY (SELECT 1/0) TO STDOUT", &mut Full).await).0, "22012");

    run(backend, "CREATE TEMP TABLE t (a int)").await.unwrap();
    assert_eq!(run(backend, copy).await.unwrap(), "COPY 100000");
    assert_eq!(rows(backend, copy).await.unwrap().total, 0);
    assert_eq!(refusal(run(backend, "COPY t FROM STDIN").await).0, "57014");
    assert_eq!(refusal(rows(backend, "COPY t FROM STDIN").await).0, "57014");
    assert_eq!(refusal(backend.copy_out("COPY t FROM STDIN", &mut Full).await).0, "57014");
    assert_eq!(backend.value("SELECT 42").await.unwrap(), some("42"));
}

/// Run by the next test in a process of its own.
#[tokio::test]
#[ignore = "needs the environment of another test"]
async fn with_a_hostile_environment() {
    let server = Server::start();
    let mut backend = connect(&server).await;
    for (setting, expected) in
        [("statement_timeout", "0"), ("application_name", "ceremony-test"), ("TimeZone", "UTC")]
    {
        assert_eq!(backend.value(&format!("SHOW {setting}")).await.unwrap(), some(expected));
    }
    println!("the environment has no say");
}

#[test]
fn no_environment_variable_leaks_in() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg("runner::postgres::backend::tests::with_a_hostile_environment")
        .envs([("PGHOST", "10.0.0.1"), ("PGHOSTADDR", "10.0.0.1"), ("PGPORT", "1"), ("PGUSER", "nobody")])
        .envs([("PGPASSWORD", "wrong"), ("PGDATABASE", "nowhere"), ("PGSSLMODE", "verify-full")])
        .envs([("PGOPTIONS", "-c statement_timeout=1234"), ("PGAPPNAME", "leak"), ("PGTZ", "Asia/Tokyo")])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("has no say"), "{text}");
}

#[tokio::test]
async fn ipv6_is_an_address_too() {
    let server = shared();
    let endpoint = Endpoint { host: Host::Address(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])), ..server.tcp() };
    match Backend::connect(&endpoint, "t", DEADLINE).await {
        Ok(mut backend) => {
            assert_eq!(backend.identity().await.unwrap().address, endpoint.to_string());
        }
        Err(DbError::Lost(why)) => assert!(why.starts_with("cannot connect to [::1]:"), "{why}"),
        Err(other) => panic!("{other:?}"),
    }
}

/// Every call can run on any thread of the runtime.
#[test]
fn calls_are_send() {
    fn is_send<T: Send>(_: impl FnOnce(Backend) -> T) {}
    is_send(|backend| backend.close());
    is_send(|backend| async move {
        let mut backend = backend;
        backend.copy_out("", &mut Vec::new()).await?;
        backend.identity().await?;
        backend.run("", &mut ignore).await
    });
    is_send(|backend| async move { backend.canceller().cancel().await });
}
