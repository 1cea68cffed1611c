//! Rows that a rollback deletes come back: tried out on the drill's copy, with the statements of the scripts.

mod script;

pub(super) use script::{PutBack, script};

use super::attempt::Attempt;
use super::backend::{Backend, Endpoint};
use super::ledger::literal;
use super::meter::Look;
use super::table::texts;
use crate::session::*;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;

/// Rows that a drill took out of its copy.
pub struct TakenOut {
    name: String,
    /// `None` when the table was not there.
    rows: Option<(Look, PathBuf)>,
}

impl Drop for TakenOut {
    fn drop(&mut self) {
        if let Some((_, path)) = &self.rows {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Attempt {
    /// Tables whose rows die with a rollback, as the drill's checks name them.
    fn dying(&self) -> impl Iterator<Item = &String> {
        self.step.checks.iter().filter_map(|check| match &check.subject {
            crate::plan::Subject::Restored(table) => Some(table),
            _ => None,
        })
    }

    /// On the drill's copy, before the way down: copies out the rows that will die.
    ///
    /// # Errors
    /// Of the server, the connection or the file system.
    pub async fn take_out(&self, endpoint: &Endpoint) -> Result<Vec<TakenOut>, Failure> {
        let mut taken = Vec::new();
        if self.dying().next().is_none() {
            return Ok(taken);
        }
        let mut backend = self.connect_to(endpoint).await?;
        self.run(&mut backend, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        self.meter_ready(&mut backend).await?;
        for name in self.dying() {
            let look = self.look_before(&mut backend, name).await?;
            let rows = match look {
                None => None,
                Some(look) => {
                    let path = self.room.session.join(format!("backup/drill-{name}-{}.copy", self.id.number));
                    self.copy_to(&mut backend, &look.table, &path, look.rows).await?;
                    Some((look, path))
                }
            };
            taken.push(TakenOut { name: name.clone(), rows });
        }
        self.run(&mut backend, "ROLLBACK").await?;
        backend.close().await;
        Ok(taken)
    }

    /// On the drill's copy, after the way up again: puts the rows back and compares what they hold.
    ///
    /// # Errors
    /// Of the connection; what the server refuses is observed.
    pub async fn put_back(&self, endpoint: &Endpoint, taken: Vec<TakenOut>) -> Result<(), Failure> {
        let mut backend = self.connect_to(endpoint).await?;
        self.run(&mut backend, "BEGIN").await?;
        self.run(&mut backend, "SET CONSTRAINTS ALL DEFERRED").await?;
        let names: Vec<String> = taken.iter().map(|table| table.name.clone()).collect();
        let mut errors = vec![None; taken.len()];
        for at in self.parents_first(&mut backend, &names).await? {
            let Some((look, path)) = &taken[at].rows else { continue };
            if look.rows == 0 {
                continue;
            }
            self.say(Report::Printed {
                source: Source::Runner,
                text: format!("on the copy: {} rows of {} are put back\n", look.rows, taken[at].name),
            });
            self.run(&mut backend, "SAVEPOINT ceremony_put_back").await?;
            match self.put_back_one(&mut backend, look, path).await {
                Ok(()) => {}
                Err(failure @ (Failure::Sql { .. } | Failure::Blocked { .. })) => {
                    errors[at] = Some(failure.words());
                    self.run(&mut backend, "ROLLBACK TO SAVEPOINT ceremony_put_back").await?;
                }
                Err(other) => return Err(other),
            }
        }
        self.run(&mut backend, "SAVEPOINT ceremony_put_back").await?;
        if let Err(failure) = self.run(&mut backend, "SET CONSTRAINTS ALL IMMEDIATE").await {
            let Failure::Sql { .. } = failure else { return Err(failure) };
            self.run(&mut backend, "ROLLBACK TO SAVEPOINT ceremony_put_back").await?;
            errors.iter_mut().for_each(|error| {
                error.get_or_insert(failure.words());
            });
        }
        self.meter_ready(&mut backend).await?;
        for (table, error) in taken.iter().zip(errors) {
            let found = match &table.rows {
                Some((look, _)) if error.is_none() && look.rows > 0 => {
                    self.look_after(&mut backend, &table.name, look).await?
                }
                _ => None,
            };
            let (after, content) = found.unzip();
            self.observe(Observation::Restored {
                table: table.name.clone(),
                rows: table.rows.as_ref().map(|(look, _)| look.rows),
                after,
                content: content.map(Box::new),
                error,
            });
        }
        self.run(&mut backend, "ROLLBACK").await?;
        backend.close().await;
        Ok(())
    }

    async fn put_back_one(&self, backend: &mut Backend, look: &Look, path: &PathBuf) -> Result<(), Failure> {
        let back = PutBack::new(&look.table, look.rows);
        self.run(backend, "SET LOCAL row_security = off").await?;
        self.run(backend, &back.fits()).await?;
        self.run(backend, &back.wait()).await?;
        let mut file = File::open(path).map_err(|error| Failure::Blocked {
            what: format!("cannot read {}: {error}", path.display()),
            next: "mend the session's folder, then answer the gate again".to_owned(),
        })?;
        let copy = format!("COPY {} FROM STDIN", back.target());
        self.within(backend.copy_in(&copy, &mut file)).await?;
        for sql in back.after_copy() {
            self.run(backend, &sql).await?;
        }
        self.run(backend, &format!("DROP TABLE {}", script::WAITING)).await?;
        Ok(())
    }

    /// Places of `names`, so that a table comes behind those that its foreign keys point to. In a circle the order
    /// does not help: only constraints that can be deferred do.
    async fn parents_first(&self, backend: &mut Backend, names: &[String]) -> Result<Vec<usize>, Failure> {
        let list: Vec<String> = names.iter().map(|name| literal(name)).collect();
        let sql = format!(
            "SELECT child, parent
               FROM pg_catalog.unnest(ARRAY[{list}]::text[]) AS child,
                    pg_catalog.unnest(ARRAY[{list}]::text[]) AS parent,
                    pg_catalog.pg_constraint AS c
              WHERE c.contype = 'f' AND child <> parent AND c.conrelid = pg_catalog.to_regclass(child)
                AND c.confrelid = pg_catalog.to_regclass(parent)",
            list = list.join(", ")
        );
        let edges: BTreeSet<Vec<String>> = texts(self.all_rows(backend, &sql).await?).collect();
        Ok(order(names, &edges))
    }
}

/// `edges` are pairs of child and parent.
fn order(names: &[String], edges: &BTreeSet<Vec<String>>) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    while order.len() < names.len() {
        let waits = |at: usize| {
            edges.iter().any(|edge| edge[0] == names[at] && !order.iter().any(|&done| names[done] == edge[1]))
        };
        let left: Vec<usize> = (0..names.len()).filter(|at| !order.contains(at)).collect();
        let next = left.iter().copied().find(|&at| !waits(at)).or(left.first().copied());
        order.extend(next);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_first_and_a_circle_ends() {
        let names = ["c", "b", "a"].map(str::to_owned);
        let edges = |list: &[[&str; 2]]| list.iter().map(|edge| edge.map(str::to_owned).to_vec()).collect();
        assert_eq!(order(&names, &edges(&[])), [0, 1, 2]);
        assert_eq!(order(&names, &edges(&[["c", "b"], ["b", "a"]])), [2, 1, 0]);
        assert_eq!(order(&names, &edges(&[["c", "b"], ["b", "c"]])), [2, 0, 1]);
    }
}
