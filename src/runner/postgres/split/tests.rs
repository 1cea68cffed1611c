//! The splitter against tables of cases, against squawk's own tree, and against random text.

use super::*;
use proptest::prelude::*;
use squawk_syntax::{SourceFile, ast::AstNode};

fn statements(text: &str) -> Vec<&str> {
    let split = split("a.sql", text, 1).unwrap_or_else(|problems| panic!("{problems:?}"));
    split.statements.iter().map(|it| &text[it.range.clone()]).collect()
}

fn kind(text: &str) -> Kind {
    let split = split("a.sql", text, 1).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!(split.statements.len(), 1, "{text}");
    split.statements[0].kind
}

fn problems(text: &str) -> Vec<String> {
    let problems = split("a.sql", text, 1).expect_err(text);
    for it in &problems {
        assert!(!it.what.is_empty() && !it.why.is_empty() && !it.next.is_empty(), "{it:?}");
    }
    problems.iter().map(|it| format!("{}:{} {}", it.at.line, it.at.column, it.what)).collect()
}

#[test]
fn boundaries() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        ("  \n-- only this\n/* and /* this */ */", &[]),
        (";;\n;", &[]),
        ("\u{feff}SELECT 1", &["SELECT 1"]),
        ("\u{feff}-- c\r\nSELECT 1;\r\nSELECT 2\r\n", &["SELECT 1", "SELECT 2"]),
        ("-- lead\nSELECT 1 -- trail\n;-- tail", &["SELECT 1"]),
        (
            "SELECT ';', \";\", $$;$$, $a$ ; $$ ; $a$, E'\\';', U&';', 1;SELECT 2",
            &["SELECT ';', \";\", $$;$$, $a$ ; $$ ; $a$, E'\\';', U&';', 1", "SELECT 2"],
        ),
        ("SELECT E'a'\n -- c\n '\\';'; SELECT 2", &["SELECT E'a'\n -- c\n '\\';'", "SELECT 2"]),
        ("SELECT 'a\\'; SELECT 2", &["SELECT 'a\\'", "SELECT 2"]),
        ("SELECT a$b$c; SELECT $1; SELECT x$$;", &["SELECT a$b$c", "SELECT $1", "SELECT x$$"]),
        ("SELECT 1 /* ; /* ; */ ; */ + 1; SELECT 2", &["SELECT 1 /* ; /* ; */ ; */ + 1", "SELECT 2"]),
        (
            "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
            &["CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3"],
        ),
        ("DO $$BEGIN PERFORM 1; END$$; SELECT 1", &["DO $$BEGIN PERFORM 1; END$$", "SELECT 1"]),
        ("DO $ä$ ; $ä$; SELECT 1", &["DO $ä$ ; $ä$", "SELECT 1"]),
    ];
    for (text, expected) in cases {
        assert_eq!(statements(text), *expected, "{text:?}");
    }
}

#[test]
fn bodies_of_sql_routines_are_one_statement() {
    for body in [
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END",
        "create or replace procedure p() begin /* c */ atomic select 1 as end; select t.case from t; end",
        "CREATE FUNCTION begin(begin int) RETURNS int RETURN 1",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT (CASE WHEN true THEN 1 ELSE 2 END); END",
    ] {
        let text = format!("{body}; SELECT 2;");
        assert_eq!(statements(&text), [body, "SELECT 2"], "{text}");
    }
}

