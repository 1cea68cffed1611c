//! SQL files: where statements begin and end, which kinds they are, and what a linter sees in them.

use ceremony::definition::{Place, Script};
use ceremony::runner::postgres::split::{Kind, arrange, hazards, history_statements, split, units};

pub const WORDS: &[&str] = &[
    ";",
    "'",
    "\"",
    "$$",
    "$a$",
    "/*",
    "*/",
    "--",
    "\n",
    "E'\\''",
    "U&\"\\0041\"",
    "B'01'",
    "(",
    ")",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "BEGIN ATOMIC",
    "END",
    "CASE",
    "CREATE FUNCTION f() RETURNS int ",
    "AS $$",
    "LANGUAGE sql",
    "SELECT 1",
    "CREATE TABLE t (a int)",
    "ALTER TABLE t ADD COLUMN b int NOT NULL",
    "\\copy",
    "\\d",
    "COPY t FROM STDIN",
    "CREATE INDEX CONCURRENTLY i ON t (a)",
    "VACUUM",
    "DO ",
    "PREPARE TRANSACTION 'x'",
    "START TRANSACTION",
    "SAVEPOINT s",
    "AND CHAIN",
    "\0",
    "\u{feff}",
    "\u{a0}",
    "\u{e9}",
    ":x",
    "::text",
    "<>",
    "DROP TABLE t CASCADE",
    "UPDATE t SET a = 1",
    "-- squawk-ignore",
    "ALTER TYPE e ADD VALUE 'x'",
    "RETURNING a",
];

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for statement in history_statements(text) {
        assert!(!statement.trim().is_empty() && text.contains(&statement));
    }
    let found = match split("f.sql", text, 3) {
        Ok(found) => found,
        Err(problems) => {
            let lines = text.split('\n').count();
            assert!(!problems.is_empty());
            assert!(
                problems.iter().all(|it| (3..lines + 3).contains(&it.at.line) && it.at.column > 0),
                "{problems:?}"
            );
            return;
        }
    };
    let statements = &found.statements;
    let mut rest = text.to_owned();
    let mut end = 0;
    for statement in statements {
        let range = statement.range.clone();
        assert!(
            range.start >= end && range.start < range.end && range.end <= text.len(),
            "{range:?} after {end}"
        );
        end = range.end;
        let sql = &text[range.clone()];
        // A byte order mark takes no column.
        if !text.starts_with('\u{feff}') {
            let at = Place::of("f.sql", text, range.start);
            assert_eq!((statement.at.line, statement.at.column), (at.line + 2, at.column));
        }
        // Alone it is the same one statement. A byte order mark is one only at the beginning of a file; elsewhere it is a
        // letter, and the server refuses it.
        if range.start == 0 || !sql.starts_with('\u{feff}') {
            let alone =
                split("f.sql", sql, 1).unwrap_or_else(|it| panic!("{sql:?} alone: {it:?}")).statements;
            assert!(
                alone.len() == 1 && alone[0].range == (0..sql.len()) && alone[0].kind == statement.kind,
                "{sql:?} alone: {alone:?}"
            );
        }
        // Nothing is sent as one statement that ends its transaction and goes on.
        let blank: String =
            sql.chars().map(|c| if c == '\n' { "\n".to_owned() } else { " ".repeat(c.len_utf8()) }).collect();
        rest.replace_range(range, &blank);
    }
    // Whatever is between statements is no statement.
    let between = split("f.sql", &rest, 3).unwrap_or_else(|it| panic!("between them: {it:?}"));
    assert_eq!(between.statements, [], "{rest:?}");
    for warning in &found.warnings {
        assert!(warning.at.line >= 3 && !warning.what.is_empty());
    }
    if let Ok(arranged) = arrange(text, statements) {
        let mut all = [arranged.left_out.clone(), arranged.body.clone()].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..statements.len()), "each is sent or left out");
        assert!(arranged.body.iter().all(|at| matches!(statements[*at].kind, Kind::Plain | Kind::Rows)));
    }
    let _ = units(text, statements);
    let script =
        Script { file: "f.sql".to_owned(), first_line: 3, text: text.to_owned(), ..Script::default() };
    let _ = hazards(&script, text.len() % 2 == 0);
}
