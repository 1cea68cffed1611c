//! A throw-away copy of a database on the same server, for a drill or a rehearsal: file by file, or dumped and restored.

use super::backend::{Backend, DbError, Endpoint};
use super::ledger::literal;
use super::stop::Stop;
use crate::runner::suite::SuiteRoom;
use crate::session::{Report, Source};
use std::fmt;
use std::time::Duration;

/// `object_in_use`: somebody is connected to the source.
const IN_USE: &str = "55006";
/// To drop a large copy takes a checkpoint, and the removal of its files.
const DROP_MAX: Duration = Duration::from_secs(600);
/// What a restored copy lacks that files would have.
const LACKS: &str = "it has the same objects and as many rows (checked); it does not have the planner's statistics, the \
    space of deleted rows and dropped columns, rows of tables that belong to extensions, and subscriptions\n";

/// Why there is no copy.
#[derive(Debug)]
pub enum NoCopy {
    /// Something outside of the database is in the way; `next` goes on with ", then …".
    Blocked {
        /// What and why.
        what: String,
        /// What to do.
        next: String,
    },
    /// STOP.
    Stopped,
    /// Of the server or the connection.
    Database(DbError),
}

impl fmt::Display for NoCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocked { what, .. } => f.write_str(what),
            Self::Stopped => f.write_str("STOP was pressed"),
            Self::Database(error) => error.fmt(f),
        }
    }
}

impl From<DbError> for NoCopy {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

/// How a copy was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// File by file.
    Template,
    /// Dumped and restored, as others were connected.
    Restored {
        /// Who was connected.
        who: String,
        /// How long it took, microseconds.
        elapsed_us: u64,
    },
}

/// A copy to be made.
pub struct Job<'a> {
    /// The database to be copied.
    pub source: &'a Endpoint,
    /// The name of the copy.
    pub copy: &'a str,
    /// Where pg_dump and pg_restore are, and a private folder.
    pub room: &'a SuiteRoom,
    /// So long one statement may take, milliseconds.
    pub limit_ms: u64,
    /// STOP reaches every statement and child.
    pub stop: &'a Stop,
    /// Unique to this copy: its children are known by it.
    pub mark: &'a str,
    /// Where lines for the operator go.
    pub say: &'a (dyn Fn(Report) + Send + Sync),
    /// Microseconds of a monotonic clock.
    pub now_us: &'a (dyn Fn() -> u64 + Send + Sync),
}

/// Another database of the same server, from which a copy is made and dropped.
pub fn outside(endpoint: &Endpoint) -> Endpoint {
    let elsewhere = if endpoint.database == "template1" { "postgres" } else { "template1" };
    Endpoint { database: elsewhere.to_owned(), ..endpoint.clone() }
}

