//! Results against expectations: whether they meet them, and both in words.

use super::{ResultSet, is_whole};
use crate::definition::Expectation;

pub(super) fn meets(expectation: &Expectation, result: &ResultSet) -> bool {
    match expectation {
        Expectation::Informational => true,
        Expectation::Empty => result.total == 0,
        Expectation::Rows(rows) => result.total == *rows,
        Expectation::Value(text) => {
            result.total == 1
                && matches!(result.rows.as_slice(), [row] if matches!(row.as_slice(), [Some(cell)] if cell == text && is_whole(cell, 1)))
        }
        Expectation::Set(set) => {
            let mut wanted = set.clone();
            let mut there: Vec<Vec<String>> = result
                .rows
                .iter()
                .map(|row| row.iter().map(|cell| cell.clone().unwrap_or_else(|| "NULL".to_owned())).collect())
                .collect();
            wanted.sort();
            there.sort();
            result.total == there.len() as u64
                && wanted == there
                && there.iter().all(|row| row.iter().all(|cell| is_whole(cell, row.len())))
        }
    }
}

pub(super) fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

pub(super) fn wanted(expectation: &Expectation) -> String {
    match expectation {
        Expectation::Informational => "anything (informational)".to_owned(),
        Expectation::Empty => "0 rows".to_owned(),
        Expectation::Rows(count) => rows(*count),
        Expectation::Value(text) => text.clone(),
        Expectation::Set(set) => set.iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("; "),
    }
}

pub(super) fn seen(expectation: &Expectation, result: &ResultSet) -> String {
    let short = matches!(expectation, Expectation::Value(_) | Expectation::Set(_))
        || (*expectation == Expectation::Empty && result.total > 0);
    let mut text = if short && !result.rows.is_empty() {
        let line = |row: &Vec<Option<String>>| {
            row.iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join(" | ")
        };
        let shown: Vec<String> = result.rows.iter().take(3).map(line).collect();
        let more = if result.total > 3 { "; …" } else { "" };
        match expectation {
            Expectation::Empty => format!("{}: {}{more}", rows(result.total), shown.join("; ")),
            _ => format!("{}{more}", shown.join("; ")),
        }
    } else {
        rows(result.total)
    };
    if text.chars().count() > 400 {
        text = text.chars().take(399).chain(['…']).collect();
    }
    text
}
