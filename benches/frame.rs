//! What a frame of the cockpit costs at 200x60, in process: time, bytes for the terminal, and from a key to its frame.
//! `cargo bench --bench frame`.
#![expect(clippy::disallowed_methods, reason = "what is measured here is time")]

use ceremony::definition::{FileBytes, Folder, STEPS_MAX};
use ceremony::journal::Entry;
use ceremony::plan::Plan;
use ceremony::runner::files::DiskFolder;
use ceremony::session::*;
use ceremony::time::{Moment, Timestamp};
use ceremony::tui::{Cockpit, Face, Status, TermEvent, Theme};
use ceremony::view::{Table, Transcript};
use crossterm::event::KeyCode;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use std::cell::Cell;
use std::io::{self, Write};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

const COLUMNS: u16 = 200;
const ROWS: u16 = 60;
const FRAMES: usize = 1_000;
const RESULT_ROWS: usize = 100_000;
/// Lines that stream in, in chunks of so many.
const LINES: usize = 1_000_000;
const CHUNK: usize = 500;

/// Counts what a terminal would be sent.
#[derive(Clone, Default)]
struct Counter(Rc<Cell<usize>>);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Bench {
    cockpit: Cockpit,
    session: Session,
    transcript: Transcript,
    terminal: Terminal<CrosstermBackend<Counter>>,
    counter: Counter,
    micros: u64,
}

/// The shipped definition with as many steps as there may be.
struct Many(DiskFolder);

impl Folder for Many {
    fn read(&self, path: &str) -> Result<FileBytes, String> {
        let mut file = self.0.read(path)?;
        if path == "ceremony.toml" {
            let text = String::from_utf8(file.bytes).unwrap();
            let (before, behind) = text.split_once("[[step]]\nid = \"sign-off\"").unwrap();
            let there = text.matches("[[step]]").count();
            // Those of the migrations stand in no table of their own.
            let more: String = (there + 4..STEPS_MAX)
                .map(|at| format!("[[step]]\nid = \"v/{at}\"\nkind = \"verify\"\ntitle = \"Look {at}\"\nqueries = [\"post/orphaned-events\"]\n"))
                .collect();
            file.bytes = format!("{before}{more}[[step]]\nid = \"sign-off\"{behind}").into_bytes();
        }
        Ok(file)
    }
}

