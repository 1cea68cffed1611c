//! A migration without a transaction: unit by unit, each with an intent in the record before it and a count in the
//! ledger behind it, so that nothing is done twice, whoever dies in between.

mod again;
mod progress;

use super::attempt::{Attempt, blocked};
use super::backend::Backend;
use super::before::{Before, Name};
use super::ledger;
use super::probe;
use super::split::{Statement, Unit, split, units};
use super::step::Word;
use super::text::{SQL_BYTES_MAX, cut};
use crate::definition::{Migration, Script, Transaction};
use crate::plan::Subject;
use crate::session::*;
use progress::Progress;
use tokio::sync::mpsc;

/// A script cut into units.
pub(super) struct Parts<'s> {
    pub script: &'s Script,
    pub statements: Vec<Statement>,
    pub units: Vec<Unit>,
}

impl<'s> Parts<'s> {
    /// # Errors
    /// Every problem, as what keeps the attempt from starting.
    pub fn of(script: &'s Script) -> Result<Self, Failure> {
        let found = split(&script.file, &script.text, script.first_line).map_err(blocked)?;
        let units = units(&script.text, &found.statements).map_err(blocked)?;
        Ok(Self { script, statements: found.statements, units })
    }

    fn sql(&self, statement: usize) -> &'s str {
        &self.script.text[self.statements[statement].range.clone()]
    }

    /// Place and text of a unit's first statement.
    fn head(&self, unit: &Unit) -> (Place, String) {
        let first = unit.left_out.first().into_iter().chain(&unit.body).min().copied().unwrap_or_default();
        let shown = unit.body.first().copied().unwrap_or(first);
        (self.statements[first].at.clone(), cut(self.sql(shown), SQL_BYTES_MAX))
    }

    fn count(&self) -> usize {
        self.units.iter().map(|unit| unit.body.len()).sum()
    }
}

impl Attempt {
    /// Applies or rolls back one migration unit by unit; applying again only looks.
    ///
    /// # Errors
    /// With what kept it from its end. What ran until then is final.
    pub(super) async fn migrate_stepwise(
        &self,
        migration: &Migration,
        script: &Script,
        words: &mut mpsc::Receiver<Word>,
    ) -> Result<(), Failure> {
        let parts = Parts::of(script)?;
        let mut backend = self.connect().await?;
        let result = if self.step.kind == crate::definition::StepKind::Reapply {
            self.apply_again(&mut backend, migration, &parts).await
        } else {
            self.unit_by_unit(&mut backend, migration, &parts, words).await
        };
        if backend.transaction_status() != b'I' {
            // Best effort: a failed transaction dies with its connection anyway.
            let _ = backend.run("ROLLBACK", &mut |_| {}).await;
        }
        backend.close().await;
        result
    }

    /// Whether a row that says running is one this step goes on from: of this session, on its way without a
    /// transaction. A rollback may start from a half-way apply.
    pub(super) fn goes_on_from(&self, row: &LedgerRow, migration: &Migration) -> bool {
        let ours = row.attempt.strip_prefix(&self.id.session).is_some_and(|rest| rest.starts_with('/'));
        let fits = match (self.direction(), row.direction) {
            (Direction::Up, Direction::Up) => migration.script.transaction == Transaction::None,
            (Direction::Down, Direction::Down) => migration.rollback.script.transaction == Transaction::None,
            (Direction::Down, Direction::Up) => true,
            (Direction::Up, Direction::Down) => false,
        };
        !row.done && row.units.is_some() && ours && fits
    }

    async fn unit_by_unit(
        &self,
        backend: &mut Backend,
        migration: &Migration,
        parts: &Parts<'_>,
        words: &mut mpsc::Receiver<Word>,
    ) -> Result<(), Failure> {
        let mark = self.mark(migration, parts.script);
        self.fence(backend).await?;
        ledger::ensure(backend).await.map_err(|error| self.failure(error, None))?;
        let row = self.not_done_yet(backend, migration, &mark).await?;
        let row = row.filter(|row| row.direction == mark.direction);
        let of = parts.units.len();
        let done = row.as_ref().and_then(|row| row.units).unwrap_or(Units { done: 0, of });
        if done.of != of {
            return Err(Failure::Blocked {
                what: format!(
                    "the ledger knows {} units of {}, the file has {of}",
                    done.of,
                    parts.script.name()
                ),
                next: "bring back the file that was begun with".to_owned(),
            });
        }
        let mut before = self.before_units(backend, migration, row.is_some(), &mark).await?;
        let mut progress = Progress::new(&mark, of, row.map(|row| row.attempt));
        let begun = (self.room.now_us)();
        for (index, unit) in parts.units.iter().enumerate() {
            if index < done.done {
                self.left_out(parts, unit, "an earlier attempt has done it, by the ledger");
                if unit.setting {
                    self.send_all(backend, parts, unit).await?;
                }
            } else if !self.one_unit(backend, parts, index, &mut progress, words).await? {
                return Ok(());
            }
        }
        let elapsed_us = (self.room.now_us)().saturating_sub(begun);
        self.observe(Observation::Ran { statements: parts.count(), elapsed_us });
        self.prove_units(backend, &mut before).await?;
        self.say(Report::UnitsComplete);
        if words.recv().await != Some(Word::Commit) {
            self.say(Report::Discarded);
            return Ok(());
        }
        self.take_row(backend, &mut progress).await?;
        self.run(backend, "BEGIN").await?;
        self.write_history(backend, migration).await?;
        self.complete_units(backend, &progress).await?;
        self.commit(backend, &mark, &before.flaws).await
    }

