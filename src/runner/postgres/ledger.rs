//! The ledger in the target database and the Supabase migration history: what makes a step happen exactly once.
//!
//! A ledger row with the attempt's id is written in the migration's own transaction, so that after a crash on either
//! side a fresh connection can read whether it happened.

use super::backend::{Backend, DbError};
use crate::runner::Recorded;
use crate::session::{Direction, LedgerRow, RecordedAt, Units};

/// Made before the first step. Excluded from every fingerprint.
const CREATE: [&str; 5] = [
    "CREATE SCHEMA IF NOT EXISTS ceremony",
    "CREATE TABLE IF NOT EXISTS ceremony.ledger (
       ceremony text NOT NULL,
       migration text NOT NULL,
       cycle integer NOT NULL,
       direction text NOT NULL CHECK (direction IN ('up', 'down')),
       attempt text NOT NULL UNIQUE,
       state text NOT NULL CHECK (state IN ('running', 'done')),
       sha256 text NOT NULL,
       xid text NOT NULL,
       backend_pid integer NOT NULL,
       started timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
       finished timestamptz,
       PRIMARY KEY (ceremony, migration, cycle))",
    // One that an earlier version made lacks these.
    "ALTER TABLE ceremony.ledger
       ADD COLUMN IF NOT EXISTS journal_entry bigint,
       ADD COLUMN IF NOT EXISTS journal_head text,
       ADD COLUMN IF NOT EXISTS system_identifier bigint,
       ADD COLUMN IF NOT EXISTS units integer,
       ADD COLUMN IF NOT EXISTS units_done integer,
       ADD COLUMN IF NOT EXISTS earlier text[] NOT NULL DEFAULT '{}'",
    "CREATE SCHEMA IF NOT EXISTS supabase_migrations",
    "CREATE TABLE IF NOT EXISTS supabase_migrations.schema_migrations (
       version text NOT NULL PRIMARY KEY, statements text[], name text)",
];

/// Whether everything that [`CREATE`] makes is there.
const CURRENT: &str = "
    SELECT pg_catalog.to_regclass('supabase_migrations.schema_migrations') IS NOT NULL
           AND EXISTS (SELECT FROM pg_catalog.pg_attribute
                        WHERE attrelid = pg_catalog.to_regclass('ceremony.ledger') AND attname = 'units_done')";

/// Advisory locks of a database. <https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// The fence: held by the backend that applies or rolls back, and so to its end, whatever becomes of its client.
    Fence,
    /// Held as long as a session is driven.
    Session,
}

impl Lock {
    fn key(self) -> &'static str {
        match self {
            Self::Fence => "pg_catalog.hashtextextended('ceremony', 0)",
            Self::Session => "pg_catalog.hashtextextended('ceremony session', 0)",
        }
    }
}

/// A string literal that means the same whatever `standard_conforming_strings` says.
pub fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

async fn plain(backend: &mut Backend, sql: &str) -> Result<String, DbError> {
    backend.run(sql, &mut |_| {}).await
}

/// Makes the ledger and the history table if they are not there.
///
/// # Errors
/// Of the server or the connection.
pub async fn ensure(backend: &mut Backend) -> Result<(), DbError> {
    // Asked first: to create or alter what is there already would lock it.
    if backend.value(CURRENT).await?.as_deref() == Some("t") {
        return Ok(());
    }
    for sql in CREATE {
        plain(backend, sql).await?;
    }
    Ok(())
}

/// Tries to take a lock for as long as this connection lives.
///
/// # Errors
/// Of the server or the connection.
pub async fn try_lock(backend: &mut Backend, lock: Lock) -> Result<bool, DbError> {
    let taken = backend.value(&format!("SELECT pg_catalog.pg_try_advisory_lock({})", lock.key())).await?;
    Ok(taken.as_deref() == Some("t"))
}

/// Who holds a lock, in words.
///
/// # Errors
/// Of the server or the connection.
pub async fn holder(backend: &mut Backend, lock: Lock) -> Result<Option<String>, DbError> {
    backend
        .value(&format!(
            "SELECT pg_catalog.format('process %s, \"%s\", connected since %s', a.pid, a.application_name,
                    pg_catalog.date_trunc('second', a.backend_start))
               FROM pg_catalog.pg_locks AS l JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
              WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
                AND (l.classid::bigint << 32 | l.objid::bigint) = {}
              LIMIT 1",
            lock.key()
        ))
        .await
}

/// Every row of a ceremony, oldest first; none when there is no ledger yet.
///
/// # Errors
/// Of the server or the connection.
pub async fn rows(backend: &mut Backend, ceremony: &str) -> Result<Vec<LedgerRow>, DbError> {
    if backend.value("SELECT pg_catalog.to_regclass('ceremony.ledger')").await?.is_none() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT migration, cycle, direction, attempt, state, to_jsonb(l)->>'units_done', to_jsonb(l)->>'units',
                to_jsonb(l)->>'journal_entry', to_jsonb(l)->>'journal_head'
           FROM ceremony.ledger AS l WHERE ceremony = {} ORDER BY migration, cycle",
        literal(ceremony)
    );
    let (found, _) = backend.rows(&sql, 100_000, 4096, &mut |_| {}).await?;
    Ok(found
        .rows
        .into_iter()
        .filter_map(|row| {
            let mut cells = row.into_iter();
            let mut next = || cells.next().flatten();
            Some(LedgerRow {
                migration: next()?,
                cycle: next()?.parse().ok()?,
                direction: if next()? == "up" { Direction::Up } else { Direction::Down },
                attempt: next()?,
                done: next()? == "done",
                // A table from before has no such columns.
                units: next()
                    .zip(next())
                    .and_then(|(done, of)| Some(Units { done: done.parse().ok()?, of: of.parse().ok()? })),
                recorded: next()
                    .zip(next())
                    .and_then(|(entry, head)| Some(RecordedAt { entry: entry.parse().ok()?, head })),
            })
        })
        .collect())
}

