//! The runbook in Markdown, generated from the definition so that the two cannot disagree.

use crate::definition::{Expectation, StepKind, Transaction};
use crate::plan::{Plan, Step};
use crate::session::{HaltCondition, Stage, declared_words};
use std::fmt::Write;

/// The whole runbook. `definition` is the name of the file it is generated from.
pub fn render(plan: &Plan, definition: &str) -> String {
    let ceremony = &plan.ceremony;
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n", ceremony.title);
    let _ = writeln!(
        out,
        "<!-- Generated from {definition} by `ceremony runbook`. Change the definition, not this file. -->\n"
    );
    let _ = writeln!(out, "{}\n", ceremony.purpose);
    let _ = writeln!(
        out,
        "Planned by hand: {} minutes; a complete rollback and restoration: {} minutes.",
        ceremony.planned_minutes, ceremony.rollback_minutes
    );
    if let Some(planned) = &ceremony.target.planned {
        let _ = writeln!(out, "Planned target: `{planned}`. Only ever a local database, never production.");
    }
    migrations(&mut out, plan);
    flags(&mut out, plan);
    steps(&mut out, plan);
    stop(&mut out);
    rollback(&mut out, plan);
    sign_off(&mut out, plan);
    files(&mut out, plan);
    out
}

fn migrations(out: &mut String, plan: &Plan) {
    let _ = writeln!(out, "\n## Migrations\n\nApplied in this order, rolled back in the opposite one.\n");
    let _ = writeln!(
        out,
        "| # | id | file | risk | after | what it does |\n| --- | --- | --- | --- | --- | --- |"
    );
    for (number, &at) in plan.order.iter().enumerate() {
        let migration = &plan.ceremony.migrations[at];
        let after = if migration.after.is_empty() { "–".to_owned() } else { migration.after.join(", ") };
        let _ = writeln!(
            out,
            "| {} | {} | `{}` | {} | {after} | {} |",
            number + 1,
            migration.id,
            migration.script.file,
            migration.risk.word(),
            migration.summary
        );
    }
}

/// What an operator must know of a script without a transaction.
fn without_transaction(out: &mut String, plan: &Plan, step: &Step) {
    if !plan.is_stepwise(step) {
        return;
    }
    let name = plan.script_of(step).map(|script| script.name()).unwrap_or_default();
    let _ = writeln!(
        out,
        "No transaction: each statement of `{name}` is final as soon as it has run. There is no commit gate; the proof comes behind the last statement. If it stops half-way, what ran stays: resume goes on behind it, and the rollback script undoes it.\n"
    );
}

fn flags(out: &mut String, plan: &Plan) {
    if plan.ceremony.flags.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n## Feature flags\n\nRead from the environment of the program; unset counts as off.\n"
    );
    for flag in &plan.ceremony.flags {
        let _ = writeln!(out, "- `{}` must be {}", flag.name, if flag.on { "on" } else { "off" });
    }
}

fn steps(out: &mut String, plan: &Plan) {
    let _ = writeln!(
        out,
        "\n## Steps\n\nEach step waits for the operator's words; each is as good as its worst check."
    );
    for (number, step) in plan.steps.iter().enumerate() {
        let _ = writeln!(out, "\n### {}. {} (`{}`)\n", number + 1, step.title, step.id);
        if step.kind == StepKind::Drill {
            let _ = writeln!(
                out,
                "On a throw-away copy of the database the real rollback scripts run in reverse order, behind each the schema is compared with the one its migration started from, and everything is applied again.\n"
            );
        }
        without_transaction(out, plan, step);
        if step.witness {
            let _ = writeln!(
                out,
                "A second person watches this step (`ceremony watch`) and puts initials under it; without them it is not confirmed.\n"
            );
        }
        checks(out, plan, step);
    }
}

fn checks(out: &mut String, plan: &Plan, step: &Step) {
    use crate::plan::Subject;
    for check in &step.checks {
        let expected = match &check.subject {
            Subject::Query(at) => {
                let query = &plan.ceremony.queries[*at];
                format!(" — `{}`, expected: {}", query.script.name(), expectation(&query.expect))
            }
            Subject::Negative(at) => {
                let negative = &plan.ceremony.negatives[*at];
                let by = negative.constraint.as_ref().map(|name| format!(" by `{name}`")).unwrap_or_default();
                format!(" — `{}`, must be refused with {}{by}", negative.script.name(), negative.sqlstate)
            }
            Subject::Declared => {
                let migration = step.migration.map(|at| &plan.ceremony.migrations[at]);
                let declared = migration.and_then(|migration| migration.declared.as_ref());
                declared.map(|declared| format!(" — {}", declared_words(declared))).unwrap_or_default()
            }
            Subject::Suite(at) => format!(" — `{}`", plan.ceremony.suites[*at].command.join(" ")),
            _ => String::new(),
        };
        let _ = writeln!(out, "- [ ] {}{expected}", check.title);
    }
}

