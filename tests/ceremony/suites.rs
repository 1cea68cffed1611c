//! Suites with the real program: results in every format, from standard output and from files; waivers by test.

use crate::room::*;
use serde_json::Value;
use std::fs;
use std::process::Command;

/// Puts suites into the preflight, each a shell script.
struct Suites {
    room: Room,
    entries: String,
    ids: Vec<String>,
}

impl Suites {
    fn new() -> Self {
        Self { room: Room::new(), entries: String::new(), ids: Vec::new() }
    }

    fn add(mut self, id: &str, more: &str, script: &str) -> Self {
        let script = serde_json::to_string(script).unwrap();
        self.entries.push_str(&format!(
            "[[suite]]\nid = \"{id}\"\ntitle = \"{id}\"\ncommand = [\"sh\", \"-c\", {script}]\n{more}\n"
        ));
        self.ids.push(id.to_owned());
        self
    }

    fn waive(mut self, id: &str, tests: &[&str], reason: &str) -> Self {
        let tests = serde_json::to_string(tests).unwrap();
        self.entries.push_str(&format!(
            "[[waiver]]\ncheck = \"{id}\"\ntests = {tests}\nreason = \"{reason}\"\ngranted_by = \"ada\"\nuntil = \"2099-12-31\"\n"
        ));
        self
    }

    fn define(&self) -> &Room {
        self.room
            .define("[[waiver]]\ncheck = \"ingest", &format!("{}[[waiver]]\ncheck = \"ingest", self.entries));
        self.room.define("suites = [\"baseline\"]", &format!("suites = {}", serde_json::json!(self.ids)));
        &self.room
    }

    /// Runs up to the step behind the suites.
    fn run(&self) -> Ended {
        self.define();
        let answers =
            self.room.yes().with("preflight/suites", &["{phrase}"]).without("backup/calendar-tables");
        self.room.run(&answers)
    }

    #[track_caller]
    fn judged(&self, id: &str) -> Value {
        let all = self.room.events("check-judged");
        all.into_iter().rfind(|event| event["check"] == id).unwrap_or_else(|| panic!("{id} is not judged"))
    }

    #[track_caller]
    fn is(&self, id: &str, verdict: &str, words: &[&str]) {
        let judged = self.judged(id);
        assert_eq!(judged["verdict"], verdict, "{judged:#}");
        contains(judged["observed"].as_str().unwrap(), words);
    }
}

const JUNIT_GOOD: &str = r#"<testsuites><testsuite name="a" tests="2" failures="0" errors="0"><testcase classname="shop" name="opens"/><testcase classname="shop" name="later"><skipped/></testcase></testsuite></testsuites>"#;
const JUNIT_BAD: &str = r#"<testsuites><testsuite name="a" tests="2" failures="1" errors="0"><testcase classname="shop" name="opens"/><testcase classname="shop" name="mock of neq"><failure message="no"/></testcase></testsuite></testsuites>"#;
const VITEST_GOOD: &str = r#"{"success":true,"testResults":[{"name":"a.test.ts","status":"passed","message":"","assertionResults":[{"ancestorTitles":["shop"],"title":"opens","fullName":"shop opens","status":"passed","failureMessages":[]}]}]}"#;
const VITEST_BAD: &str = r#"{"success":false,"testResults":[{"name":"a.test.ts","status":"failed","message":"cannot load","assertionResults":[]}]}"#;

#[test]
fn each_format_passes_and_fails() {
    let suites = Suites::new();
    for (name, text) in [("jg", JUNIT_GOOD), ("jb", JUNIT_BAD), ("vg", VITEST_GOOD), ("vb", VITEST_BAD)] {
        fs::write(suites.room.path(name), text).unwrap();
    }
    let junit_file = "format = \"junit\"\nresult = \"build/junit.xml\"";
    let suites = suites
        .add("junit-good", "format = \"junit\"", "cat jg")
        .add("junit-bad", "format = \"junit\"", "cat jb; exit 1")
        .add("junit-file", junit_file, "mkdir -p build; cp jg build/junit.xml; echo talks")
        .add("vitest-good", "format = \"vitest\"", "echo '> shop test'; cat vg")
        .add("vitest-bad", "format = \"vitest\"\nresult = \"vitest.json\"", "cp vb vitest.json; exit 1")
        .add("tap-file", "format = \"tap\"\nresult = \"out.tap\"", "printf '1..1\\nok 1 - a\\n' > out.tap")
        .add("tap-short", "format = \"tap\"", "printf '1..2\\nok 1 - a\\n'")
        .add("exit-good", "format = \"exit-code\"", "true")
        .add("exit-bad", "format = \"exit-code\"", "exit 7")
        .add("says-yes", "format = \"junit\"", "cat jb")
        .add("says-no", "format = \"vitest\"", "cat vg; exit 3")
        .add("none", "format = \"vitest\"", "echo '{\"success\":true,\"testResults\":[]}'")
        .add("all-skipped", "format = \"tap\"", "printf '1..1\\nok 1 - a # SKIP why\\n'");
    suites.run().with(3);
    suites.is("junit-good", "pass", &["2 of 2 ok (1 skipped), exit code 0"]);
    suites.is("junit-bad", "fail", &["1 of 2 ok, exit code 1", "not ok: shop > mock of neq"]);
    suites.is("junit-file", "pass", &["2 of 2 ok"]);
    suites.is("vitest-good", "pass", &["1 of 1 ok, exit code 0"]);
    suites.is("vitest-bad", "fail", &["0 of 1 ok, exit code 1", "not ok: a.test.ts"]);
    suites.is("tap-file", "pass", &["1 of 1 ok, exit code 0"]);
    suites.is("tap-short", "fail", &["planned 2 and ran 1"]);
    suites.is("exit-good", "pass", &["exit code 0"]);
    suites.is("exit-bad", "fail", &["exit code 7"]);
    suites.is("says-yes", "fail", &["the exit code is 0 though 1 failed"]);
    suites.is("says-no", "fail", &["the exit code is 3 though no test failed"]);
    suites.is("none", "fail", &["no test ran"]);
    suites.is("all-skipped", "fail", &["every test was skipped"]);
    suites.room.verify().with(0);
}

