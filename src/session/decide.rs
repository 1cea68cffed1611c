//! From a command to events. Total: what is not allowed becomes a refusal with a reason.

use super::*;
use crate::definition::StepKind;
use crate::time::Moment;

/// Decides on a scratch copy, so that a later event sees what an earlier one did. The copy is made only when needed.
pub(super) struct Deciding<'s> {
    base: &'s Session,
    scratch: Option<Session>,
    pub at: Moment,
    pub events: Vec<Event>,
}

impl<'s> Deciding<'s> {
    pub fn new(base: &'s Session, at: Moment) -> Self {
        Self { base, scratch: None, at, events: Vec::new() }
    }

    pub fn session(&self) -> &Session {
        self.scratch.as_ref().unwrap_or(self.base)
    }

    pub fn emit(&mut self, event: Event) {
        let base = self.base;
        self.scratch.get_or_insert_with(|| base.clone()).apply(self.at, &event);
        self.events.push(event);
    }

    pub fn refuse(&mut self, what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) {
        let refusal = Refusal { what: what.into(), why: why.into(), next: next.into() };
        self.emit(Event::Refused { refusal });
    }

    pub fn next_attempt(&self) -> AttemptId {
        let session = self.session();
        AttemptId {
            session: session.header.as_ref().map_or_else(String::new, |header| header.session.clone()),
            number: session.attempts + 1,
        }
    }

    /// Opens the gate of the next step of the way up, or closes the session.
    pub fn advance(&mut self) {
        match self.session().next_forward() {
            Some(at) => {
                let step = self.session().plan.steps[at].id.clone();
                let gate = self.session().start_gate(&step);
                self.ask(gate);
            }
            None => {
                let verdict = self.session().verdict();
                self.emit(Event::Closed { verdict });
            }
        }
    }

    pub fn start(&mut self, step: &str) {
        let attempt = self.next_attempt();
        self.emit(Event::StepStarted { step: step.to_owned(), attempt });
    }

    pub fn settle(&mut self) {
        let attempt = self.next_attempt();
        self.emit(Event::SettleStarted { attempt });
    }

    pub fn halt(
        &mut self,
        cause: HaltCause,
        step: &str,
        why: String,
        left: String,
        error: Option<Box<ErrorCard>>,
    ) {
        let halt = Halt { cause, step: step.to_owned(), why, left, error };
        self.emit(Event::Halted { halt: Box::new(halt) });
    }
}

impl Session {
    /// What follows from `input` at `at`. Pure; every input has an answer, if only an empty one.
    pub fn decide(&self, input: &Input, at: Moment) -> Vec<Event> {
        let mut deciding = Deciding::new(self, at);
        deciding.look_at_clocks(input);
        match input {
            Input::Command(command) => deciding.command(command),
            Input::Outcome(outcome) => deciding.outcome(outcome),
        }
        deciding.events
    }
}

