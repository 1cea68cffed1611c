//! A rollback: asked for, planned, put aside, done.

use super::decide::Deciding;
use super::*;

impl Session {
    /// The steps that undo everything that is applied, last one first.
    fn way_back(&self) -> Vec<String> {
        let there = |at: usize| self.migrations[at].is_there();
        let steps = self.plan.rollback.iter().filter(|step| step.migration.is_some_and(there));
        steps.map(|step| step.id.clone()).collect()
    }
}

impl Deciding<'_> {
    pub(super) fn put_rollback_aside(&mut self) {
        if self.session().escalation.is_some() {
            self.emit(Event::StageReopened { why: "the rollback was not confirmed".to_owned() });
            return;
        }
        self.emit(Event::RollbackPlanned { steps: Vec::new() });
        match self.session().closed {
            // Part of it may be done: what was a pass is none any more.
            Some(_) => self.close(),
            None => self.advance(),
        }
    }

    pub(super) fn roll_back(&mut self) {
        let free = match &self.session().phase {
            Phase::Gate(gate) => gate.kind == GateKind::Start,
            Phase::Closed(_) => true,
            _ => false,
        };
        if !free {
            let next = self.session().what_is_next();
            self.refuse("cannot roll back now", "something else is going on", next);
        } else if !self.session().anything_applied() {
            self.refuse(
                "there is nothing to roll back",
                "no migration is applied in this session",
                "go on, or leave with q",
            );
        } else if self.session().closed.is_some() {
            // Long after its end others may have been here, and a COMMIT may be in doubt: the ledger is asked first.
            self.settle();
        } else {
            self.plan_rollback();
        }
    }

    /// A rollback was asked for after the end, and the ledger was read for it.
    pub(super) fn roll_back_settled(&mut self) {
        if self.session().anything_applied() { self.plan_rollback() } else { self.close() }
    }

    fn close(&mut self) {
        let verdict = self.session().verdict();
        self.emit(Event::Closed { verdict });
    }

    /// Plans the way back over everything that is applied and asks for it.
    pub fn plan_rollback(&mut self) {
        let steps = self.session().way_back();
        if self.session().undo != steps {
            self.emit(Event::RollbackPlanned { steps });
        }
        match self.session().rollback_gate() {
            Some(gate) => self.ask(gate),
            None => self.rollback_done(),
        }
    }

    /// The last step of a rollback is done, or there was none.
    pub fn rollback_done(&mut self) {
        self.emit(Event::RollbackDone);
        if self.session().escalation.is_some() {
            self.emit(Event::StageDone {
                stage: Stage::Execute,
                words: "everything that was applied is rolled back".to_owned(),
                decision: None,
            });
        } else {
            self.close();
        }
    }
}
