//! The checks of a step that only look: queries, negative checks, row counts, the schema.

use super::attempt::{Attempt, prepare};
use super::backend::Backend;
use super::catalog::Snapshot;
use crate::definition::{Folder, Keep};
use crate::plan::Subject;
use crate::runner::files::sha256;
use crate::runner::{flags, suite};
use crate::session::*;

/// Name of the snapshot of the schema before the ceremony, within the session folder.
const SCHEMA_BEFORE: &str = "schema-before.json";

impl Attempt {
    /// Makes every check of a step that changes nothing, in order. A connection is opened when one is needed.
    ///
    /// # Errors
    /// Of the server or the connection, where it is not itself what a check observes.
    pub async fn look(&self) -> Result<(), Failure> {
        self.look_at_all().await?;
        self.say(Report::Finished);
        Ok(())
    }

    /// Makes the observations of probes again, and sees what others did to the schema.
    ///
    /// # Errors
    /// Whatever keeps it from being carried out.
    pub async fn recheck(&self) -> Result<(), Failure> {
        self.look_at_all().await?;
        let mut backend = self.connect_to(&self.room.endpoint).await?;
        let now = self.snapshot(&mut backend).await?;
        self.look_for_drift(&now);
        backend.close().await;
        self.say(Report::Finished);
        Ok(())
    }

    async fn look_at_all(&self) -> Result<(), Failure> {
        let mut backend: Option<Backend> = None;
        for check in &self.step.checks {
            self.go_on()?;
            match &check.subject {
                Subject::Input(at) => self.input(*at),
                Subject::Flag(at) => {
                    self.observe(flags::observe(&self.room.plan.ceremony.flags[*at].name));
                }
                Subject::Suite(at) => self.suite(*at).await?,
                Subject::Server => backend = Some(self.connect().await?),
                subject => {
                    let connected = match backend.take() {
                        Some(backend) => backend,
                        None => self.connect().await?,
                    };
                    let connected = backend.insert(connected);
                    self.look_at(connected, subject).await?;
                }
            }
        }
        if let Some(backend) = backend {
            backend.close().await;
        }
        Ok(())
    }

    async fn look_at(&self, backend: &mut Backend, subject: &Subject) -> Result<(), Failure> {
        match subject {
            Subject::Query(at) => {
                self.run(backend, "BEGIN READ ONLY").await?;
                self.query(backend, *at).await?;
                self.run(backend, "ROLLBACK").await?;
            }
            Subject::Negative(at) => self.negative(backend, *at).await?,
            Subject::SchemaRecorded => {
                let snapshot = self.snapshot(backend).await?;
                self.keep_schema_before(&snapshot)?;
                self.observe(Observation::Schema {
                    before: snapshot.hash(),
                    after: snapshot.hash(),
                    objects: snapshot.0.len(),
                    changes: Vec::new(),
                });
            }
            Subject::Backup(table) => self.back_up(backend, table).await?,
            _ => {}
        }
        Ok(())
    }

    /// Reads a file of the definition again.
    pub fn input(&self, at: usize) {
        let path = &self.room.plan.ceremony.inputs[at].path;
        let (sha256, error) = match self.room.folder.read(path) {
            Ok(file) => (Some(file.sha256), None),
            Err(error) => (None, Some(error)),
        };
        self.observe(Observation::Input { path: path.clone(), sha256, error });
    }

    async fn suite(&self, at: usize) -> Result<(), Failure> {
        let suite = &self.room.plan.ceremony.suites[at];
        // Test programs connect by themselves: to the server that is meant, and to no other that took its port.
        let backend = self.connect().await?;
        let door = backend.door();
        backend.close().await;
        let mut observation = suite::run(
            suite,
            &self.room.suites,
            &self.room.endpoint,
            (&self.stop.group, &format!("{}/{}", self.id, suite.id)),
            &*self.say,
            &*self.room.now_us,
        )
        .await;
        self.go_on()?;
        if let (Some(swapped), Observation::Suite { faults, .. }) =
            (suite::swapped(door.as_ref(), &self.room.endpoint), &mut observation)
        {
            faults.push(swapped);
        }
        self.observe(observation);
        Ok(())
    }

    /// Runs a query inside the open transaction, in a savepoint that is read-only and rolled back.
    ///
    /// # Errors
    /// Of the connection; an error of the server is observed.
    pub async fn query(&self, backend: &mut Backend, at: usize) -> Result<(), Failure> {
        let query = self.room.plan.ceremony.queries[at].id.clone();
        let started = (self.room.now_us)();
        let answer = self.ask(backend, at).await?;
        let elapsed_us = (self.room.now_us)().saturating_sub(started);
        self.observe(match answer {
            Ok(result) => Observation::Query { query, result, elapsed_us },
            Err(error) => Observation::QueryFailed { query, error },
        });
        Ok(())
    }

