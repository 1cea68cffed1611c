//! The loop behind the cockpit: one thread, one channel, a frame when there is something new, something moves, or a second has passed.

use super::{Drive, Journal, Message, batch, start};
use crate::journal::head_words;
use crate::runner::Runner;
use crate::runner::clock::Clock;
use crate::session::*;
use crate::time::Moment;
use crate::tui::{Action, Call, Cockpit, Face, Status, TermEvent};
use crossterm::event::{KeyCode, KeyModifiers};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// So many messages are taken in before the next frame.
const MESSAGES_PER_FRAME: usize = 256;
/// When a frame was left out because the terminal takes none, the next one is tried after so long.
const BEHIND: Duration = Duration::from_millis(100);
/// So late a screen may be for those who type, microseconds: as long as a gate that just opened hears nothing.
const BLIND_US: u64 = 500_000;

/// Between two looks at the inbox no more time may pass, or the program stood still. Microseconds.
const STANDSTILL_US: u64 = 30_000_000;

/// What the loop needs of the terminal.
pub trait Stage {
    /// Draws a frame, or leaves it out when the terminal does not take it: nothing that is driven waits for a screen.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn draw(&mut self, draw: &mut dyn FnMut(&mut ratatui::Frame<'_>)) -> std::io::Result<()>;

    /// Whether the last frame was left out.
    fn is_behind(&self) -> bool {
        false
    }

    /// Gives the shell the terminal until the process is continued.
    ///
    /// # Errors
    /// When the terminal cannot be taken again.
    fn suspend(&mut self) -> std::io::Result<()>;

    /// Calls a person who looks away.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn call(&mut self, _call: &Call) -> std::io::Result<()> {
        Ok(())
    }
    /// Puts text into the clipboard of the terminal.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn copy(&mut self, _text: &str) -> std::io::Result<()> {
        Ok(())
    }

    /// Opens a file of the definition in the operator's editor and waits for its end; returns what is to be said.
    ///
    /// # Errors
    /// When the terminal cannot be taken again.
    fn edit(&mut self, _at: &Place) -> std::io::Result<String> {
        Ok("there is no editor here".to_owned())
    }
}

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The operator left.
    Quit,
    /// The terminal is gone.
    Gone,
    /// A signal asked for the end.
    Asked,
}

/// Drives until the operator leaves. `asked` is fed once the session can hear it. That nobody drives any more is the last
/// word of the record; what is in flight then is given up, and settled by whoever goes on.
pub fn run<J: Journal>(
    drive: &mut Drive<J>,
    runner: &mut dyn Runner,
    words: (Command, Option<Command>),
    screen: (&mut Cockpit, &mut dyn Stage),
    inbox: &Receiver<Message>,
    clock: Clock,
) -> Left {
    let left = turns(drive, runner, words, screen, inbox, clock);
    let by = match left {
        Left::Quit => return left,
        Left::Gone => Interruption::TerminalGone,
        Left::Asked => Interruption::Signal,
    };
    if !matches!(drive.session.phase, Phase::Closed(_)) {
        let interrupted = Input::Command(Command::Interrupted { by, lasted_us: 0 });
        if let Err(error) = drive.feed(interrupted, clock.now()) {
            tracing::error!(%error, "the record cannot be written");
        }
    }
    left
}

