//! A witness's word at the process that drives: decided, recorded and answered.

use super::{Drive, Journal, start};
use crate::journal::file::JournalError;
use crate::runner::Runner;
use crate::session::{Command, Event, Input, Refusal};
use crate::time::Moment;
use std::fmt;

/// What a witness asks for, and who hears the answer: the number of the entry, or why there is none.
pub struct Word {
    command: Command,
    reply: Box<dyn FnOnce(Result<u64, Refusal>) + Send>,
}

impl Word {
    /// A word whose answer goes to `reply`.
    pub fn new(command: Command, reply: Box<dyn FnOnce(Result<u64, Refusal>) + Send>) -> Self {
        Self { command, reply }
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Word").field("command", &self.command).finish_non_exhaustive()
    }
}

/// Decides on a word, starts what follows and answers.
///
/// What is refused changes nothing and is not recorded, unlike what the operator is refused: otherwise who reaches the
/// socket could fill the record, or put words on the operator's screen.
///
/// # Errors
/// When it cannot be written down.
pub(super) fn hear<J: Journal>(
    drive: &mut Drive<J>,
    runner: &mut dyn Runner,
    word: Word,
    now: Moment,
) -> Result<(), JournalError> {
    let Word { command, reply } = word;
    let input = Input::Command(command);
    if let [Event::Refused { refusal }] = drive.session.decide(&input, now).as_slice() {
        reply(Err(refusal.clone()));
        return Ok(());
    }
    match drive.feed(input, now) {
        Ok(effects) => {
            start(runner, effects, drive);
            reply(Ok(drive.transcript.entries));
            Ok(())
        }
        Err(error) => {
            reply(Err(Refusal {
                what: "it is not recorded, and nothing was done".to_owned(),
                why: error.to_string().lines().next().unwrap_or_default().to_owned(),
                next: "call out to the operator: the record cannot be written".to_owned(),
            }));
            Err(error)
        }
    }
}
