//! One look of the radar: three short queries on the server's catalogs and views.

use super::super::backend::{Backend, DbError};
use crate::plan::lock_mode;
use crate::session::*;
use std::collections::BTreeSet;

/// Rows of an answer that are read.
const ROWS_MAX: usize = 500;
/// Bytes of a cell that are read.
const CELL_BYTES_MAX: usize = 200;
/// A statement has written so much before it is taken for one that writes a table anew, bytes.
const REWRITE_BYTES_MIN: u64 = 1 << 20;
const PAGE_BYTES: u64 = 8192;

/// It must never be what somebody else waits for, and never wait long itself.
const SETTINGS: [&str; 3] =
    ["SET default_transaction_read_only = on", "SET lock_timeout = 100", "SET statement_timeout = 2000"];

/// Everybody who waits for a lock and everybody they wait for.
const PEERS: &str = "
    WITH waiting AS MATERIALIZED (
        SELECT pid, pg_catalog.pg_blocking_pids(pid) AS blockers
          FROM pg_catalog.pg_stat_activity
         WHERE wait_event_type = 'Lock' AND pid <> pg_catalog.pg_backend_pid()
    ), wanted AS MATERIALIZED (
        SELECT DISTINCT ON (l.pid) l.pid, l.mode,
               CASE l.locktype
                 WHEN 'transactionid' THEN 'transaction ' || l.transactionid::text
                 WHEN 'virtualxid' THEN 'virtual transaction ' || l.virtualxid
                 WHEN 'advisory' THEN pg_catalog.format('advisory lock %s/%s', l.classid, l.objid)
                 WHEN 'tuple' THEN 'a row of ' || coalesce(t.name, 'relation ' || l.relation)
                 ELSE coalesce(t.name, 'relation ' || l.relation, l.locktype)
               END AS target,
               (extract(epoch FROM pg_catalog.clock_timestamp() - l.waitstart) * 1000)::bigint AS waited_ms
          FROM pg_catalog.pg_locks AS l
          LEFT JOIN LATERAL (
               SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
                 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                WHERE c.oid = l.relation
                  AND l.database IN (0, (SELECT oid FROM pg_catalog.pg_database
                                          WHERE datname = pg_catalog.current_database()))) AS t ON true
         WHERE NOT l.granted
         ORDER BY l.pid
    ), named AS (
        SELECT pid FROM waiting UNION SELECT pg_catalog.unnest(blockers) FROM waiting
    )
    SELECT named.pid, a.usename,
           coalesce(nullif(a.application_name, ''), nullif(a.backend_type, 'client backend')),
           a.state,
           (extract(epoch FROM pg_catalog.clock_timestamp() - a.state_change) * 1000)::bigint,
           pg_catalog.split_part(
               pg_catalog.ltrim(a.query, ' ' || pg_catalog.chr(9) || pg_catalog.chr(10) || pg_catalog.chr(13)),
               pg_catalog.chr(10), 1),
           pg_catalog.array_to_string(waiting.blockers, ' '), wanted.mode, wanted.target, wanted.waited_ms,
           a.datname
      FROM named
      LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = named.pid
      LEFT JOIN waiting ON waiting.pid = named.pid
      LEFT JOIN wanted ON wanted.pid = named.pid";

/// Locks of a backend that others may have to wait for, on relations that others can see, with the relation's pages.
const HELD: &str = "
    SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), l.mode, c.relpages
      FROM pg_catalog.pg_locks AS l
      JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_database AS d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
     WHERE l.granted AND l.locktype = 'relation' AND c.relkind IN ('r', 'p', 'm', 'v', 'f', 'S')
       AND l.mode IN ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
                      'AccessExclusiveLock')
       AND l.pid = ";

