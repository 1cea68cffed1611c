//! What a cockpit is used for and given, and what comes back from it.

use super::Deck;
use crate::session::Command;
use crate::time::Moment;

/// What the cockpit is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// A session is driven.
    Live,
    /// A session that another process drives is followed; nothing can be commanded but STOP.
    Watch {
        /// Whether that process is there.
        driven: bool,
    },
    /// A record is read; nothing can be commanded.
    Replay {
        /// Number of the entry that is shown.
        entry: usize,
        /// How many there are.
        of: usize,
        /// Whether it moves by itself.
        playing: bool,
    },
}

/// What the cockpit shows beside session and transcript.
#[derive(Clone, Copy, Debug)]
pub struct Status<'a> {
    /// What it is used for.
    pub face: Face,
    /// Now, or when the shown entry was written.
    pub now: Moment,
    /// Entries in the record.
    pub entries: u64,
    /// The record's head as words.
    pub head_words: &'a str,
    /// Trouble of the record or the terminal, shown in the header.
    pub error: Option<&'a str>,
}

/// What the operator wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Something of the core.
    Command(Command),
    /// To leave; the session can be resumed.
    Quit,
    /// The shell.
    Suspend,
    /// Another entry of the replay.
    Seek(Seek),
    /// Something else of a replay.
    Deck(Deck),
    /// A watcher's initials.
    Initials {
        /// The step.
        step: String,
        /// The attempt that was looked at; `None` before it starts.
        attempt: Option<u32>,
        /// The letters.
        initials: String,
    },
    /// Text for the clipboard of the terminal.
    Copy(String),
    /// A file of the definition in the operator's editor, at a place.
    Edit(crate::session::Place),
}

/// Where to in a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seek {
    /// So many entries on.
    Forward(usize),
    /// So many entries back.
    Back(usize),
    /// The first entry.
    First,
    /// The last entry.
    Last,
    /// The next mark.
    NextMark,
    /// The mark before.
    PreviousMark,
    /// Play or pause.
    PlayPause,
}
