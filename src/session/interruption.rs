//! An interruption breaks the phase: what the preflight looked at is looked at again before the next gate can be
//! confirmed. The way back asks only whether it is still the same server: no flag may bar it.

use super::decide::Deciding;
use super::*;
use crate::definition::StepKind;
use crate::plan::{Check, Step, Subject};
use crate::time::{Moment, human_duration};
use serde::{Deserialize, Serialize};

/// What interrupted a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interruption {
    /// Nobody touched a key at an open gate.
    Idle,
    /// The program was stopped and continued, as by Ctrl-Z and fg.
    Suspended,
    /// It stood still: the machine slept, or the terminal held it up.
    StoodStill,
    /// The terminal went away, and nobody drives any more.
    TerminalGone,
    /// A signal asked for the end, and nobody drives any more.
    Signal,
}

impl Interruption {
    fn words(self, lasted_us: u64) -> String {
        let lasted = human_duration(lasted_us);
        match self {
            Self::Idle => format!("nobody touched a key for {lasted}"),
            Self::Suspended => format!("the program was suspended for {lasted}"),
            Self::StoodStill => format!("the program stood still for {lasted}"),
            Self::TerminalGone => "the terminal is gone, and nobody drives any more".to_owned(),
            Self::Signal => "a signal asked for the end, and nobody drives any more".to_owned(),
        }
    }

    /// Whether somebody goes on at once.
    fn goes_on(self) -> bool {
        !matches!(self, Self::TerminalGone | Self::Signal)
    }
}

/// A phase that is broken until its probes have passed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// What broke it, in words.
    pub why: String,
    /// Why the probes did not pass, if they ran.
    pub failed: Option<String>,
    /// They passed as far as the way back needs.
    pub way_back: bool,
}

/// The probes that run again before a gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Recheck {
    /// The gate that is asked afterwards.
    pub gate: Gate,
    /// One for each of [`Session::probes`], as far as they were looked at.
    pub judged: Vec<Option<Verdict>>,
    /// Those that are not as wanted, in words.
    pub bad: Vec<String>,
}

impl Session {
    /// The checks of passed preflight steps that are about the surroundings, which may have changed meanwhile.
    pub fn probes(&self, gate: GateKind) -> Vec<(&Step, &Check)> {
        let passed = self.plan.steps.iter().zip(&self.steps).filter(|(step, state)| {
            step.kind == StepKind::Preflight && state.verdict.is_some_and(Verdict::is_good)
        });
        let back = gate != GateKind::Start;
        let mut probes: Vec<(&Step, &Check)> = Vec::new();
        for (step, _) in passed {
            for check in &step.checks {
                let wanted = match check.subject {
                    Subject::Server => true,
                    Subject::Input(_) | Subject::Flag(_) => !back,
                    _ => false,
                };
                if wanted && !probes.iter().any(|(_, other)| other.subject == check.subject) {
                    probes.push((step, check));
                }
            }
        }
        probes
    }

    /// Whether a gate of this kind cannot be confirmed before its probes passed again.
    pub fn is_broken_for(&self, gate: GateKind) -> bool {
        self.interrupted.as_ref().is_some_and(|interrupted| match gate {
            // Its transaction is open on the connection that was looked at; the next gate is asked about.
            GateKind::Commit => false,
            GateKind::Start => true,
            GateKind::RollBack | GateKind::Delete => !interrupted.way_back,
        })
    }

    pub(super) fn interrupt(&mut self, why: &str) {
        // What nobody has looked at yet is looked at by its own step.
        if !self.probes(GateKind::Start).is_empty() {
            self.interrupted = Some(Interrupted { why: why.to_owned(), failed: None, way_back: false });
        }
    }

    pub(super) fn start_recheck(&mut self, attempt: &AttemptId, gate: &Gate) -> Result<(), &'static str> {
        if self.interrupted.is_none() {
            return Err("probes run again without an interruption");
        }
        let judged = vec![None; self.probes(gate.kind).len()];
        let recheck = Recheck { gate: gate.clone(), judged, bad: Vec::new() };
        self.attempts = self.attempts.max(attempt.number);
        self.phase = Phase::Running(Running {
            step: None,
            attempt: attempt.clone(),
            work: Work::Recheck(Box::new(recheck)),
            stop: 0,
            rule: None,
            by: None,
        });
        Ok(())
    }

    pub(super) fn probe_rechecked(&mut self, event: &Event) -> Result<(), &'static str> {
        let Event::ProbeRechecked { step, check, verdict, expected, observed } = event else { return Ok(()) };
        let Phase::Running(Running { work: Work::Recheck(recheck), .. }) = &self.phase else {
            return Err("a probe was looked at again and nobody asked for it");
        };
        let probes = self.probes(recheck.gate.kind);
        let at = probes.iter().position(|(of, it)| of.id == *step && it.id == *check);
        let at = at.ok_or("a probe that is none")?;
        let bad = format!("{}: expected {expected}, observed {observed}", probes[at].1.title);
        let Phase::Running(Running { work: Work::Recheck(recheck), .. }) = &mut self.phase else {
            return Ok(());
        };
        let slot = recheck.judged.get_mut(at).ok_or("a probe that is none")?;
        *slot = (*slot).max(Some(*verdict));
        if !verdict.is_good() {
            recheck.bad.push(bad);
        }
        Ok(())
    }

    pub(super) fn recheck_finished(&mut self, why: Option<&str>) -> Result<(), &'static str> {
        let Phase::Running(Running { work: Work::Recheck(recheck), .. }) = &self.phase else {
            return Err("the end of probes that do not run");
        };
        let seen = |verdict: &Option<Verdict>| verdict.is_some_and(Verdict::is_good);
        if why.is_none() && !recheck.judged.iter().all(seen) {
            return Err("probes passed that nobody looked at");
        }
        let forward = recheck.gate.kind == GateKind::Start;
        match &mut self.interrupted {
            Some(interrupted) if why.is_some() => interrupted.failed = why.map(str::to_owned),
            Some(interrupted) if !forward => (interrupted.way_back, interrupted.failed) = (true, None),
            interrupted => *interrupted = None,
        }
        Ok(())
    }
}

