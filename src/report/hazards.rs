//! The hazards that the scripts showed when the session was opened, as a table of the report.

use super::markdown::{code, inert};
use crate::definition::StepKind;
use crate::plan::{Plan, Tried, grouped};
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
    let _ = writeln!(
        out,
        "| script | where | kind | what | in the rehearsal | rule |\n| --- | --- | --- | --- | --- | --- |"
    );
    for group in grouped(all) {
        let hazard = group.first;
        let step = plan.steps.iter().find(|step| {
            step.kind == StepKind::Apply
                && plan.script_of(step).is_some_and(|script| script.name() == hazard.script)
        });
        let tried = match step.and_then(|step| plan.tried(&step.id, &group)) {
            None => String::new(),
            Some(Tried::Confirmed(seen)) => format!("confirmed: {}", inert(&seen)),
            Some(Tried::Cleared(nothing)) => format!("cleared: {nothing}"),
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {}{}{} | {tried} | {} |",
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
