//! Thousands of ceremonies from seeds: faults, crashes between any two things, lost and late outcomes, clocks that
//! jump, servers that change, two operators. What must hold is held after every input, and every run is brought to its
//! end at last. A seed that fails prints a scenario, made small, that can be pasted into `tests/scenarios`.
//!
//! `SEEDS=FROM..TO cargo test --test simulation NAME` runs others; a million inputs and more:
//! `EFFORT=50 cargo test --release --test simulation a_million -- --nocapture`.

mod draw;
mod made_up;
mod met;
mod shrink;
#[path = "../support/mod.rs"]
mod support;

use draw::{Draw, Kind};
use met::Met;
use std::sync::atomic::{AtomicU64, Ordering};
use support::act::{Told, act};
use support::effort::{effort, figures};
use support::{World, invariants};

/// Lines of a run, at most.
const LINES_MAX: usize = 600;

/// Draws and carries out the run of a seed; what was done stays in `lines` if it fails.
fn play(kind: Kind, number: u64, first: &[String], lines: &mut Vec<String>, met: &mut Met) {
    let (mut draw, begin) = Draw::new(kind, number);
    let mut world = World::new(support::act::plan("shipped"), 1);
    let mut told = Told::default();
    let mut step = |world: &mut World, line: String, lines: &mut Vec<String>| {
        lines.push(line);
        let line = &lines[lines.len() - 1];
        act(world, line, &mut told);
        met.line(line);
        met.events(&told.events);
        let session = &world.drive.session;
        if !line.starts_with("b: ") && line != "calm" {
            invariants::seen_by_a_witness(session, &told.events);
        }
        told.events.clear();
        invariants::hold(world);
    };
    for line in begin.into_iter().chain(first.iter().cloned()) {
        step(&mut world, line, lines);
    }
    while lines.len() < LINES_MAX {
        world.clock_us += number % 5_000_000;
        let line = draw.next(&world);
        step(&mut world, line, lines);
        if draw.is_over(&world) {
            break;
        }
    }
    for line in ["calm", "b: calm"] {
        step(&mut world, line.to_owned(), lines);
    }
    for world in std::iter::once(&world).chain(world.other.as_deref()) {
        invariants::standing_is_the_phase(world);
        met.end(world);
    }
    met.add("seeds", 1);
}

/// What went wrong with a seed.
struct Failed {
    lines: Vec<String>,
    words: String,
}

fn run(kind: Kind, number: u64, first: &[String], met: &mut Met) -> Result<(), Failed> {
    let mut lines = Vec::new();
    let words = shrink::caught(|| play(kind, number, first, &mut lines, met));
    words.map_or(Ok(()), |words| Err(Failed { lines, words }))
}

/// Runs seeds, two at a time; the first that fails is printed as a scenario.
fn sweep(kind: Kind, from: u64, to: u64) -> Met {
    let next = AtomicU64::new(from);
    let work = || {
        let mut met = Met::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= to {
                return met;
            }
            if let Err(failed) = run(kind, number, &[], &mut met) {
                next.store(to, Ordering::Relaxed);
                report(kind, number, failed);
            }
        }
    };
    let mut met = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mut met = work();
        met.merge(other.join().expect("a seed failed"));
        met
    });
    met.add("panics", 0);
    met
}

fn report(kind: Kind, number: u64, failed: Failed) {
    let about = format!("{kind:?} seed {number}: {}", failed.words);
    let small = shrink::shrunk(failed.lines, &failed.words, 5_000);
    let again = format!("SEEDS={number}..{} cargo test --test simulation", number + 1);
    panic!("{about}\n{again}\n\nas tests/scenarios/failed.txt:\n\n{}", shrink::scenario(&small, &about));
}

/// `SEEDS=FROM..TO`, or so many from `from` on, times the effort.
fn seeds(from: u64, count: u64) -> (u64, u64, bool) {
    let given = std::env::var("SEEDS").ok().and_then(|text| {
        let (from, to) = text.split_once("..")?;
        Some((from.parse().ok()?, to.parse().ok()?, false))
    });
    given.unwrap_or((from, from + count * effort(), true))
}

fn met_enough(met: &Met, wanted: &[(&str, u64)]) {
    for (what, least) in wanted {
        assert!(met.of(what) >= *least, "{what}: {} of {least}: {}", met.of(what), met.words());
    }
}

#[test]
fn seeds_from_0() {
    let (from, to, ours) = seeds(0, 300);
    let met = sweep(Kind::Shipped, from, to);
    figures("S1", &met.words());
    if ours {
        met_enough(
            &met,
            &[("verdict PASS", 10), ("verdict FAIL", 10), ("rolled back", 20), ("refused", 200)],
        );
        for cause in ["1", "2", "3", "4", "5", "6", "8", "by STOP", "by witness", "by rule"] {
            met_enough(&met, &[(&format!("halt {cause}"), 1)]);
        }
    }
}

#[test]
fn seeds_with_witnesses() {
    let (from, to, ours) = seeds(3_000_000, 80);
    let met = sweep(Kind::Witnessed, from, to);
    println!("{}", met.words());
    if ours {
        met_enough(&met, &[("verdict PASS", 5), ("initials", 300)]);
    }
}

#[test]
fn seeds_without_a_transaction() {
    let (from, to, ours) = seeds(2_000_000, 200);
    let met = sweep(Kind::Stepwise, from, to);
    println!("{}", met.words());
    if ours {
        met_enough(&met, &[("half-way", 30), ("unit mended", 5), ("unit left out", 1), ("unit unknown", 5)]);
        met_enough(&met, &[("verdict PASS", 5), ("rolled back", 10)]);
    }
}

#[test]
fn seeds_of_two_operators() {
    let (from, to, ours) = seeds(4_000_000, 80);
    let met = sweep(Kind::Two, from, to);
    println!("{}", met.words());
    if ours {
        met_enough(&met, &[("race, fence held", 5), ("race, applied by the other", 20)]);
    }
}

/// Every kind of ceremony in turn, until so many inputs were fed: `EFFORT=50` is a million.
#[test]
fn a_million_steps() {
    let wanted = 20_000 * effort();
    let mut met = Met::default();
    let mut from = 10_000_000;
    while met.of("inputs") < wanted {
        for kind in Kind::ALL {
            met.merge(sweep(kind, from, from + 4));
        }
        from += 4;
    }
    figures("S1", &met.words());
}

/// A broken core is found, and what is printed of it fails in the same way where it is pasted.
#[test]
fn a_broken_core_is_found_and_its_scenario_fails_in_the_same_way() {
    for name in ["commits-unasked", "forgets-doubt"] {
        let broken = [format!("broken-core {name}")];
        let found =
            (0..300).find_map(|number| run(Kind::Shipped, number, &broken, &mut Met::default()).err());
        let failed = found.unwrap_or_else(|| panic!("{name} was not found in 300 seeds"));
        let before = failed.lines.len();
        let small = shrink::shrunk(failed.lines, &failed.words, 60);
        assert!(small.len() < before, "made smaller");
        let text = shrink::scenario(&small, &failed.words);
        println!("{text}");
        let again = shrink::caught(|| drop(support::act::scenario(&text))).unwrap_or_default();
        assert_eq!(shrink::kind_of(&again), shrink::kind_of(&failed.words), "{text}");
        let sound = text.replace(&format!("> {}\n", broken[0]), "");
        assert_ne!(sound, text, "it is in the scenario");
        let words = shrink::caught(|| drop(support::act::scenario(&sound)));
        assert_eq!(words, None, "without the broken core it holds");
        figures("S3", &format!("{name}: {before} lines made {}", small.len()));
    }
}
