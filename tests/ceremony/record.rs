//! A record that was touched: what verify, report and resume say about it.

use crate::room::*;
use std::fs;

fn passed() -> Room {
    let room = Room::new();
    room.run(&room.yes()).with(0);
    room
}

#[test]
fn what_was_touched_is_named() {
    let room = passed();
    let file = room.session().join("session.jsonl");
    let whole = fs::read(&file).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();

    // A byte in line 100: line 101 does not chain to it.
    let mut bytes = whole.clone();
    let start: usize = lines[..99].iter().map(|line| line.len() + 1).sum();
    let at = start + lines[99].find("\"t\":\"2").unwrap() + 5;
    bytes[at] = b'3';
    fs::write(&file, &bytes).unwrap();
    for name in ["verify", "report", "resume"] {
        let ended = match name {
            "resume" => room.resume(&room.yes()),
            name => room.call(&[name, "session"]),
        };
        ended.with(6).says(&["101", "changed or damaged", "why:", "next:"]);
    }

    // A line less.
    let mut fewer = lines.clone();
    fewer.remove(49);
    fs::write(&file, fewer.join("\n") + "\n").unwrap();
    room.verify().with(6).says(&["50"]);

    // The first line less.
    fs::write(&file, lines[1..].join("\n") + "\n").unwrap();
    room.verify().with(6).says(&["1"]);

    // Nothing at all.
    fs::write(&file, "").unwrap();
    assert_ne!(room.verify().code, Some(0), "an empty record is no record");

    fs::write(&file, &whole).unwrap();
    room.verify().with(0);

    // A copy of a file.
    let copy = room.session().join("files").join(OUTBOUND);
    let sql = fs::read_to_string(&copy).unwrap();
    fs::write(&copy, format!("{sql}-- nothing\n")).unwrap();
    room.verify().with(6).says(&[OUTBOUND, "next: ask who changed it"]);
    fs::remove_file(&copy).unwrap();
    room.verify().with(6).says(&[OUTBOUND]);
    fs::write(&copy, sql).unwrap();

    // The definition's copy.
    let copy = room.session().join("files/ceremony.toml");
    let toml = fs::read_to_string(&copy).unwrap();
    fs::write(&copy, toml.replace("granted_by = \"calendar sync lead\"", "granted_by = \"somebody\""))
        .unwrap();
    room.verify().with(6).says(&["files/ceremony.toml is another file"]);
    // Several are said each on a line of its own.
    let other = room.session().join("files").join(FOUNDATIONS);
    let sql = fs::read_to_string(&other).unwrap();
    fs::write(&other, "-- nothing\n").unwrap();
    let said = room.call(&["report", "session"]).with(6).said();
    let errors = said.lines().filter(|line| line.starts_with("error: files/")).count();
    assert_eq!((errors, said.contains('␊')), (2, false), "{said}");
    fs::write(&other, sql).unwrap();
    fs::write(&copy, toml).unwrap();
    room.verify().with(0);
}

/// Every line chains, and yet it was made up: the core decides again.
#[test]
fn a_record_that_was_made_up_does_not_follow_from_its_inputs() {
    let room = Room::new();
    room.add(OUTBOUND, "SELECT 1 / 0;");
    room.run(&room.yes()).with(5);
    let file = room.session().join("session.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    let mut made_up = String::new();
    for line in text.lines() {
        let mut entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let before = ceremony::runner::files::sha256(made_up.as_bytes());
        let old = entry["prev"].as_str().unwrap().to_owned();
        entry["prev"] = before.clone().into();
        let line = line.replacen(&old, &before, 1);
        // The stop is made a pass.
        made_up.push_str(&line.replace("\"verdict\":\"fail\"", "\"verdict\":\"pass\""));
        made_up.push('\n');
    }
    fs::write(&file, made_up).unwrap();
    room.verify().with(6).says(&["decides something else there"]);
    room.call(&["report", "session"]).with(6);
    room.resume(&room.yes()).with(6).says(&["does not follow from its own inputs"]);
}

#[test]
fn a_torn_tail_is_cut_kept_and_said() {
    let room = Room::new();
    room.run(&room.yes().without("apply/foundations")).with(3);
    let file = room.session().join("session.jsonl");
    let mut bytes = fs::read(&file).unwrap();
    let entries = room.entries().len();
    bytes.extend_from_slice(br#"{"n":999,"t":"2026-"#);
    fs::write(&file, &bytes).unwrap();
    room.verify().with(0).says(&["torn     19 bytes"]);
    room.resume(&room.yes()).with(0).says(&["the record ended in a torn line of 19 bytes"]);
    let aside = fs::read(room.session().join(format!("session.jsonl.torn-{}", entries + 1))).unwrap();
    assert_eq!(aside, br#"{"n":999,"t":"2026-"#);
    room.verify().with(0).says(&["verdict  PASS"]);
    contains(&room.report(), &["torn line of 19 bytes"]);
}

#[test]
fn what_is_no_session_is_said_to_be_none() {
    let room = Room::new();
    fs::create_dir(room.path("empty")).unwrap();
    for name in ["verify", "report", "resume", "rollback"] {
        for folder in ["empty", "nowhere"] {
            let mut arguments = vec![name, folder];
            if matches!(name, "resume" | "rollback") {
                arguments.push("--headless");
            }
            let ended = room.call(&arguments);
            assert_ne!(ended.code, Some(0));
            contains(&ended.err, &["error:", "why:", "next:"]);
            assert!(
                !ended.err.contains("free space"),
                "{name} {folder}: that is not the trouble: {}",
                ended.err
            );
        }
    }
}
