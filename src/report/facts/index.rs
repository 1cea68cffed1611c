//! One pass over the entries: which of them opened, judged, stopped and said what.

use super::steps::{StatementFacts, SuiteFacts, TollFacts};
use crate::journal::Entry;
use crate::session::*;
use crate::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// A gate and its answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateFacts {
    /// The entry that opened it.
    pub entry: u64,
    /// Such as `apply/foundations commit`.
    pub id: String,
    /// The step it belongs to.
    pub step: String,
    /// What it asks.
    pub kind: GateKind,
    /// The words that confirm it.
    pub phrase: String,
    /// Microseconds from the first entry on.
    pub opened_us: u64,
    /// The entry that answered it; `None` when it was declined or is open.
    pub answered: Option<u64>,
    /// Microseconds from the first entry on.
    pub answered_us: Option<u64>,
}

impl GateFacts {
    /// How long it waited for its answer, microseconds; nothing while it waits.
    pub fn waited_us(&self) -> u64 {
        self.answered_us.map_or(0, |answered| answered.saturating_sub(self.opened_us))
    }
}

/// One try at a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attempt {
    /// Counted within the session.
    pub number: u32,
    /// The step.
    pub step: String,
    /// The entry that started it.
    pub entry: u64,
    /// Microseconds from the first entry on.
    pub started_us: u64,
    /// When it was over, or the record ended.
    pub ended_us: u64,
    /// The entry that ended it.
    pub ended: Option<u64>,
    /// What came of it; `None` when it came to no end of its own.
    pub verdict: Option<Verdict>,
}

/// An entry in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Its number.
    pub entry: u64,
    /// When.
    pub at: Timestamp,
    /// Microseconds from the first entry on.
    pub offset_us: u64,
    /// What it says, a line each.
    pub says: Vec<String>,
}

/// Where in the record things are.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub checks: BTreeMap<(String, String), u64>,
    pub finished: BTreeMap<String, u64>,
    pub committed: BTreeMap<String, u64>,
    pub halts: Vec<u64>,
    /// Of each halt: the stages after STOP.
    pub stages: Vec<Vec<u64>>,
    pub findings: Vec<u64>,
    pub notes: Vec<u64>,
    pub deviations: Vec<u64>,
    pub kept: Vec<u64>,
    pub gates: Vec<GateFacts>,
    pub attempts: Vec<Attempt>,
    pub statements: BTreeMap<String, Vec<StatementFacts>>,
    pub suites: BTreeMap<String, Vec<SuiteFacts>>,
    pub lines: Vec<Line>,
}

impl Index {
    pub fn of(session: &Session, entries: &[Entry]) -> Self {
        let mut index = Self::default();
        let first = entries.first().map_or(0, |entry| entry.m);
        for entry in entries {
            let offset = entry.m.saturating_sub(first);
            let mut says = Vec::new();
            if let Input::Outcome(outcome) = &entry.cause {
                index.outcome(entry, outcome, &mut says);
            }
            for event in &entry.events {
                index.event(entry, offset, event);
                says.extend(words(event));
            }
            if !says.is_empty() {
                index.lines.push(Line { entry: entry.n, at: entry.t, offset_us: offset, says });
            }
        }
        let last = entries.last().map_or(0, |entry| entry.m.saturating_sub(first));
        for attempt in index.attempts.iter_mut().filter(|attempt| attempt.ended.is_none()) {
            attempt.ended_us = last;
        }
        // What stopped the world says so itself; a verdict of its step is the session's.
        for attempt in &mut index.attempts {
            let state = session.step_state(&attempt.step);
            let latest = state.and_then(|state| state.attempt.as_ref()).map(|latest| latest.number);
            if latest == Some(attempt.number) && attempt.verdict.is_none() {
                attempt.verdict = state.and_then(|state| state.verdict);
            }
        }
        index
    }

    fn step_of(&self, attempt: &AttemptId) -> Option<String> {
        let started = self.attempts.iter().rev().find(|started| started.number == attempt.number);
        started.map(|started| started.step.clone())
    }