    /// Runs a verification query before the script: one that passes here too says nothing about the step.
    ///
    /// # Errors
    /// Of the connection.
    pub async fn query_before(&self, backend: &mut Backend, at: usize) -> Result<(), Failure> {
        let query = self.room.plan.ceremony.queries[at].id.clone();
        // An error of the server is an answer: what the query asks for is not there yet.
        let result = self.ask(backend, at).await?.ok();
        self.observe(Observation::QueryBefore { query, result });
        Ok(())
    }

    /// The rows of a query, or the server's error, from a savepoint that is read-only and rolled back.
    async fn ask(
        &self,
        backend: &mut Backend,
        at: usize,
    ) -> Result<Result<ResultSet, Box<ErrorCard>>, Failure> {
        let query = &self.room.plan.ceremony.queries[at];
        let prepared = prepare(&query.script)?;
        let [only] = prepared.arranged.body.as_slice() else {
            return Err(Failure::Blocked {
                what: format!("{} has {} statements", query.script.name(), prepared.arranged.body.len()),
                next: "write exactly one SELECT there".to_owned(),
            });
        };
        let statement = &prepared.statements[*only];
        let sql = &query.script.text[statement.range.clone()];
        self.run(backend, "SAVEPOINT ceremony_check").await?;
        self.run(backend, "SET LOCAL transaction_read_only = on").await?;
        let answer = match self.rows(backend, sql).await {
            Ok(result) => Ok(kept(result, query.keep)),
            Err(Failure::Sql { error }) => Err(error),
            Err(other) => return Err(other),
        };
        self.run(backend, "ROLLBACK TO SAVEPOINT ceremony_check").await?;
        Ok(answer)
    }

    /// Tries statements of which the last must be refused. Always rolled back.
    async fn negative(&self, backend: &mut Backend, at: usize) -> Result<(), Failure> {
        let negative = &self.room.plan.ceremony.negatives[at];
        let prepared = prepare(&negative.script)?;
        let id = negative.id.clone();
        self.run(backend, "BEGIN").await?;
        let last = prepared.arranged.body.len().saturating_sub(1);
        let mut observed = Observation::Negative { negative: id.clone(), error: None };
        for (index, &statement) in prepared.arranged.body.iter().enumerate() {
            let sql = &negative.script.text[prepared.statements[statement].range.clone()];
            match self.run(backend, sql).await {
                Ok(_) => {}
                Err(Failure::Sql { error }) if index == last => {
                    observed = Observation::Negative { negative: id, error: Some(error) };
                    break;
                }
                Err(Failure::Sql { error }) => {
                    observed = Observation::QueryFailed { query: id, error };
                    break;
                }
                Err(other) => return Err(other),
            }
        }
        self.run(backend, "ROLLBACK").await?;
        self.observe(observed);
        Ok(())
    }

    /// How many rows a table has; `None` when it is not there.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn count(&self, backend: &mut Backend, table: &str) -> Result<Option<u64>, Failure> {
        let there = format!("SELECT pg_catalog.to_regclass({})", super::ledger::literal(table));
        if self.value(backend, &there).await?.is_none() {
            return Ok(None);
        }
        let count = self.value(backend, &format!("SELECT count(*) FROM {table}")).await?;
        Ok(count.and_then(|count| count.parse().ok()))
    }

    /// Keeps the schema before the ceremony, unless it is kept already.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_schema_before(&self, snapshot: &Snapshot) -> Result<(), Failure> {
        if self.kept_path(SCHEMA_BEFORE).exists() { Ok(()) } else { self.keep(SCHEMA_BEFORE, snapshot) }
    }

    /// The schema before the ceremony, if it was kept.
    pub fn schema_before(&self) -> Option<Snapshot> {
        self.kept(SCHEMA_BEFORE).ok()
    }
}

/// As much of a result as its query keeps.
fn kept(mut result: ResultSet, keep: Keep) -> ResultSet {
    match keep {
        Keep::Values => {}
        Keep::Nothing => result.rows.clear(),
        Keep::Digests => {
            let columns = result.columns.len();
            for cell in result.rows.iter_mut().flatten().flatten() {
                // Of one that was cut nobody has a digest: it stays one that was.
                let cut = if is_whole(cell, columns) { "" } else { "…" };
                *cell = format!("sha256:{}{cut}", sha256(cell.as_bytes()));
            }
        }
    }
    result
}
