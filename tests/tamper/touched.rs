//! J1 to J3: a record cut at every byte, every bit of it flipped, every sector and page of it zeroed. Each point is
//! looked at with the code of `ceremony verify`, from the line that it is in; a sample goes through the program and the
//! script.

use crate::effort::{effort, figures};
use crate::kept::*;
use ceremony::driver::verify::Checking;
use ceremony::journal::file::{JournalError, JournalFile, read};
use ceremony::journal::torn::is_torn;
use ceremony::journal::{Chain, recover};
use std::collections::BTreeMap;
use std::fs;

/// The shorter one of the golden records.
const SHORT: &str = "rolled-back";

/// The chain before every line, and behind the last.
fn chains(lines: &[&[u8]]) -> Vec<Chain> {
    let mut chain = Chain::default();
    let mut all = vec![chain.clone()];
    for line in lines {
        chain.check(line).unwrap();
        all.push(chain.clone());
    }
    all
}

/// What a reader of a record comes to.
#[derive(Debug, PartialEq, Eq)]
enum Comes {
    /// To an entry that cannot be trusted, with this number.
    Damage(u64),
    /// To a torn end behind so many entries.
    Torn(u64),
    /// To the end, or past the lines that were looked at.
    Through,
}

/// Reads on from a line that begins at byte `from`; `bytes` are the lines from there on, to the record's end if
/// `to_end`.
fn comes_to(chain: &Chain, bytes: &[u8], from: usize, to_end: bool) -> Comes {
    let mut chain = chain.clone();
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let last = to_end && at + line.len() == bytes.len();
        match chain.check(line) {
            Ok(_) => {}
            Err(_) if last && is_torn(line, (from + at) as u64) => return Comes::Torn(chain.entries()),
            Err(corruption) => return Comes::Damage(corruption.entry),
        }
        at += line.len();
    }
    Comes::Through
}

#[test]
fn a_record_cut_at_every_byte_leaves_the_entries_before() {
    let (mut points, mut wrong) = (0_u64, Vec::new());
    for name in names() {
        let whole = record(&name);
        let (starts, lines) = (starts(&whole), lines(&whole));
        let chains = chains(&lines);
        for (at, line) in lines.iter().enumerate() {
            for cut in 0..line.len() {
                points += 1;
                let comes = comes_to(&chains[at], &line[..cut], starts[at], true);
                let wanted = if cut == 0 { Comes::Through } else { Comes::Torn(at as u64) };
                if comes != wanted {
                    wrong.push((name.clone(), starts[at] + cut, comes));
                }
            }
        }
        // That looking from the line on is looking at the whole: here and there from the first byte.
        let entries = recover(&whole).unwrap().entries;
        for cut in (0..=whole.len()).step_by(whole.len() / 20) {
            let found = recover(&whole[..cut]).unwrap();
            assert_eq!(found.entries, entries[..found.entries.len()], "{name} cut at {cut}");
            assert_eq!(starts[found.entries.len()], found.bytes);
            assert_eq!(found.bytes + found.torn, cut);
        }
    }
    assert_eq!(wrong, [], "of {points}");
    figures(
        "J1",
        &format!("{points} cuts, each leaves exactly the whole entries before it: {} wrong", wrong.len()),
    );
}

#[test]
fn a_cut_record_is_opened_with_the_torn_end_kept_aside() {
    let copy = Copy::of(SHORT);
    let whole = record(SHORT);
    let starts = starts(&whole);
    let step = (whole.len() / (40 * effort() as usize)).max(1);
    for cut in (starts[1] + 1..whole.len()).step_by(step) {
        copy.write(&whole[..cut]);
        let good = starts.iter().rposition(|start| *start <= cut).unwrap();
        let torn = &whole[starts[good]..cut];
        assert_eq!(read(&copy.folder()).unwrap().torn, torn.len());
        let (_, found) = JournalFile::open(&copy.folder()).unwrap();
        assert_eq!((found.entries.len(), found.torn), (good, torn.len()), "cut at {cut}");
        assert_eq!(fs::read(copy.path("session.jsonl")).unwrap(), whole[..starts[good]]);
        let aside = copy.path(&format!("session.jsonl.torn-{}", good + 1));
        assert_eq!(fs::read(&aside).unwrap_or_default(), torn);
        // Who goes on and ends before the cut is recorded: the next one is told of it all the same.
        let (_, found) = JournalFile::open(&copy.folder()).unwrap();
        assert_eq!((found.entries.len(), found.torn), (good, torn.len()), "again, cut at {cut}");
        fs::remove_file(aside).unwrap_or_default();
    }
    // Nothing that was kept aside is overwritten.
    let again = [&whole[..starts[5]], b"{\"n\":6,\"again"].concat();
    for torn in ["{\"n\":6,\"once", "{\"n\":6,\"again"] {
        copy.write(&[&whole[..starts[5]], torn.as_bytes()].concat());
        JournalFile::open(&copy.folder()).unwrap();
    }
    assert_eq!(fs::read(copy.path("session.jsonl.torn-6")).unwrap(), b"{\"n\":6,\"once");
    assert_eq!(fs::read(copy.path("session.jsonl.torn-6.2")).unwrap(), again[starts[5]..]);
    let (_, found) = JournalFile::open(&copy.folder()).unwrap();
    assert_eq!(found.torn, 12 + 13);
}

