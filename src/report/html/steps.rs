//! The steps of the page: checks, statements with their SQL, tests, results, and what was seen of the schema.

use super::{Page, badge, block, code, text};
use crate::report::facts::{CheckFacts, StatementFacts, StepFacts, TableFacts};
use crate::report::text::{initials, is_schema, rehearsed, toll, when};
use crate::session::ObjectChange;
use crate::time::human_duration;
use crate::view::{DECLARED, REAPPLIED, RUNGS, tally};
use std::fmt::Write;

/// A result is shown up to so many rows.
const ROWS_MAX: usize = 50;

impl<'e> Page<'e> {
    pub(super) fn steps(&mut self) {
        self.chapter("steps", "Steps", true);
        for step in &self.execution.steps {
            self.step(step);
        }
        self.end();
        if !self.execution.rollback.is_empty() {
            self.chapter("rollback", "Rollback", true);
            for step in &self.execution.rollback {
                self.step(step);
            }
            self.end();
        }
    }

    fn step(&mut self, step: &'e StepFacts) {
        let anchor = self.step_anchor(&step.id).unwrap_or_default();
        self.put(format!(
            "<div class=\"step\" id=\"{anchor}\">\n<h3>{} {} {}</h3>",
            badge(step.verdict),
            text(&step.title),
            code(&step.id)
        ));
        if step.runs == 0 {
            return self.put("<p class=\"soft\">This step was not run.</p>\n</div>");
        }
        if let Some(when) = when(step) {
            let committed = match step.committed {
                Some(_) => format!("; committed and read back {}", self.entry(step.committed)),
                None => String::new(),
            };
            let rehearsed = rehearsed(step, code);
            let entry = self.entry(step.entry);
            self.put(format!("<p class=\"soft\">{when} {entry}{committed}. {rehearsed}</p>"));
        }
        if let Some(why) = &step.blocked {
            let next = text(step.blocked_next.as_deref().unwrap_or_default());
            self.put(format!("<p>It could not be carried out: {}. What to do: {next}.</p>", text(why)));
        }
        for sentence in initials(step, text) {
            self.put(format!("<p>{sentence}</p>"));
        }
        self.table("", &["check", "verdict", "wanted", "observed", "entry"]);
        for check in &step.checks {
            self.check(check);
        }
        self.end_table();
        self.statements(&step.statements);
        self.tests(step);
        self.results(step);
        self.changes(&step.changes);
        self.put("</div>");
    }

    fn check(&mut self, check: &CheckFacts) {
        let mut observed = match &check.observed {
            Some(observed) => text(observed),
            None => "<span class=\"soft\">nobody looked</span>".to_owned(),
        };
        if let Some(waiver) = &check.waiver {
            let _ = write!(observed, "<br/><span class=\"v warn\">waived</span> {}", text(waiver));
        }
        let wanted = check.expected.as_deref().map(text).unwrap_or_default();
        self.row(&[text(&check.title), badge(check.verdict), wanted, observed, self.entry(check.entry)]);
    }

    fn statements(&mut self, all: &'e [StatementFacts]) {
        if all.is_empty() {
            return;
        }
        let count = all.iter().filter(|statement| statement.left_out.is_none()).count();
        let plural = if count == 1 { "" } else { "s" };
        self.put(format!("<details open=\"open\"><summary>{count} statement{plural} sent</summary>"));
        for statement in all {
            let took =
                statement.elapsed_us.map(|took| format!(", {}", human_duration(took))).unwrap_or_default();
            let result = match (&statement.left_out, &statement.tag) {
                (Some(why), _) => format!("left out: {}", text(why)),
                (None, Some(tag)) => format!("{}{took}", text(tag)),
                (None, None) => "<span class=\"v bad\">did not complete</span>".to_owned(),
            };
            let felt = if statement.toll.is_empty() {
                String::new()
            } else {
                format!("; others would feel: {}", toll(&statement.toll, code))
            };
            let place = code(&statement.at.to_string());
            let entry = self.entry(Some(statement.entry));
            // The same statement of the same file is shown in full once.
            let first = *self.shown.entry((&statement.at, &statement.sql)).or_insert(statement.entry);
            let again = first != statement.entry;
            let sql = if again { String::new() } else { block(&statement.sql) };
            let again =
                if again { format!(", the same as {}", self.entry(Some(first))) } else { String::new() };
            self.put(format!("<div class=\"sql\"><p>{place} · {result}{felt} {entry}{again}</p>{sql}</div>"));
        }
        self.put("</details>");
    }