/// A name as SQL writes it, quoted.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Job<'_> {
    /// Copies the source file by file (about 60 ms for a small database) or, while others are connected to it, by dump
    /// and restore. `maintenance` is connected to another database. After an error the copy may be there in part.
    /// <https://www.postgresql.org/docs/current/sql-createdatabase.html>
    ///
    /// # Errors
    /// When neither way is open, the restored copy differs from the source, and of the server or the connection.
    pub async fn make(&self, maintenance: &mut Backend) -> Result<Way, NoCopy> {
        let (from, to) = (&self.source.database, self.copy);
        self.stop.watch(maintenance.canceller());
        maintenance.answers_within(Duration::from_millis(self.limit_ms));
        // Asked first: the server keeps everybody from logging in while it waits for those who are there to leave.
        let mut who = self.users(maintenance, false).await?;
        if who.is_none() {
            match self.template(maintenance).await {
                Err(NoCopy::Database(DbError::Server { card, .. })) if card.sqlstate == IN_USE => {
                    who = self.users(maintenance, true).await?;
                }
                other => {
                    other?;
                    self.print(format!("copied database {from} to {to}\n"));
                    return Ok(Way::Template);
                }
            }
        }
        let who = who.unwrap_or_else(|| "others, who have just left".to_owned());
        let begun_us = (self.now_us)();
        self.dump_and_restore(maintenance, &who).await?;
        let elapsed_us = (self.now_us)().saturating_sub(begun_us);
        let way = Way::Restored { who, elapsed_us };
        self.print(format!("{}\n{LACKS}", way.of(from, to)));
        Ok(way)
    }

    /// Who is connected to the source; `ours` counts too what may be connections of our own that are just being closed.
    async fn users(&self, maintenance: &mut Backend, ours: bool) -> Result<Option<String>, NoCopy> {
        let name = literal(&self.source.database);
        let sql = format!(
            "SELECT pg_catalog.string_agg(who, ', ') FROM (
               SELECT pg_catalog.format('process %s \"%s\"', pid, application_name)
                 FROM pg_catalog.pg_stat_activity
                WHERE datname = {name} AND backend_type <> 'autovacuum worker' AND ({ours} OR application_name !~ '^ceremony ')
               UNION ALL
               SELECT pg_catalog.format('prepared transaction \"%s\"', gid)
                 FROM pg_catalog.pg_prepared_xacts WHERE database = {name}) AS users (who)"
        );
        self.within(maintenance.value(&sql)).await
    }

    async fn template(&self, maintenance: &mut Backend) -> Result<(), NoCopy> {
        let mut sql =
            format!("CREATE DATABASE {} TEMPLATE {}", quoted(self.copy), quoted(&self.source.database));
        // Version 14 has no choice.
        if self.server_major(maintenance).await? >= 15 {
            sql.push_str(" STRATEGY wal_log");
        }
        self.run(maintenance, &sql).await
    }

    /// The server's major version.
    pub(super) async fn server_major(&self, backend: &mut Backend) -> Result<u32, NoCopy> {
        let sql = "SELECT pg_catalog.current_setting('server_version_num')::int / 10000";
        let found = self.within(backend.value(sql)).await?;
        Ok(found.and_then(|major| major.parse().ok()).unwrap_or_default())
    }

    pub(super) async fn run(&self, backend: &mut Backend, sql: &str) -> Result<(), NoCopy> {
        self.within(backend.run(sql, &mut |_| {})).await.map(drop)
    }

    /// Waits for an answer, but not for ever.
    pub(super) async fn within<T>(
        &self,
        answer: impl Future<Output = Result<T, DbError>>,
    ) -> Result<T, NoCopy> {
        self.go_on()?;
        match tokio::time::timeout(Duration::from_millis(self.limit_ms), answer).await {
            Ok(Err(DbError::Cancelled(_))) => Err(NoCopy::Stopped),
            Ok(answer) => Ok(answer?),
            Err(_) => Err(DbError::Lost(format!("no answer within {} ms", self.limit_ms)).into()),
        }
    }

    pub(super) fn go_on(&self) -> Result<(), NoCopy> {
        if self.stop.holds() { Err(NoCopy::Stopped) } else { Ok(()) }
    }

    pub(super) fn print(&self, text: String) {
        (self.say)(Report::Printed { source: Source::Runner, text });
    }
}

impl Way {
    /// For the operator.
    pub fn of(&self, source: &str, copy: &str) -> String {
        match self {
            Self::Template => format!("copied database {source} to {copy}"),
            Self::Restored { who, elapsed_us } => {
                let seconds = *elapsed_us as f64 / 1e6;
                format!("{source} is in use by {who}: dumped and restored to {copy} ({seconds:.1} s)")
            }
        }
    }
}

/// Drops a copy, if it is there, whoever is connected to it.
///
/// # Errors
/// Of the server or the connection.
pub async fn discard(maintenance: &mut Backend, copy: &str) -> Result<(), DbError> {
    maintenance.answers_within(DROP_MAX);
    let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(copy));
    maintenance.run(&sql, &mut |_| {}).await.map(drop)
}

/// Databases whose name starts with `prefix`.
///
/// # Errors
/// Of the server or the connection.
pub async fn named(maintenance: &mut Backend, prefix: &str) -> Result<Vec<String>, DbError> {
    let sql = format!(
        "SELECT datname FROM pg_catalog.pg_database WHERE pg_catalog.starts_with(datname::text, {}) ORDER BY 1",
        literal(prefix)
    );
    let rows = maintenance.rows(&sql, 1_000, 256, &mut |_| {}).await?.0.rows;
    Ok(rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect())
}
