//! The server's main process: start, wait until it is ready, stop; and what to do with one left behind.

use super::account::{Account, command};
use super::{ServerError, ServerPrograms};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// How often a condition is looked at that nothing tells us about.
const LOOK: Duration = Duration::from_millis(10);
/// After a crash the server replays its log first.
const START_LOOKS_MAX: u32 = 6_000;
const FAST_STOP_DEADLINE: Duration = Duration::from_secs(10);
const IMMEDIATE_STOP_DEADLINE: Duration = Duration::from_secs(5);
const LOG_SIZE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Starts the server, and stops it when its own input closes: that is, when whoever started the shell is gone.
/// Takes the folder of the socket away, for nobody else may be left to do so. Ends when the server ends, with its exit
/// code.
const SHELL: &str = r#"
exec 3<&0 </dev/null
folder=$1
shift
"$@" 3<&- &
server=$!
( read -r line <&3; kill -INT "$server" 2>/dev/null ) &
watch=$!
exec 3<&-
wait "$server"
code=$?
kill "$watch" 2>/dev/null
rmdir "$folder" 2>/dev/null
exit "$code"
"#;

#[derive(Debug)]
pub(super) struct Postmaster {
    pid: u32,
    group: Option<Pid>,
    /// Closing it stops the server.
    leash: Option<ChildStdin>,
    ended: Receiver<()>,
    alive: bool,
}

pub(super) enum StartFailure {
    PortTaken(String),
    Other(ServerError),
}

impl Postmaster {
    pub fn start(
        programs: &ServerPrograms,
        account: Option<&Account>,
        data: &Path,
        port: u16,
        socket_folder: &Path,
        log: &Path,
    ) -> Result<Postmaster, StartFailure> {
        let failed = |e: io::Error| {
            StartFailure::Other(ServerError::io("the embedded server could not be started", &e))
        };
        let (log_file, log_start) = open_log(log).map_err(failed)?;
        let pid_file_before = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
        let mut shell = command(Path::new("/bin/sh"), account)
            .args(["-c", SHELL, "ceremony-server"])
            .arg(socket_folder)
            .arg(programs.program("postgres"))
            .arg("-D")
            .arg(data)
            .args(settings(port, socket_folder))
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log_file.try_clone().map_err(failed)?)
            .stderr(log_file)
            .spawn()
            .map_err(failed)?;
        let leash = shell.stdin.take();
        let group = i32::try_from(shell.id()).ok().and_then(Pid::from_raw);
        let mut postmaster = Postmaster { pid: 0, group, leash, ended: wait_for(shell), alive: true };
        let ready = postmaster.wait_until_ready(data, &pid_file_before);
        if ready {
            return Ok(postmaster);
        }
        let ended = !postmaster.alive();
        let said = read_from(log, log_start);
        // Not ready in time: whatever is left of it goes.
        let _ = postmaster.stop();
        if said.contains("could not bind IPv4 address")
            || said.contains("Is another postmaster already running on port")
        {
            return Err(StartFailure::PortTaken(said));
        }
        Err(StartFailure::Other(ServerError::new(
            if ended {
                "the embedded server ended while starting"
            } else {
                "the embedded server is not ready in time"
            },
            if said.is_empty() { "it said nothing".into() } else { said },
            format!("look into {}; a new session folder starts from nothing", log.display()),
        )))
    }

    /// The server writes `ready` into line 8 of its pid file.
    fn wait_until_ready(&mut self, data: &Path, pid_file_before: &str) -> bool {
        for _ in 0..START_LOOKS_MAX {
            let pid_file = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            let mut lines = pid_file.lines();
            let pid = lines.next().and_then(|it| it.trim().parse().ok());
            let ready = lines.nth(6).is_some_and(|it| it.trim() == "ready");
            if let (Some(pid), true, true) = (pid, ready, pid_file != pid_file_before) {
                self.pid = pid;
                return true;
            }
            if self.ended_within(LOOK) {
                return false;
            }
        }
        false
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    pub fn alive(&mut self) -> bool {
        !self.ended_within(Duration::ZERO)
    }

    fn ended_within(&mut self, deadline: Duration) -> bool {
        if self.alive {
            self.alive = matches!(self.ended.recv_timeout(deadline), Err(RecvTimeoutError::Timeout));
        }
        !self.alive
    }

    pub fn stop(&mut self) -> Result<(), ServerError> {
        if !self.alive() {
            return Ok(());
        }
        drop(self.leash.take());
        if self.ended_within(FAST_STOP_DEADLINE) {
            return Ok(());
        }
        // The shell has not ended, and so neither the server nor its pid has been given away. An error means gone.
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::QUIT);
        }
        if self.ended_within(IMMEDIATE_STOP_DEADLINE) {
            return Ok(());
        }
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
        if self.ended_within(IMMEDIATE_STOP_DEADLINE) {
            return Ok(());
        }
        Err(ServerError::new(
            format!("the embedded server (process {}) does not stop", self.pid),
            "it reacts neither to SIGINT, SIGQUIT nor SIGKILL: it waits for a disk, or for the kernel",
            "look at the process and its disk; nothing else is started on its data",
        ))
    }
}

