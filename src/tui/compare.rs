//! Two sessions side by side on the whole screen: a line for each step, opened to what differs in it.

use super::keymap::{Context, Do, KEYMAP, Key, PAGE, lookup};
use super::layout::{HEIGHT_MIN, WIDTH_MIN};
use super::paint::{Canvas, Scroll, to_ascii};
use super::{Action, TermEvent, Theme, panes};
use crate::view::{
    ASIDES, CompareRow, CompareShow, Comparison, Likeness, Row, Tone, compare_rows, compare_summary,
};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use std::collections::BTreeSet;

/// What is on the screen of a comparison: nothing of it is anybody's record.
#[derive(Debug)]
pub struct Compare {
    comparison: Comparison,
    theme: Theme,
    ascii: bool,
    only: bool,
    help: bool,
    opened: BTreeSet<usize>,
    /// The row on which the cursor stands.
    at: usize,
    scroll: Scroll,
    help_scroll: Scroll,
    columns: usize,
}

impl Compare {
    /// The comparison with everything closed, at its first difference that counts.
    pub fn new(comparison: Comparison, theme: Theme, ascii: bool) -> Self {
        let scroll = Scroll { follow: false, ..Scroll::default() };
        Self {
            comparison,
            theme,
            ascii,
            only: false,
            help: false,
            opened: BTreeSet::new(),
            at: 0,
            scroll,
            help_scroll: scroll,
            columns: 80,
        }
    }

    fn rows(&self) -> Vec<CompareRow> {
        let show = if self.only { CompareShow::Differing } else { CompareShow::All };
        compare_rows(&self.comparison, self.columns, show, |item| self.opened.contains(&item))
    }

    /// Draws a frame. Any size will do.
    pub fn draw(&mut self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let mut canvas = Canvas { frame, theme: self.theme };
        if area.width < WIDTH_MIN || area.height < HEIGHT_MIN {
            let words = format!("Two sessions need {WIDTH_MIN} columns and {HEIGHT_MIN} rows; q leaves.");
            canvas.rows(area, &Row::of(Tone::Warn, &words).wrap(usize::from(area.width)), 0);
        } else {
            self.draw_all(&mut canvas, area);
        }
        if self.ascii {
            to_ascii(frame.buffer_mut());
        }
    }

