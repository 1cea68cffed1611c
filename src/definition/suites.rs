//! What must hold of suites and waivers: a result file of its own, and tests that a waiver can be about.

use super::entries::Spans;
use super::model::*;
use super::reader::{At, Reading};
use std::collections::BTreeMap;
use std::path::{Component, Path};

pub(super) fn check(reading: &mut Reading<'_>, ceremony: &Ceremony, spans: &Spans) {
    results(reading, ceremony, spans);
    waivers(reading, ceremony, spans);
}

/// The file is removed before the suite runs: it must be a path below the folder, and nobody's file.
fn results(reading: &mut Reading<'_>, ceremony: &Ceremony, spans: &Spans) {
    for (suite, result) in ceremony.suites.iter().zip(&spans.results) {
        let Some(At { value: path, span }) = result else { continue };
        if suite.format == SuiteFormat::ExitCode {
            reading.problem(
                span,
                format!("suite '{}' has a 'result' that nobody reads", suite.id),
                "of the format exit-code only the exit code counts",
                "remove 'result', or name the format: tap, junit or vitest",
            );
        }
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if !Path::new(path).components().all(plain) || path.ends_with('/') {
            reading.problem(
                span,
                format!("the result file '{}' is not below the definition's folder", path.escape_default()),
                "it is removed before the suite runs, so that an old one is never read",
                "write a plain relative path, such as build/junit.xml",
            );
        }
        let same = |other: &String| Path::new(other) == Path::new(path);
        if reading.file == path
            || ceremony.files.keys().any(same)
            || ceremony.inputs.iter().any(|input| same(&input.path))
        {
            reading.problem(
                span,
                format!("the result file '{}' is a file of this definition", path.escape_default()),
                "it is removed before the suite runs",
                "let the command write its result to another file",
            );
        }
    }
}

fn waivers(reading: &mut Reading<'_>, ceremony: &Ceremony, spans: &Spans) {
    // Of each check: the line of a waiver for all of it, or of each test that is waived.
    let mut whole: BTreeMap<&str, usize> = BTreeMap::new();
    let mut tests: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for ((waiver, span), waived) in ceremony.waivers.iter().zip(&spans.waivers).zip(&spans.waived) {
        let check = waiver.check.as_str();
        let line = super::Place::of("", reading.text, span.start).line;
        let by_test = tests.iter().find(|((of, _), _)| *of == check).map(|(_, line)| *line);
        let clash = whole.get(check).copied().or(by_test.filter(|_| waived.is_none()));
        if let Some(other) = clash {
            reading.problem(
                span,
                format!("two waivers cover '{check}'"),
                format!("the other one is in line {other}; which reason counts would be chance"),
                "keep one, or let each name other 'tests'",
            );
        }
        let Some(named) = waived else {
            whole.entry(check).or_insert(line);
            continue;
        };
        named_tests(reading, ceremony, waiver, span, named);
        for test in named {
            let line = super::Place::of("", reading.text, test.span.start).line;
            if let Some(other) = tests.insert((check, &test.value), line) {
                reading.problem(
                    &test.span,
                    format!("the test '{}' is waived twice", test.value.escape_default()),
                    format!("the other one is in line {other}"),
                    "keep one",
                );
            }
        }
    }
}

fn named_tests(
    reading: &mut Reading<'_>,
    ceremony: &Ceremony,
    waiver: &Waiver,
    span: &std::ops::Range<usize>,
    named: &[At<String>],
) {
    let suite = ceremony.suites.iter().find(|suite| suite.id == waiver.check);
    let known = suite.is_some() || ceremony.queries.iter().any(|query| query.id == waiver.check);
    if known && suite.is_none_or(|suite| suite.format == SuiteFormat::ExitCode) {
        reading.problem(
            span,
            format!("the waiver names tests of '{}', which reports none", waiver.check),
            "a query, or a suite of the format exit-code, has no tests with names",
            "remove 'tests': the whole check is waived then",
        );
    }
    if named.is_empty() {
        reading.problem(
            span,
            format!("the waiver for '{}' names no test", waiver.check),
            "an empty list waives nothing",
            "name the tests that may fail, or remove 'tests' to waive the whole check",
        );
    }
    for test in named.iter().filter(|test| test.value.trim().is_empty()) {
        reading.problem(
            &test.span,
            "a waived test has no name",
            "a waiver holds for the test of exactly that name",
            "copy the name from the suite's result",
        );
    }
}
