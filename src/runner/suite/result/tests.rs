//! Results as real runners write them, and results that prove nothing.

use super::*;

fn found(format: SuiteFormat, text: &str) -> Found {
    parse(format, text.as_bytes(), Path::new("/srv/shop"))
}

fn shown(found: &Found) -> Vec<(String, &'static str, String)> {
    let state = |test: &TestPoint| match (test.ok, test.skipped) {
        (true, false) => "ok",
        (true, true) => "skipped",
        (false, _) => "FAILED",
    };
    found.tests.iter().map(|test| (test.name.clone(), state(test), test.note.clone())).collect()
}

fn rows(rows: &[(&str, &'static str, &str)]) -> Vec<(String, &'static str, String)> {
    rows.iter().map(|(name, state, note)| ((*name).to_owned(), *state, (*note).to_owned())).collect()
}

#[test]
fn tap_is_read() {
    let output = "TAP version 13\nok 1 - first\nnot ok 2 - second\n#   got 3\n# wanted 4\nok\nnot ok 4 later # TODO soon\nok 5 - a \\# in the name # SKIP no disk\n1..5\nokay no test\n";
    let found = found(SuiteFormat::Tap, output);
    assert_eq!((found.planned, found.faults.clone()), (Some(5), vec![]));
    assert_eq!(
        shown(&found),
        rows(&[
            ("first", "ok", ""),
            ("second", "FAILED", "got 3; wanted 4"),
            ("test 3", "ok", ""),
            ("later", "skipped", "TODO soon"),
            ("a # in the name", "skipped", "SKIP no disk"),
        ])
    );
}

#[test]
fn a_subtest_of_tap_14_counts_by_its_own_line() {
    let output = "TAP version 14\n1..2\n# Subtest: money\n    1..2\n    ok 1 - adds\n    not ok 2 - rounds\n      ---\n      found: ok\n      ...\nnot ok 1 - money\nok 2 - time\n";
    let found = found(SuiteFormat::Tap, output);
    assert_eq!(found.faults, Vec::<String>::new());
    assert_eq!(shown(&found), rows(&[("money", "FAILED", ""), ("time", "ok", "")]));
}

#[test]
fn tap_that_proves_nothing_says_why() {
    for (output, fault) in [
        ("ok 1 - a\n", "no plan"),
        ("1..3\nok 1\nok 2\n", "planned 3 and ran 2"),
        ("1..2\nok 1\nok 3\n", "3 instead of 2"),
        ("1..2\nok 1\nBail out! no database\n", "bailed out: no database"),
        ("1..0 # SKIP no server\n", "plans no test at all: SKIP no server"),
        ("1..1\nok 1\n1..1\n", "2 plans"),
        ("1..many\nok 1\n", "no number"),
        ("psql: error: connection refused\n", "no plan"),
    ] {
        let found = found(SuiteFormat::Tap, output);
        assert!(found.faults.iter().any(|said| said.contains(fault)), "{output:?}: {:?}", found.faults);
    }
}

/// pytest 8, `--junitxml`, `junit_family=xunit2`.
const PYTEST: &str = r#"<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="2" tests="6" time="0.061" timestamp="2026-05-04T09:12:55.551410+00:00" hostname="ci"><testcase classname="tests.test_slots" name="test_free" time="0.001" /><testcase classname="tests.test_slots" name="test_overlap[a &lt; b]" time="0.001"><failure message="AssertionError: assert 3 == 4&#10; +  where 3 = count()">def test_overlap():
&gt;       assert count() == 4
E       AssertionError

tests/test_slots.py:8: AssertionError</failure></testcase><testcase classname="tests.test_slots" name="test_later" time="0.000"><skipped type="pytest.skip" message="no network">/srv/tests/test_slots.py:10: no network</skipped></testcase><testcase classname="tests.test_slots" name="test_known" time="0.001"><skipped type="pytest.xfail" message="" /></testcase><testcase classname="tests.test_store" name="test_setup" time="0.002"><error message="failed on setup with &quot;OSError: gone&quot;">E   OSError: gone</error></testcase><testcase classname="tests.test_store" name="test_last" time="1,234.567"><system-out>ok</system-out></testcase></testsuite></testsuites>"#;

#[test]
fn junit_of_pytest_is_read() {
    let found = found(SuiteFormat::Junit, PYTEST);
    assert_eq!(found.faults, Vec::<String>::new());
    assert_eq!(
        shown(&found),
        rows(&[
            ("tests.test_slots > test_free", "ok", ""),
            (
                "tests.test_slots > test_overlap[a < b]",
                "FAILED",
                "AssertionError: assert 3 == 4\n +  where 3 = count()"
            ),
            ("tests.test_slots > test_later", "skipped", "skipped no network"),
            ("tests.test_slots > test_known", "skipped", "skipped"),
            ("tests.test_store > test_setup", "FAILED", "failed on setup with \"OSError: gone\""),
            ("tests.test_store > test_last", "ok", ""),
        ])
    );
}

/// jest-junit 16: totals at the root, the failure's text without a message.
const JEST: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="jest tests" tests="3" failures="1" errors="0" time="1.842">
  <testsuite name="slots" errors="0" failures="1" skipped="0" timestamp="2026-05-04T09:14:02" time="1.1" tests="2">
    <testcase classname="slots are free" name="slots are free" time="0.004">
    </testcase>
    <testcase classname="slots do not overlap" name="slots do not overlap" time="0.006">
      <failure>Error: expect(received).toBe(expected)
    at Object.toBe (/srv/shop/slots.test.js:9:19)</failure>
    </testcase>
  </testsuite>
  <testsuite name="time" errors="0" failures="0" skipped="0" timestamp="2026-05-04T09:14:03" time="0.5" tests="1">
    <testcase classname="" name="time goes on" time="0.002"/>
  </testsuite>
</testsuites>"#;

/// Gradle 8: one suite a file.
const GRADLE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="shop.SlotTest" tests="3" skipped="1" failures="1" errors="0" timestamp="2026-05-04T09:15:10.123Z" hostname="ci" time="0.042">
  <properties/>
  <testcase name="isFree()" classname="shop.SlotTest" time="0.01"/>
  <testcase name="overlaps()" classname="shop.SlotTest" time="0.02">
    <failure message="org.opentest4j.AssertionFailedError: expected: &lt;1&gt; but was: &lt;2&gt;" type="org.opentest4j.AssertionFailedError">org.opentest4j.AssertionFailedError: expected: &lt;1&gt; but was: &lt;2&gt;</failure>
  </testcase>
  <testcase name="later()" classname="shop.SlotTest" time="0.0">
    <skipped/>
  </testcase>
  <system-out><![CDATA[<testcase name="printed"/>]]></system-out>
  <system-err><![CDATA[]]></system-err>
</testsuite>"#;

#[test]
fn junit_of_jest_and_gradle_is_read() {
    let jest = found(SuiteFormat::Junit, JEST);
    assert_eq!(jest.faults, Vec::<String>::new());
    let names: Vec<_> = jest.tests.iter().map(|test| (test.name.as_str(), test.ok)).collect();
    assert_eq!(names, [("slots are free", true), ("slots do not overlap", false), ("time goes on", true)]);
    assert!(jest.tests[1].note.starts_with("Error: expect(received)"), "{:?}", jest.tests[1]);
    let gradle = found(SuiteFormat::Junit, GRADLE);
    assert_eq!(gradle.faults, Vec::<String>::new());
    assert_eq!(
        shown(&gradle),
        rows(&[
            ("shop.SlotTest > isFree()", "ok", ""),
            (
                "shop.SlotTest > overlaps()",
                "FAILED",
                "org.opentest4j.AssertionFailedError: expected: <1> but was: <2>"
            ),
            ("shop.SlotTest > later()", "skipped", "skipped"),
        ])
    );
}

#[test]
fn what_failed_stays_failed() {
    let both = r#"<testsuite><testcase name="a"><failure message="x"/><skipped/></testcase><testcase name="b"><skipped/><error message="y"/></testcase></testsuite>"#;
    let found = found(SuiteFormat::Junit, both);
    assert_eq!(shown(&found), rows(&[("a", "FAILED", "x"), ("b", "FAILED", "y")]));
}

#[test]
fn junit_that_proves_nothing_says_why() {
    let deep = "<testsuite>".repeat(1_000);
    for (text, fault) in [
        ("", "empty"),
        ("no XML", "0 outermost"),
        ("<html><body/></html>", "starts with <html>"),
        (&PYTEST[..PYTEST.len() - 40], "not JUnit"),
        ("<testsuites><testsuite><testcase name='a'/>", "ends inside <testsuite>"),
        (
            "<testsuites failures='2'><testsuite><testcase name='a'/></testsuite></testsuites>",
            "name 2 failures",
        ),
        ("<testsuite/><testsuite/>", "2 outermost"),
        ("<!DOCTYPE x [<!ENTITY a 'aaaa'>]><testsuite><testcase name='&a;'/></testsuite>", "not JUnit"),
        (&deep, "nest"),
    ] {
        let found = found(SuiteFormat::Junit, text);
        assert!(found.faults.iter().any(|said| said.contains(fault)), "{text:.60?}: {:?}", found.faults);
    }
    let suite = found(SuiteFormat::Junit, "<testsuite errors='1'><error message='no fixture'/></testsuite>");
    assert_eq!(shown(&suite), rows(&[("(error outside of a test)", "FAILED", "no fixture")]));
}

/// vitest 3, `--reporter=json`, behind npm's own lines.
const VITEST: &str = r#"
> shop@1.0.0 test
> vitest run --reporter=json

{"numTotalTestSuites":4,"numPassedTestSuites":2,"numFailedTestSuites":2,"numPendingTestSuites":0,"numTotalTests":4,"numPassedTests":1,"numFailedTests":1,"numPendingTests":1,"numTodoTests":1,"snapshot":{"added":0,"failure":false,"filesAdded":0,"filesRemoved":0,"filesRemovedList":[],"filesUnmatched":0,"filesUpdated":0,"matched":0,"total":0,"unchecked":0,"uncheckedKeysByFile":[],"unmatched":0,"updated":0,"didUpdate":false},"startTime":1777885812345,"success":false,"testResults":[{"assertionResults":[{"ancestorTitles":["slots"],"fullName":"slots is free","status":"passed","title":"is free","duration":1.2,"failureMessages":[],"meta":{}},{"ancestorTitles":["slots","in spring"],"fullName":"slots in spring overlaps","status":"failed","title":"overlaps","duration":3.9,"failureMessages":["AssertionError: expected 3 to be 4 // Object.is equality\n    at /srv/shop/test/slots.test.ts:9:19"],"location":{"line":9,"column":19},"meta":{}},{"ancestorTitles":["slots"],"fullName":"slots later","status":"skipped","title":"later","failureMessages":[],"meta":{}},{"ancestorTitles":["slots"],"fullName":"slots soon","status":"todo","title":"soon","failureMessages":[],"meta":{}}],"startTime":1777885812400,"endTime":1777885812404.9,"status":"failed","message":"","name":"/srv/shop/test/slots.test.ts"},{"assertionResults":[],"startTime":1777885812345,"endTime":1777885812345,"status":"failed","message":"Failed to resolve import \"./gone\" from \"test/broken.test.ts\". Does the file exist?","name":"/srv/shop/test/broken.test.ts"}]}
"#;

#[test]
fn vitest_is_read_with_a_file_that_does_not_load() {
    let found = found(SuiteFormat::Vitest, VITEST);
    assert_eq!(found.faults, Vec::<String>::new());
    assert_eq!(
        shown(&found),
        rows(&[
            ("slots > is free", "ok", ""),
            (
                "slots > in spring > overlaps",
                "FAILED",
                "AssertionError: expected 3 to be 4 // Object.is equality"
            ),
            ("slots > later", "skipped", "skipped"),
            ("slots > soon", "skipped", "todo"),
            (
                "test/broken.test.ts",
                "FAILED",
                "Failed to resolve import \"./gone\" from \"test/broken.test.ts\". Does the file exist?"
            ),
        ])
    );
}

#[test]
fn vitest_that_proves_nothing_says_why() {
    for (text, fault) in [
        ("", "not JSON"),
        ("> shop@1.0.0 test\nsh: vitest: not found\n", "not JSON"),
        ("{\"testResults\":", "not vitest's JSON"),
        ("{\"results\":[]}", "not vitest's JSON"),
        ("{\"success\":false,\"testResults\":[]}", "did not succeed"),
    ] {
        let found = found(SuiteFormat::Vitest, text);
        assert!(found.faults.iter().any(|said| said.contains(fault)), "{text:?}: {:?}", found.faults);
    }
}

#[test]
fn what_a_test_is_called_is_only_data() {
    let name = "\u{1b}]0;owned\u{7}<b>&'\"; DROP TABLE x; -- $(reboot)";
    let tap = found(SuiteFormat::Tap, &format!("1..1\nok 1 - {name}\n"));
    assert_eq!(tap.tests[0].name, name);
    let json = serde_json::json!({ "testResults": [{ "name": "f", "status": "passed",
        "assertionResults": [{ "title": name, "status": "passed" }] }] });
    assert_eq!(found(SuiteFormat::Vitest, &json.to_string()).tests[0].name, name);
    let long = "x".repeat(5_000);
    assert_eq!(found(SuiteFormat::Tap, &format!("1..1\nok 1 - {long}\n")).tests[0].name.len(), 1_000);
}

#[test]
fn so_many_tests_are_no_proof() {
    let mut output = format!("1..{}\n", TESTS_MAX + 5);
    output.extend((1..=TESTS_MAX + 5).map(|at| format!("ok {at}\n")));
    let found = found(SuiteFormat::Tap, &output);
    assert!(found.faults.iter().any(|said| said.contains("more than 20000 tests")), "{:?}", found.faults);
    assert!(found.tests.len() <= TESTS_MAX + 1);
}

/// The report of a ceremony is read as any other program's: by what it says test by test.
#[test]
fn our_own_report_is_read() {
    use crate::session::Verdict;
    use crate::tui::World;
    for world in [
        World::new("x"),
        World::at_commit_gate(),
        World::stopped(),
        World::at_rollback_gate(),
        World::closed(),
    ] {
        let head = "0".repeat(64);
        let execution =
            crate::report::Execution::new(&world.session, &world.transcript, &world.entries, &head);
        let found = super::junit::read(crate::report::junit::render(&execution).as_bytes());
        assert_eq!(found.faults, [""; 0]);
        let verdicts: Vec<Verdict> =
            execution.all_steps().flat_map(|step| &step.checks).map(|check| check.verdict).collect();
        let count = |wanted: Verdict| verdicts.iter().filter(|verdict| **verdict == wanted).count();
        let whole = usize::from(!execution.verdict.is_good());
        assert_eq!(found.tests.len(), verdicts.len() + 1);
        assert_eq!(found.tests.iter().filter(|test| !test.ok).count(), count(Verdict::Fail) + whole);
        assert_eq!(found.tests.iter().filter(|test| test.skipped).count(), count(Verdict::NotRun));
        assert_eq!(found.tests.last().map(|test| test.ok), Some(execution.verdict.is_good()));
    }
}
