//! A failure as a scenario that can be pasted: caught, made small, written down.

use crate::support::World;
use crate::support::act::{Told, act, plan};
use crate::support::invariants;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static CAUGHT: RefCell<Option<String>> = const { RefCell::new(None) };
    static QUIET: RefCell<bool> = const { RefCell::new(false) };
}

/// Runs `work`; `Some` with the words of its panic.
pub fn caught(work: impl FnOnce()) -> Option<String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if QUIET.with_borrow(|quiet| *quiet) {
                let words = info.payload_as_str().unwrap_or("no words").to_owned();
                CAUGHT.with_borrow_mut(|caught| *caught = Some(words));
            } else {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    result.err().map(|_| CAUGHT.take().unwrap_or_default())
}

/// What a failure is about: without numbers, and without what stands behind the first colon.
pub fn kind_of(words: &str) -> String {
    let first = words.lines().next().unwrap_or_default();
    let first = first.split(": ").next().unwrap_or_default();
    first.chars().filter(|letter| !letter.is_ascii_digit()).collect()
}

/// Carries out lines from an empty world, as `tests/scenarios` does; the words of the failure.
pub fn failure(lines: &[String]) -> Option<String> {
    caught(|| {
        let mut world = World::new(plan("shipped"), 1);
        let mut told = Told::default();
        for line in lines {
            act(&mut world, line, &mut told);
            invariants::hold(&mut world);
        }
    })
}

/// Leaves lines out, ever fewer at once, as long as it still fails in the same way; tries so many times at most.
pub fn shrunk(mut lines: Vec<String>, words: &str, mut tries: u32) -> Vec<String> {
    let kind = kind_of(words);
    let mut fails = |lines: &[String]| {
        tries = tries.saturating_sub(1);
        tries > 0 && failure(lines).is_some_and(|words| kind_of(&words) == kind)
    };
    let calm = lines.iter().position(|line| line.starts_with("world "));
    if let Some(at) = calm {
        let mut without = lines.clone();
        without.insert(at + 1, "faults 0".to_owned());
        if fails(&without) {
            lines = without;
        }
    }
    let mut size = lines.len() / 2;
    while size > 0 {
        let (mut at, before) = (1, lines.len());
        while at < lines.len() {
            let mut fewer = lines.clone();
            fewer.drain(at..(at + size).min(lines.len()));
            if fails(&fewer) { lines = fewer } else { at += size }
        }
        // At one line at once, again until nothing more can go.
        size = if size == 1 && lines.len() < before { 1 } else { size / 2 };
    }
    lines
}

/// As it is pasted into a file of `tests/scenarios`.
pub fn scenario(lines: &[String], about: &str) -> String {
    let mut shown: Vec<(String, u64)> = Vec::new();
    for line in lines {
        match shown.last_mut() {
            Some((last, times)) if last == line && line.ends_with("deliver") => *times += 1,
            _ => shown.push((line.clone(), 1)),
        }
    }
    let shown = shown.into_iter().map(|(line, times)| match times {
        1 => format!("> {line}\n"),
        _ => format!("> {line} {times}\n"),
    });
    format!("# {}\n{}", about.replace('\n', " "), shown.collect::<String>())
}
