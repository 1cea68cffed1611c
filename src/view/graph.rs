//! The migrations as a layered graph: boxes from left to right, edges in the channels between them, as runs of cells.

use super::checklist::{Mark, elapsed};
use super::graph_layout::{Slot, layout};
use super::graph_route::{Shape, route};
use super::ink::{Row, Tone, width};
use crate::definition::{Risk, StepKind};
use crate::session::{MigrationState, Phase, Session};
use crate::time::{Moment, human_duration};

/// A name longer than this is cut.
const NAME_MAX: usize = 26;

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
    /// Where the boxes are, from left to right and from top to bottom.
    pub places: Vec<NodePlace>,
}

/// Where the box of a migration is; it is three rows high.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodePlace {
    /// Its place in the definition.
    pub migration: usize,
    /// Its left column.
    pub x: usize,
    /// Its top row.
    pub y: usize,
    /// Columns.
    pub width: usize,
}

impl GraphView {
    /// The box of a migration.
    pub fn place(&self, migration: usize) -> Option<NodePlace> {
        self.places.iter().copied().find(|place| place.migration == migration)
    }

    /// The migration that is next in a direction (columns, rows; only the signs count), else `from` itself.
    pub fn beside(&self, from: Option<usize>, (columns, rows): (isize, isize)) -> Option<usize> {
        let Some(here) = from.and_then(|at| self.place(at)) else {
            return self.places.first().map(|place| place.migration);
        };
        let middle = |place: &NodePlace| (place.x.cast_signed(), place.y.cast_signed());
        let (x, y) = middle(&here);
        let far = |place: &NodePlace| {
            let (right, down) = (middle(place).0 - x, middle(place).1 - y);
            let (on, aside) =
                if columns == 0 { (down * rows.signum(), right) } else { (right * columns.signum(), down) };
            (on > 0).then(|| on + 4 * aside.abs())
        };
        let nearest = self.places.iter().filter_map(|place| Some((far(place)?, place.migration))).min();
        nearest.map(|(_, migration)| migration).or(from)
    }
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

/// The graph as of `now`.
pub fn graph(session: &Session, now: Moment) -> GraphView {
    let nodes: Vec<Node> =
        (0..session.plan.ceremony.migrations.len()).map(|at| node(session, at, now)).collect();
    let layers = layout(session);
    let mut view = GraphView::default();
    let mut x = 0;
    for (index, layer) in layers.iter().enumerate() {
        let boxes = layer.iter().filter_map(|slot| Some(nodes[slot.migration?].width())).max().unwrap_or(1);
        for slot in layer {
            match slot.migration {
                Some(at) => {
                    nodes[at].draw(&mut view, x, slot.y, boxes);
                    view.places.push(NodePlace { migration: at, x, y: slot.y, width: boxes });
                }
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
    let name = |at: usize| session.plan.ceremony.migrations[at].id.clone();
    let one = |slot: Slot| GraphPlace {
        migration: slot.migration.map(name),
        y: slot.y,
        height: slot.height(),
        from: slot.from,
    };
    layout(session).into_iter().map(|layer| layer.into_iter().map(one).collect()).collect()
}

struct Node {
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
        view.height = view.height.max(y + 1);
        let last = *column + 1 == drawing.width;
        let text = if last && heads.contains(y) { "▸" } else { Shape::text(*shape) };
        view.runs.push(Run { x: x + column, y: *y, row: Row::of(Tone::Dim, text) });
    }
    drawing.width
}
