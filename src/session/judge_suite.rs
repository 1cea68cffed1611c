//! From what a suite reported to a verdict: its result and its exit code must agree, and only known failures may fail.

use super::judge::{Judgement, judgement};
use super::*;
use crate::definition::SuiteFormat;
use crate::plan::{Check, Subject};
use crate::time::Timestamp;

/// Failed tests, and which of them are known failures.
#[derive(Default)]
struct Failed<'t> {
    known: Vec<&'t str>,
    other: Vec<&'t str>,
    /// Why the known ones may fail.
    reasons: Vec<String>,
}

impl Session {
    pub(super) fn judge_suite(
        &self,
        check: &Check,
        observation: &Observation,
        today: Timestamp,
    ) -> Judgement {
        let (Subject::Suite(at), Observation::Suite { exit_code, error, tests, planned, faults, .. }) =
            (&check.subject, observation)
        else {
            return judgement(check, false, "a suite", "something else");
        };
        let format = self.plan.ceremony.suites[*at].format;
        let exit = exit_code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
        if format == SuiteFormat::ExitCode {
            let good = *exit_code == Some(0) && error.is_none();
            return judgement(check, good, "exit code 0", error.clone().unwrap_or(exit));
        }
        let failed = self.failed(&check.id, tests, today);
        let mut faults = faults.clone();
        let whole = *planned == Some(tests.len()) || !faults.is_empty();
        faults.extend(disagreement(format, *exit_code, tests, whole));
        let sound = error.is_none() && faults.is_empty();
        let expected = match format {
            SuiteFormat::Tap => "every planned test ok, exit code 0",
            _ => "every test ok, exit code 0",
        };
        let observed = words(tests, *planned, format, &exit, error.as_deref(), &faults, &failed);
        let mut judged = judgement(check, sound && failed.other.is_empty(), expected, observed);
        if judged.verdict == Verdict::Pass && !failed.known.is_empty() {
            judged.verdict = Verdict::PassWithWaivers;
            judged.waiver = Some(failed.reasons.join("; "));
        }
        judged
    }

    /// Each name in a waiver covers one failed test of exactly that name.
    fn failed<'t>(&self, check: &str, tests: &'t [TestPoint], today: Timestamp) -> Failed<'t> {
        let mut failed = Failed::default();
        failed.other.extend(tests.iter().filter(|test| !test.ok).map(|test| test.name.as_str()));
        for waiver in self.waivers_of(check, today) {
            let mut used = Vec::new();
            for name in &waiver.tests {
                if let Some(at) = failed.other.iter().position(|other| other == name) {
                    failed.known.push(failed.other.remove(at));
                    used.push(format!("'{name}'"));
                }
            }
            if !used.is_empty() {
                failed.reasons.push(format!(
                    "{}: {} (granted by {} until {})",
                    used.join(", "),
                    waiver.reason,
                    waiver.granted_by,
                    waiver.until
                ));
            }
        }
        failed
    }

    /// Waived tests of a suite that do not fail (any more), in words.
    pub(super) fn waivers_not_needed(&self, observation: &Observation, today: Timestamp) -> Vec<String> {
        let Observation::Suite { suite, error: None, tests, faults, .. } = observation else {
            return Vec::new();
        };
        if !faults.is_empty() {
            return Vec::new();
        }
        let names = self.waivers_of(suite, today).flat_map(|waiver| &waiver.tests);
        names
            .filter_map(|name| {
                let same: Vec<&TestPoint> = tests.iter().filter(|test| test.name == *name).collect();
                let how = match same.as_slice() {
                    [] => "is not among its tests",
                    same if same.iter().any(|test| !test.ok) => return None,
                    same if same.iter().all(|test| test.skipped) => "was skipped",
                    _ => "passes",
                };
                Some(format!("waiver not needed: '{name}' of {suite} {how}; take it out of the definition"))
            })
            .collect()
    }
}

/// Why the exit code, the plan and the tests do not say the same.
fn disagreement(
    format: SuiteFormat,
    exit_code: Option<i32>,
    tests: &[TestPoint],
    whole: bool,
) -> Option<String> {
    let failed = tests.iter().filter(|test| !test.ok).count();
    match exit_code? {
        _ if tests.is_empty() => Some("no test ran".to_owned()),
        _ if tests.iter().all(|test| test.skipped) => Some("every test was skipped".to_owned()),
        // A producer of TAP (psql, for one) need not know what its lines mean.
        0 if failed > 0 && format != SuiteFormat::Tap => {
            Some(format!("the exit code is 0 though {failed} failed"))
        }
        0 if format == SuiteFormat::Tap && !whole => Some("not every planned test ran".to_owned()),
        0 => None,
        code if failed == 0 => Some(format!("the exit code is {code} though no test failed")),
        _ => None,
    }
}

fn words(
    tests: &[TestPoint],
    planned: Option<usize>,
    format: SuiteFormat,
    exit: &str,
    error: Option<&str>,
    faults: &[String],
    failed: &Failed<'_>,
) -> String {
    let mut parts: Vec<String> = error.map(str::to_owned).into_iter().chain(faults.iter().cloned()).collect();
    if error.is_none() && !tests.is_empty() {
        let ok = tests.iter().filter(|test| test.ok).count();
        let of = match (format, planned) {
            (SuiteFormat::Tap, None) => "unplanned".to_owned(),
            (SuiteFormat::Tap, Some(planned)) => planned.to_string(),
            _ => tests.len().to_string(),
        };
        let skipped = tests.iter().filter(|test| test.skipped).count();
        let skipped = if skipped == 0 { String::new() } else { format!(" ({skipped} skipped)") };
        parts.push(format!("{ok} of {of} ok{skipped}, {exit}"));
    } else if error.is_none() {
        parts.push(exit.to_owned());
    }
    for (label, names) in [("not ok", &failed.other), ("known failure", &failed.known)] {
        if let Some((first, more)) = names.split_first() {
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            parts.push(format!("{label}: {first}{more}"));
        }
    }
    parts.join("; ")
}
