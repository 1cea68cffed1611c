//! The state of a session and how events change it.

use super::*;
use crate::definition::StepKind;
use crate::plan::{Plan, Step, StepRef};
use crate::time::Moment;
use std::sync::Arc;

/// Everything that is known of a ceremony's run.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// What is to be done.
    pub plan: Arc<Plan>,
    /// The first thing in the record; `None` before the session is opened.
    pub header: Option<Header>,
    /// The server as first seen.
    pub identity: Option<Identity>,
    /// Who drives now.
    pub operator: String,
    /// Where the target answers now.
    pub address: String,
    /// One for each of [`Plan::steps`].
    pub steps: Vec<StepState>,
    /// One for each of [`Plan::rollback`].
    pub rollback: Vec<StepState>,
    /// One for each migration of the definition.
    pub migrations: Vec<MigrationState>,
    /// What the session is doing.
    pub phase: Phase,
    /// The stop that is being dealt with.
    pub escalation: Option<Escalation>,
    /// Every stop there was, with what was said at its stages.
    pub escalations: Vec<Escalation>,
    /// Steps of a rollback that are still to be done, next one first.
    pub undo: Vec<String>,
    /// What a reviewer must see.
    pub findings: Vec<(Moment, String)>,
    /// What people wrote down.
    pub notes: Vec<(Moment, String)>,
    /// The last refusal, until the next command that is accepted.
    pub refusal: Option<Refusal>,
    /// Attempts so far.
    pub attempts: u32,
    /// When the open gate opened.
    pub gate_opened: Option<Moment>,
    /// The verdict of the last closing; a rollback can open a closed session again.
    pub closed: Option<Verdict>,
    /// When the session was opened, resumed or last changed.
    pub now: Option<Moment>,
}

/// What a session is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Nothing has been opened.
    Unopened,
    /// It waits for the operator's words.
    Gate(Gate),
    /// It waits for the runner.
    Running(Running),
    /// The world is stopped and a stage waits for a person.
    Stopped,
    /// It is over.
    Closed(Verdict),
}

/// What is in flight.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    /// The step; for settling, the one that was in flight before, if any.
    pub step: Option<String>,
    /// Which try.
    pub attempt: AttemptId,
    /// What of it.
    pub work: Work,
    /// How often STOP was pressed: 0, 1 or 2.
    pub stop: u8,
}

/// What part of an attempt is in flight.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// The step runs.
    Run,
    /// COMMIT was sent.
    Commit,
    /// ROLLBACK was sent; what follows.
    Discard(Option<Box<Halt>>),
    /// The ledger is read.
    Settle,
}

/// What is known of a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepState {
    /// `None` until it is finished.
    pub verdict: Option<Verdict>,
    /// One for each of the step's checks, from the latest attempt.
    pub checks: Vec<Option<Judged>>,
    /// The latest attempt.
    pub attempt: Option<AttemptId>,
    /// When the latest attempt started.
    pub started: Option<Moment>,
    /// When it was over.
    pub ended: Option<Moment>,
    /// How often it was started.
    pub runs: u32,
    /// Its transaction is open and proved.
    pub proved: bool,
    /// Why the latest attempt was not carried out.
    pub blocked: Option<(String, String)>,
}

/// A judged check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The judgement.
    pub verdict: Verdict,
    /// What was wanted.
    pub expected: String,
    /// What was there.
    pub observed: String,
    /// The waiver that was used.
    pub waiver: Option<String>,
}

/// Where a migration stands, as far as the record knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MigrationState {
    /// Never applied in this session.
    NotApplied,
    /// Applied by this attempt.
    Applied(AttemptId),
    /// Rolled back by this attempt.
    RolledBack(AttemptId),
    /// A COMMIT was sent and nobody knows what became of it.
    InDoubt(AttemptId, Direction),
}

