//! The format: another one is refused in one voice, and so is a field that nobody knows, wherever it stands.

use crate::effort::figures;
use crate::kept::*;
use ceremony::journal::tail::Tail;
use ceremony::journal::{Chain, Entry};
use std::collections::BTreeSet;
use std::fs;

#[test]
fn another_format_is_refused_by_every_reader() {
    let copy = Copy::of("passed");
    let text = String::from_utf8(record("passed")).unwrap();
    // What else a later format has is not known here, and is not what is complained about.
    for format in ["2", "0", "4000000000"] {
        let later = format!("\"header\":{{\"format\":{format},\"of_tomorrow\":[]");
        copy.write(text.replace("\"header\":{\"format\":1", &later).as_bytes());
        let known = "knows format 1";
        let has = format!("has format {format}");
        for (command, more) in [
            ("verify", &[][..]),
            ("report", &[]),
            ("resume", &["--headless"]),
            ("rollback", &["--headless"]),
            ("sign", &["--role", "operator", "--as", "ada", "--approve"]),
        ] {
            let said = copy.call(command, more);
            assert_eq!(said.words.matches("error:").count(), 1, "{command}: {}", said.words);
            said.with(
                2,
                &[&has, known, "why:", "next: use the version that wrote it", "nothing was changed"],
            );
        }
        copy.script(&[]).with(2, &["cannot check", &has, "knows format 1"]);
        let listed = std::process::Command::new(env!("CARGO_BIN_EXE_ceremony"))
            .args(["list", "."])
            .current_dir(copy.folder().parent().unwrap())
            .output()
            .unwrap();
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        assert!(listed.contains("DAMAGED  session") && listed.contains(&has), "{listed}");
        let watched = Tail::new(&copy.folder()).more().unwrap_err().to_string();
        assert!(watched.contains(&has), "{watched}");
        assert_eq!(fs::read(copy.path("session.jsonl")).unwrap().len(), text.len() + 2 * (later.len() - 20));
    }
}

/// Maps, where any name is a key and no field.
const MAPS: [&str; 1] = ["inputs"];

/// Where each object of a line begins, behind its brace, with the names that lead to it and what it begins with.
fn objects(line: &str) -> Vec<(usize, Vec<String>, String)> {
    let (mut found, mut path, mut name) = (Vec::new(), Vec::new(), String::new());
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let from = at + 1;
                at = from;
                while bytes[at] != b'"' {
                    at += 1 + usize::from(bytes[at] == b'\\');
                }
                if bytes[at + 1] == b':' {
                    name = line[from..at].to_owned();
                }
            }
            b'{' => {
                path.push(std::mem::take(&mut name));
                let end = line[at..].find([',', '}']).map_or(line.len(), |end| at + end);
                found.push((at + 1, path.clone(), line[at..end].to_owned()));
            }
            b'[' => path.push(std::mem::take(&mut name)),
            b'}' | b']' => {
                path.pop();
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// What kind of object it is: the names that lead to it, and its tag if it has one.
fn kind(path: &[String], begin: &str) -> String {
    let tags = [
        "{\"input\"",
        "{\"command\"",
        "{\"report\"",
        "{\"of\"",
        "{\"event\"",
        "{\"failure\"",
        "{\"cause\"",
        "{\"is\"",
    ];
    let tag = if tags.iter().any(|tag| begin.starts_with(tag)) { begin } else { "" };
    format!("{}{tag}", path.join("/"))
}

#[test]
fn a_field_that_nobody_knows_is_refused_wherever_it_stands() {
    let mut kinds = BTreeSet::new();
    let (mut tried, mut by_name, mut taken) = (0, 0, Vec::new());
    for name in names() {
        let whole = record(&name);
        let mut chain = Chain::default();
        for line in lines(&whole) {
            let text = std::str::from_utf8(line).unwrap();
            for (at, path, begin) in objects(text) {
                let kind = kind(&path, &begin);
                if path.last().is_some_and(|name| MAPS.contains(&name.as_str()))
                    || !kinds.insert(kind.clone())
                {
                    continue;
                }
                let comma = if text[at..].starts_with('}') { "" } else { "," };
                let text = format!("{}\"of_tomorrow\":0{comma}{}", &text[..at], &text[at..]);
                tried += 1;
                match chain.clone().check(text.as_bytes()) {
                    Err(why) if why.what.contains("of_tomorrow") && why.entry == chain.entries() + 1 => {
                        by_name += u64::from(why.what.contains("unknown field"));
                    }
                    other => taken.push(format!(
                        "{name}, entry {}: {kind}: {:?}",
                        chain.entries() + 1,
                        other.err()
                    )),
                }
            }
            chain.check(line).unwrap();
        }
    }
    assert_eq!(taken, Vec::<String>::new());
    assert!(by_name * 10 > tried * 8, "most are refused by the field's name: {by_name} of {tried}");
    assert!(tried > 60, "{tried} kinds of objects in the golden records: {kinds:#?}");
    figures(
        "golden",
        &format!("a field more in {tried} kinds of recorded objects: each refused, with entry and field"),
    );
}

#[test]
fn the_program_names_entry_and_field() {
    let copy = Copy::of("passed");
    let text = String::from_utf8(record("passed")).unwrap();
    copy.write(
        text.replacen("\"event\":\"gate-answered\"", "\"event\":\"gate-answered\",\"of_tomorrow\":0", 1)
            .as_bytes(),
    );
    for command in ["verify", "report", "resume"] {
        let more: &[&str] = if command == "resume" { &["--headless"] } else { &[] };
        copy.call(command, more)
            .with(6, &["entry 2 is not an entry", "unknown field `of_tomorrow`", "why:", "next:"]);
    }
}

#[test]
fn what_is_written_today_is_what_was_written_then() {
    for name in names() {
        for line in lines(&record(&name)) {
            let entry: Entry = serde_json::from_slice(line).unwrap();
            let mut again = serde_json::to_vec(&entry).unwrap();
            again.push(b'\n');
            assert!(
                again == line,
                "{name}: entry {} would be written as {}",
                entry.n,
                String::from_utf8_lossy(&again)
            );
        }
    }
}