    fn tests(&mut self, step: &StepFacts) {
        for suite in &step.suites {
            let bad: Vec<_> = suite.tests.iter().filter(|test| !test.ok || test.skipped).collect();
            let (entry, took) = (self.entry(Some(suite.entry)), human_duration(suite.elapsed_us));
            let exit = match (&suite.error, suite.exit_code) {
                (Some(error), _) => text(error),
                (None, Some(exit)) => format!("exit code {exit}"),
                (None, None) => "no exit code".to_owned(),
            };
            let good = suite.tests.len() - bad.len();
            let all = suite.tests.len();
            self.put(format!(
                "<p>{}: {good} of {all} tests passed, {exit}, {took} {entry}</p>",
                code(&suite.id)
            ));
            if bad.is_empty() {
                continue;
            }
            self.put("<ul>");
            for test in bad {
                let how = if test.skipped { "none\">not run" } else { "bad\">failed" };
                let (name, note) = (text(&test.name), text(&test.note));
                self.put(format!(
                    "<li><span class=\"v {how}</span> {name} <span class=\"soft\">{note}</span></li>"
                ));
            }
            self.put("</ul>");
        }
    }

    /// Rows of queries that returned some.
    fn results(&mut self, step: &StepFacts) {
        for table in step.tables.iter().filter(|table| !is_schema(&table.query) && !table.rows.is_empty()) {
            let (entry, took) = (self.entry(Some(table.entry)), human_duration(table.elapsed_us));
            let rows = if table.total == 1 { "1 row".to_owned() } else { format!("{} rows", table.total) };
            let name = code(&table.query);
            self.put(format!("<details open=\"open\"><summary>{name}: {rows}, {took} {entry}</summary>"));
            self.rows(table);
            self.put("</details>");
        }
    }

    fn rows(&mut self, table: &TableFacts) {
        let mut head = String::from("<table class=\"mono\"><thead><tr>");
        for column in &table.columns {
            let _ = write!(head, "<th>{}</th>", text(column));
        }
        self.put(head + "</tr></thead><tbody>");
        for row in table.rows.iter().take(ROWS_MAX) {
            let cell = |cell: &Option<String>| match cell {
                Some(value) => text(value),
                None => "<span class=\"soft\">NULL</span>".to_owned(),
            };
            self.row(&row.iter().map(cell).collect::<Vec<_>>());
        }
        self.end_table();
        let more = table.total.saturating_sub(table.rows.len().min(ROWS_MAX) as u64);
        if more > 0 {
            self.put(format!("<p class=\"soft\">{more} more.</p>"));
        }
    }

    fn changes(&mut self, changes: &[ObjectChange]) {
        if changes.is_empty() {
            return;
        }
        self.put(format!("<details open=\"open\"><summary>Schema: {}</summary>\n<pre>", tally(changes)));
        for change in changes {
            let class = match (&change.before, &change.after) {
                (None, _) => "plus",
                (_, None) => "minus",
                _ => "tilde",
            };
            self.put(format!("<span class=\"{class}\">{}</span>", text(&change.one_line())));
            if class == "tilde" {
                for (sign, class, words) in [("-", "minus", &change.before), ("+", "plus", &change.after)] {
                    for words in words.iter().flat_map(|words| words.lines()) {
                        self.put(format!("    <span class=\"{class}\">{sign} {}</span>", text(words)));
                    }
                }
            }
        }
        self.put("</pre></details>");
    }

    /// Declared and happened, rungs of the drill, second runs.
    pub(super) fn schema(&mut self) {
        for (id, name, title, why) in [
            (
                "declared",
                DECLARED,
                "Declared and happened",
                "What each migration declares beside what it did, by object.",
            ),
            (
                "reapplied",
                REAPPLIED,
                "Applied again",
                "inert, locks, re-creates, mutates, fails: the best first.",
            ),
            (
                "rungs",
                RUNGS,
                "Rollback drill, rung by rung",
                "Restored exactly, all but column order, or with residue: down, compared with what each migration started from; up, with what it led to.",
            ),
        ] {
            let tables: Vec<(&str, &TableFacts)> = self
                .execution
                .all_steps()
                .flat_map(|step| step.tables.iter().map(|table| (step.id.as_str(), table)))
                .filter(|(_, table)| table.query == name)
                .collect();
            if tables.is_empty() {
                continue;
            }
            self.chapter(id, title, false);
            self.put(format!("<p>{why}</p>"));
            for (step, table) in tables {
                let (link, entry) = (self.step_link(step), self.entry(Some(table.entry)));
                self.put(format!("<h3>{link} {entry}</h3>"));
                if table.rows.is_empty() {
                    self.put("<p>It declares that nothing is changed, and nothing was.</p>");
                } else {
                    self.rows(table);
                }
            }
            self.end();
        }
    }
}
