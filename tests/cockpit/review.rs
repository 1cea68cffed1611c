//! A lead goes through a record: nothing is approved before everything bad was opened, and a rejection needs words.

use crate::pty::{CTRL_D, ENTER, ESCAPE, Screen};
use crate::room::Ceremony;

/// A practice session that passed, held without a screen.
fn held(ceremony: &Ceremony) {
    let session = ceremony.session();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ceremony"))
        .args(["--session", session.to_str().unwrap(), "run", "--headless", "--yes"])
        .current_dir(ceremony.folder())
        .output()
        .unwrap();
    assert!(session.join("session.jsonl").exists(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn lead(ceremony: &Ceremony, columns: u16, rows: u16) -> Screen {
    let session = ceremony.session();
    let arguments = ["review", session.to_str().unwrap(), "--role", "lead", "--as", "lea@example.org"];
    ceremony.open(columns, rows, &arguments)
}

/// The phrase of the approval, as it stands on the screen.
fn phrase(screen: &Screen) -> String {
    let text = screen.text().replace(['║', '│', '\n'], " ");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, phrase) = words.split_once("type sign ").unwrap();
    format!("sign {}", phrase.split_once(" then Enter").unwrap().0)
}

#[test]
fn a_lead_opens_what_is_bad_and_then_approves_by_hand() {
    let ceremony = Ceremony::copy();
    held(&ceremony);
    let mut screen = lead(&ceremony, 80, 24);
    screen.wait_for_words("opened 0 of 1 that must be opened");
    assert!(screen.has(" PRACTICE "), "{}", screen.scene());
    screen.send("a");
    screen.wait_for_words("1 not opened yet: practice");
    // What is typed ahead opens nothing and signs nothing.
    screen.fingers("nnsign");
    screen.send(ENTER);
    screen.send(ESCAPE);
    screen.wait_for("the refusal to be gone", |screen| !screen.has("not opened yet"));
    assert!(screen.has("opened 0 of 1"), "{}", screen.scene());
    screen.send("n");
    screen.wait_for_words("this session is practice");
    // A second look goes on where the first one was left.
    screen.quit();
    let mut screen = lead(&ceremony, 80, 24);
    screen.wait_for_words("opened 1 of 1 that must be opened");
    screen.send("v");
    screen.wait_for_words("Timeline");
    screen.send("q");
    screen.wait_for_words("Leave?");
    screen.send("y");
    screen.wait_for_words("opened 1 of 1 that must be opened");
    screen.send("a");
    screen.wait_for_words("PRACTICE: it is signed as practice");
    let phrase = phrase(&screen);
    assert!(phrase.starts_with("sign lea@example.org as lead: PRACTICE PASS "), "{phrase}");
    // As at a gate, keys are not taken at first.
    screen.pause(std::time::Duration::from_millis(600));
    screen.send(ENTER);
    screen.wait_for_words("Enter alone does nothing");
    screen.answer(&phrase);
    screen.send(ENTER);
    let left = screen.end();
    assert_eq!(left.status.exit_code(), 0, "{}", left.text);
    left.assert_restored();
    assert!(
        left.text.contains("approve as lead:") && left.text.contains("opened: practice"),
        "{}",
        left.text
    );
}

#[test]
fn a_session_with_a_stop_is_rejected_with_words_that_cite_it() {
    let ceremony = Ceremony::copy();
    ceremony.edit("migrations/20260119000000_outbound_calendar_sync.sql", |text| {
        text.replace("sync_status text,", "sync_status status_of_sync,")
    });
    held(&ceremony);
    let mut screen = lead(&ceremony, 60, 16);
    screen.wait_for_words("that must be opened");
    assert!(screen.has("FAIL") && screen.has("○ stop"), "{}", screen.scene());
    screen.send("a");
    screen.wait_for_words("not opened yet: ");
    screen.send(ESCAPE);
    screen.wait_for("the refusal to be gone", |screen| !screen.has("not opened yet"));
    while !screen.has("everything that must be opened was opened") {
        let before = screen.text();
        screen.send("n");
        screen.wait_for("the next item", |screen| screen.text() != before);
    }
    // All seen, and still it cannot be called true.
    screen.send("a");
    screen.wait_for_words("it cannot be approved");
    screen.send(ESCAPE);
    screen.wait_for("the refusal to be gone", |screen| !screen.has("cannot be approved"));
    screen.send("x");
    screen.wait_for_words("REJECT as lead: what is wrong?");
    screen.send(CTRL_D);
    screen.wait_for_words("a rejection needs words");
    screen.fingers("there is no such type");
    screen.wait_for_words("there is no such type");
    screen.send(CTRL_D);
    let left = screen.end();
    assert_eq!(left.status.exit_code(), 0, "{}", left.text);
    assert!(left.text.contains("reject as lead: there is no such type"), "{}", left.text);
    let cites = left.text.lines().find_map(|line| line.strip_prefix("cites: ")).unwrap().to_owned();
    let record = std::fs::read_to_string(ceremony.session().join("session.jsonl")).unwrap();
    let halted = record.lines().position(|line| line.contains("\"halted\"")).unwrap() + 1;
    assert!(cites.split(", ").any(|entry| entry == halted.to_string()), "{cites}: {halted}");
}
