//! The other end: a witness says a word, or only looks whether anybody drives.

use super::{Answer, LINE_MAX, SOCKET, Word, refusal, short};
use crate::session::Refusal;
use rustix::fd::OwnedFd;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A little more than the other end takes at most.
const PATIENCE: Duration = Duration::from_secs(15);

fn connected(folder: &Path, flags: SocketFlags) -> io::Result<OwnedFd> {
    let opened = File::open(folder)?;
    let address = SocketAddrUnix::new(short(&opened, SOCKET))?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags | SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&socket, Timeout::Send, Some(PATIENCE))?;
    set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
    connect(&socket, &address)?;
    Ok(socket)
}

/// Whether a process drives the session in `folder`. Does not wait.
pub fn driven(folder: &Path) -> bool {
    match connected(folder, SocketFlags::NONBLOCK) {
        Ok(_) => true,
        // Somebody is there and many wait.
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

/// Says a word to the process that drives the session in `folder`; waits for the answer, for some seconds at most.
/// Returns the number of the entry in which the word stands.
///
/// # Errors
/// With what, why and next, when it stands in none.
pub fn say(folder: &Path, word: &Word) -> Result<u64, Refusal> {
    let gone = |error: io::Error| {
        let stale = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused);
        let why = if stale { "nobody drives this session now".to_owned() } else { error.to_string() };
        refusal("nobody heard it", why, "call out to the operator; the session can be resumed")
    };
    let line = speak(folder, word).map_err(gone)?;
    match serde_json::from_str(&line) {
        Ok(Answer::Taken { entry }) => Ok(entry),
        Ok(Answer::Refused { refusal }) => Err(refusal),
        Err(error) => Err(refusal(
            "the answer was not understood",
            error.to_string(),
            "look whether it stands in the record; use the same version at both ends",
        )),
    }
}

fn speak(folder: &Path, word: &Word) -> io::Result<String> {
    let mut stream = UnixStream::from(connected(folder, SocketFlags::empty())?);
    let mut bytes = serde_json::to_vec(word)?;
    bytes.push(b'\n');
    stream.write_all(&bytes)?;
    let mut line = String::new();
    BufReader::new(stream.take(LINE_MAX as u64 * 4)).read_line(&mut line)?;
    Ok(line)
}
