//! T2: whole real runs over a server that holds hostile names and says hostile things, everything that the program
//! writes captured raw: terminals, lines, errors, reports, logs.

use crate::pty::{ENTER, ESCAPE};
use crate::room::Ceremony;
use crate::sequences::{Sequence, foreign_to_cockpit, foreign_to_text, sequences};
use crate::support::effort::figures;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const FOUNDATIONS: &str = "migrations/20260117000000_calendar_sync_foundations.sql";
const UNIQUENESS: &str = "migrations/20260118000000_fix_external_calendar_events_uniqueness.sql";

/// What the server says, as the inside of an `E''` string.
const SAID: &str = r"\x1b[2J\x1b[31m\x1b]0;owned\x07\x1b]52;c;cm0=\x07\x1bPq\x1b\\\u009b2J\u0085\u202Elive\u202c\u2066\u200d\u200b\x08\x08\r\x0e e\u0301\u0302\u0303\u0304 \u1100\u1161a\u1161 \U0001F44D\U0001F3FD \U000E0041 \u65e5\u672c \uFF9E\u05c8\uFFFD\t\nerror: forged\n  next: rm -rf /";

/// Names, as the inside of a `U&""` identifier.
const NAMED: &str = r"\001b[31mred\0007\009b2J\202elive\0301\200d\1161";

/// A ceremony whose first migration makes and says hostile things, and whose second one fails with them.
fn hostile_ceremony() -> Ceremony {
    let ceremony = Ceremony::copy();
    let before_commit = |text: String, sql: &str| {
        let at = text.rfind("COMMIT;").unwrap();
        format!("{}{sql}\n{}", &text[..at], &text[at..])
    };
    let made = format!(
        "-- a comment with \u{1b}[2J\u{9b}31m\u{202e} in it\n\
         DO $x$ BEGIN RAISE NOTICE USING MESSAGE = E'{SAID}', DETAIL = E'detail {SAID}', HINT = E'hint {SAID}'; END $x$;\n\
         CREATE TYPE public.U&\"e{NAMED}\" AS ENUM (U&'{NAMED}', 'plain');\n\
         CREATE TABLE public.U&\"t{NAMED}\" (U&\"c{NAMED}\" public.U&\"e{NAMED}\", U&\"d{NAMED}\" text DEFAULT E'{SAID}');\n\
         INSERT INTO public.U&\"t{NAMED}\" VALUES (U&'{NAMED}', E'{SAID}');\n\
         SELECT E'{SAID}' AS U&\"s{NAMED}\";\n"
    );
    ceremony.edit(FOUNDATIONS, |text| before_commit(text, &made));
    let fails = format!(
        "DO $x$ BEGIN RAISE EXCEPTION USING MESSAGE = E'{SAID}', DETAIL = E'detail {SAID}', HINT = E'hint {SAID}', TABLE = E'{SAID}', \
         SCHEMA = E'{SAID}', COLUMN = E'{SAID}', CONSTRAINT = E'{SAID}', ERRCODE = '23505'; END $x$;"
    );
    ceremony.edit(UNIQUENESS, |text| before_commit(text, &fails));
    ceremony.edit("ceremony.toml", |text| {
        let lenient =
            text.replace("planned_minutes = 120", "undeclared = \"finding\"\nplanned_minutes = 120");
        lenient.replace(
            "title = \"Calendar migration ceremony\"",
            "title = \"Calendar \\u001B[31m\\u009B2J\\u202Emigration\"",
        )
    });
    ceremony
}

/// The program without a terminal.
fn run(ceremony: &Ceremony, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ceremony"));
    command.args(arguments).current_dir(ceremony.folder()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command.env("XDG_CONFIG_HOME", "/nonexistent").env("RUST_BACKTRACE", "0").output().unwrap()
}

/// Text that was written: nothing of it acts. Tabs stand between columns of reports.
#[track_caller]
fn assert_text(what: &str, bytes: &[u8]) {
    let foreign: Vec<Sequence> =
        foreign_to_text(bytes).into_iter().filter(|it| *it != Sequence::Control(b'\t')).collect();
    assert!(foreign.is_empty(), "{what}: {foreign:?}\n{}", String::from_utf8_lossy(bytes).escape_debug());
    // Nor does anything stand there that changes the order of letters, or is none.
    let text = String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| panic!("{what} is not UTF-8"));
    for bad in ['\u{202e}', '\u{2066}', '\u{200d}', '\u{200b}', '\u{e0041}'] {
        assert!(!text.contains(bad), "{what} has {}", bad.escape_unicode());
    }
    let forged = text
        .lines()
        .any(|line| line.starts_with("error: forged") || line.trim_start().starts_with("next: rm"));
    assert!(!forged || what.contains("report"), "{what} has a forged line\n{text}");
}

