//! Test commands: run in their own process group with a clean environment, streamed, and killed when they take too long.

use super::postgres::backend::{Endpoint, Host};
use crate::definition::{Suite, SuiteFormat};
use crate::session::{Observation, Report, Source, TestPoint};
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

/// Output kept for reading the result, bytes; what is behind it is still shown.
const RESULT_BYTES_MAX: usize = 4 << 20;
/// Lies in the session folder while a suite runs.
const PASSWORD_FILE: &str = "pgpass";
/// Largest chunk of output that is reported at once, bytes.
const CHUNK_BYTES: usize = 16 << 10;

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

/// The process group that is running now, so that STOP can reach it.
#[derive(Debug, Default)]
pub struct Group(Mutex<Option<rustix::process::Pid>>);

impl Group {
    fn set(&self, pid: Option<rustix::process::Pid>) {
        if let Ok(mut slot) = self.0.lock() {
            *slot = pid;
        }
    }

    /// Kills the whole group, if one runs.
    pub fn kill(&self) {
        if let Ok(slot) = self.0.lock()
            && let Some(pid) = *slot
        {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

/// Runs a suite against `endpoint` and says what it prints.
pub async fn run(
    suite: &Suite,
    room: &SuiteRoom,
    endpoint: &Endpoint,
    group: &Group,
    say: &(dyn Fn(Report) + Send + Sync),
    now_us: &(dyn Fn() -> u64 + Send + Sync),
) -> Observation {
    let started = now_us();
    let result = spawn(suite, room, endpoint, group, say).await;
    let _ = std::fs::remove_file(room.scratch.join(PASSWORD_FILE));
    let elapsed_us = now_us().saturating_sub(started);
    let (exit_code, error, output) = match result {
        Ok((code, output)) => (code, None, output),
        Err((what, output)) => (None, Some(what), output),
    };
    let (planned, tests) = match suite.format {
        SuiteFormat::Tap => read_tap(&String::from_utf8_lossy(&output)),
        SuiteFormat::ExitCode => (None, Vec::new()),
    };
    Observation::Suite { suite: suite.id.clone(), exit_code, error, tests, planned, elapsed_us }
}

type Ended = Result<(Option<i32>, Vec<u8>), (String, Vec<u8>)>;

async fn spawn(
    suite: &Suite,
    room: &SuiteRoom,
    endpoint: &Endpoint,
    group: &Group,
    say: &(dyn Fn(Report) + Send + Sync),
) -> Ended {
    let fail = |what: String| (what, Vec::new());
    let environment =
        environment(room, endpoint).map_err(|error| fail(format!("cannot prepare: {error}")))?;
    let Some((program, arguments)) = suite.command.split_first() else {
        return Err(fail("there is no command".to_owned()));
    };
    let program = find(program, &environment, &room.folder);
    let mut child = Command::new(&program)
        .args(arguments)
        .current_dir(&room.folder)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| fail(format!("cannot start '{}': {error}", program.display())))?;
    let pid = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
    group.set(pid);
    let mut kept = Vec::new();
    let mut unheard = Vec::new();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let work = async {
        tokio::join!(
            relay(stdout, Source::Stdout, say, &mut kept),
            relay(stderr, Source::Stderr, say, &mut unheard)
        );
        child.wait().await
    };
    let ended = tokio::time::timeout(Duration::from_millis(suite.timeout_ms), work).await;
    if ended.is_err() {
        group.kill();
        let _ = child.wait().await;
    }
    group.set(None);
    match ended {
        Ok(Ok(status)) => match status.code() {
            Some(code) => Ok((Some(code), kept)),
            None => Err((format!("killed: {status}"), kept)),
        },
        Ok(Err(error)) => Err((format!("cannot wait for it: {error}"), kept)),
        Err(_) => Err((format!("killed after {} ms", suite.timeout_ms), kept)),
    }
}

/// The program in the children's PATH; a path with a slash is relative to the definition's folder.
fn find(program: &str, environment: &[(OsString, OsString)], folder: &Path) -> PathBuf {
    if program.contains('/') {
        return folder.join(program);
    }
    let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path.clone());
    std::env::split_paths(&path.unwrap_or_default())
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| PathBuf::from(program))
}

