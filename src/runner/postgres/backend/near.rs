//! Every connection is judged: is its backend on this machine? See [`crate::runner::guard::near`].

use super::{Backend, DbError, Ears, Endpoint, RowLimits, Wanted};
use crate::runner::guard::Refused;
use crate::runner::guard::near::{Seen, judge};
use crate::runner::guard::process;
use crate::session::NOT_SHOWN;
use std::net::{IpAddr, SocketAddr};

const SEEN: &str = "
    SELECT pg_catalog.host(pg_catalog.inet_client_addr()), pg_catalog.inet_client_port(),
           pg_catalog.host(pg_catalog.inet_server_addr()), pg_catalog.inet_server_port(),
           (extract(epoch FROM a.backend_start) * 1000000)::bigint,
           (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint,
           a.pid
      FROM pg_catalog.pg_stat_activity AS a
     WHERE a.pid = pg_catalog.pg_backend_pid()";

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
    /// What shows that the server is on this machine, or the words by which that need not be shown.
    pub(super) async fn prove_near(&mut self, endpoint: &Endpoint) -> Result<String, DbError> {
        let seen = self.seen().await?;
        let wire = self.wire();
        let first = process::with_pid(seen.pid);
        let judged = judge(&wire, &seen, Ok(first.as_slice())).or_else(|_| {
            let all = process::with_innermost_pid(seen.pid);
            judge(&wire, &seen, all.as_deref().map_err(Clone::clone))
        });
        match (judged, &endpoint.unproven) {
            (Ok(words), _) => Ok(words),
            (Err(_), Some(why)) => Ok(format!("{NOT_SHOWN}; by the definition: {why}")),
            (Err(refused), None) => Err(DbError::NotLocal(Box::new(refused))),
        }
    }

    async fn seen(&mut self) -> Result<Seen, DbError> {
        let wanted = Wanted { rows: RowLimits { rows_max: 1, cell_bytes_max: 4096 }, ..Wanted::default() };
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
