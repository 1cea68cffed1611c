//! Putting copied rows back, as SQL: one list of statements, which the compensating scripts hold and the drill tries out.

use crate::runner::postgres::ledger::literal;
use crate::runner::postgres::table::Table;

/// Where the copied rows wait. It goes with the transaction.
pub const WAITING: &str = "pg_temp.ceremony_restore";

/// What puts the rows of one table back.
#[derive(Clone, Debug)]
pub struct PutBack {
    table: String,
    columns: Vec<String>,
    key: Vec<String>,
    rows: u64,
}

impl PutBack {
    /// For `rows` rows of this table.
    pub fn new(table: &Table, rows: u64) -> Self {
        Self {
            table: table.name.clone(),
            columns: table.columns.iter().map(|column| column.quoted.clone()).collect(),
            key: table.key().into_iter().map(|column| column.quoted.clone()).collect(),
            rows,
        }
    }

    fn list(&self, before: &str) -> String {
        let columns: Vec<String> = self.columns.iter().map(|column| format!("{before}{column}")).collect();
        columns.join(", ")
    }

    /// `name` as a literal that PL/pgSQL finds the table by.
    fn name(&self) -> String {
        literal(&self.table)
    }

    /// Says what is missing before anything fails in the middle.
    pub fn fits(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|column| literal(column)).collect();
        format!(
            "DO $fits$
DECLARE
    absent text;
BEGIN
    IF to_regclass({name}) IS NULL THEN
        RAISE EXCEPTION 'rows cannot be put back: there is no table %', {name}
            USING HINT = 'Apply the migration that makes it first.';
    END IF;
    SELECT string_agg(c, ', ') INTO absent FROM unnest(ARRAY[{columns}]::text[]) AS c
     WHERE NOT EXISTS (SELECT FROM pg_attribute
                        WHERE attrelid = to_regclass({name}) AND quote_ident(attname) = c AND attgenerated = '');
    IF absent IS NOT NULL THEN
        RAISE EXCEPTION 'rows cannot be put back: % has no column %', {name}, absent
            USING HINT = 'Apply the migrations that add them first.';
    END IF;
END
$fits$",
            name = self.name(),
            columns = columns.join(", ")
        )
    }

    /// A table for the rows, with the types that the columns have now.
    pub fn wait(&self) -> String {
        format!(
            "CREATE TEMPORARY TABLE ceremony_restore ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA",
            self.list(""),
            self.table
        )
    }

    /// Where the copied rows go, for COPY.
    pub fn target(&self) -> String {
        format!("{WAITING} ({})", self.list(""))
    }

    fn lock(&self) -> String {
        format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", self.table)
    }

    /// The rows that are not there: by primary key, or, without one, by all they hold and how often.
    fn missing(&self) -> String {
        let columns = self.list("r.");
        if self.key.is_empty() {
            let numbered = |from: &str, alias: &str| {
                let row = format!("ROW({})::text", self.list(&format!("{alias}.")));
                format!(
                    "SELECT {alias}.*, {row} AS ceremony_row, row_number() OVER (PARTITION BY {row}) AS ceremony_nth FROM {from} AS {alias}"
                )
            };
            return format!(
                "SELECT {columns} FROM ({waiting}) AS r
     WHERE NOT EXISTS (SELECT FROM ({there}) AS t
                        WHERE t.ceremony_row = r.ceremony_row AND t.ceremony_nth = r.ceremony_nth)",
                waiting = numbered(WAITING, "w"),
                there = numbered(&self.table, "x")
            );
        }
        let same: Vec<String> = self.key.iter().map(|key| format!("t.{key} = r.{key}")).collect();
        format!(
            "SELECT {columns} FROM {WAITING} AS r
     WHERE NOT EXISTS (SELECT FROM {} AS t WHERE {})",
            self.table,
            same.join(" AND ")
        )
    }

    fn insert(&self) -> String {
        format!("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE\n{}", self.table, self.list(""), self.missing())
    }

    /// Fails unless every row is there.
    fn complete(&self) -> String {
        let differ = if self.key.is_empty() {
            "0".to_owned()
        } else {
            let same: Vec<String> = self.key.iter().map(|key| format!("t.{key} = r.{key}")).collect();
            format!(
                "(SELECT count(*) FROM {WAITING} AS r JOIN {} AS t ON {}
                   WHERE ROW({})::text IS DISTINCT FROM ROW({})::text)",
                self.table,
                same.join(" AND "),
                self.list("r."),
                self.list("t.")
            )
        };
        format!(
            "DO $complete$
DECLARE
    copied  bigint := (SELECT count(*) FROM {WAITING});
    missing bigint := (SELECT count(*) FROM ({missing}) AS missing);
    differ  bigint := {differ};
BEGIN
    IF copied <> {rows} THEN
        RAISE EXCEPTION 'the copy holds % rows, not {rows}: it is not the one that was made', copied;
    END IF;
    IF missing <> 0 THEN
        RAISE EXCEPTION '% of % rows are still not in %', missing, copied, {name};
    END IF;
    IF differ <> 0 THEN
        RAISE WARNING '% rows are in % with other content, and were left as they are', differ, {name};
    END IF;
    RAISE NOTICE 'all % rows are in %', copied, {name};
END
$complete$",
            missing = self.missing(),
            rows = self.rows,
            name = self.name()
        )
    }

    /// The next value of each sequence behind a column does not collide with a row.
    fn sequences(&self) -> String {
        format!(
            "DO $sequences$
DECLARE
    one record;
    used bigint;
    highest bigint;
BEGIN
    FOR one IN
        SELECT DISTINCT a.attname, s.seqrelid::regclass AS sequence
          FROM pg_attribute AS a
          LEFT JOIN pg_attrdef AS f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
          JOIN pg_depend AS d
            ON (d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
                AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum)
            OR (d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.objid = f.oid)
          JOIN pg_sequence AS s
            ON s.seqrelid = CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid ELSE d.refobjid END
         WHERE a.attrelid = to_regclass({name}) AND a.attnum > 0 AND NOT a.attisdropped AND s.seqincrement > 0
           AND a.atttypid = ANY ('{{int2,int4,int8}}'::regtype[])
    LOOP
        EXECUTE format('SELECT max(%I) FROM {table}', one.attname) INTO highest;
        EXECUTE format('SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM %s', one.sequence)
           INTO used;
        IF highest > used THEN
            PERFORM setval(one.sequence, highest);
        END IF;
    END LOOP;
END
$sequences$",
            name = self.name(),
            // Within a format string a percent sign stands for itself when doubled.
            table = self.table.replace('%', "%%").replace('\'', "''")
        )
    }

    /// What runs once the rows wait.
    pub fn after_copy(&self) -> [String; 4] {
        [self.lock(), self.insert(), self.complete(), self.sequences()]
    }
}

