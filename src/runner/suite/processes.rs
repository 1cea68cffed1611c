//! Ends everything that a suite started: its process group, and on Linux what left the group.

#[cfg(target_os = "linux")]
use super::kin;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::sync::Mutex;

/// Every process of a suite carries this in its environment, and its children inherit it.
pub(super) const MARK: &str = "CEREMONY_SUITE";
/// A process may start another while we look: so often we look again.
#[cfg(target_os = "linux")]
const LOOKS_MAX: usize = 50;

/// The suite that is running now, so that STOP can reach it.
#[derive(Debug, Default)]
pub struct Group(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    running: Option<Running>,
    /// STOP was pressed: what starts now must end at once.
    stopped: bool,
}

/// The first process of a suite.
#[derive(Clone, Debug)]
struct Running {
    pid: Pid,
    mark: String,
    /// In ticks since the boot; what is older is no child of it.
    started: u64,
}

impl Group {
    /// A suite runs now. One that started while STOP was pressed is killed.
    pub(super) fn set(&self, pid: Pid, mark: &str) {
        if let Ok(mut state) = self.0.lock() {
            let running = Running { pid, mark: mark.to_owned(), started: started(pid) };
            if state.stopped {
                end(&running);
            }
            state.running = Some(running);
        }
    }

    /// The suite ended: what it left behind ends too.
    pub(super) fn clear(&self, mark: &str) {
        let running = self.0.lock().ok().and_then(|mut state| state.running.take());
        if let Some(running) = running.filter(|it| it.mark == mark) {
            end_marked(&running, true);
        }
    }

    /// STOP: kills the suite with everything it started, if one runs or is just being started.
    pub fn kill(&self) {
        if let Ok(mut state) = self.0.lock() {
            state.stopped = true;
        }
        self.kill_running();
    }

    /// Kills the suite with everything it started.
    pub(super) fn kill_running(&self) {
        if let Ok(state) = self.0.lock()
            && let Some(running) = &state.running
        {
            end(running);
        }
    }
}

#[cfg(target_os = "linux")]
fn started(pid: Pid) -> u64 {
    kin::started(pid).unwrap_or(0)
}

#[cfg(not(target_os = "linux"))]
fn started(_pid: Pid) -> u64 {
    0
}

fn end(running: &Running) {
    let _ = kill_process_group(running.pid, Signal::KILL);
    end_marked(running, false);
}

/// Kills every process whose environment was the suite's when it was started, and every one that descends from it. One
/// that left group and session behind is found so, and one that emptied its environment.
#[cfg(target_os = "linux")]
fn end_marked(running: &Running, ended: bool) {
    let mut dead = Vec::new();
    end_all(running, ended, &mut dead);
    kin::bury(&dead);
}

#[cfg(target_os = "linux")]
fn end_all(running: &Running, ended: bool, dead: &mut Vec<Pid>) {
    let entry = format!("{MARK}={}", running.mark).into_bytes();
    let mut clean = 0;
    for _ in 0..LOOKS_MAX {
        let Ok(all) = std::fs::read_dir("/proc") else { return };
        let (mut killed, mut unclear) = (false, false);
        for pid in kin::kin((!ended).then_some(running.pid), running.started) {
            killed |= kill_process(pid, Signal::KILL).is_ok();
            dead.push(pid);
        }
        kin::bury(dead);
        for process in all.flatten() {
            let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // Who is older than the suite is no child of it.
            if Pid::from_raw(pid).and_then(kin::started).is_none_or(|started| started < running.started) {
                continue;
            }
            let Ok(environment) = std::fs::read(process.path().join("environ")) else { continue };
            unclear |= environment.is_empty() && is_between_two_programs(&process.path());
            if environment.split(|byte| *byte == 0).any(|variable| variable == entry)
                && let Some(pid) = Pid::from_raw(pid)
            {
                killed |= kill_process(pid, Signal::KILL).is_ok();
            }
        }
        // Twice nobody: one may have started another behind our look, and ended before it.
        clean = if killed || unclear { 0 } else { clean + 1 };
        if clean == 2 {
            return;
        }
        std::thread::yield_now();
    }
}

/// A process has no environment for a moment while it becomes another program. One that has ended and was not waited
/// for has none either, nor have the kernel's own (children of process 2).
#[cfg(target_os = "linux")]
fn is_between_two_programs(process: &std::path::Path) -> bool {
    let Ok(stat) = std::fs::read_to_string(process.join("stat")) else { return false };
    // The name, in parentheses, may hold anything.
    let Some((_, rest)) = stat.rsplit_once(')') else { return false };
    let mut fields = rest.split_whitespace();
    let (state, parent) = (fields.next(), fields.next());
    !matches!(state, Some("Z" | "X")) && !matches!(parent, Some("0" | "2") | None)
}

#[cfg(not(target_os = "linux"))]
fn end_marked(_running: &Running, _ended: bool) {}