fn settings(port: u16, socket_folder: &Path) -> Vec<String> {
    [
        "listen_addresses=127.0.0.1".into(),
        format!("port={port}"),
        format!("unix_socket_directories={}", socket_folder.display()),
        "unix_socket_permissions=0700".into(),
        "max_connections=40".into(),
        "fsync=on".into(),
        "full_page_writes=on".into(),
        "synchronous_commit=on".into(),
        "logging_collector=off".into(),
        "log_destination=stderr".into(),
        "cluster_name=ceremony".into(),
    ]
    .into_iter()
    .flat_map(|setting| ["-c".to_owned(), setting])
    .collect()
}

fn wait_for(mut shell: Child) -> Receiver<()> {
    let (sender, ended) = channel();
    thread::spawn(move || {
        // However it ended, it is gone; a receiver that is gone does not want to know.
        let _ = shell.wait();
        let _ = sender.send(());
    });
    ended
}

/// The log, opened for appending, and its length.
fn open_log(log: &Path) -> io::Result<(fs::File, u64)> {
    if fs::metadata(log).is_ok_and(|it| it.len() > LOG_SIZE_BYTES_MAX) {
        fs::rename(log, log.with_extension("log.old"))?;
    }
    let file =
        crate::journal::plain::open_to_write(OpenOptions::new().append(true).create(true).mode(0o600), log)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// The last lines of what was logged from `start` on.
fn read_from(log: &Path, start: u64) -> String {
    let mut bytes = Vec::new();
    let read = fs::File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(start))?;
        file.take(64 * 1024).read_to_end(&mut bytes)
    });
    if let Err(error) = read {
        return format!("its log cannot be read: {error}");
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// Stops a server that still runs on `data` (its cockpit was killed a moment ago, or it lost its shell), and takes
/// away a pid file that names a process which is not that server.
///
/// # Errors
/// When it does not stop.
pub(super) fn settle_leftover(data: &Path) -> Result<(), ServerError> {
    let pid_file = data.join("postmaster.pid");
    let looks = |deadline: Duration| deadline.as_millis() / LOOK.as_millis();
    let (never, timer) = channel::<()>();
    for look in 0..looks(FAST_STOP_DEADLINE) + looks(IMMEDIATE_STOP_DEADLINE) {
        let left: Vec<i32> = processes_on(data);
        if left.is_empty() {
            // Otherwise the server would take a process that has the old number by now for itself.
            let removed = if cfg!(target_os = "linux") { fs::remove_file(&pid_file) } else { Ok(()) };
            return match removed {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    Err(ServerError::io(format!("cannot remove {}", pid_file.display()), &e))
                }
                _ => Ok(()),
            };
        }
        let signal = match look {
            0 => Some(Signal::INT),
            _ if look == looks(FAST_STOP_DEADLINE) => Some(Signal::QUIT),
            _ => None,
        };
        if let (Some(signal), Some(pid)) = (signal, main_process(&pid_file).filter(|pid| left.contains(pid)))
        {
            // An error means that it has ended by now.
            let _ = Pid::from_raw(pid).map(|pid| kill_process(pid, signal));
        }
        let _ = timer.recv_timeout(LOOK);
    }
    drop(never);
    Err(ServerError::new(
        format!("an old server still runs on {}", data.display()),
        "it does not stop when asked to",
        "look at the process named in the first line of postmaster.pid there",
    ))
}

fn main_process(pid_file: &Path) -> Option<i32> {
    fs::read_to_string(pid_file).ok()?.lines().next()?.trim().parse().ok()
}

/// Processes of a server on `data`: every one of them works in that folder.
#[cfg(target_os = "linux")]
fn processes_on(data: &Path) -> Vec<i32> {
    let data = data.canonicalize().unwrap_or_else(|_| data.to_path_buf());
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            (fs::read_link(entry.path().join("cwd")).ok()? == data).then_some(pid)
        })
        .collect()
}

/// Without /proc, the process in the pid file, if there is one with that number.
#[cfg(not(target_os = "linux"))]
fn processes_on(data: &Path) -> Vec<i32> {
    let pid = main_process(&data.join("postmaster.pid"));
    let there =
        |pid: &i32| Pid::from_raw(*pid).is_some_and(|it| rustix::process::test_kill_process(it).is_ok());
    pid.filter(there).into_iter().collect()
}
