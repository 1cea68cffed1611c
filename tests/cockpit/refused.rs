//! What a gate does not take, and why it says so; and where there is no terminal at all.

use crate::pty::{CTRL_U, ENTER, ESCAPE, Screen};
use crate::room::Ceremony;
use std::time::Duration;

/// The first gate is still open and nothing was started.
#[track_caller]
fn assert_nothing_started(ceremony: &Ceremony, screen: &Screen) {
    let record = std::fs::read_to_string(ceremony.session().join("session.jsonl")).unwrap();
    assert!(!record.contains("\"step-started\""), "{}", screen.scene());
    assert!(screen.has("0/18 steps"), "{}", screen.scene());
}

#[test]
fn a_gate_is_answered_by_hand_with_its_own_words_only() {
    let ceremony = Ceremony::copy();
    let mut screen = ceremony.start(80, 24);
    let phrase = screen.wait_for_gate();

    // Without the answer line, Enter and the phrase do nothing.
    screen.send(ENTER);
    screen.send(&format!("\x1b[200~{phrase}\r\x1b[201~"));
    screen.wait_for_words("pasted text is not taken here");
    assert_nothing_started(&ceremony, &screen);

    screen.open_answer();
    screen.send(ENTER);
    screen.wait_for_words("Enter alone does nothing");
    assert_nothing_started(&ceremony, &screen);

    screen.send(&format!("\x1b[200~{phrase}\r\x1b[201~"));
    screen.wait_for_words("pasted text is not taken: a gate is answered by hand");
    assert_eq!(screen.typed().as_deref(), Some(""), "{}", screen.text());
    assert_nothing_started(&ceremony, &screen);

    // A paste that brings its own end and goes on as if typed.
    screen.send(&format!("\x1b[200~x\x1b[201~{phrase}\r"));
    screen.wait_for_words("faster than fingers");
    assert_nothing_started(&ceremony, &screen);

    screen.send(CTRL_U);
    screen.wait_for("the reason to be gone", |screen| !screen.has("faster than fingers"));
    screen.send(&format!("{phrase}\r"));
    screen.wait_for_words("faster than fingers");
    assert_nothing_started(&ceremony, &screen);

    // What comes right after a burst is still part of it.
    screen.pause(Duration::from_millis(50));
    screen.answer("chekc");
    screen.send(ENTER);
    screen.wait_for_words("refused");
    assert!(screen.has("why"), "{}", screen.text());
    assert_nothing_started(&ceremony, &screen);

    screen.send(ESCAPE);
    screen.wait_for("the answer line to be closed", |screen| screen.typed().is_none());
    assert_eq!(screen.confirm(), phrase);
    screen.wait_for_words("1/18 steps");
    let left = screen.quit();
    assert_eq!(left.status.exit_code(), 3, "{}", left.text);
    ceremony.wait_until_gone();
}

#[test]
fn without_a_terminal_there_is_one_message_and_no_server() {
    let ceremony = Ceremony::copy();
    let session = ceremony.session();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ceremony"))
        .args(["--session", session.to_str().unwrap()])
        .current_dir(ceremony.folder())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stdout, b"");
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines[0].starts_with("error: "), "{said}");
    assert!(lines[1].starts_with("  why:  "), "{said}");
    assert!(lines[2].starts_with("  next: "), "{said}");
    assert!(!session.exists(), "a session was made for nothing");
    assert_eq!(ceremony.running(), Vec::<String>::new());
}
