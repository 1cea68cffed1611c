//! Changes: what the steps did to the schema.

use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Scene, Tab};
use crate::view::changes;
use ratatui::layout::Rect;

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    let id = ui.subject(scene.session);
    let rows = changes(scene.session, scene.transcript, id.as_deref());
    super::searched(canvas, area, ui, Tab::Changes, &rows);
}
