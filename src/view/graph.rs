//! The migrations as a layered graph: boxes from left to right, edges in the channels between them, as runs of cells.

use super::checklist::{Mark, elapsed};
use super::graph_route::{Shape, route};
use super::ink::{Row, Tone, width};
use crate::definition::{Risk, StepKind};
use crate::session::{MigrationState, Phase, Session};
use crate::time::{Moment, human_duration};

/// A name longer than this is cut.
const NAME_MAX: usize = 26;
/// Rows of a box.
const BOX: usize = 3;

/// The graph as it is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphView {
    /// Columns of the whole drawing.
    pub width: usize,
    /// Rows of the whole drawing.
    pub height: usize,
    /// What stands where.
    pub runs: Vec<Run>,
    /// Column and row of the box that is at its gate or runs.
    pub current: Option<(usize, usize)>,
    /// Column and row of the shape of the one that runs.
    pub turning: Option<(usize, usize)>,
    /// Column, row, columns and migration of each box.
    pub boxes: Vec<(usize, usize, usize, usize)>,
}

/// A few cells of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Column, from 0.
    pub x: usize,
    /// Row, from 0.
    pub y: usize,
    /// Clean text.
    pub row: Row,
}

/// A place in a layer: a migration, or a lane for an edge that passes by.
#[derive(Clone, Debug)]
struct Slot {
    migration: Option<usize>,
    /// Slots of the layer before that lead here.
    from: Vec<usize>,
    /// Top row.
    y: usize,
}

impl Slot {
    fn height(&self) -> usize {
        if self.migration.is_some() { BOX } else { 1 }
    }

    fn middle(&self) -> usize {
        self.y + self.height() / 2
    }
}

/// Where a migration, or an edge that passes by, stands in its layer; rows as in the cockpit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphPlace {
    /// The migration's id; `None` for an edge that passes by.
    pub migration: Option<String>,
    /// Places of the layer before that lead here.
    pub from: Vec<usize>,
    /// Top row.
    pub y: usize,
    /// Rows.
    pub height: usize,
}

/// The layers of the graph, for a drawing that is not made of cells.
pub fn graph_places(session: &Session) -> Vec<Vec<GraphPlace>> {
    let mut layers = layers(session);
    sort(&mut layers);
    place(&mut layers);
    let name = |at: usize| session.plan.ceremony.migrations[at].id.clone();
    let one = |slot: Slot| GraphPlace {
        migration: slot.migration.map(name),
        y: slot.y,
        height: slot.height(),
        from: slot.from,
    };
    layers.into_iter().map(|layer| layer.into_iter().map(one).collect()).collect()
}

/// The graph as of `now`.
pub fn graph(session: &Session, now: Moment) -> GraphView {
    let nodes: Vec<Node> =
        (0..session.plan.ceremony.migrations.len()).map(|at| node(session, at, now)).collect();
    let mut layers = layers(session);
    sort(&mut layers);
    place(&mut layers);
    let mut view = GraphView::default();
    let mut x = 0;
    for (index, layer) in layers.iter().enumerate() {
        let boxes = layer.iter().filter_map(|slot| Some(nodes[slot.migration?].width())).max().unwrap_or(1);
        for slot in layer {
            match slot.migration {
                Some(at) => nodes[at].draw(&mut view, x, slot.y, boxes),
                None => view.runs.push(Run { x, y: slot.y, row: Row::of(Tone::Dim, &"─".repeat(boxes)) }),
            }
            view.height = view.height.max(slot.y + slot.height());
        }
        x += boxes;
        if let Some(next) = layers.get(index + 1) {
            x += channel(&mut view, x, layer, next);
        }
    }
    view.width = x;
    view
}

struct Node {
    at: usize,
    name: Row,
    risk: Risk,
    mark: Mark,
    time: String,
    current: bool,
}

fn node(session: &Session, at: usize, now: Moment) -> Node {
    let migration = &session.plan.ceremony.migrations[at];
    let about =
        session.current_step().and_then(|id| session.step(id)).filter(|step| step.migration == Some(at));
    let current = about.is_some();
    let mark = match (&session.phase, &session.migrations[at]) {
        (Phase::Gate(_), _) if current => Mark::Gate,
        (Phase::Running(_), _) if current => Mark::Run,
        (Phase::Stopped, MigrationState::NotApplied) if current => Mark::Stop,
        (_, MigrationState::Applied(_)) => Mark::Pass,
        (_, MigrationState::RolledBack(_)) => Mark::Undone,
        (_, MigrationState::InDoubt(..)) => Mark::Doubt,
        (_, MigrationState::Half(_)) => Mark::Half,
        (_, MigrationState::NotApplied) => Mark::Open,
    };
    let apply = session
        .plan
        .steps
        .iter()
        .zip(&session.steps)
        .find(|(step, _)| step.kind == StepKind::Apply && step.migration == Some(at));
    let time = apply.and_then(|(_, state)| elapsed(state, now)).map(human_duration).unwrap_or_default();
    Node {
        at,
        name: Row::of(Tone::Strong, &migration.id).cut(0, NAME_MAX),
        risk: migration.risk,
        mark,
        time,
        current,
    }
}

