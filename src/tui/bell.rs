//! Calling a person who looks away: once for each gate, stop and end, and only when nobody is at the keys.

use super::Cockpit;
use crate::session::{Phase, Session};
use crate::time::Moment;
use crate::view::clean_line;

/// Whoever has pressed no key for this long is somewhere else.
const IDLE_US: u64 = 30_000_000;

/// How a person is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bell {
    /// Not at all.
    #[default]
    Off,
    /// The terminal's bell.
    Bell,
    /// The bell, and a notification of the desktop by way of the terminal.
    Desktop,
}

/// A call to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What waits, in one clean line.
    pub words: String,
    /// Also as a notification of the desktop.
    pub desktop: bool,
}

impl Cockpit {
    /// How a person who looks away is called.
    pub fn set_bell(&mut self, bell: Bell) {
        self.ring.bell = bell;
    }

    /// The call that is to be made now, once for each gate, stop and end.
    pub fn call(&mut self, session: &Session, now: Moment) -> Option<Call> {
        self.ring.due(session, now)
    }

    /// Shows what is wrong with the looks, until the next key.
    pub fn notice(&mut self, words: &str) {
        self.notice = Some(words.to_owned());
    }
}

/// Who was called for what.
#[derive(Debug, Default)]
pub(super) struct Ring {
    pub bell: Bell,
    away: bool,
    touched_us: Option<u64>,
    called: Option<String>,
}

impl Ring {
    /// Somebody is there.
    pub fn touched(&mut self, now: Moment) {
        self.touched_us = Some(now.mono_us);
    }

    /// The terminal has got the focus, or lost it.
    pub fn focus(&mut self, gained: bool, now: Moment) {
        self.away = !gained;
        if gained {
            self.touched(now);
        }
    }

    /// The call that is to be made now.
    pub fn due(&mut self, session: &Session, now: Moment) -> Option<Call> {
        let touched = *self.touched_us.get_or_insert(now.mono_us);
        let (what, words) = waiting(session)?;
        let there = !self.away && now.mono_us.saturating_sub(touched) < IDLE_US;
        if there || self.bell == Bell::Off || self.called.as_ref() == Some(&what) {
            return None;
        }
        self.called = Some(what);
        Some(Call { words: clean_line(&words), desktop: self.bell == Bell::Desktop })
    }
}

/// What waits for a person, told apart from all before, and in words.
fn waiting(session: &Session) -> Option<(String, String)> {
    let title = |id: &str| session.step(id).map_or_else(|| id.to_owned(), |step| step.title.clone());
    match &session.phase {
        Phase::Gate(gate) => {
            let what = format!("{} {} {}", gate.id, session.attempts, session.escalations.len());
            Some((what, format!("a gate waits: {}", title(&gate.step))))
        }
        Phase::Stopped => {
            let stop = session.escalation.as_ref()?;
            let what = format!("stop {} {:?}", session.escalations.len(), stop.next);
            Some((what, format!("STOP THE WORLD: {}", stop.halt.cause.words())))
        }
        Phase::Closed(verdict) => {
            Some(("closed".to_owned(), format!("the ceremony is over: {}", verdict.word())))
        }
        _ => None,
    }
}
