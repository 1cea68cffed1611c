//! Who takes connections where we connect. A judgement is about one connection; what connects later (a child, a
//! cancel request) reaches the same server as long as the very socket that listened then still listens. The kernel
//! gives every socket a number that is not given twice, shows it to everybody, and lets nobody else listen at an
//! address that is taken. <https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html>

use crate::runner::postgres::endpoint::{Endpoint, Host, socket_path};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The state of a socket that listens, in `/proc/net/tcp`.
const LISTENS: &str = "0A";
/// The flag of a socket that listens, in `/proc/net/unix`.
const ACCEPTS: u32 = 0x1_0000;

/// What takes connections at an endpoint. Equal to another one as long as nothing was swapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// Numbers of the listening sockets, smallest first; none where the kernel itself passes connections on.
    sockets: Vec<u64>,
    /// Device and number of the socket's file.
    file: Option<(u64, u64)>,
}

/// A TCP connection or listener of a network, as the kernel shows it.
struct Line {
    local: SocketAddr,
    remote: SocketAddr,
    listens: bool,
    socket: u64,
}

impl Door {
    /// What listens at `endpoint` now.
    ///
    /// # Errors
    /// In words, where the kernel does not show it.
    pub fn at(endpoint: &Endpoint) -> Result<Self, String> {
        let mut door = match &endpoint.host {
            Host::Address(address) => {
                let all = listeners(endpoint.port)?.into_iter();
                let ours = all.filter(|(at, _)| takes(*at, *address));
                Self { sockets: ours.map(|(_, socket)| socket).collect(), file: None }
            }
            Host::Socket(folder) => {
                let path = socket_path(folder, endpoint.port);
                let file = fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                Self { sockets: listeners_at(&path)?, file: Some((file.dev(), file.ino())) }
            }
        };
        door.sockets.sort_unstable();
        Ok(door)
    }

    /// Names of the programs that hold it open, as far as this user may see that.
    pub fn holders(&self) -> Vec<String> {
        let held: Vec<String> = self.sockets.iter().map(|socket| format!("socket:[{socket}]")).collect();
        let holds = |folder: &Path| {
            let files = fs::read_dir(folder.join("fd")).into_iter().flatten().flatten();
            let mut links = files.filter_map(|file| fs::read_link(file.path()).ok());
            links.any(|link| held.iter().any(|socket| link.as_os_str() == socket.as_str()))
        };
        let all = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
        all.filter(|folder| holds(folder))
            .filter_map(|folder| fs::read_to_string(folder.join("comm")).ok())
            .map(|name| name.trim_end().to_owned())
            .collect()
    }
}

/// Whether a process has a connection between these two ends in its own network.
pub fn is_connected(pid: i32, local: SocketAddr, remote: SocketAddr) -> bool {
    #[cfg(target_os = "linux")]
    if is_in_our_network(pid)
        && let Some(connected) = super::diag::is_connected(local, remote)
    {
        return connected;
    }
    let same =
        |a: SocketAddr, b: SocketAddr| a.port() == b.port() && a.ip().to_canonical() == b.ip().to_canonical();
    let network = Path::new("/proc").join(pid.to_string()).join("net");
    lines(&network).is_ok_and(|lines| {
        lines.iter().any(|line| !line.listens && same(line.local, local) && same(line.remote, remote))
    })
}

/// Not, where we may not look.
#[cfg(target_os = "linux")]
fn is_in_our_network(pid: i32) -> bool {
    let of = |process: &str| fs::read_link(format!("/proc/{process}/ns/net")).ok();
    of("self").is_some_and(|ours| of(&pid.to_string()) == Some(ours))
}

/// Addresses and numbers of the sockets that listen at a port of our network.
fn listeners(port: u16) -> Result<Vec<(IpAddr, u64)>, String> {
    #[cfg(target_os = "linux")]
    if let Some(found) = super::diag::listeners(port) {
        return Ok(found);
    }
    listed(port)
}

/// The same by the kernel's table.
fn listed(port: u16) -> Result<Vec<(IpAddr, u64)>, String> {
    let all = lines(Path::new("/proc/self/net"))?.into_iter();
    let ours = all.filter(|line| line.listens && line.local.port() == port);
    Ok(ours.map(|line| (line.local.ip(), line.socket)).collect())
}

/// Whether who listens at `at` takes connections to `address`.
fn takes(at: IpAddr, address: IpAddr) -> bool {
    let at = at.to_canonical();
    // One that listens everywhere by IPv6 mostly takes IPv4 too; that it does not is of no consequence.
    at == address.to_canonical()
        || at == IpAddr::V6(Ipv6Addr::UNSPECIFIED)
        || at == IpAddr::V4(Ipv4Addr::UNSPECIFIED)
}

fn lines(network: &Path) -> Result<Vec<Line>, String> {
    let tcp = network.join("tcp");
    let text = fs::read_to_string(&tcp).map_err(|error| format!("{}: {error}", tcp.display()))?;
    // A kernel without IPv6 has no such file.
    let more = fs::read_to_string(network.join("tcp6")).unwrap_or_default();
    Ok(text.lines().chain(more.lines()).filter_map(line).collect())
}

/// `0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000 107 0 12345 …`
fn line(text: &str) -> Option<Line> {
    let mut words = text.split_whitespace().skip(1);
    let (local, remote) = (end(words.next()?)?, end(words.next()?)?);
    let listens = words.next()? == LISTENS;
    Some(Line { local, remote, listens, socket: words.nth(5)?.parse().ok()? })
}

