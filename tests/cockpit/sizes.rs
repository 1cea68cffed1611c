//! Every size, every kind of terminal: what must be read can be read, and keys work after each change.

use crate::pty::Screen;
use crate::room::Ceremony;

/// Everything a frame has, at its place: title, gate, keys.
fn whole(screen: &Screen, rows: u16) -> bool {
    let text = screen.text();
    let lines: Vec<&str> = text.lines().collect();
    let keys = lines.get(usize::from(rows) - 1).is_some_and(|line| line.contains("Ctrl-C STOP"));
    keys && lines[0].contains("LOCAL") && screen.phrase().is_some()
}

#[test]
fn it_follows_the_terminal_through_every_size() {
    let ceremony = Ceremony::copy();
    let mut screen = ceremony.start(80, 24);
    let phrase = screen.wait_for_gate();
    for (columns, rows) in [(60, 16), (80, 24), (250, 80), (120, 40), (59, 16), (60, 15), (20, 5), (100, 30)]
    {
        screen.resize(columns, rows);
        if columns < 60 || rows < 16 {
            screen.wait_for_words("The cockpit needs 60");
            screen.send("a");
            screen.send("q");
        } else {
            screen.wait_for(&format!("{columns}x{rows}"), |screen| whole(screen, rows));
            assert_eq!(screen.phrase().as_ref(), Some(&phrase));
            assert_eq!(screen.typed(), None, "a key got through the notice\n{}", screen.text());
        }
    }
    assert!(!screen.has("Leave?"), "{}", screen.text());
    screen.send("?");
    screen.wait_for_words("Esc closes");
    screen.send("?");
    screen.confirm();
    screen.wait_for_words("1/18 steps");
    screen.quit().assert_restored();
    ceremony.wait_until_gone();
}

#[test]
fn no_key_is_lost_in_a_change_of_size() {
    let ceremony = Ceremony::copy();
    let mut screen = ceremony.start(80, 24);
    screen.wait_for_gate();
    for round in 0..20 {
        screen.resize(80 + round, 24);
        screen.send("?");
        screen.wait_for("the help", |screen| screen.has("Esc closes"));
        screen.resize(80, 24 + round);
        screen.send("?");
        screen.wait_for("the help to be closed", |screen| !screen.has("Esc closes"));
    }
    screen.quit().assert_restored();
    ceremony.wait_until_gone();
}

#[test]
fn the_smallest_screen_has_the_whole_phrase() {
    let ceremony = Ceremony::copy();
    let mut screen = ceremony.start(60, 16);
    for words in ["GATE", "does", "a answer", "LOCAL"] {
        screen.wait_for_words(words);
    }
    let mut phrase = screen.wait_for_gate();
    while !phrase.starts_with("apply ") {
        screen.confirm();
        phrase = screen.wait_for_gate();
    }
    assert!(phrase.starts_with("apply foundations to 127.0.0.1:"), "{}", screen.text());
    screen.confirm();
    assert_eq!(screen.wait_for_gate(), "commit foundations");
    screen.quit().assert_restored();
    ceremony.wait_until_gone();
}

/// Parameters of every sequence that sets colours and the like.
fn attributes(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    let sequences = text.split("\x1b[").skip(1);
    let of_colours = sequences.filter_map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    of_colours.collect()
}

fn has_colour(parameters: &str) -> bool {
    let code = |word: &str| word.parse::<u32>().unwrap_or(0);
    parameters.split(';').map(code).any(|code| matches!(code, 30..=38 | 40..=48 | 90..=97 | 100..=107))
}

#[test]
fn no_color_means_none() {
    let ceremony = Ceremony::copy();
    let session = ceremony.session();
    let mut command = ceremony.command(&["--session", session.to_str().unwrap()]);
    command.env("NO_COLOR", "1");
    let mut screen = Screen::spawn(command, 80, 24, session);
    screen.confirm();
    screen.wait_for_words("1/18 steps");
    let left = screen.quit();
    let coloured: Vec<String> =
        attributes(&left.raw).into_iter().filter(|parameters| has_colour(parameters)).collect();
    assert_eq!(coloured, Vec::<String>::new());
    ceremony.wait_until_gone();
}

#[track_caller]
fn assert_ascii(raw: &[u8]) {
    let foreign = raw.iter().position(|byte| !byte.is_ascii());
    if let Some(at) = foreign {
        let near = &raw[at.saturating_sub(60)..(at + 20).min(raw.len())];
        panic!("not ASCII: {:?}", String::from_utf8_lossy(near));
    }
}

#[test]
fn ascii_means_every_byte() {
    for (option, locale) in [(true, "C.UTF-8"), (false, "C")] {
        let ceremony = Ceremony::copy();
        let session = ceremony.session();
        let mut arguments = vec!["--session", session.to_str().unwrap()];
        if option {
            arguments.push("--ascii");
        }
        let mut command = ceremony.command(&arguments);
        command.env("LANG", locale);
        let mut screen = Screen::spawn(command, 120, 40, session.clone());
        assert_eq!(screen.confirm(), "check");
        screen.wait_for_words("1/18 steps");
        for (key, words) in [("3", "3 SQL"), ("5", "5 Evidence"), ("?", "Esc closes")] {
            screen.send(key);
            screen.wait_for_words(words);
        }
        screen.send("?");
        screen.wait_for("the help to be closed", |screen| !screen.has("Esc closes"));
        let colours = attributes(&screen.raw);
        assert!(colours.iter().any(|parameters| has_colour(parameters)), "colours are another matter");
        assert_ascii(&screen.quit().raw);
        ceremony.wait_until_gone();
    }
}