#[test]
fn kinds() {
    use Kind::{Begin, Commit, OtherTransactionControl as Other, OutsideTransaction as Outside, Plain, Rows};
    let cases = [
        ("select 1", Rows),
        ("(SELECT 1) UNION SELECT 2", Rows),
        ("VALUES (1)", Rows),
        ("TABLE t", Rows),
        ("EXPLAIN SELECT 1", Rows),
        ("SHOW work_mem", Rows),
        ("SELECT 1 INTO t", Plain),
        ("SELECT (SELECT 1) AS a", Rows),
        ("WITH a AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM a", Rows),
        ("WITH RECURSIVE a (x) AS (SELECT 1), update AS (SELECT 2) INSERT INTO t SELECT 1", Plain),
        ("WITH values AS MATERIALIZED (SELECT 1) DELETE FROM t RETURNING id", Rows),
        ("INSERT INTO t VALUES (1)", Plain),
        ("INSERT INTO t VALUES (1) RETURNING id", Rows),
        ("INSERT INTO t VALUES ('RETURNING')", Plain),
        ("CREATE TABLE t (id int)", Plain),
        ("BEGIN", Begin),
        ("begin/* c */work", Begin),
        ("START -- c\n TRANSACTION", Begin),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE", Other),
        ("START TRANSACTION READ ONLY", Other),
        ("commit", Commit),
        ("COMMIT TRANSACTION", Commit),
        ("COMMIT AND NO CHAIN", Commit),
        ("COMMIT WORK AND CHAIN", Other),
        ("END", Other),
        ("ABORT", Other),
        ("ROLLBACK TO SAVEPOINT a", Other),
        ("SAVEPOINT a", Other),
        ("RELEASE a", Other),
        ("PREPARE TRANSACTION 'a'", Other),
        ("PREPARE a AS SELECT 1", Plain),
        ("SET TRANSACTION READ ONLY", Other),
        ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", Other),
        ("SET LOCAL lock_timeout = '1s'", Plain),
        ("COMMIT PREPARED 'a'", Outside("COMMIT PREPARED")),
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", Outside("CREATE INDEX CONCURRENTLY")),
        ("CREATE INDEX concurrently_not ON t (a)", Plain),
        ("DROP INDEX CONCURRENTLY i", Outside("DROP INDEX CONCURRENTLY")),
        ("REINDEX (VERBOSE, CONCURRENTLY) TABLE t", Outside("REINDEX CONCURRENTLY")),
        ("REINDEX (CONCURRENTLY off) TABLE t", Plain),
        ("REINDEX TABLE CONCURRENTLY t", Outside("REINDEX CONCURRENTLY")),
        ("REINDEX TABLE t", Plain),
        ("REINDEX SCHEMA s", Outside("REINDEX SCHEMA")),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", Plain),
        ("VACUUM (ANALYZE) t", Outside("VACUUM")),
        ("ALTER SYSTEM SET work_mem = '1MB'", Outside("ALTER SYSTEM")),
        ("ALTER DATABASE d SET work_mem = '1MB'", Plain),
        ("ALTER DATABASE d SET TABLESPACE s", Outside("ALTER DATABASE … SET TABLESPACE")),
        (
            "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
            Outside("ALTER TABLE … DETACH PARTITION … CONCURRENTLY"),
        ),
        ("CLUSTER", Outside("CLUSTER of all tables")),
        ("CLUSTER t USING i", Plain),
        ("DISCARD ALL", Outside("DISCARD ALL")),
        (
            "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
            Outside("CREATE SUBSCRIPTION with a replication slot"),
        ),
        ("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot = false)", Plain),
        ("COPY t FROM '/tmp/x'", Plain),
        ("DO $$BEGIN COMMIT; END$$", Plain),
    ];
    for (text, expected) in cases {
        assert_eq!(kind(text), expected, "{text}");
        assert_eq!(kind(&format!("/* c */ {text} -- c\n;")), expected, "{text}");
    }
}

#[test]
fn refusals_name_every_problem_with_its_place() {
    let text = "SELECT 1;\n\\i other.sql\n  \\set x 1\nCOPY t (a) FROM STDIN WITH CSV;\n1\n'\n\\.\n\
                SELECT 2 \\gexec\nCOPY t TO STDOUT;\nSELECT ä, 'x";
    assert_eq!(
        problems(text),
        [
            "2:1 the psql command \\i",
            "3:3 the psql command \\set",
            "4:1 COPY … FROM STDIN with its data in the file",
            "8:10 the psql command \\gexec",
            "9:1 COPY … TO STDOUT",
            "10:11 a text constant that starts here is not closed",
        ]
    );
    assert_eq!(problems("SELECT $tag$ x $tag"), ["1:8 a dollar quote that starts here is not closed"]);
    assert_eq!(problems("/* /* */"), ["1:1 a comment that starts here is not closed"]);
    assert_eq!(problems("SELECT \"a"), ["1:8 a quoted name that starts here is not closed"]);
    assert_eq!(problems("SELECT 1\0;"), ["1:9 a NUL character"]);
    assert_eq!(
        problems("\\if :x\n\\endif\n\\"),
        ["1:1 the psql command \\if", "2:1 the psql command \\endif", "3:1 the psql command \\",]
    );
}

