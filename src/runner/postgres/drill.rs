//! The rollback drill: on a throw-away copy of the database the real rollback scripts run, the schema is compared
//! with the one before the ceremony, and everything is applied again.

use super::attempt::{Attempt, prepare};
use super::backend::{Backend, Endpoint};
use super::catalog::diff;
use super::ledger::literal;
use crate::definition::Transaction;
use crate::session::*;

impl Attempt {
    /// Runs the drill. The copy is dropped whatever happens.
    ///
    /// # Errors
    /// Of a script, the server or the connection.
    pub async fn drill(&self) -> Result<(), Failure> {
        let before = self.schema_before().ok_or_else(|| Failure::Blocked {
            what: "the schema before the ceremony was not recorded".to_owned(),
            next: "put a step of kind backup before the apply step".to_owned(),
        })?;
        // Says and compares the server's identity; a copy cannot be made while anybody is connected to the source.
        self.connect().await?.close().await;
        let source = &self.room.endpoint.database;
        // A name of this session's own: another ceremony on the same server may be at its drill right now.
        let ours = format!("ceremony_drill_{}_", self.id.session.replace('-', "_"));
        let copy = format!("{ours}{}", self.id.number);
        let elsewhere = if source == "template1" { "postgres" } else { "template1" };
        let outside = Endpoint { database: elsewhere.to_owned(), ..self.room.endpoint.clone() };
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
        let made = self.make_copy(&mut maintenance, source, &copy).await;
        let result = match made {
            Ok(()) => self.on_copy(&copy, &before).await,
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

    async fn on_copy(&self, copy: &str, before: &super::catalog::Snapshot) -> Result<(), Failure> {
        let plan = &self.room.plan;
        let endpoint = Endpoint { database: copy.to_owned(), ..self.room.endpoint.clone() };
        let top = {
            let mut backend = self.connect_to(&endpoint).await?;
            let top = self.snapshot(&mut backend).await?;
            backend.close().await;
            top
        };
        for &at in plan.order.iter().rev() {
            self.one(&endpoint, &plan.ceremony.migrations[at].rollback.script).await?;
        }
        let mut backend = self.connect_to(&endpoint).await?;
        let bottom = self.snapshot(&mut backend).await?;
        backend.close().await;
        for &at in &plan.order {
            self.one(&endpoint, &plan.ceremony.migrations[at].script).await?;
        }
        let mut backend = self.connect_to(&endpoint).await?;
        let again = self.snapshot(&mut backend).await?;
        backend.close().await;
        let declared: Vec<&String> =
            plan.ceremony.migrations.iter().flat_map(|migration| &migration.rollback.kept).collect();
        let (kept, residue): (Vec<_>, Vec<_>) = diff(before, &bottom)
            .into_iter()
            .partition(|change| change.before.is_none() && declared.contains(&&change.object));
        self.observe(Observation::Drill {
            residue,
            kept: kept.into_iter().map(|change| change.object).collect(),
            again: diff(&top, &again),
        });
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
