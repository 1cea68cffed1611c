//! Asks squawk's PostgreSQL grammar about each statement; what it says is a warning, the server has the last word.

use super::{Diagnostic, Statement, place::Lines};
use squawk_syntax::SourceFile;
use std::thread;

/// The parser recurses, and so needs room in proportion to how deep a statement nests.
const STACK_SIZE_BYTES: usize = 128 * 1024 * 1024;
/// A statement longer than this is data rather than grammar.
const STATEMENT_SIZE_BYTES_MAX: usize = 1024 * 1024;
/// A statement that nests deeper than this is not looked at: PostgreSQL itself has a limit of that order.
const PARTS_MAX: usize = 5_000;

/// At most one warning a statement, in their order. An answer that cannot be had is no warning.
pub(super) fn warnings(lines: &Lines<'_>, text: &str, statements: &[Statement]) -> Vec<Diagnostic> {
    with_room(|| statements.iter().map(|it| first_error(text, it)).collect::<Vec<_>>())
        .unwrap_or_default()
        .into_iter()
        .flatten()
        .map(|(offset, message)| Diagnostic {
            at: lines.place(offset),
            what: format!("this may be no valid SQL: {message}"),
            why: "the grammar used for checking files before they run does not accept it; PostgreSQL may"
                .into(),
            next: "look at the line; the server decides when the statement runs".into(),
        })
        .collect()
}

/// Does what recurses on a stack that is large enough for it; `None` when it could not be done.
pub(super) fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    thread::scope(|scope| {
        let builder = thread::Builder::new().name("grammar".into()).stack_size(STACK_SIZE_BYTES);
        builder.spawn_scoped(scope, work).ok().and_then(|thread| thread.join().ok())
    })
}

/// Whether a statement is small and flat enough to be looked at.
pub(super) fn can_be_read(sql: &str) -> bool {
    sql.len() <= STATEMENT_SIZE_BYTES_MAX && parts(sql) <= PARTS_MAX
}

fn first_error(text: &str, statement: &Statement) -> Option<(usize, String)> {
    let sql = &text[statement.range.clone()];
    if !can_be_read(sql) {
        return None;
    }
    let errors = SourceFile::parse(sql).errors();
    let first = errors.iter().min_by_key(|error| error.range().start())?;
    Some((statement.range.start + usize::from(first.range().start()), first.message().to_owned()))
}

/// An upper bound of how deep a statement can nest: opening brackets, operators and words that open something.
fn parts(sql: &str) -> usize {
    let marks = sql.bytes().filter(|b| b"([{+-*/<>=~!@#%^&|`?:".contains(b)).count();
    let words = sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let opening =
        ["not", "case", "and", "or", "union", "except", "intersect", "join", "is", "begin", "collate"];
    marks + words.filter(|word| opening.iter().any(|it| it.eq_ignore_ascii_case(word))).count()
}
