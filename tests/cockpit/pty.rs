//! The real program on a terminal of its own: what it writes is fed into an emulator, keys are sent as fingers would.

use crate::left::Left;
use ceremony::runner::clock::Clock;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::termios::{InputModes, LocalModes};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// No condition takes longer, not even on a machine that does ten other things.
const DEADLINE_US: u64 = 60_000_000;
/// Fingers are slower.
const FINGER: Duration = Duration::from_millis(6);

const FRAME_BEGINS: &[u8] = b"\x1b[?2026h";
const FRAME_ENDS: &[u8] = b"\x1b[?2026l";

pub const ENTER: &str = "\r";
pub const ESCAPE: &str = "\x1b";
pub const LEFT: &str = "\x1b[D";
pub const HOME: &str = "\x1b[H";
pub const END: &str = "\x1b[F";
pub const CTRL_C: &str = "\x03";
pub const CTRL_D: &str = "\x04";
pub const CTRL_U: &str = "\x15";
pub const CTRL_Z: &str = "\x1a";

/// A program on a terminal.
pub struct Screen {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    /// The program's end of the terminal, held so that its modes can be asked for when the program is gone.
    tty: Option<File>,
    bytes: Receiver<Vec<u8>>,
    reader: Option<JoinHandle<()>>,
    enough: Arc<AtomicBool>,
    parser: vt100::Parser,
    /// Everything it ever wrote.
    pub raw: Vec<u8>,
    /// Whether the last frame has come to its end.
    whole: bool,
    session: PathBuf,
    clock: Clock,
}

