//! `e`: an editor gets the terminal, its keys and the place, and the cockpit comes back.

use crate::pty::Screen;
use crate::room::Ceremony;
use std::os::unix::fs::PermissionsExt;

/// Says what it was given, reads a line in the way of a shell, and ends.
const EDITOR: &str = "#!/bin/sh\necho \"EDITING $*\"\nread answer\necho \"$* $answer\" > \"$0.said\"\n";

#[test]
fn an_editor_has_the_terminal_to_itself_and_gives_it_back() {
    let ceremony = Ceremony::copy();
    // By its name it is told the line.
    let editor = ceremony.folder().join("vim");
    std::fs::write(&editor, EDITOR).unwrap();
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
    let session = ceremony.session();
    let mut command = ceremony.command(&["--session", session.to_str().unwrap(), "--operator", "ada"]);
    command.env_remove("VISUAL");
    command.env("EDITOR", &editor);
    let mut screen = Screen::spawn(command, 120, 40, session);
    let mut phrase = screen.wait_for_gate();
    while !phrase.starts_with("apply foundations") {
        screen.confirm();
        phrase = screen.wait_for_gate();
    }
    screen.send("e");
    screen.wait_for("the editor on a cooked terminal", |screen| screen.has("EDITING +1 ") && screen.cooked());
    // None of these letters is a key of the cockpit.
    screen.send("quit y\n");
    screen.wait_for_words("is as it was");
    screen.wait_for("the cockpit again", |screen| screen.emulator().alternate_screen() && !screen.cooked());
    let said = std::fs::read_to_string(ceremony.folder().join("vim.said")).unwrap();
    assert!(said.contains("/migrations/20260117000000_calendar_sync_foundations.sql quit y"), "{said}");
    assert!(!said.contains("/files/"), "the session's copy is not for editors: {said}");
    screen.quit().assert_restored();
    ceremony.wait_until_gone();
}
