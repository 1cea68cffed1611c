//! What the fake world shows for each subject of a check.

use super::{FakeRunner, card, schema};
use crate::definition::{Expectation, SuiteFormat};
use crate::plan::{Step, Subject};
use crate::session::*;

impl FakeRunner {
    pub(super) fn observe(&self, step: &Step, subject: &Subject, good: bool) -> Option<Observation> {
        let ceremony = &self.plan.ceremony;
        Some(match subject {
            Subject::Server => {
                let mut identity = self.database.identity();
                identity.circumstances = Some(Box::new(self.circumstances.clone()));
                identity.in_recovery |= !good;
                identity.server_time_us += self.clock_us;
                Observation::Server { identity: Box::new(identity) }
            }
            Subject::Input(at) => {
                let input = &ceremony.inputs[*at];
                let sha256 = Some(if good { input.sha256.clone() } else { "0".repeat(64) });
                Observation::Input { path: input.path.clone(), sha256, error: None }
            }
            Subject::Flag(at) => {
                let flag = &ceremony.flags[*at];
                let value = (flag.on == good).then(|| "true".to_owned());
                Observation::Flag { name: flag.name.clone(), value, source: "environment".to_owned() }
            }
            Subject::Query(at) => {
                let query = &ceremony.queries[*at];
                let result = result_for(&query.expect, good);
                Observation::Query { query: query.id.clone(), result, elapsed_us: 700 }
            }
            Subject::Suite(at) => {
                let suite = &ceremony.suites[*at];
                let tests = match suite.format {
                    SuiteFormat::Tap | SuiteFormat::Junit | SuiteFormat::Vitest => {
                        vec![TestPoint {
                            name: "works".to_owned(),
                            ok: good,
                            skipped: false,
                            note: String::new(),
                        }]
                    }
                    SuiteFormat::ExitCode => Vec::new(),
                };
                Observation::Suite {
                    suite: suite.id.clone(),
                    exit_code: Some(i32::from(!good)),
                    error: None,
                    planned: Some(tests.len()),
                    tests,
                    faults: Vec::new(),
                    elapsed_us: 90_000,
                }
            }
            Subject::Negative(at) => {
                let negative = &ceremony.negatives[*at];
                let mut error = card(&negative.sqlstate, "refused");
                error.constraint.clone_from(&negative.constraint);
                Observation::Negative { negative: negative.id.clone(), error: good.then_some(error) }
            }
            Subject::Ran => Observation::Ran { statements: 3, elapsed_us: 4_000 },
            Subject::Protected(_) | Subject::Backup(_) | Subject::Restored(_) => return rows(subject, good),
            Subject::SchemaRecorded
            | Subject::SchemaUnchanged
            | Subject::Declared
            | Subject::Reapplied
            | Subject::Sound
            | Subject::Drill => return schema::observe(ceremony, step, subject, good),
            Subject::Claim(_) => return None,
        })
    }
}

/// What is seen of rows.
fn rows(subject: &Subject, good: bool) -> Option<Observation> {
    let sums = Some(("7".to_owned(), "7".to_owned()));
    let content = Some(Box::new(Content { hashed: true, rows: sums, ..Content::default() }));
    Some(match subject {
        Subject::Protected(table) => Observation::Protected {
            table: table.clone(),
            before: Some(10),
            after: Some(if good { 10 } else { 9 }),
            content,
        },
        Subject::Backup(table) => Observation::Backup {
            table: table.clone(),
            rows: Some(10),
            sha256: good.then(|| "b".repeat(64)),
            path: good.then(|| "backup/x.copy".to_owned()),
            script: good.then(|| format!("backup/restore-{table}.sql")),
            script_sha256: None,
        },
        Subject::Restored(table) => Observation::Restored {
            table: table.clone(),
            rows: Some(3),
            after: Some(if good { 3 } else { 2 }),
            content,
            error: None,
        },
        _ => return None,
    })
}

/// A result that meets the expectation, or one that does not.
pub(super) fn result_for(expectation: &Expectation, good: bool) -> ResultSet {
    let cells = |rows: &[Vec<String>]| -> Vec<Vec<Option<String>>> {
        rows.iter().map(|row| row.iter().cloned().map(Some).collect()).collect()
    };
    let rows = match expectation {
        Expectation::Empty | Expectation::Informational => Vec::new(),
        Expectation::Rows(count) => (0..*count).map(|at| vec![Some(at.to_string())]).collect(),
        Expectation::Value(text) => vec![vec![Some(text.clone())]],
        Expectation::Set(set) => cells(set),
    };
    let rows = if good { rows } else { vec![vec![Some("unwanted".to_owned())]; rows.len() + 1] };
    let columns = vec![Column { name: "found".to_owned(), numeric: false }];
    ResultSet { columns, total: rows.len() as u64, rows }
}
