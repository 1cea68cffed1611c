//! The command palette: every row of the keymap that is possible now, found by a few letters of it.

use super::keymap::{Binding, Context, Do, KEYMAP};
use super::paint::Canvas;
use super::{Action, Cockpit, Scene};
use crate::view::{Row, Tone};
use crossterm::event::{KeyCode, KeyEvent};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::layout::{Position, Rect};

/// More letters find nothing better.
const LETTERS_MAX: usize = 60;
/// Columns of its frame, where the screen has them.
const WIDTH: u16 = 72;

/// What is typed and chosen while it is open.
#[derive(Debug, Default)]
pub(super) struct Palette {
    pub open: bool,
    /// What could be done when it was opened; once that is another thing, it is closed.
    contexts: Vec<Context>,
    text: String,
    at: usize,
}

impl Palette {
    pub fn show(&mut self, contexts: Vec<Context>) {
        *self = Self { open: true, contexts, ..Self::default() };
    }

    /// Closes it when something else has become possible: Enter would not do what was read.
    pub fn sync(&mut self, contexts: &[Context]) {
        self.open &= self.contexts == contexts;
    }

    pub fn close(&mut self) {
        self.open = false;
    }

    /// A key that the table does not know: a letter of what is looked for.
    pub fn key(&mut self, event: &KeyEvent) {
        match event.code {
            KeyCode::Char(letter) if self.text.chars().count() < LETTERS_MAX && !letter.is_control() => {
                self.text.push(letter);
                self.at = 0;
            }
            KeyCode::Backspace => {
                self.text.pop();
                self.at = 0;
            }
            _ => {}
        }
    }

    pub fn rub_all(&mut self) {
        (self.at, self.text) = (0, String::new());
    }

    pub fn step(&mut self, rows: isize, of: usize) {
        self.at = self.at.saturating_add_signed(rows).min(of.saturating_sub(1));
    }
}

/// What is not offered: the palette itself, and what only edits a line.
fn offered(binding: &Binding) -> bool {
    !matches!(binding.act, Do::Palette | Do::Rub | Do::RubAll | Do::Confirm | Do::Leave | Do::Yes | Do::No)
}

impl Cockpit {
    /// The rows that fit what is typed, best first; without letters in the keymap's order.
    pub(super) fn palette_rows(&self, scene: &Scene<'_>) -> Vec<&'static Binding> {
        let contexts = self.contexts_below(scene);
        let active = |binding: &&Binding| contexts.contains(&binding.context) && offered(binding);
        let mut rows: Vec<&'static Binding> = Vec::new();
        for binding in KEYMAP.iter().filter(active) {
            if !rows.iter().any(|row| row.act == binding.act) {
                rows.push(binding);
            }
        }
        if self.palette.text.is_empty() {
            return rows;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(&self.palette.text, CaseMatching::Ignore, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, &'static Binding)> = rows
            .into_iter()
            .filter_map(|row| {
                let words = format!("{} {}", row.hint.unwrap_or_default(), row.help);
                Some((pattern.score(Utf32Str::new(&words, &mut buffer), &mut matcher)?, row))
            })
            .collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.into_iter().map(|(_, row)| row).collect()
    }

    /// Does what is chosen, as if its key had been pressed.
    pub(super) fn palette_confirm(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        let rows = self.palette_rows(scene);
        let Some(row) = rows.get(self.palette.at) else { return Vec::new() };
        self.palette.close();
        self.act(row.act, scene)
    }

    pub(super) fn palette_step(&mut self, rows: isize, scene: &Scene<'_>) {
        let of = self.palette_rows(scene).len();
        self.palette.step(rows, of);
    }
}

/// Over everything but header and hints.
pub(super) fn draw(canvas: &mut Canvas<'_, '_>, body: Rect, ui: &Cockpit, scene: &Scene<'_>) {
    let rows = ui.palette_rows(scene);
    let width = WIDTH.min(body.width.saturating_sub(4));
    let wanted = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(4);
    let height = wanted.max(6).min(body.height.saturating_sub(2)).min(24);
    let area = Rect { x: body.x + (body.width - width) / 2, y: body.y + 1, width, height };
    canvas.clear(area);
    let inner = canvas.frame(area, &Row::of(Tone::Strong, "What to do"), Tone::Live, true);
    canvas.footnote(area, &Row::of(Tone::Dim, "Enter does it · Esc closes"));
    let prompt = Row::of(Tone::Live, " > ").say(Tone::Strong, &ui.palette.text);
    let cursor = inner.x + u16::try_from(prompt.width()).unwrap_or(0);
    canvas.row(inner, &prompt, 0);
    if ui.palette.text.is_empty() {
        let hint = Rect { x: cursor + 1, width: inner.width.saturating_sub(4), ..inner };
        canvas.row(hint, &Row::of(Tone::Dim, "a few letters of it"), 0);
    }
    canvas.frame.set_cursor_position(Position { x: cursor.min(inner.right().saturating_sub(1)), y: inner.y });
    let list = Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner };
    if rows.is_empty() {
        canvas.row(list, &Row::of(Tone::Warn, "   nothing that is possible now is called so"), 0);
        return;
    }
    let page = usize::from(list.height).max(1);
    let top = ui.palette.at.saturating_sub(page / 2).min(rows.len().saturating_sub(page));
    for (at, line) in (top..rows.len()).zip(list.rows()) {
        let (binding, here) = (rows[at], at == ui.palette.at);
        let key = binding.keys.first().map(|key| key.name()).unwrap_or_default();
        let mark = if here { " ▸ " } else { "   " };
        let tone = if binding.act == Do::Stop { Tone::Bad } else { Tone::Plain };
        let row = Row::of(Tone::Live, mark).say(tone, binding.help);
        let room = usize::from(line.width).saturating_sub(key.chars().count() + 2);
        canvas.row(line, &row.cut(0, room).pad(room + 1).say(Tone::Call, &key), 0);
        if here {
            canvas.select(line);
        }
    }
}
