//! What comes out for each kind of terminal: the sequences of colour themselves.

use crate::room::Ceremony;
use std::collections::BTreeSet;

/// The forms of colour in what was written: `true`, `256`, `16`.
fn forms(raw: &[u8]) -> BTreeSet<&'static str> {
    let text = String::from_utf8_lossy(raw);
    let mut found = BTreeSet::new();
    for sequence in text.split("\x1b[").skip(1) {
        let Some(end) = sequence.find(|c: char| c.is_ascii_alphabetic()) else { continue };
        if !sequence[end..].starts_with('m') {
            continue;
        }
        let numbers: Vec<u16> = sequence[..end].split(';').filter_map(|number| number.parse().ok()).collect();
        let mut rest = numbers.as_slice();
        while let Some((first, more)) = rest.split_first() {
            rest = match (first, more) {
                (38 | 48, [2, _, _, _, more @ ..]) => {
                    found.insert("true");
                    more
                }
                (38 | 48, [5, at, more @ ..]) => {
                    found.insert(if *at < 16 { "16" } else { "256" });
                    more
                }
                (30..=37 | 40..=47 | 90..=97 | 100..=107, more) => {
                    found.insert("16");
                    more
                }
                (_, more) => more,
            };
        }
    }
    found
}

#[test]
fn forms_are_told_apart() {
    let of = |text: &str| forms(text.as_bytes()).into_iter().collect::<Vec<_>>();
    assert_eq!(of("\x1b[38;2;1;2;3m \x1b[0m\x1b[1;7m\x1b[39;49m"), ["true"]);
    assert_eq!(of("\x1b[38;5;9m\x1b[48;5;200m"), ["16", "256"]);
    assert_eq!(of("\x1b[1;31m"), ["16"]);
    assert!(of("\x1b[1m\x1b[0m\x1b[2J\x1b[30;31H").is_empty());
}

/// `TERM`, `COLORTERM`, `NO_COLOR`, options; the forms that come out.
type Case = (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);

#[test]
fn every_terminal_gets_the_colours_it_has() {
    let ceremony = Ceremony::copy();
    let session = ceremony.session();
    let session = session.to_str().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ceremony"))
        .args(["--session", session, "run", "--headless", "--yes"])
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .current_dir(ceremony.folder())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cases: [Case; 7] = [
        ("xterm-256color", "truecolor", "", &[], &["true"]),
        ("xterm-256color", "", "", &[], &["256"]),
        ("xterm", "", "", &[], &["16"]),
        ("xterm-256color", "truecolor", "1", &[], &[]),
        ("dumb", "", "", &[], &[]),
        ("xterm-256color", "truecolor", "", &["--theme", "plain"], &[]),
        ("xterm", "", "", &["--light"], &["16"]),
    ];
    for (term, colorterm, no_color, options, wanted) in cases {
        let mut arguments = vec!["replay", session];
        arguments.extend(options);
        let mut command = ceremony.command(&arguments);
        command.env("TERM", term);
        command.env("COLORTERM", colorterm);
        command.env("NO_COLOR", no_color);
        let mut screen = crate::pty::Screen::spawn(command, 80, 24, ceremony.session());
        screen.wait_for_words("entry 1 of ");
        let left = screen.quit();
        left.assert_restored();
        let found: Vec<&str> = forms(&left.raw).into_iter().collect();
        assert_eq!(found, wanted, "TERM={term} COLORTERM={colorterm} NO_COLOR={no_color} {options:?}");
        // Bold and reversal are there for everybody.
        let text = String::from_utf8_lossy(&left.raw);
        assert!(text.contains("\x1b[1m") && text.contains("\x1b[7m"), "no weights for TERM={term}");
    }
}
