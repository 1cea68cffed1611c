//! The graph of the migrations, clipped to its window; keeps to the running one until it is scrolled.

use crate::tui::mouse::Target;
use crate::tui::paint::{Canvas, Scroll};
use crate::tui::{Cockpit, Scene, Tab};
use crate::view::{GraphView, Row, Tone};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

pub(in crate::tui) fn draw(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    ui: &mut Cockpit,
    scene: &Scene<'_>,
    focus: bool,
    framed: bool,
    graph: &GraphView,
) {
    if area.is_empty() {
        return;
    }
    let inner = if framed {
        let count = scene.session.plan.ceremony.migrations.len();
        let title = Row::of(Tone::Strong, "Migrations").say(Tone::Dim, &format!(" {count}"));
        super::inset(canvas.frame(area, &title, Tone::Dim, focus))
    } else {
        area
    };
    let chosen = ui.node.filter(|_| focus).and_then(|at| graph.place(at));
    let scroll = ui.scroll(Tab::Graph);
    let looked_at = chosen.map(|place| (place.x, place.y)).or(graph.current);
    let (top, left) = window(scroll, graph, inner, looked_at);
    for run in &graph.runs {
        let Some(y) = run.y.checked_sub(top).filter(|y| *y < usize::from(inner.height)) else { continue };
        let (x, skip) = (run.x.saturating_sub(left), left.saturating_sub(run.x));
        let room = usize::from(inner.width).saturating_sub(x);
        if room == 0 || skip >= run.row.width() {
            continue;
        }
        let [x, y] = [x, y].map(|at| u16::try_from(at).unwrap_or(0));
        let place = Rect { x: inner.x + x, y: inner.y + y, width: inner.width - x, height: 1 };
        canvas.row(place, &run.row, skip);
    }
    canvas.scrollbar(inner, scroll);
    let inside = |x: usize, y: usize| {
        let x = u16::try_from(x.checked_sub(left)?).ok().filter(|x| *x < inner.width)?;
        let y = u16::try_from(y.checked_sub(top)?).ok().filter(|y| *y < inner.height)?;
        Some(Position { x: inner.x + x, y: inner.y + y })
    };
    if let Some(at) = graph.turning.and_then(|(x, y)| inside(x, y)) {
        ui.turn_shape(canvas, at, scene);
    }
    for place in &graph.places {
        if let Some(at) = inside(place.x, place.y) {
            let width = u16::try_from(place.width).unwrap_or(u16::MAX);
            let area = Rect { x: at.x, y: at.y, width, height: 3 }.intersection(inner);
            ui.target(area, Target::Migration(place.migration));
        }
    }
    if let Some(place) = chosen {
        let [x, y] = [place.x.saturating_sub(left), place.y.saturating_sub(top)];
        let width = place.width.saturating_sub(left.saturating_sub(place.x));
        let height = 3_usize.saturating_sub(top.saturating_sub(place.y));
        let [x, y, width, height] = [x, y, width, height].map(|at| u16::try_from(at).unwrap_or(u16::MAX));
        let at = Rect { x: inner.x.saturating_add(x), y: inner.y.saturating_add(y), width, height };
        canvas.style(at.intersection(inner), Style::new().add_modifier(Modifier::REVERSED));
    }
}

/// The first row and column that are shown; `wanted` is kept in the window while it follows.
fn window(
    scroll: &mut Scroll,
    graph: &GraphView,
    area: Rect,
    wanted: Option<(usize, usize)>,
) -> (usize, usize) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let top = scroll.fit(graph.height, height, wanted.map(|(_, y)| y + 1));
    let furthest = graph.width.saturating_sub(width);
    if scroll.follow
        && let Some((x, _)) = wanted
        && furthest > 0
    {
        scroll.left = x.saturating_sub(width / 3).min(furthest);
        return (top, scroll.left);
    }
    scroll.left = scroll.left.min(furthest);
    (top, scroll.left)
}
