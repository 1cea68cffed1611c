//! The layers of the guard behind the text: is the backend that answers a process of this machine's kernel, and does
//! nothing stand between it and us? A tunnel's end on this machine looks local to everybody but the server.
//!
//! Two witnesses are heard. The server says which ends it sees of the connection, and they must be the very ends of
//! our socket; a port that a container publishes cannot pass that, but then the kernel must show the container's
//! process. The kernel says which process has the backend's id, that it is a `postgres`, and when it was started.

use super::Refused;
use super::process::Process;
use crate::runner::postgres::backend::{Endpoint, Wire};
use std::net::{IpAddr, SocketAddr};

/// So far may the backend's start, as the server and as the kernel tell it, lie apart, microseconds.
const BACKEND_START_APART_US_MAX: u64 = 1_000_000;
/// A postmaster starts a while before it says so, and a clock that is set meanwhile moves what the kernel tells.
const SERVER_START_APART_US_MAX: u64 = 60_000_000;

/// Programs that carry a connection to another machine, by the first 15 bytes of their names, as the kernel has them.
/// A list can only ever be of some: it is a net below the definition's word, not the guard.
const TUNNELS: &[&str] = &[
    "alloydb-auth-pr",
    "autossh",
    "aws",
    "chisel",
    "cloud-sql-proxy",
    "cloud_sql_proxy",
    "cloudflared",
    "doctl",
    "flyctl",
    "frpc",
    "gost",
    "haproxy",
    "heroku",
    "kubectl",
    "nc",
    "ncat",
    "ngrok",
    "odyssey",
    "pgbouncer",
    "pgcat",
    "session-manager",
    "socat",
    "ssh",
    "sshd",
    "sshd-session",
    "stunnel",
    "stunnel4",
    "tailscaled",
    "teleport",
    "tsh",
];

/// What the server says of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `pg_backend_pid()`, in the server's own counting.
    pub pid: i32,
    /// `inet_client_addr()` and port; `None` over a socket.
    pub client: Option<SocketAddr>,
    /// `inet_server_addr()` and port; `None` over a socket.
    pub server: Option<SocketAddr>,
    /// `backend_start`, microseconds since 1970-01-01 UTC.
    pub started_us: i64,
    /// `pg_postmaster_start_time()`, the same.
    pub server_started_us: i64,
}

/// A server that is on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// Nothing stands between.
    pub direct: bool,
    /// What shows it, for people.
    pub words: String,
}

/// What shows that a server is on this machine; `processes` are those with the backend's process id, and
/// `within` says whether one has, in its own network, the connection that the server sees.
///
/// # Errors
/// When something stands between, or no process of this kernel is that backend.
pub fn judge(
    wire: &Wire,
    seen: &Seen,
    processes: Result<&[Process], String>,
    within: &dyn Fn(&Process) -> bool,
) -> Result<Near, Refused> {
    let processes =
        processes.map_err(|why| refused(format!("this machine's processes cannot be seen: {why}")))?;
    let Some(process) = processes.iter().find(|process| is_backend(process, seen)) else {
        let found = match processes {
            [] => "there is none with that number".to_owned(),
            others => {
                let names: Vec<String> = others.iter().map(Process::words).collect();
                let apart = others.iter().find_map(|process| apart(process, seen)).unwrap_or_default();
                format!("what has that number is {}{apart}", names.join(", "))
            }
        };
        return Err(refused(format!(
            "its backend is process {}, and no postgres of this machine is that: {found}",
            seen.pid
        )));
    };
    let direct = is_direct(wire, seen, process);
    let inside = || process.contained && within(process);
    if !direct && !inside() {
        return Err(refused(match seen.client {
            Some(client) => {
                format!("something stands between: to the server we come from {client}, and that is not us")
            }
            None => "something stands between: the server sees a socket that is not ours".to_owned(),
        }));
    }
    let way = if direct { "nothing in between" } else { "in a container of this machine" };
    Ok(Near {
        direct,
        words: format!("backend {} is process {} of this machine, {way}", seen.pid, process.pid),
    })
}

fn is_backend(process: &Process, seen: &Seen) -> bool {
    is_child_of_a_server(process, seen)
        && process.parent.as_ref().is_some_and(|parent| {
            parent.started_us.abs_diff(seen.server_started_us) <= SERVER_START_APART_US_MAX
        })
}

/// The backend by all that can be seen, but for the age of its server.
fn is_child_of_a_server(process: &Process, seen: &Seen) -> bool {
    let is_postgres = |name: &str| matches!(name, "postgres" | "postmaster");
    is_postgres(&process.name)
        && process.started_us.abs_diff(seen.started_us) <= BACKEND_START_APART_US_MAX
        && process.parent.as_ref().is_some_and(|parent| is_postgres(&parent.name))
}

