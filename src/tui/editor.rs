//! A field for words that go into a record: typed, pasted and edited as usual, never with what would act on a screen.

use crate::view::clean;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_textarea::{TextArea, WrapMode};

/// More than this is no note any more.
const LETTERS_MAX: usize = 16_000;

/// The field with its cursor.
#[derive(Debug)]
pub(super) struct Editor(TextArea<'static>);

impl Default for Editor {
    fn default() -> Self {
        let mut area = TextArea::default();
        area.set_wrap_mode(WrapMode::WordOrGlyph);
        area.set_cursor_line_style(ratatui::style::Style::default());
        Self(area)
    }
}

impl Editor {
    /// A field that holds `words` already.
    pub fn holding(words: &str) -> Self {
        let mut editor = Self::default();
        editor.paste(words);
        editor
    }

    /// For drawing.
    pub fn area(&self) -> &TextArea<'static> {
        &self.0
    }

    /// The words without the space around them.
    pub fn text(&self) -> String {
        self.0.lines().join("\n").trim().to_owned()
    }

    /// Shows or hides the cursor.
    pub fn focus(&mut self, here: bool) {
        use ratatui::style::{Modifier, Style};
        let style = if here { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
        self.0.set_cursor_style(style);
    }

    /// What would act on a screen is left out.
    pub fn paste(&mut self, text: &str) {
        let spans = clean(&text.replace('\r', "\n"), true);
        let kept: String = spans.iter().filter(|span| !span.danger).map(|span| span.text.as_str()).collect();
        let room = LETTERS_MAX.saturating_sub(self.0.lines().iter().map(String::len).sum());
        let kept: String = kept.replace('\t', "    ").chars().take(room).collect();
        self.0.insert_str(kept);
    }

    /// Letters and the usual ways to edit.
    pub fn key(&mut self, event: &KeyEvent) {
        match event.code {
            KeyCode::Char(letter)
                if !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
            {
                self.paste(letter.encode_utf8(&mut [0; 4]));
            }
            KeyCode::Tab => self.paste("    "),
            KeyCode::Char(_)
            | KeyCode::Enter
            | KeyCode::Backspace
            | KeyCode::Delete
            | KeyCode::Left
            | KeyCode::Right
            | KeyCode::Up
            | KeyCode::Down
            | KeyCode::Home
            | KeyCode::End => {
                self.0.input(*event);
            }
            _ => {}
        }
    }
}
