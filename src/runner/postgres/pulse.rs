//! The pulse: while a step works, or waits for a word, the server is asked on a second connection whether it is still
//! there. A statement may be slow; a server that says nothing at all is lost, long before the statement's own deadline.
//!
//! Only silence counts, and that there is no way to it any more. What is refused (a full server, one that is
//! starting) is an answer.

use super::attempt::Attempt;
use super::backend::{Backend, DbError};
use crate::definition::StepKind;
use crate::runner::guard::process;
use crate::session::Failure;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often it is felt. A step that is over sooner costs no connection.
const BEAT: Duration = Duration::from_millis(1_500);
/// A server that says nothing so long, twice in a row, is lost. Twice: whoever wakes up after a long sleep must have
/// a moment to hear what came meanwhile.
const SILENCE: Duration = Duration::from_secs(4);
/// After so many beats without a way to it.
const MISSES_MAX: usize = 4;
/// For the connection itself; the silence above is noticed first.
const CONNECT_MAX: Duration = Duration::from_secs(20);

impl Attempt {
    /// Returns when the server is silent, or our backend stands still.
    pub async fn pulse(&self) -> Failure {
        if matches!(self.step.kind, StepKind::Suite | StepKind::Drill) {
            // They clean up behind themselves, and must come to that: each of their statements has its own deadline.
            return std::future::pending().await;
        }
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first comes at once.
        beat.tick().await;
        let (mut backend, mut stood_still, mut misses) = (None, false, 0);
        loop {
            beat.tick().await;
            let Some(pid) = self.stop.pid() else { continue };
            let stands_still = process::stands_still(pid);
            if stands_still && stood_still {
                let what = format!("the server's process {pid} is stopped: it would never answer");
                return Failure::Connection { what };
            }
            stood_still = stands_still;
            let mut feel = pin!(self.feel(backend.take()));
            let mut felt = timeout(SILENCE, &mut feel).await;
            if felt.is_err() {
                felt = timeout(SILENCE, &mut feel).await;
            }
            match felt {
                Ok(Err(DbError::Lost(why))) => {
                    misses += 1;
                    if misses >= MISSES_MAX {
                        let what = format!("there is no way to the server any more: {why}");
                        return Failure::Connection { what };
                    }
                }
                Ok(found) => (backend, misses) = (found.ok(), 0),
                Err(_) => {
                    let silence = 2 * SILENCE.as_secs();
                    let what =
                        format!("the server has not answered for {silence} s, on a second connection either");
                    return Failure::Connection { what };
                }
            }
        }
    }

    async fn feel(&self, backend: Option<Backend>) -> Result<Backend, DbError> {
        let mut backend = match backend {
            Some(backend) => backend,
            None => Backend::connect(&self.room.endpoint, "ceremony pulse", CONNECT_MAX).await?,
        };
        backend.value("SELECT 1").await.map(|_| backend)
    }
}
