//! Test commands: run with a clean environment, streamed, killed with all they started; and what their result says.

pub(in crate::runner) mod child;
pub(in crate::runner) mod environment;
#[cfg(target_os = "linux")]
pub(crate) mod kin;
mod processes;
pub(in crate::runner) mod relay;
mod result;

pub use processes::Group;

use super::guard::door::Door;
use super::postgres::backend::Endpoint;
use crate::definition::Suite;
use crate::session::{Observation, Report};
use environment::PASSWORD_FILE;
use relay::Kept;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::process::Command;

/// Where suites run and what they are told.
#[derive(Clone, Debug)]
pub struct SuiteRoom {
    /// Their working folder.
    pub folder: PathBuf,
    /// A folder of the session, for the password file.
    pub scratch: PathBuf,
    /// Put in front of PATH: where psql is.
    pub programs: Option<PathBuf>,
    /// So long a suite waits for a lock of somebody else, milliseconds.
    pub lock_timeout_ms: u64,
}

/// Runs a suite against `endpoint`, says what it prints, and reads its result. `mark` is unique to this run: its
/// processes are known by it.
pub async fn run(
    suite: &Suite,
    room: &SuiteRoom,
    endpoint: &Endpoint,
    (group, mark): (&Group, &str),
    say: &(dyn Fn(Report) + Send + Sync),
    now_us: &(dyn Fn() -> u64 + Send + Sync),
) -> Observation {
    let started = now_us();
    let mut kept = Kept::default();
    let ended = match result::clear(suite, &room.folder) {
        Ok(_) => spawn(suite, room, endpoint, (group, mark), say, &mut kept).await,
        Err(what) => Err(what),
    };
    let _ = std::fs::remove_file(room.scratch.join(PASSWORD_FILE));
    let elapsed_us = now_us().saturating_sub(started);
    let found = result::read(suite, &room.folder, &kept.bytes, kept.overlong);
    let (exit_code, error) = match ended {
        Ok(code) => (Some(code), None),
        Err(what) => (None, Some(what)),
    };
    Observation::Suite {
        suite: suite.id.clone(),
        exit_code,
        error,
        tests: found.tests,
        planned: found.planned,
        faults: found.faults,
        elapsed_us,
    }
}

/// Why nobody knows which database a child has used, should its server no longer be behind the `door` by which it was
/// judged before the child began.
pub fn swapped(door: Option<&Door>, endpoint: &Endpoint) -> Option<String> {
    let same = door.is_none_or(|door| Door::at(endpoint).as_ref() == Ok(door));
    (!same).then(|| {
        format!(
            "what listens at {endpoint} is another one than before it began: it may have used another server"
        )
    })
}

async fn spawn(
    suite: &Suite,
    room: &SuiteRoom,
    endpoint: &Endpoint,
    (group, mark): (&Group, &str),
    say: &(dyn Fn(Report) + Send + Sync),
    kept: &mut Kept,
) -> Result<i32, String> {
    let environment =
        environment::environment(room, endpoint).map_err(|error| format!("cannot prepare: {error}"))?;
    let Some((program, arguments)) = suite.command.split_first() else {
        return Err("there is no command".to_owned());
    };
    let program = environment::find(program, &environment, &room.folder);
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&room.folder).env_clear().envs(environment);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut unheard = Kept::default();
    let wanted = (result::OUTPUT_BYTES_MAX, 0);
    child::run(command, suite.timeout_ms, (group, mark), say, wanted, (kept, &mut unheard)).await
}