/// Children get the target and nothing else of what could redirect or betray them. The password goes into a file
/// that only this user can read, never into an argument or a variable.
fn environment(room: &SuiteRoom, endpoint: &Endpoint) -> std::io::Result<Vec<(OsString, OsString)>> {
    let mut all: Vec<(OsString, OsString)> = ["HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "SHELL"]
        .iter()
        .filter_map(|name| Some(((*name).into(), std::env::var_os(name)?)))
        .collect();
    let outer = std::env::var_os("PATH").unwrap_or_default();
    let folders = room.programs.iter().cloned().chain(std::env::split_paths(&outer));
    let path = std::env::join_paths(folders).unwrap_or(outer);
    let host = match &endpoint.host {
        Host::Address(address) => address.to_string(),
        Host::Socket(folder) => folder.display().to_string(),
    };
    let mut add = |name: &str, value: OsString| all.push((name.into(), value));
    add("PATH", path);
    add("PGHOST", host.into());
    add("PGPORT", endpoint.port.to_string().into());
    add("PGUSER", endpoint.user.clone().into());
    add("PGDATABASE", endpoint.database.clone().into());
    add("PGCONNECT_TIMEOUT", "10".into());
    add("PGAPPNAME", "ceremony suite".into());
    // A suite that waits for somebody else's lock in silence looks like one that hangs.
    add("PGOPTIONS", format!("-c lock_timeout={}", room.lock_timeout_ms).into());
    if let Some(password) = &endpoint.password {
        let file = room.scratch.join(PASSWORD_FILE);
        let _ = std::fs::remove_file(&file);
        let escaped = password.expose().replace('\\', "\\\\").replace(':', "\\:");
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file)?
            .write_all(format!("*:*:*:*:{escaped}\n").as_bytes())?;
        add("PGPASSFILE", file.into());
    } else {
        add("PGPASSFILE", "/dev/null".into());
    }
    Ok(all)
}

/// Says what a stream brings, in whole lines where possible, and keeps its beginning.
async fn relay(
    stream: Option<impl AsyncRead + Unpin>,
    source: Source,
    say: &(dyn Fn(Report) + Send + Sync),
    kept: &mut Vec<u8>,
) {
    let Some(mut stream) = stream else { return };
    let mut waiting: Vec<u8> = Vec::new();
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let count = stream.read(&mut buffer).await.unwrap_or(0);
        if count == 0 {
            break;
        }
        let room = RESULT_BYTES_MAX.saturating_sub(kept.len());
        kept.extend_from_slice(&buffer[..count.min(room)]);
        waiting.extend_from_slice(&buffer[..count]);
        let whole = waiting.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let cut = if waiting.len() >= CHUNK_BYTES { waiting.len() } else { whole };
        if cut > 0 {
            let chunk: Vec<u8> = waiting.drain(..cut).collect();
            say(Report::Printed { source, text: String::from_utf8_lossy(&chunk).into_owned() });
        }
    }
    if !waiting.is_empty() {
        say(Report::Printed { source, text: String::from_utf8_lossy(&waiting).into_owned() });
    }
}

/// Reads the Test Anything Protocol: the plan and the tests. <https://testanything.org/tap-version-13-specification.html>
fn read_tap(output: &str) -> (Option<usize>, Vec<TestPoint>) {
    let mut planned = None;
    let mut tests: Vec<TestPoint> = Vec::new();
    for line in output.lines() {
        if let Some(count) = line.strip_prefix("1..") {
            planned = count.split_whitespace().next().and_then(|count| count.parse().ok());
            continue;
        }
        if let Some(diagnostic) = line.strip_prefix('#') {
            if let Some(test) = tests.last_mut().filter(|test| !test.ok && test.note.len() < 1_000) {
                let separator = if test.note.is_empty() { "" } else { "; " };
                test.note = format!("{}{separator}{}", test.note, diagnostic.trim());
            }
            continue;
        }
        let (ok, rest) = match (line.strip_prefix("ok"), line.strip_prefix("not ok")) {
            (_, Some(rest)) => (false, rest),
            (Some(rest), None) => (true, rest),
            (None, None) => continue,
        };
        if !rest.is_empty() && !rest.starts_with(' ') {
            continue;
        }
        let text = rest.trim_start().trim_start_matches(|digit: char| digit.is_ascii_digit());
        let text = text.trim_start().trim_start_matches('-').trim();
        let (name, directive) = text.split_once(" # ").unwrap_or((text, ""));
        let upper = directive.to_ascii_uppercase();
        let excused = upper.starts_with("TODO") || upper.starts_with("SKIP");
        tests.push(TestPoint { name: name.to_owned(), ok: ok || excused, note: directive.to_owned() });
    }
    (planned, tests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tap_is_read() {
        let output = "TAP version 13\nok 1 - first\nnot ok 2 - second\n#   got 3\n# wanted 4\nok\nnot ok 4 later # TODO soon\n1..4\nokay no test\n";
        let (planned, tests) = read_tap(output);
        assert_eq!(planned, Some(4));
        let shown: Vec<_> =
            tests.iter().map(|test| (test.name.as_str(), test.ok, test.note.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("first", true, ""),
                ("second", false, "got 3; wanted 4"),
                ("", true, ""),
                ("later", true, "TODO soon")
            ]
        );
    }
}
