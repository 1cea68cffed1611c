//! The line for a witness's initials; and for who watches, who drives.

use crate::session::Phase;
use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Face, Scene};
use crate::view::{Row, Tone};
use ratatui::layout::{Position, Rect};

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &Cockpit, scene: &Scene<'_>) {
    let Some(line) = &ui.initials else { return };
    let height = 5.min(area.height);
    let area = Rect { y: area.bottom() - height, height, ..area };
    canvas.clear(area);
    let title = scene.session.step(&line.step).map_or(line.step.as_str(), |step| step.title.as_str());
    let which = match line.attempt {
        Some(number) => format!(", attempt {number}"),
        None => ", before it starts".to_owned(),
    };
    let title = Row::of(Tone::Call, "INITIALS ").say(Tone::Strong, title).say(Tone::Dim, &which);
    let inner = super::inset(canvas.frame(area, &title, Tone::Call, false));
    canvas.footnote(area, &Row::of(Tone::Plain, "Enter puts them into the record · Esc leaves"));
    let typed = Row::of(Tone::Strong, "    > ").say(Tone::Good, &line.text);
    let rows = [
        Row::of(Tone::Plain, "You saw what the panes show of it. Type your initials, then Enter."),
        Row::new(),
        typed.clone(),
    ];
    canvas.rows(inner, &rows, 0);
    let x = inner.x + u16::try_from(typed.width()).unwrap_or(0);
    let at = Position { x: x.min(inner.right().saturating_sub(1)), y: (inner.y + 2).min(area.bottom() - 1) };
    canvas.frame.set_cursor_position(at);
}

/// For who watches, when nobody drives: words and what they mean for the eye.
pub(super) fn nobody_drives(scene: &Scene<'_>) -> Option<(Tone, &'static str)> {
    let Face::Watch { driven: false } = scene.status.face else { return None };
    Some(match scene.session.phase {
        Phase::Closed(_) => (Tone::Call, "the session is over; q, then ceremony replay DIR goes through it"),
        _ => (Tone::Warn, "nobody drives: the session can be resumed with ceremony resume DIR"),
    })
}
