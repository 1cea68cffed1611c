//! What is written beside the record, killed at each step of writing: the old file or the new one, never half of one.

use crate::chain::{Chain, watched};
use crate::desk::Desk;
use crate::room::*;
use crate::strace::{Blow, Target, struck, traced};
use crate::support::effort::{effort, figures};
use ceremony::driver::replay::Reading;
use ceremony::plan::Rehearsal;
use ceremony::runner::rehearsal;
use ceremony::time::Timestamp;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Calls that change what is in a folder.
const CALLS: &str =
    "openat,write,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,fchmod,fchown,mkdir";

/// A call to be struck: its name, and which of its thread's it is.
type Step = (String, u64);

/// The calls from the first one whose line has `begins` to the last one whose line has `ends`.
fn steps(log: &str, begins: &str, ends: &str) -> Vec<Step> {
    let words = |line: &str| {
        let (first, rest) = line.split_once(' ')?;
        let (pid, call) = if first.parse::<u32>().is_ok() { (first, rest.trim_start()) } else { ("", line) };
        let (name, _) = call.split_once('(')?;
        name.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| (pid.to_owned(), name.to_owned()))
    };
    let lines: Vec<&str> = log.lines().collect();
    let from = lines.iter().position(|line| line.contains(begins)).expect("it begins");
    let to = lines.iter().rposition(|line| line.contains(ends)).expect("it ends");
    let mut counted: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate().take(to + 1) {
        let Some((pid, name)) = words(line) else { continue };
        let nth = counted.entry((pid, name.clone())).or_default();
        *nth += 1;
        if at >= from {
            found.push((name, *nth));
        }
    }
    found
}

/// Something that writes files.
struct Writer<'w> {
    command: &'w dyn Fn() -> Command,
    /// Puts back what was there before.
    before: &'w dyn Fn(),
    /// The lines of the log from which and up to which it is killed.
    begins: &'w str,
    ends: &'w str,
    /// Of so many steps one is tried.
    one_of: usize,
    /// Whether other threads write too.
    all: bool,
}

impl Writer<'_> {
    /// Killed before and after each step; `after` looks at what is there then. Returns how often.
    #[track_caller]
    fn killed(&self, after: &mut dyn FnMut(&Step, Blow)) -> usize {
        let folder = TempDir::with_prefix("strace-").unwrap();
        let log = folder.path().join("log");
        let target = Target { call: CALLS, file: None, nth: 0, all: self.all };
        (self.before)();
        let output = traced(&(self.command)(), target, &[], &log).output().unwrap();
        let text = fs::read_to_string(&log).unwrap();
        assert!(text.contains(self.ends), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
        let all = steps(&text, self.begins, self.ends);
        let mut kills = 0;
        for (at, (call, nth)) in all.iter().enumerate().filter(|(at, _)| at % self.one_of == 0) {
            for blow in [Blow::Before, Blow::After] {
                (self.before)();
                let target = Target { call, nth: *nth, ..target };
                let status = struck(&(self.command)(), target, blow, &log).output().unwrap().status;
                assert!(
                    status.code().is_none() || at + 2 >= all.len(),
                    "step {at} {call} {nth} was not struck"
                );
                kills += 1;
                after(&all[at], blow);
            }
        }
        kills
    }
}

/// What is in a file, if it is there.
fn there(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}

#[test]
fn reports_and_signatures_are_old_or_new() {
    let desk = Desk::new();
    desk.call(&["report", "session", "--format", "all"]).with(0, &[]);
    let names = ["report.md", "report.html", "report.json", "report.junit.xml", "session.cast"];
    let new: Vec<Vec<u8>> = names.iter().map(|name| fs::read(desk.session().join(name)).unwrap()).collect();
    let writer = Writer {
        command: &|| desk.program(&["report", "session", "--format", "all", "--size", "120x40"]),
        before: &|| names.iter().for_each(|name| fs::write(desk.session().join(name), "old").unwrap()),
        begins: "session/.tmp",
        ends: "session.cast",
        one_of: (3 / usize::try_from(effort()).unwrap()).max(1),
        all: false,
    };
    let reports = writer.killed(&mut |step, blow| {
        for (name, new) in names.iter().zip(&new) {
            let there = fs::read(desk.session().join(name)).unwrap();
            assert!(there == b"old" || there == *new, "{name} is half there: {step:?} {blow:?}");
        }
    });
    for entry in fs::read_dir(desk.session()).unwrap().flatten() {
        assert!(
            !entry.file_name().to_string_lossy().starts_with(".tmp") || entry.metadata().unwrap().is_file()
        );
    }

    // A signature: with both files or none of them, or with words how to go on.
    desk.call(&["report", "session"]).with(0, &[]);
    desk.review("rita", 100);
    let (key, signoff) = (desk.path("ada").display().to_string(), desk.session().join("signoff"));
    let sign = ["sign", "session", "--role", "operator", "--as", "ada", "--key", &key, "--approve"];
    let statement = signoff.join("001-operator-ada.json");
    let mut orphans = 0;
    let writer = Writer {
        command: &|| desk.program(&sign),
        before: &|| fs::remove_dir_all(&signoff).unwrap_or_default(),
        begins: "session/.tmp",
        ends: "fsync(",
        one_of: 1,
        all: false,
    };
    let signatures = writer.killed(&mut |step, blow| {
        let sig = desk.signoff("001-operator-ada.json.sig");
        if statement.exists() {
            desk.call(&["verify", "session", "--signers", "signers"])
                .with(7, &["sign-off 001 operator ada approves: counts"]);
        } else {
            // A signature that was left is named, and taken away by who reads so.
            let left = sig.exists();
            let again = desk.program(&sign).output().unwrap();
            let said = String::from_utf8_lossy(&again.stderr).into_owned();
            assert_eq!(again.status.success(), !left, "{step:?} {blow:?} {said}");
            if left {
                orphans += 1;
                assert!(said.contains("if a signing was broken off there, remove it"), "{said}");
                fs::remove_file(sig).unwrap();
                desk.approve("operator", "ada").with(0, &[]);
            }
        }
    });
    assert!(orphans > 0);
    figures(
        "J10",
        &format!(
            "report in 5 formats: {reports} kills, 0 half; sign: {signatures} kills, 0 half, {orphans} signatures without a statement, each told with the way on"
        ),
    );
}

