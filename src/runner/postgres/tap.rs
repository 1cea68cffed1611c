//! The wire tap: an in-process relay between sqlx and the server that reports what sqlx does not show.
//!
//! One tap serves one connection. sqlx connects to a private Unix socket (a folder of mode 0700 that is gone as
//! soon as the connection stands); the tap connects to the server, replaces sqlx's startup message by its own
//! (sqlx cannot be kept from putting `PGOPTIONS` into it), copies bytes both ways and sends [`Event`]s through a
//! bounded channel: whoever does not read them stops the server, not the memory.

use super::endpoint::{DbError, Endpoint, Host, socket_path};
use super::wire::{Event, Parser, Wanted, message};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How many events may wait to be read.
const EVENTS_MAX: usize = 256;
/// How much is read at once, bytes.
const CHUNK_BYTES: usize = 64 << 10;
/// The server's own limit (`MAX_STARTUP_PACKET_LENGTH`), bytes.
const STARTUP_BYTES_MAX: usize = 10_000;
/// How long sent bytes may stay unacknowledged by the peer's kernel, milliseconds.
/// <https://man7.org/linux/man-pages/man7/tcp.7.html>
const TCP_USER_TIMEOUT_MS: u32 = 10_000;
/// `sun_path` is 108 bytes on Linux and 104 on macOS, with a NUL at the end.
const SOCKET_PATH_BYTES_MAX: usize = 103;

/// The two ends of the connection to the server, for whoever judges whether it is the right server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// TCP.
    Tcp {
        /// This process's end.
        local: SocketAddr,
        /// The server's end.
        peer: SocketAddr,
    },
    /// A Unix socket.
    Socket {
        /// The process that listens there (the postmaster), where the kernel says so.
        peer_pid: Option<i32>,
    },
}

/// A relay that stands. Dropping it closes both its ends at once.
#[derive(Debug)]
pub struct Tap {
    wire: Wire,
    folder: Option<tempfile::TempDir>,
    events: mpsc::Receiver<Event>,
    inject: mpsc::Sender<Vec<u8>>,
    wanted: Arc<Mutex<Wanted>>,
    relay: JoinHandle<()>,
}

impl Tap {
    /// Connects to the server and listens for sqlx.
    ///
    /// # Errors
    /// [`DbError::Lost`] when the server cannot be reached or the private socket cannot be made. No deadline of
    /// its own.
    pub async fn open(endpoint: &Endpoint, application_name: &str) -> Result<Self, DbError> {
        let (outer, wire) = connect(endpoint)
            .await
            .map_err(|error| DbError::Lost(format!("cannot connect to {endpoint}: {}", in_words(&error))))?;
        let (folder, listener) = listen(endpoint.port).map_err(|error| {
            DbError::Lost(format!(
                "cannot make a private socket in the temporary folder: {}",
                in_words(&error)
            ))
        })?;
        let (events_in, events) = mpsc::channel(EVENTS_MAX);
        let (inject, injected) = mpsc::channel(4);
        let wanted = Arc::new(Mutex::new(Wanted::default()));
        let relay = Relay {
            startup: message::startup(&endpoint.user, &endpoint.database, application_name),
            events: events_in,
            inject: inject.clone(),
            wanted: Arc::clone(&wanted),
        };
        let relay = tokio::spawn(relay.serve(listener, outer, injected));
        Ok(Self { wire, folder: Some(folder), events, inject, wanted, relay })
    }

    /// The folder of the private socket; its port is the endpoint's. Empty once [`Tap::connected`] was called.
    pub fn folder(&self) -> PathBuf {
        self.folder.as_ref().map(|folder| folder.path().to_owned()).unwrap_or_default()
    }

    /// sqlx is connected: the private socket's file and folder are removed.
    pub fn connected(&mut self) {
        self.folder = None;
    }

    /// The ends of the connection to the server.
    pub fn wire(&self) -> Wire {
        self.wire
    }

    /// Says what is wanted of the next answer. Only while the server is idle.
    pub fn want(&self, wanted: Wanted) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = wanted;
    }

    /// Sends messages of the tap's own. Only while the server is idle and with [`Wanted::private`], so that sqlx
    /// does not get an answer to a question it never asked.
    pub async fn inject(&self, messages: Vec<u8>) {
        // A relay that is gone said Closed.
        let _ = self.inject.send(messages).await;
    }

    /// Where data for COPY FROM STDIN goes. Only after [`Event::CopyIn`] with [`Wanted::feed`].
    pub fn sender(&self) -> mpsc::Sender<Vec<u8>> {
        self.inject.clone()
    }

    /// The next event; [`Event::Closed`] for ever once the connection ended. Safe to cancel.
    pub async fn next(&mut self) -> Event {
        self.events.recv().await.unwrap_or_else(gone)
    }

    /// The next event that is already here.
    pub fn try_next(&mut self) -> Option<Event> {
        match self.events.try_recv() {
            Ok(event) => Some(event),
            Err(mpsc::error::TryRecvError::Empty) => None,
            Err(mpsc::error::TryRecvError::Disconnected) => Some(gone()),
        }
    }

    /// Waits until the server closed its end, at most `deadline`, then closes this one.
    pub async fn close(mut self, deadline: Duration) {
        let _ = tokio::time::timeout(deadline, async { while self.events.recv().await.is_some() {} }).await;
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.relay.abort();
    }
}

fn gone() -> Event {
    Event::Closed("the connection is closed".to_owned())
}

