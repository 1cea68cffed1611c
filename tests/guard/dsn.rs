//! Connection strings: what our grammar lets through must be for libpq exactly what it is for us.

use crate::effort::{effort, figures};
use ceremony::runner::fake::Seed;
use ceremony::runner::guard::{Dsn, Host, Secret, Ssl, parse};
use serde_json::{Map, Value};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Texts tried in the short form.
const TEXTS: u64 = 60_000;
/// So many are asked at once: fewer than fill a pipe.
const BATCH: usize = 100;

/// Good ones of every form, to be broken.
const GOOD: &[&str] = &[
    "postgresql://postgres:postgres@127.0.0.1:54322/postgres",
    "postgres://a@localhost:5432/calendar",
    "postgresql://a:b@[::1]:1/c",
    "postgresql://a:b@127.0.0.1:65535/c?sslmode=disable",
    "postgresql://a:b@localhost:5432/c?application_name=a%20b&sslmode=prefer",
    "postgresql://a:p%40ss%3Aw%2F%25%C3%A4@127.0.0.1:5432/c%20d",
    "postgresql://a@/c?host=/var/run/postgresql",
    "postgresql://a:b@/c?host=/tmp&port=5433&sslmode=disable",
];

/// What leads elsewhere if it is read otherwise than we do.
const PIECES: &[&str] = &[
    "@",
    ":",
    "/",
    "?",
    "&",
    "=",
    ",",
    "%",
    "#",
    "\\",
    "[",
    "]",
    ".",
    "-",
    "+",
    "%40",
    "%2F",
    "%3A",
    "%3F",
    "%00",
    "%2C",
    "%25",
    "%5B",
    "%3D",
    "%23",
    "prod",
    "10.0.0.5",
    "@prod",
    ",prod",
    "@10.0.0.5:5432/",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "host=prod",
    "hostaddr=10.0.0.5",
    "port=1",
    "dbname=x",
    "service=s",
    "options=-c",
    "user=x",
    "sslmode=",
    "passfile=/x",
    "target_session_attrs=any",
    "&host=",
    "?host=",
    "&hostaddr=",
    "/tmp",
    "//",
    "..",
    "postgres://",
    "0",
    "00",
    "::",
    "%",
    "@@",
    "a",
    "é",
    "%C3%A9",
    "\u{202e}",
    " ",
    "'",
    "\"",
    ";",
    "|",
    "host",
    "hostaddr",
    "load_balance_hosts=random",
    "ssl=true",
];

