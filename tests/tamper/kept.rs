//! The golden sessions as they are kept, and copies of them to be touched.

use ceremony::journal::file::read;
use ceremony::plan::Plan;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

pub const GOLDEN: &str = "tests/golden/format-1";
/// The one with sign-offs; the keys' public halves are in `SIGNED.signers` beside it.
pub const SIGNED: &str = "signed";

pub fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN)
}

/// All golden sessions by name.
pub fn names() -> Vec<String> {
    let entries = fs::read_dir(golden()).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<String> = folders.map(|folder| folder.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A golden session's record.
pub fn record(name: &str) -> Vec<u8> {
    fs::read(golden().join(name).join("session.jsonl")).unwrap()
}

/// Where its lines begin, and where the last one ends.
pub fn starts(bytes: &[u8]) -> Vec<usize> {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(ends).collect()
}

pub fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Its plan.
pub fn plan(name: &str) -> Arc<Plan> {
    let folder = golden().join(name);
    let entries = read(&folder).unwrap().entries;
    ceremony::driver::replay::plan_of(&folder, &entries).unwrap()
}

/// A copy of a golden session.
pub struct Copy {
    folder: TempDir,
    name: String,
}

impl Copy {
    pub fn of(name: &str) -> Self {
        let folder = TempDir::with_prefix("tamper-").unwrap();
        let from = golden().join(name);
        let copied = Command::new("cp").arg("-r").arg(from).arg(folder.path().join("session")).status();
        assert!(copied.unwrap().success());
        Self { folder, name: name.to_owned() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("session").join(name)
    }

    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("session")
    }

    pub fn write(&self, record: &[u8]) {
        fs::write(self.path("session.jsonl"), record).unwrap();
    }

    /// The program with these arguments behind the first, which is about the session.
    pub fn call(&self, name: &str, more: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ceremony"));
        command.arg(name).arg("session").args(more).current_dir(self.folder.path());
        command.env("XDG_CONFIG_HOME", "/nonexistent").env("USER", "ada").stdin(Stdio::null());
        Said::of(&command.output().unwrap())
    }

    pub fn verify(&self) -> Said {
        self.call("verify", &[])
    }

    /// With those who signed it, if any did.
    pub fn verify_signed(&self) -> Said {
        let signers = self.signers();
        self.call("verify", &["--signers", signers.to_str().unwrap()])
    }

    fn signers(&self) -> PathBuf {
        let signers = golden().join(format!("{}.signers", self.name));
        if signers.exists() { signers } else { golden().join(format!("{SIGNED}.signers")) }
    }

    pub fn script(&self, options: &[&str]) -> Said {
        let mut command = Command::new("sh");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/check-session.sh")).args(options);
        command.arg("session").arg(self.signers()).current_dir(self.folder.path()).stdin(Stdio::null());
        Said::of(&command.output().unwrap())
    }
}

/// What a program said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub words: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        let words = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        Self { code: output.status.code(), words: String::from_utf8_lossy(&words).into_owned() }
    }

    #[track_caller]
    pub fn with(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "exit code\n{}", self.words);
        for word in words {
            assert!(self.words.contains(word), "'{word}' is not said in:\n{}", self.words);
        }
        self
    }
}
