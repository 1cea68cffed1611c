//! The execution report as JUnit XML, for build servers: a test suite for each step, a test case for each check.
//!
//! Elements and attributes are those that Surefire writes and Jenkins reads (its `junit-10.xsd`). What was not run is *skipped* there, and
//! build servers take that for no failure; so a last suite holds one test, which fails unless the whole verdict is good.

use super::facts::{CheckFacts, Execution, StepFacts};
use super::xml::{line, lines};
use crate::session::Verdict;
use std::fmt::Write;

/// The whole report.
pub fn render(execution: &Execution) -> String {
    let suites: Vec<Suite> = execution
        .all_steps()
        .map(|step| of_step(&execution.ceremony, step))
        .chain(std::iter::once(whole(execution)))
        .collect();
    let sum = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\">",
        line(&execution.title),
        sum(|suite| suite.tests),
        sum(|suite| suite.failures),
        sum(|suite| suite.errors),
        seconds(execution.time.elapsed_us)
    );
    for suite in &suites {
        let started =
            suite.timestamp.as_ref().map(|at| format!(" timestamp=\"{}\"", line(at))).unwrap_or_default();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\"{started}>",
            line(&suite.name),
            suite.tests,
            suite.failures,
            suite.errors,
            suite.skipped,
            seconds(suite.elapsed_us),
        );
        out.push_str(&properties(&suite.properties));
        out.push_str(&suite.cases);
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

#[derive(Default)]
struct Suite {
    name: String,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    elapsed_us: u64,
    timestamp: Option<String>,
    properties: Vec<(&'static str, String)>,
    cases: String,
}

impl Suite {
    /// Adds a test case; `result` is the element that says how it ended, `said` what else there is to say.
    fn add(&mut self, class: &str, name: &str, took_us: u64, result: &str, said: &[String]) {
        self.tests += 1;
        let (class, name, took) = (line(class), line(name), seconds(took_us));
        let _ = write!(self.cases, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"{took}\"");
        if said.is_empty() && result.is_empty() {
            self.cases.push_str("/>\n");
            return;
        }
        self.cases.push_str(">\n");
        if !result.is_empty() {
            let _ = writeln!(self.cases, "      {result}");
        }
        if !said.is_empty() {
            let _ = writeln!(self.cases, "      <system-out>{}</system-out>", lines(&said.join("\n")));
        }
        self.cases.push_str("    </testcase>\n");
    }
}

fn properties(all: &[(&'static str, String)]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut out = String::from("    <properties>\n");
    for (name, value) in all {
        let _ = writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", line(value));
    }
    out + "    </properties>\n"
}

fn of_step(ceremony: &str, step: &StepFacts) -> Suite {
    // A build server takes what is before the last dot for the package.
    let class = format!("{ceremony}.{}", step.id);
    let mut suite = Suite {
        name: step.id.clone(),
        elapsed_us: step.elapsed_us.unwrap_or(0),
        // As Surefire writes it: UTC without a zone.
        timestamp: step.started.map(|at| at.to_string().chars().take(19).collect()),
        properties: vec![("title", step.title.clone()), ("verdict", step.verdict.word().to_owned())],
        ..Suite::default()
    };
    if let Some(entry) = step.entry {
        suite.properties.push(("entry", entry.to_string()));
    }
    if let Some(why) = &step.blocked {
        suite.errors += 1;
        let next = step.blocked_next.as_deref().unwrap_or_default();
        let result =
            format!("<error type=\"not carried out\" message=\"{}\">{}</error>", line(why), lines(next));
        suite.add(&class, "the step is carried out", 0, &result, &[]);
    }
    for check in &step.checks {
        let mut said: Vec<String> = check.entry.iter().map(|entry| format!("entry {entry}")).collect();
        said.extend(check.observed.iter().map(|observed| format!("observed: {observed}")));
        said.extend(check.waiver.iter().map(|waiver| format!("waived: {waiver}")));
        let result = match check.verdict {
            Verdict::Pass | Verdict::PassWithWaivers => String::new(),
            Verdict::NotRun => {
                suite.skipped += 1;
                let why = check.observed.as_deref().unwrap_or("nobody looked");
                format!("<skipped message=\"{}\"/>", line(why))
            }
            Verdict::Fail => {
                suite.failures += 1;
                failure(step, check)
            }
        };
        suite.add(&class, &check.title, took_us(step, check), &result, &said);
    }
    suite
}

/// How long the query or suite of a check took; nothing for one that has none of its own.
fn took_us(step: &StepFacts, check: &CheckFacts) -> u64 {
    let tables = step.tables.iter().map(|table| (table.entry, table.elapsed_us));
    let suites = step.suites.iter().map(|suite| (suite.entry, suite.elapsed_us));
    tables.chain(suites).find(|(entry, _)| Some(*entry) == check.entry).map_or(0, |(_, took)| took)
}

fn failure(step: &StepFacts, check: &CheckFacts) -> String {
    let (expected, observed) =
        (check.expected.as_deref().unwrap_or_default(), check.observed.as_deref().unwrap_or_default());
    let mut text = format!("expected: {expected}\nobserved: {observed}");
    let latest = step.suites.iter().rev().find(|suite| check.id == suite.id);
    for test in latest.iter().flat_map(|suite| &suite.tests).filter(|test| !test.ok) {
        let _ = write!(text, "\nfailed: {} {}", test.name, test.note);
    }
    format!("<failure type=\"check\" message=\"{}\">{}</failure>", line(observed), lines(text.trim_end()))
}

/// The verdict of the whole, as a test that fails unless it is good.
fn whole(execution: &Execution) -> Suite {
    let mut suite = Suite { name: "verdict".to_owned(), ..Suite::default() };
    let record = &execution.record;
    suite.properties = vec![
        ("verdict", execution.verdict.word().to_owned()),
        ("head", record.head.clone()),
        ("head-words", record.words.clone()),
        ("entries", record.entries.to_string()),
    ];
    if let Some(session) = &execution.session {
        suite.timestamp = Some(session.opened.to_string().chars().take(19).collect());
        suite.properties.push(("session", session.id.clone()));
        suite.properties.push(("operator", session.operators.join(", ")));
        suite.properties.push(("target", format!("{}/{}", session.address, session.database)));
    }
    let mut result = String::new();
    if let Some(entry) = record.divergent {
        suite.failures = 1;
        let what = format!("entry {entry} does not follow from its own inputs; see ceremony verify");
        result = format!("<failure type=\"record\" message=\"{}\"/>", line(&what));
    } else if !execution.verdict.is_good() {
        suite.failures = 1;
        let word = execution.verdict.word();
        let mut text = execution.verdict_words.to_owned();
        for halt in &execution.halts {
            let _ = write!(text, "\nstopped at {}: {}: {}", halt.step, halt.cause, halt.why);
        }
        result = format!("<failure type=\"verdict\" message=\"{word}\">{}</failure>", lines(&text));
    }
    suite.add(&execution.ceremony, "the verdict is good", 0, &result, &[]);
    suite
}

/// Seconds with three digits, which is what Surefire's times have.
fn seconds(micros: u64) -> String {
    format!("{}.{:03}", micros / 1_000_000, micros / 1_000 % 1_000)
}