/// What was written to a terminal, with the program's clipboard and bell as `also`.
#[track_caller]
fn assert_terminal(what: &str, raw: &[u8]) {
    let foreign = foreign_to_cockpit(raw);
    assert!(foreign.is_empty(), "{what}: {foreign:?}");
    assert!(sequences(raw).len() > 20, "{what}: nothing was drawn");
}

/// Every file of the log: a line an event, nothing that acts.
fn assert_logs(session: &Path) -> usize {
    let mut lines = 0;
    for log in session.join("log").read_dir().unwrap() {
        let bytes = std::fs::read(log.unwrap().path()).unwrap();
        assert_text("the log", &bytes);
        let text = String::from_utf8(bytes).unwrap();
        for line in text.lines() {
            assert!(
                line.starts_with("20") && line.contains('Z'),
                "a line of the log begins in the middle: {line}"
            );
            lines += 1;
        }
    }
    lines
}

/// Every face that shows a session, walked through; returns the bytes of the terminals.
fn looked_at(ceremony: &Ceremony, verbs: &[&str]) -> (usize, u64) {
    let session = ceremony.session();
    let dir = session.to_str().unwrap().to_owned();
    let (mut bytes, mut screens) = (0, 0);
    for verb in verbs {
        let arguments: Vec<&str> = match *verb {
            "compare" => vec!["compare", &dir, &dir],
            verb => vec![verb, &dir],
        };
        let mut screen = ceremony.open(120, 40, &arguments);
        screen.wait_for("the first frame", |screen| {
            screen.text().contains("q ") || screen.text().contains("? help")
        });
        for keys in [
            "1", "2", "3", "4", "5", "6", "7", "8", "G", "n", ENTER, "j", "\t", "z", "z", "?", ESCAPE, "p",
            ESCAPE,
        ] {
            screen.send(keys);
            screen.pause(Duration::from_millis(40));
        }
        screen.send(ESCAPE);
        screen.pause(Duration::from_millis(60));
        screen.send("q");
        screen.pause(Duration::from_millis(60));
        screen.send("y");
        let left = screen.end();
        assert_terminal(verb, &left.raw);
        left.assert_restored();
        assert!(left.status.exit_code() < 100, "{verb} ended with {}", left.status);
        bytes += left.raw.len();
        screens += 1;
    }
    (bytes, screens)
}

/// Every subcommand that says something of a session.
fn said_of(ceremony: &Ceremony) -> usize {
    let session = ceremony.session();
    let dir = session.to_str().unwrap().to_owned();
    let mut bytes = 0;
    for arguments in [
        vec!["verify", dir.as_str()],
        vec!["list", ceremony.folder().to_str().unwrap()],
        vec!["list", "--json", ceremony.folder().to_str().unwrap()],
        vec!["compare", "--plain", dir.as_str(), dir.as_str()],
        vec!["report", dir.as_str()],
        vec!["report", dir.as_str(), "--format", "json", "--output", "-"],
        vec!["report", dir.as_str(), "--format", "html", "--output", "-"],
        vec!["report", dir.as_str(), "--format", "junit", "--output", "-"],
        vec!["report", dir.as_str(), "--format", "cast", "--output", "-"],
        vec!["plan"],
        vec!["check"],
        vec![
            "sign",
            dir.as_str(),
            "--role",
            "lead",
            "--as",
            "ada\x1b[2J\nerror: forged",
            "--key",
            "no\x1b]0;x\x07key",
        ],
        vec!["verify", "no\x1b[2Jsuch\nerror: forged\n  next: rm\u{202e}"],
        vec!["run", "--headless", "--yes", "--url", "postgresql://u\x1b[2J@evil\x07/\u{202e}"],
        vec!["run", "--\x1b[31mforged\nerror: forged"],
        vec!["replay", "\u{9b}2J\r\n"],
        vec!["--theme", "\x1b[2J\nerror: forged", "config"],
        vec!["--definition", "x\x1b[2J\nerror: forged.toml", "check"],
    ] {
        let output = run(ceremony, &arguments);
        for (what, out) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            let report = if arguments[0] == "report" { "report " } else { "" };
            assert_text(&format!("{report}{what} of {arguments:?}"), out);
            bytes += out.len();
        }
        assert!(
            output.status.code().is_some_and(|code| code < 100),
            "{arguments:?} ended with {:?}",
            output.status
        );
    }
    bytes
}

