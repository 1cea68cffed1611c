//! What the runner reports back: observations, streamed output and failures, as plain data.

use super::{ErrorCard, Identity, ObjectChange, ResultSet, TestPoint, UnitLook};
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
    /// A unit of a script without a transaction was looked at and waits for the word.
    UnitReady {
        /// Counted from 0 within the script.
        index: usize,
        /// How many units the script has.
        of: usize,
        /// Where it starts in its file.
        at: Place,
        /// Its first statement, cut to 4 KiB.
        sql: String,
        /// What the catalog says of it.
        look: UnitLook,
    },
    /// A unit is final and counted in the ledger.
    UnitDone {
        /// Counted from 0 within the script.
        index: usize,
    },
    /// A unit could not be carried out.
    UnitFailed {
        /// Counted from 0 within the script.
        index: usize,
        /// What went wrong.
        failure: Failure,
        /// What the catalog said of it afterwards.
        look: UnitLook,
    },
    /// Every unit ran and everything was observed; the ledger row waits to be done.
    UnitsComplete,
    /// The transaction is committed and was read back through a fresh connection.
    Committed,
    /// The open transaction was rolled back on request.
    Discarded,
    /// What the ledger says of this ceremony's migrations, read through a fresh connection.
    Settled {
        /// Every row of this ceremony, oldest first.
        rows: Vec<LedgerRow>,
    },
    /// The command that tells the team has ended.
    Told {
        /// `None` when it was killed or could not be started.
        exit_code: Option<i32>,
        /// Why it was killed or could not be started.
        error: Option<String>,
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
    /// A verification query was run before its step's script.
    QueryBefore {
        /// Its id.
        query: String,
        /// What came back; `None` when the server refused it.
        result: Option<ResultSet>,
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
    /// `false` while the row says running: only a hidden commit can show that, or a script without a transaction.
    pub done: bool,
    /// How far a script without a transaction is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Units>,
}

/// How far a script without a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// How many are done; they are the first ones.
    pub done: usize,
    /// How many there are.
    pub of: usize,
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
