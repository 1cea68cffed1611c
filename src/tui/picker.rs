//! The list of sessions before the cockpit: go on with one that was left, start a new one, look at another.
//!
//! ```text
//!  Calendar sync   2 sessions are open
//! ╭ Sessions ──────────────────────────────────────────╮
//! │   NEW      start a new session                      │
//! │ ▸ STOPPED  2026-11-22 15:04  ada  stopped at …      │
//! │   PASS     2026-11-21 09:12  ada  closed: PASS      │
//! ╰─────────────────────────────────────────────────────╯
//! ╭ 20261122-150400-calendar-migrations ────────────────╮
//! │ state   stopped at apply/outbound-sync: …           │
//! │ verdict FAIL so far, 9 of 18 steps are over          │
//! │ next    write the assessment (stage ASSESS)          │
//! ╰─────────────────────────────────────────────────────╯
//!  Enter resume  n new  r replay  p report  q quit
//! ```

use super::keymap::{Context, Do, Go, KEYMAP, Key, PAGE, lookup};
use super::layout::{HEIGHT_MIN, WIDTH_MIN};
use super::paint::{self, Canvas, Scroll};
use super::theme::Theme;
use super::{TermEvent, panes};
use crate::view::{Row, Tone, wrap};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

/// What is listed, and what is known of the line that is selected.
#[derive(Clone, Debug)]
pub struct PickerView<'a> {
    /// What it is all about.
    pub title: &'a Row,
    /// A row for each line of the list.
    pub lines: &'a [Row],
    /// Name of the selected one.
    pub name: &'a str,
    /// What is known of it.
    pub details: &'a [Row],
    /// What can be done about it, and the word for it where that is not the key's own.
    pub offers: &'a [(Go, &'a str)],
}

/// What was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Something about the selected line.
    Go(Go),
    /// To leave.
    Quit,
    /// The shell.
    Suspend,
}

/// State of the list on the screen.
#[derive(Debug)]
pub struct Picker {
    theme: Theme,
    ascii: bool,
    /// The selected line.
    pub selected: usize,
    /// Said at the bottom until the next key.
    pub message: Option<String>,
    scroll: Scroll,
    small: bool,
}

impl Picker {
    /// A list with line `selected` selected.
    pub fn new(theme: Theme, ascii: bool, selected: usize) -> Self {
        Self { theme, ascii, selected, message: None, scroll: Scroll::default(), small: false }
    }

    /// Draws a frame. Any size will do.
    pub fn draw(&mut self, frame: &mut Frame<'_>, view: &PickerView<'_>) {
        let area = frame.area();
        let mut canvas = Canvas { frame, theme: self.theme };
        self.small = area.width < WIDTH_MIN || area.height < HEIGHT_MIN;
        if self.small {
            let words =
                format!("The list of sessions needs {WIDTH_MIN} columns and {HEIGHT_MIN} rows. q leaves.");
            let rows = wrap(&[Row::of(Tone::Warn, &words)], usize::from(area.width));
            canvas.rows(area, &rows, 0);
        } else {
            self.draw_all(&mut canvas, area, view);
        }
        if self.ascii {
            paint::to_ascii(frame.buffer_mut());
        }
    }

    fn draw_all(&mut self, canvas: &mut Canvas<'_, '_>, area: Rect, view: &PickerView<'_>) {
        let details = wrap(view.details, usize::from(area.width.saturating_sub(4)));
        let lines = u16::try_from(view.lines.len()).unwrap_or(u16::MAX).saturating_add(2).max(5);
        // The list has the room it needs as long as what is known of the selected line can be read.
        let wanted = u16::try_from(details.len()).unwrap_or(u16::MAX).saturating_add(2);
        let free = area.height.saturating_sub(2);
        let below = wanted.min(free.saturating_sub(5)).max(free.saturating_sub(lines).min(wanted));
        let [header, list, below, hints] = area.layout(&Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(lines.min(free.saturating_sub(below))),
            Constraint::Length(below),
            Constraint::Fill(1),
        ]));
        canvas.row(header, view.title, 0);
        let inner = canvas.frame(list, &Row::of(Tone::Strong, "Sessions"), Tone::Live, false);
        let top = self.scroll.fit(view.lines.len(), usize::from(inner.height), Some(self.selected));
        for (at, line) in view.lines.iter().enumerate().skip(top).take(usize::from(inner.height)) {
            let y = inner.y + u16::try_from(at - top).unwrap_or(0);
            let place = Rect { y, height: 1, ..inner };
            let here = at == self.selected;
            let mark = Row::of(Tone::Call, if here { " ▸ " } else { "   " });
            canvas.row(place, &mark.join(line.clone()), 0);
            if here {
                canvas.style(
                    place,
                    ratatui::style::Style::new().add_modifier(ratatui::style::Modifier::REVERSED),
                );
            }
        }
        canvas.scrollbar(inner, &self.scroll);
        let inner = canvas.frame(below, &Row::of(Tone::Strong, view.name), Tone::Dim, false);
        canvas.rows(panes::inset(inner), &details, 0);
        let last = Rect { y: hints.bottom().saturating_sub(1), height: 1, ..hints };
        let row = match &self.message {
            Some(message) => Row::of(Tone::Warn, &format!(" {message}")),
            None => hint_row(view),
        };
        canvas.row(last, &row, 0);
    }

    /// Takes an event of the terminal, with so many lines listed.
    pub fn on_event(&mut self, event: &TermEvent, lines: usize) -> Option<Pick> {
        let TermEvent::Key(key) = event else { return None };
        let key = Key::of(key)?;
        self.message = None;
        let last = lines.saturating_sub(1);
        match lookup(key, &[Context::Picker, Context::Always])? {
            Do::Quit => return Some(Pick::Quit),
            Do::Suspend => return Some(Pick::Suspend),
            _ if self.small => {}
            Do::Go(go) => return Some(Pick::Go(go)),
            Do::Rows(rows) => {
                let page = isize::try_from(self.scroll.page).unwrap_or(1);
                let rows = if rows.abs() == PAGE { rows.signum() * page } else { rows };
                self.selected = self.selected.saturating_add_signed(rows).min(last);
            }
            Do::First => self.selected = 0,
            Do::Last => self.selected = last,
            _ => {}
        }
        // The window follows the selected line.
        self.scroll.follow = true;
        None
    }
}

