//! J2 beside the record: every file of a session's folder is either one whose change is found, or by rule no evidence.

use crate::effort::{effort, figures};
use crate::kept::*;
use ceremony::driver::verify::{Class, class_of, verify};
use ceremony::journal::file::read;
use ceremony::runner::fake::Seed;
use ceremony::session::{Input, Observation, Outcome, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Every file below a folder, by its path in it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The paths whose checksums a record has.
fn recorded(folder: &Path) -> BTreeSet<String> {
    let entries = read(folder).unwrap().entries;
    let header = ceremony::driver::replay::header_of(&entries).unwrap();
    let mut paths: BTreeSet<String> = header.inputs.keys().map(|path| format!("files/{path}")).collect();
    for entry in &entries {
        if let Input::Outcome(Outcome { report: Report::Observed { observation }, .. }) = &entry.cause
            && let Observation::Backup { path: Some(path), .. } = observation
        {
            paths.insert(path.clone());
        }
    }
    paths
}

#[test]
fn a_flipped_bit_in_any_file_of_the_folder_is_found_or_by_rule_harmless() {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut seed = Seed(5);
    for name in names() {
        let copy = Copy::of(&name);
        // All that may be there: reports, a log, what a rehearsal saw.
        if name == "passed" {
            copy.call("report", &["--format", "all"]).with(0, &[]);
            fs::create_dir_all(copy.path("log")).unwrap();
            fs::write(copy.path("log/ceremony.log"), "something\n").unwrap();
            fs::write(copy.path("rehearsal.json"), "{}\n").unwrap();
        }
        let recorded = recorded(&copy.folder());
        let before = copy.verify_signed();
        for path in files(&copy.folder()) {
            let class = class_of(&path, |path| recorded.contains(path));
            let kept = fs::read(copy.path(&path)).unwrap();
            if kept.is_empty() || class == Class::Record {
                continue;
            }
            for _ in 0..effort() {
                let mut bytes = kept.clone();
                let at = usize::try_from(seed.below(kept.len() as u64)).unwrap();
                bytes[at] ^= 1 << seed.below(8);
                fs::write(copy.path(&path), &bytes).unwrap();
                match class {
                    Class::Recorded => {
                        let said = match verify(&copy.folder(), None) {
                            Ok(found) => found.divergences.join("\n"),
                            Err(why) => why.to_string(),
                        };
                        assert!(said.contains(&path), "{name}/{path}: {said}");
                    }
                    Class::Signed => {
                        let said = copy.verify_signed();
                        assert!(matches!(said.code, Some(6 | 7)), "{name}/{path}, byte {at}\n{}", said.words);
                    }
                    // The signed report is the sign-offs' matter.
                    Class::Generated if name == SIGNED => {
                        copy.verify_signed().with(7, &["report.md is not the file that it is about"]);
                        copy.verify().with(6, &["report.md is not what the record gives"]);
                    }
                    Class::Generated => {
                        let said = copy.verify();
                        let told = said.code == Some(6) || said.words.contains("note ");
                        assert!(told && said.words.contains(&path), "{name}/{path}\n{}", said.words);
                    }
                    Class::Beside => {
                        let found = verify(&copy.folder(), None).unwrap();
                        assert_eq!(found.divergences, Vec::<String>::new(), "{name}/{path}");
                    }
                    Class::Record | Class::Stranger => panic!("{name}/{path} is of no class"),
                }
                *counts.entry(format!("{class:?}")).or_default() += 1;
            }
            fs::write(copy.path(&path), &kept).unwrap();
        }
        let after = copy.verify_signed();
        assert_eq!((before.code, before.words), (after.code, after.words), "{name}: all is as it was");
    }
    for class in ["Recorded", "Signed", "Generated", "Beside"] {
        assert!(counts.contains_key(class), "{class} in {counts:?}");
    }
    figures(
        "J2 folder",
        &format!(
            "one bit in every file beside the record: {counts:?}; each found, or of a file that is no evidence"
        ),
    );
}

#[test]
fn a_file_that_is_gone_or_strange_is_said() {
    let copy = Copy::of("rolled-back");
    let gone = |path: &str, code: i32, words: &str| {
        let kept = fs::read(copy.path(path)).unwrap();
        fs::remove_file(copy.path(path)).unwrap();
        copy.verify().with(code, &[path, words]);
        fs::write(copy.path(path), kept).unwrap();
    };
    gone("plan.json", 6, "cannot be read");
    gone("files/ceremony.toml", 6, "why:");
    gone("files/docs/ops/calendar_migration_negative_checks.sql", 6, "why:");
    // Rows may stay behind when the folder is handed on; that they did is said.
    gone("backup/public.external_calendar_events-10.copy", 0, "is not there; the record has its checksum");
    fs::write(copy.path("backup/public.external_calendar_events-10.copy"), "7\tx\n").unwrap();
    copy.verify().with(6, &["backup/public.external_calendar_events-10.copy is another file"]);
    fs::remove_file(copy.path("backup/public.external_calendar_events-10.copy")).unwrap();

    fs::write(copy.path("notes.txt"), "\u{1b}[2J").unwrap();
    copy.verify().with(0, &["note     notes.txt is nothing that the record names"]);
    fs::write(copy.path("files/more.sql"), "SELECT 1").unwrap();
    copy.verify().with(6, &["files/more.sql is nothing that the record names"]);
    // A link in place of a file leads out of the folder.
    fs::remove_file(copy.path("files/more.sql")).unwrap();
    let toml = copy.path("files/ceremony.toml");
    fs::rename(&toml, copy.path("elsewhere.toml")).unwrap();
    std::os::unix::fs::symlink(golden().join("rolled-back/files/ceremony.toml"), &toml).unwrap();
    assert_ne!(copy.verify().code, Some(0), "a link to a file elsewhere");
}

/// What is no evidence is held against the record where it is read.
#[test]
fn an_origin_that_leads_elsewhere_is_seen_where_it_is_used() {
    let copy = Copy::of("rolled-back");
    copy.call("resume", &["--headless"])
        .with(2, &["the ceremony's folder /nowhere/calendar is gone", "why:", "next:"]);
    fs::write(
        copy.path("origin.json"),
        "{\"folder\": \"/\", \"definition\": \"x\", \"url\": \"postgresql://u@db.example.com:5432/x\"}",
    )
    .unwrap();
    copy.verify().with(0, &[]);
    let said = copy.call("resume", &["--headless"]);
    assert!(said.code != Some(0), "{}", said.words);
    fs::write(copy.path("origin.json"), "{}").unwrap();
    copy.call("resume", &["--headless"]).with(2, &["origin.json", "why:", "next:"]);
}
