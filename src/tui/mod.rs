//! The cockpit on a terminal.
//!
//! ```text
//! ┌ header ────────────────────────────────────────────────────────────────────┐
//! │ Calendar sync                     LIVE   LOCAL 127.0.0.1:54322/postgres     │
//! │ ada  12 min of 90 min  4/17 steps            ● REC 47  lusab babad gutih …  │
//! ├ checklist ──────────────────┬ graph (from 120 columns on) ─────────────────┤
//! │ PREFLIGHT               2/2 │ ╭─ HIGH risk ──╮    ╭─ MEDIUM risk ─╮        │
//! │  ✓ PASS   Surroundings      │ │ ✓ foundations│──┬▸│ ● uniqueness   │        │
//! │ APPLY                   1/3 │ ╰─ PASS 1.2 s ─╯  │ ╰─ GATE ─────────╯        │
//! │  ✓ PASS   Foundations       ├ working pane ────────────────────────────────┤
//! │  ● GATE   Uniqueness        │ 1 Output 2 Results 3 SQL 4 Changes 5 Evidence │
//! │  ○ –      Outbound sync     │ …                                            │
//! ├ gate, or what runs ─────────┴──────────────────────────────────────────────┤
//! │ does    … what it does, on what, how it is undone, what will be checked      │
//! │ press a, then type: apply uniqueness to 127.0.0.1:54322                      │
//! ├ timeline (replay only) ────────────────────────────────────────────────────┤
//! └ hints: the keys that matter now ────────────────────────────────────────────┘
//! ```
//!
//! A stop of the world and the end of a ceremony cover everything between header and hints; `v` looks behind.
//! A pane is a function of a view; focus, scroll and what is being typed live here and never reach the record.

mod action;
mod answer;
mod bell;
mod browse;
mod compare;
pub mod copy;
mod desk;
mod editor;
mod find;
mod grid;
mod initials;
mod input;
mod key;
pub mod keymap;
mod layout;
mod motion;
mod mouse;
mod paint;
mod palette;
mod panes;
mod pen;
pub mod picker;
mod place;
mod prompt;
mod replay;
mod sheet;
pub mod terminal;
mod theme;
pub mod warden;
mod words;
mod work;

#[cfg(test)]
mod fixture;
#[cfg(test)]
pub(crate) use fixture::{World, rows};
#[cfg(test)]
mod tests;

use crate::session::{Command, Decision, Phase, Session};
use crate::time::Moment;
use crate::view::{Item, Row, TimelineMark, Transcript, checklist};
pub use action::{Action, Face, Seek, Status};
use answer::Answer;
pub use bell::{Bell, Call};
pub use compare::Compare;
pub use desk::{Desk, DeskAction, Papers};
use layout::{HEIGHT_MIN, Screen, WIDE, WIDTH_MIN, Wishes};
use paint::{Canvas, Scroll};
use place::{Pane, Tab};
use ratatui::Frame;
use ratatui::layout::Rect;
pub use replay::Deck;
pub use theme::{Depth, Part, SHIPPED, Sheet, Theme};
use words::Words;

/// An event of the terminal.
pub use crossterm::event::Event as TermEvent;

/// A question that waits for yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Quit,
    RollBack,
}

/// Everything a frame is drawn from.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub session: &'a Session,
    pub transcript: &'a Transcript,
    pub status: &'a Status<'a>,
}

impl Scene<'_> {
    pub fn live(&self) -> bool {
        self.status.face == Face::Live
    }
}

/// State of the screen that is nobody's record: focus, tab, scroll, what is being typed.
#[derive(Debug)]
pub struct Cockpit {
    theme: Theme,
    ascii: bool,
    focus: Pane,
    tab: Tab,
    zoom: bool,
    help: bool,
    /// The curtain is put aside, to look at the panes.
    looking: bool,
    ask: Option<Ask>,
    choosing: bool,
    /// Line of the checklist; `None` keeps to the current step.
    selected: Option<usize>,
    /// Result that is shown; `None` is the latest.
    result: Option<usize>,
    /// Something of the result is opened.
    opened: bool,
    grid: grid::Grid,
    find: find::Find,
    output: panes::output::Seen,
    /// The error that the SQL pane went to: step, line, column.
    fault: Option<(String, usize, usize)>,
    /// Migration that is chosen in the graph.
    node: Option<usize>,
    answer: Answer,
    words: Words,
    reading: replay::Reading,
    /// The session's folder, for who is to watch.
    folder: Option<String>,
    /// The line for initials.
    initials: Option<initials::Line>,
    /// Why a watcher's last word was refused, until the next key.
    told: Option<crate::session::Refusal>,
    sheet: sheet::Sheet,
    message: Option<String>,
    /// Shown until the next key, also when a gate opens.
    notice: Option<String>,
    marks: Vec<TimelineMark>,
    scrolls: [Scroll; Tab::ALL.len()],
    list_scroll: Scroll,
    gate_scroll: Scroll,
    curtain_scroll: Scroll,
    help_scroll: Scroll,
    screen: Screen,
    wide: bool,
    /// The panes are covered by a stop or the end.
    covered: bool,
    /// The screen is too small to show what a key would do.
    small: bool,
    motion: bool,
    ring: bell::Ring,
    palette: palette::Palette,
    /// What can be clicked on in the last frame.
    targets: Vec<(Rect, mouse::Target)>,
}