/// What is done, of how much, counted in what; the last row is the write-ahead log since the server began.
fn progress_query(pid: i32) -> String {
    format!(
        "SELECT 'CREATE INDEX: ' || phase,
                CASE WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END,
                CASE WHEN blocks_total > 0 THEN blocks_total ELSE tuples_total END,
                CASE WHEN blocks_total > 0 THEN 'blocks' ELSE 'rows' END
           FROM pg_catalog.pg_stat_progress_create_index WHERE pid = {pid}
         UNION ALL
         SELECT command || ': ' || phase, heap_blks_scanned, heap_blks_total, 'blocks'
           FROM pg_catalog.pg_stat_progress_cluster WHERE pid = {pid}
         UNION ALL
         SELECT command, CASE WHEN bytes_total > 0 THEN bytes_processed ELSE tuples_processed END, bytes_total,
                CASE WHEN bytes_total > 0 THEN 'bytes' ELSE 'rows' END
           FROM pg_catalog.pg_stat_progress_copy WHERE pid = {pid}
         UNION ALL
         SELECT 'VACUUM: ' || phase, heap_blks_scanned, heap_blks_total, 'blocks'
           FROM pg_catalog.pg_stat_progress_vacuum WHERE pid = {pid}
         UNION ALL
         SELECT 'ANALYZE: ' || phase, sample_blks_scanned, sample_blks_total, 'blocks'
           FROM pg_catalog.pg_stat_progress_analyze WHERE pid = {pid}
         UNION ALL
         SELECT NULL, pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint, NULL,
                query_start::text
           FROM pg_catalog.pg_stat_activity
          WHERE pid = {pid} AND state = 'active' AND wait_event_type IS DISTINCT FROM 'Lock'"
    )
}

type Cells = Vec<Option<String>>;

/// A connection that looks.
pub(super) struct Looker {
    backend: Backend,
    /// Start of the running statement, and the write-ahead log's length then, bytes.
    writes_since: Option<(String, u64)>,
}

impl Looker {
    pub(super) async fn new(mut backend: Backend) -> Result<Self, DbError> {
        for setting in SETTINGS {
            backend.run(setting, &mut |_| {}).await?;
        }
        Ok(Self { backend, writes_since: None })
    }

    pub(super) async fn close(self) {
        self.backend.close().await;
    }

    async fn rows(&mut self, sql: &str) -> Result<Vec<Cells>, DbError> {
        Ok(self.backend.rows(sql, ROWS_MAX, CELL_BYTES_MAX, &mut |_| {}).await?.0.rows)
    }

    /// Looks around backend `pid`; around all of `database` when it is 0.
    pub(super) async fn look(&mut self, pid: i32, database: &str) -> Result<Sample, DbError> {
        let found = self.rows(PEERS).await?;
        let all: Vec<(Peer, String)> = found.into_iter().filter_map(peer).collect();
        let peers = match pid {
            0 => in_database(all, database),
            _ => around(pid, all.into_iter().map(|(peer, _)| peer).collect()),
        };
        let mut sample = Sample { pid, peers, ..Sample::default() };
        if pid != 0 {
            let held = self.rows(&format!("{HELD}{pid}")).await?;
            let held: Vec<(Held, u64)> = held.into_iter().filter_map(lock).collect();
            let rows = self.rows(&progress_query(pid)).await?;
            sample.progress = self.progress(rows, &held);
            sample.held = held.into_iter().map(|(held, _)| held).collect();
            sample.held.sort_unstable();
            sample.held.dedup();
        }
        let most_waiting =
            |peer: &Peer| std::cmp::Reverse(peer.wait.as_ref().map_or(u64::MAX, |wait| wait.waited_ms));
        sample.peers.sort_by_key(most_waiting);
        sample.left_off =
            sample.peers.len().saturating_sub(PEERS_MAX) + sample.held.len().saturating_sub(LOCKS_MAX);
        sample.peers.truncate(PEERS_MAX);
        sample.held.truncate(LOCKS_MAX);
        Ok(sample)
    }

    fn progress(&mut self, rows: Vec<Cells>, held: &[(Held, u64)]) -> Option<Progress> {
        let mut writes = None;
        for row in rows {
            let mut cells = row.into_iter();
            let mut next = || cells.next().flatten();
            let (what, done, total, unit) =
                (next(), number(next()), number(next()), next().unwrap_or_default());
            match what {
                Some(what) => return Some(counted(what, done, total, &unit)),
                None => writes = Some((unit, done)),
            }
        }
        let (started, now) = writes?;
        let begun = self.writes_since.take().filter(|(statement, _)| *statement == started);
        let (_, from) = self.writes_since.insert(begun.unwrap_or((started, now)));
        rewritten(now.saturating_sub(*from), held)
    }
}

