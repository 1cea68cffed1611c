//! A ceremony as data: what `ceremony.toml` says, with the text of every script it refers to.

use super::queries::Query;
use super::schema::{Declared, Grade, Undeclared};
use super::signatures::SignatureRule;
use super::target::{Limits, Target};
use serde::Serialize;
use std::collections::BTreeMap;

/// A whole definition, free of mistakes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ceremony {
    /// Short name, unique among an organisation's ceremonies.
    pub id: String,
    /// For the header.
    pub title: String,
    /// One or two sentences.
    pub purpose: String,
    /// How long the ceremony takes by hand, minutes.
    pub planned_minutes: u64,
    /// How long a complete rollback takes by hand, minutes.
    pub rollback_minutes: u64,
    /// Where the generated runbook is kept, relative to the folder.
    pub runbook: Option<String>,
    /// Accepted risks, shown at sign-off.
    pub risks: Vec<String>,
    /// For migrations that do not say it themselves.
    pub undeclared: Undeclared,
    /// Program and arguments that tell the team when a rollback is needed; empty when people do it by hand.
    pub notify: Vec<String>,
    /// What is masked in the record: a text, or the beginning of one with `*` behind it.
    pub mask: Vec<String>,
    /// The database it is meant for.
    pub target: Target,
    /// Deadlines.
    pub limits: Limits,
    /// Files that must be the reviewed ones: path to SHA-256. Migrations are among them.
    pub inputs: Vec<Input>,
    /// Feature flags.
    pub flags: Vec<Flag>,
    /// Tables whose rows must never get fewer while a migration runs.
    pub protect: Vec<String>,
    /// Those of them whose rows are only counted, because they are too many to hash.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub counted_only: Vec<String>,
    /// In the order of the file.
    pub migrations: Vec<Migration>,
    /// By id.
    pub queries: Vec<Query>,
    /// Statements that must be refused.
    pub negatives: Vec<Negative>,
    /// Test commands.
    pub suites: Vec<Suite>,
    /// Known failures.
    pub waivers: Vec<Waiver>,
    /// In the order in which they are taken.
    pub steps: Vec<StepDefinition>,
    /// What is signed.
    pub claims: Vec<Claim>,
    /// Who must sign; of none, nobody's signature makes it signed off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<SignatureRule>,
    /// Every file that was read, by path relative to the folder, with the SHA-256 of its bytes.
    pub files: BTreeMap<String, String>,
}

/// A file that must be there and be the reviewed one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Input {
    /// Relative to the folder.
    pub path: String,
    /// 64 hexadecimal digits.
    pub sha256: String,
    /// Line of the definition that holds the checksum, from 1.
    pub line: usize,
}

/// A feature flag and what it must be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Flag {
    /// Name of the environment variable.
    pub name: String,
    /// `true` when it must be on.
    pub on: bool,
}

/// How much can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

impl Risk {
    /// For the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
        }
    }
}

/// SQL text and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Script {
    /// Relative to the folder.
    pub file: String,
    /// The named section; `None` is the whole file.
    pub section: Option<String>,
    /// Line of the file at which `text` starts, from 1.
    pub first_line: usize,
    /// Whether it runs in one transaction.
    pub transaction: Transaction,
    /// The SQL.
    #[serde(skip)]
    pub text: String,
}

/// How the statements of a migration or rollback become final.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transaction {
    /// All at once, or none of them.
    #[default]
    One,
    /// One by one, each as soon as it has run: for files that PostgreSQL refuses inside a transaction.
    None,
}

impl Script {
    /// `file#section`.
    pub fn name(&self) -> String {
        match &self.section {
            Some(section) => format!("{}#{section}", self.file),
            None => self.file.clone(),
        }
    }
}

/// A schema change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Migration {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// What is run.
    pub script: Script,
    /// Of the reviewed file.
    pub sha256: String,
    /// How much can go wrong.
    pub risk: Risk,
    /// Ids of the migrations it depends on.
    pub after: Vec<String>,
    /// Whether a second gate asks before COMMIT.
    pub commit: CommitPolicy,
    /// What it does, in a sentence.
    pub summary: String,
    /// What it changes; `None` when it does not say.
    pub declared: Option<Declared>,
    /// What follows when it changes something else.
    pub undeclared: Undeclared,
    /// The worst that may be seen of it when it is applied again.
    pub reapply: Grade,
    /// Ids of the queries that are run inside its transaction.
    pub verify: Vec<String>,
    /// Protected tables whose rows it changes on purpose: they must only not get fewer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub updates: Vec<String>,
    /// How to undo it.
    pub rollback: Rollback,
}

