//! What the runner reports back: observations, streamed output and failures, as plain data.

use super::{
    ErrorCard, Failure, Flaw, Identity, LedgerRow, ObjectChange, Reapplied, RecordedAt, ResultSet, Rung,
    Sample, TestPoint, UnitLook,
};
pub use crate::definition::Place;
use crate::plan::Toll;
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

/// No report holds more output, bytes.
pub const OUTPUT_BYTES_MAX: usize = 64 << 10;
/// Nor more notices, by [`ErrorCard::bytes`], unless a single one does.
pub const NOTICES_BYTES_MAX: usize = OUTPUT_BYTES_MAX;

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
    /// What the statement before did to tables that were there before the step; looked at in rehearsals only.
    StatementToll {
        /// Counted from 0 within the script.
        index: usize,
        /// The locks it took and the tables it wrote anew.
        toll: Toll,
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
        /// Those that came right behind it; all together take at most [`NOTICES_BYTES_MAX`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        more: Vec<ErrorCard>,
    },
    /// Output of a child process or rows of a statement, a chunk of whole lines where possible.
    Printed {
        /// Where it comes from.
        source: Source,
        /// At most [`OUTPUT_BYTES_MAX`].
        text: String,
    },
    /// What the radar saw around the attempt's backend.
    Sampled {
        /// The sample.
        sample: Box<Sample>,
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
        /// The server they were read from; `None` in older records.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        server: Option<Box<Identity>>,
        /// The record as it is now, at each entry that this session's rows name; one that it does not have is left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        record: Vec<RecordedAt>,
    },
    /// A secret came up in what was heard just before; it is masked there.
    Masked {
        /// Which, in words.
        rule: String,
        /// How often.
        count: usize,
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
        identity: Box<Identity>,
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
        /// Why its result is no proof, in words.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        faults: Vec<String>,
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
        /// What the rows hold; `None` in older records and where the table was not there both times.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<Box<super::Content>>,
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
    /// The schema is not as this session's last commit left it.
    Drift {
        /// The step that committed last.
        since: String,
        /// What somebody else did since.
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
        /// The script that puts the rows back, within the session folder; `None` where there are none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        script: Option<String>,
        /// Of the script; `None` in older records and where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        script_sha256: Option<String>,
    },
    /// The rows of a table that a rollback deletes were put back on the drill's copy, after the way up again.
    Restored {
        /// The table.
        table: String,
        /// How many; `None` when the table is not there.
        rows: Option<u64>,
        /// Rows afterwards, and what they hold.
        after: Option<u64>,
        /// `None` when there was nothing to compare.
        content: Option<Box<super::Content>>,
        /// Why they could not be put back.
        error: Option<String>,
    },
    /// The rollback scripts ran on a copy of the database.
    Drill {
        /// Each script in the order in which it ran, with what it left.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rungs: Vec<Rung>,
        /// In records without rungs: what differs from the schema before the ceremony and is not declared as kept.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        residue: Vec<ObjectChange>,
        /// In records without rungs: objects left behind as declared.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kept: Vec<String>,
        /// In records without rungs: what differs once everything is applied again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        again: Vec<ObjectChange>,
    },
    /// A script ran a second time.
    Reapplied {
        /// What was seen of it.
        seen: Reapplied,
    },
    /// What the step left half done that was not so before.
    Soundness {
        /// Found in the proof, or by a second connection after the commit.
        committed: bool,
        /// What was found.
        found: Vec<Flaw>,
    },
}