/// Turn by turn: what came is decided on, drawn, and the next is waited for.
fn turns<J: Journal>(
    drive: &mut Drive<J>,
    runner: &mut dyn Runner,
    (first, mut asked): (Command, Option<Command>),
    (cockpit, stage): (&mut Cockpit, &mut dyn Stage),
    inbox: &Receiver<Message>,
    clock: Clock,
) -> Left {
    let mut trouble: Option<String> = None;
    let mut inputs = VecDeque::from([Input::Command(first)]);
    let (mut key, mut look) = (clock.now(), clock.now());
    let mut sight = Sight::default();
    loop {
        feed_all(drive, runner, &mut inputs, clock, &mut trouble);
        if matches!(drive.session.phase, Phase::Gate(_) | Phase::Closed(_))
            && let Some(command) = asked.take()
        {
            inputs.push_back(Input::Command(command));
            continue;
        }
        let words = head_words(&drive.journal.head());
        let status_now = status(drive, clock, &words, trouble.as_deref());
        if show(stage, cockpit, drive, &status_now).is_err() {
            return Left::Gone;
        }
        let behind = sight.look(stage.is_behind(), clock.now());
        let patience = if behind { BEHIND } else { cockpit.patience(&drive.session) };
        let mut next = match inbox.recv_timeout(patience) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Left::Gone,
        };
        inputs.extend(interruption(Interruption::StoodStill, look, clock.now(), STANDSTILL_US));
        look = clock.now();
        let (mut taken, mut bytes) = (0, 0);
        while let Some(message) = next {
            match message {
                Message::Outcome(outcome) => {
                    bytes += batch::bytes(&outcome);
                    batch::push(&mut inputs, outcome);
                }
                // Who types cannot see at what. Only STOP means the same on every screen.
                Message::Term(event, _) if sight.blind && event.is_key() && !is_stop(&event) => {}
                Message::Term(event, at) => {
                    if event.is_key() {
                        inputs.extend(idle(&drive.session, key, at));
                        key = at;
                    }
                    // A key is judged by what is on the screen, so what came before it must be applied first.
                    feed_all(drive, runner, &mut inputs, clock, &mut trouble);
                    let status = Status { now: at, ..status(drive, clock, &words, trouble.as_deref()) };
                    for action in cockpit.on_event(&event, &drive.session, &drive.transcript, &status) {
                        match action {
                            Action::Command(command) => inputs.push_back(Input::Command(command)),
                            Action::Quit => return Left::Quit,
                            Action::Suspend => {
                                let from = clock.now();
                                if stage.suspend().is_err() {
                                    return Left::Gone;
                                }
                                (key, look) = (clock.now(), clock.now());
                                inputs.extend(interruption(Interruption::Suspended, from, look, 0));
                            }
                            Action::Copy(text) if stage.copy(&text).is_err() => return Left::Gone,
                            Action::Edit(at) => match stage.edit(&at) {
                                Ok(words) => cockpit.came_back(&words, clock.now()),
                                Err(_) => return Left::Gone,
                            },
                            Action::Seek(_) | Action::Deck(_) | Action::Initials { .. } | Action::Copy(_) => {
                            }
                        }
                    }
                }
                Message::Witness(word) => {
                    feed_all(drive, runner, &mut inputs, clock, &mut trouble);
                    if let Err(error) = super::witness::hear(drive, runner, word, clock.now()) {
                        trouble.get_or_insert_with(|| error.to_string());
                    }
                }
                Message::Said(_) => {}
                Message::TermGone | Message::Signal(_) => {
                    feed_all(drive, runner, &mut inputs, clock, &mut trouble);
                    return if matches!(message, Message::TermGone) { Left::Gone } else { Left::Asked };
                }
            }
            taken += 1;
            let more = taken < MESSAGES_PER_FRAME && bytes < batch::BYTES_PER_TURN;
            next = if more { inbox.try_recv().ok() } else { None };
        }
    }
}

/// A frame, and a call to whoever looks away.
fn show<J>(
    stage: &mut dyn Stage,
    cockpit: &mut Cockpit,
    drive: &Drive<J>,
    status: &Status<'_>,
) -> std::io::Result<()> {
    let (session, transcript) = (&drive.session, &drive.transcript);
    stage.draw(&mut |frame| cockpit.draw(frame, session, transcript, status))?;
    cockpit.call(session, status.now).map_or(Ok(()), |call| stage.call(&call))
}

/// Whether what is on the screen is how it is.
#[derive(Default)]
struct Sight {
    /// When it was no more, microseconds.
    late: Option<u64>,
    blind: bool,
}

impl Sight {
    fn look(&mut self, behind: bool, now: Moment) -> bool {
        self.late = behind.then(|| self.late.unwrap_or(now.mono_us));
        let blind = self.late.is_some_and(|late| now.mono_us.saturating_sub(late) >= BLIND_US);
        if blind && !self.blind {
            tracing::warn!("the terminal takes nothing: keys are thrown away until it does, but for STOP");
        }
        self.blind = blind;
        behind
    }
}

fn is_stop(event: &TermEvent) -> bool {
    event
        .as_key_press_event()
        .is_some_and(|key| key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL))
}

/// An interruption from `from` to `now`, if it took longer than `most_us`.
fn interruption(by: Interruption, from: Moment, now: Moment, most_us: u64) -> Option<Input> {
    let lasted_us = now.mono_us.saturating_sub(from.mono_us);
    (lasted_us > most_us).then_some(Input::Command(Command::Interrupted { by, lasted_us }))
}

/// Nobody touched a key at an open gate for too long, from the last one (or since it is open) to this one.
fn idle(session: &Session, last: Moment, at: Moment) -> Option<Input> {
    let Phase::Gate(_) = session.phase else { return None };
    let opened = session.gate_opened.filter(|opened| opened.mono_us > last.mono_us);
    let most_us = session.plan.ceremony.limits.idle_ms.saturating_mul(1000);
    interruption(Interruption::Idle, opened.unwrap_or(last), at, most_us)
}

fn status<'s, J>(drive: &Drive<J>, clock: Clock, words: &'s str, error: Option<&'s str>) -> Status<'s> {
    Status { face: Face::Live, now: clock.now(), entries: drive.transcript.entries, head_words: words, error }
}

fn feed_all<J: Journal>(
    drive: &mut Drive<J>,
    runner: &mut dyn Runner,
    inputs: &mut VecDeque<Input>,
    clock: Clock,
    trouble: &mut Option<String>,
) {
    while let Some(input) = inputs.pop_front() {
        match drive.feed(input, clock.now()) {
            Ok(effects) => start(runner, effects, drive),
            // No record, no action: the screen says so, and nothing is done from here on.
            Err(error) => {
                tracing::error!(%error, "the record cannot be written");
                // The first one says what happened; from then on nothing is written at all.
                trouble.get_or_insert_with(|| error.to_string());
            }
        }
    }
}
