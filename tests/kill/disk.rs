//! A disk that is full or fails, at each write and sync of the record: halt with words, nothing after it, and a way on.

use crate::chain::*;
use crate::room::*;
use crate::strace::{Blow, Target, on_disk, struck, wrapped};
use crate::support::effort::{effort, figures};
use std::fs;
use std::os::unix::fs::MetadataExt;

/// The program was told so and said so: in three parts, with an exit code of its own, and nothing more was written.
#[track_caller]
fn told(ended: &Ended, doing: &str, why: &str) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    contains(&ended.err, &[doing, why, "\n  why:", "\n  next:", "ceremony resume"]);
    assert!(!ended.said().contains("verdict"), "an end was told: {ended:?}");
}

/// Goes on with a session until it is over; each time a call on the record fails, one stride later within a step.
fn through(chain: &mut Chain<'_>, call: &str, errors: &[(&'static str, &str)], stride: u64) {
    let record = chain.record();
    let (mut verb, mut nth, mut turn, mut finished) = ("run", 1, 0, 0);
    loop {
        let (error, words) = errors[turn % errors.len()];
        let target = Target { call, file: Some(&record), nth, all: false };
        let command = struck(&chain.command(verb), target, Blow::Fails(error), &chain.room.path("strace"));
        let start = chain.whole().len();
        let ended = chain.room.spawn(command).end();
        chain.look(&ended);
        let log = fs::read_to_string(chain.room.path("strace")).unwrap();
        if !log.contains("INJECTED") {
            ended.with(0);
            assert!(chain.counted.failures >= 15, "{} calls failed", chain.counted.failures);
            break;
        }
        chain.counted.failures += 1;
        told(
            &ended,
            if call == "write" { "cannot append to the record" } else { "cannot sync the record" },
            words,
        );
        let (_, after) = on_disk(&log, start);
        assert!(!after, "the record was written to after an error:\n{log}");
        if call == "fdatasync" {
            // The line that no sync has confirmed was not said, and nothing was done for it: it may be gone.
            let lines = chain.whole().iter().filter(|byte| **byte == b'\n').count();
            assert!(!ended.out.contains(&format!("{lines:>5} ")), "entry {lines} was said");
            chain.lose_power(start);
        }
        chain.ledger_names_the_record();
        verb = if chain.whole().is_empty() {
            fs::remove_dir_all(chain.folder()).unwrap();
            "run"
        } else {
            "resume"
        };
        let now = chain.finished();
        nth = if now > finished { 1 } else { nth + stride };
        (finished, turn) = (now, turn + 1);
    }
}

const ONCE_EACH: &str = "foundations|1|up|done\noutbound-sync|1|up|done\nuniqueness|1|up|done";

#[track_caller]
fn passed(chain: &Chain<'_>) {
    assert_eq!(chain.server.ask(LEDGER), ONCE_EACH);
    assert_eq!(chain.server.ask(HISTORY).lines().count(), 4);
    for row in chain.server.ask(SEEN).lines() {
        assert!(row.ends_with("|1"), "{row}: each change was committed once");
    }
    chain.room.call(&["verify", chain.session]).with(0).says(&["verdict  PASS"]);
}

/// J6: no space, and a file system's limit of a file, at each write.
#[test]
fn a_full_disk_at_each_write_of_the_record() {
    let (room, server) = (Room::new(), watched());
    let mut chain = Chain::new(&room, &server, "session");
    let errors = [("ENOSPC", "No space left on device"), ("EFBIG", "File too large"), ("EDQUOT", "quota")];
    through(&mut chain, "write", &errors, (90 / effort()).max(1));
    passed(&chain);
    let failures = chain.counted.failures;
    figures(
        "J6",
        &format!(
            "{failures} writes failed (ENOSPC, EFBIG, EDQUOT in turn): {failures} halts, all gone on with"
        ),
    );
}

