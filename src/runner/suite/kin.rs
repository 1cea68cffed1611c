//! Who descends from a suite, by the kernel's word alone: a process can empty its environment and leave group and session
//! behind, but not its parents. While a suite runs, what loses its parent becomes ours (this process is its sub-reaper).
//! <https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html>

use rustix::process::{Pid, WaitOptions, getpid, set_child_subreaper, waitpid};
use std::collections::BTreeSet;

/// Carried by programs that the operator started, which may leave something running for good.
pub(crate) const OF_THE_OPERATOR: &str = "CEREMONY_OPERATOR";

/// From now on, or no more, what loses its parent becomes ours. Where the kernel does not do that, marks must do.
pub(super) fn adopt(on: bool) {
    let _ = set_child_subreaper(on.then(getpid));
}

/// When a process was started, in ticks since the boot.
pub(super) fn started(pid: Pid) -> Option<u64> {
    Some(look(pid.as_raw_pid())?.started)
}

struct Look {
    pid: i32,
    parent: i32,
    session: i32,
    started: u64,
    ended: bool,
}

/// Fields: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
fn look(pid: i32) -> Option<Look> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse().ok();
    let ended = matches!(fields.first(), Some(&"Z" | &"X"));
    let started = fields.get(19)?.parse().ok()?;
    Some(Look { pid, parent: number(1)?, session: number(3)?, started, ended })
}

/// Everybody who descends from `root` (while it runs, or its number may be somebody else's), or was started since and
/// lost its parents. `root` itself is not among them.
pub(super) fn kin(root: Option<Pid>, since: u64) -> Vec<Pid> {
    let Ok(all) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = all.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let all: Vec<Look> = numbers.filter_map(look).filter(|it| it.started >= since && !it.ended).collect();
    let us = getpid().as_raw_pid();
    // 0 where the session began outside of our PID namespace, as in a container: no `Pid`.
    let our_session = look(us).map_or(0, |it| it.session);
    // Our own children stay in our session; who came to us from elsewhere and left it is a suite's.
    let adopted = |it: &&Look| it.parent == us && it.session != our_session && !is_of_the_operator(it.pid);
    let mut found: BTreeSet<i32> = all.iter().filter(adopted).map(|it| it.pid).collect();
    found.extend(root.map(Pid::as_raw_pid));
    loop {
        let more: Vec<i32> = all
            .iter()
            .filter(|it| found.contains(&it.parent) && !found.contains(&it.pid))
            .map(|it| it.pid)
            .collect();
        if more.is_empty() {
            break;
        }
        found.extend(more);
    }
    found
        .into_iter()
        .filter(|pid| root.map(Pid::as_raw_pid) != Some(*pid))
        .filter_map(Pid::from_raw)
        .collect()
}

fn is_of_the_operator(pid: i32) -> bool {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|it| it.starts_with(OF_THE_OPERATOR.as_bytes()))
}

/// Nobody else waits for those whom we were given.
pub(super) fn bury(dead: &[Pid]) {
    for pid in dead {
        let _ = waitpid(Some(*pid), WaitOptions::NOHANG);
    }
}
