//! The timeline of a replay.

use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Face, Scene};
use crate::view::{Row, Tone, timeline};
use ratatui::layout::Rect;

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &Cockpit, scene: &Scene<'_>) {
    let Face::Replay { entry, of, playing } = scene.status.face else { return };
    if area.is_empty() {
        return;
    }
    let clock = scene.status.now.wall;
    let title =
        Row::of(Tone::Strong, "Timeline").say(Tone::Dim, &format!("  {} {}", clock.date(), clock.clock()));
    let title = title.join(ui.reading.reviewing.title());
    let inner = super::inset(canvas.frame(area, &title, Tone::Dim, false));
    let columns = usize::from(inner.width).saturating_sub(1);
    canvas.rows(inner, &timeline((&ui.marks, &ui.reading.reviewing), entry, of, playing, columns), 0);
    canvas.footnote(area, &ui.reading.reviewing.foot(columns.saturating_sub(4)));
}