/// A good one with up to three changes, or pieces without any order.
fn text(seed: &mut Seed) -> String {
    let pick = |seed: &mut Seed, from: &[&'static str]| from[seed.below(from.len() as u64) as usize];
    if seed.once_in(8) {
        let pieces: String = (0..seed.below(12)).map(|_| pick(seed, PIECES)).collect();
        return format!("postgresql://a:b@{pieces}");
    }
    let mut text: Vec<char> = pick(seed, GOOD).chars().collect();
    for _ in 0..=seed.below(3) {
        let at = seed.below(text.len() as u64 + 1) as usize;
        let end = (at + seed.below(9) as usize).min(text.len());
        match seed.below(6) {
            0 | 1 => drop(text.splice(at..at, pick(seed, PIECES).chars())),
            2 => drop(text.splice(at..end, pick(seed, PIECES).chars())),
            3 => drop(text.drain(at..(at + 1).min(text.len()))),
            // A part twice, and one from somewhere else.
            4 => {
                let part = text[at..end].to_vec();
                let to = seed.below(text.len() as u64 + 1) as usize;
                drop(text.splice(to..to, part));
            }
            _ => {
                let other: Vec<char> = pick(seed, GOOD).chars().collect();
                let from = seed.below(other.len() as u64) as usize;
                text.truncate(at);
                text.extend(&other[from..]);
            }
        }
    }
    text.into_iter().collect()
}

/// libpq itself, asked through a process that goes on answering.
struct Libpq {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Libpq {
    fn new() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guard/libpq.py");
        let child = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("python3 starts: install python3 and libpq5");
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn ask(&mut self, texts: &[(String, Dsn)]) -> Vec<Option<Map<String, Value>>> {
        let mut pipe = BufWriter::new(self.child.stdin.as_mut().unwrap());
        for (text, _) in texts {
            writeln!(pipe, "{text}").unwrap();
        }
        // An empty line asks for all that was answered.
        writeln!(pipe).unwrap();
        pipe.flush().unwrap();
        drop(pipe);
        let mut answers: Vec<_> = (0..=texts.len())
            .map(|_| {
                let mut line = String::new();
                let read = self.out.read_line(&mut line).unwrap();
                assert_ne!(read, 0, "libpq is not there: install libpq5 (its words are above)");
                serde_json::from_str(&line).unwrap()
            })
            .collect();
        answers.pop();
        answers
    }
}

impl Drop for Libpq {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// What libpq must have understood, and nothing beside it.
fn expected(dsn: &Dsn) -> Map<String, Value> {
    let host = match &dsn.host {
        Host::Localhost => "localhost".to_owned(),
        Host::V4 => "127.0.0.1".to_owned(),
        Host::V6 => "::1".to_owned(),
        Host::Socket(folder) => folder.display().to_string(),
    };
    let ssl = dsn.ssl.map(|ssl| if ssl == Ssl::Disable { "disable" } else { "prefer" }.to_owned());
    let all = [
        ("user", Some(dsn.user.clone())),
        ("password", dsn.password.as_ref().map(Secret::expose).map(str::to_owned)),
        ("host", Some(host)),
        ("port", Some(dsn.port.to_string())),
        ("dbname", Some(dsn.database.clone())),
        ("sslmode", ssl),
        ("application_name", dsn.application_name.clone()),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))).collect()
}

/// How libpq's reading differs, in words; `None` when it is ours. An empty password is none; a socket's usual port need
/// not be written.
fn difference(dsn: &Dsn, mut found: Map<String, Value>) -> Option<String> {
    let expected = expected(dsn);
    if found.get("password").is_some_and(|it| it == "") {
        found.remove("password");
    }
    if matches!(dsn.host, Host::Socket(_)) && dsn.port == 5432 {
        found.entry("port").or_insert_with(|| "5432".into());
    }
    (found != expected).then(|| format!("libpq: {found:?}, ours: {expected:?}"))
}

#[test]
fn what_passes_is_for_libpq_what_it_is_for_us() {
    let (mut libpq, mut seed) = (Libpq::new(), Seed(1));
    let (mut let_through, mut tried) = (0, 0);
    let mut waiting: Vec<(String, Dsn)> = Vec::new();
    let mut refused_by_libpq = 0;
    let mut told_apart = std::collections::BTreeSet::new();
    while tried < TEXTS * effort() {
        tried += 1;
        let text = text(&mut seed);
        if let Ok(dsn) = parse(&text) {
            let_through += 1;
            if told_apart.len() < 1_000_000 {
                told_apart.insert(text.clone());
            }
            waiting.push((text, dsn));
        }
        if waiting.len() == BATCH || tried == TEXTS * effort() {
            for ((text, dsn), answer) in waiting.iter().zip(libpq.ask(&waiting)) {
                match answer {
                    Some(found) => assert_eq!(difference(dsn, found), None, "{text}"),
                    None => refused_by_libpq += 1,
                }
            }
            waiting.clear();
        }
    }
    assert!(
        let_through * 50 > tried,
        "too few are let through for this to say anything: {let_through} of {tried}"
    );
    figures(
        "G1",
        &format!(
            "{tried} texts, {let_through} let through ({} different), {refused_by_libpq} of them refused by libpq, 0 read otherwise by it",
            told_apart.len()
        ),
    );
}

/// The comparison is worth something: libpq reads these as another place than a careless grammar would.
#[test]
fn libpq_shows_where_a_careless_reading_would_lead() {
    let mut libpq = Libpq::new();
    let good = parse("postgresql://a:b@localhost:5432/c").unwrap();
    for (text, host) in [
        ("postgresql://a:b@localhost:5432@prod:5432/c", "localhost"),
        ("postgresql://a:b@localhost:5432,prod:5432/c", "localhost,prod"),
        ("postgresql://a:b@localhost:5432/c?host=prod", "prod"),
        ("postgresql://a:b@localhost:5432/c?hostaddr=10.0.0.5", "localhost"),
        ("postgresql://a:b@loc%61lhost:5432/c", "localhost"),
        ("postgresql://a:b@%2Fhome%2Fx:5432/c", "/home/x"),
    ] {
        assert!(parse(text).is_err(), "{text}");
        let answer = libpq.ask(&[(text.to_owned(), good.clone())]).remove(0);
        let Some(found) = answer else { continue };
        assert_eq!(found["host"], host, "{text}");
        let same_place = host == "localhost" && !found.contains_key("hostaddr") && found["port"] == "5432";
        assert!(same_place || difference(&good, found).is_some(), "{text}");
    }
}
