//! J13 and L5: records of any length are checked within a fixed memory, opened and gone through. 200,000 entries;
//! `EFFORT=50` makes it 10,000,000, about 4 GB in the target folder, and wants a release build.

use crate::effort::{effort, figures};
use crate::made;
use crate::program::until;
use ceremony::definition::load;
use ceremony::driver::replay::Reel;
use ceremony::plan::Plan;
use ceremony::runner::fake::Seed;
use ceremony::runner::files::DiskFolder;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Entries of the short form.
const ENTRIES: u64 = 200_000;
/// More than an entry takes, bytes.
const ENTRY_BYTES: u64 = 500;
/// What the check of a record may take, of all that it writes to, KiB.
const MEMORY_KIB: u64 = 16 << 10;
const SEEKS: usize = 200;
/// So often the program is looked at for each part of the effort; fewer than `until` has patience for.
const LOOKS: u64 = 3_900;

fn room_on_disk(folder: &Path, bytes: u64) {
    let there = rustix::fs::statvfs(folder).unwrap();
    let free = there.f_bavail * there.f_frsize;
    assert!(
        free > bytes + (2 << 30),
        "{} has {} MB free; this needs {} MB and 2 GB to spare",
        folder.display(),
        free >> 20,
        bytes >> 20
    );
}

/// A figure of a process that is alive, KiB.
fn status(pid: u32, name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Runs the program with so much memory for all that it writes to and no more; how it ended, what it said, and the most
/// it had in memory and the most of that which was no file's, KiB.
fn checked(folder: &Path) -> (Option<i32>, String, u64, u64) {
    let mut command = Command::new("sh");
    let limited = format!("ulimit -d {MEMORY_KIB} && exec \"$0\" verify \"$1\"");
    command.args(["-c", &limited, env!("CARGO_BIN_EXE_ceremony")]).arg(folder);
    command.env("XDG_CONFIG_HOME", "/nonexistent").stdin(Stdio::null());
    let out = folder.join("said");
    let file = fs::File::create(&out).unwrap();
    let mut child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
    let (mut most, mut own, mut looks) = (0, 0, 0_u64);
    // Each part is waited for, however many there are.
    let ended = (0..10 * effort()).find_map(|_| {
        until("a part of the record is checked", || {
            most = most.max(status(child.id(), "VmHWM:").unwrap_or(0));
            own = own.max(status(child.id(), "RssAnon:").unwrap_or(0));
            looks += 1;
            let ended = child.try_wait().unwrap();
            if ended.is_some() || looks % LOOKS == 0 { Some(ended) } else { None }
        })
    });
    let ended = ended.expect("the record is checked in its time");
    (ended.code(), fs::read_to_string(out).unwrap(), most, own)
}

#[test]
fn a_long_record_is_checked_within_16_mib_and_opened() {
    let (entries, target) = (ENTRIES * effort(), Path::new(env!("CARGO_TARGET_TMPDIR")));
    room_on_disk(target, entries * ENTRY_BYTES);
    let folder = tempfile::tempdir_in(target).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = Arc::new(Plan::new(load(&DiskFolder::new(root).unwrap(), "ceremony.toml").unwrap()));
    let (made, ()) = timed(|| made::record(folder.path(), root, &shipped, entries, 1_000));
    let bytes = folder.path().join("session.jsonl").metadata().unwrap().len();

    let (time, (code, said, most, own)) = timed(|| checked(folder.path()));
    assert_eq!(code, Some(0), "within {MEMORY_KIB} KiB: {said}");
    let of: u64 = said.split_whitespace().nth(1).unwrap().trim_end_matches(',').parse().unwrap();
    assert!(of >= entries && said.contains("as recorded"), "{said}");
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    figures(
        "J13",
        &format!(
            "{of} entries, {} MB (made in {}): checked in {} with at most {MEMORY_KIB} KiB of data (a limit of the kernel), \
             {own} KiB seen in use, {most} KiB with the program's own pages",
            bytes / 1_000_000,
            seconds(made),
            seconds(time),
        ),
    );

    let (opened, mut reel) = timed(|| {
        let mut reel = Reel::open(folder.path()).unwrap();
        reel.seek(1);
        reel
    });
    let (ended, ()) = timed(|| {
        reel.seek(reel.len());
        while reel.on_the_way().is_some() && reel.work() {}
    });
    let mut seed = Seed(1);
    let mut times: Vec<Duration> = (0..SEEKS)
        .map(|_| {
            let to = 1 + usize::try_from(seed.below(of)).unwrap();
            let (time, ()) = timed(|| reel.seek(to));
            assert_eq!(reel.at(), to);
            time
        })
        .collect();
    times.sort();
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    figures(
        "L5",
        &format!(
            "{of} entries: opened in {}, first way to the end {}, {SEEKS} seeks to anywhere: median {}, longest {}",
            seconds(opened),
            seconds(ended),
            ms(times[SEEKS / 2]),
            ms(times[SEEKS - 1]),
        ),
    );
}

#[expect(clippy::disallowed_methods, reason = "how long it takes is told and not judged")]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let from = Instant::now();
    let done = work();
    (from.elapsed(), done)
}