fn shipped() -> DiskFolder {
    DiskFolder::new(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

impl Bench {
    fn new(files: &dyn Folder) -> Self {
        let ceremony = ceremony::definition::load(files, "ceremony.toml").unwrap();
        let counter = Counter::default();
        let viewport = Viewport::Fixed(Rect::new(0, 0, COLUMNS, ROWS));
        let backend = CrosstermBackend::new(counter.clone());
        Self {
            cockpit: Cockpit::new(Theme::dark(), false),
            session: Session::new(Arc::new(Plan::new(ceremony))),
            transcript: Transcript::default(),
            terminal: Terminal::with_options(backend, TerminalOptions { viewport }).unwrap(),
            counter,
            micros: 0,
        }
    }

    fn now(&self) -> Moment {
        let wall = Timestamp::from_micros(1_795_360_000_000_000 + self.micros as i64);
        Moment { wall, mono_us: self.micros }
    }

    /// Draws a frame: how long it took, how many bytes it sent.
    fn frame(&mut self) -> (Duration, usize) {
        self.micros += 16_000;
        let now = self.now();
        let status = Status { face: Face::Live, now, entries: 1, head_words: "lusab babad", error: None };
        let before = self.counter.0.get();
        let from = Instant::now();
        let (cockpit, session, transcript) = (&mut self.cockpit, &self.session, &self.transcript);
        self.terminal.draw(|frame| cockpit.draw(frame, session, transcript, &status)).unwrap();
        (from.elapsed(), self.counter.0.get() - before)
    }

    fn key(&mut self, code: KeyCode) {
        let now = self.now();
        let status = Status { face: Face::Live, now, entries: 1, head_words: "lusab babad", error: None };
        let event = TermEvent::Key(code.into());
        self.cockpit.on_event(&event, &self.session, &self.transcript, &status);
    }

    /// Presses keys in turn, a frame after each: key and frame together.
    fn keys(&mut self, name: &str, keys: &[KeyCode]) {
        let measured = (0..FRAMES).map(|at| {
            let from = Instant::now();
            self.key(keys[at % keys.len()]);
            let (_, bytes) = self.frame();
            (from.elapsed(), bytes)
        });
        let measured = measured.collect();
        tell(name, measured);
    }
}

fn tell(name: &str, measured: Vec<(Duration, usize)>) {
    let (mut times, mut bytes): (Vec<Duration>, Vec<usize>) = measured.into_iter().unzip();
    times.sort();
    bytes.sort_unstable();
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    let (middle, high) = (times.len() / 2, times.len() * 99 / 100);
    println!(
        "{name:<46} median {:.0} µs, p99 {:.0} µs; bytes median {}, p99 {}",
        us(times[middle]),
        us(times[high]),
        bytes[middle],
        bytes[high]
    );
}

fn results(bench: &mut Bench) {
    let columns = (0..12).map(|at| Column { name: format!("column {at}"), numeric: at % 3 == 0 }).collect();
    let row = |at: usize| (0..12).map(|column| Some(format!("{}", at * 31 + column * 7919))).collect();
    let rows: Vec<Vec<Option<String>>> = (0..RESULT_ROWS).map(row).collect();
    let result = ResultSet { columns, rows, total: RESULT_ROWS as u64 };
    let (step, query) = ("verify".to_owned(), "many".to_owned());
    bench
        .transcript
        .tables
        .push_back(Table { entry: 1, step, query, result, elapsed_us: 1, judged: None }.into());
    bench.key(KeyCode::Char('2'));
    let from = Instant::now();
    bench.frame();
    println!("{:<46} {:.0} µs", "results: first frame of 100,000 rows", from.elapsed().as_secs_f64() * 1e6);
    bench.keys("results: a row on, key to frame", &[KeyCode::Down]);
    bench.keys("results: a page on, key to frame", &[KeyCode::PageDown]);
    bench.keys("results: a column on and back, key to frame", &[KeyCode::Right, KeyCode::Left]);
    let letters = "/7919".chars().map(KeyCode::Char);
    for letter in letters {
        bench.key(letter);
        let from = Instant::now();
        bench.frame();
        if letter != KeyCode::Char('/') {
            println!(
                "{:<46} {:.1} ms",
                format!("results: search 1.2 million cells, {letter}"),
                from.elapsed().as_secs_f64() * 1e3
            );
        }
    }
    bench.key(KeyCode::Esc);
}

fn output(bench: &mut Bench) {
    bench.key(KeyCode::Char('1'));
    let mut measured = Vec::new();
    let mut taken = Duration::ZERO;
    for chunk in 0..LINES / CHUNK {
        let line = |at| {
            format!("NOTICE:  row {} of many, with as much text beside it as usual\n", chunk * CHUNK + at)
        };
        let text = (0..CHUNK).map(line).collect();
        let attempt = AttemptId { session: "s".to_owned(), number: 1 };
        let cause =
            Input::Outcome(Outcome { attempt, report: Report::Printed { source: Source::Server, text } });
        let now = bench.now();
        let entry = Entry {
            n: chunk as u64 + 2,
            t: now.wall,
            m: now.mono_us,
            prev: String::new(),
            cause,
            events: Vec::new(),
        };
        let from = Instant::now();
        bench.transcript.take(&entry, &bench.session);
        taken += from.elapsed();
        measured.push(bench.frame());
    }
    let kept = bench.transcript.lines.len();
    println!("{:<46} {:.0} ms, {kept} kept", "output: a million lines taken in", taken.as_secs_f64() * 1e3);
    tell("output: a frame while a million lines stream", measured);
    bench.keys("output: a row up, key to frame", &[KeyCode::Up]);
}

fn steps() {
    let many = Many(shipped());
    let from = Instant::now();
    let mut bench = Bench::new(&many);
    println!("{:<46} {:.0} ms", "steps: 10,000 loaded and planned", from.elapsed().as_secs_f64() * 1e3);
    bench.frame();
    // To the pane with the steps: the one that shows where one is.
    let moves = |bench: &mut Bench| {
        bench.key(KeyCode::Tab);
        bench.frame();
        bench.key(KeyCode::End);
        bench.frame().1 > 200
    };
    assert!((0..8).any(|_| moves(&mut bench)), "no pane has the steps");
    bench.keys("steps: a row on and back, key to frame", &[KeyCode::Up, KeyCode::Down]);
    bench.keys("steps: a page back, key to frame", &[KeyCode::PageUp]);
    bench.keys("steps: to the end and back, key to frame", &[KeyCode::End, KeyCode::Home]);
}

fn main() {
    // Without it we are not asked to measure, but only whether we start.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut bench = Bench::new(&shipped());
    bench.frame();
    results(&mut bench);
    output(&mut bench);
    steps();
}
