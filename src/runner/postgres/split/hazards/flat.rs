//! A script with its DO blocks opened: the SQL in them stands where it stood, everything around it is blank.

use super::super::{Statement, grammar};
use super::{Seen, unseen};
use squawk_syntax::SourceFile;
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::syntax_error::SyntaxError;
use squawk_syntax::{SyntaxKind, SyntaxNode};
use std::ops::Range;

/// As long as the script, byte for byte.
pub(super) struct Flat {
    pub sql: String,
    /// What nobody can see before it runs.
    pub unseen: Vec<Seen>,
}

pub(super) fn flat(text: &str, statements: &[Statement]) -> Flat {
    let mut bytes = text.as_bytes().to_vec();
    let mut notes = Vec::new();
    for statement in statements {
        let sql = &text[statement.range.clone()];
        if !grammar::can_be_read(sql) {
            blank(&mut bytes, statement.range.clone());
            notes.push(unseen(statement.range.start, "a statement that is too long or nests too deep"));
        } else if is_do(sql) {
            blank(&mut bytes, statement.range.clone());
            let kept = open(sql, statement.range.start, &mut notes);
            for range in kept {
                // Up to and with its semicolon, which the statement may not count as its own.
                let end = text[range.end..]
                    .find(|c: char| !c.is_whitespace())
                    .map_or(range.end, |at| range.end + at);
                let end = if text[end..].starts_with(';') { end + 1 } else { range.end };
                bytes[range.start..end].copy_from_slice(&text.as_bytes()[range.start..end]);
            }
        }
    }
    // Comments that steer the linter are read here, see `ignores`; how the step runs is not theirs to say.
    let sql = String::from_utf8(bytes).unwrap_or_default();
    let sql = sql.replace("squawk-ignore", "             ").replace("squawk-disable", "              ");
    Flat { sql, unseen: notes }
}

pub(super) fn is_do(sql: &str) -> bool {
    sql.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("do"))
        && !sql[2..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Keeps line ends, so that lines stay lines.
fn blank(bytes: &mut [u8], range: Range<usize>) {
    for byte in bytes[range].iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

/// Other statements have variables in them, which the grammar of SQL alone does not know.
fn changes_the_schema(sql: &str) -> bool {
    starts_with_word(sql, &["alter", "create", "drop", "truncate", "reindex", "cluster", "vacuum"])
}

fn starts_with_word(sql: &str, words: &[&str]) -> bool {
    let word = sql.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    words.iter().any(|it| it.eq_ignore_ascii_case(word))
}

/// The places of the SQL statements in a DO block that change the schema.
fn open(sql: &str, start: usize, notes: &mut Vec<Seen>) -> Vec<Range<usize>> {
    let parse = SourceFile::parse(sql);
    let body = parse.tree().syntax().descendants().find_map(ast::Do::cast).and_then(|it| it.plpgsql());
    let Some(body) = body else {
        notes.push(unseen(start, "a DO block that is not PL/pgSQL"));
        return Vec::new();
    };
    // The grammar goes on behind what it does not know. Of statements that read or write rows it need not know all.
    let strange = |error: &SyntaxError| {
        let rest = sql.get(usize::from(error.range().start())..).unwrap_or_default();
        !starts_with_word(rest, &["select", "insert", "update", "delete", "merge", "with", "values"])
    };
    if body.errors().iter().any(strange) {
        notes.push(unseen(start, "parts of a DO block that the grammar does not accept"));
    }
    let place = |node: &SyntaxNode| {
        // Without the white space in front of it.
        let mut tokens = node.descendants_with_tokens().filter_map(|it| it.into_token());
        let first = tokens.find(|it| !matches!(it.kind(), SyntaxKind::WHITESPACE | SyntaxKind::COMMENT));
        let first = first.map_or(node.text_range(), |token| token.text_range());
        let (first, all) = (body.source_range(first), body.source_range(node.text_range()));
        start + usize::from(first.start())..start + usize::from(all.end())
    };
    let mut kept = Vec::new();
    for node in body.syntax().descendants() {
        match node.kind() {
            SyntaxKind::PLPGSQL_EXEC_SQL_STMT => {
                let place = place(&node);
                if sql.get(place.start - start..).is_some_and(changes_the_schema) {
                    kept.push(place);
                }
            }
            SyntaxKind::PLPGSQL_DYN_EXECUTE_STMT
            | SyntaxKind::PLPGSQL_FOR_DYN_STMT
            | SyntaxKind::PLPGSQL_DO_STMT => {
                notes.push(unseen(place(&node).start, "SQL that a DO block makes up when it runs (EXECUTE)"));
            }
            _ => {}
        }
    }
    kept
}
