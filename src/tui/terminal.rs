//! The terminal itself: raw mode and the other screen as a guard, and the thread that reads keys.

use super::pen::{self, Pen};
use super::{Call, TermEvent, warden};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture,
};
use crossterm::style::ContentStyle;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, queue};
use ratatui::backend::{CrosstermBackend, IntoCrossterm};
use ratatui::style::Style;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, IsTerminal, Write};
use std::mem::ManuallyDrop;
use std::os::fd::AsFd;
use std::panic::PanicHookInfo;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Held by the thread that reads keys: the next one waits until it is gone, so that no key is lost between them.
static READING: Mutex<()> = Mutex::new(());
/// How long the input thread waits for a key before it looks for a change of size.
const PATIENCE_NS: i64 = 50_000_000;

/// How long the input thread is waited for until it leaves the terminal alone.
const QUIET_MAX: Duration = Duration::from_secs(2);
/// How long crossterm looks for more keys; with zero it would not look at all.
const MOMENT: Duration = Duration::from_millis(1);
/// Letters of a notification.
const CALL_MAX: usize = 120;

/// Text with a style, for a line that is printed.
pub fn painted(text: &str, style: Style) -> String {
    let style: ContentStyle = style.into_crossterm();
    style.apply(text).to_string()
}

/// A terminal in raw mode on its other screen; given back when dropped.
pub struct Terminal {
    /// Never dropped: ratatui's own drop prints to standard error when the terminal is gone, and so panics.
    inner: ManuallyDrop<ratatui::Terminal<CrosstermBackend<Pen>>>,
    pen: Pen,
    mouse: bool,
}

impl std::fmt::Debug for Terminal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal").field("mouse", &self.mouse).finish_non_exhaustive()
    }
}

impl Terminal {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When standard output is no terminal, or it does not obey.
    pub fn open(mouse: bool) -> io::Result<Self> {
        if !io::stdout().is_terminal() {
            return Err(io::Error::other("standard output is no terminal"));
        }
        let pen = Pen::start()?;
        take(mouse)?;
        let inner = ratatui::Terminal::new(CrosstermBackend::new(pen.clone()));
        match inner {
            Ok(inner) => Ok(Self { inner: ManuallyDrop::new(inner), pen, mouse }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Draws a frame. Waits until the terminal has taken the one before.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        self.pen.wait();
        queue!(self.pen, BeginSynchronizedUpdate)?;
        let drawn = self.inner.draw(draw).map(drop);
        queue!(self.pen, EndSynchronizedUpdate)?;
        self.pen.hand()?;
        drawn
    }

    /// Draws a frame, unless the terminal does not take what was drawn before. Waits for no terminal.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw_if_free(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        if self.pen.is_free() { self.draw(draw) } else { Ok(()) }
    }

    /// Whether the last frame was left out: what is on the screen is not how it is.
    pub fn is_behind(&self) -> bool {
        self.pen.is_behind()
    }

    /// Rings, and where it is asked for has the terminal show a notification of the desktop.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn call(&mut self, call: &Call) -> io::Result<()> {
        if self.is_behind() {
            return Ok(());
        }
        let out = &mut self.pen;
        if call.desktop {
            let words: String =
                call.words.chars().filter(|c| !c.is_control() && *c != ';').take(CALL_MAX).collect();
            let term = std::env::var("TERM").unwrap_or_default();
            // OSC 777 is urxvt's and foot's; OSC 9 is iTerm2's and almost everybody else's.
            if term.starts_with("rxvt") || term.starts_with("foot") {
                write!(out, "\x1b]777;notify;ceremony;{words}\x1b\\")?;
            } else {
                write!(out, "\x1b]9;ceremony: {words}\x1b\\")?;
            }
        }
        out.write_all(b"\x07")?;
        out.hand()
    }

    /// Gives the terminal to the shell and stops this process; returns once it is continued.
    ///
    /// # Errors
    /// When the terminal cannot be taken again.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
        self.resume()
    }

    /// Gives the terminal to `work`, and takes it again when that is done. What was typed meanwhile and nobody read is
    /// thrown away: it was not meant for this screen.
    ///
    /// # Errors
    /// When it cannot be taken again.
    pub fn lend<T>(&mut self, keys: &Input, work: impl FnOnce() -> T) -> io::Result<T> {
        let quiet = keys.pause();
        restore();
        let done = work();
        // Failing that, a key too many arrives.
        let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
        self.resume()?;
        drop(quiet);
        Ok(done)
    }

    /// Writes a sequence that moves nothing on the screen.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn write(&mut self, sequence: &str) -> io::Result<()> {
        self.pen.write_all(sequence.as_bytes())?;
        self.pen.hand()
    }

    /// Takes the terminal again, after somebody else had it, and draws everything anew.
    ///
    /// # Errors
    /// When it does not obey.
    pub fn resume(&mut self) -> io::Result<()> {
        take(self.mouse)?;
        // ratatui's own `clear` asks the terminal where the cursor is and waits for the answer, which the input
        // thread would eat. Forgetting the last frame does the same.
        self.inner.swap_buffers();
        queue!(self.pen, Clear(ClearType::All))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.pen.put_down();
        restore();
    }
}

