//! What must hold before an event: the machine of a ceremony, said once more from the side of what was recorded.
//! `decide` never makes an event that does not fit; a record that was made up is refused with these words. Each look
//! costs no more than the event's own step and the migrations.

use super::*;
use crate::definition::StepKind;
use crate::plan::Step;
use crate::time::Moment;

pub(super) type Fits = Result<(), &'static str>;

pub(super) fn ensure(holds: bool, otherwise: &'static str) -> Fits {
    if holds { Ok(()) } else { Err(otherwise) }
}

impl Session {
    /// Whether these `events` are what follows from `cause` at `at`; in a record that was made up they may be anything,
    /// and the clock anywhere.
    pub fn decides(&self, cause: &Input, at: Moment, events: &[Event]) -> bool {
        self.clock_fits(at).is_ok() && self.decide(cause, at) == events
    }

    fn clock_fits(&self, at: Moment) -> Fits {
        let earlier = self.now.is_none_or(|now| now.mono_us <= at.mono_us);
        ensure(earlier, "the session's clock runs backwards")
    }

    /// Whether `event` can follow at `at`.
    ///
    /// # Errors
    /// With what does not hold.
    pub(super) fn fits(&self, at: Moment, event: &Event) -> Fits {
        self.clock_fits(at)?;
        let first = matches!(event, Event::Opened { .. } | Event::Refused { .. });
        ensure(first || self.header.is_some(), "an event before the session is open")?;
        match event {
            Event::GateOpened { gate } => self.gate_fits(gate),
            Event::StepStarted { step, attempt } => {
                ensure(attempt.number > self.attempts, "an attempt's number was used before")?;
                self.start_fits(step)
            }
            Event::SettleStarted { attempt } | Event::RecheckStarted { attempt, .. } => {
                ensure(attempt.number > self.attempts, "an attempt's number was used before")
            }
            Event::ServerPinned { .. } => ensure(self.identity.is_none(), "the server is pinned twice"),
            Event::CheckJudged { step, .. } | Event::CheckVacuous { step, .. } => {
                let open =
                    self.step_state(step).is_none_or(|it| it.attempt.is_some() && it.verdict.is_none());
                ensure(open, "a check is judged of a step that is not under way")
            }
            Event::StepProved { step, .. } => {
                ensure(self.runs(step), "proved without running")?;
                ensure(self.all_good(step), "a proof with a check that is not as wanted")
            }
            Event::CommitRequested { step, attempt } => self.commit_fits(step, attempt),
            Event::DiscardRequested { step, attempt, .. } | Event::LetGo { step, attempt, .. } => {
                ensure(self.is_attempt_of(step, attempt), "another attempt than the step's is let go")
            }
            Event::UnitRequested { step, attempt, .. } => {
                ensure(self.runs(step), "a unit of a step that does not run")?;
                ensure(self.is_attempt_of(step, attempt), "a unit of another attempt than the step's")
            }
            Event::FoundHalfWay { .. } | Event::Settled { .. } => {
                let settling = matches!(&self.phase, Phase::Running(running) if running.work == Work::Settle);
                ensure(settling, "settled without having been asked")
            }
            Event::StepCommitted { step, attempt } => {
                let state = self.moved_by(step);
                let asked =
                    |state: &MigrationState| matches!(state, MigrationState::InDoubt(of, _) if of == attempt);
                ensure(state.is_none_or(asked), "committed without the intent to commit")
            }
            Event::StepFinished { step, verdict } => self.finish_fits(step, *verdict),
            Event::StopRequested { attempt, level, .. } => {
                let grows = matches!(&self.phase, Phase::Running(running)
                    if running.attempt == *attempt && running.stop + 1 == *level && *level <= 2);
                ensure(grows, "STOP of what does not run, or twice the same")
            }
            Event::StageDone { stage, decision, .. } => ensure(
                decision.is_some() == (*stage == Stage::Decide),
                "a decision at another stage than DECIDE",
            ),
            Event::RollbackPlanned { steps } => {
                let back = |id: &String| self.step(id).is_some_and(|it| it.kind == StepKind::RollBack);
                let there = |id: &String| self.moved_by(id).is_some_and(MigrationState::is_there);
                ensure(steps.iter().all(|id| back(id) && there(id)), "a rollback of what is not there")
            }
            Event::Closed { verdict } => self.close_fits(*verdict),
            _ => Ok(()),
        }
    }

