//! The editor for words that go into the record.

use crate::tui::Cockpit;
use crate::tui::paint::Canvas;
use crate::view::{Row, Tone};
use ratatui::layout::Rect;

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit) {
    let Some(open) = ui.words.open else { return };
    canvas.clear(area);
    let inner = canvas.frame(area, &Row::of(Tone::Call, &open.title()), Tone::Call, false);
    canvas.footnote(area, &Row::of(Tone::Plain, "Ctrl-D writes it into the record · Esc puts it aside"));
    if let Some(editor) = ui.words.editor() {
        let area = super::inset(inner);
        canvas.frame.render_widget(editor.area(), area);
    }
}