/// Either kind of connection to a server.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A new connection to the server, with nothing said yet. No deadline of its own.
pub(super) async fn connect(endpoint: &Endpoint) -> io::Result<(Box<dyn Stream>, Wire)> {
    match &endpoint.host {
        Host::Address(address) => {
            let stream = TcpStream::connect((*address, endpoint.port)).await?;
            stream.set_nodelay(true)?;
            #[cfg(target_os = "linux")]
            rustix::net::sockopt::set_tcp_user_timeout(&stream, TCP_USER_TIMEOUT_MS)?;
            let wire = Wire::Tcp { local: stream.local_addr()?, peer: stream.peer_addr()? };
            Ok((Box::new(stream), wire))
        }
        Host::Socket(folder) => {
            let stream = UnixStream::connect(socket_path(folder, endpoint.port)).await?;
            let peer_pid = stream.peer_cred().ok().and_then(|peer| peer.pid());
            Ok((Box::new(stream), Wire::Socket { peer_pid }))
        }
    }
}

/// A private folder with a listening socket in it.
fn listen(port: u16) -> io::Result<(tempfile::TempDir, UnixListener)> {
    let fits = |folder: &Path| socket_path(folder, port).as_os_str().len() + 10 <= SOCKET_PATH_BYTES_MAX;
    let base = Some(std::env::temp_dir()).filter(|folder| fits(folder)).unwrap_or_else(|| "/tmp".into());
    let folder = tempfile::Builder::new()
        .prefix("tap")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir_in(base)?;
    let listener = UnixListener::bind(socket_path(folder.path(), port))?;
    Ok((folder, listener))
}

/// What the relaying needs to know.
struct Relay {
    startup: Vec<u8>,
    events: mpsc::Sender<Event>,
    inject: mpsc::Sender<Vec<u8>>,
    wanted: Arc<Mutex<Wanted>>,
}

impl Relay {
    /// Runs until the server closes its end or nobody reads the events any more.
    async fn serve(
        self,
        listener: UnixListener,
        mut outer: Box<dyn Stream>,
        injected: mpsc::Receiver<Vec<u8>>,
    ) {
        let events = self.events.clone();
        let why = match self.greet(listener, &mut outer).await {
            Ok(inner) => self.relay(inner, outer, injected).await,
            Err(error) => in_words(&error),
        };
        let _ = events.send(Event::Closed(why)).await;
    }

    /// Waits for sqlx and replaces its startup message.
    async fn greet(&self, listener: UnixListener, outer: &mut Box<dyn Stream>) -> io::Result<UnixStream> {
        let (mut inner, _) = listener.accept().await?;
        let length = usize::try_from(inner.read_u32().await?).unwrap_or(usize::MAX);
        let rest = length.checked_sub(4).filter(|_| length <= STARTUP_BYTES_MAX);
        let rest = rest.ok_or_else(|| io::Error::other("the startup message is too long"))?;
        inner.read_exact(&mut vec![0; rest]).await?;
        outer.write_all(&self.startup).await?;
        Ok(inner)
    }

    /// Copies both ways; returns why the server's side ended.
    async fn relay(
        self,
        inner: UnixStream,
        outer: Box<dyn Stream>,
        injected: mpsc::Receiver<Vec<u8>>,
    ) -> String {
        let (inner_read, inner_write) = inner.into_split();
        let (outer_read, outer_write) = tokio::io::split(outer);
        let mut up = pin!(up(inner_read, outer_write, injected));
        let mut down = pin!(self.down(outer_read, inner_write));
        // Only the server's side ends the relay: a broken way up still leaves last words to be read.
        let mut up_open = true;
        loop {
            tokio::select! {
                why = &mut down => return why,
                () = &mut up, if up_open => up_open = false,
            }
        }
    }

    /// Server to sqlx.
    async fn down(self, mut outer: impl AsyncRead + Unpin, mut inner: impl AsyncWrite + Unpin) -> String {
        let mut parser = Parser::default();
        let mut chunk = vec![0; CHUNK_BYTES];
        let (mut forward, mut events) = (Vec::new(), Vec::new());
        loop {
            let read = match outer.read(&mut chunk).await {
                Ok(0) => return "the server closed the connection".to_owned(),
                Ok(read) => read,
                Err(error) => return in_words(&error),
            };
            let wanted = *self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            let parsed = parser.feed(&chunk[..read], &wanted, &mut forward, &mut events);
            for event in events.drain(..) {
                if event == Event::CopyIn && !wanted.feed {
                    let why = "a script has no data to read from STDIN";
                    let _ = self.inject.send(message::copy_fail(why)).await;
                }
                if self.events.send(event).await.is_err() {
                    return "nobody listens".to_owned();
                }
            }
            if let Err(unusable) = parsed {
                return unusable.words().to_owned();
            }
            if !forward.is_empty() && inner.write_all(&forward).await.is_err() {
                // sqlx is gone; the server may still have something to say.
            }
            forward.clear();
        }
    }
}

/// sqlx to server, and what the tap itself has to say.
async fn up(
    mut inner: impl AsyncRead + Unpin,
    mut outer: impl AsyncWrite + Unpin,
    mut injected: mpsc::Receiver<Vec<u8>>,
) {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let sent = tokio::select! {
            read = inner.read(&mut chunk) => match read {
                Ok(0) | Err(_) => break,
                Ok(read) => outer.write_all(&chunk[..read]).await,
            },
            Some(messages) = injected.recv() => outer.write_all(&messages).await,
        };
        if sent.is_err() {
            break;
        }
    }
    let _ = outer.shutdown().await;
}

/// `connection refused`: the error without its number.
pub(super) fn in_words(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(_) => error.kind().to_string(),
        None => error.to_string(),
    }
}
