//! The way that goes well, by what the screen says alone; and the same way in two sittings.

use crate::room::Ceremony;

const OVER: &str = "The ceremony is over";

#[test]
fn an_operator_gets_from_start_to_pass_by_what_the_screen_says() {
    let ceremony = Ceremony::copy();
    let mut screen = ceremony.start(80, 24);
    let phrases = screen.confirm_until(OVER);
    assert!(screen.has("The ceremony is over: PASS"), "{}", screen.scene());
    assert!(screen.has("18/18 steps") && screen.has("✓ 18 PASS"), "{}", screen.text());
    assert_eq!(phrases.iter().filter(|phrase| phrase.starts_with("commit ")).count(), 3, "{phrases:?}");
    let left = screen.quit();
    assert_eq!(left.status.exit_code(), 0, "{}", left.text);
    left.assert_restored();
    assert!(left.text.contains("verdict: PASS"), "{}", left.text);
    assert!(left.text.contains("next: ceremony report"), "{}", left.text);
    ceremony.wait_until_gone();

    let (code, report) = ceremony.ask("report");
    assert_eq!(code, Some(0), "{report}");
    assert!(report.contains("**Verdict: PASS**"), "{report}");
    let (code, said) = ceremony.ask("verify");
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn who_leaves_at_the_commit_gate_goes_on_from_what_the_ledger_says() {
    let ceremony = Ceremony::copy();
    let mut screen = ceremony.start(100, 30);
    screen.confirm_until("commit foundations");
    let left = screen.quit();
    assert_eq!(left.status.exit_code(), 3, "{}", left.text);
    left.assert_restored();
    assert!(left.text.contains("ceremony resume"), "{}", left.text);
    ceremony.wait_until_gone();

    let mut screen = ceremony.look("resume", 100, 30);
    assert!(screen.wait_for_gate().starts_with("apply foundations to "), "{}", screen.scene());
    assert!(screen.has("! 2 findings"), "{}", screen.scene());
    screen.send("7");
    screen.wait_for("the finding", |screen| {
        screen.has("7 Notes") && screen.has("apply/foundations") && screen.has("the server was restarted")
    });
    screen.confirm();
    assert_eq!(screen.wait_for_gate(), "commit foundations");
    screen.confirm();
    assert!(screen.wait_for_gate().starts_with("apply uniqueness to "), "{}", screen.scene());
    let left = screen.quit();
    assert_eq!(left.status.exit_code(), 3, "{}", left.text);
    ceremony.wait_until_gone();
}
