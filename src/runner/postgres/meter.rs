//! The data-loss meter: how many rows a table has and what they hold, before and after, inside one transaction.
//!
//! Before the script nobody knows which columns will survive it. So one scan gives the count, a hash of each row over
//! all columns, and a hash of each column together with the primary key. After the script the rows' hash is enough
//! where the columns are the same ones; else, and where it differs, each surviving column is compared by its own.
//! Hashes are added up: unlike XOR, a sum sees two equal rows that became two equal others.

use super::attempt::Attempt;
use super::backend::Backend;
use super::table::{Table, TableColumn, texts};
use crate::plan::Subject;
use crate::session::*;

/// What the same text needs to mean the same before and after, whatever the script sets. With `row_security` off the
/// server refuses to count where it would hide rows.
const SETTINGS: &str = "
    SELECT pg_catalog.set_config(name, value, true)
      FROM (VALUES ('search_path', 'pg_catalog'), ('row_security', 'off'), ('jit', 'off'), ('DateStyle', 'ISO, MDY'),
                   ('IntervalStyle', 'postgres'), ('TimeZone', 'UTC'), ('extra_float_digits', '1'),
                   ('bytea_output', 'hex'), ('xmloption', 'content')) AS setting (name, value)";

/// A look at a table.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Look {
    /// The table.
    pub table: Table,
    /// How many rows.
    pub rows: u64,
    /// `None` where the rows were only counted.
    pub hashes: Option<Hashes>,
    elapsed_us: u64,
}

/// Sums of hashes, as text.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Hashes {
    /// Over whole rows.
    rows: String,
    /// Over each column with the key, in the order of the table's columns.
    columns: Vec<String>,
}

/// A column's value as it is hashed.
fn expression(column: &TableColumn) -> String {
    let collate = " COLLATE pg_catalog.\"C\"";
    match (column.native, column.collated) {
        // A collation may take different texts for equal ones.
        (true, true) => format!("t.{}{collate}", column.quoted),
        (true, false) => format!("t.{}", column.quoted),
        (false, _) => format!("t.{}::pg_catalog.text{collate}", column.quoted),
    }
}

fn sum(values: &[String]) -> String {
    let row = values.join(", ");
    // The sum of bigints is a numeric: it does not run over. The server's hash of a row is 31 times what came before
    // plus the next column's, so that added up alone it would not see values that change places between rows: each
    // row's hash is stirred once more.
    format!(
        "coalesce(pg_catalog.sum(pg_catalog.hashint8extended(pg_catalog.hash_record_extended(ROW({row}), 0), 0)), 0)"
    )
}

/// A column's values with those of the key they belong to.
fn keyed(key: &[String], value: &str) -> String {
    let mut values = key.to_vec();
    values.push(value.to_owned());
    sum(&values)
}

fn key_expressions(table: &Table) -> Vec<String> {
    table.key().into_iter().map(expression).collect()
}

/// How a column of before is read now, so that its hash is comparable.
fn read_as(before: &TableColumn, after: &TableColumn) -> Result<String, String> {
    if before.base == after.base && before.native == after.native {
        return Ok(expression(after));
    }
    if !(before.plain && after.plain) {
        return Err(format!("type changed from {} to {}", before.declared, after.declared));
    }
    let text = format!("t.{}::pg_catalog.text", after.quoted);
    let collate = if before.collated || !before.native { " COLLATE pg_catalog.\"C\"" } else { "" };
    Ok(match before.native {
        true => format!("{text}::{}{collate}", before.base_name),
        false => format!("{text}{collate}"),
    })
}

fn same_columns(before: &Table, after: &Table) -> bool {
    let same = |(one, other): (&TableColumn, &TableColumn)| {
        // One that was dropped and made again under its name holds nothing of what it held.
        (before.oid != after.oid || one.number == other.number)
            && one.quoted == other.quoted
            && one.base == other.base
            && one.native == other.native
    };
    before.columns.len() == after.columns.len() && before.columns.iter().zip(&after.columns).all(same)
}

/// The column of `after` that was `column`: by its number, or by its name where it is another table.
fn survivor<'t>(before: &Table, column: &TableColumn, after: &'t Table) -> Option<&'t TableColumn> {
    after.columns.iter().find(|other| match before.oid == after.oid {
        true => other.number == column.number,
        false => other.name == column.name,
    })
}

