//! The one table of keys: dispatch, the hints at the bottom and the help pane all come from it.

mod rows;

pub use super::key::Key;
pub use rows::KEYMAP;

/// When a key means what its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Always, also while words are typed.
    Always,
    /// Always but in a replay: STOP is one key, for everyone who watches.
    Drive,
    /// A gate is open.
    Gate,
    /// The gate asks for a commit.
    Commit,
    /// The world is stopped.
    Stopped,
    /// Something covers the panes that can be looked behind: a stop, the end.
    Curtain,
    /// Panes are looked at, a session is driven.
    Live,
    /// Panes are looked at, a session that others drive is watched.
    Watch,
    /// A witness's initials are typed.
    Initials,
    /// Two sessions are compared.
    Compare,
    /// Panes are looked at, a record is replayed.
    Replay,
    /// Panes are looked at.
    Panes,
    /// The answer line is typed.
    Answer,
    /// A decision is chosen.
    Choice,
    /// Words for the record are typed.
    Words,
    /// A note beside the record is typed.
    Beside,
    /// A line asks for a few words.
    Prompt,
    /// The deviation sheet is filled in.
    Sheet,
    /// A question waits for yes or no.
    Ask,
    /// The help is open.
    Help,
    /// Sessions are listed, before one is opened.
    Picker,
    /// The command palette is open.
    Palette,
    /// What to look for is typed.
    Find,
    /// Something is looked for in the pane.
    Found,
    /// A result is looked at.
    Result,
    /// A record is gone through before somebody signs.
    Review,
    /// The record is reviewed to be signed.
    Signing,
}

impl Context {
    /// For the help pane.
    pub fn title(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::Drive => "Always, when driving",
            Self::Gate => "At a gate",
            Self::Commit => "At the commit gate",
            Self::Stopped => "When the world is stopped",
            Self::Curtain => "At a stop or at the end",
            Self::Live => "Driving a ceremony",
            Self::Watch => "Watching a session that others drive",
            Self::Initials => "Typing initials",
            Self::Compare => "Comparing two sessions",
            Self::Replay => "Replaying a record",
            Self::Panes => "Looking at panes",
            Self::Answer => "Typing an answer",
            Self::Choice => "Choosing a decision",
            Self::Words => "Writing words",
            Self::Beside => "Writing a note beside the record",
            Self::Prompt => "Typing a line",
            Self::Sheet => "Writing a deviation",
            Self::Ask => "At a question",
            Self::Help => "In the help",
            Self::Picker => "Choosing a session",
            Self::Palette => "In the palette",
            Self::Find => "Typing what to look for",
            Self::Found => "While something is looked for",
            Self::Result => "In a result",
            Self::Review => "Reviewing a record",
            Self::Signing => "Reviewing it to sign",
        }
    }
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Do {
    /// `Command::Stop`.
    Stop,
    /// Gives the terminal back to the shell.
    Suspend,
    /// Starts the answer line.
    Answer,
    /// Starts the answer line for `discard`.
    Discard,
    /// Opens the editor of the stage that is next.
    Stage,
    /// Puts the curtain aside or back.
    Look,
    /// Opens the line for a witness's initials.
    Initials,
    /// The next (1) or previous (-1) difference that counts.
    Difference(isize),
    /// Shows only what differs and counts, or all.
    OnlyDifferences,
    /// Opens the editor for a note.
    Note,
    /// Opens the deviation sheet.
    Deviate,
    /// Asks whether everything is to be undone.
    RollBack,
    /// Asks whether to leave.
    Quit,
    /// Opens the help.
    Help,
    /// Opens the command palette.
    Palette,
    /// One pane has the whole screen.
    Zoom,
    /// Focus goes on.
    NextPane,
    /// Focus goes back.
    PreviousPane,
    /// A tab of the working pane, from 0.
    Tab(usize),
    /// Scrolls or selects by rows; pages are 1000.
    Rows(isize),
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Scrolls by columns.
    Columns(isize),
    /// Shows more of what is selected.
    Open,
    /// Another result.
    Result(isize),
    /// One entry or more of a replay.
    Seek(isize),
    /// First entry.
    SeekFirst,
    /// Last entry.
    SeekLast,
    /// Next (1) or previous (-1) mark.
    SeekMark(isize),
    /// Plays or pauses.
    PlayPause,
    /// Plays faster or slower by steps.
    Faster(isize),
    /// Long pauses in full, or cut.
    Pauses,
    /// Asks for words to look for.
    Find,
    /// Asks where to go.
    GoTo,
    /// The next or previous kind of marks.
    Filter(isize),
    /// All marks again.
    AllMarks,
    /// Opens the editor for a note beside the record.
    Beside,
    /// Takes what was typed.
    Confirm,
    /// Leaves without taking it.
    Leave,
    /// Takes one letter away.
    Rub,
    /// Takes everything away.
    RubAll,
    /// A decision, from 0.
    Choose(usize),
    /// Starts a search in the pane.
    FindHere,
    /// To the next place that was found (true) or the one before.
    FindNext(bool),
    /// Copies the cell, or (true) its row.
    Copy(bool),
    /// Keeps the first column where it is, or lets it go.
    Pin,
    /// Opens the row of the cell.
    OpenRow,
    /// The file in the operator's editor.
    Edit,
    /// To the next step that is not good.
    NextBad,
    /// Yes.
    Yes,
    /// No.
    No,
    /// Begins to approve.
    Approve,
    /// Begins to reject.
    Reject,
    /// To the next item that must be opened.
    NextMust,
    /// The record is replayed.
    Replay,
    /// Does something about the session that is selected.
    Go(Go),
}

/// What can be done from the list of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// What is next for it.
    Next,
    /// A new session.
    New,
    /// Look at it again.
    Replay,
    /// Look on.
    Watch,
    /// Its report.
    Report,
    /// Put a name under it.
    Sign,
}

/// A page of rows, whatever the pane's height.
pub const PAGE: isize = 1000;

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Any of these.
    pub keys: &'static [Key],
    /// When.
    pub context: Context,
    /// What it does.
    pub act: Do,
    /// For the help pane.
    pub help: &'static str,
    /// For the line at the bottom, if it stands there.
    pub hint: Option<&'static str>,
}

/// What `key` does in the first of `contexts` that knows it.
pub fn lookup(key: Key, contexts: &[Context]) -> Option<Do> {
    let active = |context: &Context| {
        KEYMAP.iter().find(|binding| binding.context == *context && binding.keys.contains(&key))
    };
    contexts.iter().find_map(active).map(|binding| binding.act)
}
