//! The terminal itself: raw mode and the other screen as a guard, and the thread that reads keys.

use super::TermEvent;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::mem::ManuallyDrop;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Whether the terminal is ours, so that it is given back once and only then.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Held by the thread that reads keys: the next one waits until it is gone, so that no key is lost between them.
static READING: Mutex<()> = Mutex::new(());
/// How long the input thread waits for a key before it looks for a change of size.
const PATIENCE_NS: i64 = 50_000_000;

/// How long crossterm looks for more keys; with zero it would not look at all.
const MOMENT: Duration = Duration::from_millis(1);
/// A frame is written in one piece if it is not larger, so that nobody sees half of one.
const FRAME_BYTES: usize = 256 * 1024;

/// A terminal in raw mode on its other screen; given back when dropped.
pub struct Terminal {
    /// Never dropped: ratatui's own drop prints to standard error when the terminal is gone, and so panics.
    inner: ManuallyDrop<ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
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
        take(mouse)?;
        let out = BufWriter::with_capacity(FRAME_BYTES, io::stdout());
        let inner = ratatui::Terminal::new(CrosstermBackend::new(out));
        match inner {
            Ok(inner) => Ok(Self { inner: ManuallyDrop::new(inner), mouse }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Draws a frame.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        queue!(self.inner.backend_mut(), BeginSynchronizedUpdate)?;
        let drawn = self.inner.draw(draw).map(drop);
        execute!(self.inner.backend_mut(), EndSynchronizedUpdate)?;
        drawn
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

    /// Takes the terminal again, after somebody else had it, and draws everything anew.
    ///
    /// # Errors
    /// When it does not obey.
    pub fn resume(&mut self) -> io::Result<()> {
        take(self.mouse)?;
        // ratatui's own `clear` asks the terminal where the cursor is and waits for the answer, which the input
        // thread would eat. Forgetting the last frame does the same.
        self.inner.swap_buffers();
        execute!(io::stdout(), Clear(ClearType::All))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn take(mouse: bool) -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    let taking = || -> io::Result<()> {
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
        if mouse {
            execute!(io::stdout(), EnableMouseCapture)?;
        }
        Ok(())
    };
    taking().inspect_err(|_| restore())
}

/// Gives the terminal back: safe to call at any time, any number of times, from a panic hook or after a signal.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Each by itself: a failure of one must not keep the others from being tried.
    let mut out = io::stdout();
    let _ = execute!(out, DisableMouseCapture);
    let _ = execute!(out, DisableBracketedPaste);
    let _ = execute!(out, LeaveAlternateScreen);
    let _ = execute!(out, cursor::Show);
    let _ = out.flush();
    let _ = disable_raw_mode();
}

/// Gives the terminal back before a panic is reported, so that the report can be read.
pub fn restore_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        restore();
        report(info);
    }));
}

/// The thread that reads keys; stops when dropped.
#[derive(Debug)]
pub struct Input {
    stop: Arc<AtomicBool>,
}

impl Drop for Input {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
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
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let tty = if io::stdin().is_terminal() {
            rustix::io::dup(io::stdin())?
        } else {
            std::fs::File::open("/dev/tty")?.into()
        };
        std::thread::Builder::new().name("keys".to_owned()).spawn(move || {
            let _reading = READING.lock().unwrap_or_else(PoisonError::into_inner);
            while !stopped.load(Ordering::Relaxed) {
                match read(&tty, &stopped, &mut take) {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => return gone(error),
                }
            }
        })?;
        Ok(Self { stop })
    }
}

/// Waits a moment for keys and hands them on. The hang-up is looked for here: crossterm would spin on it.
fn read(tty: &impl AsFd, stopped: &AtomicBool, take: &mut impl FnMut(TermEvent) -> bool) -> io::Result<bool> {
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
    while !stopped.load(Ordering::Relaxed) && crossterm::event::poll(MOMENT)? {
        if !take(crossterm::event::read()?) {
            return Ok(false);
        }
    }
    Ok(true)
}
