//! The script that is about to run or runs, line by line, with the statement that was sent last and the error marked.

use super::Transcript;
use super::ink::{Row, Tone, width};
use super::sql_ink::Inside;
use crate::definition::{Place, Script, StepKind};
use crate::plan::Subject;
use crate::session::{ErrorCard, Phase, Session};

/// Columns before a line's text: its mark and its number.
const GUTTER: usize = 6;
/// No line is looked at further than this, characters.
const LINE_MAX: usize = 4_000;

/// A line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlLine<'s> {
    /// The name of a script, and how many of its statements ran.
    Title(String, usize),
    /// Line number in its file, text.
    Text {
        /// From 1.
        number: usize,
        /// Untrusted.
        text: &'s str,
        /// What became of the statement that starts here.
        sent: Sent,
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
    /// More of the server's words.
    Words(String),
}

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Not sent yet, or no statement starts here.
    No,
    /// The last one that was sent.
    Last,
    /// It ran.
    Ran,
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

/// The error that the step's scripts are marked with.
fn error<'s>(session: &'s Session, transcript: &'s Transcript, id: &str) -> Option<&'s ErrorCard> {
    let stopped = session.escalation.as_ref().filter(|stop| stop.halt.step == id);
    stopped.and_then(|stop| stop.halt.error.as_deref()).or(transcript.error.as_deref())
}

/// The lines of a step's scripts, and the place of the one that matters most. What the server says of an error goes
/// beside its place, or below it where `columns` have no room for that.
pub fn sql<'s>(
    session: &'s Session,
    transcript: &Transcript,
    id: &str,
    columns: usize,
) -> (Vec<SqlLine<'s>>, Option<usize>) {
    let mut lines = Vec::new();
    let mut focus = None;
    let busy = matches!(session.phase, Phase::Running(_) | Phase::Stopped);
    let last = transcript.statement.as_ref().filter(|(step, ..)| busy && step == id).map(|(_, at, _)| at);
    let error = error(session, transcript, id);
    for script in scripts(session, id) {
        let ran = transcript.ran.get(&script.file);
        let to = script.first_line + script.text.lines().count();
        let count = ran.map_or(0, |ran| ran.range(script.first_line..to).count());
        lines.push(SqlLine::Title(script.name(), count));
        for (index, text) in script.text.lines().enumerate() {
            let number = script.first_line + index;
            let sent = match last {
                Some(at) if at.file == script.file && at.line == number => Sent::Last,
                _ if ran.is_some_and(|ran| ran.contains(&number)) => Sent::Ran,
                _ => Sent::No,
            };
            if sent == Sent::Last {
                focus = Some(lines.len());
            }
            lines.push(SqlLine::Text { number, text, sent });
            let Some(card) = error else { continue };
            if let Some(at) = card.at.as_ref().filter(|at| at.file == script.file && at.line == number) {
                focus = Some(lines.len());
                let words = format!("{} {} ({at})", card.sqlstate, card.message);
                lines.extend(error_lines(at.column, text, words, columns));
            }
        }
    }
    (lines, focus)
}

/// The place of a step's scripts to look at: that of line `top` of [`sql`], or of the error, of the statement that was
/// sent last, of the first line.
pub fn sql_place(session: &Session, transcript: &Transcript, id: &str, top: Option<usize>) -> Option<Place> {
    if let Some(at) =
        error(session, transcript, id).and_then(|card| card.at.as_ref()).filter(|_| top.is_none())
        && scripts(session, id).iter().any(|script| script.file == at.file)
    {
        return Some(at.clone());
    }
    let (lines, focus) = sql(session, transcript, id, usize::MAX);
    let wanted = top.or(focus).unwrap_or(0);
    let mut index = 0;
    for script in scripts(session, id) {
        let first = Place { file: script.file.clone(), line: script.first_line, column: 1 };
        let mut place = first;
        // Its title stands above its lines, an error below one of them.
        index += 1;
        while let Some(line) = lines.get(index).filter(|line| !matches!(line, SqlLine::Title(..))) {
            if let SqlLine::Text { number, .. } = line {
                place.line = *number;
            }
            if index >= wanted {
                return Some(place);
            }
            index += 1;
        }
        if index > wanted {
            return Some(place);
        }
    }
    None
}

fn tabs(text: &str) -> String {
    let end = text.char_indices().nth(LINE_MAX).map_or(text.len(), |(at, _)| at);
    text[..end].replace('\t', "    ")
}

/// The rows below a line with an error in it.
fn error_lines(column: usize, text: &str, words: String, columns: usize) -> Vec<SqlLine<'_>> {
    let bare = SqlLine::Error { column, text, words: String::new() };
    let said = Row::of(Tone::Bad, &words);
    let at = caret(&bare).unwrap_or(GUTTER);
    if at + 2 + said.width() <= columns || said.width() + GUTTER < at {
        return vec![SqlLine::Error { column, text, words }];
    }
    let room = columns.saturating_sub(GUTTER).max(20);
    let below = said.wrap(room).into_iter().map(|row| SqlLine::Words(row.plain()));
    std::iter::once(bare).chain(below).collect()
}

/// Columns from the left edge of the pane to the place of an error.
pub fn caret(line: &SqlLine<'_>) -> Option<usize> {
    let SqlLine::Error { column, text, .. } = line else { return None };
    let before: String = text.chars().take(column.saturating_sub(1)).collect();
    Some(GUTTER + width(&Row::of(Tone::Plain, &tabs(&before)).plain()))
}

/// A line as a row; `inside` is what it starts in the middle of.
pub fn sql_row(line: &SqlLine<'_>, inside: &mut Inside, columns: usize) -> Row {
    match line {
        SqlLine::Title(name, ran) => {
            *inside = Inside::default();
            let row = Row::of(Tone::Dim, "── ").say(Tone::Strong, name);
            match ran {
                0 => row,
                1 => row.say(Tone::Dim, "  1 statement ran"),
                _ => row.say(Tone::Dim, &format!("  {ran} statements ran")),
            }
        }
        SqlLine::Text { number, text, sent } => {
            let (shape, tone) = match sent {
                Sent::Last => ("▶", Tone::Live),
                Sent::Ran => ("✓", Tone::Good),
                Sent::No => (" ", Tone::Dim),
            };
            let row = Row::of(tone, shape).say(Tone::Dim, &format!("{number:>4} ")).cut(0, GUTTER);
            inside.highlight(row, &tabs(text))
        }
        SqlLine::Words(words) => Row::of(Tone::Bad, "✗").pad(GUTTER).say(Tone::Bad, words),
        SqlLine::Error { words, .. } => {
            let caret = caret(line).unwrap_or(GUTTER);
            let row = Row::of(Tone::Bad, "✗");
            let wide = width(&Row::of(Tone::Bad, words).plain());
            // Beside it on the side that has room.
            if caret + 2 + wide > columns && wide + GUTTER + 1 < caret {
                row.pad(caret - wide - 1).say(Tone::Bad, words).say(Tone::Bad, " ^")
            } else {
                row.pad(caret).say(Tone::Bad, "^ ").say(Tone::Bad, words)
            }
        }
    }
}

/// Reads over a line that is not drawn.
pub fn sql_pass(line: &SqlLine<'_>, inside: &mut Inside) {
    match line {
        SqlLine::Title(..) => *inside = Inside::default(),
        SqlLine::Text { text, .. } => inside.pass(text),
        SqlLine::Error { .. } | SqlLine::Words(_) => {}
    }
}
