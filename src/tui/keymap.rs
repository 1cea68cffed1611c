//! The one table of keys: dispatch, the hints at the bottom and the help pane all come from it.

pub use super::key::Key;
use super::key::{control, key, letter};
use crossterm::event::KeyCode;

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

const fn row(
    keys: &'static [Key],
    context: Context,
    act: Do,
    hint: Option<&'static str>,
    help: &'static str,
) -> Binding {
    Binding { keys, context, act, help, hint }
}

use KeyCode::{BackTab, Backspace, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, Tab, Up};

/// Every key there is.
pub const KEYMAP: &[Binding] = &[
    row(
        &[letter('a')],
        Context::Gate,
        Do::Answer,
        Some("answer"),
        "answer the gate: type its phrase, then Enter",
    ),
    row(&[letter('d')], Context::Commit, Do::Discard, Some("discard"), "answer no: type discard, then Enter"),
    row(
        &[letter('A')],
        Context::Stopped,
        Do::Stage,
        Some("write the next stage"),
        "write the words of the stage that is next",
    ),
    row(
        &[letter('v')],
        Context::Curtain,
        Do::Look,
        Some("look behind"),
        "look at the panes behind, and back",
    ),
    row(
        &[control('c')],
        Context::Drive,
        Do::Stop,
        Some("STOP"),
        "STOP: cancels what runs; once more terminates it",
    ),
    row(&[letter('S')], Context::Live, Do::Stop, None, "STOP, the same"),
    row(&[letter('n')], Context::Live, Do::Note, Some("note"), "write a note into the record"),
    row(
        &[letter('D')],
        Context::Live,
        Do::Deviate,
        None,
        "write down a deviation: expected, observed, decided",
    ),
    row(
        &[letter('R')],
        Context::Live,
        Do::RollBack,
        None,
        "undo everything that is applied (asks, then a gate)",
    ),
    row(
        &[letter('i')],
        Context::Watch,
        Do::Initials,
        Some("initials"),
        "put your initials under the step that is shown: you saw it",
    ),
    row(&[letter('S')], Context::Watch, Do::Stop, None, "STOP, as with Ctrl-C: for everyone who watches"),
    row(&[key(PageUp), letter('b')], Context::Watch, Do::Rows(-PAGE), None, "a page up"),
    row(&[key(PageDown), letter('f')], Context::Watch, Do::Rows(PAGE), None, "a page down"),
    row(&[key(Home), letter('g')], Context::Watch, Do::First, None, "to the top"),
    row(&[key(End), letter('G')], Context::Watch, Do::Last, None, "to the end, and follow it"),
    row(&[key(Left), letter('h')], Context::Watch, Do::Columns(-8), None, "to the left"),
    row(&[key(Right), letter('l')], Context::Watch, Do::Columns(8), None, "to the right"),
    row(&[key(Enter)], Context::Initials, Do::Confirm, Some("put them into the record"), "give the initials"),
    row(&[key(Esc)], Context::Initials, Do::Leave, Some("leave"), "leave the line"),
    row(&[key(Backspace), control('h')], Context::Initials, Do::Rub, None, "take one letter away"),
    row(&[control('u')], Context::Initials, Do::RubAll, None, "take all letters away"),
    row(&[key(Enter)], Context::Compare, Do::Open, Some("open"), "open or close what there is to say of it"),
    row(
        &[letter('n')],
        Context::Compare,
        Do::Difference(1),
        Some("next difference"),
        "to the next difference that counts",
    ),
    row(&[letter('N')], Context::Compare, Do::Difference(-1), None, "to the difference before"),
    row(
        &[letter('d')],
        Context::Compare,
        Do::OnlyDifferences,
        Some("only differences"),
        "only what differs and counts, or all",
    ),
    row(&[key(Up), letter('k')], Context::Compare, Do::Rows(-1), None, "up"),
    row(&[key(Down), letter('j')], Context::Compare, Do::Rows(1), None, "down"),
    row(&[key(PageUp), letter('b')], Context::Compare, Do::Rows(-PAGE), None, "a page up"),
    row(&[key(PageDown), letter('f')], Context::Compare, Do::Rows(PAGE), None, "a page down"),
    row(&[key(Home), letter('g')], Context::Compare, Do::First, None, "to the top"),
    row(&[key(End), letter('G')], Context::Compare, Do::Last, None, "to the end"),
    row(&[letter('?')], Context::Compare, Do::Help, Some("help"), "this help, and away"),
    row(&[control('z')], Context::Compare, Do::Suspend, None, "back to the shell; fg comes back"),
    row(&[letter('q'), key(Esc), control('c')], Context::Compare, Do::Quit, Some("quit"), "leave"),
    row(&[letter(' ')], Context::Replay, Do::PlayPause, Some("play/pause"), "play or pause"),
    row(&[key(Left), letter('h')], Context::Replay, Do::Seek(-1), Some("back"), "one entry back"),
    row(&[key(Right), letter('l')], Context::Replay, Do::Seek(1), Some("on"), "one entry on"),
    row(&[key(PageUp)], Context::Replay, Do::Seek(-20), None, "20 entries back"),
    row(&[key(PageDown)], Context::Replay, Do::Seek(20), None, "20 entries on"),
    row(&[key(Home)], Context::Replay, Do::SeekFirst, None, "to the first entry"),
    row(&[key(End)], Context::Replay, Do::SeekLast, None, "to the last entry"),
    row(&[letter('n')], Context::Replay, Do::SeekMark(1), Some("next mark"), "to the next mark, or hit"),
    row(&[letter('N')], Context::Replay, Do::SeekMark(-1), None, "to the mark before, or hit"),
    row(
        &[letter('f')],
        Context::Replay,
        Do::Filter(1),
        None,
        "only gates, failed checks, findings, stops, notes, own notes",
    ),
    row(&[letter('F')], Context::Replay, Do::Filter(-1), None, "the same, backwards"),
    row(&[letter('/')], Context::Replay, Do::Find, Some("find"), "find words in the whole record"),
    row(&[key(Esc)], Context::Replay, Do::AllMarks, None, "all marks again; ends the search"),
    row(
        &[letter(':'), letter('g')],
        Context::Replay,
        Do::GoTo,
        Some("go to"),
        "go to an entry, a time, +5m, -30s or 50%",
    ),
    row(&[letter('+'), letter('=')], Context::Replay, Do::Faster(1), None, "play faster, up to 64x"),
    row(&[letter('-')], Context::Replay, Do::Faster(-1), None, "play slower, down to 0.25x"),
    row(&[letter('i')], Context::Replay, Do::Pauses, None, "long pauses in full, or cut to 1 s"),
    row(
        &[letter('c')],
        Context::Replay,
        Do::Beside,
        Some("note"),
        "write a note about this entry, beside the record",
    ),
    row(&[control('c')], Context::Replay, Do::Quit, None, "leave (asks)"),
    row(&[key(Tab)], Context::Panes, Do::NextPane, Some("pane"), "next pane"),
    row(&[key(BackTab)], Context::Panes, Do::PreviousPane, None, "pane before"),
    row(&[letter('1')], Context::Panes, Do::Tab(0), None, "tab Output"),
    row(&[letter('2')], Context::Panes, Do::Tab(1), None, "tab Results"),
    row(&[letter('3')], Context::Panes, Do::Tab(2), None, "tab SQL"),
    row(&[letter('4')], Context::Panes, Do::Tab(3), None, "tab Changes"),
    row(&[letter('5')], Context::Panes, Do::Tab(4), None, "tab Evidence"),
    row(&[letter('6')], Context::Panes, Do::Tab(5), None, "tab Graph"),
    row(&[letter('7')], Context::Panes, Do::Tab(6), None, "tab Notes: findings, stops and notes"),
    row(
        &[letter('8')],
        Context::Panes,
        Do::Tab(7),
        None,
        "tab Locks: who waits for whom, what is held, how far it is",
    ),
    row(&[key(Up), letter('k')], Context::Panes, Do::Rows(-1), None, "up"),
    row(&[key(Down), letter('j')], Context::Panes, Do::Rows(1), None, "down"),
    row(&[key(PageUp), letter('b')], Context::Live, Do::Rows(-PAGE), None, "a page up"),
    row(&[key(PageDown), letter('f')], Context::Live, Do::Rows(PAGE), None, "a page down"),
    row(&[key(Home), letter('g')], Context::Live, Do::First, None, "to the top"),
    row(&[key(End), letter('G')], Context::Live, Do::Last, None, "to the end, and follow it"),
    row(&[key(Left), letter('h')], Context::Live, Do::Columns(-8), None, "to the left"),
    row(&[key(Right), letter('l')], Context::Live, Do::Columns(8), None, "to the right"),
    row(&[letter('<')], Context::Panes, Do::Columns(-8), None, "to the left, also in a replay"),
    row(&[letter('>')], Context::Panes, Do::Columns(8), None, "to the right, also in a replay"),
    row(&[letter('[')], Context::Panes, Do::Result(-1), None, "result before"),
    row(&[letter(']')], Context::Panes, Do::Result(1), None, "next result"),
    row(&[key(Enter)], Context::Panes, Do::Open, None, "evidence of the step or of the migration"),
    row(&[letter('!')], Context::Panes, Do::NextBad, None, "to the next step that is not good"),
    row(
        &[letter('e')],
        Context::Panes,
        Do::Edit,
        None,
        "the file in your editor ($VISUAL, $EDITOR), at the line",
    ),
    row(&[letter('/')], Context::Live, Do::FindHere, None, "look for something in the pane"),
    row(&[control('f')], Context::Panes, Do::FindHere, None, "the same, also in a replay"),
    row(&[key(Enter)], Context::Result, Do::Open, None, "open the cell, and back"),
    row(&[letter('r')], Context::Result, Do::OpenRow, None, "open the whole row, or its cell again"),
    row(&[key(Esc)], Context::Result, Do::Leave, None, "back to the table"),
    row(&[letter('p')], Context::Result, Do::Pin, None, "let the first column stay, or go"),
    row(&[letter('y')], Context::Result, Do::Copy(false), None, "copy the cell to the terminal's clipboard"),
    row(&[letter('Y')], Context::Result, Do::Copy(true), None, "copy the row, separated by tabs"),
    row(&[letter('n')], Context::Found, Do::FindNext(true), Some("next"), "to the next place"),
    row(&[letter('N')], Context::Found, Do::FindNext(false), Some("before"), "to the place before"),
    row(&[key(Esc)], Context::Found, Do::Leave, Some("leave"), "leave the search"),
    row(&[key(Enter)], Context::Find, Do::Confirm, Some("keep"), "keep it; n and N go on from there"),
    row(&[key(Esc)], Context::Find, Do::Leave, Some("leave"), "leave the search"),
    row(&[key(Backspace), control('h')], Context::Find, Do::Rub, None, "take one letter away"),
    row(&[control('u')], Context::Find, Do::RubAll, None, "take all letters away"),
    row(
        &[letter('z')],
        Context::Panes,
        Do::Zoom,
        Some("zoom"),
        "give the pane in focus all the room, and back",
    ),
    row(
        &[letter('p'), control('p')],
        Context::Panes,
        Do::Palette,
        Some("find"),
        "find what to do by a few letters of it",
    ),
    row(&[letter('?')], Context::Panes, Do::Help, Some("help"), "this help"),
    row(&[letter('q')], Context::Panes, Do::Quit, Some("quit"), "leave (asks); the session can be resumed"),
    row(&[control('z')], Context::Always, Do::Suspend, None, "back to the shell; fg comes back"),
    row(&[key(Enter)], Context::Answer, Do::Confirm, Some("confirm"), "give the answer"),
    row(&[key(Esc)], Context::Answer, Do::Leave, Some("leave"), "leave the answer line"),
    row(&[key(Backspace), control('h')], Context::Answer, Do::Rub, None, "take one letter away"),
    row(&[control('u')], Context::Answer, Do::RubAll, None, "take all letters away"),
    row(&[letter('1')], Context::Choice, Do::Choose(0), Some("resume"), "resume"),
    row(&[letter('2')], Context::Choice, Do::Choose(1), Some("roll back"), "roll back"),
    row(&[letter('3')], Context::Choice, Do::Choose(2), Some("abandon"), "abandon"),
    row(&[key(Esc)], Context::Choice, Do::Leave, Some("leave"), "decide later"),
    row(
        &[control('d')],
        Context::Words,
        Do::Confirm,
        Some("write it into the record"),
        "write the words into the record",
    ),
    row(&[key(Esc)], Context::Words, Do::Leave, Some("put it aside"), "put the words aside; they are kept"),
    row(&[control('d')], Context::Beside, Do::Confirm, Some("keep it"), "keep the note beside the record"),
    row(&[key(Esc)], Context::Beside, Do::Leave, Some("put it aside"), "put the note aside; it is kept"),
    row(&[key(Enter)], Context::Prompt, Do::Confirm, None, "take the line"),
    row(&[key(Esc)], Context::Prompt, Do::Leave, None, "leave the line"),
    row(&[key(Backspace), control('h')], Context::Prompt, Do::Rub, None, "take one letter away"),
    row(&[control('u')], Context::Prompt, Do::RubAll, None, "take all letters away"),
    row(
        &[control('d')],
        Context::Sheet,
        Do::Confirm,
        Some("write it into the record"),
        "write the deviation into the record",
    ),
    row(&[key(Enter), key(Tab)], Context::Sheet, Do::NextPane, Some("next question"), "to the next question"),
    row(&[key(BackTab)], Context::Sheet, Do::PreviousPane, None, "to the question before"),
    row(&[key(Esc)], Context::Sheet, Do::Leave, Some("put it aside"), "put it aside; the words are kept"),
    row(&[letter('y')], Context::Ask, Do::Yes, Some("yes"), "yes"),
    row(&[letter('n'), key(Esc)], Context::Ask, Do::No, Some("no"), "no"),
    row(&[key(Esc), letter('?'), letter('q')], Context::Help, Do::Leave, Some("close"), "close the help"),
    row(
        &[letter('/'), control('f')],
        Context::Help,
        Do::FindHere,
        Some("look for"),
        "look for something in the help",
    ),
    row(
        &[letter('a')],
        Context::Signing,
        Do::Approve,
        Some("approve"),
        "approve: type the phrase, then Enter",
    ),
    row(&[letter('x')], Context::Signing, Do::Reject, Some("reject"), "reject: say why"),
    row(&[key(Enter)], Context::Review, Do::Open, Some("open"), "open the item: its evidence, in full"),
    row(&[letter('n')], Context::Review, Do::NextMust, Some("next"), "to the next item that must be opened"),
    row(&[letter('v')], Context::Review, Do::Replay, Some("replay"), "replay the record; q comes back here"),
    row(&[key(Up), letter('k')], Context::Review, Do::Rows(-1), None, "up"),
    row(&[key(Down), letter('j')], Context::Review, Do::Rows(1), None, "down"),
    row(&[key(PageUp), letter('b')], Context::Review, Do::Rows(-PAGE), None, "evidence: a page up"),
    row(&[key(PageDown), letter('f')], Context::Review, Do::Rows(PAGE), None, "evidence: a page down"),
    row(&[key(Home), letter('g')], Context::Review, Do::First, None, "to the first item"),
    row(&[key(End), letter('G')], Context::Review, Do::Last, None, "to the last item"),
    row(&[key(Esc)], Context::Review, Do::Leave, None, "from the evidence back to the list"),
    row(&[letter('?')], Context::Review, Do::Help, Some("help"), "this help"),
    row(
        &[letter('q'), control('c')],
        Context::Review,
        Do::Quit,
        Some("quit"),
        "leave without signing (asks); what was opened is kept",
    ),
    row(&[key(Up), letter('k')], Context::Help, Do::Rows(-1), Some("up"), "up"),
    row(&[key(Down), letter('j')], Context::Help, Do::Rows(1), Some("down"), "down"),
    row(&[key(PageUp), letter('b')], Context::Help, Do::Rows(-PAGE), None, "a page up"),
    row(&[key(PageDown), letter('f')], Context::Help, Do::Rows(PAGE), None, "a page down"),
    row(&[key(Enter)], Context::Picker, Do::Go(Go::Next), Some("go on"), "do what is next for it"),
    row(&[letter('n')], Context::Picker, Do::Go(Go::New), Some("new"), "start a new session"),
    row(&[letter('r')], Context::Picker, Do::Go(Go::Replay), Some("replay"), "look at it again"),
    row(
        &[letter('p')],
        Context::Picker,
        Do::Go(Go::Report),
        Some("report"),
        "write its report, and print it",
    ),
    row(&[letter('w')], Context::Picker, Do::Go(Go::Watch), Some("watch"), "look on while it is driven"),
    row(&[letter('s')], Context::Picker, Do::Go(Go::Sign), Some("sign"), "put a name under it"),
    row(&[key(Up), letter('k')], Context::Picker, Do::Rows(-1), None, "up"),
    row(&[key(Down), letter('j')], Context::Picker, Do::Rows(1), None, "down"),
    row(&[key(PageUp), letter('b')], Context::Picker, Do::Rows(-PAGE), None, "a page up"),
    row(&[key(PageDown), letter('f')], Context::Picker, Do::Rows(PAGE), None, "a page down"),
    row(&[key(Home), letter('g')], Context::Picker, Do::First, None, "to the newest"),
    row(&[key(End), letter('G')], Context::Picker, Do::Last, None, "to the oldest"),
    row(
        &[letter('q'), key(Esc), control('c')],
        Context::Picker,
        Do::Quit,
        Some("quit"),
        "leave; nothing is started",
    ),
    row(&[key(Enter)], Context::Palette, Do::Confirm, Some("do it"), "do what is chosen"),
    row(&[key(Esc), control('p')], Context::Palette, Do::Leave, Some("close"), "close the palette"),
    row(&[key(Up), control('k')], Context::Palette, Do::Rows(-1), Some("up"), "the one above"),
    row(&[key(Down), control('j')], Context::Palette, Do::Rows(1), Some("down"), "the one below"),
    row(&[control('u')], Context::Palette, Do::RubAll, None, "take all letters away"),
];

/// What `key` does in the first of `contexts` that knows it.
pub fn lookup(key: Key, contexts: &[Context]) -> Option<Do> {
    let active = |context: &Context| {
        KEYMAP.iter().find(|binding| binding.context == *context && binding.keys.contains(&key))
    };
    contexts.iter().find_map(active).map(|binding| binding.act)
}
