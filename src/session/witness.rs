//! Witnesses: who looks on from another terminal, puts initials under a step, and may press STOP.

use super::decide::Deciding;
use super::*;
use crate::definition::{CommitPolicy, StepKind};
use crate::plan::Step;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// Letters of initials, at most.
const INITIALS_MAX: usize = 8;
/// Letters of a name, at most.
const NAME_MAX: usize = 64;
/// Initials under one attempt, at most: who may reach the socket must not be able to fill the record.
const WITNESSES_MAX: usize = 8;

/// Who looks on: the name they go by, and the account that the system says they have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witness {
    /// As they call themselves; nobody checked it.
    pub name: String,
    /// Their account's number, from the operating system.
    pub uid: u32,
}

impl Witness {
    /// `bea (uid 1000)`.
    pub fn words(&self) -> String {
        format!("{} (uid {})", self.name, self.uid)
    }

    /// With a name that fits a line: a STOP is not refused for a strange one.
    pub(super) fn fitting(&self) -> Self {
        let plain = self.name.chars().filter(|letter| !letter.is_control());
        let name: String = plain.take(NAME_MAX).collect();
        let name = if name.trim().is_empty() { "without a name".to_owned() } else { name.trim().to_owned() };
        Self { name, uid: self.uid }
    }
}

/// Initials under an attempt of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initials {
    /// The step.
    pub step: String,
    /// Which try they are under.
    pub attempt: AttemptId,
    /// Whose.
    pub by: Witness,
    /// The letters.
    pub letters: String,
    /// When.
    pub at: Moment,
    /// The proof was there to be seen, or the step was over; otherwise they say only that it was seen to run.
    pub seen_done: bool,
}

impl Session {
    /// Initials under the newest attempt of `step`; at a gate that waits for them, under the one it would start.
    pub fn initials_of(&self, step: &str) -> Vec<&Initials> {
        let number = self.step_state(step).and_then(|state| state.attempt.as_ref()).map(|it| it.number);
        let number = if self.asks_before(step) { Some(self.attempts + 1) } else { number };
        let under = |it: &&Initials| it.step == step && Some(it.attempt.number) == number;
        self.initials.iter().filter(under).collect()
    }

    /// Whether the open gate cannot be confirmed before a witness has put initials under its step.
    pub fn waits_for_witness(&self) -> bool {
        let Phase::Gate(gate) = &self.phase else { return false };
        if !self.step(&gate.step).is_some_and(|step| step.witness) {
            return false;
        }
        match gate.kind {
            GateKind::Commit => !self.initials_of(&gate.step).iter().any(|initials| initials.seen_done),
            GateKind::Start => self.asks_before(&gate.step) && self.initials_of(&gate.step).is_empty(),
            GateKind::RollBack | GateKind::Delete => false,
        }
    }

    /// A second gate will ask, once everything is proved and before it is final.
    pub fn has_commit_gate(&self, step: &Step) -> bool {
        let policy = step.migration.map(|at| self.plan.ceremony.migrations[at].commit);
        step.kind == StepKind::Apply && policy == Some(CommitPolicy::Ask) && !self.plan.is_stepwise(step)
    }

    /// The start gate of `step` is open, and it is the one at which its witness is asked for.
    fn asks_before(&self, step: &str) -> bool {
        let open =
            matches!(&self.phase, Phase::Gate(gate) if gate.step == step && gate.kind == GateKind::Start);
        let asks = |planned: &Step| planned.witness && !self.has_commit_gate(planned);
        open && self.step(step).is_some_and(asks)
    }

    /// Everybody who drove, as far as it is known now.
    fn drove(&self, name: &str) -> bool {
        let first = self.header.as_ref().map(|header| header.operator.as_str());
        let same = |other: &str| other.trim().to_lowercase() == name.trim().to_lowercase();
        same(&self.operator) || first.is_some_and(same)
    }
}

