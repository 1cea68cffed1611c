//! Looks in the catalog whether a statement that cannot be in a transaction has happened: not, half, or wholly.

use super::attempt::Attempt;
use super::backend::Backend;
use super::ledger::literal;
use super::split::{Name, Reindexed, Target};
use crate::session::*;

fn look(probe: UnitProbe, found: impl Into<String>, mend: impl Into<String>) -> UnitLook {
    UnitLook { probe, found: found.into(), mend: mend.into() }
}

/// What says nothing beside what it is.
pub(super) fn plain(probe: UnitProbe) -> UnitLook {
    look(probe, "", "")
}

impl Attempt {
    /// What the catalog says of a statement's target. Run outside of a transaction.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub(super) async fn probe(&self, backend: &mut Backend, target: &Target) -> Result<UnitLook, Failure> {
        match target {
            Target::CreateIndex { .. } => self.probe_new_index(backend, target).await,
            Target::DropIndex(name, _) => self.probe_dropped_index(backend, name).await,
            Target::Reindex(scope) => self.probe_reindex(backend, scope).await,
            Target::Detach { parent, child } => self.probe_detach(backend, parent, child).await,
            Target::Database(name, create) => {
                let sql = format!(
                    "SELECT CASE WHEN datconnlimit = -2 THEN 'half' ELSE 'there' END
                       FROM pg_catalog.pg_database WHERE datname = {}::pg_catalog.name",
                    literal(&name.last)
                );
                let state = self.value(backend, &sql).await?;
                let mend = format!("DROP DATABASE {}", name.sql);
                Ok(match state.as_deref() {
                    Some("half") if *create => {
                        look(UnitProbe::Half, format!("database {} is half dropped", name.sql), mend)
                    }
                    there => {
                        is(there.is_some() == *create, &format!("database {}", name.sql), there.is_some())
                    }
                })
            }
            Target::Tablespace(name, create) => {
                let sql = format!(
                    "SELECT 1 FROM pg_catalog.pg_tablespace WHERE spcname = {}::pg_catalog.name",
                    literal(&name.last)
                );
                let there = self.value(backend, &sql).await?.is_some();
                Ok(is(there == *create, &format!("tablespace {}", name.sql), there))
            }
            Target::Repeatable | Target::Setting => Ok(plain(UnitProbe::Repeatable)),
            Target::Other => Ok(look(
                UnitProbe::Unknown,
                "no look-up is known for this statement: look yourself at what it works on",
                "",
            )),
        }
    }

    async fn probe_new_index(&self, backend: &mut Backend, target: &Target) -> Result<UnitLook, Failure> {
        let Target::CreateIndex { name, table, .. } = target else { return Ok(plain(UnitProbe::Unknown)) };
        let sql = format!(
            "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), coalesce(i.indisvalid AND i.indisready, false),
                    coalesce(i.indrelid = pg_catalog.to_regclass({0}), false), pg_catalog.pg_get_indexdef(c.oid)
               FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
               LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
              WHERE c.relname = {1}::pg_catalog.name
                AND c.relnamespace = (SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass({0}))",
            literal(&table.sql),
            literal(&name.last)
        );
        let rows = self.rows(backend, &sql).await?.rows;
        let Some([Some(index), Some(valid), Some(on_table), Some(definition)]) =
            rows.first().map(Vec::as_slice)
        else {
            return Ok(match rows.is_empty() {
                true => look(UnitProbe::Absent, format!("index {} is not there", name.sql), ""),
                false => look(UnitProbe::Unknown, format!("{} is there and is no index", name.sql), ""),
            });
        };
        if on_table != "t" {
            return Ok(look(UnitProbe::Unknown, format!("index {index} is there, on another table"), ""));
        }
        if valid != "t" {
            let mend = format!("DROP INDEX CONCURRENTLY {index}");
            return Ok(look(UnitProbe::Half, format!("index {index} is INVALID"), mend));
        }
        let wanted = self.as_it_would_be(backend, target).await?;
        let same = wanted.as_deref().is_some_and(|wanted| Some(wanted) == behind_table(definition));
        let unique = matches!(target, Target::CreateIndex { unique: "UNIQUE", .. });
        Ok(if same && definition.starts_with("CREATE UNIQUE") == unique {
            look(UnitProbe::Done, format!("index {index} is there and valid"), "")
        } else {
            let found = format!("index {index} is there, valid, with another definition: {definition}");
            look(UnitProbe::Unknown, found, "")
        })
    }

    /// The definition that the index would have, from an empty copy of its table that is rolled back.
    async fn as_it_would_be(
        &self,
        backend: &mut Backend,
        target: &Target,
    ) -> Result<Option<String>, Failure> {
        let Target::CreateIndex { table, unique, rest, .. } = target else { return Ok(None) };
        self.run(backend, "BEGIN").await?;
        let mut definition = None;
        let made = async {
            self.quietly(backend, &format!("CREATE TEMP TABLE ceremony_probe (LIKE {})", table.sql)).await?;
            let sql = format!("CREATE {unique} INDEX ceremony_probe_index ON pg_temp.ceremony_probe {rest}");
            self.quietly(backend, &sql).await?;
            let sql =
                "SELECT pg_catalog.pg_get_indexdef('pg_temp.ceremony_probe_index'::pg_catalog.regclass)";
            definition = self.value(backend, sql).await?;
            Ok(())
        };
        let made: Result<(), Failure> = made.await;
        match made {
            Ok(()) | Err(Failure::Sql { .. }) => {}
            Err(other) => return Err(other),
        }
        self.run(backend, "ROLLBACK").await?;
        Ok(definition.as_deref().and_then(behind_table).map(str::to_owned))
    }

    /// A statement of our own whose notices are nobody's business.
    async fn quietly(&self, backend: &mut Backend, sql: &str) -> Result<(), Failure> {
        backend.run(sql, &mut |_| {}).await.map(drop).map_err(|error| self.failure(error, None))
    }

    async fn probe_dropped_index(&self, backend: &mut Backend, name: &Name) -> Result<UnitLook, Failure> {
        let sql = format!(
            "SELECT indisvalid FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass({})",
            literal(&name.sql)
        );
        let valid = self.value(backend, &sql).await?;
        Ok(match valid.as_deref() {
            None => look(UnitProbe::Done, format!("index {} is not there", name.sql), ""),
            Some("t") => look(UnitProbe::Absent, format!("index {} is there and valid", name.sql), ""),
            // Half dropped: the statement itself ends it.
            Some(_) => look(UnitProbe::Absent, format!("index {} is there, INVALID", name.sql), ""),
        })
    }

    async fn probe_reindex(&self, backend: &mut Backend, scope: &Reindexed) -> Result<UnitLook, Failure> {
        let only = match scope {
            Reindexed::Index(name) => format!(
                "AND i.indrelid = (SELECT indrelid FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass({}))",
                literal(&name.sql)
            ),
            Reindexed::Table(name) => {
                format!("AND i.indrelid = pg_catalog.to_regclass({})", literal(&name.sql))
            }
            Reindexed::Many => String::new(),
        };
        let sql = format!(
            "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
               FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
               JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
              WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AND n.nspname <> 'pg_toast' {only}
              ORDER BY 1 LIMIT 1"
        );
        Ok(match self.value(backend, &sql).await? {
            Some(index) => look(
                UnitProbe::Half,
                format!("index {index} is INVALID, left by a REINDEX CONCURRENTLY"),
                format!("DROP INDEX CONCURRENTLY {index}"),
            ),
            None => plain(UnitProbe::Repeatable),
        })
    }

    async fn probe_detach(
        &self,
        backend: &mut Backend,
        parent: &Name,
        child: &Name,
    ) -> Result<UnitLook, Failure> {
        let sql = format!(
            "SELECT CASE WHEN pg_catalog.to_regclass({1}) IS NULL THEN 'gone'
                         WHEN h.inhrelid IS NULL THEN 'detached'
                         WHEN h.inhdetachpending THEN 'pending' ELSE 'attached' END
               FROM (SELECT 1) AS one LEFT JOIN pg_catalog.pg_inherits AS h
                 ON h.inhparent = pg_catalog.to_regclass({0}) AND h.inhrelid = pg_catalog.to_regclass({1})",
            literal(&parent.sql),
            literal(&child.sql)
        );
        let state = self.value(backend, &sql).await?.unwrap_or_default();
        let name = format!("partition {} of {}", child.sql, parent.sql);
        Ok(match state.as_str() {
            "attached" => look(UnitProbe::Absent, format!("{name} is attached"), ""),
            "detached" => look(UnitProbe::Done, format!("{name} is detached"), ""),
            "pending" => look(
                UnitProbe::Half,
                format!("{name} is half detached"),
                format!("ALTER TABLE {} DETACH PARTITION {} FINALIZE", parent.sql, child.sql),
            ),
            _ => look(UnitProbe::Unknown, format!("{name} is not there"), ""),
        })
    }
}

fn is(done: bool, what: &str, there: bool) -> UnitLook {
    let probe = if done { UnitProbe::Done } else { UnitProbe::Absent };
    look(probe, format!("{what} is {}", if there { "there" } else { "not there" }), "")
}

/// What stands behind the table in an index's definition: method, columns, and all else but names.
fn behind_table(definition: &str) -> Option<&str> {
    definition.find(" USING ").map(|at| &definition[at..])
}
