//! A throw-away copy of a database on the same server, for a drill or a rehearsal.

use super::backend::{Backend, DbError, Endpoint};
use super::ledger::literal;

/// `object_in_use`: somebody is connected to the source.
const IN_USE: &str = "55006";

/// Why there is no copy.
#[derive(Debug)]
pub enum NoCopy {
    /// Others are connected to the source: who.
    InUse(String),
    /// Of the server or the connection.
    Database(DbError),
}

impl std::fmt::Display for NoCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::InUse(who) => write!(f, "the database cannot be copied while others are connected: {who}"),
            Self::Database(error) => error.fmt(f),
        }
    }
}

impl From<DbError> for NoCopy {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

/// Another database of the same server, from which a copy is made and dropped.
pub fn outside(endpoint: &Endpoint) -> Endpoint {
    let elsewhere = if endpoint.database == "template1" { "postgres" } else { "template1" };
    Endpoint { database: elsewhere.to_owned(), ..endpoint.clone() }
}

/// A name as SQL writes it, quoted.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Copies `source` file by file; about 60 ms for a small database. Nobody may be connected to it.
/// <https://www.postgresql.org/docs/current/sql-createdatabase.html>
///
/// # Errors
/// When others are connected (who), and of the server or the connection.
pub async fn make(maintenance: &mut Backend, source: &str, copy: &str) -> Result<(), NoCopy> {
    let sql = format!("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log", quoted(copy), quoted(source));
    match maintenance.run(&sql, &mut |_| {}).await {
        Err(DbError::Server { card, .. }) if card.sqlstate == IN_USE => {
            let who = maintenance
                .value(&format!(
                    "SELECT pg_catalog.string_agg(pg_catalog.format('process %s \"%s\"', pid, application_name), ', ')
                       FROM pg_catalog.pg_stat_activity WHERE datname = {}",
                    literal(source)
                ))
                .await?;
            Err(NoCopy::InUse(who.unwrap_or_else(|| "they have just left".to_owned())))
        }
        other => Ok(other.map(drop)?),
    }
}

/// Drops a copy, if it is there, whoever is connected to it.
///
/// # Errors
/// Of the server or the connection.
pub async fn discard(maintenance: &mut Backend, copy: &str) -> Result<(), DbError> {
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
