//! What the runner reports back: observations, streamed output and failures, as plain data.

pub use crate::definition::Place;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One try at a step. Unique in the world because the session's id is random, and reproducible in a replay
/// because `number` is counted by the core.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttemptId {
    /// The session's id, a UUID in its usual text form.
    pub session: String,
    /// Counted from 1 within the session.
    pub number: u32,
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.session, self.number)
    }
}

/// Something the runner has to say about an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The attempt it belongs to; a report of another attempt than the running one is ignored.
    pub attempt: AttemptId,
    /// What happened.
    pub report: Report,
}

/// The things that can be reported, in the order in which a step usually meets them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Report {
    /// A statement was sent to the server.
    StatementStarted {
        /// Counted from 0 within the script.
        index: usize,
        /// How many statements the script has.
        of: usize,
        /// Where it starts in its file.
        at: Place,
        /// The statement's text, cut to 4 KiB.
        sql: String,
    },
    /// A statement was completed by the server.
    StatementFinished {
        /// Counted from 0 within the script.
        index: usize,
        /// The server's command tag, such as `CREATE TABLE` or `INSERT 0 3`.
        tag: String,
        /// Time between sending and completion, microseconds.
        elapsed_us: u64,
    },
    /// A statement of the file that is not sent, such as the outer `BEGIN`.
    StatementLeftOut {
        /// Where it starts in its file.
        at: Place,
        /// Its text.
        sql: String,
        /// Why it is not sent.
        why: String,
    },
    /// The server said something beside its results.
    Noticed {
        /// The notice.
        notice: Box<ErrorCard>,
    },
    /// Output of a child process or rows of a statement, a chunk of whole lines where possible.
    Printed {
        /// Where it comes from.
        source: Source,
        /// At most 64 KiB.
        text: String,
    },
    /// A fact that a check rests on.
    Observed {
        /// The fact.
        observation: Observation,
    },
    /// Everything ran and was observed; the transaction is open and waits for commit or discard.
    Proved {
        /// The transaction's id, as text because jq rounds large numbers.
        xid: String,
    },
    /// The transaction is committed and was read back through a fresh connection.
    Committed,
    /// The open transaction was rolled back on request.
    Discarded,
    /// What the ledger says of this ceremony's migrations, read through a fresh connection.
    Settled {
        /// Every row of this ceremony, oldest first.
        rows: Vec<LedgerRow>,
    },
    /// The attempt could not go on. An open transaction is rolled back by then (or lost with its backend).
    Failed {
        /// What went wrong.
        failure: Failure,
    },
    /// The attempt's work is done.
    Finished,
}

/// Where a line of output comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Rows or messages of the database server.
    Server,
    /// A child's standard output.
    Stdout,
    /// A child's standard error.
    Stderr,
    /// The runner itself.
    Runner,
}

/// An error or notice of the server with every field it sent.
/// Fields: <https://www.postgresql.org/docs/15/protocol-error-fields.html>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ErrorCard {
    /// `ERROR`, `FATAL`, `NOTICE`, …; not translated.
    pub severity: String,
    /// Five characters, <https://www.postgresql.org/docs/15/errcodes-appendix.html>.
    pub sqlstate: String,
    /// The primary message.
    pub message: String,
    /// More about the problem, perhaps several lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Schema of the object concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Table concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Column concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Constraint concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// The call stack of the server's context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// A command generated by the server (in a function body) that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal_query: Option<String>,
    /// The server's position turned into a place in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// The line of the file at that place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
}

/// Rows of a query as text. `None` is NULL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultSet {
    /// Names and types, also when there are no rows.
    pub columns: Vec<Column>,
    /// The first rows, at most 200 of them, each cell at most 4 KiB.
    pub rows: Vec<Vec<Option<String>>>,
    /// How many rows there were in all.
    pub total: u64,
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// As the server names it.
    pub name: String,
    /// Numbers are aligned to the right.
    pub numeric: bool,
}