    /// Looks at a unit, waits for the word and does it; `false` when the step is to be let go.
    async fn one_unit(
        &self,
        backend: &mut Backend,
        parts: &Parts<'_>,
        index: usize,
        progress: &mut Progress<'_>,
        words: &mut mpsc::Receiver<Word>,
    ) -> Result<bool, Failure> {
        let unit = &parts.units[index];
        let mut mended = String::new();
        loop {
            self.go_on()?;
            if !ledger::holds_fence(backend).await.map_err(|error| self.failure(error, None))? {
                return Err(Failure::Escaped {
                    what: "the script let go of the lock that keeps a second ceremony out".to_owned(),
                });
            }
            let look = self.look_at_unit(backend, unit).await?;
            if !mended.is_empty() && look.mend == mended {
                return Err(Failure::Escaped { what: format!("{mended} was run, and still {}", look.found) });
            }
            let (at, sql) = parts.head(unit);
            self.say(Report::UnitReady { index, of: parts.units.len(), at, sql, look: look.clone() });
            let result = match words.recv().await {
                Some(Word::Unit(UnitWork::Run)) => {
                    self.take_row(backend, progress).await?;
                    self.run_unit(backend, parts, index, progress).await.map(|()| true)
                }
                Some(Word::Unit(UnitWork::Mend)) => {
                    self.take_row(backend, progress).await?;
                    mended.clone_from(&look.mend);
                    self.mend(backend, parts, unit, &look.mend).await.map(|()| false)
                }
                Some(Word::Unit(UnitWork::LeaveOut)) => {
                    self.take_row(backend, progress).await?;
                    self.left_out(parts, unit, &look.found);
                    self.run(backend, "BEGIN").await?;
                    self.count_unit(backend, index, progress).await.map(|()| true)
                }
                Some(Word::Commit | Word::Discard) | None => {
                    self.say(Report::Discarded);
                    return Ok(false);
                }
            };
            match result {
                Ok(true) => {
                    self.say(Report::UnitDone { index });
                    return Ok(true);
                }
                Ok(false) => {}
                Err(failure) => return self.unit_failed(backend, unit, index, failure).await.map(|()| false),
            }
        }
    }

    async fn look_at_unit(&self, backend: &mut Backend, unit: &Unit) -> Result<UnitLook, Failure> {
        match unit.rule {
            None => Ok(probe::plain(UnitProbe::InTransaction)),
            Some(_) => self.probe(backend, &unit.target).await,
        }
    }

    /// Runs a unit alone. One that can be in a transaction is counted in the same one.
    async fn run_unit(
        &self,
        backend: &mut Backend,
        parts: &Parts<'_>,
        index: usize,
        progress: &Progress<'_>,
    ) -> Result<(), Failure> {
        let unit = &parts.units[index];
        if unit.rule.is_none() {
            self.run(backend, "BEGIN").await?;
            self.send_all(backend, parts, unit).await?;
        } else {
            self.send_all(backend, parts, unit).await?;
            let after = self.probe(backend, &unit.target).await?;
            if matches!(after.probe, UnitProbe::Half | UnitProbe::Absent) {
                return Err(Failure::Escaped {
                    what: format!("the server reported success, but {}", after.found),
                });
            }
            self.run(backend, "BEGIN").await?;
        }
        self.count_unit(backend, index, progress).await
    }

    async fn mend(
        &self,
        backend: &mut Backend,
        parts: &Parts<'_>,
        unit: &Unit,
        sql: &str,
    ) -> Result<(), Failure> {
        let (at, _) = parts.head(unit);
        let index = unit.body.first().copied().unwrap_or_default();
        self.say(Report::StatementStarted { index, of: parts.count(), at, sql: sql.to_owned() });
        let started = (self.room.now_us)();
        let tag = self.run(backend, sql).await?;
        let elapsed_us = (self.room.now_us)().saturating_sub(started);
        self.say(Report::StatementFinished { index, tag, elapsed_us });
        Ok(())
    }