fn expectation(expectation: &Expectation) -> String {
    match expectation {
        Expectation::Empty => "0 rows".to_owned(),
        Expectation::Rows(1) => "1 row".to_owned(),
        Expectation::Rows(count) => format!("{count} rows"),
        Expectation::Value(text) => format!("`{text}`"),
        Expectation::Set(rows) => {
            rows.iter().map(|row| format!("`{}`", row.join(", "))).collect::<Vec<_>>().join(" ")
        }
        Expectation::Informational => "anything; informational, never a stop".to_owned(),
    }
}

fn stop(out: &mut String) {
    let _ = writeln!(
        out,
        "\n## STOP THE WORLD\n\nAny one of these halts everything at once, and only the escalation leads on:\n"
    );
    for condition in HaltCondition::ALL {
        let _ = writeln!(out, "{}. {}", condition.number(), condition.words());
    }
    let stages: Vec<&str> = Stage::ALL.iter().map(|stage| stage.word()).collect();
    let _ = writeln!(
        out,
        "\nEscalation, in this order: {}. Each stage takes words from a person; the team is told when a rollback is needed.",
        stages.join(" → ")
    );
}

fn rollback(out: &mut String, plan: &Plan) {
    let _ = writeln!(
        out,
        "\n## Rollback\n\nComplete rollback as one action: at a stop decide \"roll back\", or run `ceremony rollback DIR`.\n"
    );
    let _ = writeln!(
        out,
        "| migration | script | what it does | when | rows that die | kept on purpose | taken along on purpose |\n| --- | --- | --- | --- | --- | --- | --- |"
    );
    for &at in plan.order.iter().rev() {
        let migration = &plan.ceremony.migrations[at];
        let rollback = &migration.rollback;
        let deletes = if rollback.deletes.is_empty() {
            "none".to_owned()
        } else {
            format!("every row of {}; asked twice", rollback.deletes.join(", "))
        };
        let how = if rollback.script.transaction == Transaction::None { " (no transaction)" } else { "" };
        let count = |objects: &[String]| match objects.len() {
            0 => "nothing".to_owned(),
            count => format!("{count} objects, listed in the definition"),
        };
        let (kept, along) = (count(&rollback.kept), count(&rollback.also_drops));
        let _ = writeln!(
            out,
            "| {}{how} | `{}` | {} | {} | {deletes} | {kept} | {along} |",
            migration.id,
            rollback.script.name(),
            rollback.summary,
            rollback.when
        );
    }
    let _ = writeln!(
        out,
        "\nWhere data has changed since and a rollback is not possible, compensating steps: document the state, export the data, find the affected records, write a restoration script from the backup, estimate the downtime."
    );
}

fn sign_off(out: &mut String, plan: &Plan) {
    let _ = writeln!(out, "\n## Sign-off\n\nTicked from evidence only.\n");
    for claim in &plan.ceremony.claims {
        let _ = writeln!(out, "- [ ] {} (evidence: {})", claim.text, claim.evidence.join(", "));
    }
    for rule in &plan.ceremony.signatures {
        let _ = writeln!(out, "\n{}", rule.sentence());
    }
    for waiver in &plan.ceremony.waivers {
        let _ = writeln!(
            out,
            "\nKnown failure: {} until {}: {} Granted by {}.",
            match waiver.tests.as_slice() {
                [] => format!("`{}` may fail", waiver.check),
                tests => format!("of `{}` only `{}` may fail", waiver.check, tests.join("`, `")),
            },
            waiver.until,
            waiver.reason,
            waiver.granted_by
        );
    }
    for risk in &plan.ceremony.risks {
        let _ = writeln!(out, "\nAccepted risk: {risk}");
    }
    let _ = writeln!(
        out,
        "\n## Execution report\n\n`ceremony report DIR` writes it from the record: date and time, operator, commit, environment, each step with its verdict and evidence, issues met, the time each step took, recommendations, the state of each migration file, and the verdict."
    );
}

fn files(out: &mut String, plan: &Plan) {
    let _ = writeln!(out, "\n## Reviewed files\n\n| file | sha256 |\n| --- | --- |");
    for input in &plan.ceremony.inputs {
        let _ = writeln!(out, "| `{}` | `{}` |", input.path, input.sha256);
    }
}
