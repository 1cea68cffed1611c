//! The processes of this machine's kernel that have a given number in their own container.
//! <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>

use std::path::Path;

/// A process, and who started it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// As this machine counts.
    pub pid: i32,
    /// Its program's name, at most 15 bytes.
    pub name: String,
    /// When it was started, microseconds since 1970-01-01 UTC by this machine's clock.
    pub started_us: i64,
    /// It has another number in a container of its own.
    pub contained: bool,
    /// The process that started it, if that still runs and can be seen.
    pub parent: Option<Box<Self>>,
}

impl Process {
    /// `postgres (4711)`.
    pub fn words(&self) -> String {
        format!("{} ({})", self.name, self.pid)
    }
}

/// All processes whose innermost number is `pid`.
///
/// # Errors
/// Where the kernel does not show processes, in words.
pub fn with_innermost_pid(pid: i32) -> Result<Vec<Process>, String> {
    let entries = Path::new("/proc").read_dir().map_err(|error| format!("/proc: {error}"))?;
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(numbers.filter_map(look).filter(|(_, inner)| *inner == pid).map(|(process, _)| process).collect())
}

/// The process that has this number outside of any container. Mostly it is the one, and all need not be looked at.
pub fn with_pid(pid: i32) -> Option<Process> {
    look(pid).map(|(process, _)| process).filter(|process| !process.contained)
}

/// Whether the process that calls itself `pid` is shown, is a postgres, and was stopped by a signal.
pub fn stands_still(pid: i32) -> bool {
    let stopped = |process: &Process| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.pid)).unwrap_or_default();
        let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
        process.name == "postgres" && state == Some('T')
    };
    match with_pid(pid) {
        Some(process) => stopped(&process),
        None => with_innermost_pid(pid).is_ok_and(|all| all.iter().any(stopped)),
    }
}

/// A process and its innermost number.
fn look(pid: i32) -> Option<(Process, i32)> {
    let (mut process, inner, parent) = look_at_one(pid)?;
    process.parent = look_at_one(parent).map(|(parent, _, _)| Box::new(parent));
    Some((process, inner))
}

/// A process without its parent, its innermost number, and the parent's.
fn look_at_one(pid: i32) -> Option<(Process, i32, i32)> {
    let folder = Path::new("/proc").join(pid.to_string());
    let status = std::fs::read_to_string(folder.join("status")).ok()?;
    let field = |name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
    };
    let numbers: Vec<i32> = field("NSpid")?.split_whitespace().filter_map(|it| it.parse().ok()).collect();
    let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
    let process = Process {
        pid,
        name: field("Name")?.to_owned(),
        started_us: started_us(&stat)?,
        contained: numbers.len() > 1,
        parent: None,
    };
    Some((process, *numbers.last()?, field("PPid")?.parse().ok()?))
}

/// Field 22 of `/proc/PID/stat` counts ticks from the boot. The name before may hold anything, also brackets.
/// <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
fn started_us(stat: &str) -> Option<i64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let ticks: i64 = rest.split_whitespace().nth(19)?.parse().ok()?;
    let per_second = i64::try_from(rustix::param::clock_ticks_per_second()).ok()?;
    let micros = |clock| {
        let now = rustix::time::clock_gettime(clock);
        now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
    };
    let booted = micros(rustix::time::ClockId::Realtime) - micros(rustix::time::ClockId::Boottime);
    Some(booted + ticks * 1_000_000 / per_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_found_with_its_parent_and_its_start() {
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let found = with_innermost_pid(pid).unwrap();
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        let ours = found.iter().find(|process| process.pid == pid).expect("the child");
        assert!((now.tv_sec * 1_000_000 - ours.started_us).abs() < 60_000_000, "{ours:?}");
        let parent = ours.parent.as_ref().expect("its parent");
        assert_eq!(parent.pid, i32::try_from(std::process::id()).unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(with_innermost_pid(pid).unwrap().iter().all(|process| process.pid != pid));
    }

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let started = |name: &str| {
            let stat = format!("7 ({name}) S 1 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 90000000 9 10");
            started_us(&stat).unwrap()
        };
        let apart_us = started("postgres") - started("a) S 1 (b");
        assert!(apart_us.abs() < 60_000_000, "a shifted field would be another tick altogether: {apart_us}");
    }
}