impl Cockpit {
    /// A cockpit at its start. `ascii` draws with what every terminal has.
    pub fn new(theme: Theme, ascii: bool) -> Self {
        Self {
            theme,
            ascii,
            focus: Pane::Work,
            tab: Tab::Output,
            zoom: false,
            help: false,
            looking: false,
            ask: None,
            choosing: false,
            selected: None,
            result: None,
            opened: false,
            grid: grid::Grid::default(),
            find: find::Find::default(),
            output: Default::default(),
            fault: None,
            node: None,
            answer: Answer::default(),
            words: Words::default(),
            reading: replay::Reading::default(),
            folder: None,
            initials: None,
            told: None,
            sheet: sheet::Sheet::default(),
            message: None,
            notice: None,
            marks: Vec::new(),
            scrolls: [Scroll::default(); Tab::ALL.len()],
            list_scroll: Scroll::default(),
            gate_scroll: Scroll::default(),
            curtain_scroll: Scroll::default(),
            help_scroll: Scroll::default(),
            screen: Screen::default(),
            wide: false,
            covered: false,
            small: false,
            motion: true,
            ring: bell::Ring::default(),
            palette: palette::Palette::default(),
            targets: Vec::new(),
        }
    }

    /// The marks of a replay's timeline, from [`crate::view::timeline_marks`] over the whole record.
    pub fn set_marks(&mut self, marks: Vec<TimelineMark>) {
        self.marks = marks;
    }

    /// Draws a frame. Any size will do.
    pub fn draw(
        &mut self,
        frame: &mut Frame<'_>,
        session: &Session,
        transcript: &Transcript,
        status: &Status<'_>,
    ) {
        let scene = Scene { session, transcript, status };
        let area = frame.area();
        self.wide = area.width >= WIDE;
        self.sync(&scene);
        self.targets.clear();
        let mut canvas = Canvas { frame, theme: self.theme };
        canvas.style(area, self.theme.ground());
        self.small = area.width < WIDTH_MIN || area.height < HEIGHT_MIN;
        if self.small {
            panes::too_small(&mut canvas, area);
        } else {
            self.draw_all(&mut canvas, area, &scene);
        }
        if self.ascii {
            paint::to_ascii(frame.buffer_mut());
        }
    }

    fn draw_all(&mut self, canvas: &mut Canvas<'_, '_>, area: Rect, scene: &Scene<'_>) {
        if !self.wide && self.focus == Pane::Graph {
            (self.focus, self.tab) = (Pane::Work, Tab::Graph);
        } else if self.wide && self.tab == Tab::Graph {
            self.tab = Tab::Output;
        }
        let graph = crate::view::graph(scene.session, scene.status.now);
        let (gate, gate_least) = panes::gate::height(self, scene, area.width);
        let wishes = Wishes {
            gate,
            gate_least,
            graph: u16::try_from(graph.height + 2).unwrap_or(u16::MAX),
            timeline: !scene.now(),
            zoom: self.zoom.then_some(self.focus),
            focus: self.focus,
        };
        let screen = layout::screen(area, wishes);
        self.screen = screen;
        self.covered = self.curtain(scene) && !self.looking;
        panes::header::draw(canvas, screen.header, self, scene);
        panes::timeline::draw(canvas, screen.timeline, self, scene);
        if self.help {
            panes::help::draw(canvas, screen.body, self, matches!(scene.status.face, Face::Replay { .. }));
        } else if self.covered {
            panes::curtain(canvas, screen.body, self, scene);
        } else {
            panes::checklist::draw(canvas, screen.checklist, self, scene);
            panes::graph::draw(canvas, screen.graph, self, scene, self.focus == Pane::Graph, true, &graph);
            panes::work(canvas, screen.work, self, scene, &graph);
            panes::gate::draw(canvas, screen.gate, self, scene);
        }
        if matches!(self.words.open, Some(words::Purpose::Note | words::Purpose::Beside)) {
            panes::notes::draw(canvas, panes::lower(screen.body), self);
        }
        panes::initials::draw(canvas, screen.body, self, scene);
        if self.palette.open {
            palette::draw(canvas, screen.body, self, scene);
        }
        if self.sheet.open {
            sheet::draw(canvas, screen.body, self);
        }
        panes::hints(canvas, screen.hints, self, scene);
    }

