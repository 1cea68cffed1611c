//! Each step with what it was held to, what was there, and what it sent.

use super::index::Index;
use crate::definition::{Place, StepKind};
use crate::plan::{Step, Subject};
use crate::session::*;
use crate::time::Timestamp;
use crate::view::Transcript;
use serde::Serialize;

/// A step of the plan and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepFacts {
    /// Such as `apply/foundations`.
    pub id: String,
    /// For people.
    pub title: String,
    /// What kind of work.
    pub kind: StepKind,
    /// The phase it is listed under.
    pub phase: String,
    /// The migration it is about.
    pub migration: Option<String>,
    /// Its worst check.
    pub verdict: Verdict,
    /// How often it was started.
    pub runs: u32,
    /// When the latest try started.
    pub started: Option<Timestamp>,
    /// How long that took, microseconds; `None` when it came to no end.
    pub elapsed_us: Option<u64>,
    /// How long it took when it was rehearsed, microseconds.
    pub rehearsed_us: Option<u64>,
    /// Locks of the rehearsal that block others, and tables it wrote anew.
    pub rehearsed_toll: Vec<TollFacts>,
    /// The entry that finished it.
    pub entry: Option<u64>,
    /// The entry that says it is committed.
    pub committed: Option<u64>,
    /// Why the latest try was not carried out.
    pub blocked: Option<String>,
    /// What to do about that.
    pub blocked_next: Option<String>,
    /// Who looked on and put initials under it, whatever try they are under.
    pub initials: Vec<InitialsFacts>,
    /// In the order of the plan.
    pub checks: Vec<CheckFacts>,
    /// Statements of all tries, in the order in which they were sent.
    pub statements: Vec<StatementFacts>,
    /// Test programs of all tries.
    pub suites: Vec<SuiteFacts>,
    /// Results of the latest of each of its queries and observations of the schema.
    pub tables: Vec<TableFacts>,
    /// Objects that it changed, from its latest proof.
    pub changes: Vec<ObjectChange>,
}

/// A witness's initials under a try of a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InitialsFacts {
    /// The letters.
    pub letters: String,
    /// Name and account of the witness.
    pub by: String,
    /// Number of the try.
    pub attempt: u32,
    /// When.
    pub at: Timestamp,
    /// The proof was there to be seen; otherwise they say only that the step was seen to run.
    pub seen_done: bool,
}

/// A check and what was made of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckFacts {
    /// Unique in the step.
    pub id: String,
    /// For people.
    pub title: String,
    /// The judgement; not run when nobody looked.
    pub verdict: Verdict,
    /// What was wanted.
    pub expected: Option<String>,
    /// What was there.
    pub observed: Option<String>,
    /// The waiver that was used.
    pub waiver: Option<String>,
    /// The entry that judged it.
    pub entry: Option<u64>,
    /// The claim it carries, for a check of the sign-off.
    #[serde(skip)]
    pub claim: Option<usize>,
}

/// A statement of a script.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatementFacts {
    /// The entry that says it was sent.
    pub entry: u64,
    /// Which try.
    pub attempt: u32,
    /// Where it starts.
    pub at: Place,
    /// Its text, cut to 4 KiB.
    pub sql: String,
    /// The server's command tag; `None` when it did not complete.
    pub tag: Option<String>,
    /// Microseconds.
    pub elapsed_us: Option<u64>,
    /// What others would have felt; rehearsals only.
    pub toll: Vec<TollFacts>,
    /// Why it was not sent.
    pub left_out: Option<String>,
}

impl StatementFacts {
    pub(super) fn new(entry: u64, attempt: u32, at: Place, sql: String) -> Self {
        Self { entry, attempt, at, sql, tag: None, elapsed_us: None, toll: Vec::new(), left_out: None }
    }
}

/// What others feel of a statement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TollFacts {
    /// The lock that keeps them waiting; `None` for a table that is written anew.
    pub lock: Option<String>,
    /// The table.
    pub table: String,
    /// The line of the first statement that takes the lock, where that is asked for.
    pub line: Option<usize>,
}

impl TollFacts {
    pub(super) fn of(toll: &crate::plan::Toll) -> Vec<Self> {
        let locks = toll.locks.iter();
        let locks = locks.map(|lock| (Some(lock.mode.clone()), lock.relation.clone()));
        let files = toll.rewritten.iter().map(|table| (None, table.clone()));
        locks.chain(files).map(|(lock, table)| Self { lock, table, line: None }).collect()
    }
}

/// A test program that ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SuiteFacts {
    /// The entry that says so.
    pub entry: u64,
    /// Which try.
    pub attempt: u32,
    /// Its id.
    pub id: String,
    /// `None` when it was killed or could not be started.
    pub exit_code: Option<i32>,
    /// Why it was killed or could not be started.
    pub error: Option<String>,
    /// Microseconds.
    pub elapsed_us: u64,
    /// The tests it reported.
    pub tests: Vec<TestPoint>,
}

