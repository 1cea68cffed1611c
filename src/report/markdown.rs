//! The execution report in Markdown: every claim with a link to the entry that carries it.

mod steps;

use super::facts::*;
use super::text::{Value, durations, rehearsed, summary, ticked_before, warnings, when, word};
use crate::session::Verdict;
use crate::time::human_duration;
use crate::view::clean_line;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Text from outside as one table cell or line: no markup, no control characters, and nothing that becomes a link.
fn inert(text: &str) -> String {
    let text = clean_line(text);
    let mut safe = String::new();
    for (at, character) in text.char_indices() {
        let (before, after) = (&text[..at], &text[at..]);
        let link = match character {
            ':' => after.starts_with("://"),
            '.' => before.to_ascii_lowercase().ends_with("www"),
            _ => false,
        };
        let mark = "|<>*_`[]\\#&!~@$".contains(character);
        // What makes a list, a heading or a rule where a line begins.
        let begins = before.is_empty() && "+-=".contains(character);
        let numbers = !before.is_empty() && before.bytes().all(|byte| byte.is_ascii_digit());
        if link || mark || begins || (numbers && ".)".contains(character)) {
            safe.push('\\');
        }
        safe.push(character);
    }
    // Spaces around it would be dropped, or make it a block of code.
    let inner = safe.trim_matches(' ');
    let (left, right) = (safe.len() - safe.trim_start_matches(' ').len(), safe.trim_end_matches(' ').len());
    if inner.is_empty() {
        return "&#32;".repeat(safe.len());
    }
    "&#32;".repeat(left) + inner + &"&#32;".repeat(safe.len() - right)
}

/// In the type of code. Nothing can be escaped there: what would end it is written as Rule C writes what must not act.
fn code(text: &str) -> String {
    let text = clean_line(text).replace('`', "\\u{60}").replace('|', "\\u{7C}");
    // A line of spaces is none; one at each end is taken away.
    let padded = text.starts_with(' ') && text.ends_with(' ') && !text.trim().is_empty();
    match padded {
        true => format!("` {text} `"),
        false => format!("`{text}`"),
    }
}

/// Several lines in a fence that they cannot close.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let marks = "`".repeat(longest.max(2) + 1);
    let lines: String = crate::view::clean(text, true).into_iter().map(|span| span.text).collect();
    format!("{marks}text\n{lines}\n{marks}")
}

/// What is being written, and which entries can be linked to.
struct Page<'e> {
    out: String,
    execution: &'e Execution,
    entries: BTreeSet<u64>,
}

impl Page<'_> {
    fn line(&mut self, text: impl AsRef<str>) {
        let _ = writeln!(self.out, "{}", text.as_ref());
    }

    fn heading(&mut self, text: &str) {
        let _ = writeln!(self.out, "\n## {text}\n");
    }

    fn table(&mut self, columns: &[&str]) {
        let _ = writeln!(self.out, "| {} |\n|{}", columns.join(" | "), " --- |".repeat(columns.len()));
    }

    fn row(&mut self, cells: &[String]) {
        let _ = writeln!(self.out, "| {} |", cells.join(" | "));
    }

    /// `[12](#e12)`, or nothing.
    fn entry(&self, entry: Option<u64>) -> String {
        match entry {
            Some(entry) if self.entries.contains(&entry) => format!("[{entry}](#e{entry})"),
            Some(entry) => entry.to_string(),
            None => String::new(),
        }
    }

    /// `, entry [12](#e12)`, or nothing.
    fn at(&self, entry: Option<u64>) -> String {
        entry.map(|_| format!(", entry {}", self.entry(entry))).unwrap_or_default()
    }
}

/// The whole report.
pub fn render(execution: &Execution) -> String {
    let entries = execution.timeline.iter().map(|line| line.entry).collect();
    let mut page = Page { out: String::new(), execution, entries };
    page.summary();
    page.migrations();
    page.halts();
    page.issues();
    page.hazards();
    page.steps();
    page.schema();
    page.kept();
    page.lessons();
    page.sign_off();
    page.gates();
    page.inputs();
    page.record();
    page.out
}

