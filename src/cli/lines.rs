//! What is said without a screen, written on a thread of its own: a pipe that nobody reads holds up no ceremony.

use crate::view::clean_line;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So much may wait for a reader, bytes.
const WAITING_MAX: usize = 1 << 20;
/// It is written in pieces, so that one sees whether somebody reads.
const PIECE: usize = 16 << 10;
/// A reader that takes nothing for so long is not waited for at the end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lines on their way to standard output.
pub(super) struct Lines(Arc<Desk>, Vec<u8>);

#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// Lines for which there was no room, since the last one for which there was.
    left_out: usize,
    /// Bytes that a reader took, or never will.
    taken: u64,
    writing: bool,
    over: bool,
}

impl Lines {
    /// Lines to standard output.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn start() -> io::Result<Self> {
        Self::to(std::fs::File::from(rustix::io::fcntl_dupfd_cloexec(io::stdout(), 0)?))
    }

    fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        let desk = Arc::<Desk>::default();
        let theirs = desk.clone();
        std::thread::Builder::new().name("lines".to_owned()).spawn(move || theirs.work(out))?;
        Ok(Self(desk, Vec::new()))
    }

    /// Says the last lines, for which there is always room, and waits until everything is read, or a reader takes
    /// nothing for a while.
    pub fn finish(self, last: &[String]) {
        let last: String = last.iter().map(|line| clean_line(line) + "\n").collect();
        self.0.put(last.as_bytes());
        self.finish_within(PATIENCE);
    }

    fn finish_within(self, patience: Duration) {
        let mut state = self.0.state();
        state.over = true;
        self.0.changed.notify_all();
        while state.writing || !state.waiting.is_empty() {
            let before = state.taken;
            let same =
                |state: &mut State| state.taken == before && (state.writing || !state.waiting.is_empty());
            let waited = self.0.changed.wait_timeout_while(state, patience, same);
            let (now, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                return;
            }
            state = now;
        }
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.extend_from_slice(bytes);
        if let Some(end) = self.1.iter().rposition(|byte| *byte == b'\n') {
            let rest = self.1.split_off(end + 1);
            self.0.take(&std::mem::replace(&mut self.1, rest));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes whole lines, or leaves them out.
    fn take(&self, lines: &[u8]) {
        let mut state = self.state();
        if state.waiting.len() + lines.len() > WAITING_MAX {
            state.left_out += lines.iter().filter(|byte| **byte == b'\n').count();
            return;
        }
        drop(state);
        self.put(lines);
    }

    fn put(&self, lines: &[u8]) {
        let mut state = self.state();
        let left_out = std::mem::take(&mut state.left_out);
        if left_out > 0 {
            let words =
                format!("      {left_out} lines are left out here: nobody read; the record has them\n");
            state.waiting.extend_from_slice(words.as_bytes());
        }
        state.waiting.extend_from_slice(lines);
        self.changed.notify_all();
    }

    fn work(&self, mut out: impl Write) {
        loop {
            let idle = |state: &mut State| state.waiting.is_empty() && !state.over;
            let mut state =
                self.changed.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
            if state.waiting.is_empty() {
                return;
            }
            let bytes = std::mem::take(&mut state.waiting);
            state.writing = true;
            self.changed.notify_all();
            drop(state);
            for piece in bytes.chunks(PIECE) {
                // A closed pipe must not end a ceremony.
                let _ = out.write_all(piece);
                self.state().taken += piece.len() as u64;
                self.changed.notify_all();
            }
            self.state().writing = false;
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::sync::mpsc::{Receiver, channel};

    /// Writes once it is told to.
    struct Told(Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Nobody tells it any more: it goes on by itself.
            let _ = self.0.recv();
            self.1.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stalls_misses_whole_lines_and_is_told_how_many() {
        let (tell, told) = channel();
        let read = Arc::new(Mutex::new(Vec::new()));
        let mut lines = Lines::to(Told(told, read.clone())).unwrap();
        writeln!(lines, "the first {}", 1).unwrap();
        let idle = |state: &mut State| !state.writing;
        drop(lines.0.changed.wait_while(lines.0.state(), |state| !state.writing).unwrap());
        let (many, line) = (2 * WAITING_MAX / 1_000, "x".repeat(999));
        (0..many).for_each(|_| writeln!(lines, "{line}").unwrap());
        assert!(lines.0.state().waiting.len() <= WAITING_MAX);
        drop(tell);
        let busy = |state: &mut State| !idle(state) || !state.waiting.is_empty();
        drop(lines.0.changed.wait_while(lines.0.state(), busy).unwrap());
        lines.finish(&["the last".to_owned()]);
        let text = String::from_utf8(read.lock().unwrap().clone()).unwrap();
        let kept = text.lines().filter(|text| **text == line).count();
        let left_out = format!("{} lines are left out here: nobody read; the record has them", many - kept);
        assert!((1..many).contains(&kept), "{kept} of {many}");
        let tail: Vec<&str> = text.lines().rev().take(2).map(str::trim).collect();
        assert_eq!(tail, ["the last", &left_out]);
        assert_eq!(text.lines().count(), 1 + kept + 2);
    }

    #[test]
    fn everything_is_read_before_the_end_and_nobody_waits_for_a_reader_that_sleeps() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut lines = Lines::to(writer).unwrap();
        let text = "a line\n".repeat(50_000);
        lines.write_all(text.as_bytes()).unwrap();
        let read = std::thread::spawn(move || {
            let mut read = String::new();
            reader.read_to_string(&mut read).unwrap();
            read
        });
        lines.finish(&[]);
        assert!(read.join().unwrap() == text);
        let (_sleeps, writer) = io::pipe().unwrap();
        let mut lines = Lines::to(writer).unwrap();
        lines.write_all(text.as_bytes()).unwrap();
        lines.finish_within(Duration::from_millis(10));
    }
}