#[test]
fn what_the_grammar_does_not_accept_is_a_warning_and_still_a_statement() {
    let text = "SELECT 1;\nCREAT TABLE t (id int);\nSELECT 2;\nALTER TABLE t ADD COLUM x int int;";
    let split = split("a.sql", text, 10).unwrap();
    assert_eq!(split.statements.len(), 4);
    let lines: Vec<usize> = split.warnings.iter().map(|it| it.at.line).collect();
    assert_eq!(lines, [11, 13], "{:?}", split.warnings);
}

#[test]
fn one_outer_pair_is_left_out() {
    let arranged = |text: &str| {
        let split = split("a.sql", text, 1).unwrap();
        arrange(text, &split.statements).map_err(|it| it.iter().map(|it| it.what.clone()).collect::<Vec<_>>())
    };
    let ok = |left_out: &[usize], body: &[usize]| {
        Ok(Arranged { left_out: left_out.to_vec(), body: body.to_vec() })
    };
    assert_eq!(arranged(""), ok(&[], &[]));
    assert_eq!(arranged("SELECT 1; SELECT 2"), ok(&[], &[0, 1]));
    assert_eq!(arranged("-- c\nBEGIN; SELECT 1; COMMIT;\n-- c"), ok(&[0, 2], &[1]));
    assert_eq!(arranged("BEGIN; COMMIT"), ok(&[0, 1], &[]));
    for (text, count) in [
        ("BEGIN; SELECT 1", 1),
        ("COMMIT", 1),
        ("BEGIN", 1),
        ("COMMIT; BEGIN", 2),
        ("BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2; COMMIT", 2),
        ("SET a = 1; BEGIN; SELECT 1; COMMIT", 2),
        ("BEGIN; SELECT 1; END", 2),
        ("SAVEPOINT a; SELECT 1; ROLLBACK TO a", 2),
        ("VACUUM; CREATE INDEX CONCURRENTLY i ON t (a); SELECT 1", 2),
    ] {
        assert_eq!(arranged(text).unwrap_err().len(), count, "{text}");
    }
}

#[test]
fn history_is_what_the_supabase_cli_records() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        (" \n", &[]),
        ("SELECT 1;", &["SELECT 1"]),
        (
            "-- a\nSELECT 1;\n\n-- b\nSELECT ';';;\n-- tail\n",
            &["-- a\nSELECT 1", "-- b\nSELECT ';'", "-- tail"],
        ),
        ("-- only", &["-- only"]),
        ("BEGIN; SELECT 1; COMMIT", &["BEGIN", "SELECT 1", "COMMIT"]),
    ];
    for (text, expected) in cases {
        assert_eq!(history_statements(text), *expected, "{text:?}");
    }
}

#[test]
fn places_count_lines_and_characters() {
    let text = "\u{feff}SELECT 1;\r\n-- ä\r\nSELECT 'ä', x;";
    let split = split("m/a.sql", text, 5).unwrap();
    let places: Vec<String> = split.statements.iter().map(|it| it.at.to_string()).collect();
    assert_eq!(places, ["m/a.sql:5:1", "m/a.sql:7:1"]);
    let second = &split.statements[1].range;
    let offset = offset_of_position(text, second, 13);
    assert_eq!(&text[offset..], "x;");
    assert_eq!(place_of("a", text, 1, offset).column, 13);
    assert_eq!(line_at(text, offset), "SELECT 'ä', x;");
    assert_eq!(line_at(text, 0), "SELECT 1;");
    assert_eq!(place_of("a", "", 1, 99), Place { file: "a".into(), line: 1, column: 1 });
}

const CORPUS: &str = r#"
-- A varied file.
CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE TABLE public.bookings (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "weird;name" text DEFAULT ';');
/* block ; /* nested ; */ */ CREATE INDEX ON public.bookings ((lower("weird;name")));
CREATE FUNCTION f(a int) RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF a > 1 THEN RAISE NOTICE 'x;%', $$;$$; END IF;
  RETURN NEW;