    /// Says what failed and what the catalog has of it. Where the connection is lost, nobody can look.
    async fn unit_failed(
        &self,
        backend: &mut Backend,
        unit: &Unit,
        index: usize,
        failure: Failure,
    ) -> Result<(), Failure> {
        if matches!(failure, Failure::Connection { .. }) {
            return Err(failure);
        }
        if backend.transaction_status() != b'I' {
            // Best effort: what is open dies with the connection anyway.
            let _ = backend.run("ROLLBACK", &mut |_| {}).await;
        }
        // After STOP too: what it cut short may be half there.
        self.stop.wind_up();
        backend.canceller().over().await;
        let look = match self.look_at_unit(backend, unit).await {
            Ok(look) => look,
            Err(_) => return Err(failure),
        };
        self.say(Report::UnitFailed { index, failure, look });
        Ok(())
    }

    fn left_out(&self, parts: &Parts<'_>, unit: &Unit, why: &str) {
        let (at, sql) = parts.head(unit);
        let why = if unit.setting { "it sets something for the connection: set again" } else { why };
        self.say(Report::StatementLeftOut { at, sql, why: why.to_owned() });
    }

    /// Sends the statements of a unit.
    pub(super) async fn send_all(
        &self,
        backend: &mut Backend,
        parts: &Parts<'_>,
        unit: &Unit,
    ) -> Result<(), Failure> {
        let ahead: usize =
            parts.units.iter().take_while(|other| *other != unit).map(|it| it.body.len()).sum();
        for (number, &at) in unit.body.iter().enumerate() {
            self.go_on()?;
            let statement = &parts.statements[at];
            let (index, of) = (ahead + number, parts.count());
            let sql = cut(parts.sql(at), SQL_BYTES_MAX);
            self.say(Report::StatementStarted { index, of, at: statement.at.clone(), sql });
            let started = (self.room.now_us)();
            let tag = self.statement(backend, parts.script, statement, parts.sql(at)).await?;
            let elapsed_us = (self.room.now_us)().saturating_sub(started);
            self.say(Report::StatementFinished { index, tag, elapsed_us });
        }
        Ok(())
    }

    fn before_name(&self, migration: &Migration) -> String {
        let way = if self.direction() == Direction::Up { "up" } else { "down" };
        format!("before-{}-{way}.json", migration.id.replace('/', "+"))
    }

    /// Schema and rows before the first unit. A later attempt compares with what the first one saw.
    async fn before_units(
        &self,
        backend: &mut Backend,
        migration: &Migration,
        begun: bool,
        mark: &ledger::Mark<'_>,
    ) -> Result<Before, Failure> {
        let name = self.before_name(migration);
        if begun && let Ok(mut before) = self.kept::<Before>(&name) {
            // Whatever happened to it between two attempts, this one is about this one.
            before.ledger = ledger::table(backend).await.map_err(|error| self.failure(error, None))?;
            self.run(backend, "BEGIN").await?;
            self.back_up_what_dies(backend).await?;
            self.run(backend, "ROLLBACK").await?;
            return Ok(before);
        }
        if begun {
            self.remark("what was there before the first unit is not known any more: compared with now");
        }
        let mut before = self.begin(backend, mark).await?;
        before.is_of_another_transaction();
        self.back_up_what_dies(backend).await?;
        self.run(backend, "ROLLBACK").await?;
        self.keep(&name, &before)?;
        Ok(before)
    }

    fn remark(&self, text: &str) {
        self.say(Report::Printed { source: Source::Runner, text: format!("{text}\n") });
    }

    /// The same proof as in a transaction, but over what is final already.
    async fn prove_units(&self, backend: &mut Backend, before: &mut Before) -> Result<(), Failure> {
        self.run(backend, "RESET SESSION AUTHORIZATION").await?;
        if self.step.checks.iter().any(|check| matches!(check.subject, Subject::Protected(_))) {
            self.remark(
                "rows of protected tables are compared across the step, not in one transaction: what others wrote meanwhile counts too",
            );
        }
        self.run(backend, "BEGIN").await?;
        before.name = Name::Xid(self.xid(backend).await?);
        self.prove(backend, before).await?;
        self.run(backend, "ROLLBACK").await?;
        // What the script set for the connection came back with the rollback.
        self.run(backend, "RESET ROLE").await?;
        self.run(backend, "RESET ALL").await?;
        self.own_settings(backend).await
    }
}