/// What flips came to, by words.
type Counts = BTreeMap<&'static str, u64>;

fn flip_all(name: &str, step: usize, counts: &mut Counts) -> Vec<String> {
    let whole = record(name);
    let (starts, lines) = (starts(&whole), lines(&whole));
    let chains = chains(&lines);
    let head = chains.last().unwrap().head();
    let mut before_last = Checking::new(plan(name), Some(head));
    lines[..lines.len() - 1].iter().for_each(|line| before_last.line(line).unwrap());
    let mut clean = Vec::new();
    // Where a sample begins is another byte for each bit.
    for bit in 0..8 {
        for at in ((bit * 5) % step..whole.len()).step_by(step) {
            let line = starts.partition_point(|start| *start <= at) - 1;
            let is_last = line + 1 == lines.len();
            let to = starts[(line + 2).min(lines.len())];
            let mut bytes = whole[starts[line]..to].to_vec();
            bytes[at - starts[line]] ^= 1 << bit;
            let number = line as u64 + 1;
            let kind = match comes_to(&chains[line], &bytes, starts[line], is_last) {
                Comes::Damage(entry) if entry == number => "the entry itself named",
                Comes::Damage(entry) if entry == number + 1 => "the entry behind it named",
                Comes::Torn(entries) if entries + 1 == number => "torn by rule",
                Comes::Through if is_last => {
                    let mut checking = before_last.clone();
                    checking.line(&bytes).unwrap();
                    match checking.finish().len() {
                        2 => "in the last entry: decided otherwise, and another head",
                        1 => "in the last entry: another head alone",
                        _ => "clean",
                    }
                }
                _ => "clean",
            };
            if kind == "clean" {
                clean.push(format!("{name}: bit {bit} of byte {at}, entry {number}"));
            }
            *counts.entry(kind).or_default() += 1;
        }
    }
    clean
}

#[test]
fn every_flipped_bit_is_found() {
    let mut counts = Counts::new();
    let (mut clean, step) = (Vec::new(), (24 / effort() as usize).max(1));
    clean.extend(flip_all(SHORT, step, &mut counts));
    for name in names() {
        clean.extend(flip_last(&name, step.div_ceil(4), &mut counts));
    }
    let points: u64 = counts.values().sum();
    let said: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    figures("J2", &format!("{points} flips, every {step}. byte: {}; {} clean", said.join(", "), clean.len()));
    assert_eq!(clean, Vec::<String>::new());
    assert!(counts.contains_key("in the last entry: another head alone"), "those are why a head is wanted");
}

/// The bits of a record's last line, which nothing but the head covers.
fn flip_last(name: &str, step: usize, counts: &mut Counts) -> Vec<String> {
    let whole = record(name);
    let (starts, lines) = (starts(&whole), lines(&whole));
    let from = starts[lines.len() - 1];
    let chains = chains(&lines);
    let mut before_last = Checking::new(plan(name), Some(chains.last().unwrap().head()));
    lines[..lines.len() - 1].iter().for_each(|line| before_last.line(line).unwrap());
    let mut clean = Vec::new();
    for at in (0..whole.len() - from).rev().step_by(step) {
        for bit in 0..8 {
            let mut bytes = whole[from..].to_vec();
            bytes[at] ^= 1 << bit;
            let kind = match comes_to(&chains[lines.len() - 1], &bytes, from, true) {
                Comes::Damage(entry) if entry == lines.len() as u64 => "the entry itself named",
                Comes::Through => {
                    let mut checking = before_last.clone();
                    checking.line(&bytes).unwrap();
                    match checking.finish().len() {
                        2 => "in the last entry: decided otherwise, and another head",
                        1 => "in the last entry: another head alone",
                        _ => "clean",
                    }
                }
                _ => "clean",
            };
            if kind == "clean" {
                clean.push(format!("{name}: bit {bit} of byte {} of the last line", at));
            }
            *counts.entry(kind).or_default() += 1;
        }
    }
    clean
}