impl Deciding<'_> {
    fn command(&mut self, command: &Command) {
        if self.session().phase == Phase::Unopened && !matches!(command, Command::Open { .. }) {
            self.refuse("nothing can be done yet", "the session is not open", "open it first");
            return;
        }
        match command {
            Command::Open { header } => self.open(header),
            Command::Resume { operator, torn_bytes, address } => self.resume(operator, *torn_bytes, address),
            Command::Answer { gate, words } => self.answer(gate, words),
            Command::Discard => self.discard(),
            Command::Stop => self.stop(None),
            Command::WitnessStop { by } => self.stop(Some(by.fitting())),
            Command::Witness { by, initials, step, attempt } => {
                self.witness(by, initials, step.as_deref(), *attempt);
            }
            Command::Assess { words } => self.stage(Stage::Assess, words, None),
            Command::Decide { decision, words } => self.stage(Stage::Decide, words, Some(*decision)),
            Command::Document { words } => self.stage(Stage::Document, words, None),
            Command::RollBack => self.roll_back(),
            Command::Interrupted { by, lasted_us } => self.interrupted(*by, *lasted_us),
            Command::Note { words } if words.trim().is_empty() => self.refuse(
                "an empty note is not kept",
                "a note without words tells a reviewer nothing",
                "write the words first",
            ),
            Command::Deviate { step, expected, observed, decided } => {
                self.deviate(step, [expected, observed, decided]);
            }
            Command::Note { words } => self.emit(Event::NoteTaken { words: words.trim().to_owned() }),
        }
    }

    fn open(&mut self, header: &Header) {
        if self.session().phase != Phase::Unopened {
            self.refuse(
                "this session cannot be opened again",
                "it is open already",
                "use `ceremony resume` to go on with it",
            );
            return;
        }
        self.emit(Event::Opened { header: Box::new(header.clone()) });
        let planned = self.session().plan.ceremony.target.planned.clone();
        let actual = header.target.full();
        // A rehearsal is on a copy by its nature.
        let real = !header.target.embedded && header.copy_of.is_none();
        if let Some(planned) = planned.filter(|planned| real && *planned != actual) {
            self.emit(Event::FindingRaised {
                what: format!("the target is {actual}; the definition plans {planned}"),
            });
        }
        if header.git.as_ref().is_some_and(|git| git.dirty) {
            self.emit(Event::FindingRaised {
                what: "the repository has changes that are not committed".to_owned(),
            });
        }
        self.look_at_dates();
        self.advance();
    }

    fn resume(&mut self, operator: &str, torn_bytes: u64, address: &str) {
        let in_flight = match &self.session().phase {
            Phase::Running(running) => running.step.clone(),
            Phase::Gate(gate) if gate.kind == GateKind::Commit => Some(gate.step.clone()),
            _ => None,
        };
        let why = self.session().handed_over(operator, self.at);
        self.emit(Event::Resumed {
            operator: operator.to_owned(),
            address: address.to_owned(),
            in_flight: in_flight.clone(),
        });
        self.emit(Event::Interrupted { why });
        if torn_bytes > 0 {
            self.emit(Event::FindingRaised {
                what: format!("the record ended in a torn line of {torn_bytes} bytes; it is kept aside"),
            });
        }
        if let Some(step) = in_flight {
            self.emit(Event::FindingRaised {
                what: format!("the program ended while '{step}' was in flight"),
            });
        }
        if self.session().telling {
            let by = self.session().plan.ceremony.notify.join(" ");
            self.emit(Event::TeamTold {
                by,
                failed: Some("the program ended before it was told".to_owned()),
            });
        }
        // At a stop the decision settles it; everywhere else the ledger is read before anything goes on.
        if !matches!(self.session().phase, Phase::Stopped | Phase::Closed(_)) {
            self.settle();
        }
    }

    fn answer(&mut self, id: &str, words: &str) {
        let Phase::Gate(gate) = self.session().phase.clone() else {
            let next = self.session().what_is_next();
            self.refuse("there is nothing to confirm", "no gate is open", next);
            return;
        };
        if gate.id != id {
            self.refuse(
                format!("cannot confirm '{id}'"),
                format!("the open gate is '{}'", gate.id),
                "read the gate on the screen and answer that one",
            );
            return;
        }
        if words.trim() != gate.phrase {
            self.refuse(
                format!("'{}' is not confirmed", gate.id),
                format!("it asks for exactly: {}", gate.phrase),
                "type these words, letter for letter",
            );
            return;
        }
        if self.session().waits_for_witness() {
            self.refuse(
                format!("'{}' is not confirmed", gate.id),
                "a witness has not put initials under it yet, and its step asks for one",
                "have a second person watch this session (ceremony watch) and press i, then answer again",
            );
            return;
        }
        if self.session().is_broken_for(gate.kind) {
            self.recheck_before(&gate);
            return;
        }
        self.emit(Event::GateAnswered { gate: gate.id.clone(), words: words.trim().to_owned() });
        match gate.kind {
            GateKind::Start => self.start_or_sign(&gate.step),
            GateKind::Commit => {
                let attempt = self.session().step_state(&gate.step).and_then(|state| state.attempt.clone());
                if let Some(attempt) = attempt {
                    self.emit(Event::CommitRequested { step: gate.step, attempt });
                }
            }
            GateKind::RollBack => match self.session().delete_gate() {
                Some(gate) => self.emit(Event::GateOpened { gate }),
                None => self.start(&gate.step),
            },
            GateKind::Delete => self.start(&gate.step),
        }
    }

    fn start_or_sign(&mut self, step: &str) {
        self.start(step);
        if self.session().step(step).is_some_and(|step| step.kind == StepKind::SignOff) {
            self.sign_off(step);
        }
    }

    fn discard(&mut self) {
        match self.session().phase.clone() {
            Phase::Gate(gate) if gate.kind == GateKind::Commit => {
                self.discard_because(&gate.step, HaltCause::Operator, "the operator declined to commit");
            }
            Phase::Gate(gate) if gate.kind.can_be_declined() => self.put_rollback_aside(),
            _ => {
                let next = self.session().what_is_next();
                self.refuse("there is nothing to say no to", "no commit and no rollback waits", next);
            }
        }
    }

    fn stage(&mut self, stage: Stage, words: &str, decision: Option<Decision>) {
        let next = self.session().escalation.as_ref().and_then(|escalation| escalation.next);
        let open = self.session().phase == Phase::Stopped && next == Some(stage);
        if !open {
            let next = self.session().what_is_next();
            let why = match self.session().escalation {
                None => "the world is not stopped".to_owned(),
                Some(_) => "the five stages are done in their order".to_owned(),
            };
            self.refuse(format!("stage {} cannot be done now", stage.word()), why, next);
            return;
        }
        if words.trim().is_empty() {
            self.refuse(
                format!("stage {} needs words", stage.word()),
                "who reads the record later must know what was thought",
                "write a sentence, then confirm it",
            );
            return;
        }
        if decision.is_some_and(|decision| self.cannot_be_decided(decision)) {
            return;
        }
        self.emit(Event::StageDone { stage, words: words.trim().to_owned(), decision });
        match (stage, decision) {
            (Stage::Decide, Some(Decision::Abandon)) => self.emit(Event::StageDone {
                stage: Stage::Execute,
                words: "nothing is executed: everything is left as it is".to_owned(),
                decision: None,
            }),
            (Stage::Decide, _) => self.settle(),
            (Stage::Document, _) => {
                let decided = self.session().escalations.last().and_then(|escalation| escalation.decision);
                match decided {
                    Some(Decision::Resume) => self.advance(),
                    _ => {
                        let verdict = self.session().verdict();
                        self.emit(Event::Closed { verdict });
                    }
                }
            }
            _ => {}
        }
    }
}