impl Screen {
    pub fn spawn(command: CommandBuilder, columns: u16, rows: u16, session: PathBuf) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let tty = File::open(pair.master.tty_name().unwrap()).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut source = pair.master.try_clone_reader().unwrap();
        let (send, bytes) = channel();
        let enough = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&enough);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(count @ 1..) = source.read(&mut buffer) {
                if ended.load(Ordering::SeqCst) || send.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            writer: Some(pair.master.take_writer().unwrap()),
            master: Some(pair.master),
            child,
            tty: Some(tty),
            bytes,
            reader: Some(reader),
            enough,
            parser: vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0),
            raw: Vec::new(),
            whole: true,
            session,
            clock: Clock::starting_at(0),
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// The screen as text, a row a line.
    pub fn text(&self) -> String {
        let columns = self.parser.screen().size().1;
        let rows = self.parser.screen().rows(0, columns.get());
        rows.map(|row| row.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    pub fn emulator(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    pub fn has(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    /// Takes what was written in the next moment; false if there was nothing.
    fn take(&mut self, patience: Duration) -> bool {
        let Ok(bytes) = self.bytes.recv_timeout(patience) else { return false };
        self.parser.process(&bytes);
        let from = self.raw.len().saturating_sub(FRAME_BEGINS.len());
        self.raw.extend(bytes);
        let last = |mark: &[u8]| self.raw[from..].windows(mark.len()).rposition(|window| window == mark);
        match (last(FRAME_BEGINS), last(FRAME_ENDS)) {
            (None, None) => {}
            (begins, ends) => self.whole = ends >= begins,
        }
        true
    }

    /// Takes the hands off the keys for so long.
    pub fn pause(&mut self, patience: Duration) {
        let until = self.clock.now().mono_us + u64::try_from(patience.as_micros()).unwrap();
        loop {
            let left = until.saturating_sub(self.clock.now().mono_us);
            if left == 0 {
                return;
            }
            if !self.take(Duration::from_micros(left)) && self.child.try_wait().unwrap().is_some() {
                return;
            }
        }
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Self) -> bool) {
        let from = self.clock.now().mono_us;
        while !(self.whole && wanted(self)) {
            if !self.take(Duration::from_millis(50)) && self.child.try_wait().unwrap().is_some() {
                while self.take(Duration::from_millis(50)) {}
                assert!(wanted(self), "the program ended before: {what}\n{}", self.scene());
                return;
            }
            assert!(self.clock.now().mono_us - from < DEADLINE_US, "waited for: {what}\n{}", self.scene());
        }
    }

    /// Waits until the screen says so.
    #[track_caller]
    pub fn wait_for_words(&mut self, words: &str) {
        self.wait_for(words, |screen| screen.has(words));
    }

    /// What a person needs to know when a condition never comes.
    pub fn scene(&self) -> String {
        let tail = |path: &Path, lines: usize| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let all: Vec<String> = text.lines().map(|line| line.chars().take(400).collect()).collect();
            all[all.len().saturating_sub(lines)..].join("\n")
        };
        let mut logs: Vec<PathBuf> = self
            .session
            .join("log")
            .read_dir()
            .into_iter()
            .flatten()
            .flatten()
            .map(|log| log.path())
            .collect();
        logs.sort();
        let log = logs.last().map_or_else(String::new, |log| tail(log, 20));
        let journal = tail(&self.session.join("session.jsonl"), 8);
        format!("--- screen\n{}\n--- log\n{log}\n--- journal\n{journal}", self.text())
    }

    /// Sends a key, or bytes as they are.
    pub fn send(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Sends letters as fingers do.
    pub fn fingers(&mut self, words: &str) {
        for letter in words.chars() {
            self.send(letter.encode_utf8(&mut [0; 4]));
            self.pause(FINGER);
        }
    }

    /// Types into the answer line, each letter after the one before is on the screen.
    #[track_caller]
    pub fn answer(&mut self, words: &str) {
        self.send(CTRL_U);
        self.wait_for("an empty answer line", |screen| screen.typed().as_deref() == Some(""));
        for (at, letter) in words.char_indices() {
            self.pause(FINGER);
            let so_far = &words[..at + letter.len_utf8()];
            self.send(letter.encode_utf8(&mut [0; 4]));
            self.wait_for(so_far, |screen| screen.typed().as_deref() == Some(so_far.trim_end()));
        }
        self.pause(FINGER);
    }

    /// What stands in the answer line; `None` when there is none.
    pub fn typed(&self) -> Option<String> {
        let text = self.text();
        let line = text.lines().find_map(|line| unframed(line).strip_prefix("    >").map(str::to_owned))?;
        Some(line.trim().to_owned())
    }

    /// The phrase that the open gate asks for, read from the screen and nowhere else.
    pub fn phrase(&self) -> Option<String> {
        let text = self.text();
        let mut lines = text.lines().map(unframed);
        let first = lines.by_ref().find_map(|line| Some(line.split_once(", then type: ")?.1.to_owned()))?;
        let more =
            lines.take_while(|line| !line.starts_with("nothing happens") && !line.starts_with("or d,"));
        let words: Vec<String> = std::iter::once(first).chain(more.map(str::to_owned)).collect();
        Some(words.iter().map(|words| words.trim()).collect::<Vec<_>>().join(" "))
    }

    /// Waits until a gate is open and can be read.
    #[track_caller]
    pub fn wait_for_gate(&mut self) -> String {
        self.wait_for("a gate with its phrase", |screen| screen.phrase().is_some());
        self.phrase().unwrap()
    }

    /// Opens the answer line; a gate that has only just opened says so, and one tries again.
    #[track_caller]
    pub fn open_answer(&mut self) {
        for _ in 0..1000 {
            self.send("a");
            self.wait_for("the answer line, or why not", |screen| {
                screen.typed().is_some() || screen.has("only just")
            });
            self.pause(Duration::from_millis(100));
            if self.typed().is_some() {
                return;
            }
        }
        panic!("the gate stays dead\n{}", self.scene());
    }

    /// Does what the open gate asks for; returns its phrase.
    #[track_caller]
    pub fn confirm(&mut self) -> String {
        let phrase = self.wait_for_gate();
        self.open_answer();
        self.answer(&phrase);
        self.send(ENTER);
        self.wait_for("the gate to be over", |screen| screen.typed().is_none());
        phrase
    }

    /// Confirms gate after gate until the screen says `words`; returns the phrases.
    #[track_caller]
    pub fn confirm_until(&mut self, words: &str) -> Vec<String> {
        let mut phrases = Vec::new();
        loop {
            self.wait_for(&format!("a gate, or {words}"), |screen| {
                screen.has(words) || screen.phrase().is_some()
            });
            if self.has(words) {
                return phrases;
            }
            phrases.push(self.confirm());
        }
    }

    /// Writes words of a stage into the record.
    #[track_caller]
    pub fn stage(&mut self, title: &str, words: &str) {
        self.wait_for_words(title);
        self.fingers(words);
        self.wait_for_words(words);
        self.send(CTRL_D);
        self.wait_for("the editor to be closed", |screen| !screen.has(title));
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        // What was written for the old size comes first.
        while self.take(Duration::from_millis(20)) {}
        self.parser.screen_mut().set_size(rows.try_into().unwrap(), columns.try_into().unwrap());
        self.master.as_ref().unwrap().resize(size(columns, rows)).unwrap();
    }

    /// Whether the terminal edits and echoes lines, as it does for a shell.
    pub fn cooked(&self) -> bool {
        let modes = rustix::termios::tcgetattr(self.tty.as_ref().unwrap()).unwrap();
        modes.local_modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
            && modes.input_modes.contains(InputModes::ICRNL)
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Whether the program is stopped, as after Ctrl-Z.
    pub fn suspended(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T'))
    }

    /// Leaves with q y.
    #[track_caller]
    pub fn quit(mut self) -> Left {
        self.send("q");
        self.wait_for_words("Leave?");
        self.pause(FINGER);
        self.send("y");
        self.end()
    }

    pub fn wait_for_exit(&mut self) -> ExitStatus {
        let from = self.clock.now().mono_us;
        loop {
            self.take(Duration::from_millis(20));
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(self.clock.now().mono_us - from < DEADLINE_US, "it does not end\n{}", self.scene());
        }
    }

    /// Waits until somebody else says `words` when the program has ended.
    #[track_caller]
    pub fn wait_after_the_end(&mut self, words: &str) {
        let from = self.clock.now().mono_us;
        while !self.has(words) {
            self.take(Duration::from_millis(50));
            assert!(self.clock.now().mono_us - from < DEADLINE_US, "nobody says {words}\n{}", self.scene());
        }
    }

    /// Waits for the end of the program.
    pub fn end(mut self) -> Left {
        let status = self.wait_for_exit();
        let cooked = self.cooked();
        self.tty = None;
        // With the last holder of the terminal gone the reader comes to an end.
        loop {
            match self.bytes.recv_timeout(Duration::from_secs(10)) {
                Ok(bytes) => {
                    self.parser.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("somebody still holds the terminal\n{}", self.scene())
                }
            }
        }
        let screen = self.parser.screen();
        Left {
            status,
            text: self.text(),
            cooked,
            alternate: screen.alternate_screen(),
            hidden: screen.hide_cursor(),
            paste: screen.bracketed_paste(),
            raw: std::mem::take(&mut self.raw),
        }
    }

    /// The terminal goes away, as when its window is closed.
    pub fn hang_up(mut self) -> ExitStatus {
        self.enough.store(true, Ordering::SeqCst);
        // The reader ends with the next thing that is written; the clock on the screen sees to that.
        self.reader.take().unwrap().join().unwrap();
        // Dropping it sends a last line and an end of file, which a closed window does not; it is not read.
        (self.writer, self.master) = (None, None);
        self.wait_for_exit()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            // A failed test: the server goes with the program.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

/// A row without the frame around it, up to the frame on the right.
fn unframed(line: &str) -> &str {
    let line = line.trim_start_matches(['│', '║', '┃', '|']);
    let line = line.strip_prefix(' ').unwrap_or(line);
    line.trim_end().trim_end_matches(['│', '║', '┃', '|', '█', '#']).trim_end()
}
