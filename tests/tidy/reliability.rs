//! `docs/reliability.md` names tests that exist, and every item once.

use std::collections::BTreeSet;

/// The cells of every row of every table, without its heading.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let cells = |line: &'_ str| -> bool { line.starts_with('|') };
    text.lines()
        .filter(|line| cells(line) && !line.starts_with("| ---") && !line.starts_with("| item |"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

/// What is wrong with a row: a test named as `file: function` that is not there, a cell that is missing or empty.
fn wrong(row: &[&str], read: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let [item, what, tests, figures] = row else { return vec![format!("{row:?} has not four cells")] };
    let mut wrong = Vec::new();
    if [item, what, tests, figures].iter().any(|cell| cell.is_empty()) {
        wrong.push(format!("{item}: an empty cell"));
    }
    let named: Vec<&str> =
        tests.split('`').skip(1).step_by(2).filter(|name| name.contains(".rs: ")).collect();
    if named.is_empty() {
        wrong.push(format!("{item}: no test is named as `file.rs: function`"));
    }
    for name in named {
        let (file, function) = name.split_once(": ").unwrap_or((name, ""));
        let there = read(file).is_some_and(|code| code.contains(&format!("fn {function}(")));
        if !there {
            wrong.push(format!("{item}: {file} has no function {function}"));
        }
    }
    wrong
}

#[test]
fn every_row_of_reliability_names_a_test_that_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/reliability.md")).unwrap();
    let read = |file: &str| std::fs::read_to_string(root.join(file)).ok();
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for row in rows(&text) {
        all.extend(wrong(&row, &read));
        if !seen.insert(row[0].to_owned()) {
            all.push(format!("{}: two rows", row[0]));
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_row_that_is_wrong_is_found() {
    let read = |file: &str| (file == "tests/a.rs").then(|| "fn there() {}".to_owned());
    let of = |line: &'static str| wrong(&rows(line)[0], &read);
    assert_eq!(of("| J1 | cut | `tests/a.rs: there` | 3 |"), Vec::<String>::new());
    assert_eq!(of("| J1 | cut | `tests/a.rs: gone` | 3 |"), ["J1: tests/a.rs has no function gone"]);
    assert_eq!(of("| J1 | cut | later | 3 |"), ["J1: no test is named as `file.rs: function`"]);
    assert_eq!(of("| J1 | cut | `tests/a.rs: there` |  |").len(), 1);
    assert_eq!(of("| J1 | cut |").len(), 1);
}
