//! Two sessions of the real program side by side, as text and on a screen.

use crate::pty::ENTER;
use crate::room::Ceremony;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn run(ceremony: &Ceremony, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ceremony"));
    command.args(arguments).current_dir(ceremony.folder()).env("LANG", "C.UTF-8").env_remove("LC_ALL");
    command.output().unwrap()
}

/// A practice session without a screen; its exit code must be `code`.
fn held(ceremony: &Ceremony, name: &str, operator: &str, code: i32) -> PathBuf {
    let session = ceremony.folder().join(name);
    let arguments =
        ["--session", session.to_str().unwrap(), "--operator", operator, "run", "--headless", "--yes"];
    let output = run(ceremony, &arguments);
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stdout));
    session
}

fn compared(ceremony: &Ceremony, a: &Path, b: &Path, more: &[&str]) -> (Option<i32>, String) {
    let mut arguments = vec!["compare", a.to_str().unwrap(), b.to_str().unwrap()];
    arguments.extend(more);
    let output = run(ceremony, &arguments);
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn two_good_runs_are_equal_and_one_with_another_failing_check_is_not() {
    let ceremony = Ceremony::copy();
    let first = held(&ceremony, "first", "ada", 0);
    let second = held(&ceremony, "second", "cleo", 0);
    let (code, said) = compared(&ceremony, &first, &second, &[]);
    assert_eq!(code, Some(0), "{said}");
    for words in ["= equal in what counts; ~ ", "A  ada", "B  cleo", "~ does not count: who"] {
        assert!(said.contains(words), "{words}?\n{said}");
    }

    ceremony.edit("ceremony.toml", |text| {
        let (before, query) = text.split_once("id = \"post/duplicate-events\"").unwrap();
        let query = query.replacen("expect = \"empty\"", "expect = { rows = 1 }", 1);
        format!("{before}id = \"post/duplicate-events\"{query}")
    });
    let third = held(&ceremony, "third", "ada", 5);
    let (code, said) = compared(&ceremony, &first, &third, &[]);
    assert_eq!(code, Some(8), "{said}");
    for words in [
        "≠ verdict",
        "≠ ceremony.toml",
        "stop 1",
        "≠ No event identity twice\n       A  PASS 0 rows\n       B  FAIL 0 rows, wanted 1 row",
        "more the same",
        "≠ carried out",
        "differences that count",
    ] {
        assert!(said.contains(words), "{words}?\n{said}");
    }
    assert!(!said.contains("No booking mapped twice"), "what is the same is only counted:\n{said}");
    let (code, said) = compared(&ceremony, &first, &third, &["--ascii", "--plain"]);
    assert!(code == Some(8) && said.is_ascii() && said.contains("! carried out"), "{said}");
    let (code, said) = compared(&ceremony, &first, &ceremony.folder().join("assets"), &[]);
    assert!(code == Some(2) && said.contains("is not the folder of a session"), "{said}");

    let arguments = ["compare", first.to_str().unwrap(), third.to_str().unwrap()];
    let mut screen = ceremony.open(80, 24, &arguments);
    screen.wait_for_words("COMPARE");
    screen.wait_for_words("Post-migration verification");
    screen.send("d");
    screen.wait_for_words("Only what differs and counts");
    assert!(!screen.has("Feature flags"), "{}", screen.text());
    // From difference to difference until the one with the check is open.
    for _ in 0..4 {
        screen.send("n");
    }
    screen.wait_for_words("B  FAIL 0 rows, wanted 1 row");
    screen.send(ENTER);
    screen.wait_for("the step closed again", |screen| !screen.has("wanted 1 row"));
    screen.send("q");
    let left = screen.end();
    assert_eq!(left.status.exit_code(), 8, "{}", left.text);
    left.assert_restored();
    ceremony.wait_until_gone();
}
