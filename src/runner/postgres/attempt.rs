//! What every attempt at a step has: the plan, the room it runs in, a voice, and an ear for STOP.

use super::backend::{Backend, DbError, Endpoint, Position, RowLimits};
use super::ledger;
use super::notices::Notices;
use super::presence::Presence;
use super::radar::Sight;
use super::split::{Arranged, Kind, Statement, arrange, line_at, offset_of_position, place_of, split};
use super::stop::Stop;
use super::text::{SQL_BYTES_MAX, cut, lines_of, pieces};
use crate::definition::{Diagnostic, Script, StepKind};
use crate::plan::{Plan, Step};
use crate::runner::Recorded;
use crate::runner::files::DiskFolder;
use crate::runner::suite::SuiteRoom;
use crate::session::*;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What is kept of a result; all rows are counted.
const KEPT: RowLimits =
    RowLimits { rows_max: 200, cell_bytes_max: CELL_BYTES_MAX, bytes_max: RESULT_BYTES_MAX };
/// How long a connection may take.
pub const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How much longer than the server's own timeout an answer may take before the connection counts as lost.
pub const GRACE_MS: u64 = 10_000;
/// How long another holder of the fence is waited for.
const FENCE_MAX: Duration = Duration::from_secs(5);

/// Where a session's attempts run.
pub struct Room {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The target.
    pub endpoint: Endpoint,
    /// The folder of the definition, for files that are read again.
    pub folder: DiskFolder,
    /// The session's folder, for backups and snapshots.
    pub session: PathBuf,
    /// The session's place in the database.
    pub presence: Presence,
    /// Whether it is a rehearsal, in which each statement is looked at.
    pub rehearsal: bool,
    /// For suites.
    pub suites: SuiteRoom,
    /// Microseconds of the session's clock.
    pub now_us: Box<dyn Fn() -> u64 + Send + Sync>,
    /// How many connections the server takes, in words, once it was asked.
    pub connections: OnceLock<String>,
}

/// One attempt at one step.
pub struct Attempt {
    /// Where it runs.
    pub room: Arc<Room>,
    /// The step.
    pub step: Step,
    /// Its id.
    pub id: AttemptId,
    /// The server as first seen.
    pub pin: Option<Identity>,
    /// Where the record ended when it was decided on.
    pub recorded: Recorded,
    /// STOP.
    pub stop: Arc<Stop>,
    /// What the radar saw last.
    pub sight: Arc<Sight>,
    /// Where reports go; waits while the driver is busy.
    pub say: Arc<dyn Fn(Report) + Send + Sync>,
}

/// A script that may be run in one transaction.
pub struct Prepared<'s> {
    /// Where it comes from.
    pub script: &'s Script,
    /// All statements.
    pub statements: Vec<Statement>,
    /// Which of them are sent.
    pub arranged: Arranged,
}

/// Splits a script and sees whether it can run in one transaction.
///
/// # Errors
/// Every problem, as what keeps the attempt from starting.
pub fn prepare(script: &Script) -> Result<Prepared<'_>, Failure> {
    let found = split(&script.file, &script.text, script.first_line).map_err(blocked)?;
    let arranged = arrange(&script.text, &found.statements).map_err(blocked)?;
    Ok(Prepared { script, statements: found.statements, arranged })
}

/// Problems of a script, as what keeps the attempt from starting.
pub(super) fn blocked(problems: Vec<Diagnostic>) -> Failure {
    let list = |part: fn(&Diagnostic) -> String| problems.iter().map(part).collect::<Vec<_>>().join("; ");
    Failure::Blocked {
        what: list(|problem| format!("{}: {} ({})", problem.at, problem.what, problem.why)),
        next: list(|problem| problem.next.clone()),
    }
}

impl Attempt {
    /// Says something.
    pub fn say(&self, report: Report) {
        (self.say)(report);
    }

    /// Says what was observed.
    pub fn observe(&self, observation: Observation) {
        self.say(Report::Observed { observation });
    }

    /// Fails once STOP was pressed.
    ///
    /// # Errors
    /// [`Failure::Cancelled`].
    pub fn go_on(&self) -> Result<(), Failure> {
        if self.stop.holds() { Err(Failure::Cancelled) } else { Ok(()) }
    }

