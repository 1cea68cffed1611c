//! The checklist: only the rows that are in the window are made.

use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Pane, Scene};
use crate::view::{Item, Row, Tone, checklist, checklist_row, header};
use ratatui::layout::Rect;

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    if area.is_empty() {
        return;
    }
    let focus = ui.focus == Pane::Checklist;
    let inner = canvas.frame(area, &Row::of(Tone::Strong, "Checklist"), Tone::Dim, focus);
    let (done, of) = header(scene.session, scene.status.now).progress;
    canvas.footnote(area, &Row::of(Tone::Dim, &format!("{done} of {of} done")));
    let items = checklist(scene.session);
    let subject = ui.subject(scene.session);
    let here =
        items.iter().position(|item| matches!(item, Item::Step(id) if Some(*id) == subject.as_deref()));
    let height = usize::from(inner.height);
    ui.list_scroll.follow = true;
    let top = ui.list_scroll.fit(items.len(), height, here);
    let inner = super::inset(inner);
    for (at, line) in (top..items.len()).zip(inner.rows()) {
        let row = checklist_row(
            scene.session,
            &items[at],
            scene.status.now,
            usize::from(line.width).saturating_sub(1),
        );
        canvas.row(line, &row, 0);
        if focus && Some(at) == here {
            let style = ratatui::style::Style::new().add_modifier(ratatui::style::Modifier::REVERSED);
            canvas.style(line, style);
        }
    }
    canvas.scrollbar(inner, &ui.list_scroll);
}