/// The keys that do something now.
fn hint_row(view: &PickerView<'_>) -> Row {
    let rows = KEYMAP.iter().filter(|binding| binding.context == Context::Picker).filter_map(|binding| {
        let hint = match binding.act {
            Do::Go(go) => match view.offers.iter().find(|(offer, _)| *offer == go)?.1 {
                "" => binding.hint?,
                word => word,
            },
            _ => binding.hint?,
        };
        let key = binding.keys.first()?.name();
        Some(Row::of(Tone::Call, &format!(" {key}")).say(Tone::Dim, &format!(" {hint} ")))
    });
    rows.fold(Row::of(Tone::Dim, " ↑↓ "), Row::join)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn shown(columns: u16, rows: u16, count: usize, selected: usize) -> String {
        let lines: Vec<Row> = (0..count).map(|at| Row::of(Tone::Plain, &format!("line {at}"))).collect();
        let details: Vec<Row> = ["state", "verdict", "next", "driven", "on"]
            .iter()
            .map(|label| Row::labelled(label, Tone::Plain, "some words that are said about it"))
            .collect();
        let view = PickerView {
            title: &Row::of(Tone::Strong, " Some ceremony"),
            lines: &lines,
            name: "20261122-150400-some",
            details: &details,
            offers: &[(Go::Next, "resume"), (Go::New, ""), (Go::Replay, "")],
        };
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        let mut picker = Picker::new(Theme::dark(), false, selected);
        terminal.draw(|frame| picker.draw(frame, &view)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn the_selected_line_and_what_is_known_of_it_are_on_every_screen() {
        for (columns, rows) in [(60, 16), (80, 24), (160, 50)] {
            for (count, selected) in [(2, 1), (40, 0), (40, 20), (1000, 999)] {
                let text = shown(columns, rows, count, selected);
                for words in [
                    &format!("▸ line {selected} "),
                    "state   some",
                    "on      some",
                    "Enter resume",
                    "n new",
                    "q quit",
                ] {
                    assert!(text.contains(words), "{words} is not on\n{text}");
                }
                assert!(!text.contains("sign"), "what cannot be done is not offered\n{text}");
            }
        }
        assert!(shown(59, 16, 2, 1).contains("needs 60 columns"));
        insta::assert_snapshot!("picker_60x16", shown(60, 16, 40, 20));
    }

    #[test]
    fn every_row_of_the_keymap_does_something() {
        let rows = KEYMAP.iter().filter(|binding| binding.context == Context::Picker);
        for key in rows.flat_map(|binding| binding.keys) {
            let mut picker = Picker::new(Theme::dark(), false, 50);
            picker.scroll.fit(100, 10, Some(50));
            let pick = picker.on_event(&Event::Key(key.event()), 100);
            assert!(pick.is_some() || picker.selected != 50, "{} does nothing", key.name());
        }
    }

    #[test]
    fn keys() {
        let mut picker = Picker::new(Theme::dark(), false, 1);
        let mut press = |code: KeyCode| {
            let pick = picker.on_event(&Event::Key(KeyEvent::new(code, KeyModifiers::NONE)), 3);
            (pick, picker.selected)
        };
        assert_eq!(press(KeyCode::Down), (None, 2));
        assert_eq!(press(KeyCode::Down), (None, 2));
        assert_eq!(press(KeyCode::Home), (None, 0));
        assert_eq!(press(KeyCode::Up), (None, 0));
        assert_eq!(press(KeyCode::Enter), (Some(Pick::Go(Go::Next)), 0));
        assert_eq!(press(KeyCode::Char('r')), (Some(Pick::Go(Go::Replay)), 0));
        assert_eq!(press(KeyCode::Char('q')), (Some(Pick::Quit), 0));
    }
}
