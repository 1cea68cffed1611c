//! The walls of the house: what each room may name, how long a file may be, what stands at the top, what is not left
//! lying about. `docs/architecture.md` says why.

#[path = "tidy/reliability.rs"]
mod reliability;
#[path = "tidy/rooms.rs"]
mod rooms;
#[path = "tidy/source.rs"]
mod source;

use rooms::*;
use source::{code_of, line_of, paths, without_tests, words};
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

/// Something on the wrong side of a wall.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    path: String,
    line: usize,
    what: String,
    next: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\n  next: {}", self.path, self.line, self.what, self.next)
    }
}

/// Everything wrong with the text of one file.
fn violations(path: &str, text: &str) -> Vec<Violation> {
    let mut found = Found { path, text, list: Vec::new() };
    for machine in MACHINES {
        for (at, _) in text.match_indices(machine).filter(|(at, machine)| !is_fine(text, *at, machine)) {
            found.push(
                at,
                format!("a path of one machine: {machine}"),
                "name no place that only exists on yours",
            );
        }
    }
    if path.ends_with(".rs") {
        rust(&mut found);
    }
    found.list.sort();
    found.list
}

/// Whether the path of a machine at `at` is part of one that may be named.
fn is_fine(text: &str, at: usize, machine: &str) -> bool {
    MACHINES_FINE.iter().any(|fine| {
        let from = fine.find(machine).and_then(|before| at.checked_sub(before));
        from.is_some_and(|from| text.as_bytes()[from..].starts_with(fine.as_bytes()))
    })
}

struct Found<'t> {
    path: &'t str,
    text: &'t str,
    list: Vec<Violation>,
}

impl Found<'_> {
    /// `at` counts bytes of a text that has the same lines.
    fn push_in(&mut self, code: &str, at: usize, what: impl Into<String>, next: &str) {
        let line = line_of(code, at);
        self.list.push(Violation {
            path: self.path.to_owned(),
            line,
            what: what.into(),
            next: next.to_owned(),
        });
    }

    fn push(&mut self, at: usize, what: impl Into<String>, next: &str) {
        self.push_in(self.text, at, what, next);
    }
}

fn rust(found: &mut Found<'_>) {
    let (path, text) = (found.path, found.text);
    if !text.starts_with("//! ") {
        found.push(0, "does not open with a //! line", "say in one line what the file is for");
    }
    let lines = text.lines().count();
    let long = LONG.iter().any(|(long, _)| *long == path);
    let lines_max = if path == "src/main.rs" { LINES_MAX_OF_MAIN } else { LINES_MAX };
    if lines > lines_max && !long {
        found.push(
            text.len(),
            format!("has {lines} lines, more than {lines_max}"),
            "it is two ideas: make it two files",
        );
    } else if lines <= lines_max && long {
        found.push(0, "is no longer long", "take it off the list of long files");
    }
    for (word, next) in LEFTOVERS {
        for at in words(text, word) {
            found.push(at, format!("{word} was left behind"), next);
        }
    }
    let code = code_of(text);
    for (word, next) in NEVER {
        for at in words(&code, word) {
            found.push_in(&code, at, format!("{word} is not used here"), next);
        }
    }
    for module in ["mod tests;", "mod fixture;"] {
        for at in words(&code, module) {
            if !code[..at].trim_end().ends_with("#[cfg(test)]") {
                found.push_in(
                    &code,
                    at,
                    format!("{module} is part of the program"),
                    "write #[cfg(test)] above it",
                );
            }
        }
    }
    if path.starts_with("src/") && !is_for_tests(path) {
        walls(found, &without_tests(&code));
    }
}

fn is_for_tests(path: &str) -> bool {
    path.split('/').any(|part| matches!(part.trim_end_matches(".rs"), "tests" | "fixture"))
}