/// A stop of the world and how far it is dealt with.
#[derive(Clone, Debug, PartialEq)]
pub struct Escalation {
    /// Why the world is stopped.
    pub halt: Halt,
    /// When.
    pub at: Moment,
    /// The stage that is next; `None` when all five are done.
    pub next: Option<Stage>,
    /// What was decided.
    pub decision: Option<Decision>,
    /// What was said at each stage that is done.
    pub words: Vec<(Stage, String)>,
}

impl Session {
    /// A session in which nothing has happened.
    pub fn new(plan: Arc<Plan>) -> Self {
        let fresh = |steps: &[Step]| {
            steps
                .iter()
                .map(|step| StepState { checks: vec![None; step.checks.len()], ..StepState::default() })
                .collect()
        };
        Self {
            steps: fresh(&plan.steps),
            rollback: fresh(&plan.rollback),
            migrations: vec![MigrationState::NotApplied; plan.ceremony.migrations.len()],
            plan,
            header: None,
            identity: None,
            operator: String::new(),
            address: String::new(),
            phase: Phase::Unopened,
            escalation: None,
            escalations: Vec::new(),
            undo: Vec::new(),
            findings: Vec::new(),
            notes: Vec::new(),
            refusal: None,
            attempts: 0,
            gate_opened: None,
            closed: None,
            now: None,
        }
    }

    /// The state of a step by its id.
    pub fn step_state(&self, id: &str) -> Option<&StepState> {
        Some(match self.plan.find(id)? {
            StepRef::Forward(at) => &self.steps[at],
            StepRef::Back(at) => &self.rollback[at],
        })
    }

    fn step_state_mut(&mut self, id: &str) -> &mut StepState {
        let at = self.plan.find(id);
        assert!(at.is_some(), "event about a step that is not in the plan: {id}");
        match at {
            Some(StepRef::Back(at)) => &mut self.rollback[at],
            Some(StepRef::Forward(at)) => &mut self.steps[at],
            None => unreachable!("asserted above"),
        }
    }

