//! The header: two rows that are always there.

use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Face, Scene};
use crate::view::{Row, Tone, bar, header};
use ratatui::layout::Rect;

/// Columns of the bar of steps, on a wide screen.
const GAUGE: usize = 18;

/// Left and right on one row; the left gives way.
fn spread(canvas: &mut Canvas<'_, '_>, area: Rect, left: &Row, right: &Row) {
    let width = usize::from(area.width);
    let right = right.cut(0, width);
    let room = width.saturating_sub(right.width() + 2);
    let row = left.cut(0, room).pad(width.saturating_sub(right.width())).join(right);
    canvas.row(area, &row, 0);
}

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &Cockpit, scene: &Scene<'_>) {
    let view = header(scene.session, scene.status.now);
    let [top, bottom] = [0, 1].map(|at| Rect { y: area.y + at, height: 1.min(area.height), ..area });
    let (word, tone) = match (scene.status.face, view.practice) {
        (Face::Replay { .. }, _) => (" REPLAY ", Tone::Call),
        (Face::Watch { .. }, true) => (" WATCH PRACTICE ", Tone::Warn),
        (Face::Watch { .. }, false) => (" WATCH LIVE ", Tone::Live),
        (Face::Live, true) => (" PRACTICE ", Tone::Warn),
        (Face::Live, false) => (" LIVE ", Tone::Live),
    };
    let width = usize::from(area.width);
    canvas.bar(area);
    let place = view.target.clone().say(Tone::Plain, " ");
    spread(canvas, top, &Row::of(Tone::Strong, word).say(Tone::Plain, " ").join(view.title), &place);
    let badge = Rect { width: u16::try_from(word.len()).unwrap_or(0).min(top.width), ..top };
    let style = canvas.theme.badge(tone);
    canvas.style(badge, style);
    if let Some(error) = scene.status.error {
        let row = Row::of(Tone::Bad, &format!(" ✗ {}", error.lines().next().unwrap_or_default()));
        canvas.row(bottom, &row.pad(width), 0);
        let style = canvas.theme.badge(Tone::Bad);
        canvas.style(bottom, style);
        return;
    }
    if let Some((tone, words)) = super::initials::nobody_drives(scene) {
        canvas.row(bottom, &Row::of(tone, &format!(" ! {words}")).pad(width), 0);
        let style = canvas.theme.badge(tone);
        canvas.style(bottom, style);
        return;
    }
    let (done, of) = view.progress;
    let mut steps = Row::of(Tone::Plain, &format!("{done}/{of} steps"));
    if ui.wide {
        steps = steps.say(Tone::Plain, " ").join(bar(done as u64, of as u64, GAUGE));
    }
    let mut parts = vec![view.elapsed, steps];
    if view.findings > 0 {
        let word = if view.findings == 1 { "finding" } else { "findings" };
        parts.push(Row::of(Tone::Warn, &format!("! {} {word}", view.findings)));
    }
    parts.push(view.operator);
    if ui.wide {
        parts.push(view.server);
    }
    let light = if scene.now() { Row::of(Tone::Bad, "● REC ") } else { Row::of(Tone::Dim, "record ") };
    let right = light
        .say(Tone::Plain, &scene.status.entries.to_string())
        .say(Tone::Dim, "  ")
        .say(Tone::Strong, scene.status.head_words)
        .say(Tone::Plain, " ");
    let mut left = Row::new();
    for part in parts {
        let gap = if left.pieces.is_empty() { " " } else { "  ·  " };
        let more = left.clone().say(Tone::Dim, gap).join(part);
        if more.width() + 2 + right.width() <= width {
            left = more;
        }
    }
    spread(canvas, bottom, &left, &right);
}