fn take(mouse: bool) -> io::Result<()> {
    pen::take();
    warden::taking();
    let taking = || -> io::Result<()> {
        enable_raw_mode()?;
        let mut out = Vec::new();
        queue!(out, EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange, cursor::Hide)?;
        if mouse {
            queue!(out, EnableMouseCapture)?;
        }
        pen::put(out);
        Ok(())
    };
    taking().inspect(|()| warden::taken()).inspect_err(|_| restore())
}

/// Gives the terminal back: safe to call at any time, any number of times, from a panic hook or after a signal. Where
/// nobody reads, the warden does the rest once somebody does.
pub fn restore() {
    if !pen::give_back() {
        return;
    }
    let mut out = Vec::new();
    // Nothing of it fails in memory.
    let _ = queue!(out, DisableMouseCapture, DisableFocusChange, DisableBracketedPaste);
    let _ = queue!(out, LeaveAlternateScreen, cursor::Show);
    let done = pen::put(out);
    let _ = disable_raw_mode();
    if done {
        warden::given_back();
    }
}

/// Gives the terminal back before a panic is reported, so that the report can be read; and ends the program, for without
/// the thread that fell the others would wait. Nothing is done where the work that it ends is `told` of it.
#[expect(clippy::exit, reason = "a thread that fell has nobody to return to")]
pub fn restore_on_panic(told: fn(&PanicHookInfo<'_>) -> bool) {
    let report = std::panic::take_hook();
    let first = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        if told(info) {
            return;
        }
        restore();
        report(info);
        // The first thread unwinds, and lets go of all it holds.
        if std::thread::current().id() != first {
            std::process::exit(PANICKED);
        }
    }));
}

/// As of a program whose first thread panicked.
const PANICKED: i32 = 101;

/// The thread that reads keys; stops when dropped.
#[derive(Debug)]
pub struct Input {
    turn: Arc<Turn>,
}

/// Whose turn it is to read from the terminal.
#[derive(Debug, Default)]
struct Turn {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Reads,
    /// It is to leave the terminal alone.
    Asked,
    /// It does.
    Quiet,
    Stop,
}

impl Turn {
    fn set(&self, state: State) {
        let mut now = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *now != State::Stop {
            *now = state;
        }
        self.changed.notify_all();
    }

    fn is_ours(&self) -> bool {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) == State::Reads
    }

    /// Waits while somebody else reads; whether to go on.
    fn goes_on(&self) -> bool {
        let mut now = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while matches!(*now, State::Asked | State::Quiet) {
            *now = State::Quiet;
            self.changed.notify_all();
            now = self.changed.wait(now).unwrap_or_else(PoisonError::into_inner);
        }
        *now != State::Stop
    }
}

/// While this is held nobody reads keys.
#[derive(Debug)]
pub struct Quiet<'i>(&'i Turn);

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        self.0.set(State::Reads);
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.turn.set(State::Stop);
    }
}

impl Input {
    /// Starts it. `take` gets each event and says whether it wants more; `gone` is called once when the terminal is
    /// gone, with the reason.
    ///
    /// # Errors
    /// When there is no terminal to read from, or no thread.
    pub fn start(
        mut take: impl FnMut(TermEvent) -> bool + Send + 'static,
        gone: impl FnOnce(io::Error) + Send + 'static,
    ) -> io::Result<Self> {
        let turn = Arc::new(Turn::default());
        let ours = Arc::clone(&turn);
        let tty = if io::stdin().is_terminal() {
            rustix::io::dup(io::stdin())?
        } else {
            std::fs::File::open("/dev/tty")?.into()
        };
        std::thread::Builder::new().name("keys".to_owned()).spawn(move || {
            let _reading = READING.lock().unwrap_or_else(PoisonError::into_inner);
            while ours.goes_on() {
                match read(&tty, &ours, &mut take) {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => return gone(error),
                }
            }
        })?;
        Ok(Self { turn })
    }

    /// Waits until the thread leaves the terminal alone; it does so until what is returned is dropped.
    fn pause(&self) -> Quiet<'_> {
        self.turn.set(State::Asked);
        let now = self.turn.state.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = |state: &mut State| *state == State::Asked;
        // One that is gone, because the terminal is, never answers.
        drop(self.turn.changed.wait_timeout_while(now, QUIET_MAX, asked));
        Quiet(&self.turn)
    }
}

/// Waits a moment for keys and hands them on. The hang-up is looked for here: crossterm would spin on it.
fn read(tty: &impl AsFd, turn: &Turn, take: &mut impl FnMut(TermEvent) -> bool) -> io::Result<bool> {
    let mut fds = [PollFd::new(tty, PollFlags::IN)];
    let patience = Timespec { tv_sec: 0, tv_nsec: PATIENCE_NS };
    match poll(&mut fds, Some(&patience)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    if fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the terminal is gone"));
    }
    // What comes after the end is for whoever reads next.
    while turn.is_ours() && crossterm::event::poll(MOMENT)? {
        if !take(crossterm::event::read()?) {
            return Ok(false);
        }
    }
    Ok(true)
}
