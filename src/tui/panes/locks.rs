//! Locks: who waits for whom, what the step holds, how far its statement is.

use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Scene, Tab};
use crate::view::locks;
use ratatui::layout::Rect;

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    let rows = locks(scene.session, scene.transcript, scene.status.now, usize::from(area.width));
    super::searched(canvas, area, ui, Tab::Locks, &rows);
}
