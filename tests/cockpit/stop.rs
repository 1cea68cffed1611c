//! STOP THE WORLD: by the database, by the operator; and what a reviewer sees of it.

use crate::pty::{CTRL_C, END, HOME, LEFT};
use crate::room::Ceremony;

const FOUNDATIONS: &str = "migrations/20260117000000_calendar_sync_foundations.sql";
const OUTBOUND: &str = "migrations/20260119000000_outbound_calendar_sync.sql";

/// The file has a mistake that only the database can find.
pub fn broken() -> Ceremony {
    let ceremony = Ceremony::copy();
    ceremony.edit(OUTBOUND, |text| text.replace("sync_status text,", "sync_status status_of_sync,"));
    ceremony
}

#[test]
fn a_broken_migration_is_rolled_back_and_a_reviewer_sees_both() {
    let ceremony = broken();
    let mut screen = ceremony.start(160, 50);
    let phrases = screen.confirm_until("STOP THE WORLD");
    assert!(phrases.last().is_some_and(|last| last.starts_with("apply outbound-sync")), "{phrases:?}");
    for words in ["42704", "status_of_sync", &format!("{OUTBOUND}:14:42"), "apply/outbound-sync", "ASSESS"] {
        assert!(screen.has(words), "{words}?\n{}", screen.scene());
    }
    screen.send("A");
    screen.stage("ASSESS: what did you find?", "The type status_of_sync was never made.");
    screen.wait_for_words("DECIDE: is a rollback needed?");
    screen.send("A");
    screen.wait_for_words("DECIDE: press the number");
    screen.send("2");
    screen.stage("DECIDE: roll back: why?", "Nothing half may stay over the night.");
    let phrases = screen.confirm_until("DOCUMENT: press A");
    assert_eq!(phrases.len(), 2, "a gate for the rollback and one for what dies: {phrases:?}");
    screen.send("A");
    screen.stage("DOCUMENT: the issue", "A type was forgotten; everything is rolled back.");
    screen.wait_for_words("The ceremony is over: FAIL");
    let left = screen.quit();
    assert_eq!(left.status.exit_code(), 4, "{}", left.text);
    left.assert_restored();
    ceremony.wait_until_gone();

    let (code, report) = ceremony.ask("report");
    assert_eq!(code, Some(0), "{report}");
    for words in ["**Verdict: FAIL**", "42704", "never made", "roll back", "everything is rolled back"] {
        assert!(report.contains(words), "{words}?\n{report}");
    }
    review(&ceremony);
}

/// Through the record by marks, to both ends and a step back.
fn review(ceremony: &Ceremony) {
    let mut screen = ceremony.look("replay", 160, 50);
    screen.wait_for_words("entry 1 of ");
    let text = screen.text();
    let of = text.split_once("entry 1 of ").unwrap().1;
    let of: usize = of.split(' ').next().unwrap().parse().unwrap();
    screen.send(END);
    screen.wait_for_words(&format!("entry {of} of {of}"));
    assert!(screen.has("The ceremony is over: FAIL"), "{}", screen.text());
    screen.send(LEFT);
    screen.wait_for_words(&format!("entry {} of {of}", of - 1));
    screen.send(LEFT);
    screen.wait_for_words(&format!("entry {} of {of}", of - 2));
    screen.send(HOME);
    screen.wait_for_words(&format!("entry 1 of {of}"));
    // From mark to mark until the stop is on the screen.
    let entry = |text: &str| -> usize {
        let words = text.split_once("entry ").unwrap().1;
        words.split(' ').next().unwrap().parse().unwrap()
    };
    let (mut at, mut stopped, mut rolled_back) = (1, None, false);
    while at < of {
        screen.send("n");
        screen.wait_for("the next mark", |screen| entry(&screen.text()) > at);
        at = entry(&screen.text());
        if stopped.is_none() && screen.has("42704") && screen.has("STOP THE WORLD") {
            stopped = Some(at);
        }
        rolled_back |= screen.has("ROLL BACK everything that is applied is undone");
    }
    assert!(rolled_back, "no mark shows the rollback's gate");
    let stopped = stopped.expect("no mark shows the stop");
    while at > stopped {
        screen.send("N");
        screen.wait_for("the mark before", |screen| entry(&screen.text()) < at);
        at = entry(&screen.text());
    }
    assert!(screen.has("42704") && screen.has("STOP THE WORLD"), "{}", screen.text());
    // One entry before the stop nothing is stopped.
    screen.send(LEFT);
    screen.wait_for_words(&format!("entry {} of {of}", stopped - 1));
    assert!(!screen.has("42704"), "{}", screen.text());
    let left = screen.quit();
    assert_eq!(left.status.exit_code(), 0, "{}", left.text);
    left.assert_restored();
}

/// The first migration has a statement that takes its time.
pub fn sleeping() -> Ceremony {
    let ceremony = Ceremony::copy();
    ceremony.edit(FOUNDATIONS, |text| {
        text.replacen("BEGIN;\n", "BEGIN;\n\nDO $wait$ BEGIN PERFORM pg_sleep(100); END; $wait$;\n", 1)
    });
    ceremony
}

#[test]
fn stop_cancels_a_long_statement_and_the_ceremony_goes_on_after_its_stages() {
    let ceremony = sleeping();
    let mut screen = ceremony.start(120, 40);
    let mut phrase = String::new();
    while !phrase.starts_with("apply ") {
        phrase = screen.confirm();
    }
    screen.wait_for("the statement that runs", |screen| screen.has("RUNNING") && screen.has("$wait$"));
    screen.send(CTRL_C);
    screen.wait_for_words("ASSESS: v looks behind");
    assert!(screen.has("stopped by the operator"), "{}", screen.scene());
    assert!(screen.has("is rolled back: nothing of it is left"), "{}", screen.scene());
    screen.send("v");
    screen.wait_for_words("✗ cancelled");
    screen.send("v");
    screen.send("A");
    screen.stage("ASSESS: what did you find?", "It waited for nothing; stopped by hand.");
    screen.wait_for_words("DECIDE: is a rollback needed?");
    screen.send("A");
    screen.wait_for_words("DECIDE: press the number");
    screen.send("1");
    screen.stage("DECIDE: resume: why?", "Nothing was committed.");
    screen.wait_for_words("DOCUMENT: press A");
    screen.send("A");
    screen.stage("DOCUMENT: the issue", "Stopped once by hand, tried again.");
    assert!(screen.wait_for_gate().starts_with("apply foundations to "), "{}", screen.scene());
    let left = screen.quit();
    assert_eq!(left.status.exit_code(), 3, "{}", left.text);
    ceremony.wait_until_gone();
}
