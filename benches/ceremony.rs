//! How long things take, each as the median of several runs and a line of its own: `cargo bench`, or
//! `cargo bench -- journal` for those whose name has `journal` in it. Wants PostgreSQL's server programs.
#![expect(clippy::disallowed_methods, reason = "what is measured here is time")]

#[path = "support/journal.rs"]
mod journal;
#[path = "../tests/support/long.rs"]
mod long;
#[path = "support/meter.rs"]
mod meter;
#[path = "support/replay.rs"]
mod replay;
#[path = "support/screen.rs"]
mod screen;
#[path = "support/shipped.rs"]
mod shipped;
#[path = "support/snapshot.rs"]
mod snapshot;
#[path = "support/stop.rs"]
mod stop;

use std::time::{Duration, Instant};

/// How often something is done of which the median is told.
const RUNS: usize = 10;

/// The program, as it is built for this.
const PROGRAM: &str = env!("CARGO_BIN_EXE_ceremony");

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Without it we are not asked to measure, but only whether we start.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let benches: &[(&str, fn())] = &[
        ("ceremony", shipped::measure),
        ("first frame", screen::measure),
        ("journal", journal::measure),
        ("meter", meter::measure),
        ("replay", replay::measure),
        ("snapshot", snapshot::measure),
        ("stop", stop::measure),
    ];
    for (name, measure) in benches {
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())) {
            measure();
        }
    }
}

/// How long `work` takes.
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let from = Instant::now();
    let result = work();
    (from.elapsed(), result)
}

/// The middle of several measurements, with the smallest and the largest.
struct Median {
    middle: Duration,
    least: Duration,
    most: Duration,
}

impl Median {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        Self { middle: times[times.len() / 2], least: times[0], most: times[times.len() - 1] }
    }
}

impl std::fmt::Display for Median {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        write!(f, "{:.1} ms ({:.1} to {:.1})", ms(self.middle), ms(self.least), ms(self.most))
    }
}

/// A line of the result.
fn tell(name: &str, result: impl std::fmt::Display) {
    println!("{name:<46} {result}");
}
