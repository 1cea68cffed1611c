//! The reports of real sessions, as the program writes them: all formats, twice, from a copy, half-way and stopped.

use crate::room::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

#[path = "../support/json_schema.rs"]
mod json_schema;

const NAMES: [&str; 5] = ["report.md", "report.html", "report.json", "report.junit.xml", "session.cast"];

/// Every report in a session's folder.
fn reports(folder: &Path) -> BTreeMap<&'static str, String> {
    NAMES.into_iter().map(|name| (name, fs::read_to_string(folder.join(name)).expect(name))).collect()
}

fn all(room: &Room, folder: &str) -> BTreeMap<&'static str, String> {
    let ended = room.call(&["report", folder, "--format", "all"]).with(0);
    assert_eq!(ended.out, "", "all of them are files");
    reports(&room.path(folder))
}

fn json(text: &str) -> serde_json::Value {
    let schema = include_str!("../../docs/report.schema.json");
    let (schema, report) = (serde_json::from_str(schema).unwrap(), serde_json::from_str(text).unwrap());
    assert_eq!(json_schema::faults(&schema, &report), [""; 0]);
    report
}

/// What a session is read from, without what the server and the program have lying about.
fn copied(room: &Room, to: &str) {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            match entry.file_type().unwrap().is_dir() {
                true => copy(&entry.path(), &target),
                false => drop(fs::copy(entry.path(), target).unwrap()),
            }
        }
    }
    let (from, to) = (room.session(), room.path(to));
    fs::create_dir_all(&to).unwrap();
    for name in ["session.jsonl", "plan.json"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
    copy(&from.join("files"), &to.join("files"));
}

#[test]
fn the_same_record_gives_the_same_bytes_wherever_it_lies() {
    let room = Room::new();
    room.run(&room.yes()).with(0);
    let first = all(&room, "session");
    let again = all(&room, "session");
    copied(&room, "elsewhere/of another name");
    let moved = all(&room, "elsewhere/of another name");
    for name in NAMES {
        assert!(first[name] == again[name], "{name} was written twice, and is not the same");
        assert!(first[name] == moved[name], "{name} is another one in a copy of the session");
        let place = room.path("").display().to_string();
        assert!(!first[name].contains(place.trim_end_matches('/')), "{name} names a folder of this machine");
    }

    let report = json(&first["report.json"]);
    assert_eq!(report["verdict"], "pass");
    assert_eq!(
        report["record"]["head"],
        ceremony::runner::files::sha256(&fs::read(room.session().join("session.jsonl")).unwrap())
    );
    assert_eq!(report["counts"]["steps"], report["counts"]["steps_passed"]);
    let claims = report["claims"].as_array().unwrap();
    assert!(
        claims.len() > 10 && claims.iter().all(|claim| claim["verdict"] == "pass" && claim["entry"].is_u64())
    );
    let applied =
        report["steps"].as_array().unwrap().iter().find(|step| step["id"] == "apply/foundations").unwrap();
    assert!(
        applied["statements"].as_array().unwrap().iter().any(|statement| statement["tag"] == "CREATE TABLE")
    );
    assert!(first["report.html"].contains("✓ PASS"));
    assert!(first["report.junit.xml"].contains("failures=\"0\" errors=\"0\" time="));
}

#[test]
fn what_is_rolled_back_is_not_reported_as_if_it_were_there() {
    let room = Room::new();
    room.run(&room.yes()).with(0);
    assert!(!all(&room, "session")["report.html"].contains("before the rollback"));
    room.spawn(room.answered(&["rollback", "session"], &room.yes())).end().with(4);
    let after = all(&room, "session");
    let report = json(&after["report.json"]);
    assert!(report["verdict"] == "fail" && report["rollback"].as_array().unwrap().len() == 3);
    assert!(report["migrations"].as_array().unwrap().iter().all(|migration| migration["applied"] == false));
    for name in ["report.html", "report.md"] {
        contains(
            &after[name],
            &["hat it applied is rolled back", "before the rollback", "rolled back (attempt"],
        );
    }
    contains(&after["report.junit.xml"], &["<failure type=\"verdict\" message=\"FAIL\">"]);
}

#[test]
fn an_open_session_and_a_stopped_one_have_reports_too() {
    let room = Room::new();
    room.run(&room.yes().without("apply/foundations commit")).with(3);
    let open = all(&room, "session");
    let report = json(&open["report.json"]);
    assert!(report["verdict"] == "not-run" && report["state"]["closed"] == false);
    contains(&open["report.html"], &["– NOT RUN", "The session is not closed.", "This step was not run."]);
    contains(&open["report.junit.xml"], &["<failure type=\"verdict\" message=\"NOT RUN\">"]);
    room.verify().with(0);

    let room = Room::new();
    room.add(OUTBOUND, "SELECT 1 / 0;");
    room.run(&room.yes()).with(5);
    let stopped = all(&room, "session");
    let report = json(&stopped["report.json"]);
    assert!(report["verdict"] == "fail" && report["state"]["stopped"] == true);
    assert_eq!(report["halts"][0]["condition"], 1);
    contains(&stopped["report.html"], &["✗ FAIL", "division by zero", "condition 1 of 8", "not done"]);
    contains(
        &stopped["report.junit.xml"],
        &["<failure type=\"verdict\" message=\"FAIL\">", "division by zero"],
    );
    contains(&stopped["session.cast"], &["\"m\", \"stop: condition 1 of 8", "\"x\", \"4\""]);
}

#[test]
fn a_report_goes_where_it_is_wanted() {
    let room = Room::new();
    room.run(&room.yes().without("preflight/flags")).with(3);
    let said = room.call(&["report", "session"]).with(0);
    assert_eq!(said.out, fs::read_to_string(room.session().join("report.md")).unwrap());
    for (format, name) in [("html", "report.html"), ("json", "report.json"), ("junit", "report.junit.xml")] {
        let out = room.call(&["report", "session", "--format", format, "--output", "-"]).with(0).out;
        assert!(!room.session().join(name).exists(), "{name}: only to standard output");
        let said = room.call(&["report", "session", "--format", format]).with(0);
        assert_eq!((said.out.as_str(), fs::read_to_string(room.session().join(name)).unwrap()), ("", out));
    }
    let options = ["--format", "cast", "--size", "80x24", "--idle", "1", "--output", "short.cast"];
    room.call(&[&["report", "session"][..], &options].concat()).with(0);
    contains(&room.read("short.cast"), &["\"cols\": 80, \"rows\": 24"]);

    let wrong = |options: &[&str]| room.call(&[&["report", "session"][..], options].concat()).with(2).err;
    contains(&wrong(&["--format", "all", "--output", "-"]), &["error:", "why:", "next:"]);
    contains(&wrong(&["--format", "json", "--output", "no/such/folder/x"]), &["error:", "why:", "next:"]);
    contains(&wrong(&["--format", "cast", "--size", "80"]), &["columns and rows"]);
    contains(&wrong(&["--format", "cast", "--size", "0x24"]), &["columns and rows"]);
}