#[test]
fn a_run_without_a_screen_over_a_hostile_server() {
    let ceremony = hostile_ceremony();
    let dir = ceremony.session();
    let output = run(
        &ceremony,
        &[
            "--session",
            dir.to_str().unwrap(),
            "--operator",
            "ada\x1b[2J\u{202e}",
            "run",
            "--headless",
            "--yes",
        ],
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let what = format!("{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains('\u{241b}') && text.contains("23505"), "the server's words were shown\n{what}");
    let bytes: usize = [&output.stdout, &output.stderr].iter().map(|out| out.len()).sum();
    assert_text("stdout", &output.stdout);
    assert_text("stderr", &output.stderr);
    let record = std::fs::read_to_string(dir.join("session.jsonl")).unwrap();
    assert!(record.contains("\\u001b[2J") && record.contains('\u{202e}'), "the record has them as they came");
    let lines = assert_logs(&dir);
    let said = said_of(&ceremony);
    let (drawn, screens) = looked_at(&ceremony, &["replay", "review", "compare", "watch"]);
    figures(
        "T2",
        &format!(
            "a run without a screen ({bytes} bytes), {lines} lines of log, 18 other commands ({said} bytes), {screens} screens of it ({drawn} bytes): 0 foreign"
        ),
    );
}

#[test]
fn the_cockpit_over_a_hostile_server() {
    let ceremony = hostile_ceremony();
    let mut screen = ceremony.start(120, 40);
    while !screen.has("STOP THE WORLD") {
        screen
            .wait_for("a gate or a stop", |screen| screen.has("STOP THE WORLD") || screen.phrase().is_some());
        if screen.phrase().is_some() {
            for key in ["2", "3", "4", "1"] {
                screen.send(key);
                screen.pause(Duration::from_millis(40));
            }
            screen.confirm();
        }
    }
    for key in ["v", "1", "2", "3", "4", "5", "8", "y", "v"] {
        screen.send(key);
        screen.pause(Duration::from_millis(60));
    }
    let left = screen.quit();
    let copies: Vec<Sequence> = foreign_to_cockpit(&left.raw);
    // What was copied is the program's own, and what is in it is base 64.
    for copy in &copies {
        let Sequence::String(']', text) = copy else { panic!("{copy}") };
        let coded = text.strip_prefix("52;c;").unwrap_or_else(|| panic!("{copy}"));
        assert!(coded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)));
    }
    left.assert_restored();
    let text = String::from_utf8_lossy(&left.raw);
    assert!(text.contains('\u{241b}') && text.contains("202E"), "the server's words were shown");
    let lines = assert_logs(&ceremony.session());
    figures(
        "T2",
        &format!(
            "the cockpit from its first gate to a stop ({} bytes), {lines} lines of log: 0 foreign",
            left.raw.len()
        ),
    );
    ceremony.wait_until_gone();
}

#[test]
fn sessions_that_were_made_up_to_be_hostile() {
    let ceremony = Ceremony::copy();
    let strings = crate::folder::hostile_session(ceremony.folder(), &ceremony.session(), 9);
    let said = said_of(&ceremony);
    let (drawn, screens) = looked_at(&ceremony, &["replay", "review", "compare", "watch"]);
    figures(
        "T2",
        &format!(
            "a made-up record with {strings} hostile strings: {said} bytes of lines, {screens} screens ({drawn} bytes): 0 foreign"
        ),
    );
}