#[test]
fn what_a_session_begins_with_and_its_record_are_old_or_new() {
    let (room, server) = (Room::new(), watched());
    let chain = Chain::new(&room, &server, "session");
    let plan = chain.folder().join("plan.json");
    let (mut whole, mut none) = (0, 0);
    let writer = Writer {
        command: &|| chain.command("run"),
        before: &|| fs::remove_dir_all(chain.folder()).unwrap_or_default(),
        begins: ".tmp",
        ends: "session.jsonl",
        one_of: (9 / usize::try_from(effort()).unwrap()).max(1),
        all: false,
    };
    let begun = writer.killed(&mut |step, blow| {
        for name in ["plan.json", "origin.json"] {
            let Some(bytes) = there(&chain.folder().join(name)) else { continue };
            serde_json::from_slice::<serde_json::Value>(&bytes)
                .unwrap_or_else(|error| panic!("{name} is half there: {step:?} {blow:?} {error}"));
        }
        *(if plan.exists() { &mut whole } else { &mut none }) += 1;
        let resumed = room.spawn(chain.command("resume")).end();
        assert_eq!(resumed.code, Some(2), "{resumed:?}");
        contains(&resumed.err, &["why:", "next:"]);
    });

    // A record that is gone on with is written anew.
    let _ = fs::remove_dir_all(chain.folder());
    let few = room.yes().without("preflight/inputs");
    room.spawn(room.answered(&["run", "--session", "session", "--url", &server.url()], &few)).end().with(3);
    let (before, aside) = (chain.whole(), b"{\"n\":".to_vec());
    let torn = [before.clone(), aside.clone()].concat();
    let writer = Writer {
        command: &|| room.answered(&["resume", "session", "--url", &server.url()], &few),
        before: &|| {
            fs::write(chain.record(), &torn).unwrap();
            for name in ["session.jsonl.new", "session.jsonl.torn-7", "session.jsonl.torn-7.new"] {
                let _ = fs::remove_file(chain.folder().join(name));
            }
        },
        begins: ".torn-",
        ends: "fsync(",
        one_of: 1,
        all: false,
    };
    let renewed = writer.killed(&mut |step, blow| {
        let now = fs::read(chain.record()).unwrap();
        assert!(now == torn || now.starts_with(&before), "the record is another one: {step:?} {blow:?}");
        let kept = fs::read_dir(chain.folder()).unwrap().flatten().map(|entry| entry.path());
        let kept: Vec<PathBuf> = kept.filter(|path| path.display().to_string().contains(".torn-")).collect();
        let whole = kept.iter().filter(|path| !path.display().to_string().ends_with(".new"));
        let whole: Vec<Vec<u8>> = whole.map(|path| fs::read(path).unwrap()).collect();
        assert!(now == torn || whole == [aside.clone()], "the torn end is not kept: {step:?} {blow:?}");
    });
    room.spawn(room.answered(&["resume", "session", "--url", &server.url()], &few)).end().with(3);
    room.verify().with(0);
    assert!(String::from_utf8(chain.whole()).unwrap().contains("\"torn_bytes\":5"));
    figures(
        "J10",
        &format!(
            "plan.json, origin.json and copies: {begun} kills, {whole} whole, {none} not there yet; a record with a torn end written anew: {renewed} kills, 0 lost"
        ),
    );
}

/// Set for the child that writes.
const CHILD: &str = "KILL_TEST_WRITES";

#[test]
fn what_readers_and_rehearsals_leave_is_old_or_new() {
    let folder = TempDir::new().unwrap();
    let mut kills = Vec::new();
    for (name, file) in [("review", "review/rita.json"), ("rehearsal", "rehearsal.json")] {
        let path = folder.path().join(file);
        let child = || {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "beside::somebody_who_writes", "--test-threads=1"]);
            command.env(CHILD, name).current_dir(folder.path());
            command
        };
        assert!(child().output().unwrap().status.success());
        let old = fs::read(&path).unwrap();
        let writer = Writer {
            command: &child,
            before: &|| fs::write(&path, &old).unwrap(),
            begins: ".tmp",
            ends: "fsync(",
            one_of: 1,
            all: true,
        };
        let count = writer.killed(&mut |step, blow| {
            let now = fs::read(&path).unwrap();
            let read: Result<serde_json::Value, _> = serde_json::from_slice(&now);
            assert!(now.len() >= old.len() && read.is_ok(), "{file}: {step:?} {blow:?}");
        });
        kills.push(format!("{file}: {count} kills, 0 half"));
    }
    figures("J10", &kills.join("; "));
}

/// Not a test of its own: the child of the one above.
#[test]
fn somebody_who_writes() {
    let Some(what) = std::env::var_os(CHILD) else { return };
    let here = Path::new(".");
    if what == "review" {
        let mut reading = Reading::open(here, "rita");
        reading.note(1, Timestamp::from_micros(1_795_360_000_000_000), "seen").unwrap();
    } else {
        rehearsal::keep(here, &Rehearsal::default()).unwrap();
    }
}
