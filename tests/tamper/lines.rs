//! J4: lines deleted, doubled, swapped, rearranged, brought from elsewhere and chained anew, records swapped and cut back:
//! by what each is found, by the program and by the script.

use crate::effort::figures;
use crate::kept::*;
use ceremony::journal::{Chain, head_words, recover};
use ceremony::runner::files::sha256;
use std::fs;

/// The lines chained anew from the first on, as somebody does who knows how.
fn chained<T: AsRef<[u8]>>(lines: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        let text = String::from_utf8(line.as_ref().to_vec()).unwrap();
        let at = text.find("\"prev\":\"").unwrap() + 8;
        let line = format!("{}{}{}", &text[..at], sha256(&bytes), &text[at + 64..]);
        bytes.extend(line.into_bytes());
    }
    bytes
}

/// The lines numbered anew from 1.
fn numbered<T: AsRef<[u8]>>(lines: &[T]) -> Vec<Vec<u8>> {
    let number = |(at, line): (usize, &T)| {
        let text = String::from_utf8(line.as_ref().to_vec()).unwrap();
        let end = text.find(',').unwrap();
        format!("{{\"n\":{}{}", at + 1, &text[end..]).into_bytes()
    };
    lines.iter().enumerate().map(number).collect()
}

/// The entry at which a record stops being trusted, from line `at` on.
fn stops(chain: &Chain, lines: &[&[u8]]) -> Option<u64> {
    let mut chain = chain.clone();
    lines.iter().find_map(|line| chain.check(line).err()).map(|corruption| corruption.entry)
}

#[test]
fn every_line_that_is_deleted_doubled_or_swapped_is_named() {
    let (mut points, mut unseen) = (0_u64, Vec::new());
    for name in names() {
        let whole = record(&name);
        let lines = lines(&whole);
        let foreign = record(if name == "passed" { "resumed" } else { "passed" });
        let foreign = crate::kept::lines(&foreign);
        let mut chain = Chain::default();
        for at in 0..lines.len() {
            let number = at as u64 + 1;
            let rest = &lines[at + 1..];
            let mut tried = |what: &str, touched: &[&[u8]], wanted: &[u64]| {
                points += 1;
                let stopped = stops(&chain, &touched[..touched.len().min(3)]);
                // The last line deleted is a record that was cut back: the head alone tells.
                if !stopped.is_some_and(|stopped| wanted.contains(&stopped)) {
                    unseen.push(format!("{name}: line {number} {what}: {stopped:?}"));
                }
            };
            if let [next, more @ ..] = rest {
                tried("deleted", rest, &[number]);
                tried("swapped", &[&[next, lines[at]], more].concat(), &[number]);
            }
            tried("doubled", &[&[lines[at], lines[at]], rest].concat(), &[number + 1]);
            if let Some(other) = foreign.get(at).filter(|other| **other != lines[at]) {
                tried("brought from another session", &[&[*other], rest].concat(), &[number, number + 1]);
            }
            chain.check(lines[at]).unwrap();
        }
    }
    // The last line of a record that is another's first line too has nothing behind it.
    assert_eq!(unseen, Vec::<String>::new());
    figures(
        "J4",
        &format!(
            "{points} lines deleted, doubled, swapped, brought from elsewhere: each named, {} unseen",
            unseen.len()
        ),
    );
}

