//! STOP THE WORLD: takes the screen, in red and in words, with the choice or the editor of the stage that is next.

use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Scene};
use crate::view::{Row, Tone, alert, choices};
use ratatui::layout::Rect;

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    let Some(view) = alert(scene.session) else { return };
    let typing = ui.choosing || ui.words.open.is_some();
    let below = if typing { super::lower(area) } else { Rect::default() };
    let area = Rect { height: area.height - below.height, ..area };
    let title = Row::of(Tone::Bad, "■ STOP THE WORLD ■");
    let inner = canvas.frame(area, &title, Tone::Bad, false);
    let width = u16::try_from(title.width() + 2).unwrap_or(0).min(area.width.saturating_sub(2));
    let style = canvas.theme.badge(Tone::Bad);
    canvas.style(Rect { x: area.x + 1, y: area.y, width, height: 1 }, style);
    let mut rows = vec![Row::of(Tone::Bad, "■ ").join(view.cause), view.stages];
    rows.extend(ui.refusal(scene.session));
    if !typing {
        rows.push(Row::new());
        rows.extend(match view.next {
            Some(stage) if scene.watched() => {
                let words = format!("the operator deals with it, and is at stage {}", stage.word());
                vec![Row::labelled("now", Tone::Strong, &words)]
            }
            _ => view.now,
        });
    }
    rows.push(Row::new());
    rows.extend(view.facts);
    if !view.said.is_empty() {
        rows.push(Row::new());
        rows.extend(view.said);
    }
    canvas.wrapped(super::inset(inner), &rows, &mut ui.curtain_scroll);
    let hidden = ui.curtain_scroll.total.saturating_sub(ui.curtain_scroll.top + ui.curtain_scroll.page);
    if hidden > 0 {
        canvas.footnote(area, &Row::of(Tone::Dim, &format!("{hidden} more: ↓")));
    }
    if ui.choosing {
        let inner = canvas.frame(below, &Row::of(Tone::Call, "DECIDE: press the number"), Tone::Call, false);
        let rows: Vec<Row> = choices(scene.session).into_iter().map(|(_, row)| row).collect();
        let rows = crate::view::wrap(&rows, usize::from(inner.width).saturating_sub(1));
        canvas.rows(super::inset(inner), &rows, 0);
    } else if ui.words.open.is_some_and(|purpose| purpose != crate::tui::words::Purpose::Note) {
        super::notes::draw(canvas, below, ui);
    }
}
