//! What is found, where, and what is not called a hazard.

use super::*;

fn script(text: &str) -> Script {
    Script { file: "m.sql".to_owned(), first_line: 1, text: text.to_owned(), ..Script::default() }
}

/// `class rule line:column`, with `?` for what may not be reached and `(accepted)`.
fn found(text: &str) -> Vec<String> {
    shown(hazards(&script(text), false))
}

fn shown(hazards: Vec<Hazard>) -> Vec<String> {
    let row = |hazard: Hazard| {
        let perhaps = if hazard.perhaps { "?" } else { "" };
        let accepted = if hazard.accepted { " (accepted)" } else { "" };
        let place = format!("{}:{}", hazard.at.line, hazard.at.column);
        format!("{} {} {place}{perhaps}{accepted}", hazard.class.word(), hazard.rule)
    };
    hazards.into_iter().map(row).collect()
}

#[test]
fn each_class_is_found_at_its_place() {
    let text = "BEGIN;\n\nALTER TABLE a ALTER COLUMN b TYPE bigint;\nDROP TABLE c;\nCREATE INDEX ON a (b);\nALTER TABLE a ADD COLUMN d int NOT NULL;\nCOMMIT;\n";
    assert_eq!(
        found(text),
        [
            "rewrite changing-column-type 3:30",
            "data loss ban-drop-table 4:1",
            "lock require-concurrent-index-creation 5:1",
            "other adding-required-field 6:15"
        ]
    );
    let all = hazards(&script(text), false);
    assert!(
        all.iter().all(|hazard| !hazard.what.is_empty() && !hazard.why.is_empty() && !hazard.next.is_empty())
    );
    assert_eq!((all[3].statement.line, all[3].statement.column), (6, 1));
}

#[test]
fn a_constraint_is_said_once() {
    assert_eq!(
        found("ALTER TABLE a\n  ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES c (id);"),
        ["lock adding-foreign-key-constraint 2:7"]
    );
    assert_eq!(
        found("ALTER TABLE a ADD CONSTRAINT u UNIQUE (b);"),
        ["lock disallowed-unique-constraint 1:19"]
    );
    assert_eq!(
        found("ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0);"),
        ["lock constraint-missing-not-valid 1:15"]
    );
}

#[test]
fn what_the_script_makes_itself_hurts_nobody() {
    let text = "CREATE TABLE public.a (id int);\nCREATE INDEX i ON public.a (id);\nALTER TABLE A ALTER COLUMN id TYPE bigint;\nALTER TABLE \"a\" DROP COLUMN id;\nDROP INDEX i;\nDROP TABLE public.a;\n";
    assert_eq!(found(text), Vec::<String>::new());
    assert_eq!(found("CREATE TABLE x.a (id int);\nDROP TABLE y.a;"), ["data loss ban-drop-table 2:1"]);
    assert_eq!(found("DROP TABLE a;\nCREATE TABLE a (id int);"), ["data loss ban-drop-table 1:1"]);
}

#[test]
fn a_new_table_locks_the_one_it_points_at() {
    let text = "CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE b (a int REFERENCES a, c int REFERENCES public.c (id),\n  FOREIGN KEY (c) REFERENCES c);\n";
    let all = hazards(&script(text), false);
    assert!(all[0].what.contains("locks public.c against writes"), "{all:#?}");
    assert_eq!(shown(all), ["lock adding-foreign-key-constraint 2:54"]);
}

#[test]
fn do_blocks_are_opened() {
    let text = "DO $x$\nDECLARE n int;\nBEGIN\n  SELECT count(*) INTO STRICT n FROM a;\n  IF n = 0 THEN\n    ALTER TABLE a\n      ADD CONSTRAINT u UNIQUE (b);\n  END IF;\n  EXECUTE format('DROP TABLE %I', 'a');\nEND;\n$x$;\nSELECT 1;\n";
    let all = hazards(&script(text), false);
    assert_eq!((all[0].statement.line, all[1].statement.line), (1, 1));
    assert_eq!(
        shown(all),
        ["lock disallowed-unique-constraint 7:11?", "not looked into not-looked-into 9:3"]
    );
    assert_eq!(found("DO LANGUAGE plpython3u $$ x = 1 $$;"), ["not looked into not-looked-into 1:1"]);
    assert_eq!(found("DO $$ BEGIN IF; END $$;"), ["not looked into not-looked-into 1:1"]);
    assert_eq!(
        found("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE a; END $$;"),
        Vec::<String>::new()
    );
}

#[test]
fn what_is_accepted_in_the_file_is_shown_as_that() {
    assert_eq!(
        found("-- squawk-ignore ban-drop-table -- nobody reads it\nDROP TABLE a;\nDROP TABLE b;"),
        ["data loss ban-drop-table 2:1 (accepted)", "data loss ban-drop-table 3:1"]
    );
    assert_eq!(
        found("-- squawk-ignore-file ban-drop-table\n\nDROP TABLE a;"),
        ["data loss ban-drop-table 3:1 (accepted)"]
    );
    assert_eq!(
        found("/* squawk-ignore ban-drop-tabel */\nDROP TABLE a;"),
        ["other unused-ignore 1:1", "data loss ban-drop-table 2:1"]
    );
}

#[test]
fn how_the_step_runs_is_not_the_files_to_say() {
    let text = "-- squawk-disable-assume-in-transaction\nCREATE TABLE a (id int);\nCREATE INDEX ON a (id);";
    assert_eq!(found(text), Vec::<String>::new());
}

#[test]
fn taste_is_no_hazard() {
    let text = "SET search_path = x;\nCREATE TABLE a (id serial PRIMARY KEY, b varchar(3), c char(2), d timestamp, e smallint);\nBEGIN;\nALTER TABLE z ADD COLUMN f int;\n";
    assert_eq!(found(text), Vec::<String>::new());
}

#[test]
fn undoing_is_not_blamed_for_undoing() {
    let text = "DROP FUNCTION f();\nALTER TABLE a DROP COLUMN b, DROP CONSTRAINT c;";
    assert_eq!(
        found(text),
        ["other ban-drop-function 1:1", "data loss ban-drop-column 2:15", "other ban-drop-constraint 2:30"]
    );
    assert_eq!(shown(hazards(&script(text), true)), ["data loss ban-drop-column 2:15"]);
}

#[test]
fn what_cannot_be_looked_at_is_said() {
    let deep = format!("SELECT {}1{};\nDROP TABLE a;", "(".repeat(6_000), ")".repeat(6_000));
    assert_eq!(found(&deep), ["not looked into not-looked-into 1:1", "data loss ban-drop-table 2:1"]);
    assert_eq!(
        found("ALTER TABEL a DROP COLUMN b;\nDROP TABLE a;"),
        ["not looked into not-looked-into 1:1", "data loss ban-drop-table 2:1"]
    );
}

/// Sections of one file keep their places in it.
#[test]
fn places_are_those_of_the_file() {
    let script = Script {
        file: "m.sql".to_owned(),
        section: Some("down".to_owned()),
        first_line: 41,
        text: "\nDROP TABLE ä;\r\nDROP TABLE b;".to_owned(),
        ..Script::default()
    };
    let all = hazards(&script, true);
    assert_eq!(all.iter().map(|it| it.script.as_str()).collect::<Vec<_>>(), ["m.sql#down", "m.sql#down"]);
    assert_eq!(shown(all), ["data loss ban-drop-table 42:1", "data loss ban-drop-table 43:1"]);
}
