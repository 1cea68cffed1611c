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
    /// What broke the phase, until the probes have passed again.
    pub interrupted: Option<Interrupted>,
    /// Steps of a rollback that are still to be done, next one first.
    pub undo: Vec<String>,
    /// What a reviewer must see.
    pub findings: Vec<(Moment, String)>,
    /// What people wrote down.
    pub notes: Vec<(Moment, String)>,
    /// What did not go as the plan says, by the words of people.
    pub deviations: Vec<Deviation>,
    /// The last refusal, until the next command that is accepted.
    pub refusal: Option<Refusal>,
    /// Attempts so far.
    pub attempts: u32,
    /// The team is being told of a rollback.
    pub telling: bool,
    /// When the open gate opened.
    pub gate_opened: Option<Moment>,
    /// What witnesses put their initials under, oldest first.
    pub initials: Vec<Initials>,
    /// Rows that were copied out, oldest first.
    pub kept: Vec<Kept>,
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
    /// The rule that pressed it first, in words.
    pub rule: Option<String>,
    /// The witness who pressed it first.
    pub by: Option<Witness>,
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
    /// Probes run again before a gate.
    Recheck(Box<Recheck>),
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
    /// SQLSTATEs of errors that pass by themselves and stopped it, until it is well finished.
    pub passing: Vec<String>,
    /// Checks that passed before the script had run.
    pub vacuous: Vec<String>,
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

/// Rows that were copied out, and what puts them back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The step that copied them.
    pub step: String,
    /// The table.
    pub table: String,
    /// How many.
    pub rows: u64,
    /// The compensating script, within the session folder.
    pub script: String,
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
    /// It runs without a transaction, and not all of its units are done.
    Half(HalfWay),
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
            interrupted: None,
            undo: Vec::new(),
            findings: Vec::new(),
            notes: Vec::new(),
            deviations: Vec::new(),
            refusal: None,
            attempts: 0,
            telling: false,
            gate_opened: None,
            initials: Vec::new(),
            kept: Vec::new(),
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
        self.migrations.iter().any(|state| state.is_there() || matches!(state, MigrationState::InDoubt(..)))
    }

    /// The ceremony's verdict as of now: its worst step; a rollback or an abandoned stop is a fail.
    pub fn verdict(&self) -> Verdict {
        let undone = self.migrations.iter().any(|state| matches!(state, MigrationState::RolledBack(_)));
        let in_doubt = self.migrations.iter().any(|state| matches!(state, MigrationState::InDoubt(..)));
        let half_back = self.migrations.iter().filter_map(MigrationState::half);
        let in_doubt = in_doubt || half_back.into_iter().any(|half| half.direction == Direction::Down);
        let given_up = self.escalations.iter().chain(&self.escalation).any(|escalation| {
            matches!(escalation.decision, Some(Decision::Abandon | Decision::RollBack))
                || escalation.next.is_some()
        });
        if undone || in_doubt || given_up {
            return Verdict::Fail;
        }
        self.steps.iter().map(|step| step.verdict.unwrap_or(Verdict::NotRun)).max().unwrap_or(Verdict::NotRun)
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
            Event::RecheckStarted { attempt, gate } => vec![Effect::Recheck {
                attempt: attempt.clone(),
                pin: self.identity.clone().map(Box::new),
                checks: self.probes(gate.kind).into_iter().map(|(_, check)| check.clone()).collect(),
            }],
            Event::CommitRequested { attempt, .. } => vec![Effect::Commit { attempt: attempt.clone() }],
            Event::UnitRequested { attempt, work, .. } => {
                vec![Effect::Unit { attempt: attempt.clone(), work: *work }]
            }
            Event::DiscardRequested { attempt, .. } | Event::LetGo { attempt, .. } => {
                vec![Effect::Discard { attempt: attempt.clone() }]
            }
            Event::StopRequested { attempt, level, .. } if *level < 2 => {
                vec![Effect::Cancel { attempt: attempt.clone() }]
            }
            Event::StopRequested { attempt, .. } => vec![Effect::Terminate { attempt: attempt.clone() }],
            Event::StageDone { decision: Some(Decision::RollBack), words, .. }
                if !self.plan.ceremony.notify.is_empty() =>
            {
                vec![self.tell(words)]
            }
            Event::SettleStarted { attempt } => {
                vec![Effect::Settle { attempt: attempt.clone(), pin: self.identity.clone().map(Box::new) }]
            }
            _ => Vec::new(),
        }
    }

    /// What the team is told when a rollback was decided.
    fn tell(&self, words: &str) -> Effect {
        let header = self.header.as_ref();
        let session = header.map_or_else(String::new, |header| header.session.clone());
        let target = header.map_or_else(String::new, |header| header.target.full());
        let halt = self.escalation.as_ref().map(|escalation| &escalation.halt);
        let why = halt.map_or("", |halt| halt.why.as_str());
        let step = halt.map_or("", |halt| halt.step.as_str());
        let text = format!(
            "{}: a rollback is needed\ntarget:   {target}\nstep:     {step}\nobserved: {why}\ndecided:  {words} ({})\nsession:  {session}\n",
            self.plan.ceremony.title, self.operator
        );
        Effect::Tell { attempt: AttemptId { session, number: 0 }, text }
    }
}
