//! Queries of `ceremony.toml`: what they must return, and what of it is kept.

use super::entries::{Spans, id, script};
use super::model::*;
use super::reader::{Reading, Table};
use super::sections::Files;
use serde::Serialize;
use std::ops::Range;

/// A query and what it must return.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Query {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// One SELECT.
    pub script: Script,
    /// What it must return, as far as its rows are kept.
    pub expect: Expectation,
    /// What of its rows is kept.
    #[serde(skip_serializing_if = "Keep::is_values")]
    pub keep: Keep,
}

/// What of a query's rows goes into the record, and onto the screen, which shows nothing else. Column names and the number
/// of rows always do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// The values themselves.
    #[default]
    Values,
    /// Of each value that is not NULL `sha256:` and the SHA-256 of its text, 64 hexadecimal digits.
    Digests,
    /// None of them.
    Nothing,
}

impl Keep {
    fn is_values(&self) -> bool {
        *self == Self::Values
    }
}

/// What a query must return.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// No rows.
    Empty,
    /// Exactly so many rows.
    Rows(u64),
    /// One row with one column that holds this text.
    Value(String),
    /// These rows, in any order.
    Set(Vec<Vec<String>>),
    /// Anything: it is shown and never stops a ceremony.
    Informational,
}

pub(super) fn read(
    reading: &mut Reading<'_>,
    mut table: Table<'_, '_>,
    files: &mut Files<'_>,
    spans: &mut Spans,
) -> Query {
    let id = id(reading, &mut table, "query", spans);
    let title = table.string(reading, "title").value;
    let script = script(reading, &mut table, files);
    let keep = [("values", Keep::Values), ("digests", Keep::Digests), ("nothing", Keep::Nothing)];
    let keep = table.choice(reading, "keep", &keep, Some(Keep::Values));
    let expect = expectation(reading, &mut table, keep);
    table.done(reading);
    Query { id, title, script, expect, keep }
}

fn expectation(reading: &mut Reading<'_>, table: &mut Table<'_, '_>, keep: Keep) -> Expectation {
    let Some(value) = table.value(reading, "expect") else { return Expectation::Empty };
    if let Some(word) = value.get_ref().as_str() {
        match word {
            "empty" => return Expectation::Empty,
            "informational" => return Expectation::Informational,
            _ => {}
        }
    }
    if let Some(fields) = value.get_ref().as_table() {
        let mut fields = Table::new("'expect'", fields, value.span());
        let before = reading.problems.len();
        let rows = fields.number(reading, "rows", 1..1_000_000_000, 0);
        let text = fields.string_or(reading, "value", None).map(|text| text.value);
        let set = fields.string_rows(reading, "set");
        fields.done(reading);
        let texts = text.iter().chain(set.iter().flatten().flatten());
        kept(reading, &value.span(), keep, texts.map(String::as_str));
        match (rows, text, set) {
            (0, Some(text), None) => return Expectation::Value(text),
            (0, None, Some(set)) => return Expectation::Set(set),
            (rows, None, None) if rows > 0 => return Expectation::Rows(rows),
            _ if reading.problems.len() > before => return Expectation::Empty,
            _ => {}
        }
    }
    reading.problem(
        &value.span(),
        "'expect' is not an expectation",
        "a check must be able to fail: it names what must come back",
        "write \"empty\", \"informational\", { rows = 2 }, { value = \"…\" } or { set = [[\"…\"]] }",
    );
    Expectation::Empty
}

/// What is expected must be there to be compared with, as it is kept.
fn kept<'t>(
    reading: &mut Reading<'_>,
    span: &Range<usize>,
    keep: Keep,
    mut texts: impl Iterator<Item = &'t str>,
) {
    match keep {
        Keep::Values => {}
        Keep::Nothing => {
            if texts.next().is_some() {
                reading.problem(
                    span,
                    "the values that 'expect' names are not kept",
                    "what is decided is decided by what is recorded, and `keep = \"nothing\"` records the number of rows",
                    "write { rows = 1 } and let the query look at the value, or keep \"digests\"",
                );
            }
        }
        Keep::Digests => {
            if let Some(text) = texts.find(|text| *text != "NULL" && !is_digest(text)) {
                reading.problem(
                    span,
                    format!("'{}' is not a digest", text.escape_default()),
                    "the values of this query are kept as digests, and a copy of this file is in the record",
                    "write \"sha256:…\" with what `printf %s VALUE | sha256sum` says",
                );
            }
        }
    }
}

fn is_digest(text: &str) -> bool {
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(hexadecimal))
}