impl Attempt {
    /// Settings that hold until [`Attempt::meter_done`]; the transaction's own come back then.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub(super) async fn meter_ready(&self, backend: &mut Backend) -> Result<(), Failure> {
        self.run(backend, "SAVEPOINT ceremony_meter").await?;
        self.run(backend, SETTINGS).await?;
        Ok(())
    }

    /// Ends what [`Attempt::meter_ready`] began.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub(super) async fn meter_done(&self, backend: &mut Backend) -> Result<(), Failure> {
        self.run(backend, "ROLLBACK TO SAVEPOINT ceremony_meter").await?;
        self.run(backend, "RELEASE SAVEPOINT ceremony_meter").await?;
        Ok(())
    }

    /// Looks at a table, between `meter_ready` and `meter_done`; `None` when it is not there.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn look_before(&self, backend: &mut Backend, name: &str) -> Result<Option<Look>, Failure> {
        let started = (self.room.now_us)();
        let look = match self.table(backend, name).await? {
            None => None,
            Some(table) => {
                let hashed = !self.room.plan.ceremony.counted_only.iter().any(|other| other == name);
                let (rows, hashes) = self.scan(backend, &table, hashed).await?;
                let elapsed_us = (self.room.now_us)().saturating_sub(started);
                Some(Look { table, rows, hashes, elapsed_us })
            }
        };
        Ok(look)
    }

    /// One scan: the count, the rows, each column.
    async fn scan(
        &self,
        backend: &mut Backend,
        table: &Table,
        hashed: bool,
    ) -> Result<(u64, Option<Hashes>), Failure> {
        let mut wanted = vec!["pg_catalog.count(*)".to_owned()];
        let hashed = hashed && !table.columns.is_empty();
        if hashed {
            let key = key_expressions(table);
            let values: Vec<String> = table.columns.iter().map(expression).collect();
            wanted.push(sum(&values));
            wanted.extend(values.iter().map(|value| keyed(&key, value)));
        }
        let mut found = self.sums(backend, table, &wanted).await?.into_iter();
        let rows = found.next().and_then(|count| count.parse().ok()).unwrap_or_default();
        let hashes =
            if hashed { found.next().map(|rows| Hashes { rows, columns: found.collect() }) } else { None };
        Ok((rows, hashes))
    }

    async fn sums(
        &self,
        backend: &mut Backend,
        table: &Table,
        wanted: &[String],
    ) -> Result<Vec<String>, Failure> {
        let sql = format!("SELECT {} FROM {} AS t", wanted.join(", "), table.name);
        Ok(texts(self.all_rows(backend, &sql).await?).next().unwrap_or_default())
    }

    /// Looks again, ready as for the first look: how many rows there are now, and what became of what they held.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn look_after(
        &self,
        backend: &mut Backend,
        name: &str,
        before: &Look,
    ) -> Result<Option<(u64, Content)>, Failure> {
        let started = (self.room.now_us)();
        let found = match self.table(backend, name).await? {
            None => None,
            Some(table) => {
                let mut content = self.compare(backend, before, &table).await?;
                content.1.elapsed_us = before.elapsed_us + (self.room.now_us)().saturating_sub(started);
                Some(content)
            }
        };
        Ok(found)
    }

    /// Looks at every protected table of the step before its script.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn protected_before(
        &self,
        backend: &mut Backend,
    ) -> Result<Vec<(String, Option<Look>)>, Failure> {
        self.meter_ready(backend).await?;
        let mut looks = Vec::new();
        for check in &self.step.checks {
            if let Subject::Protected(name) = &check.subject {
                looks.push((name.clone(), self.look_before(backend, name).await?));
            }
        }
        self.meter_done(backend).await?;
        Ok(looks)
    }

    /// Looks at them again after it, and says what happened to them.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn protected_after(
        &self,
        backend: &mut Backend,
        looks: &[(String, Option<Look>)],
    ) -> Result<(), Failure> {
        self.meter_ready(backend).await?;
        for (name, look) in looks {
            let observation = self.protected(backend, name, look.as_ref()).await?;
            self.observe(observation);
        }
        self.meter_done(backend).await
    }

    async fn protected(
        &self,
        backend: &mut Backend,
        name: &str,
        before: Option<&Look>,
    ) -> Result<Observation, Failure> {
        let (after, content) = match before {
            Some(before) => match self.look_after(backend, name, before).await? {
                Some((rows, content)) => (Some(rows), Some(Box::new(content))),
                None => (None, None),
            },
            None => (self.count(backend, name).await?, None),
        };
        let before = before.map(|look| look.rows);
        Ok(Observation::Protected { table: name.to_owned(), before, after, content })
    }

    async fn compare(
        &self,
        backend: &mut Backend,
        before: &Look,
        table: &Table,
    ) -> Result<(u64, Content), Failure> {
        let mut content = Content { wrote: wrote(&before.table, table), ..Content::default() };
        let Some(hashes) = &before.hashes else {
            let (rows, _) = self.scan(backend, table, false).await?;
            return Ok((rows, content));
        };
        content.hashed = true;
        content.key = before.table.key().into_iter().map(|column| column.name.clone()).collect();
        let same = same_columns(&before.table, table);
        let mut wanted = vec!["pg_catalog.count(*)".to_owned()];
        if same {
            wanted.push(sum(&table.columns.iter().map(expression).collect::<Vec<_>>()));
        }
        let mut found = self.sums(backend, table, &wanted).await?.into_iter();
        let rows = found.next().and_then(|count| count.parse().ok()).unwrap_or_default();
        content.rows = found.next().map(|after| (hashes.rows.clone(), after));
        if content.rows.is_none() || content.is_changed() {
            content.columns = self.columns(backend, before, hashes, table).await?;
        }
        Ok((rows, content))
    }

    /// Each column of before by itself.
    async fn columns(
        &self,
        backend: &mut Backend,
        before: &Look,
        hashes: &Hashes,
        table: &Table,
    ) -> Result<Vec<ColumnContent>, Failure> {
        let key: Result<Vec<String>, String> = before
            .table
            .key()
            .into_iter()
            .map(|column| match survivor(&before.table, column, table) {
                Some(now) => read_as(column, now),
                None => Err(format!("{} of the primary key is gone", column.name)),
            })
            .collect();
        let mut fates = Vec::new();
        // Values that are read back as another type may fail: each of them by itself, the others in one scan.
        let mut at_once = Vec::new();
        for (column, sum_before) in before.table.columns.iter().zip(&hashes.columns) {
            let now = survivor(&before.table, column, table);
            let name = now.map_or(&column.name, |now| &now.name).clone();
            let value = now.map(|now| key.clone().and_then(|key| Ok(keyed(&key, &read_as(column, now)?))));
            let fate = match (now, value) {
                (Some(now), Some(Ok(value))) => {
                    let rows_key_changed =
                        before.table.key().into_iter().any(|key| changed_type(key, before, table));
                    if column.base == now.base && !rows_key_changed {
                        at_once.push((fates.len(), value));
                        Fate::Compared { before: sum_before.clone(), after: String::new() }
                    } else {
                        self.read_back(backend, table, sum_before, &value).await?
                    }
                }
                (_, Some(Err(why))) => Fate::NotCompared { why },
                _ => Fate::Dropped,
            };
            fates.push(ColumnContent { column: name, fate });
        }
        if !at_once.is_empty() {
            let wanted: Vec<String> = at_once.iter().map(|(_, value)| value.clone()).collect();
            let found = self.sums(backend, table, &wanted).await?;
            for ((at, _), sum) in at_once.into_iter().zip(found) {
                if let Fate::Compared { after, .. } = &mut fates[at].fate {
                    *after = sum;
                }
            }
        }
        Ok(fates)
    }

    /// Compares values of a changed type by reading them back as the old one.
    async fn read_back(
        &self,
        backend: &mut Backend,
        table: &Table,
        before: &str,
        value: &str,
    ) -> Result<Fate, Failure> {
        self.run(backend, "SAVEPOINT ceremony_read_back").await?;
        let fate = match self.sums(backend, table, &[value.to_owned()]).await {
            Ok(found) => Fate::Compared {
                before: before.to_owned(),
                after: found.into_iter().next().unwrap_or_default(),
            },
            Err(Failure::Sql { error }) if error.sqlstate.starts_with("22") => {
                Fate::Unreadable { error: error.message.clone() }
            }
            Err(other) => return Err(other),
        };
        self.run(backend, "ROLLBACK TO SAVEPOINT ceremony_read_back").await?;
        Ok(fate)
    }
}

/// Whether this column of the key is there with another type.
fn changed_type(key: &TableColumn, before: &Look, table: &Table) -> bool {
    survivor(&before.table, key, table).is_some_and(|now| now.base != key.base)
}

/// What the transaction did between the two looks.
fn wrote(before: &Table, now: &Table) -> Option<Wrote> {
    let (then, counts) = before.wrote.zip(now.wrote)?;
    let since = |at: usize| counts[at].saturating_sub(then[at]);
    Some(Wrote {
        inserted: since(0),
        updated: since(1),
        deleted: since(2),
        rewritten: before.files != now.files,
    })
}
