//! What leaves: every address that is connected or sent to is of this machine, and nothing goes out by another way.

use crate::clients::Own;
use crate::effort::figures;
use crate::program::Ended;
use crate::relay::Relay;
use crate::rig::{must, must_be_root};
use crate::room::Room;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

/// What must be refused before a packet leaves, by the whole program.
const REFUSED: &[&str] = &[
    "postgresql://a:hunter2@db.x.supabase.co:5432/c",
    "postgresql://a:hunter2@10.0.0.5:5432/c",
    "postgresql://a:hunter2@172.17.0.2:5432/c",
    "postgresql://a:hunter2@host.docker.internal:5432/c",
    "postgresql://a:hunter2@0.0.0.0:5432/c",
    "postgresql://a:hunter2@[::]:5432/c",
    "postgresql://a:hunter2@[::ffff:127.0.0.1]:5432/c",
    "postgresql://a:hunter2@[fe80::1%25eth0]:5432/c",
    "postgresql://a:hunter2@2130706433:5432/c",
    "postgresql://a:hunter2@0x7f000001:5432/c",
    "postgresql://a:hunter2@0177.0.0.1:5432/c",
    "postgresql://a:hunter2@127.1:5432/c",
    "postgresql://a:hunter2@127.0.0.2:5432/c",
    "postgresql://a:hunter2@localhost.:5432/c",
    "postgresql://a:hunter2@LOCALHOST:5432/c",
    "postgresql://a:hunter2@localhost.prod.example.com:5432/c",
    "postgresql://a:hunter2@127.0.0.1.nip.io:5432/c",
    "postgresql://a:hunter2@ip6-localhost:5432/c",
    "postgresql://a:hunter2@loc%61lhost:5432/c",
    "postgresql://a:hunter2@localhost%00.prod:5432/c",
    "postgresql://a:hunter2@ｌocalhost:5432/c",
    "postgresql://localhost@prod:5432/c",
    "postgresql://localhost:54322@prod:5432/c",
    "postgresql://a:hunter2@localhost:5432@prod/c",
    "postgresql://a:hunter2@localhost:1,prod:2/c",
    "postgresql://a:hunter2@localhost\\@prod:5432/c",
    "postgresql://a:hunter2@%2Ftmp:5432/c",
    "postgresql://a:hunter2@127.0.0.1/c",
    "postgresql://a:hunter2@127.0.0.1:5432/",
    "postgresql://127.0.0.1:5432/c",
    "postgresql:///c",
    "postgresql://a:hunter2@127.0.0.1:0/c",
    "postgresql://a:hunter2@127.0.0.1:5432/c\u{202e}",
    "postgresql://a:hunter2@127.0.0.1:5432/c\n",
    "host=prod dbname=c",
    "mysql://a:hunter2@127.0.0.1:5432/c",
    "postgresql://a:hunter2@127.0.0.1:5432/c?host=prod",
    "postgresql://a:hunter2@127.0.0.1:5432/c?hostaddr=10.0.0.5",
    "postgresql://a:hunter2@127.0.0.1:5432/c?sslmode=disable&sslmode=disable",
    "postgresql://a:hunter2@/c?host=/etc",
    "postgresql://a:hunter2@/c?host=/tmp/../etc",
    "postgresql://a:hunter2@/c?host=@abstract",
    "postgresql://a:hunter2@127.0.0.1:5432/c?port=1",
    "postgresql://a:hunter2@127.0.0.1:5432/c?dbname=d",
    "postgresql://a:hunter2@127.0.0.1:5432/c?service=s",
    "postgresql://a:hunter2@127.0.0.1:5432/c?options=-c",
    "postgresql://a:hunter2@127.0.0.1:5432/c?target_session_attrs=any",
    "postgresql://a:hunter2@127.0.0.1:5432/c?passfile=/x",
    "postgresql://a:hunter2@127.0.0.1:5432/c?sslmode=verify-full",
];

/// Every call that could send something, of the program and all that it starts.
fn traced(room: &Room, name: &str, command: Command) -> (Ended, String) {
    let file = room.path(name);
    let mut strace = Command::new("strace");
    strace.args([
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-s",
        "0",
        "-e",
        "trace=connect,sendto,sendmsg,sendmmsg,socket",
        "-o",
    ]);
    strace.arg(&file).arg(command.get_program()).args(command.get_args());
    strace.current_dir(command.get_current_dir().unwrap());
    for (variable, value) in command.get_envs() {
        match value {
            Some(value) => strace.env(variable, value),
            None => strace.env_remove(variable),
        };
    }
    assert!(Command::new("strace").arg("-V").output().is_ok(), "there is no strace: install strace");
    let ended = room.spawn(strace).end();
    (ended, fs::read_to_string(file).unwrap())
}

/// How often each kind of address was used; panics at one that is not of this machine.
#[track_caller]
fn kinds(trace: &str) -> BTreeMap<&'static str, u64> {
    let mut found = BTreeMap::new();
    for line in trace.lines() {
        let quoted = |before: &str| {
            let (_, rest) = line.split_once(before)?;
            rest.split('"').nth(1)
        };
        let kind = if let Some(v4) = quoted("sin_addr=inet_addr(") {
            assert!(v4.starts_with("127."), "{line}");
            "127.0.0.0/8"
        } else if line.contains("sin6_addr") {
            assert_eq!(quoted("inet_pton(AF_INET6, "), Some("::1"), "{line}");
            "::1"
        } else if line.contains("sa_family=AF_UNIX") {
            "sockets of this machine"
        } else if line.contains("AF_NETLINK") {
            "questions to the kernel"
        } else if line.contains("sa_family=AF_UNSPEC") {
            "none"
        } else {
            assert!(!line.contains("sa_family="), "an address of an unknown kind: {line}");
            continue;
        };
        assert!(!line.contains("htons(53)"), "a name was looked up: {line}");
        *found.entry(kind).or_insert(0) += 1;
    }
    found
}

