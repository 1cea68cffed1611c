//! Where everything stands at a given size. Every rectangle is within the screen, at any size.

use ratatui::layout::{Constraint, Layout, Rect};

/// Below this the cockpit only says which size it needs.
pub const WIDTH_MIN: u16 = 60;
/// See [`WIDTH_MIN`].
pub const HEIGHT_MIN: u16 = 16;
/// Below this a screen is low.
const LOW: u16 = 30;
/// From here on graph and working pane stand over each other.
pub const WIDE: u16 = 120;

/// The parts of the screen; an empty rectangle is not drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Screen {
    pub header: Rect,
    pub checklist: Rect,
    pub graph: Rect,
    pub work: Rect,
    pub gate: Rect,
    pub timeline: Rect,
    pub hints: Rect,
    /// Checklist, graph, work and gate together.
    pub body: Rect,
}

/// What the layout depends on beside the size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wishes {
    /// Rows that the gate would like to have, with its frame.
    pub gate: u16,
    /// Rows without which it cannot be answered.
    pub gate_least: u16,
    /// Rows of the graph, with its frame.
    pub graph: u16,
    /// Whether there is a timeline.
    pub timeline: bool,
    /// The pane that has all the room.
    pub zoom: Option<super::Pane>,
    /// The pane in focus, for screens that show one pane at a time.
    pub focus: super::Pane,
}

/// Divides the screen.
pub(super) fn screen(area: Rect, wishes: Wishes) -> Screen {
    let timeline = if wishes.timeline { 5 } else { 0 };
    let [header, body, timeline, hints] = area.layout(&Layout::vertical([
        Constraint::Length(2),
        Constraint::Fill(1),
        Constraint::Length(timeline),
        Constraint::Length(1),
    ]));
    let mut screen = Screen { header, timeline, hints, body, ..Screen::default() };
    // The gate is always complete enough to be answered. On a low screen it has more of the room than the panes:
    // what is about to happen goes before what was.
    let most = match (wishes.timeline, area.height < LOW) {
        (true, _) => body.height * 2 / 5,
        (false, true) => body.height * 13 / 20,
        (false, false) => body.height * 11 / 20,
    };
    let least = wishes.gate_least.max(4).min(body.height);
    let gate = match wishes.zoom {
        Some(super::Pane::Gate) => body.height,
        Some(_) => wishes.gate.min(6).min(most).max(least),
        None => wishes.gate.min(most).max(least),
    };
    let [panes, gate] = body.layout(&Layout::vertical([Constraint::Fill(1), Constraint::Length(gate)]));
    screen.gate = gate;
    match wishes.zoom {
        Some(super::Pane::Checklist) => screen.checklist = panes,
        Some(super::Pane::Graph) => screen.graph = panes,
        Some(super::Pane::Work) => screen.work = panes,
        Some(super::Pane::Gate) => {}
        None if area.width >= WIDE => {
            let list = (area.width * 2 / 5).min(64);
            let [left, right] =
                panes.layout(&Layout::horizontal([Constraint::Length(list), Constraint::Fill(1)]));
            let graph = wishes.graph.min(right.height / 2);
            let [graph, work] =
                right.layout(&Layout::vertical([Constraint::Length(graph), Constraint::Fill(1)]));
            (screen.checklist, screen.graph, screen.work) = (left, graph, work);
        }
        None if area.width >= 76 => {
            let list = (area.width * 2 / 5).min(44);
            let [left, right] =
                panes.layout(&Layout::horizontal([Constraint::Length(list), Constraint::Fill(1)]));
            (screen.checklist, screen.work) = (left, right);
        }
        None if wishes.focus == super::Pane::Checklist => screen.checklist = panes,
        None => screen.work = panes,
    }
    screen
}