fn walls(found: &mut Found<'_>, code: &str) {
    let path = found.path;
    let room = ROOMS.iter().filter(|room| path.starts_with(room.path)).max_by_key(|room| room.path.len());
    let Some(room) = room else {
        return found.push(
            0,
            "is in no room",
            "add it to the table in tests/tidy.rs, and to docs/architecture.md",
        );
    };
    let next =
        format!("ask for it from outside, or argue for a change of the table of rooms ({})", room.path);
    for (at, named) in paths(code, "crate") {
        let own = path.trim_start_matches("src/").trim_end_matches(".rs").replace('/', "::");
        let home = own.split("::").next().unwrap_or_default();
        // A file with a row of its own has no claim on its neighbours but its own children.
        let home = if room.path.ends_with(".rs") || room.path.matches('/').count() > 2 {
            own.as_str()
        } else {
            home
        };
        if !within(&named, home) && !room.modules.iter().any(|one| *one == "*" || within(&named, one)) {
            found.push_in(code, at, format!("names crate::{named}"), &next);
        }
    }
    for other in others() {
        let allowed = room.crates.iter().any(|one| *one == "*" || *one == other);
        for (at, _) in paths(code, &other) {
            if !allowed {
                found.push_in(code, at, format!("names the crate {other}"), &next);
            }
        }
    }
    climbing(found, code);
    if room.pure {
        pure(found, code);
    }
    if !path.starts_with("src/cli/") && path != "src/main.rs" {
        for at in words(code, "println!").chain(words(code, "eprintln!")) {
            found.push_in(
                code,
                at,
                "prints",
                "standard output and error belong to cli/: return it, or log it",
            );
        }
    }
}

fn within(named: &str, module: &str) -> bool {
    named == module || named.strip_prefix(module).is_some_and(|rest| rest.starts_with("::"))
}

/// `super::` as far as the top would go around the table.
fn climbing(found: &mut Found<'_>, code: &str) {
    let inner = found.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let depth = if matches!(inner, "lib" | "main") { 0 } else { inner.split('/').count() };
    for (at, named) in paths(code, "super") {
        let climbed = 1 + named.split("::").take_while(|part| *part == "super").count();
        if climbed >= depth {
            found.push_in(
                code,
                at,
                "climbs to the top by super::",
                "write crate::, so that the walls see it",
            );
        }
    }
}

fn pure(found: &mut Found<'_>, code: &str) {
    for (word, next) in IMPURE {
        for at in words(code, word) {
            found.push_in(code, at, format!("{word} in a pure module"), next);
        }
    }
    for (at, named) in paths(code, "std") {
        if IMPURE_STD.iter().any(|impure| within(&named, impure)) {
            let next = "do it in runner/ and hand the result in";
            found.push_in(code, at, format!("std::{named} in a pure module"), next);
        }
    }
}

/// The crates of others, as they are named in code.
fn others() -> Vec<String> {
    let manifest: toml::Table = include_str!("../Cargo.toml").parse().unwrap();
    ["dependencies", "dev-dependencies"]
        .iter()
        .flat_map(|part| manifest[*part].as_table().unwrap().keys())
        .map(|name| name.replace('-', "_"))
        .collect()
}

fn walk(folder: &Path, root: &Path, files: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        if ["target", "sessions", ".git", "fuzz/target"].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            walk(&path, root, files);
        } else {
            files.insert(name);
        }
    }
}

#[test]
fn every_file_keeps_to_its_walls() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeSet::new();
    walk(root, root, &mut files);
    assert!(files.contains("src/session/mod.rs"), "nothing was looked at");
    let mut wrong = Vec::new();
    for file in &files {
        // What is not text is not ours to read.
        if let Ok(text) = std::fs::read_to_string(root.join(file)) {
            wrong.extend(violations(file, &text).iter().map(Violation::to_string));
        }
    }
    let gone = LONG.iter().map(|(path, _)| *path).chain(ROOMS.iter().map(|room| room.path));
    for path in gone.filter(|path| !files.iter().any(|file| file.starts_with(path))) {
        wrong.push(format!("tests/tidy.rs: there is no {path}\n  next: take it off the list"));
    }
    assert!(wrong.is_empty(), "{} on the wrong side of a wall\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_top_is_what_the_architecture_says() {
    let names = std::fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let odd: Vec<_> = names.filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str())).collect();
    assert!(odd.is_empty(), "at the top there is {odd:?}\n  next: move it into one of {TOP:?}");
}

