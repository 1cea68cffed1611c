//! Stops a running statement by a cancel request on a connection of its own.

use super::Endpoint;
use crate::runner::postgres::tap;
use crate::runner::postgres::wire::message;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long a cancel request may take.
const CANCEL_MAX: Duration = Duration::from_secs(5);

/// A handle that stops whatever its backend is running. It holds the backend's secret and prints nothing.
#[derive(Clone)]
pub struct Canceller {
    endpoint: Arc<Endpoint>,
    pid: i32,
    secret: u32,
    asked: Arc<AtomicBool>,
}

impl Canceller {
    pub(super) fn new(endpoint: &Endpoint, pid: i32, secret: u32) -> Self {
        Self { endpoint: Arc::new(endpoint.clone()), pid, secret, asked: Arc::default() }
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
    /// When the server cannot be reached or the request takes more than five seconds.
    pub async fn cancel(&self) -> io::Result<()> {
        self.asked.store(true, Ordering::SeqCst);
        let request = async {
            let (mut stream, _) = tap::connect(&self.endpoint).await?;
            stream.write_all(&message::cancel(self.pid, self.secret)).await?;
            // The server says nothing; it closes once the signal is sent.
            let mut nothing = [0; 16];
            while stream.read(&mut nothing).await.unwrap_or(0) > 0 {}
            Ok(())
        };
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the cancel request was not taken");
        tokio::time::timeout(CANCEL_MAX, request).await.map_err(late)?
    }

    /// Whether a cancelled statement (57014) was cancelled through this handle; forgets it.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.swap(false, Ordering::SeqCst)
    }
}
