//! A migration's step transaction: run, prove inside the same transaction, wait for the word, commit or roll back,
//! and read back what happened through a fresh connection.

use super::attempt::{Attempt, CONNECT_MAX, Prepared, prepare};
use super::backend::Backend;
use super::before::{Before, Name};
use super::catalog::diff;
use super::ledger::{self, Mark};
use super::split::history_statements;
use crate::definition::{Folder, Migration, Script, StepKind, Transaction};
use crate::plan::Subject;
use crate::session::*;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long COMMIT may take before its outcome is in doubt.
const COMMIT_MAX: Duration = Duration::from_secs(10);
/// How often the waiting transaction's connection is looked at.
const BEAT: Duration = Duration::from_secs(2);
/// So long it may take to answer.
const ALIVE_MAX: Duration = Duration::from_secs(7);

/// The word that a proved transaction waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// COMMIT.
    Commit,
    /// ROLLBACK.
    Discard,
    /// This for the unit that waits.
    Unit(UnitWork),
}

impl Attempt {
    fn migration(&self) -> Result<&Migration, Failure> {
        self.step.migration.map(|at| &self.room.plan.ceremony.migrations[at]).ok_or_else(|| {
            Failure::Blocked {
                what: format!("step '{}' is about no migration", self.step.id),
                next: "correct the definition".to_owned(),
            }
        })
    }

    pub(super) fn direction(&self) -> Direction {
        if self.step.kind == StepKind::RollBack { Direction::Down } else { Direction::Up }
    }

    /// Applies, applies again or rolls back one migration.
    ///
    /// # Errors
    /// With what kept it from its end; the transaction is rolled back by then or lost with its connection.
    pub async fn migrate(&self, words: &mut mpsc::Receiver<Word>) -> Result<(), Failure> {
        let migration = self.migration()?;
        let script = match self.direction() {
            Direction::Up => &migration.script,
            Direction::Down => &migration.rollback.script,
        };
        self.unchanged(script)?;
        if script.transaction == Transaction::None {
            return self.migrate_stepwise(migration, script, words).await;
        }
        let prepared = prepare(script)?;
        let mut backend = self.connect().await?;
        let result = self.transaction(&mut backend, migration, &prepared, words).await;
        if matches!(&result, Err(failure) if !matches!(failure, Failure::Connection { .. })) {
            // Best effort: a failed transaction dies with its connection anyway.
            let _ = backend.run("ROLLBACK", &mut |_| {}).await;
        }
        backend.close().await;
        result
    }

    /// The file on disk must still be the one that was reviewed and loaded.
    fn unchanged(&self, script: &Script) -> Result<(), Failure> {
        for check in &self.step.checks {
            if let Subject::Input(at) = check.subject {
                self.input(at);
            }
        }
        let ceremony = &self.room.plan.ceremony;
        let loaded = ceremony.files.get(&script.file);
        let reviewed = ceremony.inputs.iter().find(|input| input.path == script.file);
        let now = self.room.folder.read(&script.file).map(|file| file.sha256);
        let same = now.as_ref().ok() == loaded && reviewed.is_none_or(|input| Some(&input.sha256) == loaded);
        if same {
            return Ok(());
        }
        let line =
            reviewed.map(|input| format!(" (line {} of the definition)", input.line)).unwrap_or_default();
        Err(Failure::Blocked {
            what: match now {
                Ok(sum) => format!("{} is not the reviewed file: its sha256 is {sum}", script.file),
                Err(error) => format!("{} cannot be read: {error}", script.file),
            },
            next: format!(
                "bring the reviewed file back; or have the change reviewed, set its sha256{line} and start a new session"
            ),
        })
    }

    async fn transaction(
        &self,
        backend: &mut Backend,
        migration: &Migration,
        prepared: &Prepared<'_>,
        words: &mut mpsc::Receiver<Word>,
    ) -> Result<(), Failure> {
        let mark = self.mark(migration, prepared.script);
        self.fence(backend).await?;
        ledger::ensure(backend).await.map_err(|error| self.failure(error, None))?;
        if self.step.kind != StepKind::Reapply {
            self.not_done_yet(backend, migration, &mark).await?;
        }
        let before = self.begin(backend, &mark).await?;
        self.back_up_what_dies(backend).await?;
        let ran = self.run_script(backend, prepared).await;
        if let (Err(failure), StepKind::Reapply) = (&ran, self.step.kind) {
            self.reapply_failed(failure);
        }
        ran?;
        self.prove(backend, &before).await?;
        let Name::Xid(xid) = &before.name else {
            // The proof is what counts: applying again leaves nothing that could be committed.
            self.run(backend, "ROLLBACK").await?;
            self.say(Report::Finished);
            return Ok(());
        };
        self.write_history(backend, migration).await?;
        let complete = ledger::complete(backend, &mark, xid).await;
        if !complete.map_err(|error| self.failure(error, None))? {
            return Err(Failure::Escaped {
                what: "the ledger row of this attempt is gone or changed: the script left its transaction or wrote to the ledger"
                    .to_owned(),
            });
        }
        self.say(Report::Proved { xid: xid.clone() });
        match self.wait(backend, words).await? {
            Word::Commit => self.commit(backend, &mark, &before.flaws).await,
            Word::Discard | Word::Unit(_) => {
                // Also after STOP, which ends everything else.
                backend.run("ROLLBACK", &mut |_| {}).await.map_err(|error| self.failure(error, None))?;
                self.say(Report::Discarded);
                Ok(())
            }
        }
    }

