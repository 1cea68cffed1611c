//! Writes to the terminal on a thread of its own: a terminal that nobody reads stops its pen, and never who drives.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a frame that is on its way is waited for before the next one is left out.
const MOMENT: Duration = Duration::from_millis(50);
/// How long a terminal that is given back is waited for.
pub(super) const LAST_MAX: Duration = Duration::from_secs(1);

/// Whether the terminal is ours. Nothing of a frame is written when it is not.
static OURS: AtomicBool = AtomicBool::new(false);
/// Whether a pen is in the middle of writing.
static AT_WORK: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// Collects a frame as it is drawn, and hands it over whole. Its copies write into the same frame.
#[derive(Clone, Debug)]
pub(super) struct Pen(Arc<Desk>);

#[derive(Debug, Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// What is being drawn.
    frame: Vec<u8>,
    /// What is to be written.
    handed: Vec<u8>,
    writing: bool,
    /// It was waited for in vain.
    late: bool,
    failed: Option<io::ErrorKind>,
    over: bool,
}

impl State {
    fn is_busy(&self) -> bool {
        (self.writing || !self.handed.is_empty()) && self.failed.is_none()
    }
}

impl Pen {
    /// A pen on standard output.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn start() -> io::Result<Self> {
        Self::on(rustix::io::fcntl_dupfd_cloexec(io::stdout(), 0)?)
    }

    fn on(terminal: OwnedFd) -> io::Result<Self> {
        let pen = Self(Arc::default());
        let theirs = pen.clone();
        std::thread::Builder::new().name("pen".to_owned()).spawn(move || theirs.work(&terminal))?;
        Ok(pen)
    }

    /// Whether everything that was handed over is written. Waits a moment for it, once.
    pub fn is_free(&self) -> bool {
        let state = self.state();
        if !state.is_busy() || state.late {
            return !state.is_busy();
        }
        let mut state = self.wait_while_busy(state, MOMENT);
        state.late = state.is_busy();
        !state.late
    }

    /// Whether what is on the screen is not what was drawn last.
    pub fn is_behind(&self) -> bool {
        let state = self.state();
        state.late && state.is_busy()
    }

    /// Waits until everything that was handed over is written, however long it takes.
    pub fn wait(&self) {
        let state = self.state();
        drop(self.0.changed.wait_while(state, |state| state.is_busy()));
    }

    /// Hands over what was drawn.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn hand(&self) -> io::Result<()> {
        let mut state = self.state();
        if let Some(kind) = state.failed {
            return Err(kind.into());
        }
        let State { frame, handed, .. } = &mut *state;
        handed.append(frame);
        self.0.changed.notify_all();
        Ok(())
    }

    /// Nothing more will be written.
    pub fn put_down(&self) {
        self.state().over = true;
        self.0.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while_busy<'a>(&self, state: MutexGuard<'a, State>, patience: Duration) -> MutexGuard<'a, State> {
        let waited = self.0.changed.wait_timeout_while(state, patience, |state| state.is_busy());
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn work(&self, terminal: &OwnedFd) {
        loop {
            let idle = |state: &mut State| state.handed.is_empty() && !state.over;
            let state = self.0.changed.wait_while(self.state(), idle);
            let mut state = state.unwrap_or_else(PoisonError::into_inner);
            if state.over {
                return;
            }
            let bytes = std::mem::take(&mut state.handed);
            state.writing = true;
            drop(state);
            let result = if begin() { write_all(terminal, &bytes) } else { Ok(()) };
            end();
            let mut state = self.state();
            (state.writing, state.late) = (false, false);
            state.failed = result.err().map(|error| error.kind());
            self.0.changed.notify_all();
        }
    }
}

impl Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.state().frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// A frame is written whole, see [`Pen::hand`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn at_work() -> MutexGuard<'static, bool> {
    AT_WORK.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the right to write, if the terminal is ours.
fn begin() -> bool {
    let mut at_work = at_work();
    *at_work = OURS.load(Ordering::SeqCst);
    *at_work
}

fn end() {
    *at_work() = false;
    AT_WORK.1.notify_all();
}

/// The terminal is ours from now on.
pub(super) fn take() {
    OURS.store(true, Ordering::SeqCst);
}

/// Whether it was ours until now. Waits a moment for a frame that is being written.
pub(super) fn give_back() -> bool {
    let ours = OURS.swap(false, Ordering::SeqCst);
    if ours {
        drop(AT_WORK.1.wait_timeout_while(at_work(), LAST_MAX, |at_work| *at_work));
    }
    ours
}

/// Writes this to standard output beside all pens; whether it is written (or never will be) within [`LAST_MAX`]. If not,
/// it follows once somebody reads.
pub(super) fn put(bytes: Vec<u8>) -> bool {
    let Ok(terminal) = rustix::io::fcntl_dupfd_cloexec(io::stdout(), 0) else { return true };
    let (done, written) = channel();
    let write = move || {
        // A terminal that is gone needs nothing.
        let _ = write_all(&terminal, &bytes);
        let _ = done.send(());
    };
    let started = std::thread::Builder::new().name("last words".to_owned()).spawn(write);
    started.is_ok() && written.recv_timeout(LAST_MAX).is_ok()
}

/// Everything in as few calls as there can be: the kernel lets nobody in between within one.
fn write_all(terminal: &OwnedFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(terminal, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            // Somebody who has the terminal too wants it so.
            Err(Errno::AGAIN) => {
                let _ = poll(&mut [PollFd::new(terminal, PollFlags::OUT)], None);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_reader_that_stalls_stops_the_pen_and_nobody_else() {
        take();
        let (mut reader, writer) = io::pipe().unwrap();
        let mut pen = Pen::on(writer.into()).unwrap();
        assert!(pen.is_free() && !pen.is_behind());
        let frame = vec![b'x'; 1 << 20];
        pen.write_all(&frame).unwrap();
        pen.hand().unwrap();
        assert!(!pen.is_free() && pen.is_behind(), "nobody reads");
        pen.write_all(b"the end").unwrap();
        pen.hand().unwrap();
        let mut read = vec![0; frame.len() + 7];
        reader.read_exact(&mut read).unwrap();
        assert_eq!(read, [&frame[..], b"the end"].concat());
        pen.wait();
        assert!(pen.is_free() && !pen.is_behind());
        // The terminal goes away.
        drop(reader);
        pen.write_all(b"more").unwrap();
        pen.hand().unwrap();
        pen.wait();
        assert!(pen.is_free(), "who waits for one that is gone waits for ever");
        assert!(pen.hand().is_err());
        pen.put_down();
    }
}
