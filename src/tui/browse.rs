//! Moving about: panes, tabs, rows and columns. Nothing here is commanded.

use super::keymap::{Do, PAGE};
use super::paint::Scroll;
use super::*;

impl Cockpit {
    pub(super) fn browse(&mut self, act: Do, scene: &Scene<'_>) {
        match act {
            Do::Rows(rows) if self.palette.open => self.palette_step(rows, scene),
            Do::NextPane | Do::PreviousPane if self.sheet.open => self.sheet.turn(act == Do::NextPane),
            Do::NextPane | Do::PreviousPane => self.turn(act == Do::NextPane),
            Do::Tab(at) => {
                if let Some(tab) = Tab::ALL.get(at) {
                    if *tab == Tab::Graph && self.wide {
                        self.focus = Pane::Graph;
                    } else {
                        (self.focus, self.tab) = (Pane::Work, *tab);
                    }
                    self.looking = true;
                }
            }
            Do::Rows(rows) if self.on_list(scene) => self.select(rows, scene.session),
            Do::First if self.on_list(scene) => self.select(isize::MIN / 2, scene.session),
            Do::Last if self.on_list(scene) => self.select(isize::MAX / 2, scene.session),
            Do::Rows(_) | Do::Columns(_) | Do::Open if self.on_graph() => self.walk(act, scene),
            Do::Rows(rows) => self.scroll_rows(rows),
            Do::Columns(columns) if self.on_result() => self.grid.by_columns(columns),
            Do::First => self.scroll_rows(isize::MIN / 2),
            Do::Last => self.scroll_rows(isize::MAX / 2),
            Do::Columns(columns) => self.scrolled().sideways(columns),
            Do::Result(step) => {
                let last = scene.transcript.tables.len().saturating_sub(1);
                let at = self.result.unwrap_or(last).saturating_add_signed(step).min(last);
                (self.result, self.opened) = ((at < last).then_some(at), false);
                *self.scroll(Tab::Results) = Scroll::default();
                (self.focus, self.tab) = (Pane::Work, Tab::Results);
            }
            Do::Open if self.on_list(scene) => (self.focus, self.tab) = (Pane::Work, Tab::Evidence),
            Do::Open if self.on_result() => (self.opened, self.grid.whole_row) = (!self.opened, false),
            _ => {}
        }
    }

    pub(super) fn on_list(&self, scene: &Scene<'_>) -> bool {
        self.focus == Pane::Checklist && (self.looking || !self.curtain(scene))
    }

    pub(super) fn turn(&mut self, on: bool) {
        let all: &[Pane] = if self.wide {
            &[Pane::Checklist, Pane::Graph, Pane::Work, Pane::Gate]
        } else {
            &[Pane::Checklist, Pane::Work, Pane::Gate]
        };
        let at = all.iter().position(|pane| *pane == self.focus).unwrap_or(0);
        let step = if on { 1 } else { all.len() - 1 };
        self.focus = all[(at + step) % all.len()];
    }

    /// Whether a question or a choice is open.
    pub(super) fn modal(&self) -> bool {
        self.ask.is_some() || self.choosing || self.palette.open
    }

    /// Selects a line of the checklist, if it is a step.
    pub(super) fn select_line(&mut self, line: usize, scene: &Scene<'_>) {
        if matches!(checklist(scene.session).get(line), Some(Item::Step(_))) {
            self.selected = Some(line);
            for tab in [Tab::Evidence, Tab::Sql, Tab::Changes] {
                *self.scroll(tab) = Scroll::default();
            }
        }
    }

    pub(super) fn select(&mut self, rows: isize, session: &Session) {
        let items = checklist(session);
        let current = self.subject(session);
        let here = self.selected.or_else(|| {
            items.iter().position(|item| matches!(item, Item::Step(id) if Some(*id) == current.as_deref()))
        });
        let page = isize::try_from(self.list_scroll.page).unwrap_or(1);
        let rows = if rows.abs() == PAGE { rows.signum() * page } else { rows };
        let steps: Vec<usize> = (0..items.len()).filter(|at| matches!(items[*at], Item::Step(_))).collect();
        let at = steps.iter().position(|at| Some(*at) == here).unwrap_or(0);
        let at = at.saturating_add_signed(rows).min(steps.len().saturating_sub(1));
        self.selected = steps.get(at).copied();
        for tab in [Tab::Evidence, Tab::Sql, Tab::Changes] {
            *self.scroll(tab) = Scroll::default();
        }
    }

    /// What the focus scrolls.
    pub(super) fn scrolled(&mut self) -> &mut Scroll {
        match self.focus {
            _ if self.help => &mut self.help_scroll,
            _ if self.covered => &mut self.curtain_scroll,
            Pane::Checklist => &mut self.list_scroll,
            Pane::Graph => self.scroll(Tab::Graph),
            Pane::Work if self.tab == Tab::Results && self.opened => &mut self.grid.opened,
            Pane::Work => self.scroll(self.tab),
            Pane::Gate => &mut self.gate_scroll,
        }
    }

    pub(super) fn scroll_rows(&mut self, rows: isize) {
        if self.on_result() && !self.opened {
            return self.grid.by_rows(rows);
        }
        let scroll = self.scrolled();
        let page = isize::try_from(scroll.page).unwrap_or(1);
        let rows = if rows.abs() == PAGE { rows.signum() * page } else { rows };
        scroll.by(rows);
    }
}