    /// A connection that broke because we terminated it is a stop, not a loss.
    pub fn stopped_or(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Connection { .. } if self.stop.requested() => Failure::Cancelled,
            failure => failure,
        }
    }

    /// A connection with the step's timeouts, to `endpoint`, that STOP can reach.
    ///
    /// # Errors
    /// When there is none to be had.
    pub async fn connect_to(&self, endpoint: &Endpoint) -> Result<Backend, Failure> {
        self.go_on()?;
        let name = format!("ceremony {}", self.step.id);
        let mut backend = self.patiently(endpoint, &name).await?;
        self.stop.watch(backend.canceller());
        backend.answers_within(self.answer_max());
        // Before the first setting: another version may not know it.
        let version = self.value(&mut backend, "SELECT pg_catalog.current_setting('server_version')").await?;
        if let Some(why) = unfit_version(&version.unwrap_or_default()) {
            return Err(unfit(&why));
        }
        self.own_settings(&mut backend).await?;
        Ok(backend)
    }

    /// Timeouts and all else that a step's connection has. Until the end of the transaction if one is open: a script
    /// may have set its own.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub(super) async fn own_settings(&self, backend: &mut Backend) -> Result<(), Failure> {
        let limits = self.room.plan.ceremony.limits;
        let set = if backend.transaction_status() == b'I' { "SET" } else { "SET LOCAL" };
        for setting in [
            format!("lock_timeout = {}", limits.lock_timeout_ms),
            format!("statement_timeout = {}", limits.statement_timeout_ms),
            // What is said to be committed must outlive a crash.
            "synchronous_commit = on".to_owned(),
            // The splitter reads strings this way.
            "standard_conforming_strings = on".to_owned(),
            "client_connection_check_interval = 1000".to_owned(),
        ] {
            self.run(backend, &format!("{set} {setting}")).await?;
        }
        Ok(())
    }

    /// A connection to the target, whose identity is said and compared with the pinned one.
    ///
    /// # Errors
    /// When there is none to be had, or it is another server.
    pub async fn connect(&self) -> Result<Backend, Failure> {
        let mut backend = self.connect_to(&self.room.endpoint).await?;
        let mut identity = self.within(backend.identity()).await?;
        if self.step.kind == StepKind::Preflight {
            identity.circumstances = Some(Box::new(self.within(backend.circumstances()).await?));
        }
        self.observe(Observation::Server { identity: Box::new(identity.clone()) });
        self.ask_for_connections(&mut backend).await?;
        if let Some(pin) = self.pin.as_ref().filter(|pin| !pin.is_same_database(&identity)) {
            return Err(Failure::Blocked {
                what: format!(
                    "this is another server or database: {}, at the start it was {}",
                    identity.pin(),
                    pin.pin()
                ),
                next: "bring back the first one, or start a new session on this one".to_owned(),
            });
        }
        if let Some(why) = identity.unfit() {
            return Err(unfit(&why));
        }
        self.be_present().await?;
        Ok(backend)
    }

    /// Takes the fence: one ceremony at a time in a database.
    ///
    /// # Errors
    /// When somebody else holds it; says who.
    pub async fn fence(&self, backend: &mut Backend) -> Result<(), Failure> {
        let mut beat = tokio::time::interval(Duration::from_millis(200));
        let take = async {
            loop {
                beat.tick().await;
                self.go_on()?;
                if ledger::try_lock(backend, ledger::Lock::Fence)
                    .await
                    .map_err(|error| self.failure(error, None))?
                {
                    return Ok::<(), Failure>(());
                }
            }
        };
        if let Ok(taken) = tokio::time::timeout(FENCE_MAX, take).await {
            return taken;
        }
        // The dropped call left that connection half-way: ask who it is on another one.
        let mut other = self.connect_to(&self.room.endpoint).await?;
        let holder = ledger::holder(&mut other, ledger::Lock::Fence)
            .await
            .map_err(|error| self.failure(error, None))?;
        other.close().await;
        Err(Failure::Blocked {
            what: format!(
                "another ceremony holds this database: {}",
                holder.unwrap_or_else(|| "it has just ended".to_owned())
            ),
            next: "let it end, or end it, then answer the gate again".to_owned(),
        })
    }

    /// Hears the notices of one statement.
    pub(super) fn notices(&self) -> Notices {
        Notices::new(self.say.clone())
    }

    /// Runs one statement of our own.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn run(&self, backend: &mut Backend, sql: &str) -> Result<String, Failure> {
        let notices = self.notices();
        let mut notice = |notice| notices.hear(notice);
        notices.during(self.within(backend.run(sql, &mut notice))).await
    }

    /// The server's own timeout comes first; whoever hears nothing of it either has lost the server.
    fn answer_max(&self) -> Duration {
        Duration::from_millis(self.room.plan.ceremony.limits.statement_timeout_ms + GRACE_MS)
    }

    /// Waits for an answer, unless STOP was pressed. The deadline is the connection's.
    pub(super) async fn within<T>(
        &self,
        answer: impl Future<Output = Result<T, DbError>>,
    ) -> Result<T, Failure> {
        self.go_on()?;
        answer.await.map_err(|error| self.failure(error, None))
    }

    /// Rows of a query, the first of them as text.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn rows(&self, backend: &mut Backend, sql: &str) -> Result<ResultSet, Failure> {
        let notices = self.notices();
        let mut notice = |notice| notices.hear(notice);
        let rows = notices.during(self.within(backend.rows_within(sql, KEPT, &mut notice))).await?;
        Ok(rows.0)
    }

    /// All rows of a query of our own.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn all_rows(
        &self,
        backend: &mut Backend,
        sql: &str,
    ) -> Result<Vec<Vec<Option<String>>>, Failure> {
        Ok(self.within(backend.rows(sql, usize::MAX, usize::MAX, &mut |_| {})).await?.0.rows)
    }

    /// One value.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn value(&self, backend: &mut Backend, sql: &str) -> Result<Option<String>, Failure> {
        self.within(backend.value(sql)).await
    }

    /// Runs the statements of a prepared script one by one, in the transaction that is open.
    ///
    /// # Errors
    /// With the first statement that fails, at its place in the file.
    pub async fn run_script(&self, backend: &mut Backend, prepared: &Prepared<'_>) -> Result<(), Failure> {
        let text = &prepared.script.text;
        let begun = (self.room.now_us)();
        for &at in &prepared.arranged.left_out {
            let statement = &prepared.statements[at];
            self.say(Report::StatementLeftOut {
                at: statement.at.clone(),
                sql: text[statement.range.clone()].to_owned(),
                why: "the file runs in the step's own transaction".to_owned(),
            });
        }
        let mut toll = self.toll_meter(backend).await?;
        let mut limit_ms = self.room.plan.ceremony.limits.statement_timeout_ms;
        for (index, &at) in prepared.arranged.body.iter().enumerate() {
            self.go_on()?;
            self.set_budget(backend, Some(index), &mut limit_ms).await?;
            let statement = &prepared.statements[at];
            let sql = &text[statement.range.clone()];
            self.say(Report::StatementStarted {
                index,
                of: prepared.arranged.body.len(),
                at: statement.at.clone(),
                sql: cut(sql, SQL_BYTES_MAX),
            });
            let started = (self.room.now_us)();
            let tag = self.statement(backend, prepared.script, statement, sql).await;
            let tag = tag.map_err(|failure| self.over_budget(failure, index))?;
            let elapsed_us = (self.room.now_us)().saturating_sub(started);
            self.say(Report::StatementFinished { index, tag, elapsed_us });
            self.say_toll(backend, &mut toll, index).await?;
        }
        self.set_budget(backend, None, &mut limit_ms).await?;
        let elapsed_us = (self.room.now_us)().saturating_sub(begun);
        self.observe(Observation::Ran { statements: prepared.arranged.body.len(), elapsed_us });
        Ok(())
    }

    pub(super) async fn statement(
        &self,
        backend: &mut Backend,
        script: &Script,
        statement: &Statement,
        sql: &str,
    ) -> Result<String, Failure> {
        // Saying what comes now may have taken its time, and a cancel that came meanwhile met nothing.
        self.go_on()?;
        let notices = self.notices();
        let mut notice = |notice| notices.hear(notice);
        let answer = if statement.kind == Kind::Rows {
            let rows = notices.during(backend.rows_within(sql, KEPT, &mut notice)).await;
            rows.map(|(result, tag)| {
                if result.total > 0 {
                    for text in pieces(&lines_of(&result), OUTPUT_BYTES_MAX) {
                        self.say(Report::Printed { source: Source::Server, text });
                    }
                }
                tag
            })
        } else {
            notices.during(backend.run(sql, &mut notice)).await
        };
        answer.map_err(|error| self.failure(error, Some((script, statement))))
    }

    /// A failure in our words; the server's position becomes a place in the file.
    pub fn failure(&self, error: DbError, at: Option<(&Script, &Statement)>) -> Failure {
        match error {
            DbError::Server { mut card, position } => {
                if let Some((script, statement)) = at {
                    let offset = match position {
                        Some(Position::InStatement(position)) => {
                            offset_of_position(&script.text, &statement.range, position)
                        }
                        _ => statement.range.start,
                    };
                    card.at = Some(place_of(&script.file, &script.text, script.first_line, offset));
                    card.line = Some(line_at(&script.text, offset).to_owned());
                }
                card.blocked_by = self.sight.blockers(&card, self.stop.pid(), (self.room.now_us)());
                Failure::Sql { error: card }
            }
            DbError::Lost(what) => Failure::Connection { what },
            DbError::Cancelled(_) => Failure::Cancelled,
            DbError::NotLocal(refused) => {
                Failure::Blocked { what: format!("{}: {}", refused.what, refused.why), next: refused.next }
            }
            DbError::Unusable(what) => {
                Failure::Blocked { what, next: "mend the statement, then answer the gate again".to_owned() }
            }
        }
    }
}

fn unfit(why: &str) -> Failure {
    Failure::Blocked {
        what: format!("the server is not fit for a ceremony: {why}"),
        next: "connect to a primary of a version that is known, that may be written to, with fsync and full_page_writes \
               on, that only this machine uses"
            .to_owned(),
    }
}
