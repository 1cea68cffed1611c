//! From the start of the program to the words of the first gate on the screen of a terminal.

use crate::{Median, PROGRAM, RUNS, tell, timed};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// What the first gate asks for.
const WORDS: &str = "then type: check";
const DEADLINE: Duration = Duration::from_secs(60);
const ROWS: NonZeroU16 = NonZeroU16::new(40).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(120).unwrap();

pub fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let session = folder.path().join(run.to_string());
        let session = session.to_str().unwrap();
        cold.push(timed_to_words(&["--session", session]));
        warm.push(timed_to_words(&["resume", session]));
    }
    tell("first frame: new session, new server", Median::of(cold));
    tell("first frame: resumed session, its server", Median::of(warm));
}

fn timed_to_words(arguments: &[&str]) -> Duration {
    let size = PtySize { rows: ROWS.get(), cols: COLUMNS.get(), ..PtySize::default() };
    let pty = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(PROGRAM);
    command.args(arguments);
    command.cwd(Path::new(env!("CARGO_MANIFEST_DIR")));
    command.env("TERM", "xterm-256color");
    command.env_remove("DATABASE_URL");
    let (sender, bytes) = channel();
    let mut reader = pty.master.try_clone_reader().unwrap();
    let (time, mut child) = timed(|| {
        let child = pty.slave.spawn_command(command).unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut screen = vt100::Parser::new(ROWS, COLUMNS, 0);
        while !screen.screen().contents().contains(WORDS) {
            match bytes.recv_timeout(DEADLINE) {
                Ok(some) => screen.process(&some),
                Err(RecvTimeoutError::Timeout) => panic!("no '{WORDS}' on\n{}", screen.screen().contents()),
                Err(RecvTimeoutError::Disconnected) => panic!("ended with\n{}", screen.screen().contents()),
            }
        }
        child
    });
    // Its server stops with it. Reading goes on meanwhile, so that nobody waits for a full terminal.
    pty.master.take_writer().unwrap().write_all(b"qy").unwrap();
    child.wait().unwrap();
    time
}
