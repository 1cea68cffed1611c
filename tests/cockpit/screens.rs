//! The screens in `docs/screens`, from real sessions: `UPDATE_SCREENS=1 cargo test --test cockpit screens` takes them
//! anew. Otherwise this looks that they are there.

use crate::pty::{ESCAPE, Screen};
use crate::room::Ceremony;
use crate::{stop, svg};
use std::path::{Path, PathBuf};

const NAMES: [&str; 12] = [
    "first-gate-80x24",
    "commit-gate-160x50",
    "stop-100x30",
    "completion-80x24",
    "replay-120x40",
    "palette-80x24",
    "theme-dark-100x30",
    "theme-light-100x30",
    "theme-high-contrast-100x30",
    "theme-high-contrast-light-100x30",
    "theme-blue-orange-100x30",
    "theme-plain-100x30",
];

fn path(name: &str, kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screens").join(format!("{name}.{kind}"))
}

fn take(screen: &Screen, name: &str) {
    assert!(NAMES.contains(&name), "{name}");
    std::fs::create_dir_all(path(name, "txt").parent().unwrap()).unwrap();
    std::fs::write(path(name, "txt"), screen.text() + "\n").unwrap();
    std::fs::write(path(name, "svg"), svg::draw(screen.emulator())).unwrap();
}

#[test]
fn screens_are_there() {
    if std::env::var_os("UPDATE_SCREENS").is_some() {
        take_all();
    }
    for name in NAMES {
        for kind in ["txt", "svg"] {
            let text = std::fs::read_to_string(path(name, kind)).unwrap_or_default();
            assert!(
                text.len() > 500,
                "docs/screens/{name}.{kind} is missing: run this with UPDATE_SCREENS=1"
            );
        }
    }
}

fn take_all() {
    let ceremony = Ceremony::copy();
    let mut screen = ceremony.start(80, 24);
    screen.wait_for_gate();
    take(&screen, "first-gate-80x24");
    screen.send("p");
    screen.wait_for_words("Enter does it");
    screen.fingers("tab");
    screen.wait_for_words("> tab");
    take(&screen, "palette-80x24");
    screen.send(ESCAPE);
    screen.wait_for("the palette to be closed", |screen| !screen.has("Enter does it"));
    screen.confirm_until("commit foundations");
    screen.resize(160, 50);
    screen.wait_for("the wide commit gate", |screen| {
        screen.has("commit foundations")
            && screen.text().lines().nth(49).is_some_and(|row| row.contains("quit"))
    });
    take(&screen, "commit-gate-160x50");
    screen.resize(80, 24);
    screen.confirm_until("The ceremony is over");
    take(&screen, "completion-80x24");
    screen.quit();

    let broken = stop::broken();
    let mut screen = broken.start(100, 30);
    screen.confirm_until("STOP THE WORLD");
    take(&screen, "stop-100x30");
    screen.quit();

    let mut screen = broken.look("replay", 120, 40);
    screen.wait_for_words("entry 1 of ");
    while !screen.has("it asked for: apply outbound-sync") {
        let before = screen.text();
        screen.send("n");
        screen.wait_for("the next mark", |screen| screen.text() != before);
    }
    take(&screen, "replay-120x40");
    screen.quit();

    for name in NAMES.iter().filter_map(|name| name.strip_prefix("theme-")?.strip_suffix("-100x30")) {
        let session = broken.session();
        let arguments = ["replay", session.to_str().unwrap(), "--theme", name];
        let mut screen = broken.open(100, 30, &arguments);
        screen.wait_for_words("entry 1 of ");
        while !screen.has("it asked for: commit uniqueness") {
            let before = screen.text();
            screen.send("n");
            screen.wait_for("the next mark", |screen| screen.text() != before);
        }
        screen.send("\t\t\t");
        screen.wait_for_words("commit uniqueness");
        take(&screen, &format!("theme-{name}-100x30"));
        screen.quit();
    }
}