#[test]
fn a_zeroed_sector_is_torn_at_the_end_and_damage_anywhere_else() {
    let (mut points, mut torn, mut wrong) = (0_u64, 0_u64, Vec::new());
    for name in names() {
        let whole = record(&name);
        let (starts, lines) = (starts(&whole), lines(&whole));
        let chains = chains(&lines);
        let (known, last) = (chains[lines.len() - 1].head(), starts[lines.len() - 1]);
        for size in [512, 4096] {
            for from in (0..whole.len()).step_by(size) {
                points += 1;
                let mut bytes = whole.clone();
                let to = (from + size).min(whole.len());
                bytes[from..to].fill(0);
                let line = starts.partition_point(|start| *start <= from) - 1;
                match comes_to(&chains[line], &bytes[starts[line]..], starts[line], true) {
                    Comes::Damage(entry) if entry == line as u64 + 1 && from < last => {}
                    // What is left is what was there before; whether it is all that was acknowledged, the head says.
                    Comes::Torn(entries) if to >= last => {
                        torn += 1;
                        let left = chains[usize::try_from(entries).unwrap()].head();
                        if (left == known) != (from >= last) {
                            wrong.push(format!(
                                "{name}: {size} bytes at {from}: the head agrees though it must not"
                            ));
                        }
                    }
                    other => wrong.push(format!("{name}: {size} bytes at {from}: {other:?}")),
                }
            }
        }
    }
    figures(
        "J3",
        &format!(
            "{points} zeroed sectors and pages: {torn} at the end torn, {} named, {} wrong",
            points - torn,
            wrong.len()
        ),
    );
    assert_eq!(wrong, Vec::<String>::new());
    assert!(torn > 0);
}

#[test]
fn the_program_and_the_script_say_the_same_of_a_sample() {
    let copy = Copy::of(SIGNED);
    let whole = record(SIGNED);
    let (starts, lines) = (starts(&whole), lines(&whole));
    let head = recover(&whole).unwrap().chain.head();
    copy.call("verify", &["--head", &head]).with(0, &["as recorded"]);
    copy.script(&["--head", &head]).with(0, &["nothing is wrong"]);
    let mut seed = ceremony::runner::fake::Seed(11);
    for at in 0..8 * effort() {
        // Some of them in the last line.
        let from = if at % 4 == 0 { starts[lines.len() - 1] } else { 0 };
        let byte = from + usize::try_from(seed.below((whole.len() - from) as u64)).unwrap();
        let mut bytes = whole.clone();
        bytes[byte] ^= 1 << seed.below(8);
        copy.write(&bytes);
        let entry = starts.partition_point(|start| *start <= byte) as u64;
        let said = copy.call("verify", &["--head", &head]);
        let names = |words: &str, word: &str| {
            [entry, entry + 1].iter().any(|entry| {
                words.lines().any(|line| {
                    line.split(|c: char| !c.is_alphanumeric())
                        .collect::<Vec<_>>()
                        .windows(2)
                        .any(|pair| pair[0] == word && pair[1] == entry.to_string())
                })
            })
        };
        assert!(
            said.code == Some(6) && names(&said.words, "entry"),
            "byte {byte}, entry {entry}\n{}",
            said.words
        );
        let said = copy.script(&["--head", &head]);
        assert!(
            said.code == Some(1) && names(&said.words, "line"),
            "byte {byte}, entry {entry}\n{}",
            said.words
        );
    }
}

/// What each command makes of a record whose end was torn, zeroed or changed.
#[test]
fn every_reader_takes_a_torn_end_alike() {
    let copy = Copy::of(SHORT);
    let whole = record(SHORT);
    let starts = starts(&whole);
    let good = starts.len() - 2;
    let before = recover(&whole[..starts[good]]).unwrap().chain.head();
    let full = recover(&whole).unwrap().chain.head();
    let mut zeroed = whole.clone();
    let sector = starts[good].div_ceil(512) * 512;
    assert!(sector < whole.len(), "the last line has the beginning of a sector");
    zeroed[sector..].fill(0);
    let cut = whole[..whole.len() - 7].to_vec();
    for torn in [&zeroed, &cut, &whole[..whole.len() - 1].to_vec()] {
        copy.write(torn);
        copy.verify().with(0, &["torn ", "still    a changed last line"]);
        copy.call("verify", &["--head", &before]).with(0, &["torn "]);
        copy.call("verify", &["--head", &full]).with(6, &["entry 162 or one before it", "cut back"]);
        copy.call("report", &["--format", "json", "--output", "-"]).with(0, &[]);
        copy.call("sign", &["--role", "operator", "--as", "ada", "--approve"]).with(6, &["torn"]);
        copy.script(&[]).with(1, &["line 163 of the record"]);
        assert_eq!(read(&copy.folder()).unwrap().entries.len(), good);
    }
    // A whole record whose end was changed is no torn one.
    for end in [b"J".as_slice(), b"\0", b"\x0b{"] {
        copy.write(&[&whole[..whole.len() - 1], end].concat());
        if end == b"\0" && whole.len() % 512 == 1 {
            continue;
        }
        for command in ["verify", "report", "resume"] {
            let more: &[&str] = if command == "resume" { &["--headless"] } else { &[] };
            copy.call(command, more).with(6, &["entry 163", "has no end of line", "why:", "next:"]);
        }
        assert!(matches!(JournalFile::open(&copy.folder()), Err(JournalError::Corrupt(..))));
        assert_eq!(fs::read(copy.path("session.jsonl")).unwrap().len(), whole.len() - 1 + end.len());
        copy.call("replay", &[]).with(6, &["entry 163"]);
        copy.script(&[]).with(1, &["line 163 of the record"]);
    }
}
