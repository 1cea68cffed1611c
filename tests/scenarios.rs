//! Scenarios in text: `> command` lines and, below each, what the core decided.
//! `UPDATE=1 cargo test --test scenarios` writes what it sees; read the difference before you commit it.

mod support;

#[test]
fn scenarios() {
    let mut paths: Vec<_> = std::fs::read_dir(support::root().join("tests/scenarios"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 10, "the scenarios are there");
    let mut different = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let seen = support::act::scenario(&text);
        if seen != text {
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&path, &seen).unwrap();
            }
            different.push(format!("--- {}\n{seen}", path.display()));
        }
    }
    assert!(different.is_empty() || std::env::var_os("UPDATE").is_some(), "{}", different.join("\n"));
}
