//! Trouble that ends the program: what, why, what next, and an exit code.

use super::out::three_parts;
use super::purpose::SESSIONS;
use crate::definition::Diagnostic;
use crate::driver::replay::Unreadable;
use crate::journal::FILE_NAME;
use crate::journal::file::JournalError;
use crate::runner::files::in_words;
use crate::runner::guard::Refused;
use crate::runner::server::ServerError;
use crate::runner::signoff::KeyTrouble;
use crate::view::clean_line;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Why the program ends without having done what was asked.
#[derive(Debug)]
pub struct Trouble {
    /// For the shell.
    pub code: u8,
    text: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Trouble {
    fn new(code: u8, what: impl fmt::Display, why: impl fmt::Display, next: impl fmt::Display) -> Self {
        let [what, why, next] =
            [what.to_string(), why.to_string(), next.to_string()].map(|it| clean_line(&it));
        Self { code, text: format!("error: {what}\n  why:  {why}\n  next: {next}") }
    }

    /// From a text with the three parts.
    fn told(code: u8, text: impl fmt::Display) -> Self {
        Self { code, text: three_parts(&text.to_string()) }
    }

    /// The options or files are wrong.
    pub fn usage(what: impl fmt::Display, why: impl fmt::Display, next: impl fmt::Display) -> Self {
        Self::new(2, what, why, next)
    }

    /// The definition has mistakes.
    pub fn definition(problems: &[Diagnostic]) -> Self {
        let mut text: Vec<String> = problems.iter().map(|it| three_parts(&it.to_string())).collect();
        text.push(match problems.len() {
            1 => "1 problem; nothing was started".to_owned(),
            count => format!("{count} problems; nothing was started"),
        });
        Self { code: 2, text: text.join("\n") }
    }

    /// The settings have mistakes.
    pub fn settings(problems: &[String]) -> Self {
        let each: Vec<String> = problems.iter().map(|it| three_parts(it)).collect();
        Self { code: 2, text: each.join("\n") }
    }

    /// The environment could redirect a connection.
    pub fn guard(refused: Refused) -> Self {
        Self::told(2, format_args!("error: {refused}"))
    }

    /// The target is not local, or not written as it must be.
    pub fn guard_from(refused: Refused, source: &str) -> Self {
        Self::told(2, format_args!("error: {source}: {refused}"))
    }

    /// There is no server to be had.
    pub fn server(error: ServerError) -> Self {
        Self::told(2, format_args!("error: {error}"))
    }

    /// A folder cannot be used.
    pub fn folder(folder: &Path, error: &io::Error) -> Self {
        let next = if folder.join(FILE_NAME).exists() {
            format!(
                "name another one with --session DIR; or go on with it: ceremony resume {}",
                folder.display()
            )
        } else {
            "name another one with --session DIR, or mend this one".to_owned()
        };
        Self::new(2, format!("cannot use the folder {}", folder.display()), in_words(error), next)
    }

    /// There is no session there.
    pub fn no_session(folder: &Path, error: &io::Error) -> Self {
        let next = if folder.join(SESSIONS).is_dir() {
            format!("name one of its sessions: ceremony list {}", folder.join(SESSIONS).display())
        } else {
            "name a folder below sessions/ that has a session.jsonl; `ceremony list` shows them".to_owned()
        };
        let why = match error.kind() {
            ErrorKind::NotFound if folder.is_dir() => format!("it has no {FILE_NAME}"),
            _ => in_words(error),
        };
        Self::new(2, format!("{} is not the folder of a session", folder.display()), why, next)
    }

    /// What a resume needs is not where it was.
    pub fn origin(what: impl fmt::Display, error: &io::Error, session: &Path) -> Self {
        Self::new(
            2,
            what,
            in_words(error),
            format!(
                "bring it back, or write into {} where the ceremony is now: {{\"folder\": …, \"definition\": …, \"url\": …}}",
                session.join("origin.json").display()
            ),
        )
    }

    /// The record cannot be read, written or trusted.
    pub fn journal(error: JournalError) -> Self {
        if let JournalError::Io { doing: "read" | "open", path, error } = &error
            && error.kind() == ErrorKind::NotFound
        {
            return Self::no_session(path.parent().unwrap_or(path), error);
        }
        if let JournalError::Io { doing: "read" | "open", path, error } = &error {
            return Self::new(
                1,
                format!("cannot read the record {}", path.display()),
                in_words(error),
                "make it a file that you may read and write, or restore it from a copy; nothing was changed",
            );
        }
        let code = match error {
            JournalError::Corrupt(..) => 6,
            JournalError::Locked(..) | JournalError::Unfit { .. } | JournalError::Format(..) => 2,
            JournalError::Io { .. } | JournalError::Poisoned => 1,
        };
        Self::told(code, format_args!("error: {error}"))
    }

    /// The session folder cannot be read back.
    pub fn unreadable(error: Unreadable) -> Self {
        match error {
            Unreadable::Journal(error) => Self::journal(error),
            Unreadable::Definition(problems) => Self { code: 6, ..Self::definition(&problems) },
            Unreadable::Changed(files) => {
                let all: Vec<String> =
                    files.iter().map(|it| format!("error: {}\n", clean_line(it))).collect();
                let text = all.concat() + Unreadable::CHANGED;
                Self { code: 6, text }
            }
            other => Self::told(6, format_args!("error: {other}")),
        }
    }

    /// The core would have decided something else.
    pub fn divergent(folder: &Path, entry: u64) -> Self {
        Self::new(
            6,
            format!("the record in {} does not follow from its own inputs (entry {entry})", folder.display()),
            "the core decides something else there: the record was made up, or files/ was changed",
            "look at it with `ceremony verify`; it cannot be gone on with",
        )
    }

    /// A session that nobody should sign or rely on.
    pub fn untrusted(folder: &Path, what: &str) -> Self {
        Self::new(
            6,
            format!("the session in {} cannot be trusted: {what}", folder.display()),
            "what is in the folder is not what was recorded or signed",
            "ask who changed it; do not sign it",
        )
    }

    /// A signature that the policy refuses.
    pub fn not_signed(what: impl fmt::Display, why: impl fmt::Display, next: impl fmt::Display) -> Self {
        Self::new(7, format!("not signed: {what}"), why, next)
    }

    /// A key that cannot be used.
    pub fn key(trouble: KeyTrouble) -> Self {
        Self::told(2, format_args!("error: {trouble}"))
    }

    /// The system refuses what it always gives.
    pub fn unexpected(error: &io::Error) -> Self {
        Self::new(1, "something unexpected", error, "try it again; if it stays, report it as a bug")
    }

    /// The screen does not work.
    pub fn terminal(error: &io::Error) -> Self {
        Self::no_terminal(error, "ceremony run --headless --answers FILE")
    }

    /// The screen does not work; this does without one.
    pub fn no_terminal(error: &io::Error, without: &str) -> Self {
        let next = format!("run it in one; or without a screen: {without}");
        Self::new(2, "the cockpit needs a terminal", in_words(error), next)
    }
}
