//! A deviation is cheap to write down: one key, and what is known stands there already.

use crate::pty::{CTRL_D, ENTER};
use crate::room::Ceremony;

#[test]
fn a_deviation_is_one_key_and_three_questions() {
    let ceremony = Ceremony::copy();
    let mut screen = ceremony.start(100, 40);
    screen.wait_for_gate();
    screen.send("D");
    screen.wait_for_words("DEVIATION preflight/target");
    assert!(screen.has("The database answers and is the planned one"), "{}", screen.scene());
    screen.send(CTRL_D);
    screen.wait_for_words("It has no answer yet");
    screen.fingers("it answers slowly");
    screen.send(ENTER);
    screen.wait_for_words("▶ DECIDED");
    screen.fingers("wait for it");
    screen.wait_for_words("wait for it");
    screen.send(CTRL_D);
    screen.wait_for("the sheet to be closed", |screen| !screen.has("DEVIATION"));
    screen.send("7");
    screen.wait_for("the deviation among the notes", |screen| {
        screen.has("DEVIATIONS") && screen.has("it answers slowly") && screen.has("wait for it")
    });
    screen.quit();
    ceremony.wait_until_gone();
    let (code, report) = ceremony.ask("report");
    assert_eq!(code, Some(0), "{report}");
    assert!(
        report.contains("## Deviations") && report.contains("| it answers slowly | wait for it |"),
        "{report}"
    );
    let (code, said) = ceremony.ask("verify");
    assert_eq!(code, Some(0), "{said}");
}
