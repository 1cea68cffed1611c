//! What a reader of a record does with keys: how it plays, what is looked for, notes beside it.

use super::keymap::Do;
use super::place::{Pane, Tab};
use super::prompt::Prompt;
use super::words::Purpose;
use super::{Action, Cockpit, Scene};
use crate::view::Reviewing;

/// What a reader wants of a replay beside another entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deck {
    /// Faster or slower by steps.
    Faster(isize),
    /// Long pauses in full, or cut.
    Pauses,
    /// To look for words; none ends it.
    Find(String),
    /// To go to what was typed.
    GoTo(String),
    /// The next (1) or previous (-1) kind of marks.
    Filter(isize),
    /// All marks again.
    AllMarks,
    /// A note about the entry that is shown is being written.
    Pause,
    /// A note about the entry that is shown.
    Note(String),
    /// To go to this entry.
    Entry(u64),
}

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Find,
    GoTo,
}

/// What of a replay is only on the screen.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub reviewing: Reviewing,
    pub prompt: Option<(Asked, Prompt)>,
    /// The note that is chosen in the pane of notes.
    pub note: usize,
}

impl Cockpit {
    /// What the timeline says of the reader.
    pub fn set_reviewing(&mut self, reviewing: Reviewing) {
        self.reading.reviewing = reviewing;
    }

    /// Says something in the line at the bottom, until the next key.
    pub fn tell(&mut self, message: &str) {
        self.say(message);
    }

    /// Whether the entry that was drawn last could be looked at: the screen was large enough and nothing covered it.
    pub fn shows_entry(&self) -> bool {
        !self.small && !self.help
    }

    /// What a key of a replay does; `None` for keys that have nothing to do with it.
    pub(super) fn on_deck(&mut self, act: Do) -> Option<Vec<Action>> {
        let deck = match act {
            Do::Faster(steps) => Deck::Faster(steps),
            Do::Pauses => Deck::Pauses,
            Do::Filter(step) => Deck::Filter(step),
            Do::AllMarks => Deck::AllMarks,
            Do::Find => {
                self.reading.prompt = Some((Asked::Find, Prompt::new("find")));
                return Some(Vec::new());
            }
            Do::GoTo => {
                let prompt = Prompt::new("go to entry, time, +5m, -30s or 50%");
                self.reading.prompt = Some((Asked::GoTo, prompt));
                return Some(Vec::new());
            }
            Do::Beside => {
                if let Some(trouble) = self.reading.reviewing.trouble.clone() {
                    self.say(&trouble);
                    return Some(Vec::new());
                }
                self.words.start(Purpose::Beside);
                Deck::Pause
            }
            _ => return None,
        };
        Some(vec![Action::Deck(deck)])
    }

    /// What Enter means in a prompt or in the editor of a note beside the record.
    pub(super) fn confirm_deck(&mut self) -> Option<Vec<Action>> {
        if let Some((asked, prompt)) = self.reading.prompt.take() {
            let text = prompt.text().to_owned();
            return Some(match asked {
                Asked::Find => vec![Action::Deck(Deck::Find(text))],
                Asked::GoTo if text.is_empty() => Vec::new(),
                Asked::GoTo => vec![Action::Deck(Deck::GoTo(text))],
            });
        }
        if self.words.open != Some(Purpose::Beside) {
            return None;
        }
        let Some(words) = self.words.take() else {
            self.say("there are no words yet: write a sentence, then Ctrl-D");
            return Some(Vec::new());
        };
        Some(vec![Action::Deck(Deck::Note(words))])
    }

    /// Keys of the pane of notes in a replay: choosing one of the reader's own, and going to its entry.
    pub(super) fn on_notes(&mut self, act: Do, scene: &Scene<'_>) -> Option<Vec<Action>> {
        let notes = &self.reading.reviewing.notes;
        if scene.live() || self.tab != Tab::Notes || self.focus != Pane::Work || notes.is_empty() {
            return None;
        }
        let chosen = self.reading.note.min(notes.len() - 1);
        match act {
            Do::Open => Some(vec![Action::Deck(Deck::Entry(notes[chosen].entry))]),
            Do::Rows(1) if chosen + 1 < notes.len() => {
                self.reading.note = chosen + 1;
                Some(Vec::new())
            }
            Do::Rows(-1) if chosen > 0 && self.scrolls[Tab::Notes as usize].top <= chosen + 1 => {
                self.reading.note = chosen - 1;
                Some(Vec::new())
            }
            _ => None,
        }
    }
}
