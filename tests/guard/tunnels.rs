//! Tunnels, relays and poolers as they are really used: refused live. And what is on this machine in spite of its looks.

use crate::effort::figures;
use crate::program::until;
use crate::relay::Relay;
use crate::rig::*;
use ceremony::runner::guard::parse;
use ceremony::runner::postgres::endpoint::{Endpoint, Host};
use std::fs;
use std::net::{Ipv6Addr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The port of sshd in its own network.
const SSH_PORT: &str = "2222";

/// A server of secure shells in a network of its own, with keys of its own.
struct Shell<'a> {
    net: &'a Net,
    folder: TempDir,
    _server: Helper,
}

impl<'a> Shell<'a> {
    fn new(net: &'a Net) -> Self {
        let folder = TempDir::with_prefix("ceremony-ssh-").unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        for key in ["host", "user"] {
            must("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", &path(key)]);
        }
        fs::copy(path("user.pub"), path("authorized")).unwrap();
        fs::create_dir_all("/run/sshd").unwrap();
        let lines = [
            format!("ListenAddress {}", net.address),
            format!("Port {SSH_PORT}"),
            format!("HostKey {}", path("host")),
            format!("AuthorizedKeysFile {}", path("authorized")),
            "StrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin prohibit-password".to_owned(),
        ];
        fs::write(path("config"), lines.join("\n")).unwrap();
        assert!(Path::new("/usr/sbin/sshd").exists(), "there is no sshd: install openssh-server");
        let mut command = net.command("/usr/sbin/sshd");
        command.args(["-D", "-e", "-f", &path("config")]).stdin(Stdio::null());
        command.stderr(fs::File::create(path("log")).unwrap());
        let server = Helper(command.spawn().unwrap());
        until("sshd listens", || TcpStream::connect((net.address.as_str(), 2222)).ok());
        Self { net, folder, _server: server }
    }

    /// `ssh -L WHAT`, once it stands.
    fn tunnel(&self, what: &str, stands: impl Fn() -> bool) -> Helper {
        let key = self.folder.path().join("user");
        let mut command = Command::new("ssh");
        command.args(["-F", "none", "-N", "-p", SSH_PORT, "-L", what, "-i", key.to_str().unwrap()]);
        for option in [
            "BatchMode=yes",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "ExitOnForwardFailure=yes",
            "LogLevel=ERROR",
        ] {
            command.args(["-o", option]);
        }
        let child = command.arg(format!("root@{}", self.net.address)).stdin(Stdio::null()).spawn();
        let helper = Helper(child.expect("ssh starts: install openssh-client"));
        until("the tunnel stands", || stands().then_some(()));
        helper
    }

    fn tunnel_at(&self, port: u16, to: &str) -> Helper {
        self.tunnel(&format!("127.0.0.1:{port}:{to}"), || TcpStream::connect(("127.0.0.1", port)).is_ok())
    }
}

fn in_folder(folder: &Path, port: u16) -> Endpoint {
    endpoint(Host::Socket(folder.to_owned()), port)
}

/// What was refused, and for which words.
#[derive(Default)]
struct Refusals(Vec<String>);

impl Refusals {
    #[track_caller]
    fn of(&mut self, what: &str, endpoint: &Endpoint, words: &str) {
        let why = asked(endpoint).expect_err(what);
        assert!(why.contains(words), "{what}: {why}");
        self.0.push(what.to_owned());
    }

    /// The definition's words let nothing through that is seen to be a tunnel.
    #[track_caller]
    fn of_any_words(&mut self, what: &str, endpoint: &Endpoint, words: &str, program: &str) {
        self.of(what, endpoint, words);
        let named = Endpoint { unproven: Some("a virtual machine".to_owned()), ..endpoint.clone() };
        let why = asked(&named).expect_err(what);
        assert!(
            why.contains(&format!("what listens here is {program}, which leads elsewhere")),
            "{what}: {why}"
        );
    }
}

#[test]
fn every_tunnel_to_another_network_is_refused() {
    let net = Net::new();
    let server = Server::start(Place { net: Some(&net), pids: false }, &[], |_| {});
    let mut refused = Refusals::default();

    // By address: before a packet leaves.
    assert!(parse(&server.url()).unwrap_err().why.contains("host is not exactly"));
    refused.0.push("its address".to_owned());

    let shell = Shell::new(&net);
    let to = format!("{}:{}", net.address, server.port);
    {
        let port = free_port();
        let _tunnel = shell.tunnel_at(port, &to);
        refused.of_any_words("ssh -L", &here(port), "something stands between", "ssh");
    }
    {
        // The number by which one would expect the server itself.
        let _tunnel = shell.tunnel_at(server.port, &to);
        refused.of_any_words(
            "ssh -L on the server's port",
            &here(server.port),
            "something stands between",
            "ssh",
        );
    }
    let folder = TempDir::with_prefix("ceremony-tunnel-").unwrap();
    for (what, port, far) in [
        ("ssh -L over a socket", 5432, to),
        ("ssh -L from socket to socket", 5433, server.socket().display().to_string()),
    ] {
        let path = folder.path().join(format!(".s.PGSQL.{port}"));
        let _tunnel = shell.tunnel(&format!("{}:{far}", path.display()), || path.exists());
        refused.of_any_words(what, &in_folder(folder.path(), port), "something stands between", "ssh");
    }
    {
        let relay = Relay::tcp(0, (&net.address, server.port));
        refused.of("a relay", &here(relay.port), "something stands between");
        let _relay = Relay::unix(&folder.path().join(".s.PGSQL.5434"), &server.socket());
        refused.of("a relay behind a socket", &in_folder(folder.path(), 5434), "something stands between");
    }
    {
        let port = free_port();
        let _pooler = pooler(&folder, port, &net.address, server.port);
        refused.of("a pooler before it", &here(port), "the connection began with process");
    }
    figures(
        "G3",
        &format!("{} ways to another network, each refused: {}", refused.0.len(), refused.0.join(", ")),
    );
}

