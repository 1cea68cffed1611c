//! A server that this test may kill, freeze and start again.

use crate::room::{psql, until};
use ceremony::runner::server::{Embedded, find_programs};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;
use tempfile::TempDir;

pub struct Server {
    running: Mutex<Option<Embedded>>,
    folder: TempDir,
    pub port: u16,
    pub password: String,
}

/// What tells how often a migration took effect.
const EVIDENCE: &str = "CREATE SCHEMA evidence; CREATE TABLE evidence.log (n serial, what text)";

impl Server {
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("ceremony-wire-").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let running =
            Embedded::start(&find_programs(None).unwrap(), &folder.path().join("server"), "postgres")
                .unwrap();
        let (port, password) = (running.port(), running.password().expose().to_owned());
        let server = Self { running: Mutex::new(Some(running)), folder, port, password };
        server.ask(EVIDENCE);
        server
    }

    pub fn ask(&self, sql: &str) -> String {
        psql(self.port, &self.password, &["-c", sql])
    }

    pub fn url(&self) -> String {
        format!("postgresql://postgres:{}@127.0.0.1:{}/postgres", self.password, self.port)
    }

    pub fn postmaster(&self) -> i32 {
        self.running.lock().unwrap().as_ref().unwrap().pid() as i32
    }

    /// SIGKILL for the postmaster and everything it started, then the same server once more.
    pub fn killed_and_started_again(&self) {
        let mut slot = self.running.lock().unwrap();
        let old = slot.take().unwrap();
        let postmaster = old.pid() as i32;
        let mut all = vec![postmaster];
        all.extend(children(postmaster));
        for pid in &all {
            signal(*pid, Signal::KILL);
        }
        for pid in all {
            until("the server is gone", || is_gone(pid).then_some(()));
        }
        drop(old);
        let home = self.folder.path().join("server");
        let again = Embedded::start(&find_programs(None).unwrap(), &home, "postgres").unwrap();
        assert_eq!(again.port(), self.port, "somebody took the port");
        *slot = Some(again);
    }

    /// Stopped as it should be, and started again.
    pub fn restarted(&self) {
        let mut slot = self.running.lock().unwrap();
        drop(slot.take());
        let home = self.folder.path().join("server");
        let again = Embedded::start(&find_programs(None).unwrap(), &home, "postgres").unwrap();
        assert_eq!(again.port(), self.port, "somebody took the port");
        *slot = Some(again);
    }
}

pub fn signal(pid: i32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(pid).unwrap(), signal);
}

fn stat(pid: i32) -> Option<(char, i32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Whether a process is no more, or only waits to be reaped.
pub fn is_gone(pid: i32) -> bool {
    stat(pid).is_none_or(|(state, _)| state == 'Z' || state == 'X')
}

pub fn children(of: i32) -> Vec<i32> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| stat(*pid).is_some_and(|(_, parent)| parent == of))
        .collect()
}
