//! T13: the bytes that were checked are the bytes that run, also while somebody swaps the file again and again.

use crate::effort::{effort, figures};
use crate::room::*;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[test]
fn t13_the_bytes_that_were_checked_are_the_bytes_that_run() {
    let (mut swaps, mut ran, mut refused) = (0, 0, 0);
    for _ in 0..2 * effort() {
        let room = Room::new();
        let path = room.path(FOUNDATIONS);
        let (good, other) = (fs::read(&path).unwrap(), room.path("other"));
        let evil = [&good[..], b"\nCREATE TABLE public.evil ();\n"].concat();
        let (over, count) = (AtomicBool::new(false), AtomicU64::new(0));
        let answers = room.yes().without("apply/uniqueness");
        let running = room.start(&answers);
        room.recorded(&["gate-opened", "preflight/target"]);
        let ended = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    for bytes in [&evil, &good] {
                        fs::write(&other, bytes).unwrap();
                        fs::rename(&other, &path).unwrap();
                        count.fetch_add(1, Ordering::Relaxed);
                        std::thread::yield_now();
                    }
                }
            });
            let ended = running.end();
            over.store(true, Ordering::Relaxed);
            ended
        });
        assert!(!ended.said().contains("panicked"), "{}", ended.said());
        let started = room.entries().into_iter().map(|entry| entry["cause"]["report"].clone());
        let sent: Vec<String> = started
            .filter(|report| report["report"] == "statement-started")
            .map(|report| report["sql"].as_str().unwrap_or_default().to_owned())
            .collect();
        assert!(!sent.iter().any(|sql| sql.contains("public.evil")), "what was not checked ran");
        swaps += count.load(Ordering::Relaxed);
        if sent.is_empty() { refused += 1 } else { ran += 1 }
    }
    assert!(swaps > 50, "{swaps} swaps");
    figures(
        "T13",
        &format!("{swaps} swaps of a script: {ran} sessions ran what was checked, {refused} ran nothing"),
    );
}
