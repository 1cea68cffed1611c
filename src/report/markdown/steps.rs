//! The steps of the Markdown report: checks, statements, tests, and what was seen of the schema.

use super::{Page, code, inert};
use super::{rehearsed, when, word};
use crate::report::facts::{StepFacts, TableFacts};
use crate::report::text::{initials, toll};
use crate::time::human_duration;
use crate::view::{DECLARED, REAPPLIED, RUNGS, tally};

impl Page<'_> {
    pub(super) fn steps(&mut self) {
        self.line("\n## Steps");
        for step in &self.execution.steps {
            self.step(step);
        }
        if !self.execution.rollback.is_empty() {
            self.line("\n## Rollback");
        }
        for step in &self.execution.rollback {
            self.step(step);
        }
    }

    fn step(&mut self, step: &StepFacts) {
        let verdict = word(step.verdict);
        self.line(format!("\n### {}: {verdict}\n\n{}", inert(&step.id), inert(&step.title)));
        if step.runs == 0 {
            return self.line("\nThis step was not run.");
        }
        if let Some(when) = when(step) {
            let entry = self.at(step.entry);
            let committed = step.committed.map(|_| format!("; committed{}", self.at(step.committed)));
            let rehearsed = rehearsed(step, code);
            let text = format!("\n{when}{entry}{}. {rehearsed}", committed.unwrap_or_default());
            self.line(text.trim_end());
        }
        if let Some(why) = &step.blocked {
            let next = step.blocked_next.as_deref().unwrap_or_default();
            self.line(format!("\nIt could not be carried out: {}. What to do: {}.", inert(why), inert(next)));
        }
        for sentence in initials(step, inert) {
            self.line(format!("\n{sentence}"));
        }
        self.line("");
        self.table(&["check", "verdict", "expected", "observed", "entry"]);
        for check in &step.checks {
            let observed = match (&check.observed, &check.waiver) {
                (None, _) => "nobody looked".to_owned(),
                (Some(observed), None) => inert(observed),
                (Some(observed), Some(waiver)) => format!("{}; waived: {}", inert(observed), inert(waiver)),
            };
            let expected = check.expected.as_deref().map(inert).unwrap_or_default();
            let entry = self.entry(check.entry);
            self.row(&[inert(&check.title), word(check.verdict).to_owned(), expected, observed, entry]);
        }
        self.statements(step);
        self.tests(step);
        if !step.changes.is_empty() {
            self.line(format!("\nChanged: {}.\n", tally(&step.changes)));
            for change in &step.changes {
                self.line(format!("- {}", code(&change.one_line())));
            }
        }
    }

    fn statements(&mut self, step: &StepFacts) {
        if step.statements.is_empty() {
            return;
        }
        self.line("");
        self.table(&["statement", "where", "result", "took", "entry"]);
        for statement in &step.statements {
            let first = statement.sql.lines().map(str::trim).find(|line| !line.is_empty());
            let mut result = match (&statement.left_out, &statement.tag) {
                (Some(why), _) => format!("left out: {}", inert(why)),
                (None, Some(tag)) => inert(tag),
                (None, None) => "did not complete".to_owned(),
            };
            if !statement.toll.is_empty() {
                result.push_str(&format!("; others would feel: {}", toll(&statement.toll, code)));
            }
            let took = statement.elapsed_us.map(human_duration).unwrap_or_default();
            let place = inert(&statement.at.to_string());
            let entry = self.entry(Some(statement.entry));
            self.row(&[code(first.unwrap_or_default()), place, result, took, entry]);
        }
    }

    fn tests(&mut self, step: &StepFacts) {
        for suite in &step.suites {
            let failed: Vec<_> = suite.tests.iter().filter(|test| !test.ok || test.skipped).collect();
            if failed.is_empty() {
                continue;
            }
            let entry = self.at(Some(suite.entry));
            self.line(format!("\nTests of {} that did not pass{entry}:\n", code(&suite.id)));
            for test in failed {
                let how = if test.skipped { "not run" } else { "failed" };
                let note =
                    if test.note.is_empty() { String::new() } else { format!(": {}", inert(&test.note)) };
                self.line(format!("- {how}: {}{note}", inert(&test.name)));
            }
        }
    }

    /// Declared and happened, rungs of the drill, second runs.
    pub(super) fn schema(&mut self) {
        for (name, title, why) in [
            (
                DECLARED,
                "Declared and happened",
                "What each migration declares beside what it did, by object.",
            ),
            (REAPPLIED, "Applied again", "inert, locks, re-creates, mutates, fails: the best first."),
            (
                RUNGS,
                "Rollback drill, rung by rung",
                "Restored *exactly*, *all but column order*, or with *residue*: down, compared with what each migration started from; up, with what it led to.",
            ),
        ] {
            let all = self.execution.all_steps();
            let of_kind = |step: &'_ StepFacts| -> Vec<(String, TableFacts)> {
                let tables = step.tables.iter().filter(|table| table.query == name);
                tables.map(|table| (step.id.clone(), table.clone())).collect()
            };
            let tables: Vec<(String, TableFacts)> = all.flat_map(of_kind).collect();
            if tables.is_empty() {
                continue;
            }
            self.heading(title);
            self.line(why);
            for (step, table) in &tables {
                self.line(format!("\n### {}: entry {}\n", inert(step), self.entry(Some(table.entry))));
                self.rows(table);
            }
        }
    }

    fn rows(&mut self, table: &TableFacts) {
        if table.rows.is_empty() {
            return self.line("It declares that nothing is changed, and nothing was.");
        }
        let names: Vec<String> = table.columns.iter().map(|name| inert(name)).collect();
        self.table(&names.iter().map(String::as_str).collect::<Vec<_>>());
        for row in &table.rows {
            let cells: Vec<String> =
                row.iter().map(|cell| inert(cell.as_deref().unwrap_or("NULL"))).collect();
            self.row(&cells);
        }
    }
}
