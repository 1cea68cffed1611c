//! F1 to F6: the fuzz targets on the kept corpus and on what a seeded mutator makes of it. `fuzz/` runs the same ones
//! with libFuzzer.

#[path = "../../fuzz/targets/mod.rs"]
mod targets;

use crate::support::effort::{effort, figures};
use crate::support::root;
use ceremony::runner::fake::Seed;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use targets::{TARGETS, Target};

/// Longer ones find nothing more, and slowly.
const BYTES_MAX: usize = 8 << 10;

fn at(seed: &mut Seed, below: usize) -> usize {
    usize::try_from(seed.below(below.max(1) as u64)).unwrap()
}

/// One change: bits, bytes, words, pieces of itself or of another, an end.
fn mutate(seed: &mut Seed, text: &mut Vec<u8>, other: &[u8], words: &[&str]) {
    let here = at(seed, text.len() + 1);
    match seed.below(9) {
        0 if !text.is_empty() => {
            let here = here % text.len();
            text[here] ^= 1 << seed.below(8);
        }
        1 if !text.is_empty() => {
            let here = here % text.len();
            text[here] = u8::try_from(seed.below(256)).unwrap();
        }
        2 | 3 => {
            let word = words[at(seed, words.len())].bytes();
            text.splice(here..here, word);
        }
        4 => {
            let word = words[at(seed, words.len())].as_bytes();
            let end = (here + word.len()).min(text.len());
            text.splice(here..end, word.iter().copied());
        }
        5 => {
            let end = (here + 1 + at(seed, 40)).min(text.len());
            text.drain(here..end);
        }
        6 => {
            let end = (here + 1 + at(seed, 200)).min(text.len());
            let piece = text[here..end].to_vec();
            let there = at(seed, text.len() + 1);
            text.splice(there..there, piece);
        }
        7 => {
            let from = at(seed, other.len() + 1);
            let end = (from + 1 + at(seed, 400)).min(other.len());
            text.splice(here..here, other[from..end].iter().copied());
        }
        _ if seed.once_in(4) => text.truncate(here),
        _ => text.insert(here, u8::try_from(seed.below(256)).unwrap()),
    }
    text.truncate(BYTES_MAX.max(other.len()));
}

fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = root().join("fuzz/corpus").join(target.name);
    let mut all: Vec<(String, Vec<u8>)> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|file| {
            let path = file.unwrap().path();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap())
        })
        .collect();
    all.sort();
    all
}

fn run(item: &str, name: &str, executions: u64) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let kept = corpus(target);
    let bytes: usize = kept.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!((3..200).contains(&kept.len()) && bytes < 300_000, "{} files, {bytes} bytes", kept.len());
    let once = |what: &str, data: &[u8]| {
        let ended = catch_unwind(AssertUnwindSafe(|| (target.run)(data)));
        if ended.is_err() {
            let path = std::env::temp_dir().join(format!("ceremony-fuzz-{name}-found"));
            std::fs::write(&path, data).unwrap();
            panic!(
                "{name}: {what} fails; it is in {}: mend it, and keep it in fuzz/corpus/{name}",
                path.display()
            );
        }
    };
    once("nothing at all", b"");
    for (file, bytes) in &kept {
        once(&format!("the kept {file}"), bytes);
    }
    let mut seed = Seed(0xF022 ^ executions);
    for number in 0..executions * effort() {
        let mut data = kept[at(&mut seed, kept.len())].1.clone();
        let other = &kept[at(&mut seed, kept.len())].1;
        for _ in 0..=seed.below(5) {
            mutate(&mut seed, &mut data, other, target.words);
        }
        once(&format!("mutation {number}"), &data);
    }
    figures(item, &format!("{} kept files and {} mutations: 0 failed", kept.len(), executions * effort()));
}

#[test]
fn f1_definition() {
    run("F1", "definition", 150);
}

#[test]
fn f2_journal() {
    run("F2", "journal", 250);
}

#[test]
fn f3_splitter() {
    run("F3", "splitter", 1_500);
}

#[test]
fn f4_sanitiser() {
    run("F4", "clean", 4_000);
}

#[test]
fn f5_connection_strings() {
    run("F5", "dsn", 40_000);
}

#[test]
fn f6_allowed_signers() {
    run("F6", "signers", 8_000);
}

/// The crate under `fuzz/` has the same targets, each with a binary and a corpus, and is formatted.
#[test]
fn the_crate_for_libfuzzer_has_the_same_targets() {
    let manifest: toml::Table =
        std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap().parse().unwrap();
    let bins = manifest["bin"].as_array().unwrap();
    let named: BTreeSet<&str> = bins.iter().map(|bin| bin["name"].as_str().unwrap()).collect();
    let ours: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(named, ours);
    let names = |folder: &str| -> BTreeSet<String> {
        let all = std::fs::read_dir(root().join(folder)).unwrap();
        all.map(|file| file.unwrap().file_name().to_str().unwrap().trim_end_matches(".rs").to_owned())
            .collect()
    };
    let of_files: BTreeSet<String> = ours.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(names("fuzz/bins"), of_files);
    assert_eq!(names("fuzz/corpus"), of_files);
    for bin in bins {
        let (name, path) = (bin["name"].as_str().unwrap(), bin["path"].as_str().unwrap());
        let code = std::fs::read_to_string(root().join("fuzz").join(path)).unwrap();
        assert!(code.contains(&format!("targets::{name}::run(data)")), "{path}");
        let formatted = std::process::Command::new("rustfmt")
            .args(["--check", "--edition", "2024", "--config-path"])
            .arg(root())
            .arg(root().join("fuzz").join(path))
            .output()
            .unwrap();
        assert!(
            formatted.status.success(),
            "rustfmt fuzz/{path}\n{}",
            String::from_utf8_lossy(&formatted.stdout)
        );
    }
}
