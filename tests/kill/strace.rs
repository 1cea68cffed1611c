//! The program under strace, which kills it or fails its calls at exactly the one that is meant.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// Killed before the call does anything.
    Before,
    /// Killed when the call is done and nobody has heard of it. (SIGUSR1 of which the program knows nothing: unlike
    /// SIGKILL it lets a call in the kernel come to its end.)
    After,
    /// The call fails and does nothing.
    Fails(&'static str),
}

impl Blow {
    fn words(self) -> String {
        match self {
            Self::Before => "signal=SIGKILL".to_owned(),
            Self::After => "signal=SIGUSR1".to_owned(),
            Self::Fails(error) => format!("error={error}"),
        }
    }
}

/// One call of a program.
#[derive(Clone, Copy, Debug)]
pub struct Target<'t> {
    /// The system call.
    pub call: &'t str,
    /// Only those on this file; anywhere without it.
    pub file: Option<&'t Path>,
    /// The how manyth, from 1, of one thread.
    pub nth: u64,
    /// All threads and children, and not the first thread alone.
    pub all: bool,
}

/// `command` under strace, with one blow. What it did with the calls is in `log`.
pub fn struck(command: &Command, target: Target<'_>, blow: Blow, log: &Path) -> Command {
    let inject = format!("inject={}:{}:when={}", target.call, blow.words(), target.nth);
    traced(command, target, &["-e".to_owned(), inject], log)
}

/// `command` under strace.
pub fn traced(command: &Command, target: Target<'_>, more: &[String], log: &Path) -> Command {
    let mut words: Vec<OsString> = vec!["-qq".into(), "-o".into(), log.into()];
    if target.all {
        words.push("-f".into());
    }
    if let Some(file) = target.file {
        words.extend(["-P".into(), file.into()]);
    }
    // What a record is known to have on disk is told from both together.
    let both = ["write", "fdatasync"].contains(&target.call);
    let calls = if both { "write,fdatasync" } else { target.call };
    words.extend(["-e".into(), format!("trace={calls}").into()]);
    words.extend(more.iter().map(OsString::from));
    words.push("--".into());
    wrapped(command, "strace", words)
}

/// `command` with another program and its words before it.
pub fn wrapped(command: &Command, program: &str, mut words: Vec<OsString>) -> Command {
    let there = Command::new(program).arg("--version").output();
    assert!(there.is_ok(), "{program} is needed: apt-get install strace util-linux");
    words.push(command.get_program().to_owned());
    words.extend(command.get_args().map(ToOwned::to_owned));
    let mut all = Command::new(program);
    all.args(words).stdin(std::process::Stdio::null());
    if let Some(folder) = command.get_current_dir() {
        all.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => all.env(name, value),
            None => all.env_remove(name),
        };
    }
    all
}

/// What a log says of a record that had so many bytes: how many were known to be on disk at the end, and whether
/// anything was done to it after a call that failed on purpose.
pub fn on_disk(log: &str, bytes: usize) -> (usize, bool) {
    let (mut written, mut synced, mut failed, mut after) = (bytes, bytes, false, false);
    for line in log.lines().filter(|line| line.starts_with("write(") || line.starts_with("fdatasync(")) {
        after |= failed;
        let done = line.rsplit_once(" = ").map(|(_, done)| done);
        match done.and_then(|done| done.split(' ').next()?.parse::<i64>().ok()) {
            Some(count @ 0..) if line.starts_with("write(") => written += usize::try_from(count).unwrap(),
            Some(0) => synced = written,
            _ => failed = true,
        }
    }
    (synced, after)
}

#[test]
fn what_is_on_disk_is_read_from_the_log() {
    let log = "write(3, \"{\\\"n\\\":1\"..., 100) = 100\nfdatasync(3)   = 0\nwrite(3, \"x = 7\", 50) = 50\n";
    assert_eq!(on_disk(log, 1_000), (1_100, false));
    let eio = "fdatasync(3) = -1 EIO (Input/output error) (INJECTED)\n";
    assert_eq!(on_disk(&format!("{log}{eio}"), 0), (100, false));
    assert_eq!(on_disk(&format!("{log}{eio}fdatasync(3) = 0\n"), 0), (150, true));
}
