//! The output of vitest's JSON reporter (and of jest's, which it follows).

use super::{Found, State};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    success: Option<bool>,
    test_results: Vec<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: String,
    message: Option<String>,
    #[serde(default)]
    assertion_results: Vec<Assertion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    #[serde(default)]
    ancestor_titles: Vec<String>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    full_name: String,
    status: String,
    failure_messages: Option<Vec<String>>,
}

/// Reads every test. A file that could not be loaded counts as a failed test of the file's name.
pub(super) fn read(bytes: &[u8], folder: &Path) -> Found {
    let Some(start) = start(bytes) else {
        return Found::fault("the result is not JSON: there is no line that starts with {");
    };
    let mut stream = serde_json::Deserializer::from_slice(&bytes[start..]).into_iter::<Report>();
    let report = match stream.next() {
        Some(Ok(report)) => report,
        Some(Err(error)) => return Found::fault(format!("the result is not vitest's JSON: {error}")),
        None => return Found::fault("the result is empty"),
    };
    let mut found = Found::default();
    for file in &report.test_results {
        file_result(file, folder, &mut found);
    }
    if report.success == Some(false) && found.tests.iter().all(|test| test.ok) {
        found.faults.push("the run itself says that it did not succeed, though no test failed".to_owned());
    }
    found
}

fn file_result(file: &File, folder: &Path, found: &mut Found) {
    let mut failed = 0;
    for test in &file.assertion_results {
        let state = match test.status.as_str() {
            "passed" => State::Passed,
            "skipped" | "pending" | "todo" | "disabled" => State::Skipped,
            // "failed", and whatever nobody knows yet.
            _ => State::Failed,
        };
        failed += usize::from(state == State::Failed);
        let titles = test.ancestor_titles.iter().map(String::as_str).chain([test.title.as_str()]);
        let titles: Vec<&str> = titles.filter(|title| !title.is_empty()).collect();
        let name = if titles.is_empty() { test.full_name.clone() } else { titles.join(" > ") };
        let first = test.failure_messages.iter().flatten().next();
        let note = match state {
            State::Failed => first.and_then(|text| text.lines().next()).unwrap_or_default(),
            State::Skipped => test.status.as_str(),
            State::Passed => "",
        };
        found.add(if name.is_empty() { "(no name)" } else { &name }, state, note);
    }
    if file.status == "failed" && failed == 0 {
        let path = Path::new(&file.name);
        let path = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        let message = file.message.as_deref().unwrap_or_default().trim();
        let why = message.lines().next().unwrap_or("the file failed outside of its tests");
        found.add(&path, State::Failed, why);
    }
}

/// Where the JSON starts: npm and others print lines of their own first.
fn start(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if line.trim_ascii_start().first() == Some(&b'{') {
            return Some(at);
        }
        at += line.len();
    }
    None
}
