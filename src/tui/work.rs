//! What keys do in the working pane: searching, cells and rows of results, the graph's migrations, the editor.

use super::find::Sight;
use super::keymap::Do;
use super::*;
use crate::definition::StepKind;
use crate::view::{Mark, Table, mark};

impl Cockpit {
    /// What a search looks through: the help, or the tab of the working pane.
    fn sight(&self) -> Sight {
        if self.help { Sight::Help } else { Sight::Tab(self.tab) }
    }

    /// Whether something is looked for in what is on the screen.
    pub(super) fn is_found(&self) -> bool {
        !self.find.typing && self.find.is_on(self.sight())
    }

    /// Whether keys go to a result.
    pub(super) fn on_result(&self) -> bool {
        self.focus == Pane::Work && self.tab == Tab::Results && !self.covered && !self.help
    }

    /// Whether keys go to the graph.
    pub(super) fn on_graph(&self) -> bool {
        let here = self.focus == Pane::Graph || (self.focus == Pane::Work && self.tab == Tab::Graph);
        here && !self.covered && !self.help
    }

    /// The result that is shown: the chosen one, else the latest.
    pub(super) fn table<'s>(&self, scene: &Scene<'s>) -> Option<(usize, &'s Table)> {
        let tables = &scene.transcript.tables;
        let at = self.result.unwrap_or(usize::MAX).min(tables.len().saturating_sub(1));
        tables.get(at).map(|table| (at, &**table))
    }

    pub(super) fn work(&mut self, act: Do, scene: &Scene<'_>) {
        match act {
            Do::FindHere => {
                if !self.help {
                    (self.focus, self.looking) = (Pane::Work, true);
                }
                self.find.start(self.sight());
            }
            Do::FindNext(on) => self.find.go(on),
            Do::Pin => self.grid.pinned = !self.grid.pinned,
            Do::OpenRow => (self.opened, self.grid.whole_row) = (true, !(self.opened && self.grid.whole_row)),
            Do::NextBad => self.next_bad(scene.session),
            _ => {}
        }
    }

    /// Selects the next step that is done and not good, round the end.
    fn next_bad(&mut self, session: &Session) {
        let items = checklist(session);
        let bad = |item: &Item<'_>| match item {
            Item::Step(id) => {
                let good = matches!(mark(session, id), Mark::Open | Mark::Pass | Mark::Gate | Mark::Run);
                !good || session.step_state(id).is_some_and(|state| state.blocked.is_some())
            }
            Item::Phase(..) => false,
        };
        let from = self.selected.map_or(0, |at| at + 1);
        let round = (from..items.len()).chain(0..from.min(items.len()));
        match round.into_iter().find(|at| bad(&items[*at])) {
            Some(at) => {
                (self.selected, self.tab, self.looking) = (Some(at), Tab::Evidence, true);
                *self.scroll(Tab::Evidence) = Scroll::default();
            }
            None => self.say("every step that was done is good"),
        }
    }

    /// The cell under the cursor, or its row, for the clipboard.
    pub(super) fn copy(&mut self, row: bool, scene: &Scene<'_>) -> Vec<Action> {
        let (at, column) = self.grid.at;
        let values = self.table(scene).and_then(|(_, table)| table.result.rows.get(at));
        let Some(values) = values else {
            self.say("there is nothing to copy: the result has no rows");
            return Vec::new();
        };
        let text = if row || self.opened && self.grid.whole_row {
            copy::tsv(values)
        } else {
            values.get(column).cloned().flatten().unwrap_or_default()
        };
        if text.len() > copy::COPY_MAX {
            let (bytes, max) = (text.len(), copy::COPY_MAX);
            self.say(&format!("not copied: {bytes} bytes, and a terminal takes {max}; the record has it"));
            return Vec::new();
        }
        self.say(&format!("{} bytes sent to the terminal's clipboard (OSC 52)", text.len()));
        vec![Action::Copy(text)]
    }

    /// The file that the step sends, at the line that matters.
    pub(super) fn edit(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        if matches!(scene.session.phase, Phase::Running(_)) && scene.live() {
            self.say("not while a step runs: STOP must be one key away; the editor opens at the next gate");
            return Vec::new();
        }
        let id = self.subject(scene.session);
        let scroll = *self.scroll(Tab::Sql);
        // Who has scrolled away from what matters means the line that is looked at.
        let top = (self.tab == Tab::Sql && !scroll.follow).then_some(scroll.top);
        match id.and_then(|id| crate::view::sql_place(scene.session, scene.transcript, &id, top)) {
            Some(place) => vec![Action::Edit(place)],
            None => {
                self.say("this step sends no file: choose one in the checklist that does");
                Vec::new()
            }
        }
    }

    /// Somebody else had the terminal: keys rest for a moment, as after a change of its size.
    pub fn came_back(&mut self, words: &str, now: Moment) {
        self.answer.rest(now);
        self.say(words);
    }

    /// Moves in the graph from migration to migration, or opens the evidence of the chosen one.
    pub(super) fn walk(&mut self, act: Do, scene: &Scene<'_>) {
        let graph = crate::view::graph(scene.session, scene.status.now);
        let current = scene.session.current_step().and_then(|id| scene.session.step(id)?.migration);
        let chosen = self.node.or(current);
        match act {
            Do::Open => {
                let Some(at) = chosen else { return self.say("choose a migration with the arrows first") };
                let steps = scene.session.plan.steps.iter();
                let id = steps.into_iter().find(|it| it.migration == Some(at) && it.kind == StepKind::Apply);
                let items = checklist(scene.session);
                let is_it = |item: &Item<'_>| matches!(item, Item::Step(of) if Some(*of) == id.map(|it| it.id.as_str()));
                self.selected = items.iter().position(is_it);
                (self.focus, self.tab) = (Pane::Work, Tab::Evidence);
                *self.scroll(Tab::Evidence) = Scroll::default();
            }
            Do::Rows(rows) => self.node = graph.beside(chosen, (0, rows)),
            Do::Columns(columns) => self.node = graph.beside(chosen, (columns, 0)),
            _ => {}
        }
        self.scroll(Tab::Graph).follow = true;
    }
}