/// By what a touched record is found.
struct Found {
    /// What `verify` says without anything brought along: exit code and words.
    alone: (i32, &'static str),
    /// What the script says, which always has the list of signers.
    script: &'static str,
}

fn expect(copy: &Copy, what: &str, found: &Found) {
    let head = recover(&record(SIGNED)).unwrap().chain.head();
    let said = copy.verify();
    assert!(
        said.code == Some(found.alone.0) && said.words.contains(found.alone.1),
        "{what}: alone\n{}",
        said.words
    );
    // Who knows the head, or who signed, always sees it.
    for known in [head.clone(), head_words(&head)] {
        let said = copy.call("verify", &["--head", &known]);
        assert!(said.code == Some(6) && said.words.contains("entry "), "{what}: --head\n{}", said.words);
        let said = copy.script(&["--head", &known]);
        assert!(
            said.code == Some(1) && said.words.contains("WRONG: line "),
            "{what}: script --head\n{}",
            said.words
        );
    }
    let said = copy.verify_signed();
    assert!(matches!(said.code, Some(6 | 7)), "{what}: --signers\n{}", said.words);
    assert!(!said.words.contains("signed off by"), "{what}: --signers\n{}", said.words);
    let said = copy.script(&[]);
    assert!(said.code == Some(1) && said.words.contains(found.script), "{what}: script\n{}", said.words);
}

/// A kind of tampering: what is done to the lines, and by what it is found.
type Touch = (&'static str, fn(&[&[u8]]) -> Vec<u8>, Found);

const ANOTHER_HEAD: &str = "is about another head";

const TOUCHES: &[Touch] = &[
    (
        "a line deleted and all chained anew, numbers left",
        |lines| chained(&[&lines[..99], &lines[100..]].concat()),
        Found {
            alone: (6, "entry 100 says it is number 101"),
            script: "line 100 of the record says that it is number 101",
        },
    ),
    (
        "a line deleted, numbered and chained anew",
        |lines| chained(&numbered(&[&lines[..99], &lines[100..]].concat())),
        Found { alone: (6, "decides something else there"), script: ANOTHER_HEAD },
    ),
    (
        "two blocks swapped, numbered and chained anew",
        |lines| chained(&numbered(&[&lines[..50], &lines[80..110], &lines[50..80], &lines[110..]].concat())),
        Found { alone: (6, "decides something else there"), script: ANOTHER_HEAD },
    ),
    (
        "a line doubled, numbered and chained anew",
        |lines| {
            let gate = lines.iter().position(|line| has(line, "gate-answered")).unwrap();
            chained(&numbered(&[&lines[..=gate], &lines[gate..]].concat()))
        },
        Found { alone: (6, "decides something else there"), script: ANOTHER_HEAD },
    ),
    (
        "a number of rows changed and all chained anew",
        |lines| {
            let edited: Vec<Vec<u8>> = lines
                .iter()
                .map(|line| replace(line, "\"verdict\":\"pass\"", "\"verdict\":\"fail\""))
                .collect();
            chained(&edited)
        },
        Found { alone: (6, "decides something else there"), script: ANOTHER_HEAD },
    ),
    (
        "words of the server changed and all chained anew: they follow from nothing",
        |lines| {
            let edited: Vec<Vec<u8>> = lines
                .iter()
                .map(|line| replace(line, "\"operator\":\"ada\"", "\"operator\":\"eve\""))
                .collect();
            chained(&edited)
        },
        Found { alone: (7, "is about a record with another head"), script: ANOTHER_HEAD },
    ),
    (
        "one line edited and only the last link mended",
        |lines| {
            let mut edited: Vec<Vec<u8>> = lines.iter().map(|line| line.to_vec()).collect();
            edited[300] = replace(lines[300], "\"t\":\"2026", "\"t\":\"2025");
            let end = edited.len() - 1;
            let before = edited[..end].concat();
            let last = String::from_utf8(edited[end].clone()).unwrap();
            let at = last.find("\"prev\":\"").unwrap() + 8;
            [before.clone(), format!("{}{}{}", &last[..at], sha256(&before), &last[at + 64..]).into_bytes()]
                .concat()
        },
        Found { alone: (6, "entry 302 does not chain"), script: "line 302 of the record does not chain" },
    ),
    (
        "an older copy, cut between two entries",
        |lines| lines[..lines.len() - 40].concat(),
        Found { alone: (7, "is about a record with another head"), script: "the session is not closed" },
    ),
    (
        "lines written behind the end",
        |lines| {
            let mut more: Vec<Vec<u8>> = lines.iter().map(|line| line.to_vec()).collect();
            more.push(lines[lines.len() - 1].to_vec());
            chained(&numbered(&more))
        },
        Found { alone: (6, "entry "), script: ANOTHER_HEAD },
    ),
    (
        "the record of another session of the same files",
        |_| record("passed"),
        Found { alone: (7, "is about a record with another head"), script: ANOTHER_HEAD },
    ),
    (
        "an entry of another session in place of one, chained anew",
        |lines| {
            let other = record("passed");
            let other = crate::kept::lines(&other);
            let mut spliced: Vec<&[u8]> = lines.to_vec();
            let at = lines.iter().position(|line| has(line, "step-started")).unwrap();
            let from = other.iter().position(|line| has(line, "step-started")).unwrap();
            assert_eq!(at, from, "the sessions begin alike");
            spliced[at + 1] = other[at + 1];
            chained(&spliced)
        },
        Found { alone: (6, "entry "), script: ANOTHER_HEAD },
    ),
];

fn has(line: &[u8], words: &str) -> bool {
    std::str::from_utf8(line).unwrap().contains(words)
}

fn replace(line: &[u8], from: &str, to: &str) -> Vec<u8> {
    std::str::from_utf8(line).unwrap().replace(from, to).into_bytes()
}

#[test]
fn whoever_knows_the_head_or_the_signers_sees_every_record_that_was_made_anew() {
    let whole = record(SIGNED);
    let copy = Copy::of(SIGNED);
    copy.verify_signed().with(0, &["signed off by"]);
    for (what, touch, found) in TOUCHES {
        copy.write(&touch(&lines(&whole)));
        expect(&copy, what, found);
    }
    figures(
        "J4",
        &format!(
            "{} kinds of rearranged and rewritten records: each found by --head, by the sign-offs and by the script",
            TOUCHES.len()
        ),
    );
}

#[test]
fn files_of_another_session_are_not_those_of_this_one() {
    let one = Copy::of("passed");
    let other = Copy::of("resumed");
    for name in [
        "plan.json",
        "files/ceremony.toml",
        "files/migrations/20260118000000_fix_external_calendar_events_uniqueness.sql",
    ] {
        let kept = fs::read(one.path(name)).unwrap();
        fs::copy(other.path(name), one.path(name)).unwrap();
        one.verify().with(6, &[name]);
        one.script(&[]).with(1, &[&format!("{name} is not the recorded one")]);
        fs::write(one.path(name), kept).unwrap();
    }
    one.verify().with(0, &[]);
    // The whole record with its plan, but not its files.
    for name in ["session.jsonl", "plan.json"] {
        fs::copy(other.path(name), one.path(name)).unwrap();
    }
    one.verify().with(6, &["files/"]);
    one.script(&[]).with(1, &["is not the recorded one"]);
}
