//! T10: words that must be nowhere. They are the target's password, and come up in rows, notices and errors; then
//! everything the program wrote or said is searched, in every form a secret takes.

use crate::clients::Own;
use crate::effort::figures;
use crate::room::*;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const SECRET: &str = "Canary-Zk7/p@ss%w:x\"y";
const KEY: &str = "sk_live_CanaryQ9vR2";

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = |chunk: &[u8]| {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        (0..=chunk.len())
            .map(|at| char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]))
            .collect::<String>()
    };
    bytes.chunks(3).map(letters).collect()
}

/// The forms of a secret: as it is, escaped in JSON, in percent form, in base64 at each alignment, in hex.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap();
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        percent(secret),
        percent(secret).to_lowercase(),
        secret.replace('%', "%25").replace('@', "%40").replace('/', "%2F").replace('"', "%22"),
        hex.to_uppercase(),
        hex,
    ];
    for skip in 0..3 {
        let text = base64(&secret.as_bytes()[skip..]);
        // The last letters depend on what follows.
        forms.push(text[..text.len() - 4].to_owned());
    }
    forms
}

/// Files below `folder` in which a form of a secret stands. A server's own data are its own.
fn hits(folder: &Path, secrets: &[&str]) -> (usize, Vec<String>) {
    let forms: Vec<String> = secrets.iter().flat_map(|secret| forms(secret)).collect();
    let (mut searched, mut found) = (0, Vec::new());
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                searched += 1;
                let bytes = fs::read(&path).unwrap();
                let holds =
                    |form: &&String| bytes.windows(form.len()).any(|window| window == form.as_bytes());
                found.extend(forms.iter().find(holds).map(|form| format!("{}: {form}", path.display())));
            }
        }
    }
    (searched, found)
}

#[test]
fn every_form_of_a_secret_is_found_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for (at, form) in forms(SECRET).into_iter().enumerate() {
        fs::write(folder.path().join(format!("f{at}")), format!("before {form} after")).unwrap();
    }
    let inside = base64(format!("xy{SECRET}zz").as_bytes());
    fs::write(folder.path().join("inside"), inside).unwrap();
    let (searched, found) = hits(folder.path(), &[SECRET]);
    assert_eq!((searched, found.len()), (11, 11), "{found:?}");
}

