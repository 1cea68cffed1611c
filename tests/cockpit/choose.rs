//! `ceremony` alone: a new session where none is open, else a list to choose from.

use crate::pty::{ENTER, Screen};
use crate::room::Ceremony;

const DOWN: &str = "\x1b[B";

/// A session that was left at its first gate.
fn left_open(ceremony: &Ceremony, name: &str, operator: &str) {
    let folder = ceremony.folder().join("sessions").join(name);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ceremony"))
        .args(["run", "--headless", "--operator", operator, "--session"])
        .arg(folder)
        .current_dir(ceremony.folder())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}

fn alone(ceremony: &Ceremony, columns: u16, rows: u16) -> Screen {
    ceremony.open(columns, rows, &["--operator", "eve"])
}

#[test]
fn where_nothing_is_open_a_new_session_begins() {
    let ceremony = Ceremony::copy();
    let mut screen = alone(&ceremony, 80, 24);
    screen.wait_for_gate();
    screen.quit().assert_restored();
    assert_eq!(ceremony.folder().join("sessions").read_dir().unwrap().count(), 1);
    ceremony.wait_until_gone();
}

#[test]
fn a_session_that_was_left_is_gone_on_with_by_enter() {
    let ceremony = Ceremony::copy();
    left_open(&ceremony, "first", "ada");
    left_open(&ceremony, "second", "bea");
    let mut screen = alone(&ceremony, 60, 16);
    for words in ["2 sessions are open", "▸ OPEN", "bea", "sessions/second", "Enter resume", "q quit"] {
        screen.wait_for_words(words);
    }
    screen.wait_for_words("answer the gate 'preflight/target' with: check");
    screen.send(DOWN);
    screen.wait_for_words("sessions/first");
    screen.send("w");
    screen.wait_for_words("nobody drives it now");
    screen.send(ENTER);
    screen.wait_for_gate();
    let left = screen.quit();
    left.assert_restored();
    assert!(left.text.replace('\n', "").contains("sessions/first"), "{}", left.text);
    ceremony.wait_until_gone();
}

#[test]
fn a_new_session_and_no_session_can_be_chosen_too() {
    let ceremony = Ceremony::copy();
    left_open(&ceremony, "first", "ada");
    let mut screen = alone(&ceremony, 80, 24);
    screen.wait_for_words("1 session is open");
    screen.send("q");
    let left = screen.end();
    left.assert_restored();
    assert_eq!(left.status.exit_code(), 0);
    let mut screen = alone(&ceremony, 160, 50);
    screen.wait_for_words("1 session is open");
    screen.send("n");
    screen.wait_for_gate();
    assert_eq!(ceremony.folder().join("sessions").read_dir().unwrap().count(), 2);
    screen.quit().assert_restored();
    ceremony.wait_until_gone();
}
