//! One session at a time in a database: a connection that does nothing but hold a lock, from the first step that
//! connects to the session's end. The fence of a step is another lock, and the one that counts for what is applied.

use super::attempt::{Attempt, CONNECT_MAX};
use super::backend::Backend;
use super::ledger::{self, Lock};
use crate::session::Failure;
use std::time::Duration;
use tokio::sync::Mutex;

/// A session that has just ended is waited for: so many looks, one a beat.
const LOOKS_MAX: u32 = 25;
const BEAT: Duration = Duration::from_millis(200);
/// How long the connection may take to show that it is still there.
const ALIVE_MAX: Duration = Duration::from_secs(5);

/// The place of a session in its database.
#[derive(Default)]
pub struct Presence(Mutex<Option<Backend>>);

impl Presence {
    /// Leaves the place, so that the database can be copied, or to somebody else.
    pub async fn leave(&self) {
        if let Some(backend) = self.0.lock().await.take() {
            backend.close().await;
        }
    }
}

impl Attempt {
    /// Takes the session's place in the database, if it has none yet.
    ///
    /// # Errors
    /// When another session is there; says which.
    pub(super) async fn be_present(&self) -> Result<(), Failure> {
        let mut place = self.room.presence.0.lock().await;
        if let Some(backend) = place.as_mut() {
            let alive = tokio::time::timeout(ALIVE_MAX, backend.value("SELECT 1")).await;
            if matches!(alive, Ok(Ok(_))) {
                return Ok(());
            }
            *place = None;
        }
        let name = format!("ceremony session {}", self.id.session);
        let backend = Backend::connect(&self.room.endpoint, &name, CONNECT_MAX).await;
        let mut backend = backend.map_err(|error| self.failure(error, None))?;
        let mut beat = tokio::time::interval(BEAT);
        for _ in 0..LOOKS_MAX {
            beat.tick().await;
            self.go_on()?;
            let taken = ledger::try_lock(&mut backend, Lock::Session).await;
            if taken.map_err(|error| self.failure(error, None))? {
                *place = Some(backend);
                return Ok(());
            }
        }
        let holder = ledger::holder(&mut backend, Lock::Session).await;
        backend.close().await;
        let holder = holder.map_err(|error| self.failure(error, None))?;
        Err(Failure::Blocked {
            what: format!(
                "another ceremony is open on this database: {}",
                holder.unwrap_or_else(|| "it has just ended".to_owned())
            ),
            next: "let it end, or leave it with q (it can be resumed), then answer the gate again".to_owned(),
        })
    }
}