impl Deciding<'_> {
    pub(super) fn interrupted(&mut self, by: Interruption, lasted_us: u64) {
        if matches!(self.session().phase, Phase::Closed(_)) {
            return;
        }
        self.emit(Event::Interrupted { why: by.words(lasted_us) });
        if let Phase::Gate(gate) = self.session().phase.clone()
            && by.goes_on()
            && self.session().is_broken_for(gate.kind)
        {
            self.recheck(gate);
        }
    }

    /// Opens a gate; after an interruption its probes come first.
    pub(super) fn ask(&mut self, gate: Gate) {
        if self.session().is_broken_for(gate.kind) {
            self.recheck(gate);
        } else {
            self.emit(Event::GateOpened { gate });
        }
    }

    fn recheck(&mut self, gate: Gate) {
        let attempt = self.next_attempt();
        self.emit(Event::RecheckStarted { attempt, gate: Box::new(gate) });
    }

    /// The phrase was given while the phase is still broken: the probes run once more.
    pub(super) fn recheck_before(&mut self, gate: &Gate) {
        let interrupted = self.session().interrupted.clone();
        let failed = interrupted.and_then(|interrupted| interrupted.failed).unwrap_or_default();
        self.recheck(gate.clone());
        self.refuse(
            format!("'{}' is not confirmed", gate.id),
            format!("after an interruption its probes must pass again, and they did not: {failed}"),
            "they run once more now; answer the gate again when they have passed",
        );
    }

    /// What the runner reports while probes run again.
    pub(super) fn rechecking(&mut self, running: &Running, recheck: &Recheck, report: &Report) {
        match report {
            Report::Observed { observation } => {
                match observation {
                    Observation::Server { identity } => self.server_seen(identity),
                    Observation::Drift { since, changes } => self.drifted(since, changes),
                    _ => {}
                }
                self.judge_probes(recheck.gate.kind, observation);
            }
            Report::Finished => self.rechecked(running, None),
            Report::Failed { failure } => self.rechecked(running, Some(failure.words())),
            _ => {}
        }
    }

    fn judge_probes(&mut self, kind: GateKind, observation: &Observation) {
        let session = self.session();
        let mut events = Vec::new();
        for (step, probe) in session.probes(kind) {
            let judged = session.judge(step, observation, self.at.wall);
            events.extend(judged.into_iter().filter(|judged| judged.check == probe.id).map(|judged| {
                let (step, check) = (step.id.clone(), judged.check);
                let (expected, observed) = (judged.expected, judged.observed);
                Event::ProbeRechecked { step, check, verdict: judged.verdict, expected, observed }
            }));
        }
        events.into_iter().for_each(|event| self.emit(event));
    }

    /// The probes are over: the gate is asked, and what did not pass stands beside it.
    fn rechecked(&mut self, running: &Running, failed: Option<String>) {
        let Phase::Running(Running { work: Work::Recheck(recheck), .. }) = self.session().phase.clone()
        else {
            return;
        };
        let unseen = recheck.judged.iter().filter(|verdict| verdict.is_none()).count();
        let why = match failed {
            Some(why) => Some(why),
            None if !recheck.bad.is_empty() => Some(recheck.bad.join("; ")),
            None if unseen > 0 => Some(format!("nobody looked at {unseen} of them")),
            None => None,
        };
        self.emit(Event::RecheckFinished { why });
        self.emit(Event::GateOpened { gate: recheck.gate.clone() });
        if running.stop > 0 {
            let left = self.session().what_is_left(&recheck.gate.step, false);
            let why = "STOP was pressed while probes ran again".to_owned();
            self.halt(HaltCause::Operator, &recheck.gate.step, why, left, None);
        }
    }
}

impl Session {
    /// How a session that was left is gone on with, in words.
    pub(super) fn handed_over(&self, to: &str, at: Moment) -> String {
        let away = self.now.map(|last| at.wall.as_micros() - last.wall.as_micros());
        let away = away.and_then(|us| u64::try_from(us).ok()).map(human_duration);
        let away = away.map_or_else(String::new, |away| format!(" for {away}"));
        match self.operator == to {
            true => format!("the session was left{away}"),
            false => format!("the session was left{away} by {} and is gone on with by {to}", self.operator),
        }
    }
}
