//! A table as the catalog has it at one moment: its columns, its key, its files.

use super::attempt::Attempt;
use super::backend::Backend;
use super::ledger::literal;
use crate::session::Failure;

/// The table's oid by name, its name quoted, and of it and its children: the files, and what this transaction wrote.
/// A value of an enum is renamed in the catalog, and so in all rows: that is told like another file. Behind a view or
/// in a foreign table rows change and nobody counts.
const TABLE: &str = "
    SELECT t.oid, pg_catalog.format('%I.%I', n.nspname, t.relname),
           (WITH RECURSIVE kids AS (
                   SELECT t.oid AS kid
                   UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i JOIN kids ON i.inhparent = kids.kid)
            SELECT pg_catalog.string_agg(c.oid::text || ':' || c.relfilenode::text, ' ' ORDER BY c.oid)
                   || ' enums:' || pg_catalog.pg_stat_get_xact_tuples_updated('pg_catalog.pg_enum'::regclass)
                   || ' ' || pg_catalog.concat_ws(' ', CASE WHEN bool_and(c.relkind IN ('r', 'p', 'm'))
                                                            THEN pg_catalog.current_setting('track_counts') ELSE 'off' END,
                                                  pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)),
                                                  pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)),
                                                  pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)))
              FROM kids JOIN pg_catalog.pg_class AS c ON c.oid = kids.kid)
      FROM pg_catalog.pg_class AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
     WHERE t.oid = pg_catalog.to_regclass($table)";

/// Its columns in their order, but for generated ones: they hold nothing of their own.
///
/// A domain counts as the type beneath it. `native` are the types whose hash tells apart what differs: it looks
/// through other numbers of zeros behind the point (1.5 and 1.50 are one number) and through nothing else. `plain`
/// are those that can be written as text and read back as what they were, so that a changed type can be compared.
const COLUMNS: &str = "
    WITH RECURSIVE base AS (
        SELECT a.attnum, a.atttypid AS type FROM pg_catalog.pg_attribute AS a
         WHERE a.attrelid = $oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        UNION ALL
        SELECT base.attnum, t.typbasetype FROM base JOIN pg_catalog.pg_type AS t ON t.oid = base.type
         WHERE t.typtype = 'd')
    SELECT a.attnum, a.attname, pg_catalog.quote_ident(a.attname),
           pg_catalog.format_type(a.atttypid, a.atttypmod),
           t.oid, pg_catalog.format_type(t.oid, NULL),
           (t.oid = ANY (natives.list) OR coalesce(e.oid = ANY (natives.list), false))::int,
           (t.oid = ANY (plains.list) OR t.typtype = 'e' OR t.typcategory = 'S')::int,
           (a.attcollation <> 0)::int,
           coalesce(a.attnum = ANY (p.conkey), false)::int
      FROM (SELECT '{bool,bytea,name,int8,int2,int4,text,oid,varchar,bpchar,date,time,timestamp,timestamptz,numeric,uuid,float4,float8,inet,cidr,macaddr,jsonb}'::regtype[]::oid[] AS list) AS natives,
           (SELECT '{bool,name,int8,int2,int4,text,oid,varchar,bpchar,date,time,timestamp,timestamptz,numeric,uuid,inet,cidr}'::regtype[]::oid[] AS list) AS plains,
           base
      JOIN pg_catalog.pg_type AS t ON t.oid = base.type AND t.typtype <> 'd'
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = $oid AND a.attnum = base.attnum
      LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem AND e.typarray = t.oid
      LEFT JOIN pg_catalog.pg_constraint AS p ON p.conrelid = a.attrelid AND p.contype = 'p'
     ORDER BY a.attnum";

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Table {
    /// Another one under the same name has another.
    pub oid: String,
    /// `schema.table`, quoted where it must be.
    pub name: String,
    /// Oids and file numbers of the table and its children, and what was renamed in enums: others when its rows may
    /// have changed without being counted.
    pub files: String,
    /// Rows that this transaction inserted, updated and deleted so far; `None` when the server does not count.
    pub wrote: Option<[u64; 3]>,
    /// Without those that are generated.
    pub columns: Vec<TableColumn>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TableColumn {
    /// Stays when it is renamed.
    pub number: i16,
    /// Its name.
    pub name: String,
    /// The same, quoted where it must be.
    pub quoted: String,
    /// Its type with its limits, as declared.
    pub declared: String,
    /// Oid of the type, that beneath a domain.
    pub base: String,
    /// The type's name, qualified but for those of the server itself.
    pub base_name: String,
    /// Its hash tells apart what differs.
    pub native: bool,
    /// It can be written as text and read back.
    pub plain: bool,
    /// It has a collation.
    pub collated: bool,
    /// It belongs to the primary key.
    pub in_key: bool,
}

impl Table {
    /// Columns of the primary key, quoted.
    pub fn key(&self) -> Vec<&TableColumn> {
        self.columns.iter().filter(|column| column.in_key).collect()
    }

    /// All columns, quoted and with `before` in front of each.
    pub fn list(&self, before: &str) -> String {
        let columns: Vec<String> =
            self.columns.iter().map(|column| format!("{before}{}", column.quoted)).collect();
        columns.join(", ")
    }
}

/// The rows of a result as texts; NULL is empty.
pub fn texts(rows: Vec<Vec<Option<String>>>) -> impl Iterator<Item = Vec<String>> {
    rows.into_iter().map(|row| row.into_iter().map(Option::unwrap_or_default).collect())
}

/// Splits `16384:16384 16390:16390 on 3 0 0`.
fn facts(text: &str) -> (String, Option<[u64; 3]>) {
    let mut words: Vec<&str> = text.split(' ').collect();
    let counts = words.split_off(words.len().saturating_sub(4));
    let number = |at: usize| counts.get(at).and_then(|count| count.parse().ok());
    let wrote = match (counts.first(), number(1), number(2), number(3)) {
        (Some(&"on"), Some(inserted), Some(updated), Some(deleted)) => Some([inserted, updated, deleted]),
        _ => None,
    };
    (words.join(" "), wrote)
}

impl Attempt {
    /// The table called `name`, if it is there. Run where [`super::meter`]'s settings hold, or names of types are cut.
    ///
    /// # Errors
    /// Of the server or the connection.
    pub async fn table(&self, backend: &mut Backend, name: &str) -> Result<Option<Table>, Failure> {
        let found = self.all_rows(backend, &TABLE.replace("$table", &literal(name))).await?;
        let Some([oid, name, files]) = texts(found).next().and_then(|row| <[String; 3]>::try_from(row).ok())
        else {
            return Ok(None);
        };
        let (files, wrote) = facts(&files);
        let columns = texts(self.all_rows(backend, &COLUMNS.replace("$oid", &oid)).await?)
            .filter_map(|row| {
                let [number, name, quoted, declared, base, base_name, native, plain, collated, in_key] =
                    <[String; 10]>::try_from(row).ok()?;
                Some(TableColumn {
                    number: number.parse().ok()?,
                    name,
                    quoted,
                    declared,
                    base,
                    base_name,
                    native: native == "1",
                    plain: plain == "1",
                    collated: collated == "1",
                    in_key: in_key == "1",
                })
            })
            .collect();
        Ok(Some(Table { oid, name, files, wrote, columns }))
    }
}