    /// What the ledger has of this attempt.
    pub(super) fn mark<'m>(&'m self, migration: &'m Migration, script: &Script) -> Mark<'m> {
        let ceremony = &self.room.plan.ceremony;
        Mark {
            ceremony: &ceremony.id,
            migration: &migration.id,
            direction: self.direction(),
            attempt: self.id.to_string(),
            sha256: ceremony.files.get(&script.file).map_or("", String::as_str),
            recorded: &self.recorded,
        }
    }

    /// Somebody may have applied or rolled back this migration already.
    pub(super) async fn not_done_yet(
        &self,
        backend: &mut Backend,
        migration: &Migration,
        mark: &Mark<'_>,
    ) -> Result<Option<LedgerRow>, Failure> {
        let rows = ledger::rows(backend, mark.ceremony).await.map_err(|error| self.failure(error, None))?;
        let latest = rows.iter().rfind(|row| row.migration == mark.migration);
        let applied = latest.is_some_and(|row| row.direction == Direction::Up);
        let blocked = |what: String, next: &str| Err(Failure::Blocked { what, next: next.to_owned() });
        if let Some(half) = latest.filter(|row| self.goes_on_from(row, migration)) {
            return Ok(Some(half.clone()));
        }
        if let Some(row) = latest.filter(|row| !row.done) {
            if let Some(units) = row.units {
                return blocked(
                    format!(
                        "'{}' is half-way, {} of {} units are done, by attempt {}",
                        migration.id, units.done, units.of, row.attempt
                    ),
                    "resume that session and let it end there, up or down",
                );
            }
            return Err(Failure::Escaped {
                what: format!(
                    "the ledger has an unfinished row of attempt {}: its script committed in the middle",
                    row.attempt
                ),
            });
        }
        match (self.direction(), applied, latest) {
            (Direction::Up, true, Some(row)) => {
                return blocked(
                    format!("'{}' is applied already, by attempt {}", migration.id, row.attempt),
                    "look at that session's report; roll it back there before it is applied again",
                );
            }
            (Direction::Down, false, _) => {
                return blocked(
                    format!("'{}' is not applied according to the ledger", migration.id),
                    "look at the ledger: select * from ceremony.ledger",
                );
            }
            _ => {}
        }
        if let (Direction::Up, Some((version, _))) = (self.direction(), migration.history_key())
            && ledger::in_history(backend, version).await.map_err(|error| self.failure(error, None))?
        {
            return blocked(
                format!("the migration history already has version {version}, written by another tool"),
                "find out who applied it; if it must be done again, take its row out of supabase_migrations.schema_migrations",
            );
        }
        Ok(None)
    }

    pub(super) async fn begin(&self, backend: &mut Backend, mark: &Mark<'_>) -> Result<Before, Failure> {
        self.run(backend, "BEGIN").await?;
        let (snapshot, ids) = self.snapshot_and_ids(backend).await?;
        let flaws = self.flaws(backend).await?;
        self.look_for_drift(&snapshot);
        if self.step.kind == StepKind::Apply {
            self.keep_schema_before(&snapshot)?;
            self.keep_rung(mark.migration, &snapshot)?;
        }
        let rows = self.protected_before(backend).await?;
        for check in &self.step.checks {
            if let (Subject::Query(at), StepKind::Apply) = (&check.subject, self.step.kind) {
                self.query_before(backend, *at).await?;
            }
        }
        let name = if self.step.kind == StepKind::Reapply {
            Name::Reapplied(self.before_reapply(backend, ids).await?)
        } else {
            let xid = self.xid(backend).await?;
            ledger::hold_history(backend).await.map_err(|error| self.failure(error, None))?;
            ledger::begin(backend, mark, &xid).await.map_err(|error| self.failure(error, None))?;
            Name::Xid(xid)
        };
        let ledger = ledger::table(backend).await.map_err(|error| self.failure(error, None))?;
        Ok(Before { snapshot, rows, flaws, ledger, name })
    }

    pub(super) async fn xid(&self, backend: &mut Backend) -> Result<String, Failure> {
        let xid = self.value(backend, "SELECT pg_catalog.pg_current_xact_id()").await?;
        xid.ok_or_else(|| Failure::Escaped { what: "the server names no transaction".to_owned() })
    }