/// An address as the kernel writes it: words of 32 bits in the order of this machine's bytes, then the port.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word =
        |at: usize| Some(u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok()?.to_ne_bytes());
    let address = match address.len() {
        8 => IpAddr::from(word(0)?),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?].concat();
            IpAddr::from(<[u8; 16]>::try_from(words).ok()?)
        }
        _ => return None,
    };
    Some(SocketAddr::new(address, port))
}

/// Who listens at a path, however it was written. `Num RefCount Protocol Flags Type St Inode Path`
fn listeners_at(path: &Path) -> Result<Vec<u64>, String> {
    let all = "/proc/self/net/unix";
    let text = fs::read_to_string(all).map_err(|error| format!("{all}: {error}"))?;
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    let is_it = |other: &Path| {
        other.file_name() == path.file_name()
            && other.parent().is_some_and(|other| other.canonicalize().ok() == folder)
    };
    let found = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(3);
        let flags = u32::from_str_radix(words.next()?, 16).ok()?;
        let socket = words.nth(2)?.parse().ok()?;
        (flags & ACCEPTS != 0 && is_it(Path::new(words.next()?))).then_some(socket)
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    fn endpoint(host: Host, port: u16) -> Endpoint {
        let (user, database) = ("u".to_owned(), "d".to_owned());
        Endpoint { host, port, user, password: None, database, unproven: None }
    }

    /// Where the kernel is asked about single sockets, it says what its table says.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_kernel_answers_as_its_table_says() {
        use crate::runner::guard::diag;
        for (at, address) in
            [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1"), ("0.0.0.0", "127.0.0.1")]
        {
            let listener = TcpListener::bind((at.parse::<IpAddr>().unwrap(), 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            let found = diag::listeners(port).unwrap();
            assert_eq!((found.len(), &found), (1, &listed(port).unwrap()), "{at}");
            let near = std::net::TcpStream::connect((address.parse::<IpAddr>().unwrap(), port)).unwrap();
            let (there, here) = (near.peer_addr().unwrap(), near.local_addr().unwrap());
            assert_eq!(diag::is_connected(there, here), Some(true), "{at}");
            assert_eq!(diag::is_connected(here, there), Some(true), "{at}");
            let elsewhere = SocketAddr::new(here.ip(), here.port() ^ 1);
            assert_eq!(diag::is_connected(there, elsewhere), Some(false), "{at}: only somebody who listens");
            drop(listener);
            assert_eq!(diag::is_connected(elsewhere, there), Some(false), "{at}: nobody at all");
            assert!(diag::listeners(port).unwrap().is_empty());
        }
    }

    #[test]
    fn a_swapped_listener_is_another_door() {
        for address in ["127.0.0.1", "::1"] {
            let address: IpAddr = address.parse().unwrap();
            let first = TcpListener::bind((address, 0)).unwrap();
            let endpoint = endpoint(Host::Address(address), first.local_addr().unwrap().port());
            let door = Door::at(&endpoint).unwrap();
            assert_eq!(door.sockets.len(), 1);
            assert_eq!(Door::at(&endpoint).as_ref(), Ok(&door));
            let ours = fs::read_to_string("/proc/self/comm").unwrap();
            assert!(door.holders().iter().any(|name| name == ours.trim_end()));
            drop(first);
            assert_ne!(Door::at(&endpoint).as_ref(), Ok(&door), "nobody listens");
            let _second = TcpListener::bind((address, endpoint.port)).unwrap();
            assert_ne!(Door::at(&endpoint).as_ref(), Ok(&door), "somebody else listens");
        }
    }

    #[test]
    fn who_listens_everywhere_listens_here() {
        for everywhere in ["0.0.0.0", "::"] {
            let listener = TcpListener::bind((everywhere.parse::<IpAddr>().unwrap(), 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            let door = Door::at(&endpoint(Host::Address(Ipv4Addr::LOCALHOST.into()), port)).unwrap();
            assert_eq!(door.sockets.len(), 1, "{everywhere}");
        }
    }

    #[test]
    fn a_swapped_socket_file_is_another_door() {
        let folder = tempfile::tempdir().unwrap();
        let endpoint = endpoint(Host::Socket(folder.path().to_owned()), 5432);
        let path = socket_path(folder.path(), 5432);
        let first = UnixListener::bind(&path).unwrap();
        let door = Door::at(&endpoint).unwrap();
        assert_eq!((door.sockets.len(), Door::at(&endpoint).as_ref()), (1, Ok(&door)));
        // The first goes on listening behind a file that has another name now.
        fs::rename(&path, folder.path().join("aside")).unwrap();
        let _second = UnixListener::bind(&path).unwrap();
        assert_ne!(Door::at(&endpoint).as_ref(), Ok(&door));
        drop(first);
        assert_ne!(Door::at(&endpoint).as_ref(), Ok(&door));
    }

    #[test]
    fn a_connection_is_found_by_its_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (there, here) = (near.peer_addr().unwrap(), near.local_addr().unwrap());
        let us = i32::try_from(std::process::id()).unwrap();
        assert!(is_connected(us, there, here));
        let mut elsewhere = here;
        elsewhere.set_port(here.port() ^ 1);
        assert!(!is_connected(us, there, elsewhere));
        assert!(!is_connected(us, "192.0.2.1:5432".parse().unwrap(), here));
    }
}
