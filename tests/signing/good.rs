//! The way that goes well.

use crate::desk::Desk;
use ceremony::session::Mode;
use serde_json::Value;
use std::fs;

const OPERATOR: &str = "001-operator-ada.json";
const REVIEWER: &str = "002-reviewer-rita.json";
const LEAD: &str = "003-lead-lena.json";

#[test]
fn three_people_sign_and_stock_tools_agree() {
    let desk = Desk::new();
    desk.call(&["verify", "session"]).with(0, &["verdict  PASS"]);
    desk.verify(&[]).with(7, &["0 of 1 lead signatures", "policy   MISSING"]);
    desk.all_sign();
    for (name, principal, role) in
        [(OPERATOR, "ada", "operator"), (REVIEWER, "rita", "reviewer"), (LEAD, "lena", "lead")]
    {
        let space = format!("{role}.ceremony-signoff.v1");
        desk.stock(name, principal, &space).with(0, &["Good"]);
        assert_ne!(desk.stock(name, principal, "file").code, Some(0));
    }
    desk.script().with(0, &["signed as ada", "signed as lena"]);

    // What the lead signed is all there is, by checksum.
    let lead: Value = serde_json::from_slice(&fs::read(desk.signoff(LEAD)).unwrap()).unwrap();
    assert_eq!(lead["_type"], "https://in-toto.io/Statement/v1");
    let names: Vec<&str> =
        lead["subject"].as_array().unwrap().iter().map(|subject| subject["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "session.jsonl",
            "plan.json",
            "files/ceremony.toml",
            "files/migrations/20260117000000_calendar_sync_foundations.sql",
            "files/migrations/20260118000000_fix_external_calendar_events_uniqueness.sql",
            "files/migrations/20260119000000_outbound_calendar_sync.sql",
            "report.md",
            "signoff/001-operator-ada.json",
            "signoff/002-reviewer-rita.json",
        ]
    );
    for subject in lead["subject"].as_array().unwrap() {
        let bytes = fs::read(desk.session().join(subject["name"].as_str().unwrap())).unwrap();
        assert_eq!(subject["digest"]["sha256"], ceremony::runner::files::sha256(&bytes), "{subject}");
    }
    assert_eq!(lead["predicate"]["verdict"], "pass");
    let reviewer: Value = serde_json::from_slice(&fs::read(desk.signoff(REVIEWER)).unwrap()).unwrap();
    assert_eq!(reviewer["predicate"]["replayed"]["percent"], 100);

    // The report can be written again: it is the same, and the signatures stay good.
    desk.call(&["report", "session"]).with(0, &[]);
    desk.verify(&[]).with(0, &[]);
    desk.call(&["verify", "session"]).with(0, &["sign-off 3 there, not checked"]);
}

#[test]
fn a_rejection_blocks_until_the_same_person_takes_it_back() {
    let desk = Desk::new();
    desk.review("rita", 100);
    desk.review("lena", 100);
    desk.approve("operator", "ada").with(0, &[]);
    desk.sign("reviewer", "rita", &["--reject", "entry 3 shows another server", "--cite", "3"]).with(0, &[]);
    desk.approve("reviewer", "lena").with(7, &["rita rejected this session", "entry 3 shows another server"]);
    desk.verify(&[]).with(7, &["the rejection by rita", "is open", "settle it with the one who rejected"]);
    desk.script().with(1, &["rejection by rita is open"]);
    // Nobody else can take it back.
    desk.sign("lead", "lena", &["--withdraw", "it is fine"])
        .with(7, &["no open rejection by the same person"]);
    desk.sign("reviewer", "rita", &["--withdraw", "it was the planned one"]).with(0, &[]);
    desk.verify(&[]).with(7, &["withdrawn", "takes it back: it was the planned one", "0 of 1 reviewer"]);
    desk.approve("reviewer", "rita").with(0, &[]);
    desk.approve("lead", "lena").with(0, &[]);
    desk.verify(&[]).with(0, &["signed off"]);
    desk.script().with(0, &[]);
    // An approval before a rejection of the same person never counts again.
    desk.sign("lead", "lena", &["--reject", "on second thoughts", "--cite", "1"]).with(0, &[]);
    desk.sign("lead", "lena", &["--withdraw", "no"]).with(0, &[]);
    desk.verify(&[]).with(7, &["the same person rejected later", "0 of 1 lead"]);
    desk.approve("lead", "lena").with(0, &[]);
    desk.verify(&[]).with(0, &["signed off"]);
}

#[test]
fn practice_never_counts() {
    let desk = Desk::with(Mode::Practice, |text| text);
    desk.review("rita", 100);
    desk.review("lena", 100);
    desk.approve("operator", "ada").with(0, &["PRACTICE, never to count as real"]);
    desk.approve("reviewer", "rita").with(0, &[]);
    desk.approve("lead", "lena").with(0, &[]);
    desk.verify(&[]).with(7, &["it is a practice session", "policy   satisfied"]);
    desk.script().with(1, &["practice"]);
    // Nor when a statement says that it was live.
    desk.forge("003-lead-lena.json", "lena", |statement| statement.predicate.mode = Mode::Live);
    desk.verify(&[]).with(7, &["it says of a practice session that it was live"]);
    desk.script().with(1, &["practice"]);
}

#[test]
fn without_a_policy_nobody_makes_it_signed_off() {
    let desk = Desk::with(Mode::Live, |text| {
        let at = text.find("[[signature]]").unwrap();
        text[..at].to_owned()
    });
    desk.review("lena", 100);
    desk.approve("operator", "ada").with(0, &["still    no policy: nobody's signature makes it signed off"]);
    desk.approve("lead", "lena").with(0, &[]);
    desk.verify(&[]).with(7, &["no policy: nobody's signature makes it signed off"]);
}
