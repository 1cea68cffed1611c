//! Connections that are refused, break or are abandoned.

use super::server::{Server, shared};
use super::*;
use std::io::Write;

#[tokio::test]
async fn a_login_that_fails_says_why() {
    let server = shared();
    let mut wrong = server.tcp();
    wrong.password = Some(Secret::new("wrong"));
    assert_eq!(refusal(Backend::connect(&wrong, "t", DEADLINE).await.map(|_| ())).0, "28P01");
    wrong.password = None;
    assert_eq!(refusal(Backend::connect(&wrong, "t", DEADLINE).await.map(|_| ())).0, "28P01");
    let missing = Endpoint { database: "missing".into(), ..server.tcp() };
    assert_eq!(refusal(Backend::connect(&missing, "t", DEADLINE).await.map(|_| ())).0, "3D000");

    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let endpoint = Endpoint { port, ..server.tcp() };
    let lost = Backend::connect(&endpoint, "t", Duration::from_millis(200)).await.err();
    let why = format!("no connection to 127.0.0.1:{port} within 200 ms");
    assert_eq!(lost, Some(DbError::Lost(why)));
    let web = std::thread::spawn(move || {
        let (_given_up, _) = silent.accept().unwrap();
        let (mut stream, _) = silent.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        drop(silent);
        stream
    });
    let lost = Backend::connect(&endpoint, "t", DEADLINE).await.err();
    let why = "the other side does not speak PostgreSQL's protocol";
    assert_eq!(lost, Some(DbError::Lost(format!("no connection to 127.0.0.1:{port}: {why}"))));
    drop(web.join().unwrap());
    let lost = Backend::connect(&endpoint, "t", DEADLINE).await.err();
    let why = format!("cannot connect to 127.0.0.1:{port}: connection refused");
    assert_eq!(lost, Some(DbError::Lost(why)));
}

#[tokio::test]
async fn a_terminated_backend_is_lost_for_good() {
    let server = shared();
    let mut witness = connect(&server).await;
    let mut backend = connect(&server).await;
    let terminate = format!("SELECT pg_terminate_backend({}, 10000)", backend.pid());
    let pid = backend.pid();
    let other = async {
        until_asleep(&mut witness, pid).await;
        witness.value(&terminate).await.unwrap();
    };
    let (result, ()) = tokio::join!(run(&mut backend, "SELECT pg_sleep(60)"), other);
    let why = "FATAL 57P01: terminating connection due to administrator command";
    assert_eq!(result, Err(DbError::Lost(why.into())));
    assert_eq!(run(&mut backend, "SELECT 1").await, Err(DbError::Lost(why.into())));
    backend.close().await;

    let mut idle = connect(&server).await;
    witness.value(&format!("SELECT pg_terminate_backend({}, 10000)", idle.pid())).await.unwrap();
    let result = run(&mut idle, "SELECT 1").await;
    assert!(matches!(result, Err(DbError::Lost(_))), "{result:?}");

    // The code alone does not end a connection.
    let sql = "DO $$ BEGIN RAISE 'x' USING ERRCODE = '57P01'; END $$";
    assert_eq!(refusal(run(&mut witness, sql).await).0, "57P01");
    run(&mut witness, "SET idle_in_transaction_session_timeout = 10").await.unwrap();
    // On a busy machine the ten milliseconds are over before this is heard.
    let _ = run(&mut witness, "BEGIN").await;
    while witness.tap.try_next().is_none_or(|event| !matches!(event, Event::Closed(_))) {
        tokio::task::yield_now().await;
    }
    assert!(matches!(run(&mut witness, "COMMIT").await, Err(DbError::Lost(_))));
}

#[tokio::test]
async fn a_server_that_dies_is_lost() {
    let server = Server::start();
    let mut witness = connect(&server).await;
    let mut backend = connect(&server).await;
    let pid = backend.pid();
    let other = async {
        until_asleep(&mut witness, pid).await;
        server.kill();
    };
    let (result, ()) = tokio::join!(run(&mut backend, "SELECT pg_sleep(60)"), other);
    assert!(matches!(result, Err(DbError::Lost(_))), "{result:?}");
    timeout(DEADLINE, backend.close()).await.unwrap();
}

#[tokio::test]
async fn a_dropped_call_leaves_nothing_running() {
    let server = shared();
    let mut backend = connect(&server).await;
    let mut witness = connect(&server).await;
    let pid = backend.pid();
    tokio::select! {
        result = run(&mut backend, "SELECT pg_sleep(600)") => panic!("{result:?}"),
        () = until_asleep(&mut witness, pid) => {}
    }
    assert!(matches!(run(&mut backend, "SELECT 1").await, Err(DbError::Lost(_))));
    timeout(DEADLINE, backend.close()).await.unwrap();
    let gone = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}");
    let wait = async { while witness.value(&gone).await.unwrap() != some("0") {} };
    timeout(DEADLINE, wait).await.unwrap();
}
