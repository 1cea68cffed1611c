//! The rollback drill: on a throw-away copy of the database the real rollback scripts run, and behind each the schema
//! is compared with the one its migration started from; then everything is applied again, compared the same way.

use super::attempt::{Attempt, CONNECT_MAX, GRACE_MS, prepare};
use super::backend::{Backend, DbError, Endpoint};
use super::catalog::{Snapshot, diff};
use super::copy::{self, NoCopy};
use crate::definition::Transaction;
use crate::session::*;

impl Attempt {
    /// Runs the drill. The copy is dropped whatever happens.
    ///
    /// # Errors
    /// Of a script, the server or the connection.
    pub async fn drill(&self) -> Result<(), Failure> {
        let rungs = self.kept_rungs()?;
        // Says and compares the server's identity; files are copied while nobody is connected to the source.
        self.connect().await?.close().await;
        // A name of this session's own: another ceremony on the same server may be at its drill right now.
        let ours = format!("ceremony_drill_{}_", self.id.session.replace('-', "_"));
        let copy = format!("{ours}{}", self.id.number);
        let outside = copy::outside(&self.room.endpoint);
        let mut maintenance = self.connect_to(&outside).await?;
        // One is left where an earlier drill of this session died with its program.
        let left = copy::named(&mut maintenance, &ours).await;
        for old in left.map_err(|error| self.failure(error, None))? {
            self.go_on()?;
            let dropped = copy::discard(&mut maintenance, &old).await;
            dropped.map_err(|error| self.failure(error, None))?;
        }
        // Nobody may be connected to what is copied, not even we.
        self.room.presence.leave().await;
        let made = self.make_copy(&mut maintenance, &copy).await;
        let result = match made {
            Ok(()) => self.on_copy(&copy, &rungs).await,
            Err(failure) => Err(failure),
        };
        // After STOP the copy goes all the same.
        let mut dropped = copy::discard(&mut maintenance, &copy).await;
        maintenance.close().await;
        // Nor does it stay when a second STOP ended that connection.
        if let Err(DbError::Lost(_)) = dropped
            && let Ok(mut again) = Backend::connect(&outside, "ceremony drill", CONNECT_MAX).await
        {
            dropped = copy::discard(&mut again, &copy).await;
            again.close().await;
        }
        result?;
        dropped.map_err(|error| self.failure(error, None))?;
        self.say(Report::Finished);
        Ok(())
    }

    async fn make_copy(&self, maintenance: &mut Backend, copy: &str) -> Result<(), Failure> {
        let job = copy::Job {
            source: &self.room.endpoint,
            copy,
            room: &self.room.suites,
            limit_ms: self.room.plan.ceremony.limits.statement_timeout_ms + GRACE_MS,
            stop: &self.stop,
            mark: copy,
            say: &*self.say,
            now_us: &*self.room.now_us,
        };
        job.make(maintenance).await.map(drop).map_err(|error| match error {
            NoCopy::Blocked { what, next } => {
                Failure::Blocked { what, next: format!("{next}, then answer the gate again") }
            }
            NoCopy::Stopped => Failure::Cancelled,
            NoCopy::Database(error) => self.failure(error, None),
        })
    }

    /// The schema that each migration started from, in the order of the plan.
    fn kept_rungs(&self) -> Result<Vec<Snapshot>, Failure> {
        let plan = &self.room.plan;
        let of = |(height, &at): (usize, &usize)| match self.rung(&plan.ceremony.migrations[at].id) {
            // The lowest rung is the schema before the ceremony.
            Err(failure) if height == 0 => self.schema_before().ok_or(failure),
            other => other,
        };
        plan.order.iter().enumerate().map(of).collect()
    }

    /// What may differ on the rung below the migration at this height: what it and those above leave on purpose.
    fn allowed(&self, height: usize) -> Allowed {
        let plan = &self.room.plan;
        let above = plan.order[height..].iter().map(|&at| &plan.ceremony.migrations[at].rollback);
        let (mut kept, mut also_drops) = (Vec::new(), Vec::new());
        for rollback in above {
            kept.extend(rollback.kept.iter().cloned());
            also_drops.extend(rollback.also_drops.iter().cloned());
        }
        Allowed { kept, also_drops }
    }

