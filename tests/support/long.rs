//! Records of any length, made by the real core over the fake world: whole ceremonies whose statements print a lot.

#[path = "header.rs"]
mod header;

use ceremony::driver::Drive;
use ceremony::journal::file::JournalFile;
use ceremony::plan::Plan;
use ceremony::runner::Runner;
use ceremony::runner::fake::{FakeRunner, Seed, identity};
use ceremony::runner::files::DiskFolder;
use ceremony::runner::session_folder::{Origin, fill};
use ceremony::session::*;
use ceremony::time::{Moment, Timestamp};
use ceremony::view::Transcript;
use header::header;
use std::path::Path;
use std::sync::Arc;

struct Maker {
    drive: Drive<JournalFile>,
    runner: FakeRunner,
    seed: Seed,
    clock_us: u64,
}

/// Makes a session in `folder`, with at least `entries` entries, most of them output, `gap_us` apart.
pub fn record(folder: &Path, root: &Path, plan: &Arc<Plan>, entries: u64, gap_us: u64) {
    let origin = Origin { folder: root.to_owned(), definition: "ceremony.toml".to_owned(), url: None };
    let mut header = header();
    header.plan = fill(folder, &DiskFolder::new(root).unwrap(), plan, &origin).unwrap();
    header.inputs = plan.ceremony.files.clone();
    let journal = JournalFile::create(folder).unwrap();
    let mut maker = Maker {
        drive: Drive::new(Session::new(plan.clone()), Transcript::default(), journal),
        runner: FakeRunner::new(plan.clone(), 7),
        seed: Seed(7),
        clock_us: 0,
    };
    maker.feed(Input::Command(Command::Open { header: Box::new(header) }), gap_us);
    // Every statement that is run prints its part.
    let each = entries / 6 + 1;
    while !matches!(maker.drive.session.phase, Phase::Closed(_)) {
        if let Phase::Gate(gate) = &maker.drive.session.phase {
            let command = Command::Answer { gate: gate.id.clone(), words: gate.phrase.clone() };
            let note = Command::Note { words: format!("before {}", gate.id) };
            maker.feed(Input::Command(note), gap_us);
            maker.feed(Input::Command(command), gap_us);
        } else if let Some(outcome) = maker.runner.pending.pop_front() {
            let ran = matches!(&outcome.report, Report::Observed { observation: Observation::Ran { .. } });
            let attempt = outcome.attempt.clone();
            maker.feed(Input::Outcome(outcome), gap_us);
            for n in 0..if ran { each } else { 0 } {
                let report = maker.output(n);
                maker.feed(Input::Outcome(Outcome { attempt: attempt.clone(), report }), gap_us);
            }
        } else {
            panic!("nothing goes on: {:?}", maker.drive.session.phase);
        }
        let written = maker.drive.transcript.entries;
        assert!(written < entries * 3 + 10_000, "it does not come to its end");
    }
}

impl Maker {
    fn feed(&mut self, input: Input, gap_us: u64) {
        self.clock_us += gap_us;
        let wall = Timestamp::from_micros(identity().server_time_us + self.clock_us as i64 % 1_000_000_000);
        let at = Moment { wall, mono_us: self.clock_us };
        for effect in self.drive.feed(input, at).unwrap() {
            self.runner.start(effect, &Default::default());
        }
    }

    /// What a statement says: mostly lines, now and then a notice or a look at who waits.
    fn output(&mut self, n: u64) -> Report {
        if n % 1000 == 999 {
            let held =
                Held { on: format!("public.t{}", self.seed.below(9)), mode: "ACCESS SHARE".to_owned() };
            return Report::Sampled {
                sample: Box::new(Sample { pid: 7, held: vec![held], ..Sample::default() }),
            };
        }
        if n % 100 == 99 {
            let notice = ErrorCard {
                severity: "NOTICE".to_owned(),
                sqlstate: "00000".to_owned(),
                message: format!("chunk {n} is \"done\""),
                ..ErrorCard::default()
            };
            return Report::Noticed { notice: Box::new(notice), more: Vec::new() };
        }
        let lines = if self.seed.once_in(50) { 3 } else { 1 };
        let line = |_| {
            let id = self.seed.below(1_000_000_000);
            format!("row {n} of many: id={id}, with as much text beside it as such a line usually has\n")
        };
        Report::Printed { source: Source::Server, text: (0..lines).map(line).collect() }
    }
}