END;
$body$;
CREATE FUNCTION g(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC
  SELECT CASE WHEN a > 1 THEN 2 ELSE 3 END;
  SELECT 4;
END;
CREATE RULE r AS ON UPDATE TO public.bookings DO ALSO (SELECT 1; SELECT 2);
DO $$ BEGIN PERFORM 1; END $$;
INSERT INTO t VALUES (E'it\'s;', U&'\0041;', B'01', X'ff', N'x;') ON CONFLICT DO NOTHING;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t FOR SELECT USING (tenant = current_setting('app.tenant')::uuid);
COMMENT ON TABLE t IS 'a; b';
WITH x AS (SELECT 1) SELECT a[1:2], b->>'c' FROM x;
BEGIN; SET LOCAL lock_timeout = '1s'; SAVEPOINT a; ROLLBACK TO a; COMMIT;
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;
SELECT 1 AS one, 'no semicolon at the end'
"#;

#[test]
fn ranges_are_those_of_squawks_tree() {
    let tree = SourceFile::parse(CORPUS);
    assert_eq!(tree.errors(), []);
    let expected: Vec<String> =
        tree.tree().stmts().map(|it| it.syntax().text().to_string().trim_end_matches(';').into()).collect();
    assert_eq!(statements(CORPUS), expected);
    assert!(expected.len() >= 20);
    assert_eq!(split("a.sql", CORPUS, 1).unwrap().warnings, []);
}

#[test]
fn deep_nesting_does_not_overflow() {
    for text in [
        format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("SELECT {} true", "NOT ".repeat(4_000)),
        format!("SELECT {}1{}", "(".repeat(4_000), ")".repeat(4_000)),
        format!("SELECT 1{}", " + 1".repeat(4_000)),
    ] {
        assert_eq!(statements(&text).len(), 1);
    }
}

const FRAGMENTS: &[&str] = &[
    ";",
    "'",
    "\"",
    "$$",
    "$a$",
    "$1",
    "--",
    "\n",
    "\r\n",
    "/*",
    "*/",
    "(",
    ")",
    "E'",
    "U&'",
    "\\",
    "\\i x\n",
    "BEGIN",
    "ATOMIC",
    "END",
    "CASE",
    "CREATE",
    "FUNCTION",
    "OR REPLACE",
    "PROCEDURE",
    "COMMIT",
    "SELECT",
    "COPY t FROM STDIN",
    "\\.\n",
    " ",
    ",",
    ".",
    "AS",
    "1",
    "ä",
    "\u{feff}",
    "\0",
    "x",
    "WITH",
    "INSERT INTO t",
    "RETURNING",
    "::",
    "[",
    "]",
    "DO",
    "REINDEX",
    "CONCURRENTLY",
    "= off",
    "NOT",
];

proptest! {
    #[test]
    fn ranges_are_ordered_disjoint_and_in_bounds(parts in prop::collection::vec(prop::sample::select(FRAGMENTS), 0..40)) {
        for glue in ["", " "] {
            let text = parts.join(glue);
            history_statements(&text);
            let Ok(split) = split("a.sql", &text, 1) else { continue };
            let mut end = 0;
            for it in &split.statements {
                prop_assert!(it.range.start >= end && it.range.start < it.range.end && it.range.end <= text.len());
                prop_assert!(text.get(it.range.clone()).is_some());
                prop_assert_eq!(text[it.range.clone()].trim(), &text[it.range.clone()]);
                end = it.range.end;
            }
            let _ = arrange(&text, &split.statements);
        }
    }

    #[test]
    fn any_text_is_cut_into_tokens_that_cover_it(text in "\\PC{0,60}|[;'\"$a\\\\/*\n(-]{0,60}") {
        let mut end = scan::mark_length(&text);
        for token in scan::Scanner::new(&text) {
            prop_assert_eq!(token.range.start, end);
            prop_assert!(text.get(token.range.clone()).is_some());
            end = token.range.end;
        }
        prop_assert_eq!(end, text.len());
    }
}
