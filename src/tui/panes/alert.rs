//! STOP THE WORLD: takes the screen, in red and in words, with the choice or the editor of the stage that is next.

use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Part, Scene};
use crate::view::{Row, Tone, alert, choices};
use ratatui::layout::Rect;

/// From so many rows on, the bar has a row of air.
const ROOMY: u16 = 18;
/// The bar and the stages stay above the choices.
const LEAST: u16 = 4;

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    let Some(view) = alert(scene.session) else { return };
    let typing = ui.choosing || ui.words.open.is_some();
    let below = if typing { super::lower(area) } else { Rect::default() };
    let choices: Vec<Row> = choices(scene.session).into_iter().map(|(_, row)| row).collect();
    let choices = crate::view::wrap(&choices, usize::from(area.width).saturating_sub(4));
    // Each of the choices is read before one is made.
    let below = if ui.choosing {
        let wanted = u16::try_from(choices.len() + 2).unwrap_or(u16::MAX);
        let height = below.height.max(wanted).min(area.height.saturating_sub(LEAST));
        Rect { y: area.bottom() - height, height, ..area }
    } else {
        below
    };
    let area = Rect { height: area.height - below.height, ..area };
    let title = Row::of(Tone::Bad, "■ STOP THE WORLD ■");
    let inner = canvas.frame(area, &title, Tone::Bad, false);
    // The bar: what it is and why, over the whole width, before anything else.
    let cause = Row { indent: 4, ..Row::of(Tone::Bad, "  ■ ") }.join(view.cause);
    let mut bar = vec![Row::of(Tone::Bad, "  ■ STOP THE WORLD ■")];
    bar.extend(cause.wrap(usize::from(area.width).saturating_sub(2)));
    if area.height >= ROOMY {
        bar.push(Row::new());
    }
    let high = u16::try_from(bar.len()).unwrap_or(1).min(area.height / 2);
    let style = canvas.theme.part(Part::Alarm);
    canvas.banner(Rect { height: high, ..area }, &bar, style);
    let below_bar = high.saturating_sub(1);
    let inner = Rect { y: inner.y + below_bar, height: inner.height.saturating_sub(below_bar), ..inner };
    let mut rows = vec![view.stages];
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
        canvas.rows(super::inset(inner), &choices, 0);
    } else if ui.words.open.is_some_and(|purpose| purpose != crate::tui::words::Purpose::Note) {
        super::notes::draw(canvas, below, ui);
    }
}
