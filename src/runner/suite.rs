//! Test commands: run with a clean environment, streamed, killed with all they started; and what their result says.

mod environment;
mod processes;
mod relay;
mod result;

pub use processes::Group;

use super::postgres::backend::Endpoint;
use crate::definition::Suite;
use crate::session::{Observation, Report, Source};
use environment::PASSWORD_FILE;
use relay::Kept;
use std::path::PathBuf;
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// Output that is still on its way once a suite has ended is waited for no longer than this.
const DRAIN_MAX: Duration = Duration::from_secs(2);

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
    let mut child = Command::new(&program)
        .args(arguments)
        .current_dir(&room.folder)
        .env_clear()
        .envs(environment)
        .env(processes::MARK, mark)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot start '{}': {error}", program.display()))?;
    if let Some(pid) = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)) {
        group.set(pid, mark);
    }
    let mut unheard = Kept::default();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let work = async {
        let mut relays = pin!(async {
            tokio::join!(
                relay::relay(stdout, Source::Stdout, say, result::OUTPUT_BYTES_MAX, kept),
                relay::relay(stderr, Source::Stderr, say, 0, &mut unheard)
            )
        });
        let mut open = true;
        let status = loop {
            tokio::select! {
                _ = &mut relays, if open => open = false,
                status = child.wait() => break status,
            }
        };
        // What it left running would hold its output open, and go on while the next check looks.
        group.clear(mark);
        if open {
            let _ = tokio::time::timeout(DRAIN_MAX, relays).await;
        }
        status
    };
    let ended = tokio::time::timeout(Duration::from_millis(suite.timeout_ms), work).await;
    if ended.is_err() {
        group.kill_running();
        let _ = child.wait().await;
    }
    group.clear(mark);
    match ended {
        Ok(Ok(status)) => status.code().ok_or_else(|| format!("killed: {status}")),
        Ok(Err(error)) => Err(format!("cannot wait for it: {error}")),
        Err(_) => Err(format!("killed after {} ms", suite.timeout_ms)),
    }
}
