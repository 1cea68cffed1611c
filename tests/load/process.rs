//! What the system says of a process: memory, descriptors, time.

use crate::program::until;
use crate::room::{Ended, Running};
use std::fs;

/// What is promised of memory, KiB.
pub const PEAK_MAX_KIB: u64 = 64 << 10;

/// A number of `/proc/PID/status`, such as `VmHWM`; `None` when the process is gone.
pub fn status(pid: u32, name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The most memory it ever had, KiB.
pub fn peak_kib(pid: u32) -> u64 {
    status(pid, "VmHWM").unwrap()
}

/// The memory it has, KiB.
pub fn memory_kib(pid: u32) -> u64 {
    status(pid, "VmRSS").unwrap()
}

/// How many descriptors are open.
pub fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// Ticks of a hundredth of a second that all its threads spent computing.
pub fn ticks(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = text.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Waits for the end of a run; also the most memory it was seen to have, KiB.
pub fn ended(mut running: Running) -> (Ended, u64) {
    let pid = running.child.id();
    let mut peak = 0;
    until("the program ends", || {
        // The highest mark does not go down, so that the last look has it, but for what came in the moment after.
        peak = status(pid, "VmHWM").unwrap_or(peak);
        running.child.try_wait().unwrap()
    });
    (running.end(), peak)
}
