//! The checklist: only the rows that are in the window are made.

use crate::tui::mouse::Target;
use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Pane, Scene};
use crate::view::{Item, Mark, Row, Tone, checklist, checklist_row, header, mark};
use ratatui::layout::{Position, Rect};

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
        if let Item::Step(id) = &items[at] {
            if mark(scene.session, id) == Mark::Run {
                ui.turn_shape(canvas, Position { x: line.x + 1, y: line.y }, scene);
            }
            let line = Rect { width: line.width.saturating_sub(1), ..line };
            ui.target(line, Target::Line(at));
            match Some(at) == here {
                true if focus => canvas.select(line),
                true => canvas.bar(line),
                false => {}
            }
        }
    }
    canvas.scrollbar(inner, &ui.list_scroll);
}