/// Processes started by `parent`, and theirs.
fn descendants(parent: u32) -> Vec<PathBuf> {
    let parent_of = |process: &Path| -> Option<u32> {
        let stat = fs::read_to_string(process.join("stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let all: Vec<(u32, u32)> = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, parent_of(&entry.path())?)))
        .collect();
    let mut family = vec![parent];
    let mut at = 0;
    while at < family.len() {
        let of = family[at];
        family.extend(all.iter().filter(|(_, parent)| *parent == of).map(|(pid, _)| *pid));
        at += 1;
    }
    family[1..].iter().map(|pid| PathBuf::from(format!("/proc/{pid}"))).collect()
}

/// Runs to the end; meanwhile every child's arguments and variables are searched. How many children were seen.
fn watched(room: &Room, command: std::process::Command, secrets: &[&str]) -> (Ended, usize) {
    // Where cores are forbidden anyway nobody sees whether the program forbids its own.
    let core = getrlimit(Resource::Core);
    setrlimit(Resource::Core, Rlimit { current: core.maximum, ..core }).unwrap();
    let mut running = room.spawn(command);
    let forms: Vec<String> = secrets.iter().flat_map(|secret| forms(secret)).collect();
    let mut seen = BTreeSet::new();
    until("the program ends", || {
        let limits = fs::read_to_string(format!("/proc/{}/limits", running.child.id())).unwrap_or_default();
        let core = limits.lines().find(|line| line.starts_with("Max core file size"));
        if let Some(core) = core.filter(|_| !seen.is_empty()) {
            assert!(core.split_whitespace().nth(4) == Some("0"), "a core may be written: {core}");
        }
        for child in descendants(running.child.id()) {
            for part in ["cmdline", "environ"] {
                let text = fs::read(child.join(part)).unwrap_or_default();
                let text = String::from_utf8_lossy(&text);
                let told = forms.iter().find(|form| text.contains(form.as_str()));
                assert_eq!(told, None, "{part} of a child: {text}");
                if !text.is_empty() {
                    seen.insert(child.clone());
                }
            }
        }
        running.child.try_wait().unwrap()
    });
    (running.end(), seen.len())
}

/// A server whose role `canary` has the secret for a password, and that tells it to whoever asks.
fn server() -> Own {
    let server = Own::new();
    let quoted = SECRET.replace('\'', "''");
    server.ask(&format!("CREATE ROLE canary SUPERUSER LOGIN PASSWORD '{quoted}'"));
    server.ask(&format!("ALTER DATABASE postgres SET app.secret = '{quoted}'"));
    server.ask(&format!("ALTER DATABASE postgres SET app.key = '{KEY}'"));
    server
}

fn room() -> Room {
    let room = Room::new();
    room.tolerant();
    room.define("planned_minutes = 120", "mask = [\"sk_live_*\"]\nplanned_minutes = 120");
    room.add(
        FOUNDATIONS,
        "DO $$ BEGIN RAISE NOTICE 'the secret is %, the key %', current_setting('app.secret'), current_setting('app.key'); END $$;\n\
         SELECT current_setting('app.secret') AS secret, current_setting('app.key') || ', and more' AS key;",
    );
    room.add(
        UNIQUENESS,
        "DO $$ BEGIN RAISE EXCEPTION 'no %', current_setting('app.secret') USING DETAIL = current_setting('app.key'), HINT = current_setting('app.secret'); END $$;",
    );
    room
}

#[test]
fn t10_no_secret_is_anywhere() {
    let (room, server) = (room(), server());
    let secrets = [SECRET, KEY];
    let url = format!("postgresql://canary:{}@127.0.0.1:{}/postgres", percent(SECRET), server.port());
    let bare = format!("postgresql://canary@127.0.0.1:{}/postgres", server.port());
    let note = [format!("decide on {SECRET}"), "abandon: it was only to see".to_owned()];
    let yes = room.yes().at_a_stop("abandon: it was only to see");
    let yes = yes.with("assess", &[&note[0]]);
    let mut command = room.answered(&["run", "--session", "session"], &yes);
    command.env("DATABASE_URL", &url);
    let (ended, children) = watched(&room, command, &secrets);
    assert!(children > 0, "no child was seen");
    fs::remove_file(room.path("answers-0.toml")).unwrap();
    let said = ended.said();
    assert!(said.contains("uniqueness"), "it came to the error: {said}");
    let record = fs::read_to_string(room.session().join("session.jsonl")).unwrap();
    for words in ["[masked: the target's password]", "[masked: mask pattern 1]", "\"report\":\"masked\""] {
        assert!(record.contains(words), "the record does not say {words}");
    }
    room.verify().with(0);
    // The password in a variable, in a second session; the first migration is there already.
    let mut second =
        room.answered(&["run", "--session", "second"], &room.yes().with("apply/foundations", &["{phrase}"]));
    second.env("DATABASE_URL", &bare).env("PGPASSWORD", SECRET);
    let (_, more) = watched(&room, second, &secrets);
    assert!(more > 0, "no child was seen");
    room.call(&["report", "session", "--format", "all"]).with(0);
    let wrong = [
        format!("postgresql://canary:{}@db.example.com:5432/postgres", percent(SECRET)),
        format!("postgresql://canary:{}@localhost@prod:5432/postgres", percent(SECRET)),
        format!("postgresql://canary:{SECRET}@127.0.0.1:5432/postgres"),
        format!("mysql://canary:{}@127.0.0.1:1/postgres", percent(SECRET)),
        format!("postgresql://canary:{}@127.0.0.1:1/postgres", percent(SECRET)),
        format!("postgresql://canary@127.0.0.1:5432/postgres?password={}", percent(SECRET)),
    ];
    for (at, wrong) in wrong.iter().enumerate() {
        let mut command = room.command(&["run", "--headless", "--yes", "--session", &format!("wrong-{at}")]);
        command.env("DATABASE_URL", wrong);
        let ended = room.spawn(command).end();
        assert_ne!(ended.code, Some(0), "{wrong}");
        assert!(!ended.said().contains("panicked"), "{}", ended.said());
    }
    let (searched, found) = hits(room.path("").as_path(), &secrets);
    assert_eq!(found, Vec::<String>::new());
    figures(
        "T10",
        &format!(
            "{searched} files in {} forms, {} children: {} hits",
            2 * forms(SECRET).len(),
            children + more,
            found.len()
        ),
    );
}