/// The compensating script: for `psql -X -v ON_ERROR_STOP=1 -f`, run in the folder of the copy.
pub fn script(back: &PutBack, copy: &str, sha256: &str, attempt: &str) -> String {
    let PutBack { table, rows, .. } = back;
    let statements: String = back.after_copy().iter().map(|sql| format!("{sql};\n\n")).collect();
    format!(
        "-- Compensating script: puts {rows} rows of {table} back.
--
-- What:  the rows that attempt {attempt}
--        copied out into {copy} before anything was deleted.
-- When:  a rollback deleted them and they are wanted back, once the migrations that make {table}
--        and its columns are applied again. Rows that are there already are left as they are, so it may run twice.
-- Check: in this folder
--            echo \"{sha256}  {copy}\" | sha256sum -c
-- Run:   in this folder, on a copy of the database first
--            psql -X -v ON_ERROR_STOP=1 -d DATABASE -f restore-{restore}.sql
--        Everything or nothing: it fails unless every row is there at the end.
\\set ON_ERROR_STOP on
\\encoding UTF8
BEGIN;
SET LOCAL DateStyle = 'ISO, MDY';
SET LOCAL TimeZone = 'UTC';
SET LOCAL row_security = off;

{fits};

{wait};
\\copy {target} FROM '{copy}'

{statements}COMMIT;
",
        restore = copy.trim_end_matches(".copy"),
        fits = back.fits(),
        wait = back.wait(),
        target = back.target(),
    )
}
