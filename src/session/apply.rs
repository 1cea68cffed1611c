//! How events change a session: the only mutation, with what must hold written beside it.

use super::fits::{Fits, ensure};
use super::*;
use crate::definition::StepKind;
use crate::plan::StepRef;
use crate::time::Moment;

impl Session {
    /// The only mutation.
    ///
    /// # Panics
    /// When the event cannot follow on the ones before it: [`Session::decide`] never makes such an event.
    pub fn apply(&mut self, at: Moment, event: &Event) {
        let broken = self.try_apply(at, event).err();
        assert!(broken.is_none(), "{}: {event:?}", broken.unwrap_or_default());
    }

    /// The same for an event that comes from a record: one that was made up may not fit.
    ///
    /// # Errors
    /// With what does not hold. The session is of no use then.
    #[expect(clippy::too_many_lines, reason = "one match over every event: to be read in one place")]
    pub fn try_apply(&mut self, at: Moment, event: &Event) -> Fits {
        self.fits(at, event)?;
        self.now = Some(at);
        // A witness's initials answer nothing that the operator was told.
        if !matches!(event, Event::Refused { .. } | Event::Witnessed { .. }) {
            self.refusal = None;
        }
        match event {
            Event::Opened { header } => {
                ensure(self.header.is_none(), "opened twice")?;
                self.operator.clone_from(&header.operator);
                self.address.clone_from(&header.target.address);
                self.header = Some((**header).clone());
            }
            Event::Resumed { operator, address, .. } => {
                self.operator.clone_from(operator);
                self.address.clone_from(address);
            }
            Event::GateOpened { gate } => {
                ensure(
                    !matches!(self.phase, Phase::Closed(_)) || !self.undo.is_empty(),
                    "gate after the end",
                )?;
                self.phase = Phase::Gate(gate.clone());
                self.gate_opened = Some(at);
            }
            Event::GateAnswered { gate, .. } => {
                ensure(
                    matches!(&self.phase, Phase::Gate(open) if open.id == *gate),
                    "answer to a gate that is not open",
                )?;
                self.acknowledge(gate);
            }
            Event::StepStarted { step, attempt } => self.start_step(at, step, attempt)?,
            Event::ServerPinned { identity } => self.identity = Some(identity.clone()),
            Event::AcknowledgementAsked { step, unusual } => {
                self.unusual = Some((step.clone(), unusual.clone()))
            }
            Event::CheckJudged { step, check, verdict, expected, observed, waiver } => {
                let judged = Judged {
                    verdict: *verdict,
                    expected: expected.clone(),
                    observed: observed.clone(),
                    waiver: waiver.clone(),
                };
                self.judge_check(step, check, judged)?;
            }
            Event::CheckVacuous { step, check } => self.step_state_mut(step)?.vacuous.push(check.clone()),
            Event::StepProved { step, .. } => self.step_state_mut(step)?.proved = true,
            Event::CommitRequested { step, attempt } => {
                self.set_migration(step, |direction| MigrationState::InDoubt(attempt.clone(), direction));
                self.run(Some(step), attempt, Work::Commit);
            }
            Event::UnitRequested { step, attempt, index, of, work } => {
                self.unit_requested(step, attempt, (*index, *of), *work)?;
            }
            Event::UnitFinished { step, index } => self.unit_finished(step, *index)?,
            Event::UnitExplained { step } => self.unit_explained(step)?,
            Event::FoundHalfWay { step, attempt, done, of } => {
                self.found_half_way(step, attempt, (*done, *of))?;
            }
            Event::DiscardRequested { step, attempt, halt } | Event::LetGo { step, attempt, halt } => {
                self.run(Some(step), attempt, Work::Discard(halt.clone()));
            }
            Event::StepCommitted { step, attempt } => {
                self.step_state_mut(step)?.proved = false;
                self.set_migration(step, |direction| match direction {
                    Direction::Up => MigrationState::Applied(attempt.clone()),
                    Direction::Down => MigrationState::RolledBack(attempt.clone()),
                });
            }
            Event::StepFinished { step, verdict } => {
                let state = self.step_state_mut(step)?;
                state.verdict = Some(*verdict);
                state.ended = Some(at);
                if verdict.is_good() {
                    state.passing.clear();
                }
                state.proved = false;
                self.undo.retain(|undo| undo != step);
            }
            Event::StepReopened { step, why, next } => {
                let state = self.step_state_mut(step)?;
                state.blocked = Some((why.clone(), next.clone()));
                state.ended = Some(at);
                state.proved = false;
            }
            Event::StopRequested { level, rule, by, .. } => {
                if let Phase::Running(running) = &mut self.phase {
                    if running.stop == 0 {
                        running.by.clone_from(by);
                    }
                    running.stop = *level;
                    running.rule = running.rule.take().or_else(|| rule.clone());
                }
            }
            Event::Halted { halt } => self.halt(at, halt)?,
            Event::StageDone { stage, words, decision } => self.stage_done(*stage, words, *decision)?,
            Event::StageReopened { why } => {
                let escalation = self.escalation.as_mut().ok_or("no stop to reopen")?;
                escalation.next = Some(Stage::Decide);
                escalation.words.push((Stage::Execute, why.clone()));
                self.undo.clear();
                self.phase = Phase::Stopped;
            }
            Event::SettleStarted { attempt } => {
                let step = match &self.phase {
                    Phase::Running(running) => running.step.clone(),
                    Phase::Gate(gate) if gate.kind == GateKind::Commit => Some(gate.step.clone()),
                    _ => None,
                };
                self.run(step.as_deref(), attempt, Work::Settle);
            }
            Event::Settled { step } => {
                if let Some((step, false)) = step {
                    self.forget_doubt(step);
                }
            }
            Event::RollbackPlanned { steps } => {
                for id in steps {
                    self.step_state_mut(id)?.verdict = None;
                }
                self.undo.clone_from(steps);
            }
            Event::RollbackDone => ensure(self.undo.is_empty(), "rollback done with steps left")?,
            Event::TeamTold { by, failed } => {
                self.telling = false;
                match failed {
                    None => self.notes.push((at, format!("the team was told by {by}"))),
                    Some(why) => {
                        self.findings
                            .push((at, format!("the team was not told ({by}: {why}): tell it by hand")));
                    }
                }
            }
            Event::Witnessed { step, attempt, by, initials } => {
                ensure(self.plan.find(step).is_some(), "initials under a step that is not in the plan")?;
                self.initialled(at, step, attempt, by, initials);
            }
            Event::Interrupted { why } => self.interrupt(why),
            Event::RecheckStarted { attempt, gate } => self.start_recheck(attempt, gate)?,
            Event::ProbeRechecked { .. } => self.probe_rechecked(event)?,
            Event::RecheckFinished { why } => self.recheck_finished(why.as_deref())?,
            Event::FindingRaised { what } => self.findings.push((at, what.clone())),
            Event::RowsKept { step, table, rows, script } => {
                let (step, table, script) = (step.clone(), table.clone(), script.clone());
                self.kept.push(Kept { step, table, rows: *rows, script });
            }
            Event::DeviationTaken { .. } => self.deviation(at, event)?,
            Event::NoteTaken { words } => self.notes.push((at, words.clone())),
            Event::Refused { refusal } => self.refusal = Some(refusal.clone()),
            Event::Closed { verdict } => {
                self.phase = Phase::Closed(*verdict);
                self.closed = Some(*verdict);
            }
        }
        Ok(())
    }

