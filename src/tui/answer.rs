//! The answer line of a gate: opens empty, dead for a moment, takes letters only from a person's fingers.

use crate::session::{Phase, Session};
use crate::time::Moment;

/// After a gate opens or the screen changes its size, keys are not taken for this long.
const DEAD_US: u64 = 500_000;
/// More than this many letters within [`BURST_US`] come from no keyboard.
const BURST_KEYS: usize = 4;
/// See [`BURST_KEYS`].
const BURST_US: u64 = 15_000;
/// No phrase is longer.
const LETTERS_MAX: usize = 400;

/// Which opening of a gate an answer belongs to: the gate, the attempts and the stops before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Opening {
    gate: String,
    attempts: u32,
    stops: usize,
}

/// What is typed at a gate.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub opening: Option<Opening>,
    pub typing: bool,
    pub text: String,
    /// For `d`: the line asks for the word discard.
    pub discard: bool,
    dead_until_us: u64,
    pressed_us: Vec<u64>,
}

impl Answer {
    /// Empties the line when another gate is open than before; returns whether it is.
    pub fn sync(&mut self, session: &Session, now: Moment) -> bool {
        let opening = match &session.phase {
            Phase::Gate(gate) => Some(Opening {
                gate: gate.id.clone(),
                attempts: session.attempts,
                stops: session.escalations.len(),
            }),
            _ => None,
        };
        if self.opening == opening {
            return false;
        }
        self.leave();
        self.opening = opening;
        self.rest(now);
        true
    }

    /// Keys are not taken for a moment.
    pub fn rest(&mut self, now: Moment) {
        self.dead_until_us = now.mono_us.saturating_add(DEAD_US);
    }

    pub fn start(&mut self, session: &Session, discard: bool, now: Moment) -> Result<(), &'static str> {
        if now.mono_us < self.dead_until_us {
            return Err("the gate has only just opened: read it, then press a again");
        }
        let no = matches!(&session.phase, Phase::Gate(gate) if gate.kind.can_be_declined());
        (self.typing, self.discard) = (true, discard && no);
        self.text.clear();
        self.pressed_us.clear();
        Ok(())
    }

    pub fn leave(&mut self) {
        (self.typing, self.discard) = (false, false);
        self.text.clear();
        self.pressed_us.clear();
    }

    /// Takes a letter.
    pub fn letter(&mut self, letter: char, now: Moment) -> Result<(), &'static str> {
        self.pace(now)?;
        if !(' '..='~').contains(&letter) {
            return Err("a gate's phrase has only plain letters, digits and signs");
        }
        if self.text.len() < LETTERS_MAX {
            self.text.push(letter);
        }
        Ok(())
    }

    /// Refuses what comes faster than fingers.
    pub fn pace(&mut self, now: Moment) -> Result<(), &'static str> {
        if now.mono_us < self.dead_until_us {
            return Err("the screen has only just changed: look again, then go on");
        }
        self.pressed_us.retain(|at| now.mono_us.saturating_sub(*at) <= BURST_US);
        self.pressed_us.push(now.mono_us);
        if self.pressed_us.len() >= BURST_KEYS {
            self.text.clear();
            return Err("that came faster than fingers type: a gate is answered by hand");
        }
        Ok(())
    }
}