    /// Follows what happened: closes what is over, shows what matters at a gate.
    fn sync(&mut self, scene: &Scene<'_>) {
        self.words.sync(scene.session);
        self.sync_initials(scene);
        let contexts = self.contexts_below(scene);
        self.palette.sync(&contexts);
        // A reviewer who goes through a record keeps the tab that is being read.
        if self.answer.sync(scene.session, scene.status.now) && scene.now() {
            self.new_opening(scene.session);
        }
        if !matches!(scene.session.phase, Phase::Stopped | Phase::Closed(_)) {
            (self.looking, self.choosing) = (false, false);
            self.curtain_scroll = Scroll::default();
        }
    }

    fn new_opening(&mut self, session: &Session) {
        use crate::definition::StepKind;
        use crate::session::GateKind;
        (self.selected, self.message, self.ask) = (None, None, None);
        // What it offered is not what is possible now.
        self.palette.close();
        self.gate_scroll = Scroll::default();
        let Phase::Gate(gate) = &session.phase else {
            if matches!(session.phase, Phase::Running(_)) {
                self.show(Tab::Output);
            }
            return;
        };
        let blocked = session.step_state(&gate.step).is_some_and(|state| state.blocked.is_some());
        let changes = session.step(&gate.step).is_some_and(|step| {
            matches!(step.kind, StepKind::Apply | StepKind::Reapply | StepKind::RollBack)
        });
        let signs = session.step(&gate.step).is_some_and(|step| step.kind == StepKind::SignOff);
        match gate.kind {
            _ if blocked => self.show(Tab::Evidence),
            // On a wide screen the gate itself has room for the proof.
            GateKind::Commit => self.show(if self.wide { Tab::Changes } else { Tab::Evidence }),
            _ if changes => self.show(Tab::Sql),
            _ if signs => self.show(Tab::Evidence),
            _ => {}
        }
    }

    fn show(&mut self, tab: Tab) {
        self.tab = tab;
        self.scrolls[tab as usize] = Scroll::default();
        (self.opened, self.result) = (false, None);
        if self.focus == Pane::Gate {
            self.focus = Pane::Work;
        }
    }

    /// Whether a stop or the end covers the panes.
    fn curtain(&self, scene: &Scene<'_>) -> bool {
        matches!(scene.session.phase, Phase::Stopped | Phase::Closed(_))
    }

    /// The step that the panes are about: the selected one, else the current one.
    fn subject(&self, session: &Session) -> Option<String> {
        let selected = self.selected.and_then(|at| match checklist(session).into_iter().nth(at) {
            Some(Item::Step(id)) => Some(id.to_owned()),
            _ => None,
        });
        let next = || session.next_forward().map(|at| session.plan.steps[at].id.clone());
        let last = || session.plan.steps.last().map(|step| step.id.clone());
        selected.or_else(|| session.current_step().map(str::to_owned)).or_else(next).or_else(last)
    }

    fn scroll(&mut self, tab: Tab) -> &mut Scroll {
        &mut self.scrolls[tab as usize]
    }

    /// Says something in the line at the bottom, until the next key.
    pub fn say(&mut self, message: &str) {
        self.message = Some(message.to_owned());
    }

    fn refusal(&self, session: &Session) -> Vec<Row> {
        use crate::view::Tone;
        self.told.as_ref().or(session.refusal.as_ref()).map_or_else(Vec::new, |refusal| {
            vec![
                Row::labelled("refused", Tone::Bad, &refusal.what),
                Row::labelled("why", Tone::Plain, &refusal.why),
                Row::labelled("next", Tone::Warn, &refusal.next),
            ]
        })
    }

    fn decision(at: usize) -> Option<Decision> {
        [Decision::Resume, Decision::RollBack, Decision::Abandon].get(at).copied()
    }
}
