//! The line for a witness's initials, and what became of a word that a watcher said.

use super::keymap::Do;
use super::{Action, Cockpit, Face, Scene};
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

impl Scene<'_> {
    /// It happens now, whoever drives it.
    pub fn now(&self) -> bool {
        self.live() || self.watched()
    }

    /// Another process drives it.
    pub fn watched(&self) -> bool {
        matches!(self.status.face, Face::Watch { .. })
    }
}

/// The step that was over last.
fn last_ended(session: &Session) -> Option<String> {
    let forward = session.plan.steps.iter().zip(&session.steps);
    let all = forward.chain(session.plan.rollback.iter().zip(&session.rollback));
    let (step, _) =
        all.filter_map(|(step, state)| Some((step, state.ended?))).max_by_key(|(_, at)| at.mono_us)?;
    Some(step.id.clone())
}

impl Cockpit {
    /// Where the session is kept: named where somebody is asked to watch it.
    pub fn set_folder(&mut self, folder: &str) {
        self.folder = Some(folder.to_owned());
    }

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
        let shown = self.subject(session);
        let not_begun = |step: &String| session.step_state(step).is_none_or(|state| state.attempt.is_none());
        // At the gate of a step that did not begin, and with none selected, it is the step before that was just seen.
        let before = self.selected.is_none() && !session.waits_for_witness();
        let before = before && shown.as_ref().is_some_and(not_begun);
        let Some(step) = before.then(|| last_ended(session)).flatten().or(shown) else {
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