#[test]
fn a_trace_with_another_address_is_found() {
    let line = |address: &str| {
        format!(
            "7 connect(3, {{sa_family=AF_INET, sin_port=htons(5432), sin_addr=inet_addr(\"{address}\")}}, 16) = 0"
        )
    };
    assert_eq!(kinds(&line("127.0.0.1"))["127.0.0.0/8"], 1);
    for bad in [line("10.0.0.5"), line("127.0.0.1").replace("5432", "53"), "7 connect(3, {sa_family=AF_INET6, sin6_port=htons(1), inet_pton(AF_INET6, \"fe80::1\", &sin6_addr)}, 28) = 0".to_owned()] {
        assert!(std::panic::catch_unwind(|| kinds(&bad)).is_err(), "{bad}");
    }
}

#[test]
fn a_whole_ceremony_connects_to_this_machine_only() {
    // A drill by dump and restore, because somebody else is connected.
    let (room, server) = (Room::new(), Own::new());
    let somebody = server.somebody("SELECT 1");
    let url = server.url();
    let command = room.answered(&["run", "--session", "session", "--url", &url], &room.yes());
    let (ended, trace) = traced(&room, "trace", command);
    ended.with(0);
    drop(somebody);
    let of_ceremony = kinds(&trace);
    assert!(of_ceremony["127.0.0.0/8"] > 50, "the trace sees connections: {of_ceremony:?}");

    // What is refused live: only the relay itself is asked.
    let room = Room::new();
    let relay = Relay::tcp(0, ("127.0.0.1", server.port()));
    let url = format!("postgresql://postgres:{}@127.0.0.1:{}/postgres", server.password(), relay.port);
    let yes = room.yes().with("preflight/target", &["{phrase}"]);
    let (ended, trace) =
        traced(&room, "trace", room.answered(&["run", "--session", "session", "--url", &url], &yes));
    ended.with(3).says(&["something stands between"]);
    let of_refused = kinds(&trace);
    figures(
        "G5",
        &format!(
            "a whole ceremony, by strace: {of_ceremony:?}; refused at a relay: {of_refused:?}; 0 other addresses, 0 names looked up"
        ),
    );
}

#[test]
fn what_the_text_shows_is_refused_before_any_packet() {
    let room = Room::new();
    let mut calls = 0;
    for url in REFUSED {
        let command = room.command(&["run", "--session", "session", "--headless", "--yes", "--url", url]);
        let (ended, trace) = traced(&room, "trace", command);
        let ended = ended.with(2).says(&["--url", "why:", "next:"]);
        assert!(!ended.said().contains("hunter2"), "{}", ended.said());
        assert!(!room.session().exists(), "{url}: something was made");
        let found = kinds(&trace);
        assert!(
            !found.keys().any(|kind| kind.starts_with("127") || kind.starts_with("::")),
            "{url}: {found:?}"
        );
        assert!(!trace.contains("socket(AF_INET"), "{url}: {trace}");
        calls += trace.lines().count();
    }
    figures(
        "G5",
        &format!(
            "{} connection strings refused by the whole program: 0 sockets of the network, {calls} calls in all",
            REFUSED.len()
        ),
    );
}

/// A network whose only way out is counted.
#[test]
fn nothing_goes_out_by_the_only_way_there_is() {
    must_be_root();
    let room = Room::new();
    let name = format!("ceremonyout{}", std::process::id());
    struct Gone(String);
    impl Drop for Gone {
        fn drop(&mut self) {
            let _ = Command::new("ip").args(["netns", "del", &self.0]).status();
        }
    }
    must("ip", &["netns", "add", &name]);
    let _gone = Gone(name.clone());
    let ip = |words: &str| must("ip", &[&["-n", &name][..], &words.split(' ').collect::<Vec<_>>()].concat());
    ip("link set lo up");
    ip("link add out type veth peer name far");
    for link in ["out", "far"] {
        let quiet = format!("echo 1 >/proc/sys/net/ipv6/conf/{link}/disable_ipv6");
        must("ip", &["netns", "exec", &name, "sh", "-c", &quiet]);
    }
    ip("link set far up");
    ip("addr add 192.0.2.1/24 dev out");
    ip("link set out up");
    ip("route add default via 192.0.2.2 dev out");
    let sent = || -> u64 {
        let output =
            Command::new("ip").args(["-n", &name, "-s", "-j", "link", "show", "out"]).output().unwrap();
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
        shown[0]["stats64"]["tx"]["packets"].as_u64().unwrap()
    };
    let within = |arguments: &[&str]| {
        let inner = room.command(arguments);
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &name]).arg(inner.get_program()).args(arguments);
        command.current_dir(room.path("")).env("USER", "ada").env("XDG_CONFIG_HOME", "/nonexistent");
        room.spawn(command).end()
    };
    let before = sent();
    within(&["--session", "session", "run", "--headless", "--yes"]).with(0);
    for url in REFUSED {
        within(&["--session", "other", "run", "--headless", "--yes", "--url", url]).with(2);
    }
    assert_eq!(sent(), before, "something went out");
    // The counter counts.
    let one = "exec 3<>/dev/udp/192.0.2.9/53; echo one >&3";
    must("ip", &["netns", "exec", &name, "bash", "-c", one]);
    crate::program::until("the packet is counted", || (sent() > before).then_some(()));
    figures(
        "G5",
        &format!(
            "a practice ceremony and {} refused texts where the only way out is counted: 0 packets",
            REFUSED.len()
        ),
    );
}
