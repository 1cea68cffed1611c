//! The warden: a process of ours that outlives a SIGKILL of the cockpit, and gives its terminal back.
//!
//! It hangs on a pipe from the cockpit and hears a letter each time the terminal is taken or given back. At the end of
//! the pipe it mends what is left to be mended, and ends. It has a process group of its own and ignores every signal
//! that a terminal or a shell sends, so that what ends the cockpit does not end it first.

use crossterm::event::{DisableBracketedPaste, DisableFocusChange, DisableMouseCapture};
use crossterm::style::ResetColor;
use crossterm::terminal::{EndSynchronizedUpdate, LeaveAlternateScreen};
use crossterm::{cursor, execute};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The terminal is about to be taken.
const TAKING: u8 = b't';
/// It is taken: in raw mode, on its other screen.
const TAKEN: u8 = b'T';
/// It is given back.
const GIVEN: u8 = b'G';
/// The warden knows what there was before.
const READY: u8 = b'r';
/// A warden that is not ready by then is done without, seconds.
const READY_S: i64 = 10;

/// A shell can ignore signals for the program that it becomes; that takes no unsafe code.
const SHELL: &str = r#"trap "" HUP INT QUIT TERM TSTP TTIN TTOU USR1 USR2; exec "$@""#;

/// Our end of the pipe. Nobody but this process may hold it, or its end would never come.
static LEASH: Mutex<Option<ChildStdin>> = Mutex::new(None);

/// Whether the terminal was given back by the cockpit itself, or never taken.
static GIVEN_BACK: AtomicBool = AtomicBool::new(true);

/// A warden on duty; dismissed when dropped.
#[derive(Debug)]
pub struct Warden {
    child: Option<Child>,
}

impl Warden {
    /// Posts a warden before the terminal is taken; after a kill it says `words`. Without one the cockpit works as well,
    /// so that nothing is said when it cannot be had.
    #[must_use]
    pub fn start(words: &str) -> Self {
        Self { child: posted(words).ok() }
    }

    /// What is said when a session that can be gone on with was driven.
    pub fn words(dir: &std::path::Path) -> String {
        let dir = crate::view::clean_line(&dir.display().to_string());
        format!("ceremony was killed; the session can be resumed: ceremony resume {dir}")
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        drop(leash().take());
        // Where nobody reads the terminal it is given back by the warden, which waits for a reader as long as it takes.
        let given = GIVEN_BACK.load(Ordering::SeqCst);
        if let Some(child) = self.child.as_mut().filter(|_| given) {
            // It ends at the end of the pipe; nobody else is there to wait for it.
            let _ = child.wait();
        }
    }
}

fn leash() -> std::sync::MutexGuard<'static, Option<ChildStdin>> {
    LEASH.lock().unwrap_or_else(PoisonError::into_inner)
}

fn posted(words: &str) -> io::Result<Child> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", SHELL, "ceremony-warden"])
        .arg(program()?)
        .args(["warden", words])
        .env_clear()
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::from(rustix::io::fcntl_dupfd_cloexec(io::stdout(), 0)?))
        .spawn()?;
    let ready = child.stdout.take().is_some_and(|mut said| {
        let patience = Timespec { tv_sec: READY_S, tv_nsec: 0 };
        let mut letter = [0];
        let heard = poll(&mut [PollFd::new(&said, PollFlags::IN)], Some(&patience)) == Ok(1);
        heard && said.read(&mut letter).is_ok_and(|count| count == 1) && letter[0] == READY
    });
    if !ready {
        // At the end of its pipe it goes by itself.
        drop(child.stdin.take());
        return Err(io::Error::other("the warden is not ready"));
    }
    *leash() = child.stdin.take();
    Ok(child)
}

/// This program, also if its file was replaced or removed since it started.
fn program() -> io::Result<PathBuf> {
    let here = std::env::current_exe()?;
    Ok(if here.exists() { here } else { PathBuf::from("/proc/self/exe") })
}

pub(super) fn taking() {
    GIVEN_BACK.store(false, Ordering::SeqCst);
    say(TAKING);
}

pub(super) fn taken() {
    say(TAKEN);
}

pub(super) fn given_back() {
    GIVEN_BACK.store(true, Ordering::SeqCst);
    say(GIVEN);
}

fn say(letter: u8) {
    if let Some(leash) = &mut *leash() {
        // A warden that is gone cannot be told.
        let _ = leash.write_all(&[letter]);
    }
}

/// The warden itself: standard input is the pipe, standard error the terminal. Returns its exit code.
pub fn watch(words: &str) -> u8 {
    let mut terminal = io::stderr();
    if !terminal.is_terminal() {
        return 2;
    }
    let Ok(before) = tcgetattr(&terminal) else { return 1 };
    {
        let mut out = io::stdout();
        if out.write_all(&[READY]).and_then(|()| out.flush()).is_err() {
            return 1;
        }
    }
    let (last, ours) = listen(&terminal);
    if !matches!(last, Some(TAKING | TAKEN)) {
        return 0;
    }
    // A shell that has the terminal again by now has set it as it wants it.
    let now = tcgetattr(&terminal).ok();
    if is_still_ours(ours.as_ref(), now.as_ref()) {
        let _ = tcsetattr(&terminal, OptionalActions::Flush, &before);
    }
    // Each by itself: a terminal that is gone is no reason to leave the others out.
    let _ = execute!(terminal, EndSynchronizedUpdate, DisableMouseCapture, DisableFocusChange);
    let _ = execute!(terminal, DisableBracketedPaste, ResetColor, LeaveAlternateScreen, cursor::Show);
    let _ = write!(terminal, "\r\n{words}\r\n");
    let _ = terminal.flush();
    0
}

/// Hears the letters to the end of the pipe: the last one, and the modes that the cockpit set.
fn listen(terminal: &io::Stderr) -> (Option<u8>, Option<Termios>) {
    let (mut last, mut ours) = (None, None);
    let Ok(mut pipe) = rustix::io::dup(io::stdin()).map(File::from) else { return (None, None) };
    let mut letter = [0];
    while let Ok(1) = pipe.read(&mut letter) {
        last = Some(letter[0]);
        if letter[0] == TAKEN {
            ours = tcgetattr(terminal).ok();
        }
    }
    (last, ours)
}

/// Whether the modes are those that the cockpit set, or nobody knows which it set.
fn is_still_ours(ours: Option<&Termios>, now: Option<&Termios>) -> bool {
    let (Some(ours), Some(now)) = (ours, now) else { return true };
    ours.local_modes == now.local_modes
        && ours.input_modes == now.input_modes
        && ours.output_modes == now.output_modes
}
