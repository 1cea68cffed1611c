//! The desk at which a record is gone through before a name goes under it.
//!
//! ```text
//! ┌ header ────────────────────────────────────────────────────────────────────┐
//! │ Calendar sync              REVIEW   as lead: ada@example.org                │
//! │ ✓ PASS  PRACTICE  lusab babad gutih tugad   opened 3 of 5 that must be opened │
//! ├ items ──────────────────────┬ evidence ─────────────────────────────────────┤
//! │ ✓ stop     apply/uniqueness │ cause   condition 4 of 8: …                   │
//! │ ○ finding  the server was … │ step    apply/uniqueness, at 15:06:41Z        │
//! │ · claim    Every table is … │ …                                             │
//! ├ what is signed, or why not ─┴───────────────────────────────────────────────┤
//! │ type  sign ada as lead: PASS lusab babad                                     │
//! └ hints ───────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Below 76 columns items and evidence take turns. Nothing here reaches the record.

mod draw;
mod sign;

use super::TermEvent;
use super::answer::Answer;
use super::editor::Editor;
use super::keymap::{Context, Do, Key, PAGE, lookup};
use super::paint::Scroll;
use super::theme::Theme;
use crate::session::{Phase, Refusal, Session, Verdict};
use crate::signoff::{Role, Wish};
use crate::time::Moment;
use crate::view::review::{Item, is_practice};
use crossterm::event::KeyEvent;
use std::collections::BTreeSet;

/// What the person at the desk wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeskAction {
    /// This is to be signed.
    Sign(Wish),
    /// To leave without signing.
    Quit,
    /// The shell.
    Suspend,
    /// To replay the record.
    Replay,
}

/// What lies on the desk.
#[derive(Clone, Debug)]
pub struct Papers {
    /// Name of the ceremony.
    pub title: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// Whether it is over.
    pub closed: bool,
    /// It can only be signed as practice.
    pub practice: bool,
    /// The record's head as words.
    pub head_words: String,
    /// What is to be gone through.
    pub items: Vec<Item>,
    /// In what capacity; `None` only to look.
    pub role: Option<Role>,
    /// Who reads.
    pub reader: String,
    /// Trouble of the record, shown in the header.
    pub error: Option<String>,
}

impl Papers {
    /// The papers of a session with the items that were made of it.
    pub fn of(
        session: &Session,
        items: Vec<Item>,
        head_words: &str,
        role: Option<Role>,
        reader: &str,
    ) -> Self {
        Self {
            title: session.plan.ceremony.title.clone(),
            verdict: session.verdict(),
            closed: matches!(session.phase, Phase::Closed(_)),
            practice: is_practice(session),
            head_words: head_words.to_owned(),
            items,
            role,
            reader: reader.to_owned(),
            error: None,
        }
    }
}

/// What is open over the items.
#[derive(Debug)]
enum Sheet {
    None,
    Refused(Refusal),
    Approve(Answer),
    Reject,
    Help,
    Leave,
}

/// The state of the screen.
#[derive(Debug)]
pub struct Desk {
    papers: Papers,
    theme: Theme,
    ascii: bool,
    /// Ids of the items that were opened.
    opened: BTreeSet<String>,
    selected: usize,
    /// The evidence has the focus.
    reading: bool,
    sheet: Sheet,
    /// Kept when the sheet is put aside.
    reason: Editor,
    message: Option<String>,
    list_scroll: Scroll,
    evidence_scroll: Scroll,
    help_scroll: Scroll,
    small: bool,
}

impl Desk {
    /// A desk with what was `opened` before.
    pub fn new(papers: Papers, opened: BTreeSet<String>, theme: Theme, ascii: bool) -> Self {
        Self {
            papers,
            theme,
            ascii,
            opened,
            selected: 0,
            reading: false,
            sheet: Sheet::None,
            reason: Editor::default(),
            message: None,
            list_scroll: Scroll::default(),
            evidence_scroll: Scroll::default(),
            help_scroll: Scroll::default(),
            small: false,
        }
    }

    /// Ids of the items that were opened, in this sitting and before.
    pub fn opened(&self) -> &BTreeSet<String> {
        &self.opened
    }

    /// Takes an event of the terminal; returns what is wanted.
    pub fn on_event(&mut self, event: &TermEvent, now: Moment) -> Option<DeskAction> {
        match event {
            TermEvent::Key(key) => self.on_key(key, now),
            TermEvent::Paste(text) => {
                match &mut self.sheet {
                    Sheet::Reject => self.reason.paste(text),
                    Sheet::Approve(answer) => {
                        answer.text.clear();
                        self.message = Some("pasted text is not taken: it is signed by hand".to_owned());
                    }
                    _ => self.message = Some("pasted text is not taken here".to_owned()),
                }
                None
            }
            TermEvent::Resize(..) => {
                if let Sheet::Approve(answer) = &mut self.sheet {
                    answer.rest(now);
                }
                None
            }
            _ => None,
        }
    }

