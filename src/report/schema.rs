//! The part of the report about the schema: declared and happened, rungs of the drill, second runs.

use super::markdown::inert;
use crate::session::ResultSet;
use crate::view::{DECLARED, REAPPLIED, RUNGS, Table, Transcript};
use std::fmt::Write;

/// The latest table of each step, kind by kind.
pub fn render(out: &mut String, transcript: &Transcript) {
    for (name, title, why) in [
        (DECLARED, "Declared and happened", "What each migration declares beside what it did, by object."),
        (REAPPLIED, "Applied again", "inert, locks, re-creates, mutates, fails: the best first."),
        (
            RUNGS,
            "Rollback drill, rung by rung",
            "Restored *exactly*, *all but column order*, or with *residue*: down, compared with what each migration started from; up, with what it led to.",
        ),
    ] {
        let tables = latest(transcript, name);
        if tables.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n## {title}\n\n{why}");
        for table in tables {
            let _ = writeln!(out, "\n### {}: entry {}\n", inert(&table.step), table.entry);
            rows(out, &table.result);
        }
    }
}

fn latest<'t>(transcript: &'t Transcript, name: &str) -> Vec<&'t Table> {
    let mut found: Vec<&Table> = Vec::new();
    for table in transcript.tables.iter().filter(|table| table.query == name) {
        found.retain(|earlier| earlier.step != table.step);
        found.push(table);
    }
    found
}

fn rows(out: &mut String, result: &ResultSet) {
    if result.rows.is_empty() {
        let _ = writeln!(out, "It declares that nothing is changed, and nothing was.");
        return;
    }
    let names: Vec<String> = result.columns.iter().map(|column| inert(&column.name)).collect();
    let _ = writeln!(out, "| {} |\n|{}", names.join(" | "), " --- |".repeat(names.len()));
    for row in &result.rows {
        let cells: Vec<String> = row.iter().map(|cell| inert(cell.as_deref().unwrap_or("NULL"))).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
}