    /// The step called `id`, if the plan has it.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.plan.find(id).map(|at| self.plan.step(at))
    }

    /// The step that is at its gate, runs, or stopped the world.
    pub fn current_step(&self) -> Option<&str> {
        match &self.phase {
            Phase::Gate(gate) => Some(&gate.step),
            Phase::Running(running) => running.step.as_deref(),
            Phase::Stopped => self.escalation.as_ref().map(|escalation| escalation.halt.step.as_str()),
            Phase::Unopened | Phase::Closed(_) => None,
        }
    }

    /// The first step of the way up that is not well finished.
    pub fn next_forward(&self) -> Option<usize> {
        self.steps.iter().position(|step| !step.verdict.is_some_and(Verdict::is_good))
    }

    /// Whether any migration is applied or may be.
    pub fn anything_applied(&self) -> bool {
        self.migrations
            .iter()
            .any(|state| matches!(state, MigrationState::Applied(_) | MigrationState::InDoubt(..)))
    }

    /// The ceremony's verdict as of now: its worst step; a rollback or an abandoned stop is a fail.
    pub fn verdict(&self) -> Verdict {
        let undone = self.migrations.iter().any(|state| matches!(state, MigrationState::RolledBack(_)));
        let in_doubt = self.migrations.iter().any(|state| matches!(state, MigrationState::InDoubt(..)));
        let given_up = self.escalations.iter().chain(&self.escalation).any(|escalation| {
            matches!(escalation.decision, Some(Decision::Abandon | Decision::RollBack))
                || escalation.next.is_some()
        });
        if undone || in_doubt || given_up {
            return Verdict::Fail;
        }
        self.steps.iter().map(|step| step.verdict.unwrap_or(Verdict::NotRun)).max().unwrap_or(Verdict::NotRun)
    }

    /// The only mutation. Asserts what must hold.
    ///
    /// # Panics
    /// When the event cannot follow on the ones before it: [`Session::decide`] never makes such an event, and a record
    /// that holds one was not written by it.
    #[expect(clippy::too_many_lines, reason = "one match over every event: to be read in one place")]
    pub fn apply(&mut self, at: Moment, event: &Event) {
        self.now = Some(at);
        if !matches!(event, Event::Refused { .. }) {
            self.refusal = None;
        }
        match event {
            Event::Opened { header } => {
                assert!(self.phase == Phase::Unopened, "opened twice");
                self.operator.clone_from(&header.operator);
                self.address.clone_from(&header.target.address);
                self.header = Some((**header).clone());
            }
            Event::Resumed { operator, address, .. } => {
                self.operator.clone_from(operator);
                self.address.clone_from(address);
            }
            Event::GateOpened { gate } => {
                assert!(
                    !matches!(self.phase, Phase::Closed(_)) || !self.undo.is_empty(),
                    "gate after the end"
                );
                self.phase = Phase::Gate(gate.clone());
                self.gate_opened = Some(at);
            }
            Event::GateAnswered { gate, .. } => {
                assert!(
                    matches!(&self.phase, Phase::Gate(open) if open.id == *gate),
                    "answer to a gate that is not open"
                );
            }
            Event::StepStarted { step, attempt } => self.start_step(at, step, attempt),
            Event::ServerPinned { identity } => self.identity = Some(identity.clone()),
            Event::CheckJudged { step, check, verdict, expected, observed, waiver } => {
                let judged = Judged {
                    verdict: *verdict,
                    expected: expected.clone(),
                    observed: observed.clone(),
                    waiver: waiver.clone(),
                };
                self.judge_check(step, check, judged);
            }
            Event::StepProved { step, .. } => self.step_state_mut(step).proved = true,
            Event::CommitRequested { step, attempt } => {
                self.set_migration(step, |direction| MigrationState::InDoubt(attempt.clone(), direction));
                self.run(Some(step), attempt, Work::Commit);
            }
            Event::DiscardRequested { step, attempt, halt } => {
                self.run(Some(step), attempt, Work::Discard(halt.clone()));
            }
            Event::StepCommitted { step, attempt } => {
                self.step_state_mut(step).proved = false;
                self.set_migration(step, |direction| match direction {
                    Direction::Up => MigrationState::Applied(attempt.clone()),
                    Direction::Down => MigrationState::RolledBack(attempt.clone()),
                });
            }
            Event::StepFinished { step, verdict } => {
                let state = self.step_state_mut(step);
                assert!(state.attempt.is_some(), "finished without an attempt");
                assert!(
                    !verdict.is_good() || state.checks.iter().all(Option::is_some),
                    "a pass without evidence"
                );
                state.verdict = Some(*verdict);
                state.ended = Some(at);
                state.proved = false;
                self.undo.retain(|undo| undo != step);
            }
            Event::StepReopened { step, why, next } => {
                let state = self.step_state_mut(step);
                state.blocked = Some((why.clone(), next.clone()));
                state.ended = Some(at);
                state.proved = false;
            }
            Event::StopRequested { level, .. } => {
                if let Phase::Running(running) = &mut self.phase {
                    running.stop = *level;
                }
            }
            Event::Halted { halt } => self.halt(at, halt),
            Event::StageDone { stage, words, decision } => self.stage_done(*stage, words, *decision),
            Event::StageReopened { why } => {
                let escalation = self.escalation.as_mut();
                assert!(escalation.is_some(), "no stop to reopen");
                if let Some(escalation) = escalation {
                    escalation.next = Some(Stage::Decide);
                    escalation.words.push((Stage::Execute, why.clone()));
                }
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
                    self.step_state_mut(id).verdict = None;
                }
                self.undo.clone_from(steps);
            }
            Event::RollbackDone => assert!(self.undo.is_empty(), "rollback done with steps left"),
            Event::FindingRaised { what } => self.findings.push((at, what.clone())),
            Event::NoteTaken { words } => self.notes.push((at, words.clone())),
            Event::Refused { refusal } => self.refusal = Some(refusal.clone()),
            Event::Closed { verdict } => {
                assert!(self.escalation.is_none(), "closed in the middle of a stop");
                assert!(!verdict.is_good() || self.next_forward().is_none(), "a good end with steps left");
                self.phase = Phase::Closed(*verdict);
                self.closed = Some(*verdict);
            }
        }
    }

    fn run(&mut self, step: Option<&str>, attempt: &AttemptId, work: Work) {
        self.attempts = self.attempts.max(attempt.number);
        self.phase = Phase::Running(Running {
            step: step.map(str::to_owned),
            attempt: attempt.clone(),
            work,
            stop: 0,
        });
    }

    fn start_step(&mut self, at: Moment, step: &str, attempt: &AttemptId) {
        assert!(attempt.number > self.attempts, "an attempt's number was used before");
        let stopped =
            self.escalation.as_ref().is_some_and(|escalation| escalation.next != Some(Stage::Execute));
        assert!(!stopped, "a step started while the world is stopped");
        let checks = self.step(step).map_or(0, |step| step.checks.len());
        let state = self.step_state_mut(step);
        *state = StepState {
            checks: vec![None; checks],
            attempt: Some(attempt.clone()),
            started: Some(at),
            runs: state.runs + 1,
            ..StepState::default()
        };
        self.run(Some(step), attempt, Work::Run);
    }

    fn judge_check(&mut self, step: &str, check: &str, judged: Judged) {
        let at = self.step(step).and_then(|step| step.checks.iter().position(|other| other.id == check));
        assert!(at.is_some(), "judged a check that the step does not have: {step} {check}");
        if let Some(at) = at {
            let slot = &mut self.step_state_mut(step).checks[at];
            // A step is as good as its worst observation.
            if slot.as_ref().is_none_or(|earlier| earlier.verdict <= judged.verdict) {
                *slot = Some(judged);
            }
        }
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
        if let MigrationState::InDoubt(attempt, direction) = self.migrations[migration].clone() {
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

    fn halt(&mut self, at: Moment, halt: &Halt) {
        if let Some(state) = self.plan.find(&halt.step).map(|_| self.step_state_mut(&halt.step)) {
            if state.started.is_some() && state.ended.is_none() {
                state.ended = Some(at);
            }
            state.proved = false;
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
    }

    fn stage_done(&mut self, stage: Stage, words: &str, decision: Option<Decision>) {
        let escalation = self.escalation.as_mut();
        assert!(escalation.is_some(), "a stage without a stop");
        let Some(escalation) = escalation else { return };
        assert!(escalation.next == Some(stage), "stages out of order");
        escalation.words.push((stage, words.to_owned()));
        escalation.decision = decision.or(escalation.decision);
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
    }

    /// What an event asks of the world, once it is on disk and applied.
    pub fn effects(&self, event: &Event) -> Vec<Effect> {
        match event {
            Event::StepStarted { step, attempt } => match self.step(step) {
                // A sign-off is decided by the core alone.
                Some(planned) if planned.kind != StepKind::SignOff => {
                    vec![Effect::Run {
                        step: step.clone(),
                        kind: planned.kind,
                        attempt: attempt.clone(),
                        pin: self.identity.clone().map(Box::new),
                    }]
                }
                _ => Vec::new(),
            },
            Event::CommitRequested { attempt, .. } => vec![Effect::Commit { attempt: attempt.clone() }],
            Event::DiscardRequested { attempt, .. } => vec![Effect::Discard { attempt: attempt.clone() }],
            Event::StopRequested { attempt, level } if *level < 2 => {
                vec![Effect::Cancel { attempt: attempt.clone() }]
            }
            Event::StopRequested { attempt, .. } => vec![Effect::Terminate { attempt: attempt.clone() }],
            Event::SettleStarted { attempt } => vec![Effect::Settle { attempt: attempt.clone() }],
            _ => Vec::new(),
        }
    }
}