impl Deciding<'_> {
    /// A witness puts initials under `step`; without one, under the current one.
    pub(super) fn witness(&mut self, by: &Witness, letters: &str, step: Option<&str>, attempt: Option<u32>) {
        let decided = self.witnessed(by, letters.trim(), step, attempt);
        match decided {
            Ok(event) => self.emit(event),
            Err([what, why, next]) => self.refuse(what, why, next),
        }
    }

    fn witnessed(
        &self,
        by: &Witness,
        letters: &str,
        step: Option<&str>,
        attempt: Option<u32>,
    ) -> Result<Event, [String; 3]> {
        let session = self.session();
        let refused = |what: &str, why: String, next: &str| Err([what.to_owned(), why, next.to_owned()]);
        let plain = |letter: char| letter.is_alphanumeric() || letter == '.' || letter == '-';
        if letters.is_empty() || letters.chars().count() > INITIALS_MAX || !letters.chars().all(plain) {
            return refused(
                "these are no initials",
                format!("initials are 1 to {INITIALS_MAX} letters, digits, dots or dashes"),
                "type the first letters of your names",
            );
        }
        if by.name.trim().is_empty() || by.fitting().name != by.name.trim() {
            return refused(
                "a witness needs a name",
                format!("it is empty, longer than {NAME_MAX} letters, or has signs that cannot be written"),
                "watch with --operator and your name",
            );
        }
        if session.drove(&by.name) {
            return refused(
                "the operator is no witness",
                format!("'{}' drives this session, and four eyes are two people", by.name.trim()),
                "have another person watch, or name yourself with --operator if this is not you",
            );
        }
        if matches!(session.phase, Phase::Closed(_)) {
            return refused(
                "no initials after the end",
                "the ceremony is over, and the head of its record was read out".to_owned(),
                "write it with the sign-off",
            );
        }
        let Some(step) = step.or_else(|| session.current_step()) else {
            return refused(
                "there is nothing to initial",
                "no step is at its gate and none runs".to_owned(),
                "name a step that is finished",
            );
        };
        let attempt = session.to_witness(step, attempt)?;
        let seen_done = session.seen_done(step, &attempt);
        let there: Vec<_> = session
            .initials
            .iter()
            .filter(|it| it.step == step && it.attempt == attempt && it.seen_done == seen_done)
            .collect();
        let what = format!("'{step}' is not initialled again");
        if there.iter().any(|it| it.by.name == by.name.trim()) {
            return refused(
                &what,
                format!("{} has put initials under attempt {} already", by.name.trim(), attempt.number),
                "once is enough",
            );
        }
        if there.len() >= WITNESSES_MAX {
            return refused(
                &what,
                format!("attempt {} has the initials of {WITNESSES_MAX} witnesses", attempt.number),
                "they are enough",
            );
        }
        Ok(Event::Witnessed {
            step: step.to_owned(),
            attempt,
            by: by.fitting(),
            initials: letters.to_owned(),
        })
    }
}

impl Session {
    /// The attempt of `step` that can be initialled now, or why there is none.
    fn to_witness(&self, step: &str, wanted: Option<u32>) -> Result<AttemptId, [String; 3]> {
        let what = format!("'{step}' cannot be initialled");
        let refused = |why: String, next: &str| Err([what.clone(), why, next.to_owned()]);
        let Some(state) = self.step_state(step) else {
            return refused("the plan has no such step".to_owned(), "choose a step of the checklist");
        };
        let newest = state.attempt.clone();
        if self.asks_before(step) {
            let next = AttemptId {
                session: self.header.as_ref().map_or_else(String::new, |header| header.session.clone()),
                number: self.attempts + 1,
            };
            if wanted.is_none_or(|number| number == next.number) {
                return Ok(next);
            }
        }
        let Some(newest) = newest else {
            return refused(
                "it did not start yet, so there is nothing to have seen".to_owned(),
                "wait until it runs",
            );
        };
        if wanted.is_some_and(|number| number != newest.number) {
            return refused(
                format!("another attempt was looked at; the newest is attempt {}", newest.number),
                "look again, then initial that one",
            );
        }
        if self.current_step() != Some(step) && state.ended.is_none() {
            return refused("it neither runs nor is it over".to_owned(), "wait for its end");
        }
        Ok(newest)
    }

    /// Its proof is there, or it is over.
    fn seen_done(&self, step: &str, attempt: &AttemptId) -> bool {
        let state = self.step_state(step).filter(|state| state.attempt.as_ref() == Some(attempt));
        state.is_some_and(|state| state.proved || state.ended.is_some())
    }

    pub(super) fn initialled(
        &mut self,
        at: Moment,
        step: &str,
        attempt: &AttemptId,
        by: &Witness,
        letters: &str,
    ) {
        let seen_done = self.seen_done(step, attempt);
        let (step, attempt, by, letters) = (step.to_owned(), attempt.clone(), by.clone(), letters.to_owned());
        self.initials.push(Initials { step, attempt, by, letters, at, seen_done });
    }
}
