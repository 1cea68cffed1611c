//! The mouse, where it is on: what was drawn where in the last frame, and what a click or the wheel does there.

use super::place::{Pane, Tab};
use super::{Cockpit, Scene};
use crate::definition::StepKind;
use crate::view::{Item, checklist};
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

/// Something that can be clicked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A line of the checklist, from its top.
    Line(usize),
    /// A tab of the working pane.
    Tab(Tab),
    /// A migration of the graph, in the definition's order.
    Migration(usize),
}

impl Cockpit {
    pub(super) fn on_mouse(&mut self, mouse: MouseEvent, scene: &Scene<'_>) {
        let at = Position { x: mouse.column, y: mouse.row };
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => self.click(at, scene),
            MouseEventKind::ScrollUp => self.wheel(at, -3, scene),
            MouseEventKind::ScrollDown => self.wheel(at, 3, scene),
            _ => {}
        }
    }

    fn pane_at(&self, at: Position) -> Option<Pane> {
        let screen = self.screen;
        let areas = [
            (Pane::Checklist, screen.checklist),
            (Pane::Graph, screen.graph),
            (Pane::Work, screen.work),
            (Pane::Gate, screen.gate),
        ];
        areas.into_iter().find(|(_, area)| area.contains(at)).map(|(pane, _)| pane)
    }

    fn click(&mut self, at: Position, scene: &Scene<'_>) {
        // What lies over the panes is not clicked through.
        if self.covered || self.help || self.answer.typing || self.words.open.is_some() || self.modal() {
            return;
        }
        let Some(pane) = self.pane_at(at) else { return };
        self.focus = pane;
        let hit = self.targets.iter().rev().find(|(area, _)| area.contains(at)).map(|(_, target)| *target);
        match hit {
            Some(Target::Tab(tab)) => self.tab = tab,
            Some(Target::Line(line)) => self.select_line(line, scene),
            Some(Target::Migration(migration)) => {
                let steps = &scene.session.plan.steps;
                let apply = |id: &str| {
                    steps.iter().any(|step| {
                        step.id == id && step.kind == StepKind::Apply && step.migration == Some(migration)
                    })
                };
                let items = checklist(scene.session);
                let line = items.iter().position(|item| matches!(item, Item::Step(id) if apply(id)));
                if let Some(line) = line {
                    self.select_line(line, scene);
                }
            }
            None => {}
        }
    }

    fn wheel(&mut self, at: Position, rows: isize, scene: &Scene<'_>) {
        if self.palette.open {
            return self.palette_step(rows.signum(), scene);
        }
        let Some(pane) = self.pane_at(at) else { return };
        let focus = std::mem::replace(&mut self.focus, pane);
        self.scroll_rows(rows);
        self.focus = focus;
    }

    /// Something can be clicked on in this frame.
    pub(super) fn target(&mut self, area: Rect, target: Target) {
        self.targets.push((area, target));
    }
}
