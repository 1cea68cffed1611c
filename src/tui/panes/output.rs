//! Output: the transcript's lines, only those in the window; follows the end unless scrolled up.

use crate::tui::find::Sight;
use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Scene, Tab};
use crate::view::{Row, Tone, output_row, wrap};
use ratatui::layout::Rect;

const SIGHT: Sight = Sight::Tab(Tab::Output);

/// What was on the screen when this pane was drawn last; lines are counted over the whole session.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::tui) struct Seen {
    /// Lines that were left out above.
    dropped: usize,
    /// Lines there were when the end was seen last.
    to: usize,
}

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    let lines = &scene.transcript.lines;
    if lines.is_empty() {
        let words = "Nothing was said yet: statements, notices and the output of suites stream in here.";
        canvas.rows(area, &wrap(&[Row::of(Tone::Dim, words)], usize::from(area.width)), 0);
        return;
    }
    let dropped = usize::try_from(scene.transcript.dropped).unwrap_or(usize::MAX);
    let total = dropped.saturating_add(lines.len());
    let mut scroll = *ui.scroll(Tab::Output);
    let height = usize::from(area.height);
    // What is looked at stays where it is while the oldest lines go.
    scroll.top = scroll.top.saturating_sub(dropped.saturating_sub(ui.output.dropped));
    if scroll.follow {
        scroll.top = lines.len();
    }
    let stands = dropped + scroll.top.min(lines.len().saturating_sub(height));
    let found = ui.find.search(SIGHT, (Some(0), dropped..total, stands), |at, needle| {
        needle.is_in(&lines[at - dropped].text)
    });
    if let Some(found) = found {
        (scroll.top, scroll.follow) = ((found - dropped).saturating_sub(height / 2), false);
    }
    let top = scroll.fit(lines.len(), height, None);
    // Who has scrolled back to the end follows it again.
    scroll.follow |= top + height >= lines.len() && !ui.find.is_on(SIGHT);
    let shown = lines.range(top..lines.len().min(top + height));
    let columns = usize::from(area.width);
    let widest = shown.clone().map(|line| line.text.len() + HEAD).max().unwrap_or(0);
    scroll.left = scroll.left.min(widest.saturating_sub(columns));
    let rows: Vec<Row> = shown.map(|line| output_row(line, scroll.left + columns + 1)).collect();
    canvas.rows(area, &rows, scroll.left);
    ui.find.paint(canvas, area, SIGHT, ui.find.row_of(SIGHT, dropped + top));
    canvas.scrollbar(area, &scroll);
    if scroll.follow || ui.output.to < dropped {
        ui.output.to = total;
    }
    ui.output.dropped = dropped;
    if !scroll.follow && area.height > 0 {
        let below = lines.len().saturating_sub(top + height);
        let new = total.saturating_sub(ui.output.to);
        let new = if new > 0 { format!("{new} new, ") } else { String::new() };
        let row = Row::of(Tone::Warn, &format!(" {new}{below} lines below: End follows again "));
        let width = u16::try_from(row.width()).unwrap_or(0).min(area.width);
        let at = Rect { x: area.right() - width, y: area.bottom() - 1, width, height: 1 };
        canvas.row(at, &row, 0);
    }
    *ui.scroll(Tab::Output) = scroll;
}

/// Columns before a line's text: its time and its shape.
const HEAD: usize = 12;
