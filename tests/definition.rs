//! The shipped definition loads, and every mistake in a definition is reported at once with its place.

use ceremony::definition::{Ceremony, Diagnostic, Folder, load};
use ceremony::plan::Plan;
use ceremony::runner::files::{DiskFolder, MemoryFolder};
use std::collections::BTreeMap;
use std::path::Path;

fn shipped() -> Ceremony {
    let folder = DiskFolder::new(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    load(&folder, "ceremony.toml").unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

#[test]
fn the_shipped_ceremony_is_planned_as_specified() {
    let plan = Plan::new(shipped());
    let lines: Vec<String> = plan
        .steps
        .iter()
        .chain(&plan.rollback)
        .map(|step| {
            format!("{:<24} {:<10} {} checks", step.id, format!("{:?}", step.kind), step.checks.len())
        })
        .collect();
    insta::assert_snapshot!("shipped_plan", lines.join("\n"));
}

#[test]
fn the_checksums_are_those_of_the_files() {
    let folder = DiskFolder::new(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    for input in shipped().inputs {
        assert_eq!(folder.read(&input.path).unwrap().sha256, input.sha256, "{}", input.path);
    }
}

/// The baseline repeats migration 0, once as statements and once as its history row: all three must be the same.
#[test]
fn the_baseline_carries_migration_0_as_it_is() {
    let read =
        |path: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let baseline = read("assets/calendar/baseline.sql");
    let migration = read("migrations/20260116000000_add_slot_conflict_prevention.sql");
    let statements = ceremony::runner::postgres::split::history_statements(&migration);
    assert!(statements.len() >= 4, "{statements:?}");
    for statement in statements {
        let whole = statement.lines().filter(|line| !line.trim_start().starts_with("--"));
        for line in whole.filter(|line| !line.trim().is_empty() && !matches!(line.trim(), "BEGIN" | "COMMIT"))
        {
            let there = baseline.matches(line.trim()).count();
            assert!(there >= 1, "the baseline has no line `{line}` of migration 0");
        }
    }
    assert!(!baseline.contains(" tsrange("), "the fault that once blocked the ceremony");
}

#[test]
fn the_runbook_is_current() {
    let ceremony = shipped();
    let path = ceremony.runbook.clone().expect("the shipped definition names its runbook");
    let text = ceremony::report::runbook::render(&Plan::new(ceremony), "ceremony.toml");
    let there = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_default();
    assert!(there == text, "the runbook is not that of the definition: run `ceremony runbook`");
}

/// The facts of the ceremony, as they must stand in the definition.
#[test]
fn the_shipped_ceremony_says_what_it_must() {
    let ceremony = shipped();
    let flags: Vec<_> = ceremony.flags.iter().map(|flag| (flag.name.as_str(), flag.on)).collect();
    let names = ["SYNC", "OAUTH", "JOBS", "WEBHOOK"].map(|name| format!("CALENDAR_{name}_ENABLED"));
    assert_eq!(flags, names.iter().map(|name| (name.as_str(), false)).collect::<Vec<_>>());
    let migrations: Vec<_> = ceremony
        .migrations
        .iter()
        .map(|migration| (migration.id.as_str(), migration.risk.word(), migration.after.clone()))
        .collect();
    assert_eq!(
        migrations,
        [
            ("foundations", "HIGH", vec![]),
            ("uniqueness", "MEDIUM", vec!["foundations".to_owned()]),
            ("outbound-sync", "MEDIUM", vec!["foundations".to_owned()]),
        ]
    );
    assert_eq!(ceremony.migrations[0].rollback.deletes, ["public.external_calendar_events"]);
    let informational: Vec<_> = ceremony
        .queries
        .iter()
        .filter(|query| query.expect == ceremony::definition::Expectation::Informational)
        .map(|query| query.id.as_str())
        .collect();
    assert!(informational.contains(&"post/events-without-connection"), "{informational:?}");
    for suite in [
        "ingest-free-busy",
        "overlay-busy-intervals",
        "busy-interval-repository",
        "sync-state-repository",
        "outbound-sync",
    ] {
        assert!(ceremony.suites.iter().any(|other| other.id == suite), "{suite}");
    }
    assert!(ceremony.waivers.iter().any(|waiver| waiver.check == "ingest-free-busy"));
}

fn check(toml: &str) -> Vec<Diagnostic> {
    let mut files = BTreeMap::new();
    files.insert("ceremony.toml".to_owned(), toml.to_owned());
    files.insert("m/1_a.sql".to_owned(), "SELECT 1;".to_owned());
    files.insert("m/2_b.sql".to_owned(), "SELECT 2;".to_owned());
    files.insert(
        "q.sql".to_owned(),
        "-- @section one\nSELECT 1;\n-- @section back\nSELECT 2;\n-- @section nothing\n\n".to_owned(),
    );
    load(&MemoryFolder(files), "ceremony.toml").err().unwrap_or_default()
}

#[test]
#[expect(clippy::too_many_lines, reason = "the text with the mistakes is most of it")]
fn every_mistake_at_once_with_its_place() {
    let broken = r#"
format = 1
tittle = "typo"
[ceremony]
id = "Has Blanks"
title = "T"
purpose = "P"
planed_minutes = 3
[limits]
lock_timeout_ms = "long"
[[flag]]
name = "A"
expect = "of"
[[protect]]
table = "bookings"
[[migration]]
id = "a"
title = "A"
file = "m/1_a.sql"
sha256 = "12"
risk = "hihg"
after = ["b"]
summary = "x"
creates = ["tabel public.a", "table a", "index public.i", "column public.a", "function public.f", "view public.*", "comment on schema s"]
undeclared = "findings"
reapply = "fails"
verify = ["q/on"]
[migration.rollback]
script = "q.sql#back"
summary = "s"
when = "w"
kept = ["table \"a.b\""]
also_drops = ["everything"]
[[migration]]
id = "b"
title = "B"
file = "../2_b.sql"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
risk = "low"
after = ["a"]
summary = "x"
[migration.rollback]
script = "q.sql#nothing"
summary = "s"
when = "w"
[[query]]
id = "q/one"
title = "One"
script = "q.sql#onne"
expect = "emty"
[[query]]
id = "q/one"
title = "Twice"
script = "q.sql#one"
expect = { rows = 1 }
[[negative]]
id = "n"
title = "N"
script = "missing.sql"
sqlstate = "abc"
[[suite]]
id = "s"
title = "S"
command = []
format = "tap"
[[waiver]]
check = "nobody"
reason = "r"
granted_by = "g"
until = "tomorrow"
[[step]]
id = "first"
kind = "verify"
title = "Does nothing"
[[step]]
id = "drill"
kind = "drill"
title = "Too early"
probes = ["servr"]
[[claim]]
id = "c"
text = "t"
evidence = ["apply/a"]
"#;
    let shown: Vec<String> = check(broken).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("every_mistake", shown.join("\n"));
}

#[test]
fn what_is_said_of_rows_must_fit() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ceremony.toml")).unwrap();
    let problems = |from: &str, to: &str| {
        assert!(text.contains(from), "the definition has no '{from}'");
        let folder = DiskFolder::new(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let mut files = BTreeMap::new();
        for path in shipped().files.keys() {
            let bytes = ceremony::definition::Folder::read(&folder, path).unwrap().bytes;
            files.insert(path.clone(), String::from_utf8(bytes).unwrap());
        }
        files.insert("ceremony.toml".to_owned(), text.replacen(from, to, 1));
        load(&MemoryFolder(files), "ceremony.toml").err().unwrap_or_default()
    };
    for (from, to, said) in [
        ("table = \"public.bookings\"", "table = \"public.bookings\"\ncontent = \"no\"", "not true or false"),
        ("risk = \"high\"", "risk = \"high\"\nupdates = [\"public.other\"]", "which is not protected"),
        ("deletes = []", "deletes = []\nupdates = [\"public.other\"]", "which is not protected"),
        (
            "kind = \"sign-off\"",
            "kind = \"sign-off\"\nseed = \"assets/calendar/drill_rows.sql\"",
            "has 'seed'",
        ),
        ("expect = { value = \"EXC", "keep = \"nothing\"\nexpect = { value = \"EXC", "are not kept"),
        ("expect = { set = [[\"ext", "keep = \"digests\"\nexpect = { set = [[\"ext", "is not a digest"),
        ("expect = { value = \"EXC", "keep = \"all\"\nexpect = { value = \"EXC", "'all'"),
        ("drill_rows.sql\"\n\n[[step]]", "drill_rowss.sql\"\n\n[[step]]", "cannot read"),
    ] {
        let problems = problems(from, to);
        assert!(problems.iter().any(|problem| problem.what.contains(said)), "{said}: {problems:?}");
    }
    assert_eq!(problems("table = \"public.bookings\"", "table = \"public.bookings\"\ncontent = false"), []);
    assert_eq!(problems("risk = \"high\"", "risk = \"high\"\nupdates = [\"public.bookings\"]"), []);
    assert_eq!(problems("expect = \"empty\"", "keep = \"nothing\"\nexpect = { rows = 3 }"), []);
    let digest = format!(
        "keep = \"digests\"\nexpect = {{ set = [[\"sha256:{}\", \"NULL\"], [\"sha256:",
        "0".repeat(64)
    );
    assert_ne!(problems("expect = { set = [[\"ext", &digest), [], "one of them is none");
}

#[test]
fn broken_toml_is_said_without_noise() {
    let problems = check("format = 1\n[ceremony\nid = 3");
    assert!(!problems.is_empty());
    assert!(problems.iter().all(|problem| problem.what.starts_with("not TOML")), "{problems:?}");
}

#[test]
fn waivers_and_result_files_that_cannot_be_meant_are_refused() {
    let suites = r#"
format = 1
[ceremony]
id = "c"
title = "T"
purpose = "P"
[[suite]]
id = "s"
title = "S"
command = ["true"]
format = "junit"
result = "../junit.xml"
[[suite]]
id = "x"
title = "X"
command = ["true"]
format = "exit-code"
result = "q.sql"
[[query]]
id = "q"
title = "Q"
script = "q.sql#one"
expect = "empty"
[[waiver]]
check = "s"
tests = ["a", "b", "a", " "]
reason = "r"
granted_by = "g"
until = "2099-12-31"
[[waiver]]
check = "s"
tests = ["b"]
reason = "r"
granted_by = "g"
until = "2099-12-31"
[[waiver]]
check = "s"
reason = "all of it"
granted_by = "g"
until = "2099-12-31"
[[waiver]]
check = "x"
tests = []
reason = "r"
granted_by = "g"
until = "2099-12-31"
[[waiver]]
check = "q"
tests = ["a"]
reason = "r"
granted_by = "g"
until = "2099-12-31"
[[waiver]]
check = "unknown"
tests = ["a"]
reason = "r"
granted_by = "g"
until = "2099-12-31"
[[step]]
id = "v"
kind = "suite"
title = "V"
suites = ["s", "x"]
"#;
    let shown: Vec<String> = check(suites).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("waivers_and_results", shown.join("\n"));
}

/// Every table of a definition with a key that nobody knows: the answers list the keys that are read.
const UNKNOWN: &str = r#"
format = 1
qqqqqqqqqqqqqqqq = 1
[ceremony]
qqqqqqqqqqqqqqqq = 1
[target]
qqqqqqqqqqqqqqqq = 1
[limits]
qqqqqqqqqqqqqqqq = 1
[[input]]
qqqqqqqqqqqqqqqq = 1
[[flag]]
qqqqqqqqqqqqqqqq = 1
[[protect]]
qqqqqqqqqqqqqqqq = 1
[[migration]]
qqqqqqqqqqqqqqqq = 1
[migration.rollback]
qqqqqqqqqqqqqqqq = 1
[[query]]
qqqqqqqqqqqqqqqq = 1
expect = { qqqqqqqqqqqqqqqq = 1 }
[[negative]]
qqqqqqqqqqqqqqqq = 1
[[suite]]
qqqqqqqqqqqqqqqq = 1
[[waiver]]
qqqqqqqqqqqqqqqq = 1
[[step]]
qqqqqqqqqqqqqqqq = 1
[[claim]]
qqqqqqqqqqqqqqqq = 1
[[signature]]
qqqqqqqqqqqqqqqq = 1
"#;

#[test]
fn the_reference_names_every_key_in_its_order_and_no_other() {
    let folder = MemoryFolder(BTreeMap::from([("c.toml".to_owned(), UNKNOWN.to_owned())]));
    let problems = load(&folder, "c.toml").unwrap_err();
    let listed = problems.iter().filter_map(|problem| {
        let (table, keys) = problem.next.strip_prefix("remove it; the keys of ")?.split_once(" are: ")?;
        Some((table.to_owned(), keys.split(", ").map(str::to_owned).collect::<Vec<_>>()))
    });
    let read: BTreeMap<String, Vec<String>> = listed
        .map(|(table, keys)| {
            let mut seen = Vec::new();
            for key in keys {
                if !seen.contains(&key) {
                    seen.push(key);
                }
            }
            (table, seen)
        })
        .collect();
    assert_eq!(read.len(), 17, "a table of {UNKNOWN} gave no list: {:?}", read.keys());
    let text = include_str!("../docs/definition.md");
    let mut written: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = String::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            table = heading.to_owned();
        } else if let Some((key, _)) = line.strip_prefix("| `").and_then(|rest| rest.split_once('`')) {
            written.entry(table.clone()).or_default().push(key.to_owned());
        }
    }
    assert_eq!(written, read);
}
