//! A room of a test's own: a copy of the shipped ceremony, the real program in it, and a look at what it left.

pub use crate::clients::*;
pub use crate::program::*;

use ceremony::definition::{StepKind, load};
use ceremony::plan::Plan;
use ceremony::runner::files::{DiskFolder, sha256};
use ceremony::runner::server::{Embedded, find_programs};
use rustix::process::Pid;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Each gate may be asked this often.
const TIMES: usize = 4;

pub const FOUNDATIONS: &str = "migrations/20260117000000_calendar_sync_foundations.sql";
pub const UNIQUENESS: &str = "migrations/20260118000000_fix_external_calendar_events_uniqueness.sql";
pub const OUTBOUND: &str = "migrations/20260119000000_outbound_calendar_sync.sql";
pub const BASELINE: &str = "assets/calendar/baseline.sql";
pub const QUERIES: &str = "docs/ops/calendar_migration_verification_queries.sql";
pub const ROLLBACK: &str = "docs/ops/calendar_migration_rollback_scripts.sql";

/// Answers for a headless run: every gate, so often as it may be asked, and words for a stop.
#[derive(Clone, Debug)]
pub struct Answers(BTreeMap<String, Vec<String>>);

impl Answers {
    /// Nobody answers this gate (or stage).
    pub fn without(mut self, id: &str) -> Self {
        self.0.remove(id);
        self
    }

    /// These words, one after the other.
    pub fn with(mut self, id: &str, words: &[&str]) -> Self {
        self.0.insert(id.to_owned(), words.iter().map(|word| (*word).to_owned()).collect());
        self
    }

    /// The three stages in which people say something at a stop.
    pub fn at_a_stop(self, decision: &str) -> Self {
        self.with("assess", &["looked at the error, the log and the results"])
            .with("decide", &[decision])
            .with("document", &["written down what it was and what was done"])
    }
}

pub struct Room {
    folder: TempDir,
    runs: std::cell::Cell<usize>,
}