impl Node {
    fn state(&self) -> String {
        match (self.mark, self.time.as_str()) {
            (Mark::Open, _) => "not applied".to_owned(),
            (mark, "") => mark.word().to_owned(),
            (mark, time) => format!("{} {time}", mark.word()),
        }
    }

    fn width(&self) -> usize {
        (self.name.width() + 6).max(width(&self.state()) + 6).max(16)
    }

    fn draw(&self, view: &mut GraphView, x: usize, y: usize, width: usize) {
        if self.current {
            view.current = Some((x, y));
        }
        if self.mark == Mark::Run {
            view.turning = Some((x + 2, y + 1));
        }
        view.boxes.push((x, y, width, self.at));
        let line = if self.mark == Mark::Open { Tone::Dim } else { self.mark.tone() };
        let risk = match self.risk {
            Risk::High => Tone::Bad,
            Risk::Medium => Tone::Warn,
            Risk::Low => Tone::Dim,
        };
        let rule = |open: &str, tone: Tone, words: &str, close: &str| {
            let row = Row::of(line, open).say(tone, &format!(" {words} "));
            let fill = width.saturating_sub(row.width() + 1);
            row.say(line, &"─".repeat(fill)).say(line, close)
        };
        let name = Row::of(line, "│ ")
            .say(self.mark.tone(), self.mark.shape())
            .say(Tone::Plain, " ")
            .join(self.name.clone());
        let rows = [
            rule("╭─", risk, &format!("{} risk", self.risk.word()), "╮"),
            name.pad(width.saturating_sub(1)).say(line, "│"),
            rule("╰─", self.mark.tone(), &self.state(), "╯"),
        ];
        for (at, row) in rows.into_iter().enumerate() {
            view.runs.push(Run { x, y: y + at, row });
        }
    }
}

/// Each migration one layer behind the last of those it depends on; long edges get a lane in the layers between.
fn layers(session: &Session) -> Vec<Vec<Slot>> {
    let migrations = &session.plan.ceremony.migrations;
    let find = |id: &String| migrations.iter().position(|other| other.id == *id);
    let mut depth = vec![0; migrations.len()];
    for &at in &session.plan.order {
        let above = migrations[at].after.iter().filter_map(find);
        depth[at] = above.map(|dependency| depth[dependency] + 1).max().unwrap_or(0);
    }
    let count = depth.iter().max().map_or(0, |deepest| deepest + 1);
    let mut layers: Vec<Vec<Slot>> = vec![Vec::new(); count];
    let mut slot_of = vec![0; migrations.len()];
    for &at in &session.plan.order {
        slot_of[at] = layers[depth[at]].len();
        layers[depth[at]].push(Slot { migration: Some(at), from: Vec::new(), y: 0 });
    }
    for &at in &session.plan.order {
        for dependency in migrations[at].after.iter().filter_map(find) {
            let mut from = slot_of[dependency];
            for layer in &mut layers[depth[dependency] + 1..depth[at]] {
                layer.push(Slot { migration: None, from: vec![from], y: 0 });
                from = layer.len() - 1;
            }
            layers[depth[at]][slot_of[at]].from.push(from);
        }
    }
    layers
}

/// Slots near the middle of what leads to them, so that edges cross seldom.
fn sort(layers: &mut [Vec<Slot>]) {
    for index in 1..layers.len() {
        let mut order: Vec<usize> = (0..layers[index].len()).collect();
        let weight = |slot: &Slot| match slot.from.len() {
            0 => usize::MAX,
            count => slot.from.iter().sum::<usize>() * 1000 / count,
        };
        order.sort_by_key(|at| weight(&layers[index][*at]));
        let sorted: Vec<Slot> = order.iter().map(|at| layers[index][*at].clone()).collect();
        if let Some(next) = layers.get_mut(index + 1) {
            for from in next.iter_mut().flat_map(|slot| &mut slot.from) {
                *from = order.iter().position(|at| at == from).unwrap_or(0);
            }
        }
        layers[index] = sorted;
    }
}

/// Stacks the slots of each layer and centres it on the tallest.
fn place(layers: &mut [Vec<Slot>]) {
    let tall = |layer: &[Slot]| layer.iter().map(Slot::height).sum::<usize>();
    let tallest = layers.iter().map(|layer| tall(layer)).max().unwrap_or(0);
    for layer in layers {
        let mut y = (tallest - tall(layer)) / 2;
        for slot in layer {
            slot.y = y;
            y += slot.height();
        }
    }
}

/// Draws the edges between two layers; returns the channel's width.
fn channel(view: &mut GraphView, x: usize, left: &[Slot], right: &[Slot]) -> usize {
    let edges: Vec<(usize, usize)> = right
        .iter()
        .flat_map(|slot| slot.from.iter().map(|from| (left[*from].middle(), slot.middle())))
        .collect();
    let heads: Vec<usize> = right
        .iter()
        .filter(|slot| slot.migration.is_some() && !slot.from.is_empty())
        .map(Slot::middle)
        .collect();
    let drawing = route(&edges);
    for ((column, y), shape) in &drawing.cells {
        let last = *column + 1 == drawing.width;
        let text = if last && heads.contains(y) { "▸" } else { Shape::text(*shape) };
        view.runs.push(Run { x: x + column, y: *y, row: Row::of(Tone::Dim, text) });
    }
    drawing.width
}