    fn draw_all(&mut self, canvas: &mut Canvas<'_, '_>, area: Rect) {
        let [top, names, body, hints] = area.layout(&Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(2),
            Constraint::Fill(1),
            Constraint::Length(1),
        ]));
        let word = Row::of(Tone::Strong, " COMPARE ");
        canvas.row(top, &word.clone().say(Tone::Plain, "  ").join(compare_summary(&self.comparison)), 0);
        let badge = Rect { width: u16::try_from(word.width()).unwrap_or(0), ..top };
        let style = canvas.theme.badge(Tone::Call);
        canvas.style(badge, style);
        let name = |of: &str, name: &str| Row::of(Tone::Call, &format!(" {of} ")).say(Tone::Plain, name);
        let (a, b) = &self.comparison.names;
        canvas.rows(names, &[name("A", a), name("B", b)], 0);
        let title = if self.only { "Only what differs and counts" } else { "Step by step" };
        let inner = canvas.frame(body, &Row::of(Tone::Strong, title), Tone::Dim, false);
        if self.help {
            canvas.wrapped(
                panes::inset(inner),
                &panes::help::rows(&[Context::Compare]),
                &mut self.help_scroll,
            );
        } else {
            self.draw_rows(canvas, inner);
        }
        canvas.footnote(body, &Row::of(Tone::Dim, ASIDES));
        let hint = |row: Row, (key, words): (String, &str)| {
            row.say(Tone::Call, &format!(" {key}")).say(Tone::Dim, &format!(" {words} "))
        };
        let bindings = KEYMAP.iter().filter(|binding| binding.context == Context::Compare);
        let keys = bindings.filter_map(|binding| Some((binding.keys.first()?.name(), binding.hint?)));
        canvas.row(hints, &keys.fold(Row::new(), hint), 0);
    }

    fn draw_rows(&mut self, canvas: &mut Canvas<'_, '_>, area: Rect) {
        // What is opened stays under the cursor when the width changes.
        let columns = usize::from(area.width);
        if columns != self.columns {
            let item = self.item();
            self.columns = columns;
            self.stand_on(item);
        }
        let rows = self.rows();
        self.at = self.at.min(rows.len().saturating_sub(1));
        let page = usize::from(area.height);
        let top = self.scroll.fit(rows.len(), page, None);
        // The cursor pulls the window along.
        self.scroll.top = top.clamp((self.at + 1).saturating_sub(page), self.at);
        let top = self.scroll.fit(rows.len(), page, None);
        if rows.is_empty() {
            canvas.row(area, &Row::of(Tone::Good, " Nothing differs in what counts; d shows all."), 0);
        }
        for (line, shown) in rows.iter().skip(top).zip(area.rows()) {
            canvas.row(shown, &line.row, 0);
        }
        if let Some(line) = area.rows().nth(self.at - top.min(self.at)).filter(|_| !rows.is_empty()) {
            let style = canvas.theme.badge(Tone::Live);
            canvas.style(Rect { width: 3.min(line.width), ..line }, style);
        }
        canvas.scrollbar(area, &self.scroll);
    }

    /// Takes an event of the terminal.
    pub fn on_event(&mut self, event: &TermEvent) -> Option<Action> {
        let TermEvent::Key(event) = event else { return None };
        let act = lookup(Key::of(event)?, &[Context::Compare])?;
        let rows = self.rows();
        let last = rows.len().saturating_sub(1);
        match act {
            Do::Quit if self.help => self.help = false,
            Do::Quit => return Some(Action::Quit),
            Do::Suspend => return Some(Action::Suspend),
            Do::Help => self.help = !self.help,
            Do::Rows(by) if self.help => self.help_scroll.by(by.clamp(-10, 10)),
            _ if self.help => {}
            Do::Rows(by) => {
                let page = isize::try_from(self.scroll.page).unwrap_or(1);
                let by = if by.abs() == PAGE { by.signum() * page } else { by };
                self.at = self.at.saturating_add_signed(by).min(last);
            }
            Do::First => self.at = 0,
            Do::Last => self.at = last,
            Do::Open => {
                if let Some(item) = self.item() {
                    if !self.opened.remove(&item) {
                        self.opened.insert(item);
                    }
                    self.stand_on(Some(item));
                }
            }
            Do::OnlyDifferences => {
                let item = self.item();
                self.only = !self.only;
                self.stand_on(item);
            }
            Do::Difference(way) => self.seek(way),
            _ => {}
        }
        None
    }

    /// The item under the cursor.
    fn item(&self) -> Option<usize> {
        self.rows().get(self.at).map(|row| row.item)
    }

    /// Puts the cursor on an item's first row; on the one after it, where it is not shown.
    fn stand_on(&mut self, item: Option<usize>) {
        let Some(item) = item else { return };
        let rows = self.rows();
        let found = rows.iter().position(|row| row.head && row.item >= item);
        self.at = found.unwrap_or(rows.len().saturating_sub(1));
    }

    /// To the next item that differs in what counts, which is opened; stays where there is none.
    fn seek(&mut self, way: isize) {
        let here = self.item().unwrap_or(0);
        let differs = |at: &usize| self.comparison.items[*at].likeness() == Likeness::Differs;
        let mut all = 0..self.comparison.items.len();
        // On the first one, still closed, it is itself what comes next.
        let fresh = !self.opened.contains(&here);
        let found = if way > 0 {
            all.find(|at| differs(at) && (*at > here || *at == here && fresh))
        } else {
            all.rev().find(|at| differs(at) && *at < here)
        };
        if let Some(at) = found {
            self.opened.insert(at);
            self.stand_on(Some(at));
            // As much of it as there is room for.
            self.scroll.top = self.at.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests;
