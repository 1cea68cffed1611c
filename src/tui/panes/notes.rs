//! Notes: what a reviewer must see, the reader's own notes in a replay, and the editor for both.

use crate::tui::paint::Canvas;
use crate::tui::place::{Pane, Tab};
use crate::tui::words::Purpose;
use crate::tui::{Cockpit, Scene};
use crate::view::{Row, Tone};
use ratatui::layout::Rect;

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit) {
    let Some(open) = ui.words.open else { return };
    canvas.clear(area);
    let inner = canvas.frame(area, &Row::of(Tone::Call, &open.title()), Tone::Call, false);
    let place =
        if open == Purpose::Beside { "keeps it beside the record" } else { "writes it into the record" };
    canvas.footnote(area, &Row::of(Tone::Plain, &format!("Ctrl-D {place} · Esc puts it aside")));
    if let Some(editor) = ui.words.editor() {
        let area = super::inset(inner);
        canvas.frame.render_widget(editor.area(), area);
    }
}

/// The pane of notes; in a replay the reader's own stand first.
pub(in crate::tui) fn list(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    let mut rows = Vec::new();
    if !scene.live() {
        let focus = ui.focus == Pane::Work;
        let (own, at) = ui.reading.reviewing.own_notes(ui.reading.note, focus);
        rows.extend(own);
        let scroll = ui.scroll(Tab::Notes);
        // While notes are chosen, the chosen one is in sight.
        if focus && scroll.follow {
            let above = crate::view::wrap(&rows[..at], usize::from(area.width)).len();
            let last = above + crate::view::wrap(&rows[at..=at], usize::from(area.width)).len();
            scroll.top = scroll.top.min(above.saturating_sub(1)).max(last.saturating_sub(area.height.into()));
        }
    }
    rows.extend(crate::view::notes(scene.session));
    canvas.wrapped(area, &rows, ui.scroll(Tab::Notes));
}