    /// Everything that is looked at before the transaction may become final.
    pub(super) async fn prove(&self, backend: &mut Backend, before: &Before) -> Result<(), Failure> {
        if backend.transaction_status() != b'T' {
            return Err(Failure::Escaped { what: "the script ended its transaction".to_owned() });
        }
        // The proof is ours: neither a role nor a timeout of the script's own may have a part in it.
        for sql in ["RESET SESSION AUTHORIZATION", "RESET ROLE", "RESET ALL"] {
            self.run(backend, sql).await?;
        }
        self.own_settings(backend).await?;
        self.run(backend, "SET CONSTRAINTS ALL IMMEDIATE").await?;
        match &before.name {
            Name::Xid(before) => {
                let xid = self.xid(backend).await?;
                if xid != *before {
                    return Err(Failure::Escaped {
                        what: format!(
                            "the transaction's id changed from {before} to {xid}: the script committed in the middle"
                        ),
                    });
                }
            }
            Name::Reapplied(start) => self.after_reapply(backend, start, &before.snapshot).await?,
        }
        if matches!(before.name, Name::Xid(_)) {
            self.left_alone(backend, before).await?;
        }
        for check in &self.step.checks {
            self.go_on()?;
            if let Subject::Query(at) = check.subject {
                self.query(backend, at).await?;
            }
        }
        self.protected_after(backend, &before.rows).await?;
        let after = self.snapshot(backend).await?;
        self.observe(Observation::Schema {
            before: before.snapshot.hash(),
            after: after.hash(),
            objects: after.0.len(),
            changes: diff(&before.snapshot, &after),
        });
        self.look_for_flaws(backend, &before.flaws, false).await
    }

    pub(super) async fn write_history(
        &self,
        backend: &mut Backend,
        migration: &Migration,
    ) -> Result<(), Failure> {
        let Some(key) = migration.history_key() else { return Ok(()) };
        let statements = history_statements(&migration.script.text);
        let written = ledger::history(backend, self.direction(), key, &statements).await;
        let one = written.map_err(|error| self.failure(error, None))?;
        if !one && self.direction() == Direction::Down {
            self.say(Report::Printed {
                source: Source::Runner,
                text: format!("the migration history had no row for version {}\n", key.0),
            });
        }
        Ok(())
    }

    /// Waits for the word. Nobody answering in time is a no; so is a connection that breaks meanwhile.
    async fn wait(&self, backend: &mut Backend, words: &mut mpsc::Receiver<Word>) -> Result<Word, Failure> {
        let after_ms = self.room.plan.ceremony.limits.answer_timeout_ms;
        // The server's own switch is the second net, should this program hang.
        let net = format!("SET LOCAL idle_in_transaction_session_timeout = {}", after_ms + 5_000);
        // From here on the core decides: STOP comes as a word.
        backend.run(&net, &mut |_| {}).await.map_err(|error| self.failure(error, None))?;
        backend.answers_within(ALIVE_MAX);
        let mut beat = tokio::time::interval(BEAT);
        let answer = async {
            loop {
                tokio::select! {
                    word = words.recv() => return Ok(word.unwrap_or(Word::Discard)),
                    // The waiting transaction's connection still answers.
                    _ = beat.tick() => backend.value("SELECT 1").await.map(drop).map_err(|error| self.failure(error, None))?,
                }
            }
        };
        let limit = Duration::from_millis(after_ms);
        tokio::time::timeout(limit, answer).await.unwrap_or(Err(Failure::Unanswered { after_ms }))
    }

    pub(super) async fn commit(
        &self,
        backend: &mut Backend,
        mark: &Mark<'_>,
        flaws: &BTreeSet<Flaw>,
    ) -> Result<(), Failure> {
        self.forget_last();
        let notices = self.notices();
        // Such as that it is committed here, and not known to a standby.
        let mut notice = |notice| notices.hear(notice);
        let doubt = |what: String| Failure::Connection { what };
        backend.answers_within(COMMIT_MAX);
        match notices.during(backend.run("COMMIT", &mut notice)).await {
            Err(error) => {
                return Err(doubt(format!(
                    "COMMIT was not answered as it should: {error}; its outcome is in doubt"
                )));
            }
            Ok(tag) if tag != "COMMIT" => {
                return Err(doubt(format!("the server answered COMMIT with {tag}")));
            }
            Ok(_) => {}
        }
        // It is final: after STOP too somebody must look at what became of it.
        self.stop.wind_up();
        let name = format!("ceremony {} read back", self.step.id);
        let mut fresh = Backend::connect(&self.room.endpoint, &name, CONNECT_MAX)
            .await
            .map_err(|error| doubt(format!("committed, but it cannot be read back: {error}")))?;
        fresh.answers_within(COMMIT_MAX);
        let rows = ledger::rows(&mut fresh, mark.ceremony).await;
        // Whether it happened does not hang on this look.
        if let Err(failure) = self.look_for_flaws(&mut fresh, flaws, true).await {
            let text = format!("not looked for things half done after the commit: {}\n", failure.words());
            self.say(Report::Printed { source: Source::Runner, text });
        }
        self.keep_last(&mut fresh).await;
        fresh.close().await;
        let rows = rows.map_err(|error| doubt(format!("committed, but it cannot be read back: {error}")))?;
        if rows.iter().any(|row| row.attempt == mark.attempt && row.done) {
            self.say(Report::Committed);
            Ok(())
        } else {
            Err(doubt("the server said COMMIT, but the ledger does not have the row".to_owned()))
        }
    }
}
