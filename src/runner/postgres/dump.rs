//! A copy by dump and restore, while others are connected to the source: one snapshot of it, held against the copy.

use super::attempt::CONNECT_MAX;
use super::backend::{Backend, Endpoint};
use super::catalog::{self, Snapshot, diff};
use super::copy::{Job, NoCopy, quoted};
use super::ledger::literal;
use crate::runner::guard::door::Door;
use crate::runner::suite::{self, child, environment, relay::Kept};
use crate::session::Report;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::Seek;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// A dump or a restore may take so long, milliseconds; STOP ends it sooner.
const CHILD_MAX_MS: u64 = 60 * 60 * 1_000;
/// A program may take so long to say its version, milliseconds.
const VERSION_MAX_MS: u64 = 10_000;
/// So much of what a child says on standard error goes into our words, bytes.
const WORDS_MAX: usize = 2_000;
/// So many differences are named.
const DIFFERENCES_MAX: usize = 5;

/// What the copy must have of the source. Columns differ by version: 15 brings the provider, 16 rules, 17 one locale
/// for every provider. <https://www.postgresql.org/docs/current/catalog-pg-database.html>
const LOCALE: &str = "
    SELECT pg_catalog.concat_ws(' ',
             pg_catalog.format('OWNER %I ENCODING %L LC_COLLATE %L LC_CTYPE %L TABLESPACE %I',
               pg_catalog.pg_get_userbyid(d.datdba), pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype,
               (SELECT spcname FROM pg_catalog.pg_tablespace WHERE oid = d.dattablespace)),
             CASE it.facts ->> 'datlocprovider'
               WHEN 'i' THEN 'LOCALE_PROVIDER icu ICU_LOCALE ' || pg_catalog.quote_literal(it.locale)
                             || coalesce(' ICU_RULES ' || pg_catalog.quote_literal(nullif(it.facts ->> 'daticurules', '')), '')
               WHEN 'b' THEN 'LOCALE_PROVIDER builtin BUILTIN_LOCALE ' || pg_catalog.quote_literal(it.locale)
               WHEN 'c' THEN 'LOCALE_PROVIDER libc' END)
      FROM pg_catalog.pg_database AS d,
           LATERAL (SELECT pg_catalog.to_jsonb(d) AS facts,
                           coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale') AS locale) AS it
     WHERE d.datname = ";

/// Tables whose rows a dump has. A materialized view is filled again, and may hold something newer than in the source.
const TABLES: &str = "
    SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
      FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND c.relpersistence <> 't'
       AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend
                        WHERE classid = 'pg_catalog.pg_class'::regclass AND objid = c.oid AND deptype = 'e')
     ORDER BY 1";

/// What a database holds: its schema, and how many rows each table has.
struct Contents {
    schema: Snapshot,
    rows: BTreeMap<String, String>,
}

/// The children's environment. The password's file goes with it.
struct World {
    variables: Vec<(OsString, OsString)>,
    password: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.password);
    }
}

fn failed(what: &str, error: &std::io::Error) -> NoCopy {
    NoCopy::Blocked {
        what: format!("{what}: {error}"),
        next: "free space or mend the session's folder".to_owned(),
    }
}

