//! `ceremony list` and the ways to name a session, over the real program and records of every state.

mod support;

use ceremony::session::*;
use serde_json::Value;
use std::fs;
use std::process::Command as Process;
use support::World;
use tempfile::TempDir;

/// A record of the fake world, stopped after so many answers, written to disk.
fn record(answers: usize, edit: impl FnOnce(&mut Header), act: impl FnOnce(&mut World)) -> Vec<u8> {
    let mut world = World::new(support::shipped_plan(), 1);
    let mut header = support::header();
    edit(&mut header);
    world.command(Command::Open { header: Box::new(header) });
    for _ in 0..answers {
        while world.deliver().is_some() {}
        let Some(answer) = world.right_answer() else { break };
        world.command(answer);
    }
    while world.deliver().is_some() {}
    act(&mut world);
    world.drive.journal.bytes
}

struct Room(TempDir);

impl Room {
    fn new() -> Self {
        let room = Self(TempDir::with_prefix("ceremony-").unwrap());
        fs::create_dir(room.0.path().join("sessions")).unwrap();
        room
    }

    fn session(&self, name: &str, record: &[u8]) -> &Self {
        let dir = self.0.path().join("sessions").join(name);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("session.jsonl"), record).unwrap();
        self
    }

    fn call(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = Process::new(env!("CARGO_BIN_EXE_ceremony"))
            .args(words)
            .current_dir(self.0.path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }

    fn list(&self) -> Vec<Value> {
        let (code, text) = self.call(&["list", "--json"]);
        assert_eq!(code, Some(0), "{text}");
        serde_json::from_str(&text).unwrap()
    }
}

fn at(day: i64) -> ceremony::time::Timestamp {
    ceremony::time::Timestamp::from_micros(1_795_360_000_000_000 + day * 86_400_000_000)
}

fn nothing(_: &mut World) {}

/// `state: words -> subcommand that is next`, in the order of the list.
fn lines(list: &[Value]) -> Vec<String> {
    list.iter()
        .map(|one| {
            let words = one["words"].as_str().or(one["why"].as_str()).unwrap();
            format!("{}: {words} -> {}", one["state"].as_str().unwrap(), one["next"][1].as_str().unwrap())
        })
        .collect()
}

#[test]
fn every_state_has_its_words_and_the_command_that_goes_on() {
    let room = Room::new();
    room.session("gate", &record(5, |header| header.opened = at(5), nothing));
    room.session("pass", &record(1_000, |header| header.opened = at(4), nothing));
    let stop = |world: &mut World| {
        let answer = world.right_answer().unwrap();
        world.command(answer);
        world.command(Command::Stop);
        while world.deliver().is_some() {}
        world.command(Command::Assess { words: "it was on purpose".to_owned() });
    };
    room.session("stop", &record(8, |header| header.opened = at(3), stop));
    let copy = |header: &mut Header| {
        header.opened = at(2);
        (header.copy_of, header.mode) = (Some("postgres".to_owned()), Mode::Practice);
    };
    room.session("copy", &record(1, copy, nothing));
    let mut torn = record(2, |header| header.opened = at(1), nothing);
    torn.extend(b"{\"n\":");
    room.session("torn", &torn);
    let in_flight = |world: &mut World| {
        let answer = world.right_answer().unwrap();
        world.command(answer);
    };
    room.session("died", &record(0, |header| header.opened = at(0), in_flight));
    let found = lines(&room.list());
    let text = found.join("\n");
    insta::assert_snapshot!("states", text);
    assert_eq!(room.list()[4]["torn"], true);
    // The list for people says the same, and every command in it can be pasted.
    let (_, text) = room.call(&["list"]);
    for line in text.lines().filter(|line| line.starts_with("    ceremony ")) {
        let dir = line.rsplit(' ').next().unwrap();
        assert!(room.0.path().join(dir).is_dir(), "{line}");
    }
    assert_eq!(text.lines().count(), 3 * found.len(), "{text}");
}