    fn outcome(&mut self, entry: &Entry, outcome: &Outcome, says: &mut Vec<String>) {
        let Some(step) = self.step_of(&outcome.attempt) else { return };
        let number = outcome.attempt.number;
        match &outcome.report {
            Report::StatementStarted { at, sql, .. } => {
                says.push(format!("{step}: statement sent, {at}"));
                let sent = StatementFacts::new(entry.n, number, at.clone(), sql.clone());
                self.statements.entry(step).or_default().push(sent);
            }
            Report::StatementLeftOut { at, sql, why } => {
                says.push(format!("{step}: left out, {at}: {why}"));
                let mut left = StatementFacts::new(entry.n, number, at.clone(), sql.clone());
                left.left_out = Some(why.clone());
                self.statements.entry(step).or_default().push(left);
            }
            Report::StatementFinished { tag, elapsed_us, .. } => {
                let sent = self.statements.get_mut(&step).and_then(|all| all.last_mut());
                if let Some(sent) = sent.filter(|sent| sent.attempt == number) {
                    (sent.tag, sent.elapsed_us) = (Some(tag.clone()), Some(*elapsed_us));
                }
            }
            Report::StatementToll { toll, .. } => {
                let sent = self.statements.get_mut(&step).and_then(|all| all.last_mut());
                if let Some(sent) = sent.filter(|sent| sent.attempt == number) {
                    sent.toll = TollFacts::of(toll);
                }
            }
            Report::Observed {
                observation: Observation::Suite { suite, exit_code, error, tests, elapsed_us, .. },
            } => self.suites.entry(step).or_default().push(SuiteFacts {
                entry: entry.n,
                attempt: number,
                id: suite.clone(),
                exit_code: *exit_code,
                error: error.clone(),
                elapsed_us: *elapsed_us,
                tests: tests.clone(),
            }),
            Report::Failed { failure } => says.push(format!("{step}: {}", failure.words())),
            Report::UnitReady { index, of, at, .. } => {
                says.push(format!("{step}: unit {} of {of}, {at}", index + 1));
            }
            Report::UnitFailed { failure, look, .. } => {
                says.push(format!("{step}: {}: {}", failure.words(), look.found));
            }
            _ => {}
        }
    }

    fn event(&mut self, entry: &Entry, offset: u64, event: &Event) {
        match event {
            Event::GateOpened { gate } => self.gates.push(GateFacts {
                entry: entry.n,
                id: gate.id.clone(),
                step: gate.step.clone(),
                kind: gate.kind,
                phrase: gate.phrase.clone(),
                opened_us: offset,
                answered: None,
                answered_us: None,
            }),
            Event::GateAnswered { gate, .. } => {
                if let Some(open) = self.gates.iter_mut().rfind(|open| open.id == *gate) {
                    (open.answered, open.answered_us) = (Some(entry.n), Some(offset));
                }
            }
            Event::StepStarted { step, attempt } => self.attempts.push(Attempt {
                number: attempt.number,
                step: step.clone(),
                entry: entry.n,
                started_us: offset,
                ended_us: offset,
                ended: None,
                verdict: None,
            }),
            Event::CheckJudged { step, check, .. } => {
                self.checks.insert((step.clone(), check.clone()), entry.n);
            }
            Event::StepCommitted { step, .. } => {
                self.committed.insert(step.clone(), entry.n);
            }
            Event::StepFinished { step, verdict } => {
                self.finished.insert(step.clone(), entry.n);
                self.end(step, entry, offset, Some(*verdict));
            }
            Event::StepReopened { step, .. } => self.end(step, entry, offset, None),
            Event::Halted { halt } => {
                self.halts.push(entry.n);
                self.stages.push(Vec::new());
                self.end(&halt.step, entry, offset, None);
            }
            Event::StageDone { .. } => {
                if let Some(stages) = self.stages.last_mut() {
                    stages.push(entry.n);
                }
            }
            Event::FindingRaised { .. } | Event::TeamTold { failed: Some(_), .. } => {
                self.findings.push(entry.n);
            }
            Event::DeviationTaken { .. } => self.deviations.push(entry.n),
            Event::NoteTaken { .. } | Event::TeamTold { failed: None, .. } => self.notes.push(entry.n),
            Event::RowsKept { .. } => self.kept.push(entry.n),
            _ => {}
        }
    }

    fn end(&mut self, step: &str, entry: &Entry, offset: u64, verdict: Option<Verdict>) {
        let open = self.attempts.iter_mut().rfind(|attempt| attempt.step == step);
        if let Some(open) = open.filter(|open| open.ended.is_none()) {
            (open.ended, open.ended_us, open.verdict) = (Some(entry.n), offset, verdict);
        }
    }
}

/// An event as the cockpit's output pane says it.
fn words(event: &Event) -> Option<String> {
    Some(match event {
        Event::CheckJudged { step, check, verdict, expected, observed, .. } => {
            let wanted = if verdict.is_good() { String::new() } else { format!(", expected {expected}") };
            format!("{step}: {} {check}: observed {observed}{wanted}", verdict.word())
        }
        Event::NoteTaken { words } => format!("note: {words}"),
        Event::StageDone { stage, words, decision } => {
            let decision = decision.map(|decision| format!("{}: ", decision.word())).unwrap_or_default();
            format!("{} {decision}{words}", stage.word())
        }
        _ => event.headline()?.1,
    })
}
