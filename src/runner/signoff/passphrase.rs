//! A passphrase, asked for on the terminal without showing it, and wiped after use.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

const LENGTH_MAX: usize = 1024;

/// Puts the terminal back however it ends.
struct Quiet<'f>(&'f File, Termios);

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.0, OptionalActions::Flush, &self.1);
    }
}

/// Asks on the terminal of this process; `None` when it was broken off.
///
/// # Errors
/// When there is no terminal.
pub(super) fn ask(prompt: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let before = tcgetattr(&terminal)?;
    let mut quiet = before.clone();
    // Keys that end a process come as bytes too: then the terminal is put back before it ends.
    quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
    tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
    let guard = Quiet(&terminal, before);
    (&terminal).write_all(prompt.as_bytes())?;
    let mut typed = Zeroizing::new(Vec::with_capacity(LENGTH_MAX));
    let mut byte = [0];
    let whole = loop {
        if (&terminal).read(&mut byte)? == 0 {
            break false;
        }
        match byte[0] {
            b'\r' | b'\n' => break true,
            3 | 4 | 28 => break false,
            8 | 127 => _ = typed.pop(),
            21 => typed.clear(),
            // It never grows, so that no copy of it is left behind.
            byte if typed.len() < LENGTH_MAX => typed.push(byte),
            _ => {}
        }
    };
    drop(guard);
    (&terminal).write_all(b"\n")?;
    Ok(whole.then_some(typed))
}
