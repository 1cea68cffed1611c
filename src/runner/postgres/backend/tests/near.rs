//! Is the server on this machine? Real connections, directly and through relays.

use super::*;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Passes on whatever comes to a port of this machine, as a tunnel's end or a pooler does; returns the port.
async fn relay(to: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    port
}

async fn why_refused(endpoint: &Endpoint) -> String {
    match Backend::connect(endpoint, "ceremony-test", DEADLINE).await {
        Err(DbError::NotLocal(refused)) => {
            assert_eq!(refused.what, "the server is not shown to be on this machine");
            assert!(refused.next.contains("unproven = "));
            refused.why
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_direct_connection_is_shown_to_be_near() {
    let server = shared();
    let v6 = Endpoint { host: Host::Address(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])), ..server.tcp() };
    for endpoint in [server.tcp(), v6, server.socket()] {
        let mut backend = Backend::connect(&endpoint, "ceremony-test", DEADLINE).await.unwrap();
        let pid = backend.pid();
        let identity = backend.identity().await.unwrap();
        assert_eq!(
            identity.near,
            format!("backend {pid} is process {pid} of this machine, nothing in between")
        );
        assert!(identity.is_near());
        backend.close().await;
    }
}

#[tokio::test]
async fn a_relay_on_this_machine_is_refused() {
    let server = shared();
    let endpoint = Endpoint { port: relay(server.tcp().port).await, ..server.tcp() };
    let why = why_refused(&endpoint).await;
    assert!(why.starts_with("something stands between: to the server we come from 127.0.0.1:"), "{why}");
}

#[tokio::test]
async fn a_relay_behind_a_socket_is_refused() {
    let server = shared();
    let folder = tempfile::tempdir().unwrap();
    let port = server.tcp().port;
    let listener = UnixListener::bind(folder.path().join(format!(".s.PGSQL.{port}"))).unwrap();
    let real = crate::runner::postgres::endpoint::socket_path(
        match &server.socket().host {
            Host::Socket(folder) => folder,
            Host::Address(_) => unreachable!(),
        },
        port,
    );
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = UnixStream::connect(&real).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    let endpoint = Endpoint { host: Host::Socket(folder.path().to_owned()), ..server.tcp() };
    let why = why_refused(&endpoint).await;
    assert!(why.contains("a socket that is not ours"), "{why}");
}

#[tokio::test]
async fn the_definitions_words_let_it_through_and_stay_with_it() {
    let server = shared();
    let port = relay(server.tcp().port).await;
    let words = "the database runs in a virtual machine of this laptop";
    let endpoint = Endpoint { port, unproven: Some(words.to_owned()), ..server.tcp() };
    let mut backend = Backend::connect(&endpoint, "ceremony-test", DEADLINE).await.unwrap();
    let identity = backend.identity().await.unwrap();
    assert_eq!(identity.near, format!("not shown to be local; by the definition: {words}"));
    assert!(!identity.is_near());
    // Where it is shown, they are not needed.
    let direct = Endpoint { unproven: Some(words.to_owned()), ..server.tcp() };
    let mut backend = Backend::connect(&direct, "ceremony-test", DEADLINE).await.unwrap();
    assert!(backend.identity().await.unwrap().is_near());
}

/// Whoever took the port of a server that is down, and asks.
#[tokio::test]
async fn whoever_asks_for_the_password_in_clear_text_does_not_get_it() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let length = stream.read_u32().await.unwrap() as usize;
        stream.read_exact(&mut vec![0; length - 4]).await.unwrap();
        stream.write_all(b"R\0\0\0\x08\0\0\0\x03").await.unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await.unwrap();
        heard
    });
    let password = Some(crate::runner::postgres::endpoint::Secret::new("not for everybody"));
    let endpoint = Endpoint { port, password, ..shared().tcp() };
    let Err(DbError::Lost(why)) = Backend::connect(&endpoint, "ceremony-test", DEADLINE).await else {
        panic!("it is connected");
    };
    assert!(why.contains("in clear text") && why.contains("scram-sha-256"), "{why}");
    assert_eq!(heard.await.unwrap(), b"", "nothing was said after the startup");
}
