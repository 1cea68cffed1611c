//! Splits a SQL file into statements and says of each what it is; pure, and never asks the server.
//!
//! Where a statement ends comes from the tokens alone (quotes, dollar tags, nested comments, parentheses,
//! `BEGIN ATOMIC … END`), as in psql. A statement that a grammar does not accept is therefore still a statement: it
//! goes to the server, which has the last word. What can never be sent is a [`Diagnostic`].
//!
//! A COMMIT inside a DO block or a procedure cannot be seen here.

mod arrange;
mod grammar;
mod hazards;
mod kind;
mod place;
mod scan;
mod target;
#[cfg(test)]
mod tests;
mod units;

pub use arrange::{Arranged, arrange};
pub use hazards::hazards;
pub use place::{Lines, line_at, offset_of_position, place_of};
pub use target::{Name, Reindexed, Target};
pub use units::{Unit, units};

use crate::definition::{Diagnostic, Place};
use kind::CopyStream;
use scan::{Scanner, Token, TokenKind, Unclosed};
use std::ops::Range;

/// One statement of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Bytes in the text, from its first to its last token: without the `;`, outer white space and outer comments.
    pub range: Range<usize>,
    /// Where it starts.
    pub at: Place,
    /// What it is.
    pub kind: Kind,
}

/// What a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// None of the others.
    Plain,
    /// It may return rows: SELECT, VALUES, TABLE, WITH … SELECT, EXPLAIN, SHOW, FETCH, CALL, EXECUTE, … RETURNING.
    Rows,
    /// `BEGIN` or `START TRANSACTION`, without modes.
    Begin,
    /// `COMMIT`, perhaps `AND NO CHAIN`.
    Commit,
    /// ROLLBACK, SAVEPOINT, RELEASE, END, ABORT, COMMIT AND CHAIN, PREPARE TRANSACTION, SET TRANSACTION, BEGIN with modes.
    OtherTransactionControl,
    /// PostgreSQL refuses it in a transaction block. Says which rule, such as `CREATE INDEX CONCURRENTLY`.
    OutsideTransaction(&'static str),
}

/// A file that can be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// In the order of the file; none for an empty file or one of comments only.
    pub statements: Vec<Statement>,
    /// What a grammar does not accept, at most one a statement. The server may accept it, or fail it.
    pub warnings: Vec<Diagnostic>,
}

/// Splits `text`, which starts at line `first_line` (from 1) of `file`, into statements.
///
/// # Errors
/// Every problem at once: psql commands, COPY between client and server, NUL, and quotes, dollar tags or comments
/// that are not closed.
pub fn split(file: &str, text: &str, first_line: usize) -> Result<Split, Vec<Diagnostic>> {
    let lines = Lines::new(file, text, first_line);
    let mut problems = Vec::new();
    if let Some(at) = text.find('\0') {
        problems.push(nul(lines.place(at)));
    }
    let mut statements = Vec::new();
    for piece in pieces(text) {
        problems.extend(piece.tokens.iter().filter_map(|token| problem_of(&lines, text, token)));
        let Some(range) = piece.statement() else { continue };
        let at = lines.place(range.start);
        if let Some(stream) = kind::copy_stream(text, &piece.tokens) {
            problems.push(copy(at, stream));
        } else {
            statements.push(Statement { kind: kind::kind_of(text, &piece.tokens), range, at });
        }
    }
    if !problems.is_empty() {
        problems.sort_by_key(|problem| (problem.at.line, problem.at.column));
        return Err(problems);
    }
    let warnings = grammar::warnings(&lines, text, &statements);
    Ok(Split { statements, warnings })
}

/// The statements of a file as the Supabase CLI records them in `supabase_migrations.schema_migrations`: cut behind
/// each top-level `;`, which is left out like white space around; comments are kept, also a tail of comments only.
pub fn history_statements(text: &str) -> Vec<String> {
    let mut start = scan::mark_length(text);
    let mut statements = Vec::new();
    for piece in pieces(text) {
        let end = piece.tokens.last().map_or(start, |token| token.range.end);
        statements.push(text[start..end].trim_end_matches(';').trim().to_owned());
        start = end;
    }
    statements.retain(|statement| !statement.is_empty());
    statements
}

/// The tokens up to and with a top-level `;`, or up to the end.
struct Piece {
    tokens: Vec<Token>,
}

impl Piece {
    /// From the first to the last token that is SQL.
    fn statement(&self) -> Option<Range<usize>> {
        let mut sql = self.tokens.iter().filter(|token| is_sql(token));
        let first = sql.next()?;
        Some(first.range.start..sql.next_back().unwrap_or(first).range.end)
    }
}

fn is_sql(token: &Token) -> bool {
    use TokenKind::{Comment, MetaCommand, Semicolon, Space};
    // A `;` inside parentheses is part of a statement, but never its first or last token unless it is broken.
    !matches!(token.kind, Space | Comment | MetaCommand | Semicolon)
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut tokens = Vec::new();
    let mut nesting = Nesting::default();
    let mut scanner = Scanner::new(text);
    while let Some(token) = scanner.next() {
        nesting.see(text, &token);
        let ends = match token.kind {
            TokenKind::Semicolon => nesting.is_outside(),
            TokenKind::MetaCommand => true,
            _ => false,
        };
        let end = token.range.end;
        tokens.push(token);
        if ends {
            if kind::copy_stream(text, &tokens) == Some(CopyStream::FromStdin) {
                scanner.jump(end + data_length(&text[end..]));
            }
            pieces.push(Piece { tokens: std::mem::take(&mut tokens) });
            nesting = Nesting::default();
        }
    }
    if !tokens.is_empty() {
        pieces.push(Piece { tokens });
    }
    pieces
}

