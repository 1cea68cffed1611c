//! `ceremony help TOPIC`: what belongs to no subcommand, from the tables that the cockpit itself goes by.

use crate::session::{HaltCondition, Stage};
use crate::tui::keymap::{Context, KEYMAP};
use std::ffi::OsString;
use std::fmt::Write as _;

type Topic = (&'static [&'static str], fn() -> String);

const TOPICS: &[Topic] = &[
    (&["keys"], keys),
    (&["gates", "gate"], gates),
    (&["stop"], stop),
    (&["record"], record),
    (&["codes", "exit-codes", "exit"], exit_codes),
    (&["environment", "env"], environment),
];

const CODES: &[(u8, &str)] = &[
    (0, "pass, or done"),
    (1, "unexpected error"),
    (2, "wrong usage or definition"),
    (3, "a gate waits for an answer, or the session was left"),
    (4, "closed with another verdict than a pass; something is not the same"),
    (5, "the world is stopped"),
    (6, "a record that cannot be trusted"),
    (7, "not signed off, or the policy does not let you sign"),
    (8, "two sessions differ in what counts"),
];

/// The topics by name.
pub(super) fn names() -> String {
    TOPICS.iter().map(|(names, _)| names[0]).collect::<Vec<_>>().join(", ")
}

/// The text of the topic that `arguments` ask for, if they ask for one.
pub(super) fn asked(arguments: &[OsString]) -> Option<String> {
    let [_, help, word, rest @ ..] = arguments else { return None };
    if help != "help" || rest.len() > 1 {
        return None;
    }
    let word = word.to_str()?.to_lowercase();
    let found = TOPICS.iter().find(|(names, _)| names.contains(&word.as_str()));
    match rest.first() {
        // "exit codes" is one topic.
        Some(second) if word != "exit" || !second.eq_ignore_ascii_case("codes") => None,
        _ => found.map(|(_, text)| text()),
    }
}

/// The exit codes.
pub(super) fn exit_codes() -> String {
    let mut text = "Exit codes:\n".to_owned();
    for (code, words) in CODES {
        let _ = writeln!(text, "  {code}  {words}");
    }
    text
}

/// What a manual page says of the whole; lines stay as they are.
pub(super) fn sections() -> Vec<(&'static str, String, bool)> {
    let codes: Vec<String> = CODES.iter().map(|(code, words)| format!("{code}  {words}")).collect();
    vec![
        ("Exit codes", codes.join("\n"), true),
        ("Keys", keys(), true),
        ("Gates", gates(), true),
        ("Stop", stop(), true),
        ("Files", record(), true),
        ("Environment", environment(), true),
    ]
}

fn keys() -> String {
    let mut text = "Every key, by where it means something; ? shows them in the cockpit.\n".to_owned();
    let mut contexts: Vec<Context> = Vec::new();
    for binding in KEYMAP {
        if !contexts.contains(&binding.context) {
            contexts.push(binding.context);
        }
    }
    for context in contexts {
        let _ = writeln!(text, "\n{}", context.title());
        text.push_str(&keys_of(context));
    }
    text
}

fn keys_of(context: Context) -> String {
    let mut text = String::new();
    for binding in KEYMAP.iter().filter(|binding| binding.context == context) {
        let keys: Vec<String> = binding.keys.iter().map(|key| key.name()).collect();
        let _ = writeln!(text, "  {:<16} {}", keys.join(" "), binding.help);
    }
    text
}

fn gates() -> String {
    format!(
        "\
A gate stands before every step and waits for a person. It says what will happen,
on which database, what it locks, how it is undone and what will be checked. It is
answered by typing its phrase, letter for letter; Enter alone does nothing, pasted
text is not taken, and nobody answering is a no.

A migration in a transaction has a second gate: the proof is on the screen while
the transaction is still open. Typing discard there rolls it back.

A rollback has a gate that names the target, and one more that names the tables
whose rows die.

At a gate
{}
At the commit gate
{}
Typing an answer
{}
Without a screen
  A TOML file answers them, with --headless --answers FILE:

    \"preflight/target\" = \"check\"
    \"apply/foundations\" = \"apply foundations to {{target}}\"
    \"apply/foundations commit\" = \"{{phrase}}\"
    rollback = \"{{phrase}}\"
    assess = \"what was found\"
    decide = \"roll back: why\"
    document = \"the issue and its resolution\"

  {{target}} and {{phrase}} are filled in; a gate that is met more than once takes a
  list. `ceremony plan` lists the steps.
",
        keys_of(Context::Gate),
        keys_of(Context::Commit),
        keys_of(Context::Answer),
    )
}