#[test]
fn what_is_damaged_is_listed_with_the_reason() {
    let room = Room::new();
    let good = record(3, |_| {}, nothing);
    let first_line = good.iter().position(|byte| *byte == b'\n').unwrap();
    let dir = room.0.path().join("sessions");
    fs::create_dir(dir.join("nothing")).unwrap();
    fs::create_dir_all(dir.join("folder/session.jsonl")).unwrap();
    fs::create_dir(dir.join("pipe")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        dir.join("pipe/session.jsonl"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    room.session("empty", b"").session("first-torn", &good[..40]).session("zeros", &[0; 5000]);
    room.session("other", b"{\"hello\": \"world\"}\n");
    room.session("last-line", &[&good[..], b"{}\n"].concat());
    room.session("second", &good[first_line + 1..]);
    room.session("fine", &good);
    fs::write(dir.join("a-file"), "is no session").unwrap();
    let list = room.list();
    assert_eq!(list.len(), 10);
    assert_eq!(list[0]["state"], "open", "what can be read comes first");
    for damaged in &list[1..] {
        assert_eq!(damaged["state"], "damaged", "{damaged}");
        assert!(damaged["why"].as_str().is_some_and(|why| why.len() > 15), "{damaged}");
        assert_eq!(damaged["next"][1], "verify");
    }
    let (code, _) = room.call(&["verify", "sessions/last-line"]);
    assert_eq!(code, Some(6), "the command that is named says it too");
}

#[test]
fn a_record_that_is_open_to_write_is_running() {
    let room = Room::new();
    room.session("one", &record(3, |_| {}, nothing));
    assert_eq!(room.list()[0]["running"], false);
    let file = fs::File::open(room.0.path().join("sessions/one/session.jsonl")).unwrap();
    file.lock().unwrap();
    let one = &room.list()[0];
    assert_eq!((&one["running"], &one["state"]), (&Value::Bool(true), &Value::from("running")));
    assert!(one["words"].as_str().unwrap().starts_with("running now: "), "{one}");
}

#[test]
fn a_long_record_says_where_it_stands_from_far_behind_its_end() {
    let room = Room::new();
    // A stop, and after it so many notes that the first look at the end does not reach it.
    let noted = |world: &mut World| {
        let answer = world.right_answer().unwrap();
        world.command(answer);
        world.command(Command::Stop);
        while world.deliver().is_some() {}
        for _ in 0..400 {
            world.command(Command::Note { words: "so it goes ".repeat(100) });
        }
    };
    let bytes = record(8, |_| {}, noted);
    assert!(bytes.len() > 500_000);
    room.session("long", &bytes);
    let one = &room.list()[0];
    assert!(one["words"].as_str().unwrap().contains("next is stage ASSESS"), "{one}");
    assert_eq!(one["entries"], bytes.iter().filter(|byte| **byte == b'\n').count());
}

#[test]
fn who_went_on_with_it_last_is_its_operator() {
    let room = Room::new();
    let resumed = |world: &mut World| {
        let address = world.drive.session.address.clone();
        world.command(Command::Resume { operator: "bea".to_owned(), torn_bytes: 0, address });
        while world.deliver().is_some() {}
    };
    room.session("one", &record(3, |header| header.opened = at(1), nothing));
    room.session("two", &record(3, |header| header.opened = at(0), resumed));
    let operators: Vec<Value> = room.list().iter().map(|one| one["operator"].clone()).collect();
    assert_eq!(operators, ["ada", "bea"]);
}

#[test]
fn a_session_is_named_in_many_ways() {
    let room = Room::new();
    let opened = |day: i64| move |header: &mut Header| header.opened = at(day);
    let id = |header: &mut Header| {
        header.opened = at(3);
        header.session = "01a205b3-5290-7064-9acc-1c2d3e4f5a6b".to_owned();
    };
    room.session("20261122-one", &record(1, opened(1), nothing));
    room.session("20261122-two", &record(1, opened(2), nothing));
    room.session("20261123", &record(1, id, nothing));
    room.session("20261123-again", &record(1, opened(0), nothing));
    // There is no plan in these folders: which one was meant is in what is said of it.
    let meant = |word: &str| room.call(&["verify", word]).1;
    for (word, name) in [
        ("sessions/20261122-one", "20261122-one"),
        ("sessions/20261122-one/", "20261122-one"),
        ("sessions/20261122-one/session.jsonl", "20261122-one"),
        ("20261122-t", "20261122-two"),
        ("20261123", "20261123"),
        ("latest", "20261123"),
        ("01a205b3", "20261123"),
    ] {
        let said = meant(word);
        assert!(said.contains("files cannot be read"), "{word} is none of them: {said}");
        fs::rename(room.0.path().join("sessions").join(name), room.0.path().join("aside")).unwrap();
        let said = meant(word);
        assert!(
            !said.contains("files cannot be read") || word == "latest" || word == "20261123",
            "{word}: {said}"
        );
        fs::rename(room.0.path().join("aside"), room.0.path().join("sessions").join(name)).unwrap();
    }
    for (word, what) in [
        ("20261122", "is the beginning of 2 sessions"),
        ("latst", "did you mean latest?"),
        ("2026112-one", "did you mean 20261122-one?"),
        ("elsewhere", "`ceremony list` shows them"),
        ("sessions/none", "there is no session 'sessions/none'"),
    ] {
        let (code, said) = room.call(&["replay", word]);
        assert_eq!(code, Some(2), "{said}");
        assert!(
            said.contains(what) && said.contains("  why:  ") && said.contains("  next: "),
            "{word}: {said}"
        );
    }
}

#[test]
fn where_there_are_none_it_says_so() {
    let room = Room(TempDir::with_prefix("ceremony-").unwrap());
    let (code, said) = room.call(&["list"]);
    assert_eq!((code, said.contains("no sessions in sessions")), (Some(0), true), "{said}");
    assert_eq!(room.list(), Vec::<Value>::new());
    let (code, said) = room.call(&["list", "nowhere"]);
    assert!(code == Some(2) && said.contains("there is no folder nowhere"), "{said}");
}