/// A clock that was set since the server started moves what the kernel tells of that, and not what the server does.
fn apart(process: &Process, seen: &Seen) -> Option<String> {
    let parent = process.parent.as_ref().filter(|_| is_child_of_a_server(process, seen))?;
    let seconds = parent.started_us.abs_diff(seen.server_started_us) / 1_000_000;
    Some(format!(
        ", whose server started {seconds} s apart from what it says itself: it is another one's, or the clock of this \
         machine was set since; then restart the server"
    ))
}

/// Whether the server sees the very ends of our socket.
fn is_direct(wire: &Wire, seen: &Seen, process: &Process) -> bool {
    match *wire {
        Wire::Tcp { local, peer } => {
            let same = |ours: SocketAddr, theirs: Option<SocketAddr>| {
                theirs.is_some_and(|theirs| {
                    plain(theirs.ip()) == plain(ours.ip()) && theirs.port() == ours.port()
                })
            };
            same(local, seen.client) && same(peer, seen.server)
        }
        Wire::Socket { peer_pid } => {
            let parent = process.parent.as_ref().map(|parent| parent.pid);
            seen.client.is_none() && seen.server.is_none() && peer_pid.is_some() && peer_pid == parent
        }
    }
}

/// An IPv4 address that is written as IPv6 is the same one.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Why not even the definition's words let a server through: that it is elsewhere is not only not disproved, it shows.
/// `holders` are the programs that listen where we connect.
pub fn disproved(seen: &Seen, holders: &[String]) -> Option<Refused> {
    let tunnel = holders.iter().find(|name| TUNNELS.contains(&name.as_str()));
    let far = [seen.client, seen.server].into_iter().flatten().find(|end| is_public(end.ip()));
    let why = match (tunnel, far) {
        (Some(name), _) => format!("what listens here is {name}, which leads elsewhere"),
        (None, Some(end)) => format!("the server sees a connection with the public address {}", end.ip()),
        (None, None) => return None,
    };
    Some(Refused {
        what: "the server is not on this machine".to_owned(),
        why: format!("{why}; the definition's word is for what cannot be shown, not for what shows"),
        next: "connect to the server itself, on this machine".to_owned(),
    })
}

/// Something else listens at `endpoint` than when the connection was begun.
pub fn swapped(endpoint: &Endpoint) -> Refused {
    Refused {
        what: "the server is not shown to be on this machine".to_owned(),
        why: format!("what listens at {endpoint} was another one a moment ago"),
        next: "find out who takes the server's place, then try again".to_owned(),
    }
}

/// Nobody's but the internet's: neither this machine's, nor of a network at home or of containers.
fn is_public(address: IpAddr) -> bool {
    match plain(address) {
        IpAddr::V4(it) => {
            let shared = it.octets()[0] == 100 && it.octets()[1] & 0xc0 == 64;
            !(it.is_loopback() || it.is_private() || it.is_link_local() || it.is_unspecified() || shared)
        }
        IpAddr::V6(it) => {
            !(it.is_loopback() || it.is_unique_local() || it.is_unicast_link_local() || it.is_unspecified())
        }
    }
}

