//! Declarations against changes: one table of cases.

use super::*;

/// `+ object = definition`, `- …` or `~ …`.
fn changes(lines: &[&str]) -> Vec<ObjectChange> {
    let change = |line: &&str| {
        let (object, definition) = line[2..].split_once(" = ").unwrap_or((&line[2..], "x"));
        let text = Some(definition.to_owned());
        let (before, after) = match &line[..1] {
            "+" => (None, text),
            "-" => (text, None),
            _ => (Some("was".to_owned()), text),
        };
        ObjectChange { object: object.to_owned(), before, after }
    };
    lines.iter().map(change).collect()
}

/// Created, altered, dropped, as declared.
type Lists<'c> = [&'c [&'c str]; 3];

struct Case {
    what: &'static str,
    declared: Lists<'static>,
    changes: &'static [&'static str],
    seen: &'static str,
}

const TABLE: &[&str] = &[
    "+ table public.t",
    "+ column public.t.id = bigint; not null; default nextval('t_id_seq')",
    "+ column order public.t",
    "+ constraint public.t.t_pkey",
    "+ trigger public.t.touched",
    "+ policy public.t.mine",
    "+ rule public.t.quiet",
    "+ comment on table public.t",
    "+ comment on column public.t.id",
    "+ comment on index public.t_pkey = the key",
    "+ sequence public.t_id_seq = bigint; start 1; owned by public.t.id; owner postgres",
    "+ index public.t_pkey = CREATE UNIQUE INDEX t_pkey ON public.t USING btree (id); for constraint t_pkey",
    "+ index public.\"a ON b\" = CREATE INDEX \"a ON b\" ON ONLY public.t USING btree (id)",
    "+ statistics public.st = CREATE STATISTICS public.st ON id, a FROM public.t; owner postgres",
];

const CASES: &[Case] = &[
    Case {
        what: "a table covers its own parts, whatever an index is called",
        declared: [&["table public.t", "index public.t_pkey"], &[], &[]],
        changes: TABLE,
        seen: "as declared",
    },
    Case { what: "nothing", declared: [&[], &[], &[]], changes: &[], seen: "no change, as declared" },
    Case {
        what: "a part of another table is more, also when that table's name begins the same",
        declared: [&["table public.t"], &[], &[]],
        changes: &[
            "+ table public.t",
            "+ column public.t2.id",
            "+ index public.i = CREATE INDEX i ON public.t2 USING btree (id)",
        ],
        seen: "more than declared: + column public.t2.id, + index public.i",
    },
    Case {
        what: "what is created is not what is dropped",
        declared: [&["table public.t"], &[], &[]],
        changes: &["+ table public.t", "- index public.i = CREATE INDEX i ON public.t USING btree (id)"],
        seen: "more than declared: - index public.i",
    },
    Case {
        what: "a dropped table takes its parts along",
        declared: [&[], &[], &["table public.t"]],
        changes: &[
            "- table public.t",
            "- column public.t.id",
            "- index public.i = CREATE INDEX i ON public.t USING btree (id)",
        ],
        seen: "as declared",
    },
    Case {
        what: "an altered table covers any change of its parts, and none of its own coming or going",
        declared: [&[], &["table public.t"], &[]],
        changes: &[
            "~ table public.t",
            "- column public.t.a",
            "+ column public.t.b",
            "~ column order public.t",
            "~ constraint public.t.c",
        ],
        seen: "as declared",
    },
    Case {
        what: "a part is enough to alter a table",
        declared: [&[], &["table public.t"], &[]],
        changes: &["+ trigger public.t.touched"],
        seen: "as declared",
    },
    Case {
        what: "a table that is gone was not altered",
        declared: [&[], &["table public.t"], &[]],
        changes: &["- table public.t"],
        seen: "more than declared: - table public.t; declared but did not happen: alter table public.t",
    },
    Case {
        what: "a column brings the order of columns, a key its index, and each its comment",
        declared: [&["column public.t.a", "constraint public.t.k"], &[], &[]],
        changes: &[
            "+ column public.t.a",
            "~ column order public.t",
            "+ comment on column public.t.a",
            "+ constraint public.t.k",
            "+ index public.k = CREATE UNIQUE INDEX k ON public.t USING btree (a); for constraint k",
        ],
        seen: "as declared",
    },
    Case {
        what: "a glob needs at least one",
        declared: [&["index public.t_*", "function public.f(integer)", "view public.*"], &[], &[]],
        changes: &[
            "+ index public.t_a = CREATE INDEX t_a ON public.t USING btree (a)",
            "+ view public.v",
            "+ column public.v.id",
        ],
        seen: "declared but did not happen: create function public.f(integer)",
    },
    Case {
        what: "names in quotes keep their dots",
        declared: [&["table public.\"a.b\""], &[], &[]],
        changes: &["+ table public.\"a.b\"", "+ column public.\"a.b\".id", "+ column public.a.b"],
        seen: "more than declared: + column public.a.b",
    },
    Case {
        what: "what a rollback keeps may be there already",
        declared: [&["table public.kept", "table public.t"], &[], &[]],
        changes: &["+ column public.kept.a", "~ column order public.kept", "+ table public.t"],
        seen: "as declared",
    },
    Case {
        what: "a domain has constraints",
        declared: [&["domain app.mail"], &[], &[]],
        changes: &["+ domain app.mail", "+ constraint app.mail.mail_check"],
        seen: "as declared",
    },
];

#[test]
fn more_and_less_than_declared_are_named() {
    for case in CASES {
        let own = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
        let [creates, alters, drops] = case.declared.map(own);
        let declared = Declared { creates, alters, drops };
        let lines = compare(&declared, &["table public.kept".to_owned()], &changes(case.changes));
        let (good, words) = compared_words(&lines);
        assert_eq!(words, case.seen, "{}", case.what);
        assert_eq!(good, case.seen.ends_with("as declared"), "{}", case.what);
        assert_eq!(compared_table(&lines).total, lines.len() as u64);
    }
}

#[test]
fn only_some_of_many_are_named() {
    let lines = compare(&Declared::default(), &[], &changes(TABLE));
    assert_eq!(lines.len(), TABLE.len());
    let (_, words) = compared_words(&lines);
    assert!(words.ends_with("+ policy public.t.mine and 8 more"), "{words}");
}
