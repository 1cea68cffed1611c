//! From what the runner reports to events: judgements, proofs, ends of steps, stops of the world.

use super::decide::Deciding;
use super::*;
use crate::definition::StepKind;

/// The server's and our wall clock may differ by this much.
const CLOCK_DRIFT_MAX_US: i64 = 2_000_000;
/// `name_too_long`: the server cut an identifier to 63 bytes and only said so in a notice.
const NAME_TOO_LONG: &str = "42622";
/// So many such names are findings of their own.
const CUT_NAMES_MAX: usize = 100;

impl Deciding<'_> {
    /// A report of an attempt that is not in flight changes nothing; it stays in the record.
    pub(super) fn outcome(&mut self, outcome: &Outcome) {
        if let Report::Told { exit_code, error } = &outcome.report {
            self.told(*exit_code, error.as_deref());
            return;
        }
        if let Report::Masked { rule, .. } = &outcome.report {
            let what = format!("{rule} came up in what was heard: it is masked in the record");
            self.find(vec![what]);
            return;
        }
        match self.session().phase.clone() {
            Phase::Running(running) if running.attempt == outcome.attempt => {
                self.report(&running, &outcome.report);
            }
            Phase::Gate(gate) if gate.kind == GateKind::Commit => {
                let state = self.session().step_state(&gate.step);
                if state.and_then(|state| state.attempt.as_ref()) == Some(&outcome.attempt) {
                    match &outcome.report {
                        Report::Failed { failure } => self.failed(&gate.step, &Work::Run, failure),
                        Report::Sampled { sample } => self.sampled(&gate.step, &outcome.attempt, sample),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn told(&mut self, exit_code: Option<i32>, error: Option<&str>) {
        let by = self.session().plan.ceremony.notify.join(" ");
        let failed = match (exit_code, error) {
            (Some(0), _) => None,
            (Some(code), _) => Some(format!("exit code {code}")),
            (None, Some(error)) => Some(error.to_owned()),
            (None, None) => Some("it was killed".to_owned()),
        };
        self.emit(Event::TeamTold { by, failed });
    }

    fn report(&mut self, running: &Running, report: &Report) {
        if running.work == Work::Settle {
            match report {
                Report::Settled { rows, server, record } => {
                    self.settled(running, server.as_deref(), rows, record);
                }
                Report::Failed { failure } => self.settle_failed(running, failure),
                _ => {}
            }
            return;
        }
        if let Work::Recheck(recheck) = &running.work {
            self.rechecking(running, recheck, report);
            return;
        }
        let Some(step) = running.step.clone() else { return };
        // What comes twice, or late, must not be taken for what is waited for now.
        let (runs, commits) = (running.work == Work::Run, running.work == Work::Commit);
        match report {
            Report::Noticed { notice, more } => {
                std::iter::once(&**notice).chain(more).for_each(|notice| self.noticed(notice));
            }
            Report::StatementFinished { index, tag, .. } => self.compare_rows(&step, *index, tag),
            Report::Observed { observation } => self.observed(&step, observation),
            Report::Sampled { sample } => self.sampled(&step, &running.attempt, sample),
            Report::Proved { xid } if runs => self.proved(&step, xid, running),
            Report::Committed if commits => {
                let attempt = running.attempt.clone();
                self.emit(Event::StepCommitted { step: step.clone(), attempt });
                self.finish(&step, running.stop > 0);
            }
            Report::UnitReady { index, of, at, sql, look } if runs => {
                let unit = stepwise::ReadyUnit { index: *index, of: *of, at, sql, look };
                self.unit_ready(&step, running, &unit);
            }
            Report::UnitDone { index } => self.unit_done(&step, *index),
            Report::UnitFailed { index, failure, look } => {
                self.unit_failed(&step, running, (*index, failure, look));
            }
            Report::UnitsComplete if runs => self.units_complete(&step, running),
            Report::Discarded => self.discarded(&step, running),
            Report::Finished if runs => self.finish(&step, running.stop > 0),
            Report::Failed { failure } => self.failed(&step, &running.work, failure),
            _ => {}
        }
    }

    /// A server that was restarted, or whose clock is another: what a reviewer must see.
    pub(super) fn server_seen(&mut self, identity: &Identity) {
        match &self.session().identity {
            None => {
                self.emit(Event::ServerPinned { identity: identity.clone() });
                if !identity.is_near() {
                    self.emit(Event::FindingRaised { what: format!("the server is {}", identity.near) });
                }
            }
            Some(first) if first.started != identity.started => {
                self.find(vec![format!("the server was restarted: it is up since {}", identity.started)]);
            }
            Some(_) => {}
        }
        let drift_us = identity.server_time_us - self.at.wall.as_micros();
        if drift_us.abs() > CLOCK_DRIFT_MAX_US {
            self.emit(Event::FindingRaised {
                what: format!(
                    "the server's clock differs from this machine's by {:.1} s",
                    drift_us as f64 / 1e6
                ),
            });
        }
    }

    pub(super) fn drifted(&mut self, since: &str, changes: &[ObjectChange]) {
        let names = judge_schema::names(changes);
        self.find(vec![format!("somebody else changed the schema since '{since}': {names}")]);
    }

    fn observed(&mut self, step: &str, observation: &Observation) {
        match observation {
            Observation::Server { identity } => {
                self.server_seen(identity);
                self.unusual_seen(step, identity);
            }
            Observation::Drift { since, changes } => self.drifted(since, changes),
            _ => {}
        }
        if let Observation::Schema { before, after, .. } = observation {
            self.compare_schema(step, before, after);
        }
        if let Some(event) = self.session().events_of_rows(step, observation) {
            self.emit(event);
        }
        let session = self.session();
        if let Observation::QueryBefore { query, result: Some(result) } = observation {
            let vacuous = session.step(step).and_then(|planned| session.vacuous(planned, query, result));
            if let Some(check) = vacuous {
                self.emit(Event::CheckVacuous { step: step.to_owned(), check });
            }
            return;
        }
        let Some(planned) = session.step(step) else { return };
        let judged = session.judge(planned, observation, self.at.wall);
        if let Observation::Soundness { committed: true, found } = observation {
            self.find(found.iter().map(|flaw| flaw.finding(step)).collect());
        }
        for judged in judged {
            self.judged(step, judged);
        }
        self.find(self.session().waivers_not_needed(observation, self.at.wall));
    }

    /// What a reviewer must see, once.
    /// A script may cut a million names.
    fn noticed(&mut self, notice: &ErrorCard) {
        const CUT: &str = "the server cut a name: ";
        const MORE: &str = "the server cut more names; the output has them";
        let findings = &self.session().findings;
        if notice.sqlstate != NAME_TOO_LONG || findings.iter().any(|(_, known)| known == MORE) {
            return;
        }
        let cut = findings.iter().filter(|(_, known)| known.starts_with(CUT)).count();
        let what = if cut < CUT_NAMES_MAX { format!("{CUT}{}", notice.message) } else { MORE.to_owned() };
        self.find(vec![what]);
    }

    fn find(&mut self, findings: Vec<String>) {
        for what in findings {
            if !self.session().findings.iter().any(|(_, known)| *known == what) {
                self.emit(Event::FindingRaised { what });
            }
        }
    }

    fn judged(&mut self, step: &str, judged: judge::Judgement) {
        let judge::Judgement { check, verdict, expected, observed, waiver, findings } = judged;
        let step = step.to_owned();
        self.emit(Event::CheckJudged { step, check, verdict, expected, observed, waiver });
        self.find(findings);
    }

    /// What nobody looked at is judged as not run.
    pub(super) fn judge_missing(&mut self, step: &str) {
        let session = self.session();
        let Some((planned, state)) = session.step(step).zip(session.step_state(step)) else { return };
        let missing: Vec<String> = planned
            .checks
            .iter()
            .zip(&state.checks)
            .filter(|(_, judged)| judged.is_none())
            .map(|(check, _)| check.id.clone())
            .collect();
        for check in missing {
            self.emit(Event::CheckJudged {
                step: step.to_owned(),
                check,
                verdict: Verdict::NotRun,
                expected: "an observation".to_owned(),
                observed: "nobody looked".to_owned(),
                waiver: None,
            });
        }
    }

    pub(super) fn worst(&self, step: &str) -> Verdict {
        let state = self.session().step_state(step);
        let verdicts = state.into_iter().flat_map(|state| &state.checks);
        verdicts
            .map(|judged| judged.as_ref().map_or(Verdict::NotRun, |judged| judged.verdict))
            .max()
            .unwrap_or(Verdict::NotRun)
    }

    /// The halt that the worst check of `step` asks for; `None` when the step is only open again.
    pub(super) fn halt_of_checks(&self, step: &str, transaction: bool) -> (Option<Halt>, String) {
        let session = self.session();
        let Some((planned, state)) = session.step(step).zip(session.step_state(step)) else {
            return (None, String::new());
        };
        let bad: Vec<_> = planned
            .checks
            .iter()
            .zip(&state.checks)
            .filter_map(|(check, judged)| Some((check, judged.as_ref()?)))
            .filter(|(_, judged)| !judged.verdict.is_good())
            .collect();
        let why = bad
            .iter()
            .map(|(check, judged)| {
                format!("{}: expected {}, observed {}", check.title, judged.expected, judged.observed)
            })
            .collect::<Vec<_>>()
            .join("; ");
        // Of several failed checks the gravest names the condition: data loss before all.
        let condition = bad
            .iter()
            .filter_map(|(check, _)| judge::condition_of(session, planned.kind, &check.subject))
            .max_by_key(|condition| (*condition == HaltCondition::DataLost, std::cmp::Reverse(*condition)));
        let halt = condition.map(|condition| Halt {
            cause: HaltCause::Condition(condition),
            step: step.to_owned(),
            why: why.clone(),
            left: session.what_is_left(step, transaction),
            error: None,
        });
        (halt, why)
    }

    fn proved(&mut self, step: &str, xid: &str, running: &Running) {
        self.judge_missing(step);
        if running.stop > 0 {
            let halt = self.stop_halt(step, true);
            self.discard_attempt(step, running, Some(halt));
            return;
        }
        if !self.worst(step).is_good() {
            let (halt, _) = self.halt_of_checks(step, true);
            self.discard_attempt(step, running, halt);
            return;
        }
        self.emit(Event::StepProved { step: step.to_owned(), xid: xid.to_owned() });
        let session = self.session();
        let asks = session.step(step).is_some_and(|planned| session.has_commit_gate(planned));
        if asks {
            let gate = session.commit_gate(step);
            self.emit(Event::GateOpened { gate });
        } else {
            self.emit(Event::CommitRequested { step: step.to_owned(), attempt: running.attempt.clone() });
        }
    }

    fn discard_attempt(&mut self, step: &str, running: &Running, halt: Option<Halt>) {
        self.emit(Event::DiscardRequested {
            step: step.to_owned(),
            attempt: running.attempt.clone(),
            halt: halt.map(Box::new),
        });
    }

    pub(super) fn stop_halt(&self, step: &str, transaction: bool) -> Halt {
        let (cause, why) = self.stopped_by();
        let left = self.session().what_is_left(step, transaction);
        Halt { cause, step: step.to_owned(), why, left, error: None }
    }

    fn discarded(&mut self, step: &str, running: &Running) {
        let Work::Discard(halt) = &running.work else { return };
        self.emit(Event::StepFinished { step: step.to_owned(), verdict: Verdict::Fail });
        match halt {
            Some(halt) => self.emit(Event::Halted { halt: halt.clone() }),
            None => {
                let (_, why) = self.halt_of_checks(step, true);
                self.reopen(step, why, "mend what is wrong, then answer the gate again".to_owned());
            }
        }
    }

    pub(super) fn reopen(&mut self, step: &str, why: String, next: String) {
        self.emit(Event::StepReopened { step: step.to_owned(), why, next });
        self.advance();
    }

    /// The step's work is done: judge it, then go on, open it again, or stop the world.
    pub(super) fn finish(&mut self, step: &str, stopped: bool) {
        self.judge_missing(step);
        let verdict = self.worst(step);
        self.emit(Event::StepFinished { step: step.to_owned(), verdict });
        if !verdict.is_good() {
            match self.halt_of_checks(step, false) {
                (Some(halt), _) => self.emit(Event::Halted { halt: Box::new(halt) }),
                (None, why) => {
                    self.reopen(step, why, "mend what is wrong, then answer the gate again".to_owned());
                }
            }
        } else if stopped {
            let halt = self.stop_halt(step, false);
            self.emit(Event::Halted { halt: Box::new(halt) });
        } else {
            self.go_on(step);
        }
    }

    fn go_on(&mut self, step: &str) {
        let is_rollback = self.session().step(step).is_some_and(|step| step.kind == StepKind::RollBack);
        if !is_rollback {
            self.advance();
            return;
        }
        match self.session().undo.first().cloned() {
            Some(next) => self.start(&next),
            None => self.rollback_done(),
        }
    }

    pub(super) fn sign_off(&mut self, step: &str) {
        let session = self.session();
        let Some(planned) = session.step(step).cloned() else { return };
        for check in &planned.checks {
            let judged = self.session().judge_claim(check);
            self.judged(step, judged);
        }
        self.finish(step, false);
    }
}
