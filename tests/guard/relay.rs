//! Relays on this machine, as the end of a tunnel is one; and listeners that are swapped.

use rustix::net::{Shutdown as Ways, shutdown};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread::JoinHandle;

/// Either kind of stream.
trait Stream: Read + Write + Send + Sized + 'static {
    fn twin(&self) -> Self;
    fn end(&self);
}

impl Stream for TcpStream {
    fn twin(&self) -> Self {
        self.try_clone().unwrap()
    }

    fn end(&self) {
        let _ = self.shutdown(Shutdown::Write);
    }
}

impl Stream for UnixStream {
    fn twin(&self) -> Self {
        self.try_clone().unwrap()
    }

    fn end(&self) {
        let _ = self.shutdown(Shutdown::Write);
    }
}

fn pass(mut from: impl Stream, mut to: impl Stream) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        to.end();
    });
}

fn join(near: impl Stream, far: impl Stream) {
    pass(near.twin(), far.twin());
    pass(far, near);
}

/// Passes on whatever comes, until its listener is closed; connections that stand stay.
pub struct Relay {
    /// Of this machine; 0 for a socket.
    pub port: u16,
    listener: OwnedFd,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// On this port (0: any) of this machine, to a server at `to`.
    pub fn tcp(port: u16, to: (&str, u16)) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let twin = listener.as_fd().try_clone_to_owned().unwrap();
        let to = (to.0.to_owned(), to.1);
        let thread = std::thread::spawn(move || {
            while let Ok((near, _)) = listener.accept() {
                if let Ok(far) = TcpStream::connect((to.0.as_str(), to.1)) {
                    join(near, far);
                }
            }
        });
        Self { port, listener: twin, thread: Some(thread) }
    }

    /// At a socket's path, to another socket.
    pub fn unix(path: &Path, to: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let twin = listener.as_fd().try_clone_to_owned().unwrap();
        let to = to.to_owned();
        let thread = std::thread::spawn(move || {
            while let Ok((near, _)) = listener.accept() {
                join(near, UnixStream::connect(&to).unwrap());
            }
        });
        Self { port: 0, listener: twin, thread: Some(thread) }
    }

    /// Nobody listens there any more once this returns.
    pub fn close(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = shutdown(&self.listener, Ways::Both);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.end();
    }
}
