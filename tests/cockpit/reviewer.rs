//! A reviewer goes through a record: faster and slower, by words, kinds and places, with notes that are there again.

use crate::pty::{CTRL_D, ENTER, ESCAPE, HOME, Screen};
use crate::room::Ceremony;

fn practised() -> Ceremony {
    let ceremony = Ceremony::copy();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ceremony"))
        .args(["run", "--headless", "--yes", "--session"])
        .arg(ceremony.session())
        .current_dir(ceremony.folder())
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    ceremony
}

fn read_as(ceremony: &Ceremony, reader: &str) -> Screen {
    let session = ceremony.session();
    let mut screen = ceremony.open(80, 24, &["replay", session.to_str().unwrap(), "--operator", reader]);
    screen.wait_for_words("entry 1 of ");
    screen
}

/// The number of the entry that is shown, and how many there are.
fn place(screen: &Screen) -> (usize, usize) {
    let text = screen.text();
    let line = text.lines().find(|line| line.starts_with("│ entry ")).unwrap_or_default();
    let numbers: Vec<usize> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    numbers.first().copied().zip(numbers.get(1).copied()).unwrap_or_default()
}

/// Types a line that was asked for.
fn line(screen: &mut Screen, key: &str, asks: &str, words: &str) {
    screen.send(key);
    screen.wait_for_words(asks);
    screen.fingers(words);
    screen.wait_for_words(&format!("{words}_"));
    screen.send(ENTER);
}

fn review(ceremony: &Ceremony, reader: &str) -> serde_json::Value {
    let path = ceremony.session().join("review").join(format!("{reader}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_reviewer_goes_through_it_and_finds_notes_and_what_was_seen_again() {
    let ceremony = practised();
    let record = std::fs::read(ceremony.session().join("session.jsonl")).unwrap();
    let mut screen = read_as(&ceremony, "rita");
    let of = place(&screen).1;
    for (key, words) in
        [("+", "2x"), ("+", "4x"), ("-", "2x"), ("i", "pauses in full"), ("i", "pauses to 1 s")]
    {
        screen.send(key);
        screen.wait_for_words(words);
    }
    line(&mut screen, "/", "find: ", "UNIQUENESS");
    screen.wait_for_words("“UNIQUENESS” 1 of ");
    let first = place(&screen).0;
    screen.send("n");
    screen.wait_for_words("“UNIQUENESS” 2 of ");
    assert!(place(&screen).0 > first, "{}", screen.text());
    screen.send("N");
    screen.wait_for("the first hit again", |screen| place(screen).0 == first);
    line(&mut screen, "/", "find: ", "zebra");
    screen.wait_for_words("nothing in the record says “zebra”");
    screen.send(ESCAPE);
    screen.wait_for("the search to be over", |screen| !screen.has("zebra"));
    for kind in ["gates only", "failed checks only", "findings only"] {
        screen.send("f");
        screen.wait_for_words(kind);
    }
    screen.send("F");
    screen.send("F");
    screen.wait_for_words("gates only");
    screen.send("n");
    screen.wait_for("a gate", |screen| place(screen).0 > first && screen.has("┏ GATE"));
    line(&mut screen, ":", "go to ", "nowhere");
    screen.wait_for_words("'nowhere' is no place in a record");
    line(&mut screen, "g", "go to ", "50%");
    let middle = of / 2;
    screen.wait_for("the middle", |screen| place(screen).0 == middle);
    screen.send("c");
    screen.wait_for_words("OWN NOTE about this entry");
    screen.fingers("Who looked at this?");
    screen.wait_for_words("Who looked at this?");
    screen.send(CTRL_D);
    screen.wait_for_words(&format!("kept beside the record, at entry {middle}"));
    assert_eq!(review(&ceremony, "rita")["notes"][0]["entry"], middle, "it is on the disk at once");
    screen.send(HOME);
    screen.wait_for_words("entry 1 of ");
    screen.send("7");
    screen.wait_for_words("OWN NOTES of rita");
    screen.send(ENTER);
    screen.wait_for("the note's entry", |screen| place(screen).0 == middle);
    screen.send(" ");
    screen.wait_for("some entries on", |screen| place(screen).0 > middle + 12);
    screen.send(" ");
    screen.wait_for_words("paused 2x");
    screen.quit().assert_restored();

    let rita = review(&ceremony, "rita");
    let seen = |n: usize| {
        let runs = rita["seen"].as_array().unwrap().iter();
        let within =
            |run: &serde_json::Value| run[0].as_u64() <= Some(n as u64) && Some(n as u64) <= run[1].as_u64();
        runs.clone().any(within)
    };
    assert!((middle..=middle + 12).all(seen) && seen(1) && seen(first), "{rita}");
    assert!(!seen(2) && !seen(of), "what was jumped over was not seen: {rita}");

    let mut liam = read_as(&ceremony, "liam");
    liam.wait_for_words("seen 0 % by liam");
    liam.send("7");
    liam.wait_for_words("none; press c to write one");
    let mut screen = read_as(&ceremony, "rita");
    screen.wait_for_words("1 own note");
    screen.wait_for("what was seen", |screen| !screen.has("seen 0 %") && screen.has("% by rita"));
    liam.quit().assert_restored();
    screen.quit().assert_restored();
    assert_eq!(review(&ceremony, "rita"), rita, "the readers do not disturb each other");
    assert_eq!(review(&ceremony, "liam")["notes"].as_array().unwrap().len(), 0);
    assert!(
        record == std::fs::read(ceremony.session().join("session.jsonl")).unwrap(),
        "the record was touched"
    );
}

#[test]
fn where_nothing_can_be_kept_the_record_is_shown_and_it_is_said() {
    let ceremony = practised();
    // In place of the folder of reviews, something that none can be written to, whoever one is.
    std::fs::write(ceremony.session().join("review"), "").unwrap();
    let mut screen = read_as(&ceremony, "rita");
    screen.wait_for_words("by rita · not kept");
    screen.send("c");
    screen.wait_for_words("what you see and note is not kept: ");
    screen.send("n");
    screen.wait_for("the next mark", |screen| place(screen).0 > 1);
    screen.quit().assert_restored();
}
