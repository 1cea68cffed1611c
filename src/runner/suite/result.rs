//! What a suite's result says: its tests, and what is wrong with the result itself.

mod junit;
mod tap;
#[cfg(test)]
mod tests;
mod vitest;

use crate::definition::{Suite, SuiteFormat};
use crate::runner::files::DiskFolder;
use crate::session::TestPoint;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A result on standard output may be so long, bytes; what is behind it is still shown.
pub(super) const OUTPUT_BYTES_MAX: usize = 4 << 20;
/// A result in a file may be so long, bytes.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// So many tests are kept of one suite.
const TESTS_MAX: usize = 20_000;
/// A name is cut there, bytes; so long names are nobody's.
const NAME_BYTES_MAX: usize = 1_000;
/// What a test says about itself is cut there, bytes.
const NOTE_BYTES_MAX: usize = 1_000;

/// A result that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The tests it reports.
    pub tests: Vec<TestPoint>,
    /// The number of tests it announces.
    pub planned: Option<usize>,
    /// Why the result itself is no proof, in words.
    pub faults: Vec<String>,
}

impl Found {
    fn fault(what: impl Into<String>) -> Self {
        Self { faults: vec![what.into()], ..Self::default() }
    }

    fn add(&mut self, name: &str, state: State, note: &str) {
        if self.tests.len() == TESTS_MAX {
            self.faults.push(format!("it has more than {TESTS_MAX} tests, which are not read"));
        }
        if self.tests.len() <= TESTS_MAX {
            self.tests.push(TestPoint {
                name: cut(name, NAME_BYTES_MAX).to_owned(),
                ok: state != State::Failed,
                skipped: state == State::Skipped,
                note: cut(note.trim(), NOTE_BYTES_MAX).to_owned(),
            });
        }
    }
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Passed,
    Failed,
    Skipped,
}

fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Where a suite writes its result; removed now, so that yesterday's is never read. `None` when it says it on standard
/// output.
///
/// # Errors
/// In words, when what is there cannot be removed or lies elsewhere.
pub(super) fn clear(suite: &Suite, folder: &Path) -> Result<Option<PathBuf>, String> {
    let Some(path) = &suite.result else { return Ok(None) };
    let failed = |error: String| format!("the old result file '{path}' cannot be removed: {error}");
    let file = folder.join(path);
    // The link itself is removed, not what it points to; its folder must lie beneath the definition's.
    let parent = file.parent().and_then(|parent| parent.canonicalize().ok());
    if let Some(parent) = &parent
        && !folder.canonicalize().is_ok_and(|root| parent.starts_with(root))
    {
        return Err(failed("a link leads out of the definition's folder".to_owned()));
    }
    match std::fs::remove_file(&file) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error.to_string())),
    }
    Ok(Some(file))
}

/// Reads the result of a suite that ended.
pub(super) fn read(suite: &Suite, folder: &Path, output: &[u8], overlong: bool) -> Found {
    if suite.format == SuiteFormat::ExitCode {
        return Found::default();
    }
    let bytes = match &suite.result {
        Some(path) => match file(folder, path) {
            Ok(bytes) => bytes,
            Err(fault) => return Found::fault(fault),
        },
        None if overlong => {
            let fault = format!(
                "the result on standard output is longer than {} MiB: let it be written to a file",
                OUTPUT_BYTES_MAX >> 20
            );
            return Found::fault(fault);
        }
        None => output.to_vec(),
    };
    parse(suite.format, &bytes, folder)
}

fn file(folder: &Path, path: &str) -> Result<Vec<u8>, String> {
    let folder = DiskFolder::new(folder).map_err(|error| error.to_string())?;
    let found = folder.resolve(path).map_err(|error| match folder.root().join(path).exists() {
        true => format!("the result file '{path}' is not read: {error}"),
        false => format!("the command did not write the result file '{path}'"),
    })?;
    let unreadable = |error: std::io::Error| format!("the result file '{path}' is not readable: {error}");
    let facts = found.metadata().map_err(unreadable)?;
    if !facts.is_file() {
        return Err(format!("the result file '{path}' is not a regular file"));
    }
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(&found).map_err(unreadable)?;
    opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!(
            "the result file '{path}' has {} bytes, more than {} MiB",
            facts.len(),
            FILE_BYTES_MAX >> 20
        ));
    }
    Ok(bytes)
}

fn parse(format: SuiteFormat, bytes: &[u8], folder: &Path) -> Found {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match format {
        SuiteFormat::ExitCode => Found::default(),
        // Output of programs need not be UTF-8 to be a stream of lines.
        SuiteFormat::Tap => tap::read(&String::from_utf8_lossy(bytes)),
        SuiteFormat::Junit => junit::read(bytes),
        SuiteFormat::Vitest => vitest::read(bytes, folder),
    }
}
