//! What nobody gets a signature for.

use crate::desk::Desk;
use ceremony::session::Mode;
use std::fs;

#[test]
fn the_policy_refuses_before_a_key_is_touched() {
    let desk = Desk::new();
    let none = |desk: &Desk| assert!(!desk.session().join("signoff").exists());
    desk.approve("operator", "rita").with(7, &["did not drive: the record says ada did", "why:", "next:"]);
    desk.approve("reviewer", "rita")
        .with(7, &["not enough replayed: 0 % of the record, the policy wants 80 %"]);
    desk.review("rita", 79);
    desk.approve("reviewer", "rita").with(7, &["not enough replayed: 79 %"]);
    desk.review("lena", 100);
    desk.approve("lead", "lena").with(7, &["too early: the policy wants operator to have signed before"]);
    desk.review("ada", 100);
    desk.approve("reviewer", "ada").with(7, &["the same person as operator"]);
    desk.sign("reviewer", "rita", &["--reject", "no"])
        .with(7, &["a reason and the entries it rests on are missing"]);
    desk.sign("reviewer", "rita", &["--reject", "no", "--cite", "99999"])
        .with(7, &["cites entries that are not there: 99999"]);
    desk.sign("reviewer", "rita", &["--withdraw", "no"]).with(7, &["no open rejection"]);
    desk.sign("reviewer", "rita", &[]).with(2, &["needs a terminal", "--approve"]);
    desk.call(&["sign", "session", "--role", "lead", "--approve"]).with(2, &["nobody is named"]);
    desk.call(&["sign", "session", "--role", "lead", "--as", "../lena", "--approve"])
        .with(2, &["cannot be a signer's name"]);
    desk.call(&["sign", "session", "--role", "boss", "--as", "lena", "--approve"])
        .with(2, &["the roles are"]);
    none(&desk);

    // Somebody else's name over one's own key.
    desk.approve("operator", "ada").with(0, &[]);
    desk.review("rita", 80);
    let key = desk.path("ada").display().to_string();
    desk.call(&["sign", "session", "--role", "reviewer", "--as", "rita", "--key", &key, "--approve"])
        .with(7, &["one key under two names: it signed as ada too"]);
    desk.approve("operator", "ada").with(7, &["the same person counts once in a role"]);
    desk.approve("reviewer", "rita").with(0, &[]);
    desk.review("rita", 100);
    desk.approve("lead", "rita").with(7, &["the same person as reviewer"]);
}

#[test]
fn what_is_not_a_plain_pass_must_have_been_opened() {
    // Another target than the planned one is a finding.
    let desk = Desk::with(Mode::Live, |text| {
        text.replace("planned = \"127.0.0.1:54322/postgres\"", "planned = \"127.0.0.1:5/postgres\"")
    });
    desk.review("rita", 100);
    let file = desk.session().join("review/rita.json");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("finding/1"), "there is a finding to be opened: {text}");
    fs::write(&file, text.replace("finding/1", "finding/7")).unwrap();
    desk.approve("operator", "ada").with(0, &[]);
    desk.approve("reviewer", "rita").with(7, &["not opened: finding/1", "--opened ID"]);
    desk.sign("reviewer", "rita", &["--approve", "--opened", "finding/1"]).with(0, &[]);
    desk.forge("002-reviewer-rita.json", "rita", |statement| statement.predicate.opened.clear());
    desk.verify(&[]).with(7, &["refused: not opened: finding/1"]);
}

#[test]
fn only_a_whole_closed_session_is_signed() {
    let desk = Desk::new();
    let file = desk.session().join("session.jsonl");
    let whole = fs::read_to_string(&file).unwrap();
    // Open: the last entries are not there.
    let lines: Vec<&str> = whole.lines().collect();
    fs::write(&file, lines[..lines.len() - 3].join("\n") + "\n").unwrap();
    desk.approve("operator", "ada").with(7, &["the session is not closed", "ceremony resume"]);
    desk.verify(&[]).with(7, &["the session is not closed"]);
    // Torn.
    fs::write(&file, format!("{whole}{{\"n\":")).unwrap();
    desk.approve("operator", "ada").with(6, &["torn"]);
    desk.verify(&[]).with(6, &["torn"]);
    // Edited.
    fs::write(&file, whole.replacen("\"ada\"", "\"eve\"", 1)).unwrap();
    desk.approve("operator", "ada").with(6, &["changed or damaged"]);
    fs::write(&file, &whole).unwrap();
    // A copy of a file.
    let copy = desk.session().join("files/ceremony.toml");
    let toml = fs::read_to_string(&copy).unwrap();
    fs::write(&copy, toml.replace("replayed_percent = 80", "replayed_percent = 0")).unwrap();
    desk.approve("operator", "ada").with(6, &["files/ceremony.toml is another file"]);
    fs::write(&copy, toml).unwrap();
    // On top of what was tampered with.
    desk.approve("operator", "ada").with(0, &[]);
    let statement = desk.signoff("001-operator-ada.json");
    let text = fs::read_to_string(&statement).unwrap();
    fs::write(&statement, text.replace("I drove", "I drive")).unwrap();
    desk.review("rita", 100);
    desk.approve("reviewer", "rita").with(6, &["its signature does not hold"]);
}
