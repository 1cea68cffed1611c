//! Stops a running statement by a cancel request on a connection of its own.

use super::Endpoint;
use crate::runner::guard::door::Door;
use crate::runner::postgres::tap;
use crate::runner::postgres::wire::message;
use crate::session::ErrorCard;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

/// How long a cancel request may take.
const CANCEL_MAX: Duration = Duration::from_secs(5);

/// A handle that stops whatever its backend is running. It holds the backend's secret key and does not print it.
#[derive(Clone)]
pub struct Canceller {
    endpoint: Arc<Endpoint>,
    pid: i32,
    secret: u32,
    /// Where the backend was reached; `None` where that is not shown.
    door: Option<Door>,
    asked: Arc<AtomicBool>,
    under_way: Arc<Requests>,
}

/// How many requests are under way, and a call whenever one is over.
#[derive(Default)]
struct Requests {
    count: AtomicUsize,
    over: Notify,
}

/// Counts a request while it is under way, also if its future is dropped.
struct UnderWay<'a>(&'a Requests);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::SeqCst);
        self.0.over.notify_waiters();
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").field("pid", &self.pid).finish_non_exhaustive()
    }
}

impl Canceller {
    pub(super) fn new(endpoint: &Endpoint, pid: i32, secret: u32) -> Self {
        let endpoint = Arc::new(endpoint.clone());
        Self { endpoint, pid, secret, door: None, asked: Arc::default(), under_way: Arc::default() }
    }

    /// What listened where its backend was reached; `None` where that is not shown.
    pub(super) fn door(&self) -> Option<&Door> {
        self.door.as_ref()
    }

    /// Whether `other` came in by the same door: a process id means something to one server only.
    pub fn is_of_the_server_of(&self, other: &super::Backend) -> bool {
        self.door == other.door()
    }

    /// From now on nothing is sent to anybody but who listens at `door`.
    pub(super) fn only_at(&mut self, door: Option<Door>) {
        self.door = door;
    }

    /// The backend's process id.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Asks the server to stop the running statement and waits until the request is delivered. The statement then
    /// ends in [`super::DbError::Cancelled`], unless it was over first.
    /// <https://www.postgresql.org/docs/15/protocol-flow.html#id-1.10.6.7.10>
    ///
    /// # Errors
    /// When the server cannot be reached, something else listens in its place, or the request takes more than five
    /// seconds.
    pub async fn cancel(&self) -> io::Result<()> {
        self.under_way.count.fetch_add(1, Ordering::SeqCst);
        let _under_way = UnderWay(&self.under_way);
        self.asked.store(true, Ordering::SeqCst);
        let request = async {
            let (mut stream, _) = tap::connect(&self.endpoint).await?;
            // Looked at once the connection stands, so that nothing can be put in its way afterwards.
            if self.door.as_ref().is_some_and(|door| Door::at(&self.endpoint).as_ref() != Ok(door)) {
                return Err(io::Error::other(
                    "something else listens in the server's place: it is not sent there",
                ));
            }
            stream.write_all(&message::cancel(self.pid, self.secret)).await?;
            // The server says nothing; it closes once the signal is sent.
            let mut nothing = [0; 16];
            while stream.read(&mut nothing).await.unwrap_or(0) > 0 {}
            Ok(())
        };
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the cancel request was not taken");
        tokio::time::timeout(CANCEL_MAX, request).await.map_err(late)?
    }

    /// A new statement begins: what was asked before does not concern it.
    pub(super) fn forget(&self) {
        self.asked.store(false, Ordering::SeqCst);
    }

    /// Returns when no request is under way: none can hit what is asked next.
    pub async fn over(&self) {
        loop {
            let over = self.under_way.over.notified();
            if self.under_way.count.load(Ordering::SeqCst) == 0 {
                return;
            }
            over.await;
        }
    }

    /// Whether a cancel was asked for since the statement began, or is under way.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst) || self.under_way.count.load(Ordering::SeqCst) > 0
    }
}

/// What the server would have said, had the cancel not come too early for it.
pub(super) fn before_it_ran() -> ErrorCard {
    ErrorCard {
        severity: "ERROR".to_owned(),
        sqlstate: "57014".to_owned(),
        message: "canceling statement due to user request".to_owned(),
        detail: Some("The statement was analysed, but not run.".to_owned()),
        ..ErrorCard::default()
    }
}