/// Who the server is. Compared at every step with what was seen first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// `pg_control_system().system_identifier`, as text because jq rounds large numbers.
    pub system_identifier: String,
    /// The database's name.
    pub database: String,
    /// The database's oid.
    pub database_oid: String,
    /// `server_version`.
    pub version: String,
    /// `inet_server_addr():inet_server_port()`, or the socket.
    pub address: String,
    /// The role that is connected.
    pub user: String,
    /// `pg_is_in_recovery()`.
    pub in_recovery: bool,
    /// `default_transaction_read_only`.
    pub read_only: bool,
    /// `pg_postmaster_start_time()`, as the server writes it.
    pub started: String,
    /// The server's clock, microseconds since 1970-01-01 UTC.
    pub server_time_us: i64,
}

/// An object that differs between two catalog snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectChange {
    /// Such as `column public.bookings.id`.
    pub object: String,
    /// Its definition before; `None` when it was not there.
    pub before: Option<String>,
    /// Its definition after; `None` when it is gone.
    pub after: Option<String>,
}

/// The result of one test of a suite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestPoint {
    /// Its description.
    pub name: String,
    /// Whether it passed (a TAP `# TODO` or `# SKIP` counts as passed and says so in `note`).
    pub ok: bool,
    /// The directive or the diagnostics.
    pub note: String,
}

/// A fact that a check rests on; the core judges it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Observation {
    /// The server answered.
    Server {
        /// Who it is.
        identity: Identity,
    },
    /// A file was read again.
    Input {
        /// As in the definition.
        path: String,
        /// Of its bytes; `None` when it could not be read.
        sha256: Option<String>,
        /// Why it could not be read.
        error: Option<String>,
    },
    /// A feature flag was looked up.
    Flag {
        /// Its name.
        name: String,
        /// Its value; `None` when it is not set.
        value: Option<String>,
        /// Where it was read.
        source: String,
    },
    /// A query was run.
    Query {
        /// Its id.
        query: String,
        /// What came back.
        result: ResultSet,
        /// Microseconds.
        elapsed_us: u64,
    },
    /// A query or a negative check ended in an error of the server that was not expected there.
    QueryFailed {
        /// Its id.
        query: String,
        /// The server's words.
        error: Box<ErrorCard>,
    },
    /// A suite ended.
    Suite {
        /// Its id.
        suite: String,
        /// The exit code; `None` when it was killed or could not be started.
        exit_code: Option<i32>,
        /// Why it was killed or could not be started.
        error: Option<String>,
        /// The tests it reported.
        tests: Vec<TestPoint>,
        /// The number of tests it announced.
        planned: Option<usize>,
        /// Microseconds.
        elapsed_us: u64,
    },
    /// A negative check was tried, in a savepoint that is rolled back.
    Negative {
        /// Its id.
        negative: String,
        /// The server's refusal; `None` when the last statement was accepted.
        error: Option<Box<ErrorCard>>,
    },
    /// All statements of the migration or rollback script ran.
    Ran {
        /// How many.
        statements: usize,
        /// Microseconds over all of them.
        elapsed_us: u64,
    },
    /// Rows of a protected table before and after, in the same transaction; `None` when the table is not there.
    Protected {
        /// The table.
        table: String,
        /// Before.
        before: Option<u64>,
        /// After.
        after: Option<u64>,
    },
    /// The schema before and after, in the same transaction.
    Schema {
        /// SHA-256 of the catalog snapshot before.
        before: String,
        /// SHA-256 of the catalog snapshot after.
        after: String,
        /// How many objects the later snapshot has.
        objects: usize,
        /// What differs.
        changes: Vec<ObjectChange>,
    },
    /// The rows of a table were copied out.
    Backup {
        /// The table.
        table: String,
        /// How many; `None` when the table is not there.
        rows: Option<u64>,
        /// Of the written file.
        sha256: Option<String>,
        /// Within the session folder.
        path: Option<String>,
    },
    /// The rollback scripts ran on a copy of the database.
    Drill {
        /// What differs from the schema before the ceremony and is not declared as kept.
        residue: Vec<ObjectChange>,
        /// Objects left behind as declared.
        kept: Vec<String>,
        /// What differs from the schema after the ceremony once everything is applied again.
        again: Vec<ObjectChange>,
    },
}