/// How deep in parentheses and `BEGIN ATOMIC … END` a token is.
#[derive(Default)]
struct Nesting {
    parentheses: usize,
    /// BEGIN ATOMIC, and inside of it each CASE, since both are closed by END.
    blocks: usize,
    /// The last word in upper case, empty if something else stood behind it.
    before: String,
    /// The statement so far starts as CREATE [OR REPLACE] FUNCTION or PROCEDURE does.
    routine: bool,
    words_seen: usize,
}

impl Nesting {
    fn is_outside(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn see(&mut self, text: &str, token: &Token) {
        match token.kind {
            TokenKind::Space | TokenKind::Comment => return,
            TokenKind::Open => self.parentheses += 1,
            TokenKind::Close => self.parentheses = self.parentheses.saturating_sub(1),
            TokenKind::Word => return self.see_word(&text[token.range.clone()]),
            _ => {}
        }
        self.before.clear();
        if token.kind == TokenKind::Dot {
            self.before.push('.');
        }
    }

    fn see_word(&mut self, word: &str) {
        let word = word.to_ascii_uppercase();
        self.words_seen += 1;
        if self.words_seen <= 4 && matches!(word.as_str(), "FUNCTION" | "PROCEDURE") {
            self.routine |= matches!(self.before.as_str(), "CREATE" | "REPLACE");
        }
        // Behind AS or a dot these are names of columns.
        let is_name = matches!(self.before.as_str(), "AS" | ".");
        if self.routine && self.parentheses == 0 && !is_name {
            match word.as_str() {
                "ATOMIC" if self.before == "BEGIN" => self.blocks += 1,
                "CASE" if self.blocks > 0 => self.blocks += 1,
                "END" => self.blocks = self.blocks.saturating_sub(1),
                _ => {}
            }
        }
        self.before = word;
    }
}

/// Bytes of data behind a COPY … FROM STDIN: the rest of its line, and lines up to and with `\.` or to the end.
fn data_length(rest: &str) -> usize {
    let mut length = 0;
    for (index, line) in rest.split_inclusive('\n').enumerate() {
        length += line.len();
        if index > 0 && line.trim_end() == "\\." {
            return length;
        }
    }
    rest.len()
}

fn problem_of(lines: &Lines<'_>, text: &str, token: &Token) -> Option<Diagnostic> {
    let at = || lines.place(token.range.start);
    if token.kind == TokenKind::MetaCommand {
        return Some(meta_command(at(), &text[token.range.clone()]));
    }
    let (what, close) = match token.unclosed? {
        Unclosed::Comment => ("a comment that starts here is not closed", "*/"),
        Unclosed::Name => ("a quoted name that starts here is not closed", "\""),
        Unclosed::Text => ("a text constant that starts here is not closed", "'"),
        Unclosed::DollarQuote => {
            let tag_length = text[token.range.start + 1..].find('$').map_or(2, |at| at + 2);
            let tag = &text[token.range.start..token.range.start + tag_length];
            return Some(unclosed(at(), "a dollar quote that starts here is not closed", tag));
        }
    };
    Some(unclosed(at(), what, close))
}

fn unclosed(at: Place, what: &str, close: &str) -> Diagnostic {
    Diagnostic {
        at,
        what: what.into(),
        why: "everything behind it belongs to it, so where statements end is unknown".into(),
        next: format!("close it with {close}"),
    }
}

fn nul(at: Place) -> Diagnostic {
    Diagnostic {
        at,
        what: "a NUL character".into(),
        why: "PostgreSQL ends the text there; what follows would be dropped without a word".into(),
        next: "save the file as UTF-8 and remove the character".into(),
    }
}

fn copy(at: Place, stream: CopyStream) -> Diagnostic {
    let (what, next) = match stream {
        CopyStream::FromStdin => (
            "COPY … FROM STDIN with its data in the file",
            "write the rows as INSERT … VALUES, or COPY from a file that the server can read",
        ),
        CopyStream::ToStdout => ("COPY … TO STDOUT", "write a SELECT to see the rows"),
    };
    Diagnostic {
        at,
        what: what.into(),
        why: "the data travels beside SQL, which only psql does; a ceremony sends statements".into(),
        next: next.into(),
    }
}

fn meta_command(at: Place, text: &str) -> Diagnostic {
    let name: String = text[1..].chars().take_while(|c| !c.is_whitespace() && *c != '\\').take(30).collect();
    let next = match name.as_str() {
        "i" | "ir" | "include" | "include_relative" => {
            "put the text of that file here, or list it as its own step"
        }
        "set" | "unset" | "gset" | "prompt" | "getenv" => "write the value itself into the SQL",
        "copy" => "write the rows as INSERT … VALUES, or COPY from a file that the server can read",
        "if" | "elif" | "else" | "endif" => "decide in SQL, for example in a DO block",
        "gexec" => "run the generated SQL in a DO block with EXECUTE",
        "g" | "gx" | "gdesc" | "crosstabview" | "watch" => "end the statement with ;",
        "c" | "connect" => "remove the line: a ceremony stays on one database",
        "." => "remove the line: it ends COPY data, and there is none",
        _ => "remove the line: it has a meaning in psql only",
    };
    Diagnostic {
        at,
        what: format!("the psql command \\{}", name.escape_default()),
        why: "it is no SQL: psql acts on it by itself, and a ceremony sends statements to the server".into(),
        next: next.into(),
    }
}