#[test]
fn a_result_file_is_of_this_run_or_it_is_none() {
    let suites = Suites::new();
    fs::write(suites.room.path("stale.xml"), JUNIT_GOOD).unwrap();
    fs::write(suites.room.path("jg"), JUNIT_GOOD).unwrap();
    fs::create_dir(suites.room.path("folder.xml")).unwrap();
    let outside = tempfile::NamedTempFile::new().unwrap();
    fs::write(outside.path(), JUNIT_GOOD).unwrap();
    let result = |name: &str| format!("format = \"junit\"\nresult = \"{name}.xml\"");
    let suites = suites
        .add("stale", &result("stale"), "true")
        .add("missing", &result("missing"), "cat jg")
        .add("broken", &result("broken"), "head -c 60 jg > broken.xml")
        .add("huge", &result("huge"), "head -c 20000000 /dev/zero > huge.xml")
        .add("folder", &result("folder"), "true")
        .add("link", &result("link"), &format!("ln -s {} link.xml", outside.path().display()))
        .add("fifo", &result("fifo"), "mkfifo fifo.xml");
    suites.run().with(3);
    suites.is("stale", "fail", &["did not write the result file 'stale.xml'"]);
    suites.is("missing", "fail", &["did not write the result file 'missing.xml'"]);
    suites.is("broken", "fail", &["not JUnit's XML"]);
    suites.is("huge", "fail", &["20000000 bytes, more than 16 MiB"]);
    suites.is("folder", "fail", &["the old result file 'folder.xml' cannot be removed"]);
    suites.is("link", "fail", &["a link leads out"]);
    suites.is("fifo", "fail", &["not a regular file"]);
    assert_eq!(fs::read_to_string(outside.path()).unwrap(), JUNIT_GOOD, "what lies outside is left alone");
}

#[test]
fn only_the_waived_tests_may_fail() {
    let suites = Suites::new();
    fs::write(suites.room.path("jb"), JUNIT_BAD).unwrap();
    let tap = |lines: &str| format!("printf '1..2\\n{lines}'");
    let suites = suites
        .add("known", "format = \"junit\"", "cat jb; exit 1")
        .waive("known", &["shop > mock of neq"], "The mock has no neq.")
        .add("other", "format = \"tap\"", &tap("not ok 1 - new\\nnot ok 2 - known\\n"))
        .waive("other", &["known"], "Known.")
        .add("near", "format = \"tap\"", &tap("not ok 1 - Known\\nok 2 - b\\n"))
        .waive("near", &["known"], "Known by another name.")
        .add("twice", "format = \"tap\"", &tap("not ok 1 - same\\nnot ok 2 - same\\n"))
        .waive("twice", &["same"], "Known once.")
        .add("mended", "format = \"tap\"", &tap("ok 1 - mended\\nok 2 - b\\n"))
        .waive("mended", &["mended", "gone"], "Was known.")
        .add("lies", "format = \"junit\"", "cat jb")
        .waive("lies", &["shop > mock of neq"], "Known, but the exit code says nothing failed.");
    suites.run().with(3).says(&["waiver not needed: 'mended' of mended passes"]);
    suites.is("known", "pass-with-waivers", &["1 of 2 ok, exit code 1", "known failure: shop > mock of neq"]);
    let waiver = suites.judged("known")["waiver"].as_str().unwrap().to_owned();
    contains(&waiver, &["'shop > mock of neq': The mock has no neq. (granted by ada until 2099-12-31)"]);
    suites.is("other", "fail", &["not ok: new", "known failure: known"]);
    suites.is("near", "fail", &["not ok: Known"]);
    suites.is("twice", "fail", &["not ok: same; known failure: same"]);
    suites.is("mended", "pass", &["2 of 2 ok"]);
    suites.is("lies", "fail", &["the exit code is 0 though 1 failed"]);
    let findings: Vec<Value> = suites.room.events("finding-raised");
    let findings: Vec<&str> = findings.iter().filter_map(|event| event["what"].as_str()).collect();
    let said = |words: &str| findings.iter().filter(|what| what.contains(words)).count();
    assert_eq!(said("'mended' of mended passes"), 1, "{findings:?}");
    assert_eq!(said("'gone' of mended is not among its tests"), 1, "{findings:?}");
    assert_eq!(said("of known"), 0, "{findings:?}");
    contains(
        &suites.room.report(),
        &["Waiver for `known`, tests `shop > mock of neq`", "Waiver for `mended`, tests `mended`, `gone`"],
    );
    suites.room.verify().with(0);
}