fn number(text: Option<String>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn percent(done: u64, total: u64) -> Option<u8> {
    let points = done.saturating_mul(100).checked_div(total)?;
    u8::try_from(points.min(100)).ok()
}

fn counted(what: String, done: u64, total: u64, unit: &str) -> Progress {
    let from = match total {
        0 => format!("{done} {unit}"),
        _ => format!("{done} of {total} {unit}"),
    };
    Progress { what, percent: percent(done, total), from }
}

/// No view shows a table that is written anew: what was written so far against what the table has is an estimate.
fn rewritten(written: u64, held: &[(Held, u64)]) -> Option<Progress> {
    let strong = held.iter().filter(|(held, pages)| held.mode == "ACCESS EXCLUSIVE" && *pages > 0);
    let (held, pages) = strong.max_by_key(|(_, pages)| *pages)?;
    let total = pages * PAGE_BYTES;
    (written >= REWRITE_BYTES_MIN).then(|| Progress {
        what: format!("writing {} anew, by estimate", held.on),
        percent: percent(written, total).map(|points| points.min(99)),
        from: format!("{} MiB of log, the table has {} MiB", written >> 20, total >> 20),
    })
}

fn lock(row: Cells) -> Option<(Held, u64)> {
    let mut cells = row.into_iter();
    let mut next = || cells.next().flatten();
    Some((Held { on: next()?, mode: lock_mode(&next()?) }, number(next())))
}

/// A backend and its database.
fn peer(row: Cells) -> Option<(Peer, String)> {
    let mut cells = row.into_iter();
    let mut next = || cells.next().flatten();
    let mut text = || next().unwrap_or_default();
    let pid = text().parse().ok()?;
    let (user, application, state) = (text(), text(), text());
    let (state_ms, query) = (text().parse().unwrap_or(0), text());
    let blockers =
        next().map(|pids| pids.split(' ').filter_map(|pid| pid.parse().ok()).collect::<BTreeSet<i32>>());
    let mut text = || next().unwrap_or_default();
    let (wanted, on, waited_ms) = (lock_mode(&text()), text(), text().parse().unwrap_or(0));
    let wait = blockers.map(|blockers| LockWait {
        mode: wanted,
        on,
        waited_ms,
        blockers: blockers.into_iter().collect(),
    });
    let query = query.trim_end().to_owned();
    Some((Peer { pid, user, application, state, state_ms, query, wait }, text()))
}

/// Everybody who waits in the database, and who is in their way.
fn in_database(all: Vec<(Peer, String)>, database: &str) -> Vec<Peer> {
    let here = |(peer, of): &&(Peer, String)| peer.wait.is_some() && of == database;
    let blockers =
        all.iter().filter(here).flat_map(|(peer, _)| peer.wait.iter().flat_map(|wait| &wait.blockers));
    let wanted: BTreeSet<i32> =
        blockers.copied().chain(all.iter().filter(here).map(|(peer, _)| peer.pid)).collect();
    all.into_iter().map(|(peer, _)| peer).filter(|peer| wanted.contains(&peer.pid)).collect()
}

/// Whom `pid` waits for, at first hand or through others, who waits for it, and `pid` itself if it has to do with them.
fn around(pid: i32, all: Vec<Peer>) -> Vec<Peer> {
    let sample = Sample { pid, peers: all, ..Sample::default() };
    let mut wanted: BTreeSet<i32> = sample.victims().iter().map(|peer| peer.pid).collect();
    let mut above = vec![pid];
    while let Some(next) = above.pop() {
        if wanted.insert(next) || next == pid {
            let wait = sample.peer(next).and_then(|peer| peer.wait.as_ref());
            above.extend(wait.iter().flat_map(|wait| &wait.blockers).filter(|pid| !wanted.contains(pid)));
        }
    }
    sample.peers.into_iter().filter(|peer| wanted.contains(&peer.pid)).collect()
}

#[cfg(test)]
mod tests;
