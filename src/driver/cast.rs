//! The cockpit as an asciicast v3: the frames of a replay, as a terminal player shows them.
//!
//! Format: <https://docs.asciinema.org/manual/asciicast/v3/>. The escape sequences are written here and not by a
//! terminal library, which would look at the environment: the same record gives the same bytes.

use super::follow;
use super::replay::Player;
use crate::journal::{Entry, head_words};
use crate::session::{Event, GateKind, Phase, Session};
use crate::tui::{Cockpit, Face, Status, Theme};
use crate::view::{TimelineKind, TimelineMark, Transcript, timeline_marks};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::fmt::Write;

/// Frames that follow each other faster than this are drawn as one, microseconds.
const FRAME_MIN_US: u64 = 33_000;
/// What is marked stays on the screen for at least so long, microseconds.
const MARK_MIN_US: u64 = 400_000;

/// The screen of a recording.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
    /// A pause is at most so long, microseconds.
    pub idle_us: u64,
}

/// The whole record as a cast. `player` ends at its last entry.
pub fn cast(player: &Player, screen: Screen) -> String {
    let Screen { columns, rows, idle_us } = screen;
    let Ok(mut terminal) = Terminal::new(TestBackend::new(columns, rows));
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    let marks = timeline_marks(player.entries());
    cockpit.set_marks(marks.clone());
    let words = head_words(&player.head);
    let count = player.entries().len();
    let mut out = header(player, screen);
    let mut shown = Buffer::empty(terminal.backend().buffer().area);
    // Nothing is known of a fresh screen but that it can be cleared.
    let mut text = String::from("\x1b[?25l\x1b[0m\x1b[2J");
    let mut drawn_us = player.entries().first().map_or(0, |entry| entry.m);
    let mut least_us = 0;
    let (mut session, mut transcript) = start(player);
    for (at, entry) in (1..).zip(player.entries()) {
        // The player has been there: every entry fits.
        let Ok(()) = follow(&mut session, &mut transcript, entry) else { break };
        let label = label(entry, &marks, &session);
        let gap_us = entry.m.saturating_sub(drawn_us);
        if at > 1 && at < count && label.is_none() && gap_us < FRAME_MIN_US {
            continue;
        }
        let status = Status {
            face: Face::Replay { entry: at, of: count, playing: at < count },
            now: entry.at(),
            entries: count as u64,
            head_words: &words,
            error: None,
        };
        let Ok(_) = terminal.draw(|frame| cockpit.draw(frame, &session, &transcript, &status));
        let buffer = terminal.backend().buffer();
        paint(&mut text, &shown, buffer);
        shown.clone_from(buffer);
        let wait_us = gap_us.max(least_us).min(idle_us);
        event(&mut out, wait_us, "o", &std::mem::take(&mut text));
        least_us = 0;
        if let Some(label) = label {
            event(&mut out, 0, "m", &label);
            least_us = MARK_MIN_US;
        }
        drawn_us = entry.m;
    }
    event(&mut out, idle_us, "o", "\x1b[0m");
    event(&mut out, 0, "x", if session.verdict().is_good() { "0" } else { "4" });
    out
}

/// Before the first entry.
fn start(player: &Player) -> (Session, Transcript) {
    (Session::new(player.session.plan.clone()), Transcript::default())
}

fn header(player: &Player, screen: Screen) -> String {
    let entry = player.entries().first();
    let seconds = entry.map_or(0, |entry| entry.t.as_micros() / 1_000_000);
    let title = crate::view::clean_line(&player.session.plan.ceremony.title);
    let title = serde_json::Value::from(title);
    let Screen { columns, rows, .. } = screen;
    let term = format!("{{\"cols\": {columns}, \"rows\": {rows}, \"type\": \"xterm-256color\"}}");
    format!("{{\"version\": 3, \"term\": {term}, \"timestamp\": {seconds}, \"title\": {title}}}\n")
}

/// An event, `wait_us` microseconds after the one before.
fn event(out: &mut String, wait_us: u64, code: &str, data: &str) {
    let data = crate::view::json_text(&serde_json::Value::from(data).to_string());
    let _ = writeln!(out, "[{}.{:06}, \"{code}\", {data}]", wait_us / 1_000_000, wait_us % 1_000_000);
}