#[test]
fn a_suite_that_floods_is_counted_and_not_kept() {
    let suites = Suites::new()
        .add("flood", "format = \"tap\"", "yes 'ok 1 - again and again' | head -c 1000000000")
        .add("flood-exit", "format = \"exit-code\"", "head -c 50000000 /dev/zero >&2");
    suites.run().with(3);
    suites.is("flood", "fail", &["longer than 4 MiB"]);
    suites.is("flood-exit", "pass", &["exit code 0"]);
    let record = fs::read_to_string(suites.room.session().join("session.jsonl")).unwrap();
    // NUL is written in six bytes.
    assert!(record.len() < 60 << 20, "the record has {} bytes", record.len());
    contains(&record, &["… 995805696 bytes more", "… 45805696 bytes more"]);
}

/// Leaves group and session behind, ignores polite signals, and lives on in the background.
fn escape(marker: &str) -> String {
    format!(
        "trap '' TERM INT HUP; setsid sh -c \"trap '' TERM INT HUP; setsid sleep {marker} >/dev/null 2>&1 &\" & echo begun"
    )
}

#[track_caller]
fn nobody_sleeps(marker: &str) {
    let left = std::process::Command::new("pgrep").args(["-f", &format!("sleep {marker}")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&left.stdout), "", "a process of the suite is left");
}

#[test]
fn stop_reaches_what_left_its_process_group() {
    let marker = format!("{}", 300_000 + std::process::id());
    let script = format!("{}; wait; sleep {marker}", escape(&marker));
    let suites = Suites::new().add("escapes", "format = \"exit-code\"", &script);
    suites.define();
    let running = suites.room.start(&suites.room.yes());
    suites.room.recorded(&["printed", "begun"]);
    running.signal(rustix::process::Signal::INT);
    running.end().with(5).says(&["stopped by the operator"]);
    nobody_sleeps(&marker);
}

#[test]
fn what_a_suite_leaves_running_ends_with_it() {
    let marker = format!("{}", 400_000 + std::process::id());
    let suites = Suites::new().add("leaves", "format = \"exit-code\"", &escape(&marker)).add(
        "holds-output",
        "format = \"exit-code\"",
        &format!("sleep {marker} & echo begun"),
    );
    suites.run().with(3).says(&["preflight/suites"]);
    suites.is("leaves", "pass", &["exit code 0"]);
    suites.is("holds-output", "pass", &["exit code 0"]);
    nobody_sleeps(&marker);
}

/// Halt condition 7: the application does not start on the migrated schema.
#[test]
fn an_application_that_does_not_start_is_condition_7() {
    let room = Room::new();
    room.define(
        r#"command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "assets/calendar/suites/outbound_sync.sql"]
format = "tap""#,
        "command = [\"sh\", \"-c\", \"echo cannot bind; exit 1\"]\nformat = \"exit-code\"\nproves = \"application-start\"",
    );
    room.run(&room.yes()).with(5).says(&["FAIL outbound-sync", "condition 7 of 8"]);
    let halt = room.halt();
    assert_eq!(halt["cause"], serde_json::json!({ "cause": "condition", "condition": "application-down" }));
    assert_eq!(halt["step"], "suites/migrated");
    contains(
        halt["left"].as_str().unwrap(),
        &["applied and not rolled back: foundations, uniqueness, outbound-sync"],
    );
}

/// In a container, or under a supervisor: whose session began outside of the PID namespace has none of a number.
#[test]
fn a_suite_ends_where_the_session_began_in_another_namespace() {
    let room = Room::new();
    let answers = room.yes().without("backup/calendar-tables");
    let inner = room.answered(&["run", "--session", "session"], &answers);
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-current-user"]);
    }
    command.arg(inner.get_program()).args(inner.get_args()).current_dir(room.path(""));
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(std::process::Stdio::null());
    room.spawn(command).end().with(3);
    let judged = room.events("check-judged");
    let baseline = judged.iter().find(|event| event["check"] == "baseline").unwrap();
    assert_eq!(baseline["verdict"], "pass", "{baseline:#}");
}