impl Room {
    /// A copy of the shipped ceremony.
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("ceremony-").unwrap();
        // The server's user is another one when root runs the tests.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in ["ceremony.toml", "migrations", "assets", "docs/ops"] {
            copy(&root.join(name), &folder.path().join(name));
        }
        Self { folder, runs: Default::default() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn session(&self) -> PathBuf {
        self.path("session")
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Changes a file and has the change reviewed: its checksum in the definition follows.
    #[track_caller]
    pub fn edit(&self, name: &str, change: impl FnOnce(String) -> String) -> &Self {
        let before = fs::read(self.path(name)).unwrap();
        let after = change(String::from_utf8(before.clone()).unwrap()).into_bytes();
        assert_ne!(before, after, "the change changes nothing");
        fs::write(self.path(name), &after).unwrap();
        self.define(&sha256(&before), &sha256(&after))
    }

    /// Puts statements before the last COMMIT of a script (or at its end).
    pub fn add(&self, name: &str, sql: &str) -> &Self {
        self.edit(name, |text| match text.rfind("COMMIT;") {
            Some(at) => format!("{}{sql}\n\n{}", &text[..at], &text[at..]),
            None => format!("{text}\n{sql}\n"),
        })
    }

    /// Replaces text in the definition.
    #[track_caller]
    pub fn define(&self, from: &str, to: &str) -> &Self {
        let text = self.read("ceremony.toml");
        assert!(text.contains(from), "the definition has no '{from}'");
        fs::write(self.path("ceremony.toml"), text.replace(from, to)).unwrap();
        self
    }

    /// What a migration changes beyond its declaration is only noted.
    pub fn lenient(&self) -> &Self {
        self.define("planned_minutes = 120", "undeclared = \"finding\"\nplanned_minutes = 120")
    }

    /// Nor is anything said of what a second run does, as long as it changes nothing.
    pub fn tolerant(&self) -> &Self {
        let text = self.read("ceremony.toml");
        let grades = text.replace("reapply = \"inert\"", "reapply = \"re-creates\"");
        let grades = grades.replace("reapply = \"locks\"", "reapply = \"re-creates\"");
        fs::write(self.path("ceremony.toml"), grades).unwrap();
        self.lenient()
    }

    /// All observations of a kind, in order.
    pub fn observations(&self, of: &str) -> Vec<Value> {
        let all = self.entries().into_iter().map(|entry| entry["cause"]["report"]["observation"].clone());
        all.filter(|observation| observation["of"] == of).collect()
    }

    /// The line in which `words` stand for the first time.
    #[track_caller]
    pub fn line_of(&self, name: &str, words: &str) -> usize {
        let text = self.read(name);
        1 + text.lines().position(|line| line.contains(words)).unwrap_or_else(|| panic!("no '{words}'"))
    }

    /// A file whose presence makes [`Self::slow`] statements slow.
    pub fn hold(&self) -> PathBuf {
        self.path("hold")
    }

    /// A statement that takes for ever as long as there is a file: what is in the database makes no difference.
    pub fn slow(&self, name: &str) -> &Self {
        fs::write(self.hold(), "").unwrap();
        let file = self.hold().display().to_string();
        self.add(
            name,
            &format!("SELECT pg_sleep(600) FROM (SELECT pg_stat_file('{file}', true) AS it) AS f WHERE (f.it).size IS NOT NULL;"),
        )
    }

    pub fn release(&self) {
        fs::remove_file(self.hold()).unwrap();
    }

    /// Confirms every gate of the definition as it is now.
    pub fn yes(&self) -> Answers {
        let folder = DiskFolder::new(self.folder.path()).unwrap();
        let plan = Plan::new(load(&folder, "ceremony.toml").unwrap());
        let mut answers = Answers(BTreeMap::new());
        let many = ["{phrase}"; TIMES];
        for step in &plan.steps {
            answers = answers.with(&step.id, &many);
            if step.kind == StepKind::Apply {
                answers = answers.with(&format!("{} commit", step.id), &many);
            }
        }
        answers.with("rollback", &many).with("rollback delete", &many)
    }

    /// The program with these arguments, in a clean environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ceremony"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null()).env("USER", "ada");
        // Nobody's own settings.
        command.env("XDG_CONFIG_HOME", "/nonexistent");
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name == "DATABASE_URL" || name.starts_with("PG") && name != "PG_BINDIR" {
                command.env_remove(&*name);
            }
        }
        command
    }

    pub fn spawn(&self, mut command: Command) -> Running {
        self.runs.set(self.runs.get() + 1);
        let out = self.path(&format!("out-{}", self.runs.get()));
        let err = self.path(&format!("err-{}", self.runs.get()));
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        Running { child: command.spawn().unwrap(), out, err }
    }

    pub fn call(&self, arguments: &[&str]) -> Ended {
        self.spawn(self.command(arguments)).end()
    }

    /// A command with an answers file.
    pub fn answered(&self, arguments: &[&str], answers: &Answers) -> Command {
        let file = self.path(&format!("answers-{}.toml", self.runs.get()));
        // A list of texts is written alike in JSON and in TOML.
        let lines = answers.0.iter().map(|(id, words)| format!("\"{id}\" = {}\n", serde_json::json!(words)));
        fs::write(&file, lines.collect::<String>()).unwrap();
        let mut command = self.command(arguments);
        command.arg("--headless").arg("--answers").arg(file);
        command
    }

    pub fn start(&self, answers: &Answers) -> Running {
        self.spawn(self.answered(&["run", "--session", "session"], answers))
    }

    /// A new session.
    pub fn run(&self, answers: &Answers) -> Ended {
        self.start(answers).end()
    }

    pub fn resume(&self, answers: &Answers) -> Ended {
        self.spawn(self.answered(&["resume", "session"], answers)).end()
    }

    pub fn verify(&self) -> Ended {
        self.call(&["verify", "session"])
    }

    pub fn report(&self) -> String {
        self.call(&["report", "session"]).with(0).out
    }

    /// The record's whole lines.
    pub fn entries(&self) -> Vec<Value> {
        let bytes = fs::read(self.session().join("session.jsonl")).unwrap_or_default();
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        bytes[..whole]
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    /// All events of a kind.
    pub fn events(&self, kind: &str) -> Vec<Value> {
        let all = self.entries().into_iter().flat_map(|entry| entry["events"].as_array().unwrap().clone());
        all.filter(|event| event["event"] == kind).collect()
    }

    /// All stops of the world.
    pub fn halts(&self) -> Vec<Value> {
        self.events("halted").into_iter().map(|event| event["halt"].clone()).collect()
    }

    /// The only stop.
    #[track_caller]
    pub fn halt(&self) -> Value {
        let mut halts = self.halts();
        assert_eq!(halts.len(), 1, "stops: {halts:#?}");
        halts.remove(0)
    }

    /// Waits for a line of the record that has all these words.
    pub fn recorded(&self, words: &[&str]) {
        let file = self.session().join("session.jsonl");
        until(&format!("{words:?} is recorded"), || {
            let text = fs::read_to_string(&file).unwrap_or_default();
            text.lines().any(|line| words.iter().all(|words| line.contains(words))).then_some(())
        });
    }

    /// Waits until the session's own server is in the middle of a slow statement. The line in the record is written
    /// before the statement is sent.
    pub fn in_the_middle(&self) {
        self.recorded(&["statement-started", "pg_sleep"]);
        until("the server sleeps", || (!self.ask(SLEEPER).is_empty()).then_some(()));
    }

    /// What the session's own server keeps about itself.
    pub fn kept(&self) -> Value {
        serde_json::from_slice(&fs::read(self.session().join("server/server.json")).unwrap()).unwrap()
    }

    /// Asks the session's own server while it runs.
    pub fn ask(&self, sql: &str) -> String {
        let kept = self.kept();
        psql(kept["port"].as_u64().unwrap() as u16, kept["password"].as_str().unwrap(), &["-c", sql])
    }

    /// Asks the session's own server while the program does not run.
    pub fn ask_after(&self, sql: &[&str]) -> Vec<String> {
        let server =
            Embedded::start(&find_programs(None).unwrap(), &self.session().join("server"), "postgres")
                .unwrap();
        sql.iter().map(|sql| psql(server.port(), server.password().expose(), &["-c", sql])).collect()
    }

    /// The process id of the session's own server.
    pub fn server_pid(&self) -> Pid {
        let data = PathBuf::from(self.kept()["data"].as_str().unwrap());
        let text = fs::read_to_string(data.join("postmaster.pid")).unwrap();
        Pid::from_raw(text.lines().next().unwrap().trim().parse().unwrap()).unwrap()
    }

    /// No server is left and no password lies about.
    fn check_what_is_left(&self) {
        let Ok(bytes) = fs::read(self.session().join("server/server.json")) else { return };
        let kept: Value = serde_json::from_slice(&bytes).unwrap();
        let data = PathBuf::from(kept["data"].as_str().unwrap());
        until("no server is left behind", || processes_in(&data).is_empty().then_some(()));
        if let Some(folder) = kept["socket_folder"].as_str() {
            until("the folder of its socket is gone", || (!Path::new(folder).exists()).then_some(()));
        }
        let password = kept["password"].as_str().unwrap();
        assert_eq!(self.files_with(password), Vec::<PathBuf>::new(), "the password lies about");
        assert!(!self.session().join("pgpass").exists(), "a password file is left");
    }

    /// Files outside of the server's folder that hold `words`.
    pub fn files_with(&self, words: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.ends_with("session/server") {
                    folders.push(path);
                } else if path.is_file() {
                    let text = fs::read(&path).unwrap();
                    if text.windows(words.len()).any(|window| window == words.as_bytes()) {
                        found.push(path);
                    }
                }
            }
        }
        found
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check_what_is_left();
        }
    }
}

/// Processes that work in a folder, as every process of a server does in its data.
pub fn processes_in(folder: &Path) -> Vec<i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            (fs::read_link(entry.path().join("cwd")).ok()? == folder).then_some(pid)
        })
        .collect()
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

/// The backend that runs a slow statement.
pub const SLEEPER: &str = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'";

/// Everything of schema public that a person would miss.
pub const SHAPE: &str = "
    SELECT format('column %s.%s %s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull)
      FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
     WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT format('trigger %s %s', tgrelid::regclass, tgname) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT format('function %s', oid::regprocedure) FROM pg_proc AS p
     WHERE pronamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
    ORDER BY 1";

/// The ledger, a row a line: migration, cycle, direction, state.
pub const LEDGER: &str =
    "SELECT migration, cycle, direction, state FROM ceremony.ledger ORDER BY migration, cycle";

/// The versions in the migration history.
pub const HISTORY: &str = "SELECT version FROM supabase_migrations.schema_migrations ORDER BY version";