/// pgbouncer on this machine, before a server.
fn pooler(folder: &TempDir, port: u16, address: &str, to: u16) -> Helper {
    give(folder.path());
    let config = folder.path().join(format!("pgbouncer-{port}.ini"));
    let users = folder.path().join("users");
    fs::write(&users, "\"postgres\" \"\"\n").unwrap();
    fs::write(
        &config,
        format!(
            "[databases]\npostgres = host={address} port={to} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nauth_type = trust\nauth_file = {}\nunix_socket_dir =\nlogfile = {}\n\
             ignore_startup_parameters = extra_float_digits,options\npool_mode = session\n",
            users.display(),
            folder.path().join(format!("pgbouncer-{port}.log")).display()
        ),
    )
    .unwrap();
    let words = as_server(Path::new("/usr/sbin/pgbouncer"));
    assert!(Path::new(words.last().unwrap()).exists(), "there is no pgbouncer: install pgbouncer");
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg("-q").arg(&config).stdin(Stdio::null()).stderr(Stdio::null());
    let helper = Helper(command.spawn().unwrap());
    until("the pooler listens", || TcpStream::connect(("127.0.0.1", port)).ok());
    helper
}

/// Also before a server of this machine: its sessions are not ours alone.
#[test]
fn what_stands_before_a_server_of_this_machine_is_refused() {
    let server = Server::start(HERE, &[], |_| {});
    let mut refused = Refusals::default();
    let folder = TempDir::with_prefix("ceremony-tunnel-").unwrap();
    let relay = Relay::tcp(0, ("127.0.0.1", server.port));
    refused.of("a relay", &here(relay.port), "something stands between");
    let _socket = Relay::unix(&folder.path().join(".s.PGSQL.5432"), &server.socket());
    refused.of("a relay behind a socket", &in_folder(folder.path(), 5432), "something stands between");
    let port = free_port();
    let _pooler = pooler(&folder, port, "127.0.0.1", server.port);
    refused.of("a pooler", &here(port), "the connection began with process");
    figures("G3", &format!("before a server of this machine, each refused: {}", refused.0.join(", ")));
}

#[test]
fn a_server_of_this_machine_passes_whatever_it_looks_like() {
    let mut passed = Vec::new();
    let mut passes = |what: &str, endpoint: &Endpoint, words: &str| {
        let near = asked(endpoint).unwrap_or_else(|why| panic!("{what}: {why}"));
        assert!(near.contains(words), "{what}: {near}");
        passed.push(what.to_owned());
    };
    {
        let server = Server::start(HERE, &["listen_addresses=127.0.0.1,::1"], |_| {});
        passes("another user's, by TCP", &here(server.port), "nothing in between");
        let v6 = endpoint(Host::Address(Ipv6Addr::LOCALHOST.into()), server.port);
        passes("by IPv6", &v6, "nothing in between");
        passes("by its socket", &in_folder(server.sockets(), server.port), "nothing in between");
    }
    {
        let server = Server::start(HERE, &["listen_addresses=*"], |_| {});
        passes("one that listens everywhere", &here(server.port), "nothing in between");
    }
    {
        // As a container that shares the network: its processes count for themselves.
        let server = Server::start(Place { net: None, pids: true }, &[], |_| {});
        passes("with process ids of its own", &here(server.port), "nothing in between");
        passes("the same by its socket", &in_folder(server.sockets(), server.port), "nothing in between");
    }
    let net = Net::new();
    let server = Server::start(Place { net: Some(&net), pids: true }, &[], |_| {});
    {
        // As a container's published port: the container's end is passed on by a program of this machine.
        let port = Relay::tcp(0, (&net.address, server.port));
        passes("a published port of a container", &here(port.port), "in a container of this machine");
    }
    // The same server through what is known to lead elsewhere.
    let shell = Shell::new(&net);
    let port = free_port();
    let _tunnel = shell.tunnel_at(port, &format!("{}:{}", net.address, server.port));
    let why = asked(&here(port)).expect_err("ssh -L to a container");
    assert!(why.contains("what listens here is ssh"), "{why}");
    let folder = TempDir::with_prefix("ceremony-tunnel-").unwrap();
    let _relay = Relay::unix(&folder.path().join(".s.PGSQL.5432"), &server.socket());
    let why = asked(&in_folder(folder.path(), 5432)).expect_err("a relay to a container's socket");
    assert!(why.contains("something stands between"), "{why}");
    figures(
        "G3",
        &format!("{} ways to servers of this machine, each let through: {}", passed.len(), passed.join(", ")),
    );
}
