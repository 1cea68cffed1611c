//! Every connection is judged: is its backend on this machine? See [`crate::runner::guard::near`].

use super::{Backend, DbError, Ears, Endpoint, RowLimits, Wanted};
use crate::runner::guard::Refused;
use crate::runner::guard::door::{Door, is_connected};
use crate::runner::guard::near::{self, Seen, disproved, judge};
use crate::runner::guard::process::{self, Process};
use crate::session::NOT_SHOWN;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

const SEEN: &str = "
    SELECT pg_catalog.host(pg_catalog.inet_client_addr()), pg_catalog.inet_client_port(),
           pg_catalog.host(pg_catalog.inet_server_addr()), pg_catalog.inet_server_port(),
           (extract(epoch FROM a.backend_start) * 1000000)::bigint,
           (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint,
           a.pid
      FROM pg_catalog.pg_stat_activity AS a
     WHERE a.pid = pg_catalog.pg_backend_pid()";

/// Where a server was shown to be on this machine, in the life of this process.
fn shown() -> MutexGuard<'static, BTreeSet<String>> {
    static SHOWN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn no<T>(refused: Refused) -> Result<T, DbError> {
    Err(DbError::NotLocal(Box::new(refused)))
}

/// A pooler makes up the process id with which a connection begins; whatever the definition excuses, its locks and
/// settings would be somebody else's the next moment.
fn through_a_pooler(begun_with: i32, backend: i32) -> DbError {
    DbError::NotLocal(Box::new(Refused {
        what: "a pooler stands between us and the server".to_owned(),
        why: format!(
            "the connection began with process {begun_with}, and the server itself answers as process {backend}: a lock \
             taken through it is not surely ours"
        ),
        next: "connect to the server's own port, past the pooler".to_owned(),
    }))
}

impl Backend {
    /// What shows that the server is on this machine, or the words by which that need not be shown. `before` is what
    /// listened there before the connection was made.
    pub(super) async fn prove_near(
        &mut self,
        endpoint: &Endpoint,
        before: Result<Door, String>,
    ) -> Result<String, DbError> {
        let seen = self.seen().await?;
        let wire = self.wire();
        let within = |process: &Process| {
            seen.server.zip(seen.client).is_some_and(|(here, there)| is_connected(process.pid, here, there))
        };
        let first = process::with_pid(seen.pid);
        let judged = judge(&wire, &seen, Ok(first.as_slice()), &within).or_else(|_| {
            let all = process::with_innermost_pid(seen.pid);
            judge(&wire, &seen, all.as_deref().map_err(Clone::clone), &within)
        });
        let door = match (before, Door::at(endpoint)) {
            (Ok(before), Ok(now)) if before == now => Some(now),
            (Err(why), _) | (_, Err(why)) if judged.is_ok() => return no(near::refused(why)),
            (Ok(_), Ok(_)) => return no(near::swapped(endpoint)),
            _ => None,
        };
        let far = || disproved(&seen, &door.as_ref().map(Door::holders).unwrap_or_default());
        let words = match (judged, &endpoint.unproven) {
            (Ok(near), _) if near.direct => near.words,
            // A program passes it on. Which one, is not to be a tunnel.
            (Ok(near), _) => far().map_or(Ok(near.words), no)?,
            (Err(refused), None) => return no(refused),
            // Where it was shown once, the definition's words have nothing to stand in for.
            (Err(refused), Some(_)) if shown().contains(&endpoint.to_string()) => return no(refused),
            (Err(_), Some(why)) => {
                far().map_or(Ok(()), no)?;
                format!("{NOT_SHOWN}; by the definition: {why}")
            }
        };
        if !words.starts_with(NOT_SHOWN) {
            shown().insert(endpoint.to_string());
        }
        self.canceller.only_at(door);
        Ok(words)
    }

    /// What listens where this backend was reached, as long as it is the same; for what connects by itself.
    pub fn door(&self) -> Option<Door> {
        self.canceller.door().cloned()
    }

    async fn seen(&mut self) -> Result<Seen, DbError> {
        let wanted = Wanted { rows: RowLimits::one(4096), ..Wanted::default() };
        let answer = self.query(SEEN, wanted, &mut Ears::deaf()).await?;
        let mut cells = answer.rows.into_iter().next().unwrap_or_default().into_iter();
        let mut next = || cells.next().flatten();
        let unusable = || DbError::Unusable("the server does not say where it is".to_owned());
        let mut end = || {
            let (address, port) = (next(), next());
            let address: IpAddr = address?.parse().ok()?;
            Some(SocketAddr::new(address, port?.parse().ok()?))
        };
        let (client, server) = (end(), end());
        let mut number = || next().and_then(|text| text.parse().ok()).ok_or_else(unusable);
        let (started_us, server_started_us, backend) = (number()?, number()?, number()?);
        if backend != i64::from(self.pid()) {
            return Err(through_a_pooler(self.pid(), i32::try_from(backend).unwrap_or_default()));
        }
        Ok(Seen { pid: self.pid(), client, server, started_us, server_started_us })
    }
}
