//! The editor for words that go into the record: the stages of a stop, and notes. Drafts are kept when it is left.

use super::editor::Editor;
use crate::session::{Command, Decision, Phase, Session, Stage};
use crossterm::event::KeyEvent;

/// What the words are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Assess,
    Decide(Decision),
    Document,
    Note,
    /// A reader's note, beside the record.
    Beside,
}

impl Purpose {
    /// What the next stage asks for; `None` while no stage waits for a person.
    pub fn of_stage(session: &Session) -> Option<Stage> {
        let next = session.escalation.as_ref().and_then(|stop| stop.next);
        next.filter(|stage| session.phase == Phase::Stopped && *stage != Stage::Execute)
    }

    fn fits(self, session: &Session) -> bool {
        let stage = Self::of_stage(session);
        match self {
            Self::Assess => stage == Some(Stage::Assess),
            Self::Decide(_) => stage == Some(Stage::Decide),
            Self::Document => stage == Some(Stage::Document),
            Self::Note | Self::Beside => true,
        }
    }

    pub fn title(self) -> String {
        match self {
            Self::Assess => "ASSESS: what did you find?".to_owned(),
            Self::Decide(decision) => format!("DECIDE: {}: why?", decision.word()),
            Self::Document => "DOCUMENT: the issue and its resolution".to_owned(),
            Self::Note => "NOTE: what should be remembered?".to_owned(),
            Self::Beside => "OWN NOTE about this entry".to_owned(),
        }
    }

    fn command(self, words: String) -> Command {
        match self {
            Self::Assess => Command::Assess { words },
            Self::Decide(decision) => Command::Decide { decision, words },
            Self::Document => Command::Document { words },
            Self::Note | Self::Beside => Command::Note { words },
        }
    }
}

/// The open editor and the drafts.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub open: Option<Purpose>,
    drafts: Vec<(Purpose, Editor)>,
}

impl Words {
    /// Closes the editor, and forgets drafts, when their stage is over.
    pub fn sync(&mut self, session: &Session) {
        self.drafts.retain(|(purpose, _)| purpose.fits(session));
        self.open = self.open.filter(|purpose| purpose.fits(session));
    }

    pub fn start(&mut self, purpose: Purpose) {
        self.open = Some(purpose);
        if !self.drafts.iter().any(|(of, _)| *of == purpose) {
            self.drafts.push((purpose, Editor::default()));
        }
    }

    pub fn editor(&mut self) -> Option<&mut Editor> {
        let open = self.open?;
        self.drafts.iter_mut().find(|(of, _)| *of == open).map(|(_, editor)| editor)
    }

    /// The words themselves; `None` when there are none.
    pub fn take(&mut self) -> Option<String> {
        let open = self.open?;
        let words = self.editor()?.text();
        if words.is_empty() {
            return None;
        }
        self.open = None;
        self.drafts.retain(|(of, _)| *of != open);
        Some(words)
    }

    /// The command that the words make; `None` when there are none.
    pub fn confirm(&mut self) -> Option<Command> {
        let open = self.open?;
        let words = self.editor()?.text();
        if words.is_empty() {
            return None;
        }
        self.open = None;
        if open == Purpose::Note {
            self.drafts.retain(|(of, _)| *of != Purpose::Note);
        }
        Some(open.command(words))
    }

    /// Pasted text is welcome here.
    pub fn paste(&mut self, text: &str) {
        if let Some(editor) = self.editor() {
            editor.paste(text);
        }
    }

    /// A key that the table does not know: letters and the usual ways to edit.
    pub fn key(&mut self, event: &KeyEvent) {
        if let Some(editor) = self.editor() {
            editor.key(event);
        }
    }
}
