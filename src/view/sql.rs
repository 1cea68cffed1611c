//! The script that is about to run or runs, line by line, with the statement that was sent last and the error marked.

use super::Transcript;
use super::ink::{Row, Tone, width};
use crate::definition::{Script, StepKind};
use crate::plan::Subject;
use crate::session::{Phase, Session};

/// A line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlLine<'s> {
    /// The name of a script.
    Title(String),
    /// Line number in its file, text.
    Text {
        /// From 1.
        number: usize,
        /// Untrusted.
        text: &'s str,
        /// The statement that was sent last starts here.
        sent: bool,
    },
    /// Points at the column of the line above, where the error is.
    Error {
        /// From 1, in characters.
        column: usize,
        /// The text of the line above, which sets the caret's place.
        text: &'s str,
        /// The server's words.
        words: String,
    },
}

/// The scripts of a step.
pub fn scripts<'s>(session: &'s Session, id: &str) -> Vec<&'s Script> {
    let ceremony = &session.plan.ceremony;
    let Some(step) = session.step(id) else { return Vec::new() };
    if let Some(at) = step.migration {
        let migration = &ceremony.migrations[at];
        return vec![if step.kind == StepKind::RollBack {
            &migration.rollback.script
        } else {
            &migration.script
        }];
    }
    if step.kind == StepKind::Drill {
        let back = session.plan.order.iter().rev().map(|&at| &ceremony.migrations[at].rollback.script);
        return back.collect();
    }
    let subjects = step.checks.iter().map(|check| &check.subject);
    subjects
        .filter_map(|subject| match subject {
            Subject::Query(at) => Some(&ceremony.queries[*at].script),
            Subject::Negative(at) => Some(&ceremony.negatives[*at].script),
            _ => None,
        })
        .collect()
}

/// The lines of a step's scripts, and the place of the one that matters most.
pub fn sql<'s>(session: &'s Session, transcript: &Transcript, id: &str) -> (Vec<SqlLine<'s>>, Option<usize>) {
    let mut lines = Vec::new();
    let mut focus = None;
    let busy = matches!(session.phase, Phase::Running(_) | Phase::Stopped);
    let sent = transcript.statement.as_ref().filter(|(step, ..)| busy && step == id).map(|(_, at, _)| at);
    let stopped = session.escalation.as_ref().filter(|stop| stop.halt.step == id);
    let error = stopped.and_then(|stop| stop.halt.error.as_ref()).or(transcript.error.as_ref());
    for script in scripts(session, id) {
        lines.push(SqlLine::Title(script.name()));
        for (index, text) in script.text.lines().enumerate() {
            let number = script.first_line + index;
            let sent = sent.is_some_and(|at| at.file == script.file && at.line == number);
            if sent {
                focus = Some(lines.len());
            }
            lines.push(SqlLine::Text { number, text, sent });
            let Some(card) = error else { continue };
            if let Some(at) = card.at.as_ref().filter(|at| at.file == script.file && at.line == number) {
                focus = Some(lines.len());
                let words = format!("{} {} ({at})", card.sqlstate, card.message);
                lines.push(SqlLine::Error { column: at.column, text, words });
            }
        }
    }
    (lines, focus)
}

fn tabs(text: &str) -> String {
    text.replace('\t', "    ")
}

/// A line as a row.
pub fn sql_row(line: &SqlLine<'_>) -> Row {
    match line {
        SqlLine::Title(name) => Row::of(Tone::Dim, "── ").say(Tone::Strong, name),
        SqlLine::Text { number, text, sent } => {
            let (shape, tone) = if *sent { ("▶", Tone::Live) } else { (" ", Tone::Dim) };
            let row = Row::of(tone, shape).say(Tone::Dim, &format!("{number:>4} "));
            highlight(row, &tabs(text))
        }
        SqlLine::Error { column, text, words } => {
            let before: String = text.chars().take(column.saturating_sub(1)).collect();
            let before = Row::of(Tone::Plain, &tabs(&before)).plain();
            let caret = " ".repeat(6 + width(&before)) + "^ ";
            Row::of(Tone::Bad, "✗").say(Tone::Bad, caret.get(1..).unwrap_or("^ ")).say(Tone::Bad, words)
        }
    }
}

const KEYWORDS: &str = " add after all alter and any array as before begin between by cascade case check column comment commit \
    concurrently conflict constraint create cross declare default delete desc distinct do drop each else elsif end exception exclude \
    execute exists extension false for foreign from full function grant group having if in index inner insert into is join key \
    language left like limit lock loop not null of on or order outer perform policy primary procedure raise references rename \
    replace restrict return returning returns revoke right role rollback row schema select sequence set table then to trigger true \
    truncate type union unique update using validate values view when where with ";

/// Adds a line of SQL to `row`, its words told apart.
pub(super) fn highlight(mut row: Row, text: &str) -> Row {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (end, tone) = if rest.starts_with("--") {
            (rest.len(), Tone::Dim)
        } else if first == '\'' {
            let close = rest[1..].find('\'').map_or(rest.len(), |at| at + 2);
            (close, Tone::Literal)
        } else if is_word(first) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let known = KEYWORDS.contains(&format!(" {} ", rest[..end].to_lowercase()));
            (end, if known { Tone::Keyword } else { Tone::Plain })
        } else {
            let end = rest.find(|c| is_word(c) || c == '\'').unwrap_or(rest.len());
            let comment = rest.find("--").filter(|at| *at > 0).unwrap_or(end);
            (end.min(comment).max(first.len_utf8()), Tone::Plain)
        };
        row = row.say(tone, &rest[..end]);
        rest = &rest[end..];
    }
    row
}
