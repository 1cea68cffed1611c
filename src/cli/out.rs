//! What the command line says: the one way to standard output and standard error, and it is cleaned on the way.
//!
//! Whatever stands in a line (a title, a path, an error of the server) cannot act on the terminal, nor begin a line of
//! its own. A reader that has left (`| head`) is no reason to panic and lose the exit code.

use crate::journal::FILE_NAME;
use crate::view::clean_line;
use std::io::Write;
use std::path::Path;

/// Prints a line to standard output, by Rule C.
macro_rules! outln {
    () => { crate::cli::out::line("") };
    ($($argument:tt)*) => { crate::cli::out::line(&format!($($argument)*)) };
}

/// Prints a line to standard error, by Rule C.
macro_rules! errln {
    ($($argument:tt)*) => { crate::cli::out::error_line(&format!($($argument)*)) };
}

pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", clean_line(text));
}

pub(super) fn error_line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", clean_line(text));
}

/// Lines for standard error that were made clean, as by [`three_parts`].
pub(super) fn error_as_made(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A record with more bytes takes more than a moment to be checked.
const LONG_BYTES: u64 = 500_000_000;

/// Says what goes on where the record in `folder` is so long that nothing would be seen for a while.
pub(super) fn reading(folder: &Path) {
    let bytes = std::fs::metadata(folder.join(FILE_NAME)).map_or(0, |it| it.len());
    if bytes > LONG_BYTES {
        errln!("reading {} MB of record: its whole chain is checked first ...", bytes / 1_000_000);
    }
}

/// Bytes for standard output as they are: reports and scripts that were made clean, or what this program painted.
pub(super) fn as_made(bytes: &[u8]) {
    let mut out = std::io::stdout();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// What, why and next by Rule C, each one line, however many lines the words in them have.
pub(super) fn three_parts(text: &str) -> String {
    const WHY: &str = "\n  why:  ";
    const NEXT: &str = "\n  next: ";
    let one = clean_line;
    let cut = text.find(WHY).zip(text.rfind(NEXT)).filter(|(why, next)| why < next);
    let Some((why, next)) = cut else { return one(text) };
    let (what, because, then) = (&text[..why], &text[why + WHY.len()..next], &text[next + NEXT.len()..]);
    format!("{}{WHY}{}{NEXT}{}", one(what), one(because), one(then))
}

/// A log that a terminal can show and `grep` can search: a line an event, by Rule C.
#[derive(Clone, Debug)]
pub(super) struct Log<W>(pub W);

impl<W: Write> Write for Log<W> {
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        let text = crate::runner::bytes::text(event);
        let line = clean_line(text.strip_suffix('\n').unwrap_or(&text)) + "\n";
        self.0.write_all(line.as_bytes()).map(|()| event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_a_part_begin_no_line() {
        let forged =
            "cannot use x\n  why:  all is well\n  next: rm -rf\n  why:  it is full\n  next: make room";
        let told = three_parts(forged);
        assert_eq!(told.lines().count(), 3, "{told}");
        assert!(
            told.ends_with("\n  next: make room") && told.starts_with("cannot use x\n  why:  all is well")
        );
        assert_eq!(three_parts("a\nb"), "a\u{240a}b");
        assert_eq!(three_parts("a\n  why:  b\n  next: c"), "a\n  why:  b\n  next: c");
    }

    #[test]
    fn an_event_is_one_line() {
        let mut log = Log(Vec::new());
        log.write_all(b"INFO what=\x1b[2J\nforged \xFF\n").unwrap();
        log.write_all("INFO \u{202e}two\n".as_bytes()).unwrap();
        let text = String::from_utf8(log.0).unwrap();
        assert_eq!(text, "INFO what=\u{241b}[2J\u{240a}forged \\xFF\nINFO \\u{202E}two\n");
    }
}
