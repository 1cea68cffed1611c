//! A definition: whatever stands in it, it is a plan, or everything wrong with it has a place and three parts.

use super::root;
use ceremony::definition::{FileBytes, Folder, load};
use ceremony::plan::Plan;
use ceremony::runner::files::{DiskFolder, sha256};
use std::cell::RefCell;
use std::collections::BTreeMap;

pub const WORDS: &[&str] = &[
    "title = ",
    "id = ",
    "file = ",
    "[[migrations]]",
    "[[queries]]",
    "[[steps]]",
    "[[suites]]",
    "[[negatives]]",
    "[[claims]]",
    "[[signatures]]",
    "[[waivers]]",
    "[target]",
    "[limits]",
    "after = [",
    "]",
    "expect = { value = \"1\" }",
    "sha256 = \"",
    "\"",
    "'''",
    "\"\"\"",
    "\\u0000",
    "\\U0010FFFF",
    "risk = \"high\"",
    "kind = \"apply\"",
    "witness = true",
    "../",
    "/etc/passwd",
    "= {",
    "}",
    "[a.b.c]",
    "\n",
    "#",
    "1e999",
    "-0",
    "9223372036854775808",
    "1979-05-27T07:32:00Z",
    "true",
    "[[[[[[[[[[[[",
    "{a={a={a={a={",
];

/// The shipped files, read once, and the definition that is tried.
struct Tried<'d>(&'d [u8]);

thread_local!(static SHIPPED: RefCell<BTreeMap<String, Result<FileBytes, String>>> = const { RefCell::new(BTreeMap::new()) });

impl Folder for Tried<'_> {
    fn read(&self, path: &str) -> Result<FileBytes, String> {
        if path == "ceremony.toml" {
            return Ok(FileBytes { bytes: self.0.to_vec(), sha256: sha256(self.0) });
        }
        SHIPPED.with_borrow_mut(|shipped| {
            if shipped.len() > 1_000 {
                shipped.clear();
            }
            let read = || {
                DiskFolder::new(root())
                    .map_err(|error| error.to_string())
                    .and_then(|folder| folder.read(path))
            };
            shipped.entry(path.to_owned()).or_insert_with(read).clone()
        })
    }
}

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match load(&Tried(data), "ceremony.toml") {
        Ok(ceremony) => {
            let plain = |id: &str| {
                id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_/.".contains(&b))
            };
            let plan = Plan::new(ceremony);
            assert_eq!(plan.order.len(), plan.ceremony.migrations.len(), "each migration has its turn");
            for step in plan.steps.iter().chain(&plan.rollback) {
                assert!(!step.id.is_empty() && plain(&step.id), "{}", step.id);
            }
            let mut ids: Vec<&str> =
                plan.steps.iter().chain(&plan.rollback).map(|step| step.id.as_str()).collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), count, "two steps of one name");
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            let lines: Vec<&str> = text.split('\n').collect();
            for problem in &problems {
                assert!(
                    [&problem.what, &problem.why, &problem.next].iter().all(|part| !part.trim().is_empty())
                );
                if problem.at.file == "ceremony.toml" && std::str::from_utf8(data).is_ok() {
                    assert!(
                        (1..=lines.len()).contains(&problem.at.line),
                        "{} is no line: {problem:?}",
                        problem.at
                    );
                    let letters = lines[problem.at.line - 1].chars().count();
                    assert!((1..=letters + 1).contains(&problem.at.column), "{} is no column", problem.at);
                }
            }
        }
    }
}