impl Migration {
    /// The version and name of the Supabase history: `^([0-9]+)_(.*)\.sql$` of the file's name.
    pub fn history_key(&self) -> Option<(&str, &str)> {
        let name = self.script.file.rsplit('/').next()?.strip_suffix(".sql")?;
        let (version, title) = name.split_once('_')?;
        let digits = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
        digits.then_some((version, title))
    }
}

/// Whether a second gate asks before COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommitPolicy {
    /// The proof is shown and a person commits.
    Ask,
    /// A clean proof commits by itself.
    Auto,
}

/// How a migration is undone.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Rollback {
    /// What is run.
    pub script: Script,
    /// What it does, in a sentence.
    pub summary: String,
    /// When it is called for.
    pub when: String,
    /// Tables whose rows die with it; asked for twice.
    pub deletes: Vec<String>,
    /// Protected tables whose rows it changes on purpose: they must only not get fewer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub updates: Vec<String>,
    /// Catalog objects that are left behind on purpose.
    pub kept: Vec<String>,
    /// Catalog objects of earlier migrations that it takes along on purpose.
    pub also_drops: Vec<String>,
}

/// A statement that must be refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Negative {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// Statements; the last one must be refused.
    pub script: Script,
    /// By this code.
    pub sqlstate: String,
    /// And by this constraint, if named.
    pub constraint: Option<String>,
}

/// A test command.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suite {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// A file that must be there, relative to the folder.
    pub file: Option<String>,
    /// Program and arguments, run in the folder of the definition.
    pub command: Vec<String>,
    /// How its result is read.
    pub format: SuiteFormat,
    /// The file it writes its result to, relative to the folder; standard output if there is none.
    pub result: Option<String>,
    /// After which it is killed, milliseconds.
    pub timeout_ms: u64,
    /// Whether it shows that the application starts (halt condition 7 when it fails).
    pub starts_application: bool,
}

/// How a suite's result is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuiteFormat {
    /// The Test Anything Protocol on standard output, <https://testanything.org>, and the exit code.
    Tap,
    /// The exit code alone.
    ExitCode,
    /// JUnit's XML and the exit code.
    Junit,
    /// The output of vitest's JSON reporter, and the exit code.
    Vitest,
}

/// A known failure that somebody answers for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waiver {
    /// Id of the suite or query.
    pub check: String,
    /// The tests of the suite that may fail; empty: the whole check may.
    pub tests: Vec<String>,
    /// Why it may fail.
    pub reason: String,
    /// Who says so.
    pub granted_by: String,
    /// Last day it counts, `2026-12-31`.
    pub until: String,
}

/// What kind of work a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Looks at server, files, flags and tests before anything is touched.
    Preflight,
    /// Copies rows out and records the schema.
    Backup,
    /// Applies one migration.
    Apply,
    /// Runs queries.
    Verify,
    /// Applies one migration again.
    Reapply,
    /// Tries statements that must be refused.
    Negative,
    /// Runs test commands.
    Suite,
    /// Rolls back and applies again on a copy.
    Drill,
    /// Puts the claims before the lead.
    SignOff,
    /// Undoes one migration; only in a rollback's own plan.
    RollBack,
}

/// A `[[step]]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepDefinition {
    /// Short name.
    pub id: String,
    /// What kind of work.
    pub kind: StepKind,
    /// For people.
    pub title: String,
    /// Built-in looks at the surroundings.
    pub probes: Vec<Probe>,
    /// Query ids.
    pub queries: Vec<String>,
    /// Suite ids.
    pub suites: Vec<String>,
    /// Negative ids.
    pub negatives: Vec<String>,
    /// Tables to copy out.
    pub tables: Vec<String>,
    /// Rows for a drill: run on its copy before the way down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<Script>,
    /// A witness's initials are asked for before it is final.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub witness: bool,
}

/// A built-in look at the surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// The server runs and answers.
    Server,
    /// The files are the reviewed ones.
    Inputs,
    /// The feature flags are as they must be.
    Flags,
}

/// A sentence to be signed and the steps whose evidence ticks it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Claim {
    /// Short name.
    pub id: String,
    /// The sentence.
    pub text: String,
    /// Step ids.
    pub evidence: Vec<String>,
}
