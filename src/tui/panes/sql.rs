//! SQL: the scripts of the step, with the statement that was sent last and the error marked.

use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Scene, Tab};
use crate::view::{Row, Tone, sql, sql_row};
use ratatui::layout::Rect;

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    let Some(id) = ui.subject(scene.session) else { return };
    let (lines, focus) = sql(scene.session, scene.transcript, &id);
    let scroll = ui.scroll(Tab::Sql);
    if lines.is_empty() {
        canvas.row(area, &Row::of(Tone::Dim, "This step sends no script."), 0);
        return;
    }
    let height = usize::from(area.height);
    let top = scroll.fit(lines.len(), height, focus);
    let rows: Vec<Row> = lines[top..lines.len().min(top + height)].iter().map(sql_row).collect();
    let widest = rows.iter().map(Row::width).max().unwrap_or(0);
    scroll.left = scroll.left.min(widest.saturating_sub(usize::from(area.width)));
    canvas.rows(area, &rows, scroll.left);
    canvas.scrollbar(area, scroll);
}