impl Job<'_> {
    /// Makes the copy from template0 and fills it. Everything is seen in one snapshot of the source, whatever others do.
    pub(super) async fn dump_and_restore(&self, maintenance: &mut Backend, who: &str) -> Result<(), NoCopy> {
        let world = self.world()?;
        let major = self.server_major(maintenance).await?;
        let dump = self.program("pg_dump", major, who, &world).await?;
        let restore = self.program("pg_restore", major, who, &world).await?;
        self.print(format!("{} is in use by {who}: it is dumped and restored\n", self.source.database));
        // It has no name, so that it is gone with whoever has it open, whatever happens; and nobody else can read it.
        let file = tempfile::tempfile_in(&self.room.scratch);
        let mut file = file.map_err(|error| failed("there is no room for the dump", &error))?;
        let was = self.dumped(&dump, &file, &world, who).await?;
        self.create(maintenance).await?;
        let copy = Endpoint { database: self.copy.to_owned(), ..self.source.clone() };
        let mut backend = self.connect(&copy).await?;
        if !was.schema.0.contains_key("schema public") {
            self.run(&mut backend, "DROP SCHEMA IF EXISTS public").await?;
        }
        let door = backend.door();
        backend.close().await;
        file.rewind().map_err(|error| failed("the dump cannot be read", &error))?;
        let arguments = ["--exit-on-error", "--no-password", "--dbname", self.copy];
        let streams = (Stdio::from(file), Stdio::piped());
        let ended = self.child(&restore, &arguments.map(OsString::from), streams, &world).await;
        self.same_door(door.as_ref())?;
        ended.map_err(|error| {
            error.into_no_copy(
                format!("the dump of {} cannot be restored", self.source.database),
                "look at what it says, or let the others disconnect, so that it is copied as it is",
            )
        })?;
        let mut backend = self.connect(&copy).await?;
        self.run(&mut backend, "BEGIN").await?;
        let is = self.contents(&mut backend).await?;
        backend.close().await;
        self.same(&was, &is)
    }

    fn world(&self) -> Result<World, NoCopy> {
        let variables = environment::environment(self.room, self.source);
        let mut world = World {
            password: self.room.scratch.join(environment::PASSWORD_FILE),
            variables: variables.map_err(|error| failed("cannot prepare the dump", &error))?,
        };
        world.variables.push(("PGAPPNAME".into(), "ceremony copy".into()));
        Ok(world)
    }

    /// The program, if it is there and of the server's major version: another one writes what this server cannot read.
    async fn program(&self, name: &str, major: u32, who: &str, world: &World) -> Result<PathBuf, NoCopy> {
        let no = |why: String, next: String| NoCopy::Blocked {
            what: format!("the database cannot be copied while others are connected: {who} ({why})"),
            next: format!("let them disconnect, or {next}"),
        };
        let path = environment::find(name, &world.variables, &self.room.folder);
        if !path.is_file() {
            let why = format!("nor can it be dumped and restored: there is no {name}");
            return Err(no(why, format!("install the client programs of PostgreSQL {major}")));
        }
        let mut command = self.command(&path, world);
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped());
        let (mut said, mut errors) = (Kept::default(), Kept::default());
        let (group, kept) = ((&self.stop.group, self.mark), (&mut said, &mut errors));
        let ended = child::run(command, VERSION_MAX_MS, group, &|_| {}, (WORDS_MAX, WORDS_MAX), kept).await;
        self.go_on()?;
        let words = String::from_utf8_lossy(&said.bytes).trim().to_owned();
        // pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
        let version = words.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let found = version.and_then(|version| version.split(|c: char| !c.is_ascii_digit()).next());
        if found.and_then(|found| found.parse().ok()) == Some(major) {
            return Ok(path);
        }
        let is = match ended {
            Ok(0) => format!("it is {words}"),
            Ok(code) => format!("it ends with {code}: {}", String::from_utf8_lossy(&errors.bytes).trim()),
            Err(what) => what,
        };
        Err(no(
            format!("nor can it be dumped by {}: the server is version {major}, {is}", path.display()),
            format!("name the folder of the programs of PostgreSQL {major} in PG_BINDIR"),
        ))
    }

    /// Dumps the source into `file`, and returns what it held in the very snapshot that was dumped.
    async fn dumped(
        &self,
        program: &Path,
        file: &File,
        world: &World,
        who: &str,
    ) -> Result<Contents, NoCopy> {
        let mut source = self.connect(self.source).await?;
        self.run(&mut source, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        self.run(&mut source, "SET LOCAL idle_in_transaction_session_timeout = 0").await?;
        let snapshot = self.within(source.value("SELECT pg_catalog.pg_export_snapshot()")).await?;
        let stdout = file.try_clone().map_err(|error| failed("the dump cannot be written", &error))?;
        let arguments = [
            "--format=custom".to_owned(),
            "--no-password".to_owned(),
            // In the copy they would keep it from being dropped.
            "--no-subscriptions".to_owned(),
            format!("--snapshot={}", snapshot.unwrap_or_default()),
            format!("--lock-wait-timeout={}", self.room.lock_timeout_ms),
        ];
        let streams = (Stdio::null(), Stdio::from(stdout));
        let ended = self.child(program, &arguments.map(OsString::from), streams, world).await;
        self.same_door(source.door().as_ref())?;
        ended.map_err(|error| {
            error.into_no_copy(
                format!("{} is in use by {who} and cannot be dumped", self.source.database),
                "let those end who hold locks on its tables, or let all of them disconnect",
            )
        })?;
        let contents = self.contents(&mut source).await?;
        source.close().await;
        Ok(contents)
    }

    async fn create(&self, maintenance: &mut Backend) -> Result<(), NoCopy> {
        self.stop.watch(maintenance.canceller());
        let sql = format!("{LOCALE}{}", literal(&self.source.database));
        let like_it = self.within(maintenance.value(&sql)).await?.unwrap_or_default();
        let sql = format!("CREATE DATABASE {} TEMPLATE template0 {like_it}", quoted(self.copy));
        self.run(maintenance, &sql).await
    }

    async fn connect(&self, endpoint: &Endpoint) -> Result<Backend, NoCopy> {
        self.go_on()?;
        let mut backend = Backend::connect(endpoint, "ceremony copy", CONNECT_MAX).await?;
        self.stop.watch(backend.canceller());
        backend.answers_within(std::time::Duration::from_millis(self.limit_ms));
        self.run(&mut backend, &format!("SET lock_timeout = {}", self.room.lock_timeout_ms)).await?;
        self.run(&mut backend, &format!("SET statement_timeout = {}", self.limit_ms)).await?;
        Ok(backend)
    }

    /// What the open transaction sees.
    async fn contents(&self, backend: &mut Backend) -> Result<Contents, NoCopy> {
        for setting in catalog::SETTINGS.iter().chain(&["SET LOCAL row_security = off"]) {
            self.run(backend, setting).await?;
        }
        let found = self.within(backend.rows(catalog::QUERY, usize::MAX, usize::MAX, &mut |_| {})).await?;
        let (schema, _) = Snapshot::from_cells(found.0.rows);
        let tables = self.within(backend.rows(TABLES, usize::MAX, usize::MAX, &mut |_| {})).await?;
        let mut rows = BTreeMap::new();
        for table in tables.0.rows.into_iter().filter_map(|row| row.into_iter().next().flatten()) {
            let sql = format!("SELECT pg_catalog.count(*) FROM ONLY {table}");
            let count = self.within(backend.value(&sql)).await?.unwrap_or_default();
            rows.insert(table, count);
        }
        Ok(Contents { schema, rows })
    }

    /// A drill on an unequal copy proves nothing.
    fn same(&self, was: &Contents, is: &Contents) -> Result<(), NoCopy> {
        let or_not = |text: Option<&String>| text.map_or("nothing".to_owned(), |text| format!("'{text}'"));
        let mut found: Vec<String> = diff(&was.schema, &is.schema)
            .iter()
            .map(|it| {
                let (before, after) = (or_not(it.before.as_ref()), or_not(it.after.as_ref()));
                format!("{} is {after} there and {before} in the source", it.object)
            })
            .collect();
        for (table, count) in was.rows.iter().filter(|(table, count)| is.rows.get(*table) != Some(count)) {
            let there = is.rows.get(table).map_or("no", String::as_str);
            found.push(format!("{table} has {there} rows there and {count} in the source"));
        }
        if found.is_empty() {
            return Ok(());
        }
        let more = match found.len().saturating_sub(DIFFERENCES_MAX) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        found.truncate(DIFFERENCES_MAX);
        Err(NoCopy::Blocked {
            what: format!(
                "the restored copy is not equal to {}, and nothing would be proved on it: {}{more}",
                self.source.database,
                found.join("; ")
            ),
            next: "let the others disconnect, so that it is copied as it is".to_owned(),
        })
    }

    /// A child connects by itself: what it said and did is worth something only if it reached the judged server.
    fn same_door(&self, door: Option<&Door>) -> Result<(), NoCopy> {
        suite::swapped(door, self.source).map_or(Ok(()), |why| {
            Err(NoCopy::Blocked {
                what: format!("the copy is not to be trusted: {why}"),
                next: "find out who takes the server's place, then try again".to_owned(),
            })
        })
    }

    fn command(&self, program: &Path, world: &World) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.room.folder).env_clear().envs(world.variables.iter().cloned());
        command
    }

    async fn child(
        &self,
        program: &Path,
        arguments: &[OsString],
        (stdin, stdout): (Stdio, Stdio),
        world: &World,
    ) -> Result<(), Ended> {
        self.go_on().map_err(Ended::NoCopy)?;
        let mut command = self.command(program, world);
        command.args(arguments).stdin(stdin).stdout(stdout);
        let (mut out, mut err) = (Kept::default(), Kept::default());
        let (group, kept) = ((&self.stop.group, self.mark), (&mut out, &mut err));
        let say: &(dyn Fn(Report) + Send + Sync) = self.say;
        let ended = child::run(command, CHILD_MAX_MS, group, say, (0, WORDS_MAX), kept).await;
        self.go_on().map_err(Ended::NoCopy)?;
        let why = match ended {
            Ok(0) => return Ok(()),
            Ok(code) => format!("it ends with {code}"),
            Err(why) => why,
        };
        let words = String::from_utf8_lossy(&err.bytes).trim().replace('\n', "; ");
        Err(Ended::Badly(if words.is_empty() { why } else { words }))
    }
}

/// Why a child did not do it.
enum Ended {
    NoCopy(NoCopy),
    /// In its words.
    Badly(String),
}

impl Ended {
    fn into_no_copy(self, what: String, next: &str) -> NoCopy {
        match self {
            Self::NoCopy(why) => why,
            Self::Badly(words) => NoCopy::Blocked { what: format!("{what}: {words}"), next: next.to_owned() },
        }
    }
}