/// What is written about an attempt.
#[derive(Clone, Debug)]
pub struct Mark<'m> {
    /// The ceremony's id.
    pub ceremony: &'m str,
    /// The migration's id.
    pub migration: &'m str,
    /// Up or down.
    pub direction: Direction,
    /// The attempt's id as text.
    pub attempt: String,
    /// Of the file that is run.
    pub sha256: &'m str,
    /// Where the record ended when the attempt was decided on.
    pub recorded: &'m Recorded,
}

/// Inserts the row of an attempt as running. The cycle is one more than the newest.
///
/// # Errors
/// Of the server or the connection.
pub async fn begin(backend: &mut Backend, mark: &Mark<'_>, xid: &str) -> Result<(), DbError> {
    let direction = match mark.direction {
        Direction::Up => "up",
        Direction::Down => "down",
    };
    let (ceremony, migration) = (literal(mark.ceremony), literal(mark.migration));
    let sql = format!(
        "INSERT INTO ceremony.ledger (ceremony, migration, cycle, direction, attempt, state, sha256, xid, backend_pid,
                                      journal_entry, journal_head, system_identifier)
         SELECT {ceremony}, {migration}, 1 + coalesce(max(cycle), 0), '{direction}', {}, 'running', {}, {},
                pg_catalog.pg_backend_pid(), {}, {},
                (SELECT system_identifier FROM pg_catalog.pg_control_system())
           FROM ceremony.ledger WHERE ceremony = {ceremony} AND migration = {migration}",
        literal(&mark.attempt),
        literal(mark.sha256),
        literal(xid),
        mark.recorded.entry,
        literal(&mark.recorded.head)
    );
    plain(backend, &sql).await.map(drop)
}

/// Turns the row to done; `false` when it is not exactly this transaction's one row.
///
/// # Errors
/// Of the server or the connection.
pub async fn complete(backend: &mut Backend, mark: &Mark<'_>, xid: &str) -> Result<bool, DbError> {
    let sql = format!(
        "UPDATE ceremony.ledger SET state = 'done', finished = pg_catalog.clock_timestamp()
          WHERE attempt = {} AND state = 'running' AND xid = {}",
        literal(&mark.attempt),
        literal(xid)
    );
    Ok(plain(backend, &sql).await? == "UPDATE 1")
}

/// Keeps other tools that write the history waiting until the transaction ends: the Supabase CLI takes no other lock.
///
/// # Errors
/// Of the server (a lock timeout) or the connection.
pub async fn hold_history(backend: &mut Backend) -> Result<(), DbError> {
    plain(backend, "LOCK TABLE supabase_migrations.schema_migrations IN ACCESS EXCLUSIVE MODE")
        .await
        .map(drop)
}

/// Whether the history has a row for `version`.
///
/// # Errors
/// Of the server or the connection.
pub async fn in_history(backend: &mut Backend, version: &str) -> Result<bool, DbError> {
    let sql =
        format!("SELECT 1 FROM supabase_migrations.schema_migrations WHERE version = {}", literal(version));
    Ok(backend.value(&sql).await?.is_some())
}

/// Writes or removes the history row, as the Supabase CLI would; `false` when it was not exactly one row.
///
/// # Errors
/// Of the server or the connection.
pub async fn history(
    backend: &mut Backend,
    direction: Direction,
    (version, name): (&str, &str),
    statements: &[String],
) -> Result<bool, DbError> {
    let version = literal(version);
    let sql = match direction {
        Direction::Up => {
            let statements: Vec<String> = statements.iter().map(|text| literal(text)).collect();
            format!(
                "INSERT INTO supabase_migrations.schema_migrations (version, statements, name) VALUES ({version}, ARRAY[{}]::text[], {})",
                statements.join(", "),
                literal(name)
            )
        }
        Direction::Down => {
            format!("DELETE FROM supabase_migrations.schema_migrations WHERE version = {version}")
        }
    };
    let tag = plain(backend, &sql).await?;
    Ok(tag == "INSERT 0 1" || tag == "DELETE 1")
}

/// Which table the ledger is, which transaction last changed its definition, and its indexes.
///
/// # Errors
/// Of the server or the connection.
pub async fn table(backend: &mut Backend) -> Result<Option<String>, DbError> {
    let sql = "SELECT pg_catalog.concat_ws(' ', c.oid, c.xmin,
                      (SELECT pg_catalog.string_agg(indexrelid::text, ' ' ORDER BY indexrelid)
                         FROM pg_catalog.pg_index WHERE indrelid = c.oid))
                 FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass('ceremony.ledger')";
    backend.value(sql).await
}

/// Whether this connection still holds the fence: a script can let go of every advisory lock.
///
/// # Errors
/// Of the server or the connection.
pub async fn holds_fence(backend: &mut Backend) -> Result<bool, DbError> {
    let sql = format!(
        "SELECT 1 FROM pg_catalog.pg_locks
          WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid = pg_catalog.pg_backend_pid()
            AND (classid::bigint << 32 | objid::bigint) = {}",
        Lock::Fence.key()
    );
    Ok(backend.value(&sql).await?.is_some())
}