    fn moved_by(&self, step: &str) -> Option<&MigrationState> {
        let planned = self.step(step)?;
        let moves = matches!(planned.kind, StepKind::Apply | StepKind::RollBack);
        planned.migration.filter(|_| moves).map(|at| &self.migrations[at])
    }

    fn runs(&self, step: &str) -> bool {
        matches!(&self.phase, Phase::Running(running)
            if running.work == Work::Run && running.step.as_deref() == Some(step))
    }

    fn is_attempt_of(&self, step: &str, attempt: &AttemptId) -> bool {
        self.step_state(step).is_some_and(|state| state.attempt.as_ref() == Some(attempt))
    }

    fn all_good(&self, step: &str) -> bool {
        let good = |judged: &Option<Judged>| judged.as_ref().is_some_and(|it| it.verdict.is_good());
        self.step_state(step).is_some_and(|state| state.checks.iter().all(good))
    }

    /// Nobody knows what became of a COMMIT.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.migrations.iter().any(|state| matches!(state, MigrationState::InDoubt(..)))
    }

    fn gate_fits(&self, gate: &Gate) -> Fits {
        ensure(self.step(&gate.step).is_some(), "a gate of a step that is not in the plan")?;
        ensure(!self.is_in_doubt(), "a gate while nobody knows what became of a COMMIT")?;
        match gate.kind {
            GateKind::Start => {
                ensure(self.escalation.is_none(), "a step is asked for in the middle of a stop")
            }
            GateKind::Commit => {
                let proved = self.step_state(&gate.step).is_some_and(|state| state.proved);
                ensure(proved, "a commit is asked for without a proof")
            }
            GateKind::RollBack | GateKind::Delete => {
                ensure(self.undo.first() == Some(&gate.step), "a rollback is asked for that is not planned")
            }
        }
    }

    fn start_fits(&self, step: &str) -> Fits {
        ensure(!self.is_in_doubt(), "a step started while nobody knows what became of a COMMIT")?;
        let Some((planned, state)) = self.step(step).zip(self.moved_by(step)) else { return Ok(()) };
        match planned.kind {
            StepKind::Apply => ensure(!matches!(state, MigrationState::Applied(_)), "applied twice"),
            _ => ensure(state.is_there(), "a rollback of what is not there"),
        }
    }

    fn commit_fits(&self, step: &str, attempt: &AttemptId) -> Fits {
        ensure(self.is_attempt_of(step, attempt), "a COMMIT of another attempt than the step's")?;
        let at_gate =
            matches!(&self.phase, Phase::Gate(gate) if gate.step == step && gate.kind == GateKind::Commit);
        ensure(at_gate || self.runs(step), "a COMMIT of a step that does not run")?;
        let proved = self.step_state(step).is_some_and(|state| state.proved);
        ensure(proved || self.is_stepwise(step), "a COMMIT without a proof")?;
        ensure(self.all_good(step), "a COMMIT with a check that is not as wanted")
    }

    fn finish_fits(&self, step: &str, verdict: Verdict) -> Fits {
        let Some((planned, state)) = self.step(step).zip(self.step_state(step)) else { return Ok(()) };
        let attempt = state.attempt.as_ref();
        ensure(attempt.is_some(), "finished without an attempt")?;
        if !verdict.is_good() {
            return Ok(());
        }
        ensure(state.checks.iter().all(Option::is_some), "a pass without evidence")?;
        ensure(self.all_good(step), "a pass with a check that is not as wanted")?;
        ensure(self.is_where_it_leads(planned, attempt), "a pass of what was not committed")
    }

    /// The migration of a step that changes the database is where the step brings it.
    fn is_where_it_leads(&self, planned: &Step, attempt: Option<&AttemptId>) -> bool {
        match (self.moved_by(&planned.id), planned.kind) {
            (Some(MigrationState::Applied(by)), StepKind::Apply)
            | (Some(MigrationState::RolledBack(by)), StepKind::RollBack) => Some(by) == attempt,
            (state, _) => state.is_none(),
        }
    }

    fn close_fits(&self, verdict: Verdict) -> Fits {
        ensure(self.escalation.is_none(), "closed in the middle of a stop")?;
        if !verdict.is_good() {
            return Ok(());
        }
        ensure(self.next_forward().is_none(), "a good end with steps left")?;
        let steps = self.plan.steps.iter().zip(&self.steps);
        let mut applies = steps.filter(|(step, _)| step.kind == StepKind::Apply);
        let applied = applies.all(|(step, state)| self.is_where_it_leads(step, state.attempt.as_ref()));
        ensure(applied, "a good end with a migration that is not applied")
    }
}
