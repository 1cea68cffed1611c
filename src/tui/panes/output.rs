//! Output: the transcript's lines, only those in the window; follows the end unless scrolled up.

use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Scene, Tab};
use crate::view::{Row, Tone, output_row};
use ratatui::layout::Rect;

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    let lines = &scene.transcript.lines;
    let scroll = ui.scroll(Tab::Output);
    let height = usize::from(area.height);
    if scroll.follow {
        scroll.top = lines.len();
    }
    let top = scroll.fit(lines.len(), height, None);
    // Who has scrolled back to the end follows it again.
    scroll.follow |= top + height >= lines.len();
    let shown = lines.range(top..lines.len().min(top + height));
    let rows: Vec<Row> = shown.map(output_row).collect();
    let widest = rows.iter().map(Row::width).max().unwrap_or(0);
    scroll.left = scroll.left.min(widest.saturating_sub(usize::from(area.width)));
    canvas.rows(area, &rows, scroll.left);
    canvas.scrollbar(area, scroll);
    if lines.is_empty() {
        canvas.row(area, &Row::of(Tone::Dim, "Nothing was said yet."), 0);
    } else if !scroll.follow && area.height > 0 {
        let below = lines.len().saturating_sub(top + height);
        let row = Row::of(Tone::Warn, &format!(" {below} more below: End follows again "));
        let width = u16::try_from(row.width()).unwrap_or(0).min(area.width);
        let at = Rect { x: area.right() - width, y: area.bottom() - 1, width, height: 1 };
        canvas.row(at, &row, 0);
    }
}
