//! The deviation sheet: one key, three questions, the first two filled in from what is known.

use super::Cockpit;
use super::editor::Editor;
use super::paint::Canvas;
use crate::session::Command;
use crate::view::{DeviationDraft, Row, Tone};
use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

const QUESTIONS: [(&str, &str); 3] = [
    ("EXPECTED", "what should have been?"),
    ("OBSERVED", "what was?"),
    ("DECIDED", "what is done about it?"),
];
/// Rows that it takes where there is room.
const HEIGHT: u16 = 14;

/// What is written on it; kept when it is put aside.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub open: bool,
    draft: DeviationDraft,
    answers: [Editor; 3],
    /// The question that is answered.
    at: usize,
}

impl Sheet {
    /// Opens it for `draft`. What was put aside for the same is still there.
    pub fn start(&mut self, draft: DeviationDraft) {
        self.open = true;
        if self.draft == draft && self.answers.iter().any(|answer| !answer.text().is_empty()) {
            return;
        }
        self.answers =
            [Editor::holding(&draft.expected), Editor::holding(&draft.observed), Editor::default()];
        // The first question that has no answer yet.
        self.at = self.answers.iter().position(|answer| answer.text().is_empty()).unwrap_or(2);
        self.draft = draft;
    }

    /// To the next question, or the one before.
    pub fn turn(&mut self, on: bool) {
        let step = if on { 1 } else { QUESTIONS.len() - 1 };
        self.at = (self.at + step) % QUESTIONS.len();
    }

    pub fn paste(&mut self, text: &str) {
        self.answers[self.at].paste(text);
    }

    pub fn key(&mut self, event: &KeyEvent) {
        self.answers[self.at].key(event);
    }

    /// The command that the answers make.
    ///
    /// # Errors
    /// With what to do when one is missing; the sheet is at that question then.
    pub fn confirm(&mut self) -> Result<Command, String> {
        let [expected, observed, decided] = [0, 1, 2].map(|at: usize| self.answers[at].text());
        let answers = [&expected, &observed, &decided];
        if let Some(at) = answers.iter().position(|answer| answer.is_empty()) {
            self.at = at;
            return Err(format!("{} {} It has no answer yet", QUESTIONS[at].0, QUESTIONS[at].1));
        }
        let step = std::mem::take(self).draft.step;
        Ok(Command::Deviate { step, expected, observed, decided })
    }
}

pub(super) fn draw(canvas: &mut Canvas<'_, '_>, body: Rect, ui: &mut Cockpit) {
    let sheet = &mut ui.sheet;
    let height = HEIGHT.min(body.height);
    let area = Rect { y: body.bottom() - height, height, ..body };
    canvas.clear(area);
    let about = if sheet.draft.step.is_empty() { "the ceremony" } else { &sheet.draft.step };
    let title = Row::of(Tone::Call, "DEVIATION ").say(Tone::Strong, about);
    let inner = super::panes::inset(canvas.frame(area, &title, Tone::Call, false));
    canvas.footnote(area, &Row::of(Tone::Plain, "Enter next · Ctrl-D writes it down · Esc puts it aside"));
    let each = inner.height / 3;
    for (at, ((word, question), answer)) in QUESTIONS.into_iter().zip(&mut sheet.answers).enumerate() {
        let here = at == sheet.at;
        let y = inner.y + each * u16::try_from(at).unwrap_or(0);
        let tone = if here { Tone::Call } else { Tone::Dim };
        let shape = if here { "▶ " } else { "  " };
        let row = Row::of(tone, &format!("{shape}{word} ")).say(Tone::Dim, question);
        canvas.row(Rect { y, height: 1, ..inner }, &row, 0);
        answer.focus(here);
        let field = Rect { x: inner.x + 2, y: y + 1, width: inner.width - 2, height: each.saturating_sub(1) };
        canvas.frame.render_widget(answer.area(), field);
    }
}