/// A result as a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableFacts {
    /// The entry that has it.
    pub entry: u64,
    /// The query's id, or what was looked at.
    pub query: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The first rows; null is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// How many rows there were.
    pub total: u64,
    /// Microseconds.
    pub elapsed_us: u64,
}

pub(super) fn forward(session: &Session, transcript: &Transcript, index: &Index) -> Vec<StepFacts> {
    let all = session.plan.steps.iter().zip(&session.steps);
    all.map(|(step, state)| facts(session, transcript, index, step, state)).collect()
}

pub(super) fn back(session: &Session, transcript: &Transcript, index: &Index) -> Vec<StepFacts> {
    let all = session.plan.rollback.iter().zip(&session.rollback).filter(|(_, state)| state.runs > 0);
    all.map(|(step, state)| facts(session, transcript, index, step, state)).collect()
}

fn facts(
    session: &Session,
    transcript: &Transcript,
    index: &Index,
    step: &Step,
    state: &StepState,
) -> StepFacts {
    let rehearsed = session.plan.rehearsed(&step.id);
    let took = state.started.zip(state.ended);
    let changes = transcript.changes.iter().rfind(|(id, _)| *id == step.id);
    StepFacts {
        id: step.id.clone(),
        title: step.title.clone(),
        kind: step.kind,
        phase: step.phase.clone(),
        migration: step.migration.map(|at| session.plan.ceremony.migrations[at].id.clone()),
        verdict: state.verdict.unwrap_or(Verdict::NotRun),
        runs: state.runs,
        started: state.started.map(|at| at.wall),
        elapsed_us: took.map(|(started, ended)| ended.mono_us.saturating_sub(started.mono_us)),
        rehearsed_us: rehearsed.map(|seen| seen.elapsed_us),
        rehearsed_toll: rehearsed.map(toll).unwrap_or_default(),
        entry: index.finished.get(&step.id).copied(),
        committed: index.committed.get(&step.id).copied(),
        blocked: state.blocked.as_ref().map(|(why, _)| why.clone()),
        blocked_next: state.blocked.as_ref().map(|(_, next)| next.clone()),
        initials: initials(session, &step.id),
        checks: checks(index, step, state),
        statements: index.statements.get(&step.id).cloned().unwrap_or_default(),
        suites: index.suites.get(&step.id).cloned().unwrap_or_default(),
        tables: tables(transcript, &step.id),
        changes: changes.map(|(_, changes)| changes.clone()).unwrap_or_default(),
    }
}

fn initials(session: &Session, step: &str) -> Vec<InitialsFacts> {
    let under = session.initials.iter().filter(|initials| initials.step == step);
    let one = |initials: &Initials| InitialsFacts {
        letters: initials.letters.clone(),
        by: initials.by.words(),
        attempt: initials.attempt.number,
        at: initials.at.wall,
        seen_done: initials.seen_done,
    };
    under.map(one).collect()
}

fn toll(seen: &crate::plan::Rehearsed) -> Vec<TollFacts> {
    let locks = seen.locks().into_iter().map(|(lock, line)| TollFacts {
        lock: Some(lock.mode.clone()),
        table: lock.relation.clone(),
        line: Some(line),
    });
    let files = seen.rewritten().into_iter();
    let files = files.map(|table| TollFacts { lock: None, table: table.to_owned(), line: None });
    locks.chain(files).collect()
}

fn checks(index: &Index, step: &Step, state: &StepState) -> Vec<CheckFacts> {
    let one = |(check, judged): (&crate::plan::Check, &Option<Judged>)| {
        let entry = index.checks.get(&(step.id.clone(), check.id.clone())).copied();
        CheckFacts {
            id: check.id.clone(),
            title: check.title.clone(),
            verdict: judged.as_ref().map_or(Verdict::NotRun, |judged| judged.verdict),
            expected: judged.as_ref().map(|judged| judged.expected.clone()),
            observed: judged.as_ref().map(|judged| judged.observed.clone()),
            waiver: judged.as_ref().and_then(|judged| judged.waiver.clone()),
            entry: entry.filter(|_| judged.is_some()),
            claim: match check.subject {
                Subject::Claim(at) => Some(at),
                _ => None,
            },
        }
    };
    step.checks.iter().zip(&state.checks).map(one).collect()
}

/// The latest table of each query.
fn tables(transcript: &Transcript, step: &str) -> Vec<TableFacts> {
    let mut found: Vec<TableFacts> = Vec::new();
    for table in transcript.tables.iter().filter(|table| table.step == step) {
        found.retain(|earlier| earlier.query != table.query);
        found.push(TableFacts {
            entry: table.entry,
            query: table.query.clone(),
            columns: table.result.columns.iter().map(|column| column.name.clone()).collect(),
            rows: table.result.rows.clone(),
            total: table.result.total,
            elapsed_us: table.elapsed_us,
        });
    }
    found
}