/// Nothing shows that it is on this machine.
pub fn refused(why: String) -> Refused {
    Refused {
        what: "the server is not shown to be on this machine".to_owned(),
        why,
        next: "connect to the server itself and not through a tunnel, a relay or a pooler; where its processes cannot \
               be seen (a virtual machine), say so in the definition: [target] unproven = \"why it is local all the \
               same\""
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_US: i64 = 1_700_000_000_000_000;

    fn end(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn tcp() -> Wire {
        Wire::Tcp { local: end("127.0.0.1:40000"), peer: end("127.0.0.1:5432") }
    }

    fn seen() -> Seen {
        Seen {
            pid: 17,
            client: Some(end("127.0.0.1:40000")),
            server: Some(end("127.0.0.1:5432")),
            started_us: NOW_US,
            server_started_us: NOW_US - 5_000_000,
        }
    }

    fn process() -> Process {
        let parent = Process {
            pid: 9,
            name: "postgres".to_owned(),
            started_us: NOW_US - 5_100_000,
            contained: false,
            parent: None,
        };
        Process { pid: 17, started_us: NOW_US - 10_000, parent: Some(Box::new(parent.clone())), ..parent }
    }

    fn why(wire: &Wire, seen: &Seen, process: Process) -> String {
        judge(wire, seen, Ok(&[process]), &|_| true).unwrap_err().why
    }

    #[test]
    fn a_direct_connection_to_a_process_of_this_machine_is_near() {
        let words = judge(&tcp(), &seen(), Ok(&[process()]), &|_| true).unwrap().words;
        assert_eq!(words, "backend 17 is process 17 of this machine, nothing in between");
        let mapped = Wire::Tcp { local: end("[::ffff:127.0.0.1]:40000"), peer: end("127.0.0.1:5432") };
        assert!(judge(&mapped, &seen(), Ok(&[process()]), &|_| true).is_ok());
        let socket = Seen { client: None, server: None, ..seen() };
        assert!(judge(&Wire::Socket { peer_pid: Some(9) }, &socket, Ok(&[process()]), &|_| true).is_ok());
    }

    #[test]
    fn what_stands_between_is_seen() {
        let relayed = Seen { client: Some(end("127.0.0.1:40001")), ..seen() };
        assert!(why(&tcp(), &relayed, process()).contains("we come from 127.0.0.1:40001"));
        let other_port = Seen { server: Some(end("127.0.0.1:6432")), ..seen() };
        assert!(why(&tcp(), &other_port, process()).starts_with("something stands between"));
        let from_socket = Seen { client: None, server: None, ..seen() };
        assert!(why(&tcp(), &from_socket, process()).contains("socket that is not ours"));
        for peer_pid in [None, Some(10), Some(0)] {
            assert!(judge(&Wire::Socket { peer_pid }, &from_socket, Ok(&[process()]), &|_| true).is_err());
        }
        assert!(judge(&Wire::Socket { peer_pid: Some(9) }, &seen(), Ok(&[process()]), &|_| true).is_err());
    }

    #[test]
    fn a_published_port_is_near_if_the_container_is_of_this_machine() {
        let published =
            Seen { client: Some(end("172.17.0.1:55000")), server: Some(end("172.17.0.2:5432")), ..seen() };
        let contained = Process { pid: 31_017, contained: true, ..process() };
        let found = [contained];
        // One that has the number, the name and the age, and not the connection, is of another server.
        assert!(judge(&tcp(), &published, Ok(&found), &|_| false).is_err());
        let words = judge(&tcp(), &published, Ok(&found), &|_| true).unwrap().words;
        assert_eq!(words, "backend 17 is process 31017 of this machine, in a container of this machine");
        assert!(judge(&tcp(), &published, Ok(&[process()]), &|_| true).is_err());
    }

    #[test]
    fn what_shows_to_be_elsewhere_is_refused_whatever_the_definition_says() {
        let holders = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let why = |seen: &Seen, names: &[&str]| disproved(seen, &holders(names)).map(|refused| refused.why);
        for good in [&[][..], &["docker-proxy"], &["qemu-system-x86", "rootlessport"], &["sshx"]] {
            assert_eq!(why(&seen(), good), None, "{good:?}");
        }
        for name in TUNNELS {
            assert!(name.len() <= 15, "the kernel cuts names: {name}");
            assert!(why(&seen(), &["postgres", name]).unwrap().contains("which leads elsewhere"), "{name}");
        }
        for private in ["127.0.0.1", "10.1.2.3", "172.31.0.2", "192.168.64.2", "169.254.1.1", "100.64.0.1"] {
            let seen = Seen { server: Some(end(&format!("{private}:5432"))), ..seen() };
            assert_eq!(why(&seen, &[]), None, "{private}");
        }
        for public in
            ["203.0.113.5:5432", "[2001:db8::1]:5432", "100.128.0.1:1", "172.32.0.1:1", "[::ffff:8.8.8.8]:1"]
        {
            for seen in
                [Seen { server: Some(end(public)), ..seen() }, Seen { client: Some(end(public)), ..seen() }]
            {
                assert!(why(&seen, &[]).unwrap().contains("public address"), "{public}");
            }
        }
    }

    #[test]
    fn another_process_with_the_number_is_not_the_backend() {
        let late = Process { started_us: NOW_US - 3_000_000, ..process() };
        assert!(why(&tcp(), &seen(), late).contains("what has that number is postgres (17)"));
        let other = Process { name: "sleep".to_owned(), ..process() };
        assert!(why(&tcp(), &seen(), other).contains("what has that number is sleep (17)"));
        let orphan = Process { parent: None, ..process() };
        assert!(judge(&tcp(), &seen(), Ok(&[orphan]), &|_| true).is_err());
        let mut older = process();
        older.parent.as_mut().unwrap().started_us -= 3_600_000_000;
        let said = why(&tcp(), &seen(), older);
        assert!(
            said.contains("3600 s apart") && said.contains("the clock of this machine was set"),
            "{said}"
        );
        assert!(
            judge(&tcp(), &seen(), Ok(&[]), &|_| true)
                .unwrap_err()
                .why
                .contains("there is none with that number")
        );
        let hidden = judge(&tcp(), &seen(), Err("permission denied".to_owned()), &|_| true).unwrap_err();
        assert!(hidden.why.contains("permission denied"));
        // The right one among several is found.
        let wrong = Process { name: "sleep".to_owned(), ..process() };
        assert!(judge(&tcp(), &seen(), Ok(&[wrong, process()]), &|_| true).is_ok());
    }
}
