//! A record of a million entries looked at: opened, gone through here and there, searched, decided again; and how much
//! memory that takes.

use crate::{Median, long, tell, timed};
use ceremony::definition::load;
use ceremony::driver::replay::{Again, Find, Reel};
use ceremony::plan::Plan;
use ceremony::runner::fake::Seed;
use ceremony::runner::files::DiskFolder;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const ENTRIES: u64 = 1_000_000;
const SEEKS: usize = 300;

pub fn measure() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let plan = Arc::new(Plan::new(load(&DiskFolder::new(root).unwrap(), "ceremony.toml").unwrap()));
    let folder = tempfile::tempdir().unwrap();
    long::record(folder.path(), root, &plan, ENTRIES, 1_000);
    let bytes = folder.path().join("session.jsonl").metadata().unwrap().len();
    let before = peak_kb();
    let (opened, mut reel) = timed(|| {
        let mut reel = Reel::open(folder.path()).unwrap();
        reel.seek(1);
        reel
    });
    let of = reel.len();
    let name = |what: &str| format!("replay: {what}");
    let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    tell(&name("open"), format!("{}, {of} entries, {:.0} MB", seconds(opened), bytes as f64 / 1e6));
    let (ended, ()) = timed(|| reel.seek(of));
    tell(&name("first way to the end"), format!("{:.1} ms", ended.as_secs_f64() * 1000.0));
    let mut seed = Seed(1);
    let mut anywhere = || 1 + usize::try_from(seed.below(of as u64)).unwrap();
    let random = (0..SEEKS).map(|_| anywhere()).map(|to| timed(|| reel.seek(to)).0).collect();
    tell(&name("to any entry"), Median::of(random));
    let mut filled = Vec::new();
    for _ in 0..10 {
        reel.seek(anywhere());
        filled.push(timed(|| while reel.work() {}).0);
    }
    tell(&name("the lines before it, in the background"), Median::of(filled));
    reel.seek(of);
    let back = (1..SEEKS).map(|step| timed(|| reel.seek(of - step)).0).collect();
    tell(&name("a step back"), Median::of(back));
    let on = (1..SEEKS).map(|step| timed(|| reel.seek(of - SEEKS + step)).0).collect();
    tell(&name("a step on"), Median::of(on));
    for words in ["no such words", "gate 'apply"] {
        let (found, count) = timed(|| {
            let find = Find::start(reel.pages().unwrap(), reel.plan().clone(), words, 1);
            while !find.is_over() {
                std::thread::yield_now();
            }
            find.count()
        });
        tell(&name(&format!("find “{words}”")), format!("{}, {count} found", seconds(found)));
    }
    tell(
        &name("memory for all that"),
        format!("{:.0} MB", (peak_kb().saturating_sub(before)) as f64 / 1000.0),
    );
    let (again, ()) = timed(|| {
        let again = Again::start(reel.pages().unwrap(), reel.plan().clone());
        while !again.is_over() {
            std::thread::yield_now();
        }
        assert_eq!(again.found(), None);
    });
    tell(&name("decided again, in the background"), seconds(again));
}

/// The most memory that was held so far.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).unwrap_or(0)
}