fn stop() -> String {
    let mut text = "\
STOP THE WORLD. Any one of eight conditions halts everything; so do Ctrl-C, S, and a
step that keeps others waiting too long. The open transaction is rolled back.

Conditions
"
    .to_owned();
    for condition in HaltCondition::ALL {
        let _ = writeln!(text, "  {}  {}", condition.number(), condition.words());
    }
    text.push_str("\nStages, in this order; nothing else is accepted until they are done\n");
    for stage in Stage::ALL {
        let words = match stage {
            Stage::Stop => "everything stands still; done by the stop itself",
            Stage::Assess => "a person writes what was found",
            Stage::Decide => "resume, roll back or abandon, and why",
            Stage::Execute => "what was decided is done by the program",
            Stage::Document => "a person writes the issue and its resolution",
        };
        let _ = writeln!(text, "  {:<9} {words}", stage.word());
    }
    let _ = write!(text, "\nWhen the world is stopped\n{}", keys_of(Context::Stopped));
    let _ = write!(text, "\nAlways, when driving\n{}", keys_of(Context::Drive));
    text.push_str("\nA stop can be left with q and gone on with: ceremony resume latest. Exit code 5.\n");
    text
}

fn record() -> String {
    "\
A session is a folder. What it decided is in session.jsonl, one JSON line for each
decision, written and synced before anything is done.

  session.jsonl  the record; each line holds the SHA-256 of all bytes before it
  files/         the definition and every file it names, as they were run
  plan.json      what was planned from them
  origin.json    where it came from on this machine
  backup/        rows copied out, scripts that put them back, the schema
  review/        what readers saw and noted
  signoff/       statements and signatures
  rehearsal.json what a rehearsal took
  report.md      generated from the record by `ceremony report`
  log/, server/  the log, and the session's own PostgreSQL

Anybody can check the chain without this program:

  head -n 41 session.jsonl | sha256sum           # is .prev of line 42
  sed -n 42p session.jsonl | jq -r .prev

`ceremony verify` does it for every line, compares files/ with the sums in the first
entry, and decides everything again. The four words on the screen are the first 64
bits of the head, the SHA-256 of the whole file.

A subcommand that takes a session takes its folder, its session.jsonl, the beginning
of its name or id under ./sessions, or `latest`.
"
    .to_owned()
}

fn environment() -> String {
    "\
Variables that are listened to:

  DATABASE_URL   the database, after --url and the definition's `url`
  PGPASSWORD     its password, if the URL has none; then ~/.pgpass
  PG_BINDIR      where PostgreSQL's server programs are
  USER, LOGNAME  who drives, without --operator
  NO_COLOR       not empty: no colours
  TERM, LANG, LC_ALL, LC_CTYPE
                 ASCII only, where the locale is not UTF-8 or the terminal is dumb
  CEREMONY_LOG   what the session's log says: info, debug, sqlx=debug, …

Others that could turn a connection to somewhere else (PGHOSTADDR, PGSERVICE,
PGOPTIONS, …) are refused by name.
"
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(words: &str) -> Option<String> {
        let words: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
        asked(&words)
    }

    #[test]
    fn topics_are_asked_for_by_any_spelling() {
        for words in [
            "ceremony help GATES",
            "ceremony help exit codes",
            "ceremony help exit-codes",
            "ceremony help Keys",
        ] {
            assert!(ask(words).is_some(), "{words}");
        }
        for words in ["ceremony help", "ceremony help run", "ceremony help gates keys", "ceremony gates"] {
            assert_eq!(ask(words), None, "{words}");
        }
    }

    #[test]
    fn topics_at_80_columns() {
        for (names, text) in TOPICS {
            let text = text();
            let long = text.lines().find(|line| line.chars().count() > 86);
            assert_eq!(long, None, "{names:?}");
            // Keys are many, and change; that none is missing is what matters.
            if names[0] == "keys" {
                for binding in KEYMAP {
                    assert!(text.contains(binding.help), "{}", binding.help);
                }
            } else {
                insta::assert_snapshot!(format!("topic_{}", names[0]), text);
            }
        }
    }
}
