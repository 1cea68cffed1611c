//! SQL: the scripts of the step, with the statement that was sent last and the error marked.

use crate::tui::find::Sight;
use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Scene, Tab};
use crate::view::{Inside, Row, SqlLine, Tone, caret, sql, sql_pass, sql_row, wrap};
use ratatui::layout::Rect;

const SIGHT: Sight = Sight::Tab(Tab::Sql);

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    let Some(id) = ui.subject(scene.session) else { return };
    let (lines, focus) = sql(scene.session, scene.transcript, &id, usize::from(area.width));
    if lines.is_empty() {
        let words =
            "This step sends no script: it looks, or runs programs. The checklist chooses another step.";
        canvas.rows(area, &wrap(&[Row::of(Tone::Dim, words)], usize::from(area.width)), 0);
        return;
    }
    let (height, columns) = (usize::from(area.height), usize::from(area.width));
    let mut scroll = *ui.scroll(Tab::Sql);
    // An error is gone to once, wherever one was; from then on the pane stays where it is put.
    let fault = focus.and_then(|at| Some((id.clone(), at, caret(&lines[at])?)));
    if fault.is_some() && fault != ui.fault {
        (scroll.follow, scroll.left) = (true, 0);
        if let Some((.., caret)) = fault
            && caret + 2 > columns
        {
            scroll.left = caret - columns / 2;
        }
    }
    ui.fault = fault;
    let found = ui.find.search(SIGHT, (None, 0..lines.len(), scroll.top), |at, needle| match &lines[at] {
        SqlLine::Text { text, .. } => needle.is_in(text),
        SqlLine::Title(text, _) | SqlLine::Words(text) | SqlLine::Error { words: text, .. } => {
            needle.is_in(text)
        }
    });
    if let Some(found) = found {
        (scroll.top, scroll.follow) = (found.saturating_sub(height / 2), false);
    }
    let top = scroll.fit(lines.len(), height, focus);
    let mut inside = Inside::default();
    lines[..top].iter().for_each(|line| sql_pass(line, &mut inside));
    let shown = &lines[top..lines.len().min(top + height)];
    let rows: Vec<Row> = shown.iter().map(|line| sql_row(line, &mut inside, scroll.left + columns)).collect();
    let widest = rows.iter().map(Row::width).max().unwrap_or(0);
    scroll.left = scroll.left.min(widest.saturating_sub(columns));
    canvas.rows(area, &rows, scroll.left);
    ui.find.paint(canvas, area, SIGHT, ui.find.row_of(SIGHT, top));
    canvas.scrollbar(area, &scroll);
    *ui.scroll(Tab::Sql) = scroll;
}
