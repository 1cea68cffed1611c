//! Results: one table at a time, the latest unless another is chosen; a row can be opened.

use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Scene, Tab};
use crate::view::{Row, Tone, result_opened, results, wrap};
use ratatui::layout::Rect;

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    let tables = &scene.transcript.tables;
    let at = ui.result.unwrap_or(usize::MAX).min(tables.len().saturating_sub(1));
    let Some(table) = tables.get(at) else {
        canvas.row(area, &Row::of(Tone::Dim, "No query has returned yet."), 0);
        return;
    };
    let opened = ui.opened;
    let scroll = ui.scroll(Tab::Results);
    if opened {
        let rows = wrap(&result_opened(table, scroll.top), usize::from(area.width));
        canvas.rows(area, &rows, 0);
        (scroll.total, scroll.page) = (table.result.rows.len(), 1);
        return;
    }
    // Title, verdict, heads of the columns and a rule stand above the rows.
    let height = usize::from(area.height).saturating_sub(5);
    let top = scroll.fit(table.result.rows.len(), height, None);
    let columns = table.result.columns.len();
    scroll.left = scroll.left.min(columns.saturating_sub(1) * 8);
    let view = results(table, top, height, scroll.left / 8);
    let mut keys = format!("{} of {}", at + 1, tables.len());
    if tables.len() > 1 {
        keys.push_str("  [ ] others");
    }
    if !table.result.rows.is_empty() {
        keys.push_str("  Enter opens a row");
    }
    let [title, verdict] =
        [view.title.clone(), view.verdict.cut(0, usize::from(area.width) * 2 - usize::from(area.width) / 6)]
            .map(|row| wrap(std::slice::from_ref(&row), usize::from(area.width)));
    let mut rows = title;
    rows.extend(verdict.into_iter().take(2));
    rows.push(Row::new());
    rows.push(view.head.clone());
    rows.push(Row::of(Tone::Dim, &"─".repeat(view.head.width().min(usize::from(area.width)))));
    rows.extend(view.rows);
    canvas.rows(area, &rows, 0);
    let place = Rect { x: area.x.saturating_sub(2), width: area.width + 3, height: area.height + 1, ..area };
    canvas.footnote(place, &Row::of(Tone::Dim, &keys));
    canvas.scrollbar(area, ui.scroll(Tab::Results));
}
