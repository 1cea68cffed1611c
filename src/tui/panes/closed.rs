//! The completion call, when the ceremony is over.

use crate::session::Phase;
use crate::tui::paint::Canvas;
use crate::tui::theme::verdict_tone;
use crate::tui::{Cockpit, Scene};
use crate::view::{Row, Tone, checklist, checklist_row, closed};
use ratatui::layout::Rect;

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    let Phase::Closed(verdict) = scene.session.phase else { return };
    let tone = verdict_tone(verdict);
    let title = Row::of(tone, &format!("The ceremony is over: {}", verdict.word()));
    let inner = canvas.frame(area, &title, tone, false);
    let bar = Rect { height: 1.min(area.height), ..area };
    let style = canvas.theme.badge(tone);
    canvas.banner(bar, &[Row::of(tone, "  ").join(title)], style);
    let mut rows = ui.refusal(scene.session);
    rows.push(Row::new());
    rows.extend(closed(scene.session, scene.status.head_words).unwrap_or_default());
    rows.push(Row::new());
    rows.push(Row::of(Tone::Call, "v").say(Tone::Dim, " looks at checklist, evidence, output and notes"));
    rows.push(Row::new());
    let columns = usize::from(inner.width).saturating_sub(3).min(72);
    let items = checklist(scene.session);
    rows.extend(items.iter().map(|item| checklist_row(scene.session, item, scene.status.now, columns)));
    canvas.wrapped(super::inset(inner), &rows, &mut ui.curtain_scroll);
    let hidden = ui.curtain_scroll.total.saturating_sub(ui.curtain_scroll.top + ui.curtain_scroll.page);
    if hidden > 0 {
        canvas.footnote(area, &Row::of(Tone::Dim, &format!("{hidden} more: ↓")));
    }
}
