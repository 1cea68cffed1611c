//! The line for a witness's initials, and what became of a word that a watcher said.

use super::keymap::Do;
use super::{Action, Cockpit, Scene};
use crate::session::{Refusal, Session};

/// More letters are no initials; the core says so too.
const LETTERS_MAX: usize = 16;

/// The step and the attempt that were looked at, and what is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub step: String,
    pub attempt: Option<u32>,
    pub text: String,
}

impl Cockpit {
    /// What became of a word: the entry in which it stands, or why it stands in none.
    pub fn said(&mut self, answer: Result<u64, Refusal>) {
        match answer {
            Ok(entry) => {
                self.told = None;
                self.say(&format!("it is in the record: entry {entry}"));
            }
            Err(refusal) => self.told = Some(refusal),
        }
    }

    /// Opens the line for the step that the panes are about.
    pub(super) fn start_initials(&mut self, session: &Session) {
        let Some(step) = self.subject(session) else {
            self.say("there is no step to put initials under");
            return;
        };
        // At a gate that asks for them the attempt is still to come.
        let attempt = session.step_state(&step).and_then(|state| state.attempt.as_ref()).map(|it| it.number);
        let attempt = attempt.filter(|_| !session.waits_for_witness());
        self.initials = Some(Line { step, attempt, text: String::new() });
    }

    pub(super) fn on_initials(&mut self, act: Do) -> Vec<Action> {
        match act {
            Do::Confirm => {
                let Some(line) = self.initials.take_if(|line| !line.text.trim().is_empty()) else {
                    self.say("type your initials first, then Enter");
                    return Vec::new();
                };
                let initials = line.text.trim().to_owned();
                return vec![Action::Initials { step: line.step, attempt: line.attempt, initials }];
            }
            Do::Rub => drop(self.initials.as_mut().and_then(|line| line.text.pop())),
            Do::RubAll => self.initials.iter_mut().for_each(|line| line.text.clear()),
            _ => self.initials = None,
        }
        Vec::new()
    }

    pub(super) fn initials_letter(&mut self, letter: char) {
        if let Some(line) = self.initials.as_mut().filter(|line| line.text.chars().count() < LETTERS_MAX) {
            line.text.push(letter);
        }
    }

    /// Another attempt began while the line was open: what was looked at is gone.
    pub(super) fn sync_initials(&mut self, scene: &Scene<'_>) {
        let stale = self.initials.as_ref().is_some_and(|line| {
            let state = scene.session.step_state(&line.step);
            let newest = state.and_then(|state| state.attempt.as_ref()).map(|attempt| attempt.number);
            line.attempt.is_some() && newest != line.attempt
        });
        if stale {
            self.initials = None;
            self.say("another attempt of this step began: look at it first");
        }
    }
}