    fn on_key(&mut self, event: &KeyEvent, now: Moment) -> Option<DeskAction> {
        let key = Key::of(event)?;
        self.message = None;
        if let Some(act) = lookup(key, &self.contexts()) {
            return self.act(act, now);
        }
        match &mut self.sheet {
            _ if self.small => {}
            Sheet::Reject => self.reason.key(event),
            Sheet::Approve(answer) => {
                if let Some(letter) = key.typed()
                    && let Err(why) = answer.letter(letter, now)
                {
                    self.message = Some(why.to_owned());
                }
            }
            _ => {}
        }
        None
    }

    fn contexts(&self) -> Vec<Context> {
        let here: &[Context] = match self.sheet {
            // Nothing is signed that cannot be read.
            _ if self.small => &[],
            Sheet::Approve(_) => &[Context::Answer],
            Sheet::Reject => &[Context::Words],
            // What was typed ahead must not open anything.
            Sheet::Help | Sheet::Refused(_) => &[Context::Help],
            Sheet::Leave => &[Context::Ask],
            Sheet::None if self.papers.role.is_some() => &[Context::Signing, Context::Review],
            Sheet::None => &[Context::Review],
        };
        [&[Context::Always], here].concat()
    }

    fn act(&mut self, act: Do, now: Moment) -> Option<DeskAction> {
        match act {
            Do::Suspend => return Some(DeskAction::Suspend),
            Do::Replay => return Some(DeskAction::Replay),
            Do::Quit => self.sheet = Sheet::Leave,
            Do::Yes => return Some(DeskAction::Quit),
            Do::No => self.sheet = Sheet::None,
            Do::Approve => self.approve(now),
            Do::Reject => self.reject(),
            Do::Confirm => return self.confirm(now),
            Do::Rub | Do::RubAll => {
                if let Sheet::Approve(answer) = &mut self.sheet {
                    let kept = if act == Do::Rub { answer.text.len().saturating_sub(1) } else { 0 };
                    answer.text.truncate(kept);
                }
            }
            Do::Help => (self.sheet, self.help_scroll) = (Sheet::Help, Scroll::default()),
            Do::Leave => self.leave(),
            Do::Open => self.open(),
            Do::NextMust => self.next_must(),
            Do::Rows(rows) if matches!(self.sheet, Sheet::Help) => scroll(&mut self.help_scroll, rows),
            Do::Rows(rows) if self.reading || rows.abs() == PAGE => scroll(&mut self.evidence_scroll, rows),
            Do::Rows(rows) => self.select(self.selected.saturating_add_signed(rows)),
            Do::First => self.select(0),
            Do::Last => self.select(usize::MAX),
            _ => {}
        }
        None
    }

    fn leave(&mut self) {
        match self.sheet {
            Sheet::None => self.reading = false,
            _ => self.sheet = Sheet::None,
        }
    }

    fn select(&mut self, at: usize) {
        self.selected = at.min(self.papers.items.len().saturating_sub(1));
        self.reading = false;
        self.evidence_scroll = Scroll::default();
    }

    /// Shows the evidence of the selected item, which counts as opened from here on.
    fn open(&mut self) {
        if let Some(item) = self.papers.items.get(self.selected) {
            self.opened.insert(item.id.clone());
            (self.reading, self.evidence_scroll) = (true, Scroll::default());
        }
    }

    fn next_must(&mut self) {
        let items = &self.papers.items;
        let waits = |at: &usize| items[*at].must && !self.opened.contains(&items[*at].id);
        let behind = (self.selected..items.len()).chain(0..self.selected).find(waits);
        match behind {
            Some(at) => {
                self.select(at);
                self.open();
            }
            None => self.message = Some("everything that must be opened was opened".to_owned()),
        }
    }

    /// How many items that must be opened were opened, and how many there are.
    fn progress(&self) -> (usize, usize) {
        let must = self.papers.items.iter().filter(|item| item.must);
        let done = must.clone().filter(|item| self.opened.contains(&item.id));
        (done.count(), must.count())
    }
}

fn scroll(scroll: &mut Scroll, rows: isize) {
    let page = isize::try_from(scroll.page).unwrap_or(1);
    scroll.by(if rows.abs() == PAGE { rows.signum() * page } else { rows });
}
