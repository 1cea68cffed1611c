//! The stock script on records of some length: with perl, and without it by halving.

use crate::kept::*;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

/// Programs that the script needs; perl is not among them.
const NEEDED: [&str; 20] = [
    "sh",
    "head",
    "tail",
    "sha256sum",
    "jq",
    "ssh-keygen",
    "od",
    "base64",
    "mktemp",
    "rm",
    "cut",
    "sed",
    "awk",
    "wc",
    "tr",
    "shuf",
    "sort",
    "cat",
    "grep",
    "mv",
];

#[test]
fn without_perl_a_line_is_found_by_halving() {
    let copy = Copy::of(SIGNED);
    let programs = tempfile::tempdir().unwrap();
    for program in NEEDED {
        let path = std::env::var("PATH").unwrap();
        let found = path.split(':').map(|folder| Path::new(folder).join(program)).find(|path| path.exists());
        let found = found
            .unwrap_or_else(|| panic!("{program} is needed: apt-get install coreutils jq openssh-client"));
        symlink(found, programs.path().join(program)).unwrap();
    }
    let script = |copy: &Copy| {
        let mut command = Command::new("/bin/sh");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/check-session.sh"));
        command.arg(copy.folder()).arg(golden().join("signed.signers")).env("PATH", programs.path());
        let output = command.stdin(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = script(&copy);
    assert!(code == Some(0) && said.contains("chain: 497 lines, 17 of them looked at"), "{said}");
    let whole = record(SIGNED);
    let lines = lines(&whole);
    for line in [2, 100, 250, 400, 495] {
        let mut edited: Vec<Vec<u8>> = lines.iter().map(|line| line.to_vec()).collect();
        let text = String::from_utf8(edited[line - 1].clone()).unwrap();
        edited[line - 1] = text.replacen("\"t\":\"2026", "\"t\":\"2025", 1).into_bytes();
        copy.write(&edited.concat());
        let (code, said) = script(&copy);
        let wanted = format!("WRONG: line {} of the record does not chain", line + 1);
        assert!(code == Some(1) && said.contains(&wanted), "{wanted}\n{said}");
    }
    copy.write(&whole);
    fs::write(copy.path("session.jsonl"), &whole).unwrap();
    assert_eq!(script(&copy).0, Some(0));
}