/// A row of the ledger in the target database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerRow {
    /// The migration.
    pub migration: String,
    /// Grows with each apply or rollback of that migration.
    pub cycle: u32,
    /// Up or down.
    pub direction: Direction,
    /// The attempt that wrote it.
    pub attempt: String,
    /// `false` while the row says running: only a hidden commit can show that.
    pub done: bool,
}

/// Up applies a migration, down rolls it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Apply.
    Up,
    /// Roll back.
    Down,
}

/// Why an attempt could not go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "failure", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Failure {
    /// The server refused a statement; the transaction is rolled back.
    Sql {
        /// The server's words.
        error: Box<ErrorCard>,
    },
    /// The connection broke or a deadline passed; if the attempt was committing, its outcome is in doubt.
    Connection {
        /// In words.
        what: String,
    },
    /// The attempt was cancelled on request; the transaction is rolled back.
    Cancelled,
    /// Nobody answered the commit gate in time: the dead man's switch rolled the transaction back.
    Unanswered {
        /// How long it waited, milliseconds.
        after_ms: u64,
    },
    /// Nothing was started, because something it needs is not as it must be.
    Blocked {
        /// In words: what is wrong.
        what: String,
        /// What to do about it.
        next: String,
    },
    /// The script left its transaction, or the ledger row was not there to be completed.
    Escaped {
        /// In words.
        what: String,
    },
}

impl ErrorCard {
    /// `NOTICE 00000: relation "x" already exists, skipping`.
    pub fn one_line(&self) -> String {
        let mut text = format!("{} {}: {}", self.severity, self.sqlstate, self.message);
        for more in [&self.detail, &self.hint].into_iter().flatten() {
            text.push_str(" / ");
            text.push_str(more);
        }
        text
    }

    /// Every field that is there, a line each.
    pub fn card(&self) -> String {
        let mut lines = vec![format!("{} {}: {}", self.severity, self.sqlstate, self.message)];
        if let Some(at) = &self.at {
            lines.push(format!("  at         {at}"));
        }
        if let Some(line) = &self.line {
            lines.push(format!("  line       {}", line.trim_end()));
        }
        let object =
            [&self.schema, &self.table, &self.column].into_iter().flatten().cloned().collect::<Vec<_>>();
        let object = (!object.is_empty()).then(|| object.join("."));
        for (name, value) in [
            ("detail", &self.detail),
            ("hint", &self.hint),
            ("object", &object),
            ("constraint", &self.constraint),
            ("where", &self.context),
            ("query", &self.internal_query),
        ] {
            if let Some(value) = value {
                lines.push(format!("  {name:<10} {}", value.replace('\n', "\n             ")));
            }
        }
        lines.join("\n")
    }
}

impl Failure {
    /// For people.
    pub fn words(&self) -> String {
        match self {
            Self::Sql { error } => error.one_line(),
            Self::Connection { what } => format!("connection lost: {what}"),
            Self::Cancelled => "cancelled".to_owned(),
            Self::Unanswered { after_ms } => {
                format!("nobody answered the commit gate within {} s: rolled back", after_ms / 1000)
            }
            Self::Blocked { what, next } => format!("not started: {what}; next: {next}"),
            Self::Escaped { what } => format!("not under control: {what}"),
        }
    }
}

impl ObjectChange {
    /// `+ column public.t.c`, `- …` or `~ …`.
    pub fn one_line(&self) -> String {
        match (&self.before, &self.after) {
            (None, _) => format!("+ {}", self.object),
            (_, None) => format!("- {}", self.object),
            _ => format!("~ {}", self.object),
        }
    }
}
