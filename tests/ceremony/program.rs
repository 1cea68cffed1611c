//! The program at work, how it ended, and waiting for what it does.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::mpsc::channel;
use std::time::Duration;

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(25);
/// A condition that is not met after so many looks never will be.
const LOOKS_MAX: usize = 4_000;
/// Waits until `look` finds something.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let (_never, timer) = channel::<()>();
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look() {
            return found;
        }
        let _ = timer.recv_timeout(LOOK);
    }
    panic!("waited in vain until {what}");
}

/// How the program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    #[track_caller]
    pub fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "exit code\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Everything it said.
    pub fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    #[track_caller]
    pub fn says(self, all: &[&str]) -> Self {
        contains(&self.said(), all);
        self
    }
}

#[track_caller]
pub fn contains(text: &str, all: &[&str]) {
    for words in all {
        assert!(text.contains(words), "'{words}' is not said in:\n{text}");
    }
}

/// The program at work.
pub struct Running {
    pub child: Child,
    pub out: PathBuf,
    pub err: PathBuf,
}

impl Running {
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub fn end(mut self) -> Ended {
        let status = until("the program ends", || self.child.try_wait().unwrap());
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        Ended { code: status.code(), out: read(&self.out), err: read(&self.err) }
    }

    /// As the power supply would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
