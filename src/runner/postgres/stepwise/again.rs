//! A script without a transaction where nothing may stay: applied again on the target, and run on the drill's copy.

use super::super::attempt::Attempt;
use super::super::backend::Backend;
use super::super::ledger;
use super::super::split::Target;
use super::Parts;
use crate::definition::{Migration, Script};
use crate::session::*;

/// Whether a statement whose effect is there would be skipped, and not refused, when it is run again.
fn is_lenient(target: &Target) -> bool {
    match target {
        Target::CreateIndex { lenient, .. } | Target::DropIndex(_, lenient) => *lenient,
        _ => false,
    }
}

impl Attempt {
    /// Applies again without touching anything: what can be in a transaction runs in one that is rolled back, all
    /// else is judged by what the catalog has of it.
    pub(super) async fn apply_again(
        &self,
        backend: &mut Backend,
        migration: &Migration,
        parts: &Parts<'_>,
    ) -> Result<(), Failure> {
        self.fence(backend).await?;
        ledger::ensure(backend).await.map_err(|error| self.failure(error, None))?;
        let mut whys = Vec::new();
        for unit in &parts.units {
            whys.push(match unit.rule {
                None => None,
                Some(rule) => {
                    let look = self.probe(backend, &unit.target).await?;
                    let (at, _) = parts.head(unit);
                    Some(left_as_it_is(&look, is_lenient(&unit.target)).ok_or_else(|| {
                        let found = if look.found.is_empty() { "nobody can tell what it would do" } else { &look.found };
                        Failure::Blocked {
                            what: format!("{rule} ({at}) cannot be shown to do nothing when it is applied again: {found}"),
                            next: "write IF NOT EXISTS (or IF EXISTS) so that it may be run again, have it reviewed, and start a new session; or leave the step of kind reapply out"
                                .to_owned(),
                        }
                    })?)
                }
            });
        }
        let mark = self.mark(migration, parts.script);
        let before = self.begin(backend, &mark).await?;
        let begun = (self.room.now_us)();
        for (unit, why) in parts.units.iter().zip(whys) {
            match why {
                Some(why) => self.left_out(parts, unit, &why),
                None => self.send_all(backend, parts, unit).await?,
            }
        }
        let elapsed_us = (self.room.now_us)().saturating_sub(begun);
        self.observe(Observation::Ran { statements: parts.count(), elapsed_us });
        self.prove(backend, &before).await?;
        self.run(backend, "ROLLBACK").await?;
        self.say(Report::Finished);
        Ok(())
    }

    /// Runs a script on the drill's copy, each unit final at once, as the real step does.
    ///
    /// # Errors
    /// Of a statement, the server or the connection.
    pub(in super::super) async fn units_on_copy(
        &self,
        backend: &mut Backend,
        script: &Script,
    ) -> Result<(), Failure> {
        let parts = Parts::of(script)?;
        for unit in &parts.units {
            match unit.rule {
                Some(rule) if unit.target.is_server_wide(rule) => {
                    self.left_out(&parts, unit, "it is about the whole server, not about the copy");
                }
                Some(_) => self.send_all(backend, &parts, unit).await?,
                None => {
                    self.run(backend, "BEGIN").await?;
                    self.send_all(backend, &parts, unit).await?;
                    self.run(backend, "COMMIT").await?;
                }
            }
        }
        Ok(())
    }
}

/// Why a statement that is not in a transaction need not be run to know that it would change nothing.
fn left_as_it_is(look: &UnitLook, lenient: bool) -> Option<String> {
    match look.probe {
        UnitProbe::Repeatable => Some("not run: it may always be run again and changes no object".to_owned()),
        UnitProbe::Done if lenient => {
            Some(format!("not run: {}, and the statement says to leave it then", look.found))
        }
        _ => None,
    }
}