    /// Down and up again. What was seen is said at the end, and also when a script fails; nothing less is an observation.
    async fn on_copy(&self, copy: &str, rungs: &[Snapshot]) -> Result<(), Failure> {
        let endpoint = Endpoint { database: copy.to_owned(), ..self.room.endpoint.clone() };
        let ceremony = &self.room.plan.ceremony;
        let this = ceremony.steps.iter().find(|step| step.id == self.step.id);
        if let Some(seed) = this.and_then(|step| step.seed.as_ref()) {
            self.one(&endpoint, seed).await?;
        }
        let taken = self.take_out(&endpoint).await?;
        let mut seen = Vec::new();
        let result = self.down_and_up(&endpoint, rungs, &mut seen).await;
        if result.is_ok() || seen.last().is_some_and(|rung| rung.error.is_some()) {
            self.observe(Observation::Drill {
                rungs: seen,
                residue: Vec::new(),
                kept: Vec::new(),
                again: Vec::new(),
            });
        }
        result?;
        self.put_back(&endpoint, taken).await
    }

    async fn down_and_up(
        &self,
        endpoint: &Endpoint,
        rungs: &[Snapshot],
        seen: &mut Vec<Rung>,
    ) -> Result<(), Failure> {
        let plan = &self.room.plan;
        let top = self.look_at_copy(endpoint).await?;
        for height in (0..plan.order.len()).rev() {
            let migration = &plan.ceremony.migrations[plan.order[height]];
            let way = (Direction::Down, &migration.id, self.allowed(height));
            self.rung_of(endpoint, &migration.rollback.script, way, &rungs[height], seen).await?;
        }
        for (height, &at) in plan.order.iter().enumerate() {
            let migration = &plan.ceremony.migrations[at];
            // What the rollbacks above kept is still there until their migrations run again.
            let allowed = Allowed { kept: self.allowed(height + 1).kept, ..Allowed::default() };
            let way = (Direction::Up, &migration.id, allowed);
            let wanted = rungs.get(height + 1).unwrap_or(&top);
            self.rung_of(endpoint, &migration.script, way, wanted, seen).await?;
        }
        Ok(())
    }

    async fn look_at_copy(&self, endpoint: &Endpoint) -> Result<Snapshot, Failure> {
        let mut backend = self.connect_to(endpoint).await?;
        let snapshot = self.snapshot(&mut backend).await?;
        backend.close().await;
        Ok(snapshot)
    }

    /// Runs one script and compares the schema behind it with the one `wanted` there.
    async fn rung_of(
        &self,
        endpoint: &Endpoint,
        script: &crate::definition::Script,
        (direction, migration, allowed): (Direction, &String, Allowed),
        wanted: &Snapshot,
        seen: &mut Vec<Rung>,
    ) -> Result<(), Failure> {
        let ran = self.one(endpoint, script).await;
        if let Err(Failure::Sql { error }) = &ran {
            let mut rung = Rung::new(migration, direction, &allowed, Vec::new());
            rung.error = Some(error.clone());
            seen.push(rung);
        }
        ran?;
        let now = self.look_at_copy(endpoint).await?;
        seen.push(Rung::new(migration, direction, &allowed, diff(wanted, &now)));
        Ok(())
    }

    /// Runs a script in a transaction of its own, on a connection of its own, as the real step does.
    async fn one(&self, endpoint: &Endpoint, script: &crate::definition::Script) -> Result<(), Failure> {
        self.say(Report::Printed {
            source: Source::Runner,
            text: format!("on the copy: {}\n", script.name()),
        });
        let mut backend = self.connect_to(endpoint).await?;
        if script.transaction == Transaction::None {
            self.units_on_copy(&mut backend, script).await?;
            backend.close().await;
            return Ok(());
        }
        let prepared = prepare(script)?;
        self.run(&mut backend, "BEGIN").await?;
        self.run_script(&mut backend, &prepared).await?;
        self.run(&mut backend, "COMMIT").await?;
        backend.close().await;
        Ok(())
    }
}
