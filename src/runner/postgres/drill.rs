//! The rollback drill: on a throw-away copy of the database the real rollback scripts run, and behind each the schema
//! is compared with the one its migration started from; then everything is applied again, compared the same way.

use super::attempt::{Attempt, prepare};
use super::backend::{Backend, Endpoint};
use super::catalog::{Snapshot, diff};
use super::ledger::literal;
use crate::definition::Transaction;
use crate::session::*;

/// A database that is not the one to be copied.
pub(super) fn elsewhere(source: &str) -> &'static str {
    if source == "template1" { "postgres" } else { "template1" }
}

impl Attempt {
    /// Runs the drill. The copy is dropped whatever happens.
    ///
    /// # Errors
    /// Of a script, the server or the connection.
    pub async fn drill(&self) -> Result<(), Failure> {
        let rungs = self.kept_rungs()?;
        // Says and compares the server's identity; a copy cannot be made while anybody is connected to the source.
        self.connect().await?.close().await;
        let source = &self.room.endpoint.database;
        // A name of this session's own: another ceremony on the same server may be at its drill right now.
        let ours = format!("ceremony_drill_{}_", self.id.session.replace('-', "_"));
        let copy = format!("{ours}{}", self.id.number);
        let outside = Endpoint { database: elsewhere(source).to_owned(), ..self.room.endpoint.clone() };
        let mut maintenance = self.connect_to(&outside).await?;
        // One is left where an earlier drill of this session died with its program.
        let left = format!(
            "SELECT datname FROM pg_catalog.pg_database WHERE pg_catalog.starts_with(datname::text, {}) LIMIT 1",
            literal(&ours)
        );
        while let Some(old) = self.value(&mut maintenance, &left).await? {
            self.run(&mut maintenance, &format!("DROP DATABASE {old} WITH (FORCE)")).await?;
        }
        let drop_copy = format!("DROP DATABASE IF EXISTS {copy} WITH (FORCE)");
        // Nobody may be connected to what is copied, not even we.
        self.room.presence.leave().await;
        let made = self.make_copy(&mut maintenance, source, &copy).await;
        let result = match made {
            Ok(()) => self.on_copy(&copy, &rungs).await,
            Err(failure) => Err(failure),
        };
        // After STOP the copy goes all the same.
        let dropped = maintenance.run(&drop_copy, &mut |_| {}).await;
        maintenance.close().await;
        result?;
        dropped.map_err(|error| self.failure(error, None))?;
        self.say(Report::Finished);
        Ok(())
    }

    async fn make_copy(&self, maintenance: &mut Backend, source: &str, copy: &str) -> Result<(), Failure> {
        let quoted = source.replace('"', "\"\"");
        let sql = format!("CREATE DATABASE {copy} TEMPLATE \"{quoted}\" STRATEGY wal_log");
        match self.run(maintenance, &sql).await {
            Err(Failure::Sql { error }) if error.sqlstate == "55006" => {
                let who = self
                    .value(
                        maintenance,
                        &format!(
                            "SELECT pg_catalog.string_agg(pg_catalog.format('process %s \"%s\"', pid, application_name), ', ')
                               FROM pg_catalog.pg_stat_activity WHERE datname = {}",
                            literal(source)
                        ),
                    )
                    .await?;
                Err(Failure::Blocked {
                    what: format!(
                        "the database cannot be copied while others are connected: {}",
                        who.unwrap_or_else(|| "they have just left".to_owned())
                    ),
                    next: "let them disconnect, then answer the gate again".to_owned(),
                })
            }
            other => {
                other?;
                self.say(Report::Printed {
                    source: Source::Runner,
                    text: format!("copied database {source} to {copy}\n"),
                });
                Ok(())
            }
        }
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