/// `path`, the code in it, and the line and beginning of what is wrong with it, or nothing.
#[test]
fn the_walls_hold() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("src/plan.rs", "use crate::definition::Ceremony;", &[]),
        ("src/plan.rs", "use crate::session::Session;", &["2: names crate::session::Session"]),
        (
            "src/plan.rs",
            "use crate::{\n    definition::Ceremony,\n    tui::Tab};",
            &["2: names crate::tui::Tab"],
        ),
        ("src/plan.rs", "// crate::session\nlet a = \"crate::session\";", &[]),
        ("src/plan.rs", "#[cfg(test)]\nmod tests {\n use crate::session::X; use insta::y;\n}", &[]),
        ("src/plan.rs", "use super::session::Session;", &["2: climbs"]),
        ("src/view/gate.rs", "use super::ink::Ink;", &[]),
        ("src/view/gate.rs", "use super::super::tui::Tab;", &["2: climbs"]),
        ("src/view/gate.rs", "use crate::view::ink::Ink;", &[]),
        ("src/view/gate.rs", "use ratatui::text::Line;", &["2: names the crate ratatui"]),
        ("src/view/tests.rs", "use ratatui::text::Line;", &[]),
        ("src/session/mod.rs", "let x = std::env::var(\"X\");", &["2: std::env::var"]),
        ("src/session/mod.rs", "use std::{collections::BTreeMap, thread};", &["2: std::thread"]),
        ("src/session/mod.rs", "\nasync fn f() {}", &["3: async"]),
        ("src/session/mod.rs", "let at = SystemTime::now();", &["2: SystemTime"]),
        ("src/session/mod.rs", "tracing::info!(\"x\");", &["2: names the crate tracing"]),
        ("src/session/mod.rs", "use std::collections::HashMap;", &["2: HashMap"]),
        ("src/journal/file.rs", "use std::fs::File; use super::Entry;", &[]),
        ("src/journal/mod.rs", "use std::fs::File;", &["2: std::fs::File"]),
        ("src/runner/world.rs", "use sqlx::Row;", &["2: names the crate sqlx"]),
        ("src/runner/postgres/tap.rs", "use sqlx::Row;", &[]),
        ("src/driver/replay.rs", "use crate::runner::files::DiskFolder;", &[]),
        (
            "src/driver/replay.rs",
            "use crate::runner::world::World;",
            &["2: names crate::runner::world::World"],
        ),
        ("src/driver/replay.rs", "use crate::runner::Runner;", &["2: names crate::runner::Runner"]),
        ("src/driver/live.rs", "use crate::runner::Runner;", &[]),
        ("src/cli/run.rs", "use crate::runner::Runner; println!();", &[]),
        ("src/runner/world.rs", "eprintln!();", &["2: prints"]),
        ("src/attic.rs", "", &["1: is in no room"]),
        ("src/time.rs", "todo!()", &["2: todo!"]),
        ("tests/x.rs", "std::thread::sleep(a);", &["2: thread::sleep"]),
        ("tests/x.rs", "tokio::time::sleep(a);", &["2: time::sleep"]),
        ("tests/x.rs", "#[ignore]\nfn f() {}", &["2: #[ignore]"]),
        ("tests/x.rs", "#[ignore = \"for a corpus at hand\"]\nfn f() {}", &[]),
        ("tests/x.rs", concat!("// FIX", "ME later"), &[concat!("2: FIX", "ME")]),
        ("src/time.rs", "mod tests;", &["2: mod tests;"]),
    ];
    for (path, code, expected) in cases {
        let found = violations(path, &format!("//! What it is for.\n{code}\n"));
        let found: Vec<String> = found.iter().map(|one| format!("{}: {}", one.line, one.what)).collect();
        let same = found.len() == expected.len()
            && found.iter().zip(*expected).all(|(one, start)| one.starts_with(start));
        assert!(same, "{path}\n{code}\nfound {found:?}, expected {expected:?}");
    }
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let wrong =
        |path: &str, text: &str| violations(path, text).into_iter().map(|one| one.what).collect::<Vec<_>>();
    assert_eq!(wrong("src/time.rs", "use serde;\n"), ["does not open with a //! line"]);
    assert_eq!(wrong("src/time.rs", &format!("//! X.\n{}", "\n".repeat(399))), [""; 0]);
    assert_eq!(
        wrong("src/time.rs", &format!("//! X.\n{}", "\n".repeat(400))),
        ["has 401 lines, more than 400"]
    );
    assert_eq!(wrong("src/main.rs", &format!("//! X.\n{}", "\n".repeat(40))), ["has 41 lines, more than 40"]);
    assert_eq!(wrong(LONG[0].0, "//! X.\n"), ["is no longer long"]);
    assert_eq!(
        wrong("docs/a.md", concat!("see /ho", "me/ada/x")),
        [concat!("a path of one machine: /ho", "me/")]
    );
    assert_eq!(wrong("docs/a.md", concat!("see /ho", "me/linuxbrew/.linuxbrew")), [""; 0]);
}
