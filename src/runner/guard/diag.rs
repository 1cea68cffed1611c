//! What the kernel answers about single TCP sockets of our network: `/proc/net/tcp` walks a table of the size of the
//! machine's memory for each look, this does not. Where it does not answer, `None`.
//! <https://man7.org/linux/man-pages/man7/sock_diag.7.html>

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP, TCP_LISTEN};
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, InetResponseHeader, SocketId, StateFlags};
use netlink_sys::{Socket, SocketAddr as Kernel, protocols::NETLINK_SOCK_DIAG};
use std::net::{IpAddr, SocketAddr};

/// Any socket, whatever its cookie is.
const ANY_COOKIE: [u8; 8] = [0xff; 8];

/// Addresses and numbers of the sockets that listen at a port.
pub(super) fn listeners(port: u16) -> Option<Vec<(IpAddr, u64)>> {
    let mut found = Vec::new();
    for (family, mut id) in [(AF_INET, SocketId::new_v4()), (AF_INET6, SocketId::new_v6())] {
        id.source_port = port;
        let all = ask(request(family, StateFlags::LISTEN, id), NLM_F_REQUEST | NLM_F_DUMP)?;
        let ours = all.iter().filter(|it| it.state == TCP_LISTEN && it.socket_id.source_port == port);
        found.extend(ours.map(|it| (it.socket_id.source_address, u64::from(it.inode))));
    }
    Some(found)
}

/// Whether a socket is connected between these two ends, the first one being its own.
pub(super) fn is_connected(local: SocketAddr, remote: SocketAddr) -> Option<bool> {
    let (local, remote) = (canonical(local), canonical(remote));
    let (family, mut id) = match local.ip() {
        IpAddr::V4(_) => (AF_INET, SocketId::new_v4()),
        IpAddr::V6(_) => (AF_INET6, SocketId::new_v6()),
    };
    if local.is_ipv4() != remote.is_ipv4() {
        return Some(false);
    }
    (id.source_address, id.source_port) = (local.ip(), local.port());
    (id.destination_address, id.destination_port) = (remote.ip(), remote.port());
    id.cookie = ANY_COOKIE;
    let all = ask(request(family, StateFlags::all(), id), NLM_F_REQUEST)?;
    // Where there is no such connection, the kernel tells of who listens at its own end.
    Some(all.iter().any(|it| {
        let id = &it.socket_id;
        it.state != TCP_LISTEN
            && canonical(SocketAddr::new(id.source_address, id.source_port)) == local
            && canonical(SocketAddr::new(id.destination_address, id.destination_port)) == remote
    }))
}

fn canonical(end: SocketAddr) -> SocketAddr {
    SocketAddr::new(end.ip().to_canonical(), end.port())
}

fn request(family: u8, states: StateFlags, socket_id: SocketId) -> InetRequest {
    InetRequest { family, protocol: IPPROTO_TCP, extensions: ExtensionFlags::empty(), states, socket_id }
}

/// The kernel has its answer ready when it has taken the question: nothing is waited for.
fn ask(request: InetRequest, flags: u16) -> Option<Vec<InetResponseHeader>> {
    let mut socket = Socket::new(NETLINK_SOCK_DIAG).ok()?;
    socket.bind_auto().ok()?;
    socket.connect(&Kernel::new(0, 0)).ok()?;
    socket.set_non_blocking(true).ok()?;
    let mut header = NetlinkHeader::default();
    header.flags = flags;
    let mut question = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    question.finalize();
    let mut bytes = vec![0; question.buffer_len()];
    question.serialize(&mut bytes);
    socket.send(&bytes, 0).ok()?;
    let mut found = Vec::new();
    loop {
        let (bytes, _) = socket.recv_from_full().ok()?;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let answer = NetlinkMessage::<SockDiagMessage>::deserialize(rest).ok()?;
            match answer.payload {
                NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(socket)) => {
                    found.push(socket.header)
                }
                NetlinkPayload::Done(_) => return Some(found),
                NetlinkPayload::Error(error) if error.raw_code() == -NOBODY => return Some(found),
                _ => return None,
            }
            // Each begins at a multiple of four bytes. One question without a list has one answer.
            rest = rest.get((answer.header.length as usize).next_multiple_of(4)..).unwrap_or_default();
            if flags & NLM_F_DUMP == 0 {
                return Some(found);
            }
        }
    }
}

/// ENOENT: there is no such socket.
const NOBODY: i32 = rustix::io::Errno::NOENT.raw_os_error();