impl Page<'_> {
    fn summary(&mut self) {
        let execution = self.execution;
        self.line(format!("# Execution report: {}\n", inert(&execution.title)));
        self.line(format!("**Verdict: {}**\n", execution.verdict.word()));
        self.line(format!("{}.\n", execution.verdict_words));
        for warning in warnings(execution) {
            self.line(format!("> {}\n", inert(&warning)));
        }
        self.table(&["what", "value"]);
        for (name, value) in summary(execution) {
            let value = match value {
                Value::Text(text) => inert(&text),
                Value::Code(text) => code(&text),
            };
            self.row(&[name.to_owned(), value]);
        }
        let record = &execution.record;
        let value = format!("{} entries, head {} ({})", record.entries, code(&record.head), record.words);
        self.row(&["record".to_owned(), value]);
        let counts = &execution.counts;
        self.row(&[
            "steps".to_owned(),
            format!(
                "{}: {} passed, {} waived, {} not run, {} failed",
                counts.steps,
                counts.steps_passed,
                counts.steps_waived,
                counts.steps_not_run,
                counts.steps_failed
            ),
        ]);
        self.row(&[
            "checks".to_owned(),
            format!(
                "{}: {} passed, {} waived, {} not run, {} failed",
                counts.checks,
                counts.checks_passed,
                counts.checks_waived,
                counts.checks_not_run,
                counts.checks_failed
            ),
        ]);
    }

    fn migrations(&mut self) {
        self.heading("Migrations");
        self.table(&["migration", "file", "sha256 as reviewed", "risk", "after", "state"]);
        for migration in &self.execution.migrations {
            let after = migration.after.iter().map(|id| inert(id)).collect::<Vec<_>>().join(", ");
            self.row(&[
                inert(&migration.id),
                code(&migration.file),
                code(&migration.sha256),
                migration.risk.word().to_owned(),
                after,
                inert(&migration.state),
            ]);
        }
    }

    fn halts(&mut self) {
        self.line("\n## STOP THE WORLD");
        if self.execution.halts.is_empty() {
            self.line("\nThe world was never stopped.");
        }
        for (at, halt) in self.execution.halts.iter().enumerate() {
            let entry = self.at(halt.entry);
            self.line(format!("\n### Stop {} at {}{entry}\n", at + 1, inert(&halt.step)));
            self.line(format!("- when: {}", halt.at));
            self.line(format!("- cause: {}", inert(&halt.cause)));
            self.line(format!("- observed: {}", inert(&halt.why)));
            self.line(format!("- what was left: {}", inert(&halt.left)));
            if let Some(error) = &halt.error {
                self.line(format!("\n{}\n", fence(error)));
            }
            for stage in &halt.stages {
                let word = stage.stage.word();
                if !stage.done {
                    self.line(format!("- {word}: not done"));
                    continue;
                }
                let decision = match (stage.stage, halt.decision) {
                    (crate::session::Stage::Decide, Some(decision)) => format!(" **{}**:", decision.word()),
                    _ => String::new(),
                };
                let entry = self.at(stage.entry);
                self.line(format!("- {word}:{decision} {}{entry}", inert(&stage.words)));
            }
        }
    }

    fn issues(&mut self) {
        self.heading("Issues met");
        if self.execution.findings.is_empty() {
            self.line("No findings.");
        }
        for finding in &self.execution.findings {
            let entry = self.at(finding.entry);
            self.line(format!("- {}: {}{entry}", finding.at, inert(&finding.what)));
        }
        if !self.execution.deviations.is_empty() {
            self.heading("Deviations");
            self.table(&["step", "expected", "observed", "decided", "entry"]);
        }
        for deviation in &self.execution.deviations {
            let step = deviation.step.as_deref().map_or_else(|| "the ceremony".to_owned(), code);
            let words =
                [&deviation.expected, &deviation.observed, &deviation.decided].map(|words| inert(words));
            let [expected, observed, decided] = words;
            let entry = self.entry(deviation.entry);
            self.row(&[step, expected, observed, decided, entry]);
        }
        self.heading("Notes");
        if self.execution.notes.is_empty() {
            self.line("No notes.");
        }
        for note in &self.execution.notes {
            let entry = self.at(note.entry);
            self.line(format!("- {}: {}{entry}", note.at, inert(&note.words)));
        }
    }

    fn hazards(&mut self) {
        self.heading("Hazards");
        let Some(all) = &self.execution.hazards else { return self.line("Nobody looked for them.") };
        if all.is_empty() {
            return self.line("The scripts show none.");
        }
        self.line("Read from the scripts before anything ran.\n");
        self.table(&["script", "where", "kind", "what", "in the rehearsal", "rule"]);
        for hazard in all {
            let accepted = if hazard.accepted { "; accepted in the file" } else { "" };
            self.row(&[
                code(&hazard.script),
                inert(&hazard.places),
                hazard.class.word().to_owned(),
                format!("{}{accepted}", inert(&hazard.what)),
                hazard.rehearsed.as_deref().map(inert).unwrap_or_default(),
                code(&hazard.rule),
            ]);
        }
    }

    /// Rows that were copied out, and what puts them back.
    fn kept(&mut self) {
        if self.execution.kept.is_empty() {
            return;
        }
        self.heading("Compensating scripts");
        self.table(&["table", "rows", "script", "entry"]);
        for kept in &self.execution.kept {
            let entry = self.entry(kept.entry);
            self.row(&[code(&kept.table), kept.rows.to_string(), code(&kept.script), entry]);
        }
        self.line("\nEach says in its first lines when to use it, and how.");
    }

    fn lessons(&mut self) {
        self.heading("Lessons learned: the time each step took");
        self.table(&["step", "runs", "took", "rehearsed"]);
        for (step, took) in durations(self.execution) {
            let estimate = step.rehearsed_us.map(human_duration).unwrap_or_default();
            self.row(&[inert(&step.id), step.runs.to_string(), human_duration(took), estimate]);
        }
        self.heading("Recommendations");
        if self.execution.recommendations.is_empty() {
            self.line("None: every check was made and every one passed.");
        }
        for recommendation in &self.execution.recommendations {
            self.line(format!("- {}", inert(recommendation)));
        }
    }

    fn sign_off(&mut self) {
        self.heading("Sign-off");
        if let Some(words) = ticked_before(self.execution) {
            self.line(format!("{words}\n"));
        }
        self.table(&["claim", "ticked", "evidence", "entry"]);
        for claim in &self.execution.claims {
            let tick = if claim.verdict.is_good() { "yes" } else { "NO" };
            let evidence = claim.evidence.iter().map(|id| {
                let step = self.execution.step(id);
                let entry = self.entry(step.and_then(|step| step.entry));
                let verdict = word(step.map_or(Verdict::NotRun, |step| step.verdict));
                format!("{} {verdict} {entry}", code(id)).trim_end().to_owned()
            });
            let evidence = evidence.collect::<Vec<_>>().join(", ");
            let ticked = format!("{tick} ({})", claim.verdict.word());
            self.row(&[inert(&claim.text), ticked, evidence, self.entry(claim.entry)]);
        }
        for waiver in &self.execution.waivers {
            let tests: Vec<String> = waiver.tests.iter().map(|test| code(test)).collect();
            let tests =
                if tests.is_empty() { String::new() } else { format!(", tests {}", tests.join(", ")) };
            let used: Vec<String> = waiver.entries.iter().map(|entry| self.entry(Some(*entry))).collect();
            let used = match (waiver.used, used.is_empty()) {
                (false, _) => "not needed".to_owned(),
                (true, true) => "used".to_owned(),
                (true, false) => format!("used, entry {}", used.join(", ")),
            };
            self.line(format!(
                "\nWaiver for {}{tests}: {} Granted by {} until {}; {used}.",
                code(&waiver.check),
                inert(&waiver.reason),
                inert(&waiver.granted_by),
                inert(&waiver.until),
            ));
        }
        if !self.execution.risks.is_empty() {
            self.line("\nAccepted risks:\n");
        }
        for risk in &self.execution.risks {
            self.line(format!("- {}", inert(risk)));
        }
        let record = &self.execution.record;
        self.line(format!("\nWhat is signed: {}, in words: {}.", code(&record.head), record.words));
        self.line(format!("\n**Final verdict: {}**", self.execution.verdict.word()));
    }

    fn gates(&mut self) {
        self.heading("Gates");
        self.table(&["gate", "words that confirm it", "opened", "answered", "waited"]);
        for gate in &self.execution.gates {
            let waited = gate.answered.map(|_| human_duration(gate.waited_us())).unwrap_or_default();
            let answered = gate.answered.map_or("NO".to_owned(), |entry| self.entry(Some(entry)));
            let opened = self.entry(Some(gate.entry));
            self.row(&[inert(&gate.id), code(&gate.phrase), opened, answered, waited]);
        }
    }

    fn inputs(&mut self) {
        self.heading("Files");
        self.table(&["file", "sha256"]);
        for input in &self.execution.inputs {
            self.row(&[code(&input.path), code(&input.sha256)]);
        }
    }

    fn record(&mut self) {
        self.heading("The record, entry by entry");
        self.line(
            "Entries that only carry output or samples are left out; all of them are in `session.jsonl`.\n",
        );
        self.table(&["entry", "when", "what"]);
        for line in &self.execution.timeline {
            let says: Vec<String> = line.says.iter().map(|text| inert(text)).collect();
            self.row(&[format!("<a id=\"e{0}\"></a>{0}", line.entry), line.at.to_string(), says.join("; ")]);
        }
    }
}
