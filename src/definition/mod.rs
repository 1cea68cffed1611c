//! Text to [`Ceremony`]: reads `ceremony.toml` and the files it names, and reports every mistake at once.

mod check;
mod diagnostic;
mod entries;
mod model;
mod queries;
mod reader;
mod schema;
mod sections;
mod signatures;
mod suites;
mod target;

pub use diagnostic::{Diagnostic, Place};
pub use model::*;
pub use queries::{Expectation, Keep, Query};
pub use reader::nearest;
pub use schema::{Declared, Grade, Undeclared, kind_of, parts_of};
pub use signatures::{Role, SignatureRule};
pub use target::*;

use reader::{Reading, Table};
use toml::de::DeTable;

/// A definition may not be larger than this many bytes.
pub const DEFINITION_BYTES_MAX: usize = 1 << 20;
/// Nor have more steps than this.
pub const STEPS_MAX: usize = 10_000;

/// A file's bytes and their SHA-256 in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileBytes {
    /// The whole content.
    pub bytes: Vec<u8>,
    /// 64 hexadecimal digits.
    pub sha256: String,
}

/// The folder of a definition. Paths are relative to it and never leave it; the implementation sees to that.
pub trait Folder {
    /// Reads a file.
    ///
    /// # Errors
    /// In words, when it is missing, unreadable, or not beneath the folder.
    fn read(&self, path: &str) -> Result<FileBytes, String>;
}

/// Reads the definition `file` of `folder`.
///
/// # Errors
/// Every problem there is, in the order of the text.
pub fn load(folder: &dyn Folder, file: &str) -> Result<Ceremony, Vec<Diagnostic>> {
    let whole = |what: String, why: &str, next: &str| {
        let at = Place { file: file.to_owned(), line: 1, column: 1 };
        vec![Diagnostic { at, what, why: why.to_owned(), next: next.to_owned() }]
    };
    let read = folder.read(file).map_err(|error| {
        whole(
            format!("cannot read the definition: {error}"),
            "a ceremony is run from a ceremony.toml",
            "go to the folder that has one, or name it with --definition FILE",
        )
    })?;
    if read.bytes.len() > DEFINITION_BYTES_MAX {
        return Err(whole(
            format!("the definition has {} bytes", read.bytes.len()),
            "more than 1 MiB is not a checklist a person can follow",
            "split it into several ceremonies",
        ));
    }
    let text = String::from_utf8(read.bytes).map_err(|error| {
        whole(
            format!("the definition is not UTF-8 (byte {})", error.utf8_error().valid_up_to()),
            "TOML is UTF-8",
            "save the file as UTF-8",
        )
    })?;
    let mut reading = Reading { file, text: &text, problems: Vec::new() };
    let ceremony = parse(&mut reading, folder, &read.sha256);
    let mut problems = reading.problems;
    if problems.is_empty() {
        return Ok(ceremony);
    }
    problems.sort();
    problems.dedup();
    Err(problems)
}

fn parse(reading: &mut Reading<'_>, folder: &dyn Folder, sha256: &str) -> Ceremony {
    let (root, errors) = DeTable::parse_recoverable(reading.text);
    for error in errors {
        reading.problem(
            &error.span().unwrap_or(0..0),
            format!("not TOML: {}", error.message().trim()),
            "the text does not follow the TOML grammar, https://toml.io",
            "mend the line; the rest is checked once it can be read",
        );
    }
    let span = root.span();
    let table = Table::new("the definition", root.get_ref(), span.start..span.start);
    let broken = !reading.problems.is_empty();
    let mut files = sections::Files::new(folder);
    files.sums.insert(reading.file.to_owned(), sha256.to_owned());
    let before = reading.problems.len();
    let (mut ceremony, spans) = entries::read(reading, table, &mut files);
    ceremony.files = files.sums;
    if broken {
        // Beside broken TOML, "missing key" would be noise.
        reading.problems.truncate(before);
    } else {
        check::check(reading, &ceremony, &spans);
    }
    ceremony
}
