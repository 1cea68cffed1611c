//! Who comes back from the shell finds the gate asked anew: what the preflight looked at is looked at again.

use crate::pty::{CTRL_Z, ENTER, Screen};
use crate::room::Ceremony;
use rustix::process::Signal;

fn suspended(screen: &mut Screen) {
    screen.send(CTRL_Z);
    screen.wait_for("the program to be stopped", Screen::suspended);
}

#[test]
fn after_a_suspend_the_probes_must_pass_before_the_gate_can_be_confirmed() {
    let ceremony = Ceremony::copy();
    let mut screen = ceremony.start(120, 40);
    for next in ["The database answers", "All files are there"] {
        screen.wait_for_words(next);
        screen.confirm();
    }
    screen.wait_for_words("GATE Feature flags are off");
    // Nothing changed meanwhile: they pass, and the gate is there again.
    suspended(&mut screen);
    screen.signal(Signal::CONT);
    screen.wait_for_words("the probes passed again");
    // Somebody changed a reviewed file.
    let file = ceremony.folder().join("assets/calendar/drill_rows.sql");
    let reviewed = std::fs::read(&file).unwrap();
    suspended(&mut screen);
    std::fs::write(&file, b"-- something else\n").unwrap();
    screen.signal(Signal::CONT);
    screen.wait_for_words("barred");
    assert!(screen.has("the program was suspended for"), "{}", screen.scene());
    assert!(screen.has("drill_rows.sql is the reviewed file"), "{}", screen.scene());
    let phrase = screen.phrase().unwrap();
    screen.open_answer();
    screen.answer(&phrase);
    screen.send(ENTER);
    screen.wait_for_words("refused");
    screen.wait_for_gate();
    assert!(screen.has("barred"), "{}", screen.scene());
    // Mended, they pass, and the gate asks once more before anything happens.
    std::fs::write(&file, reviewed).unwrap();
    screen.open_answer();
    screen.answer(&phrase);
    screen.send(ENTER);
    screen.wait_for("the bar to be gone", |screen| !screen.has("barred") && screen.phrase().is_some());
    assert!(screen.has("GATE Feature flags are off"), "{}", screen.scene());
    screen.confirm();
    screen.wait_for_words("GATE Existing tests pass");
    screen.quit();
    ceremony.wait_until_gone();
    let (code, said) = ceremony.ask("verify");
    assert_eq!(code, Some(0), "{said}");
}
