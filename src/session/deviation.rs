//! A deviation: what should have been, what was, what is done about it, in a person's words.

use super::decide::Deciding;
use super::*;
use crate::time::Moment;

/// What did not go as the plan says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// When it was written down.
    pub at: Moment,
    /// The step it is about; empty for the ceremony.
    pub step: String,
    /// What should have been.
    pub expected: String,
    /// What was.
    pub observed: String,
    /// What is done about it.
    pub decided: String,
}

/// What a deviation is asked for, in this order.
const QUESTIONS: [&str; 3] = ["what was expected", "what was observed", "what was decided"];

impl Deciding<'_> {
    pub(super) fn deviate(&mut self, step: &str, answers: [&String; 3]) {
        let missing = QUESTIONS.iter().zip(answers).find(|(_, answer)| answer.trim().is_empty());
        if let Some((question, _)) = missing {
            self.refuse(
                "the deviation is not written down",
                format!("it does not say {question}"),
                "answer all three questions: expected, observed, decided",
            );
            return;
        }
        if !step.is_empty() && self.session().step(step).is_none() {
            self.refuse(
                "the deviation is not written down",
                format!("the plan has no step '{step}'"),
                "name a step of the checklist, or none",
            );
            return;
        }
        let [expected, observed, decided] = answers.map(|answer| answer.trim().to_owned());
        self.emit(Event::DeviationTaken { step: step.to_owned(), expected, observed, decided });
    }
}

impl Session {
    /// Takes a [`Event::DeviationTaken`] in.
    pub(super) fn deviation(&mut self, at: Moment, event: &Event) -> Result<(), &'static str> {
        let Event::DeviationTaken { step, expected, observed, decided } = event else { return Ok(()) };
        if !step.is_empty() && self.step(step).is_none() {
            return Err("a deviation of a step that is not in the plan");
        }
        let [step, expected, observed, decided] = [step, expected, observed, decided].map(Clone::clone);
        self.deviations.push(Deviation { at, step, expected, observed, decided });
        Ok(())
    }
}
