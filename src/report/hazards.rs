//! The hazards that the scripts showed when the session was opened, as a table of the report.

use super::markdown::{code, inert};
use crate::plan::{Plan, grouped};
use std::fmt::Write;

pub(super) fn render(out: &mut String, plan: &Plan) {
    let _ = writeln!(out, "\n## Hazards\n");
    let Some(all) = &plan.hazards else {
        let _ = writeln!(out, "Nobody looked for them.");
        return;
    };
    if all.is_empty() {
        let _ = writeln!(out, "The scripts show none.");
        return;
    }
    let _ = writeln!(out, "Read from the scripts before anything ran.\n");
    let _ = writeln!(out, "| script | where | kind | what | rule |\n| --- | --- | --- | --- | --- |");
    for group in grouped(all) {
        let hazard = group.first;
        let _ = writeln!(
            out,
            "| {} | {} | {} | {}{}{} | {} |",
            code(&hazard.script),
            group.places(),
            hazard.class.word(),
            inert(&hazard.what),
            if hazard.perhaps { ", if the DO block gets there" } else { "" },
            if hazard.accepted { "; accepted in the file" } else { "" },
            code(&hazard.rule)
        );
    }
}