    fn step_state_mut(&mut self, id: &str) -> Result<&mut StepState, &'static str> {
        match self.plan.find(id) {
            Some(StepRef::Back(at)) => Ok(&mut self.rollback[at]),
            Some(StepRef::Forward(at)) => Ok(&mut self.steps[at]),
            None => Err("an event about a step that is not in the plan"),
        }
    }

    fn run(&mut self, step: Option<&str>, attempt: &AttemptId, work: Work) {
        self.attempts = self.attempts.max(attempt.number);
        self.phase = Phase::Running(Running {
            step: step.map(str::to_owned),
            attempt: attempt.clone(),
            work,
            stop: 0,
            rule: None,
            by: None,
        });
    }

    fn start_step(&mut self, at: Moment, step: &str, attempt: &AttemptId) -> Fits {
        let stopped =
            self.escalation.as_ref().is_some_and(|escalation| escalation.next != Some(Stage::Execute));
        ensure(!stopped, "a step started while the world is stopped")?;
        let checks = self.step(step).map_or(0, |step| step.checks.len());
        let state = self.step_state_mut(step)?;
        *state = StepState {
            checks: vec![None; checks],
            attempt: Some(attempt.clone()),
            started: Some(at),
            runs: state.runs + 1,
            passing: std::mem::take(&mut state.passing),
            ..StepState::default()
        };
        self.run(Some(step), attempt, Work::Run);
        Ok(())
    }

    fn judge_check(&mut self, step: &str, check: &str, judged: Judged) -> Fits {
        let at = self.step(step).and_then(|step| step.checks.iter().position(|other| other.id == check));
        let at = at.ok_or("judged a check that the step does not have")?;
        let slot = &mut self.step_state_mut(step)?.checks[at];
        // A step is as good as its worst observation.
        if slot.as_ref().is_none_or(|earlier| earlier.verdict <= judged.verdict) {
            *slot = Some(judged);
        }
        Ok(())
    }

    fn set_migration(&mut self, step: &str, state: impl FnOnce(Direction) -> MigrationState) {
        let Some(planned) = self.step(step) else { return };
        let direction = match planned.kind {
            StepKind::Apply => Direction::Up,
            StepKind::RollBack => Direction::Down,
            _ => return,
        };
        if let Some(migration) = planned.migration {
            self.migrations[migration] = state(direction);
        }
    }

    /// The commit of `step` did not happen: the migration is again what it was before.
    fn forget_doubt(&mut self, step: &str) {
        let Some(migration) = self.step(step).and_then(|step| step.migration) else { return };
        let doubt = match self.migrations[migration].clone() {
            MigrationState::InDoubt(attempt, direction) => Some((attempt, direction)),
            // Asked for, and its row never got into the ledger.
            MigrationState::Half(half) => Some((half.attempt, half.direction)),
            _ => None,
        };
        if let Some((attempt, direction)) = doubt {
            self.migrations[migration] = match direction {
                Direction::Up => MigrationState::NotApplied,
                // Only what was applied is rolled back; which attempt applied it, the apply step still knows.
                Direction::Down => self
                    .plan
                    .steps
                    .iter()
                    .zip(&self.steps)
                    .find(|(step, _)| step.kind == StepKind::Apply && step.migration == Some(migration))
                    .and_then(|(_, state)| state.attempt.clone())
                    .map_or(MigrationState::InDoubt(attempt, direction), MigrationState::Applied),
            };
        }
    }

    fn halt(&mut self, at: Moment, halt: &Halt) -> Fits {
        let state = self.step_state_mut(&halt.step)?;
        if state.started.is_some() && state.ended.is_none() {
            state.ended = Some(at);
        }
        state.proved = false;
        if let Some(error) = &halt.error
            && matches!(meaning(&error.sqlstate), Meaning::Passing { .. })
        {
            state.passing.push(error.sqlstate.clone());
        }
        if let Some(earlier) = self.escalation.take() {
            self.escalations.push(earlier);
        }
        self.undo.clear();
        self.escalation = Some(Escalation {
            halt: halt.clone(),
            at,
            next: Some(Stage::Assess),
            decision: None,
            words: Vec::new(),
        });
        self.phase = Phase::Stopped;
        Ok(())
    }

    fn stage_done(&mut self, stage: Stage, words: &str, decision: Option<Decision>) -> Fits {
        let escalation = self.escalation.as_mut().ok_or("a stage without a stop")?;
        ensure(escalation.next == Some(stage), "stages out of order")?;
        escalation.words.push((stage, words.to_owned()));
        escalation.decision = decision.or(escalation.decision);
        if decision == Some(Decision::Resume) {
            self.resume_was_decided();
        }
        let escalation = self.escalation.as_mut().ok_or("a stage without a stop")?;
        self.telling |= decision == Some(Decision::RollBack) && !self.plan.ceremony.notify.is_empty();
        escalation.next = match stage {
            Stage::Stop => Some(Stage::Assess),
            Stage::Assess => Some(Stage::Decide),
            Stage::Decide => Some(Stage::Execute),
            Stage::Execute => Some(Stage::Document),
            Stage::Document => None,
        };
        if stage == Stage::Execute {
            self.phase = Phase::Stopped;
        }
        if stage == Stage::Document
            && let Some(done) = self.escalation.take()
        {
            self.escalations.push(done);
        }
        Ok(())
    }
}
