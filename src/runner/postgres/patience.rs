//! Patience with a server that is not there yet, and clear words about one that is full.

use super::attempt::{Attempt, CONNECT_MAX};
use super::backend::{Backend, DbError, Endpoint};
use crate::session::*;
use std::time::Duration;

/// `cannot_connect_now`: the server starts, stops or recovers.
pub const CANNOT_CONNECT_NOW: &str = "57P03";
/// `too_many_connections`.
const TOO_MANY: &str = "53300";
/// So long a server that is starting is waited for.
const STARTING_MAX: Duration = Duration::from_secs(60);
/// How often it is tried.
const BEAT: Duration = Duration::from_millis(500);

/// What limits the number of connections of this role to this database.
const CONNECTIONS: &str = "
    SELECT pg_catalog.format('max_connections is %s, %s of them for superusers only',
                             pg_catalog.current_setting('max_connections'),
                             pg_catalog.current_setting('superuser_reserved_connections'))
           || CASE WHEN r.rolconnlimit >= 0 THEN pg_catalog.format('; role %s may have %s', r.rolname, r.rolconnlimit)
                   ELSE '' END
           || CASE WHEN d.datconnlimit >= 0
                   THEN pg_catalog.format('; database %s takes %s', d.datname, d.datconnlimit) ELSE '' END
      FROM pg_catalog.pg_roles AS r, pg_catalog.pg_database AS d
     WHERE r.rolname = session_user AND d.datname = pg_catalog.current_database()";

impl Attempt {
    /// Connects; a server that is starting up is waited for.
    ///
    /// # Errors
    /// When there is no connection to be had; one that is full names its limit.
    pub async fn patiently(&self, endpoint: &Endpoint, name: &str) -> Result<Backend, Failure> {
        let begun_us = (self.room.now_us)();
        let mut beat = tokio::time::interval(BEAT);
        let mut said = false;
        loop {
            beat.tick().await;
            self.go_on()?;
            let mut error = match Backend::connect(endpoint, name, CONNECT_MAX).await {
                Ok(backend) => return Ok(backend),
                Err(error) => error,
            };
            if let DbError::Server { card, .. } = &mut error {
                let waited_us = (self.room.now_us)().saturating_sub(begun_us);
                if card.sqlstate == CANNOT_CONNECT_NOW && u128::from(waited_us) < STARTING_MAX.as_micros() {
                    if !said {
                        let most = STARTING_MAX.as_secs();
                        let text = format!("{}: waiting for it, {most} s at most\n", card.message);
                        self.say(Report::Printed { source: Source::Runner, text });
                    }
                    said = true;
                    continue;
                }
                if card.sqlstate == TOO_MANY {
                    card.hint.get_or_insert_with(|| self.full());
                }
            }
            return Err(self.failure(error, None));
        }
    }

    fn full(&self) -> String {
        let limit = self.room.connections.get().map_or(
            "max_connections, or the limit of the role or of the database, is used up",
            String::as_str,
        );
        format!("{limit}: let other clients leave, or raise the limit")
    }

    /// Asks once how many connections the server takes: when it is full it cannot be asked.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn ask_for_connections(&self, backend: &mut Backend) -> Result<(), Failure> {
        if self.room.connections.get().is_none()
            && let Some(words) = self.value(backend, CONNECTIONS).await?
        {
            // Another attempt may have been first.
            let _ = self.room.connections.set(words);
        }
        Ok(())
    }
}
