//! Where in the record each thing stands that somebody must see.

use crate::journal::Entry;
use crate::session::*;
use std::collections::BTreeMap;

/// Numbers of entries.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// One for each of [`Session::findings`].
    pub findings: Vec<u64>,
    /// One for each stop: the halt, then its stages.
    pub halts: Vec<Vec<u64>>,
    /// One for each of [`Session::deviations`].
    pub deviations: Vec<u64>,
    /// Step and check to the last judgement.
    pub checks: BTreeMap<(String, String), u64>,
    /// Judgements that were not good, in order.
    pub bad: Vec<Bad>,
    /// Step to its last end.
    pub ends: BTreeMap<String, u64>,
    /// What was refused.
    pub refusals: Vec<(u64, Refusal)>,
}

/// A check that was not as wanted.
#[derive(Debug)]
pub(super) struct Bad {
    pub entry: u64,
    pub step: String,
    pub check: String,
    pub judged: Judged,
}

impl Found {
    /// Looks through a whole record.
    pub fn of(entries: &[Entry]) -> Self {
        let mut found = Self::default();
        for entry in entries {
            for event in &entry.events {
                found.take(entry.n, event);
            }
        }
        found
    }

    fn take(&mut self, n: u64, event: &Event) {
        match event {
            Event::FindingRaised { .. } | Event::TeamTold { failed: Some(_), .. } => self.findings.push(n),
            Event::Halted { .. } => self.halts.push(vec![n]),
            Event::StageDone { .. } | Event::StageReopened { .. } => {
                if let Some(last) = self.halts.last_mut() {
                    last.push(n);
                }
            }
            Event::DeviationTaken { .. } => self.deviations.push(n),
            Event::CheckJudged { step, check, verdict, expected, observed, waiver } => {
                self.checks.insert((step.clone(), check.clone()), n);
                if !verdict.is_good() {
                    let (step, check) = (step.clone(), check.clone());
                    let (expected, observed) = (expected.clone(), observed.clone());
                    let judged = Judged { verdict: *verdict, expected, observed, waiver: waiver.clone() };
                    self.bad.push(Bad { entry: n, step, check, judged });
                }
            }
            Event::StepFinished { step, .. } => {
                self.ends.insert(step.clone(), n);
            }
            Event::Refused { refusal } => self.refusals.push((n, refusal.clone())),
            _ => {}
        }
    }

    /// The entry of a check's last judgement.
    pub fn check(&self, step: &str, check: &str) -> Option<u64> {
        self.checks.get(&(step.to_owned(), check.to_owned())).copied()
    }
}