/// What a marker says at this entry, if it has one: gates, stops, findings, failed checks, the sign-off and the end.
fn label(entry: &Entry, marks: &[TimelineMark], session: &Session) -> Option<String> {
    let closed = entry.events.iter().any(|event| matches!(event, Event::Closed { .. }));
    if closed {
        return Some(format!("the end: {}", session.verdict().word()));
    }
    let at = marks.binary_search_by_key(&entry.n, |mark| mark.entry).ok()?;
    let kind = marks[at].kind;
    if let (TimelineKind::Gate, Phase::Gate(gate)) = (kind, &session.phase) {
        let what = if gate.kind == GateKind::Commit { "commit gate" } else { "gate" };
        let id = gate.id.trim_end_matches(" commit");
        return Some(format!("{what}: {}", crate::view::clean_line(id)));
    }
    let said = entry.events.iter().find_map(|event| match (kind, event) {
        (TimelineKind::Halt, Event::Halted { halt }) => Some(halt.cause.words()),
        (TimelineKind::Finding, Event::FindingRaised { what }) => Some(what.clone()),
        (TimelineKind::Failed, Event::CheckJudged { check, verdict, .. }) if !verdict.is_good() => {
            Some(check.clone())
        }
        (TimelineKind::Note, Event::NoteTaken { words }) => Some(words.clone()),
        _ => None,
    });
    let said = crate::view::clean_line(&said.unwrap_or_default());
    Some(format!("{}: {said}", kind.word()).trim_end_matches(": ").to_owned())
}

/// The escape sequences that turn `before` into `after`.
fn paint(out: &mut String, before: &Buffer, after: &Buffer) {
    let mut pen = (Color::Reset, Color::Reset, Modifier::empty());
    let mut next: Option<(u16, u16)> = None;
    for (x, y, cell) in before.diff(after) {
        if next != Some((x, y)) {
            let _ = write!(out, "\x1b[{};{}H", y + 1, x + 1);
        }
        let wanted = (cell.fg, cell.bg, cell.modifier);
        if wanted != pen {
            colours(out, cell);
            pen = wanted;
        }
        out.push_str(cell.symbol());
        let columns = u16::try_from(crate::view::width(cell.symbol())).unwrap_or(1).max(1);
        // Behind the last column a terminal may or may not have moved on.
        next = (x + columns < after.area.width).then_some((x + columns, y));
    }
    if pen != (Color::Reset, Color::Reset, Modifier::empty()) {
        out.push_str("\x1b[0m");
    }
}

/// Sets colours and weights from nothing.
fn colours(out: &mut String, cell: &Cell) {
    out.push_str("\x1b[0");
    for (modifier, code) in [
        (Modifier::BOLD, 1),
        (Modifier::DIM, 2),
        (Modifier::ITALIC, 3),
        (Modifier::UNDERLINED, 4),
        (Modifier::REVERSED, 7),
        (Modifier::CROSSED_OUT, 9),
    ] {
        if cell.modifier.contains(modifier) {
            let _ = write!(out, ";{code}");
        }
    }
    colour(out, cell.fg, 30);
    colour(out, cell.bg, 40);
    out.push('m');
}

/// One of the sixteen colours, an indexed one or an exact one; `base` is 30 for the text, 40 for the ground.
fn colour(out: &mut String, colour: Color, base: u8) {
    let number = match colour {
        Color::Reset => return,
        Color::Indexed(index) => {
            let _ = write!(out, ";{};5;{index}", base + 8);
            return;
        }
        Color::Rgb(red, green, blue) => {
            let _ = write!(out, ";{};2;{red};{green};{blue}", base + 8);
            return;
        }
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 60,
        Color::LightRed => 61,
        Color::LightGreen => 62,
        Color::LightYellow => 63,
        Color::LightBlue => 64,
        Color::LightMagenta => 65,
        Color::LightCyan => 66,
        Color::White => 67,
    };
    let _ = write!(out, ";{}", base + number);
}

#[cfg(test)]
mod tests;
