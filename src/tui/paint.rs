//! Rows onto cells: frames, windows of rows, bars that show where one is, and the ASCII form of every shape.

use super::theme::Theme;
use crate::view::{Row, Tone};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::style::Style;
use ratatui::symbols::border;

/// What panes are drawn on.
pub(super) struct Canvas<'c, 'f> {
    pub frame: &'c mut Frame<'f>,
    pub theme: Theme,
}

/// How far a pane is scrolled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scroll {
    /// First row of the window.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Keeps to the end (or to what matters) as the pane grows.
    pub follow: bool,
    /// Rows of the window when it was drawn last.
    pub page: usize,
    /// Rows there were when it was drawn last.
    pub total: usize,
}

impl Default for Scroll {
    fn default() -> Self {
        Self { top: 0, left: 0, follow: true, page: 1, total: 0 }
    }
}

impl Scroll {
    /// Fits the window to what there is; `focus` is the row that is shown while it follows.
    pub fn fit(&mut self, total: usize, page: usize, focus: Option<usize>) -> usize {
        (self.total, self.page) = (total, page.max(1));
        let last = total.saturating_sub(page);
        if self.follow
            && let Some(focus) = focus
        {
            self.top = focus.saturating_sub(page / 2);
        }
        self.top = self.top.min(last);
        self.top
    }

    /// Moves by rows.
    pub fn by(&mut self, rows: isize) {
        let last = self.total.saturating_sub(self.page);
        self.top = self.top.saturating_add_signed(rows).min(last);
        self.follow = false;
    }

    /// Moves by columns.
    pub fn sideways(&mut self, columns: isize) {
        self.left = self.left.saturating_add_signed(columns);
    }
}

impl Canvas<'_, '_> {
    pub fn buffer(&mut self) -> &mut Buffer {
        self.frame.buffer_mut()
    }

    /// One row at the top of `area`, from column `skip` on.
    pub fn row(&mut self, area: Rect, row: &Row, skip: usize) {
        let area = area.intersection(self.frame.area());
        if area.is_empty() {
            return;
        }
        let theme = self.theme;
        let mut x = area.x;
        for piece in &row.cut(skip, usize::from(area.width)).pieces {
            let room = usize::from(area.right().saturating_sub(x));
            (x, _) = self.buffer().set_stringn(x, area.y, &piece.text, room, theme.style(piece.tone));
        }
    }

    /// Rows from the top of `area` down.
    pub fn rows(&mut self, area: Rect, rows: &[Row], skip: usize) {
        for (row, line) in rows.iter().zip(area.rows()) {
            self.row(line, row, skip);
        }
    }

    /// A window of wrapped rows that can be scrolled.
    pub fn wrapped(&mut self, area: Rect, rows: &[Row], scroll: &mut Scroll) {
        let wrapped = crate::view::wrap(rows, usize::from(area.width));
        let top = scroll.fit(wrapped.len(), usize::from(area.height), None);
        self.rows(area, &wrapped[top..], 0);
        self.scrollbar(area, scroll);
    }

    /// A frame with a title; returns what is inside.
    pub fn frame(&mut self, area: Rect, title: &Row, tone: Tone, focus: bool) -> Rect {
        let set = if tone == Tone::Bad { border::DOUBLE } else { border::ROUNDED };
        let style = self.theme.style(match (focus, tone) {
            (true, Tone::Dim) => Tone::Live,
            _ => tone,
        });
        let block = ratatui::widgets::Block::bordered().border_set(set).border_style(style);
        let inner = block.inner(area);
        self.frame.render_widget(block, area);
        let room = area.inner(Margin::new(1, 0));
        if area.height > 0 && area.width > 4 {
            let title = Row::of(Tone::Plain, " ").join(title.clone()).say(Tone::Plain, " ");
            let title = title.cut(0, usize::from(room.width));
            let at = Rect { height: 1, ..room };
            self.row(at, &title, 0);
            if focus {
                let width = u16::try_from(title.width()).unwrap_or(room.width).min(room.width);
                let style = self.theme.badge(Tone::Live);
                self.buffer().set_style(Rect { width, ..at }, style);
            }
        }
        inner
    }

    /// Words at the right end of a frame's lower edge.
    pub fn footnote(&mut self, area: Rect, row: &Row) {
        let width = u16::try_from(row.width() + 2).unwrap_or(u16::MAX);
        if area.height < 2 || area.width < width + 4 {
            return;
        }
        let row = Row::of(Tone::Dim, " ").join(row.clone()).say(Tone::Dim, " ");
        let at = Rect { x: area.right() - width - 2, y: area.bottom() - 1, width, height: 1 };
        self.row(at, &row, 0);
    }

    /// A mark on the right edge of a pane's frame that shows where the window is.
    pub fn scrollbar(&mut self, area: Rect, scroll: &Scroll) {
        if scroll.total <= scroll.page || area.height < 2 {
            return;
        }
        let last = scroll.total - scroll.page;
        let at = scroll.top.min(last) * usize::from(area.height - 1) / last;
        let y = area.y + u16::try_from(at).unwrap_or(0);
        let style = self.theme.style(Tone::Live);
        if let Some(cell) = self.buffer().cell_mut(Position::new(area.right(), y)) {
            cell.set_symbol("█").set_style(style);
        }
    }

    /// Fills an area with spaces.
    pub fn clear(&mut self, area: Rect) {
        self.frame.render_widget(ratatui::widgets::Clear, area);
    }

    pub fn style(&mut self, area: Rect, style: Style) {
        let area = area.intersection(self.frame.area());
        self.buffer().set_style(area, style);
    }
}

/// Replaces every shape by one that each terminal can draw.
pub(super) fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let plain = ascii(cell.symbol().chars().next().unwrap_or('?'));
            cell.set_symbol(plain);
        }
    }
}

fn ascii(shape: char) -> &'static str {
    match shape {
        '─' | '═' | '━' | '–' => "-",
        '│' | '║' => "|",
        '╭'..='╰' | '┌'..='┼' | '╔'..='╬' => "+",
        '✓' => "+",
        '✗' => "x",
        '≠' => "%",
        '▶' | '▸' | '→' => ">",
        '●' | '◆' => "@",
        '■' | '█' => "#",
        '○' | '·' => ".",
        '◂' | '←' => "<",
        '↑' => "^",
        '↓' => "v",
        '…' => "~",
        '“' | '”' => "\"",
        '◐' => "|",
        '◓' => "/",
        '◑' => "-",
        '◒' => "\\",
        _ => "?",
    }
}