/// J6: a limit of the shell cuts a write short, anywhere in a line; the signal that comes with it kills nobody.
#[test]
fn a_write_that_is_cut_short() {
    let (room, server) = (Room::new(), watched());
    let mut chain = Chain::new(&room, &server, "session");
    let mut dice = Dice::new(11);
    let (mut verb, mut torn, mut halts, mut finished, mut reach) = ("run", 0, 0, 0, 0);
    let most = 15 * effort();
    loop {
        // The plan and its copies come first and must fit.
        let floor = if verb == "run" { 80_000 } else { chain.whole().len() as u64 + 1 };
        let limit = if halts < most { floor + reach + dice.below(3_000) } else { u64::MAX };
        let words =
            if halts < most { format!("--fsize={limit}:{limit}") } else { "--fsize=unlimited".to_owned() };
        let command = wrapped(&chain.command(verb), "prlimit", vec![words.into()]);
        let ended = room.spawn(command).end();
        chain.look(&ended);
        if ended.code == Some(0) {
            break;
        }
        halts += 1;
        let there = fs::read(chain.record()).unwrap();
        torn += u64::from(!there.ends_with(b"\n"));
        assert!(there.len() as u64 <= limit);
        told(&ended, "cannot append to the record", "File too large");
        verb = "resume";
        let now = chain.finished();
        reach = if now > finished { 0 } else { reach + 20_000 };
        finished = now;
    }
    passed(&chain);
    let kept = fs::read_dir(chain.folder()).unwrap().flatten();
    let kept: Vec<_> = kept.filter(|entry| entry.file_name().to_string_lossy().contains(".torn-")).collect();
    assert_eq!(kept.len() as u64, torn, "each torn end is kept");
    assert!(torn > 5, "{torn} of {halts}");
    // And each is told in the record.
    let text = String::from_utf8(chain.whole()).unwrap();
    let told: u64 = text
        .lines()
        .filter_map(|line| {
            line.split("\"torn_bytes\":").nth(1)?.split([',', '}']).next()?.parse::<u64>().ok()
        })
        .sum();
    let bytes: u64 = kept.iter().map(|entry| entry.metadata().unwrap().len()).sum();
    assert_eq!(told, bytes, "the record tells of all that was cut");
    figures(
        "J6",
        &format!(
            "{halts} writes cut short by a limit, {torn} in the middle of a line: {halts} halts, {torn} torn ends kept and told"
        ),
    );
}

/// J7: at each sync of the record, and of its folder; what no sync confirmed is taken away then.
#[test]
fn a_sync_of_the_record_that_fails() {
    let (room, server) = (Room::new(), watched());
    let mut chain = Chain::new(&room, &server, "session");
    chain.power = Some(Dice::new(3));
    let stride = (6 / effort()).max(1);
    through(&mut chain, "fdatasync", &[("EIO", "Input/output error")], stride);
    passed(&chain);
    let Counted { failures, cut, .. } = chain.counted;
    figures(
        "J7",
        &format!(
            "{failures} syncs failed with EIO: {failures} halts, nothing said or written after, {cut} times the unsynced end was taken away; all gone on with"
        ),
    );
}

/// J7: each sync on the way into a session, new or gone on with. A record is believed after it was written anew.
#[test]
fn a_sync_before_the_first_entry_that_fails() {
    let (room, server) = (Room::new(), watched());
    let chain = Chain::new(&room, &server, "session");
    let log = room.path("strace");
    let strike = |verb: &str, nth| {
        let target = Target { call: "fsync", file: None, nth, all: false };
        let ended = room.spawn(struck(&chain.command(verb), target, Blow::Fails("EIO"), &log)).end();
        (ended, fs::read_to_string(&log).unwrap())
    };
    // A new session: files, folders, the folder with the record in it. Each is fatal, and none leaves a session.
    let mut failed = 0;
    for nth in 1.. {
        let (ended, log) = strike("run", nth);
        assert!(log.contains("INJECTED"), "the record was begun before sync {nth}");
        failed += 1;
        assert!(matches!(ended.code, Some(1 | 2)), "{ended:?}");
        contains(&ended.err, &["why:", "next:"]);
        assert!(chain.whole().is_empty(), "an entry was written into a folder that is not on disk");
        assert_eq!(server.ask("SELECT to_regnamespace('ceremony') IS NULL"), "t");
        fs::remove_dir_all(chain.folder()).unwrap();
        if ended.err.contains("sync the folder of the record") {
            break;
        }
    }
    assert!(failed > 5, "{failed}");
    // One that was left: the record that takes the place of the old one, and the folder.
    room.spawn(room.answered(
        &["run", "--session", "session", "--url", &server.url()],
        &room.yes().without("apply/foundations"),
    ))
    .end()
    .with(3);
    let (before, file) = (chain.whole(), fs::metadata(chain.record()).unwrap().ino());
    for nth in 1..=2 {
        let (ended, log) = strike("resume", nth);
        assert!(log.contains("INJECTED"), "{log}");
        told(&ended, "cannot write anew the record", "Input/output error");
        assert!(chain.whole() == before, "after sync {nth} the record is another one");
        assert_eq!(ended.out, "", "something was said");
    }
    room.spawn(chain.command("resume")).end().with(0);
    assert_ne!(fs::metadata(chain.record()).unwrap().ino(), file, "what a failed sync left is believed");
    assert!(!chain.folder().join("session.jsonl.new").exists());
    assert_eq!(server.ask(LEDGER), ONCE_EACH);
    room.call(&["verify", "session"]).with(0);
    figures(
        "J7",
        &format!(
            "{failed} syncs of a new session's files and folders and 2 of a resume failed: no entry, no action after any"
        ),
    );
}
