//! What people and the clock ask of the core.

use super::{Decision, Interruption, Outcome, Witness};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything the core ever hears.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "kebab-case")]
pub enum Input {
    /// A person (or the command line on their behalf) wants something.
    Command(Command),
    /// The runner reports something.
    Outcome(Outcome),
}

/// What a person can want. Each is either carried out or refused with a reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Opens a new session; the first of all.
    Open {
        /// What the session is about.
        header: Box<Header>,
    },
    /// Goes on with a session whose process ended; what was in flight is settled by the ledger.
    Resume {
        /// Who goes on.
        operator: String,
        /// Bytes of a torn last line that were cut and kept aside.
        torn_bytes: u64,
        /// Where the target answers now.
        address: String,
    },
    /// Answers the open gate.
    Answer {
        /// The gate's id, so that an answer cannot hit another gate than the one on the screen.
        gate: String,
        /// What was typed.
        words: String,
    },
    /// Answers with no: at the commit gate the transaction is rolled back, at a rollback's gates it is put aside.
    Discard,
    /// STOP: cancels what runs; asked again, terminates it.
    Stop,
    /// Somebody who watches puts initials under a step.
    Witness {
        /// Who.
        by: Witness,
        /// The letters.
        initials: String,
        /// The step; `None` is the current one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        /// The attempt that was looked at; `None` is the newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<u32>,
    },
    /// STOP by somebody who watches.
    WitnessStop {
        /// Who.
        by: Witness,
    },
    /// Stage ASSESS of the escalation.
    Assess {
        /// What was found.
        words: String,
    },
    /// Stage DECIDE.
    Decide {
        /// The decision.
        decision: Decision,
        /// Its reason.
        words: String,
    },
    /// Stage DOCUMENT.
    Document {
        /// The issue and its resolution.
        words: String,
    },
    /// Undoes everything that is applied, outside of an escalation.
    RollBack,
    /// Writes down that something did not go as the plan says.
    Deviate {
        /// The step it is about; empty for the ceremony.
        step: String,
        /// What should have been.
        expected: String,
        /// What was.
        observed: String,
        /// What is done about it.
        decided: String,
    },
    /// Something broke the phase.
    Interrupted {
        /// What.
        by: Interruption,
        /// How long it took, in microseconds.
        lasted_us: u64,
    },
    /// Writes something down.
    Note {
        /// The words.
        words: String,
    },
}

/// The first thing in a record: what is run, by whom, on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Version of the record's format.
    pub format: u32,
    /// A random UUID (version 7).
    pub session: String,
    /// The ceremony's id.
    pub ceremony: String,
    /// File name of the definition within `files/`.
    pub definition: String,
    /// Every file of the definition: path to SHA-256.
    pub inputs: BTreeMap<String, String>,
    /// SHA-256 of `plan.json`, what was planned from them.
    pub plan: String,
    /// Version of this program.
    pub tool: String,
    /// Commit of the repository the definition lies in, if any.
    pub git: Option<GitState>,
    /// Who drives.
    pub operator: String,
    /// Practice sessions can never be signed as real.
    pub mode: Mode,
    /// The database, without any secret.
    pub target: TargetName,
    /// Wall clock at the opening.
    pub opened: Timestamp,
    /// For a rehearsal on a throw-away copy: the database it is a copy of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<String>,
    /// How that copy was made, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied: Option<String>,
}

/// The repository a definition lies in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitState {
    /// Commit hash.
    pub head: String,
    /// Whether the work tree differs from it.
    pub dirty: bool,
}

/// Whether a session counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It counts.
    Live,
    /// It does not: answered by a flag, or on a copy.
    Practice,
}

/// The database of a session as it is named to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetName {
    /// `127.0.0.1:54322` or a socket's path.
    pub address: String,
    /// The database.
    pub database: String,
    /// The role.
    pub user: String,
    /// Whether it is the session's own throw-away server.
    pub embedded: bool,
}

impl TargetName {
    /// `127.0.0.1:54322/postgres`.
    pub fn full(&self) -> String {
        format!("{}/{}", self.address, self.database)
    }
}
