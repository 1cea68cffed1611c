//! What is left on a terminal when the program has ended.

use portable_pty::ExitStatus;

/// What is left when the program has ended.
pub struct Left {
    pub status: ExitStatus,
    /// What stands on the terminal.
    pub text: String,
    /// Everything the program ever wrote.
    pub raw: Vec<u8>,
    /// Whether lines are edited and echoed by the terminal, as a shell wants it.
    pub cooked: bool,
    pub alternate: bool,
    pub hidden: bool,
    pub paste: bool,
}

impl Left {
    /// The terminal is as the shell left it.
    #[track_caller]
    pub fn assert_restored(&self) {
        let (cooked, text) = (self.cooked, &self.text);
        let state = (self.alternate, self.hidden, self.paste);
        assert_eq!(state, (false, false, false), "(other screen, hidden cursor, paste marks)\n{text}");
        assert!(cooked, "the terminal is still in raw mode\n{text}");
    }
}
