//! The Test Anything Protocol, versions 12 to 14. <https://testanything.org/tap-version-14-specification.html>

use super::{Found, State, cut};

/// More odd numbers than this are not listed one by one.
const ODD_MAX: usize = 3;

/// Reads the plan and the tests. Indented lines belong to a subtest (or are YAML), whose own line comes behind it.
pub(super) fn read(output: &str) -> Found {
    let mut found = Found::default();
    let mut plans = 0;
    let mut numbers: Vec<usize> = Vec::new();
    for line in output.lines() {
        if let Some(count) = line.strip_prefix("1..") {
            plans += 1;
            let (count, comment) = count.split_once('#').unwrap_or((count, ""));
            found.planned = count.trim().parse().ok();
            if found.planned == Some(0) {
                found.faults.push(format!("it plans no test at all{}", said(comment)));
            }
        } else if let Some(why) = bail(line) {
            found.faults.push(format!("it bailed out{}", said(why)));
        } else if let Some(diagnostic) = line.strip_prefix('#') {
            if let Some(test) = found.tests.last_mut().filter(|test| !test.ok && test.note.len() < 1_000) {
                let separator = if test.note.is_empty() { "" } else { "; " };
                test.note = format!("{}{separator}{}", test.note, diagnostic.trim());
            }
        } else {
            point(line, &mut found, &mut numbers);
        }
    }
    match plans {
        0 => found.faults.push("it has no plan (a line such as 1..7), so tests may be missing".to_owned()),
        1 if found.planned.is_none() => found.faults.push("its plan is no number".to_owned()),
        1 => {}
        _ => found.faults.push(format!("it has {plans} plans")),
    }
    if let Some(planned) = found.planned.filter(|planned| *planned != found.tests.len()) {
        found.faults.push(format!("it planned {planned} and ran {}", found.tests.len()));
    }
    let odd = (1..).zip(&numbers).filter(|(at, number)| at != *number).take(ODD_MAX);
    let odd: Vec<String> = odd.map(|(at, number)| format!("{number} instead of {at}")).collect();
    if !odd.is_empty() {
        found.faults.push(format!("its tests are not numbered one after the other: {}", odd.join(", ")));
    }
    found
}

fn said(why: &str) -> String {
    let why = why.trim();
    if why.is_empty() { String::new() } else { format!(": {}", cut(why, 200)) }
}

fn bail(line: &str) -> Option<&str> {
    let word = line.get(..9).filter(|word| word.eq_ignore_ascii_case("Bail out!"))?;
    line.get(word.len()..)
}

fn point(line: &str, found: &mut Found, numbers: &mut Vec<usize>) {
    let (ok, rest) = match (line.strip_prefix("ok"), line.strip_prefix("not ok")) {
        (_, Some(rest)) => (false, rest),
        (Some(rest), None) => (true, rest),
        (None, None) => return,
    };
    if !rest.is_empty() && !rest.starts_with(' ') {
        return;
    }
    let text = rest.trim_start();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, text) = text.split_at(digits);
    let at = numbers.len() + 1;
    numbers.push(number.parse().unwrap_or(at));
    let text = text.trim_start();
    let (name, directive) = directive(text.strip_prefix('-').unwrap_or(text).trim());
    let upper = directive.to_ascii_uppercase();
    let state = match ok {
        _ if upper.starts_with("SKIP") => State::Skipped,
        false if upper.starts_with("TODO") => State::Skipped,
        true => State::Passed,
        false => State::Failed,
    };
    let name = if name.is_empty() { format!("test {at}") } else { unescaped(name) };
    found.add(&name, state, directive);
}

/// The description, and behind the first `#` that is not escaped the directive.
fn directive(text: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            '\\' => escaped = !escaped,
            '#' if !escaped && (at == 0 || text[..at].ends_with(' ')) => {
                return (text[..at].trim_end(), text[at + 1..].trim());
            }
            _ => escaped = false,
        }
    }
    (text, "")
}

fn unescaped(name: &str) -> String {
    name.replace("\\#", "#").replace("\\\\", "\\")
}
