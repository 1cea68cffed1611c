//! A copy of the shipped ceremony, and who still runs in it.

use crate::pty::Screen;
use ceremony::runner::clock::Clock;
use portable_pty::CommandBuilder;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

/// What is asked to end has ended by then.
const DEADLINE_US: u64 = 60_000_000;

/// A copy of the shipped ceremony in a folder of its own that also the server's user gets into.
pub struct Ceremony {
    folder: tempfile::TempDir,
}

impl Ceremony {
    pub fn copy() -> Self {
        let folder = tempfile::Builder::new().prefix("cockpit-").tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in ["ceremony.toml", "assets", "docs/ops", "migrations"] {
            copy_tree(&from.join(name), &folder.path().join(name));
        }
        Self { folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn session(&self) -> PathBuf {
        self.folder.path().join("session")
    }

    /// Changes a migration and has its new checksum reviewed.
    pub fn edit(&self, file: &str, edit: impl FnOnce(String) -> String) {
        use sha2::Digest;
        let hex = |text: &str| -> String {
            sha2::Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let path = self.folder.path().join(file);
        let before = std::fs::read_to_string(&path).unwrap();
        let after = edit(before.clone());
        assert_ne!(before, after, "the edit of {file} changed nothing");
        std::fs::write(&path, &after).unwrap();
        if file == "ceremony.toml" {
            return;
        }
        let definition = self.folder.path().join("ceremony.toml");
        let text = std::fs::read_to_string(&definition).unwrap();
        assert!(text.contains(&hex(&before)), "{file} is not a reviewed file");
        std::fs::write(definition, text.replace(&hex(&before), &hex(&after))).unwrap();
    }

    /// The program in this folder, with what a person's terminal sets.
    pub fn command(&self, arguments: &[&str]) -> CommandBuilder {
        let mut command = program(env!("CARGO_BIN_EXE_ceremony"));
        command.cwd(self.folder.path());
        command.args(arguments);
        command
    }

    /// A new session on a terminal of that size.
    pub fn start(&self, columns: u16, rows: u16) -> Screen {
        let session = self.session();
        self.open(columns, rows, &["--session", session.to_str().unwrap(), "--operator", "ada"])
    }

    pub fn open(&self, columns: u16, rows: u16, arguments: &[&str]) -> Screen {
        Screen::spawn(self.command(arguments), columns, rows, self.session())
    }

    /// `ceremony VERB SESSION` on a terminal.
    pub fn look(&self, verb: &str, columns: u16, rows: u16) -> Screen {
        let session = self.session();
        self.open(columns, rows, &[verb, session.to_str().unwrap()])
    }

    /// `ceremony VERB SESSION` without a terminal: exit code and what it said.
    pub fn ask(&self, verb: &str) -> (Option<i32>, String) {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_ceremony"))
            .arg(verb)
            .arg(self.session())
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }

    /// Processes that have to do with this folder or with the data of its server, as `pid command`.
    pub fn running(&self) -> Vec<String> {
        let mut needles = BTreeSet::from([self.folder.path().to_owned()]);
        let kept = std::fs::read(self.session().join("server/server.json")).unwrap_or_default();
        if let Ok(kept) = serde_json::from_slice::<serde_json::Value>(&kept) {
            needles.extend(kept["data"].as_str().map(PathBuf::from));
        }
        let mut found = Vec::new();
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let pid = process.file_name().to_string_lossy().into_owned();
            if pid.parse::<u32>().is_err() {
                continue;
            }
            let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            let at = std::fs::read_link(process.path().join("cwd")).unwrap_or_default();
            let ours = |needle: &PathBuf| at.starts_with(needle) || words.contains(needle.to_str().unwrap());
            if needles.iter().any(ours) {
                found.push(format!("{pid} {words}"));
            }
        }
        found
    }

    /// Waits until nothing of it runs any more; the shell beside the server may take a moment.
    pub fn wait_until_gone(&self) {
        let clock = Clock::starting_at(0);
        let (_quiet, pause) = channel::<()>();
        while !self.running().is_empty() {
            assert!(clock.now().mono_us < DEADLINE_US, "still running:\n{}", self.running().join("\n"));
            let _ = pause.recv_timeout(Duration::from_millis(20));
        }
    }
}

/// A program with what a person's terminal sets, and nothing that would change what is tested.
pub fn program(path: &str) -> CommandBuilder {
    let mut command = CommandBuilder::new(path);
    for (name, _) in std::env::vars_os() {
        let word = name.to_string_lossy();
        if word.starts_with("PG") || word.starts_with("LC_") || word.starts_with("CEREMONY_") {
            command.env_remove(&name);
        }
    }
    command.env("RUST_BACKTRACE", "0");
    command.env_remove("NO_COLOR");
    command.env("TERM", "xterm-256color");
    command.env("COLORTERM", "truecolor");
    command.env_remove("COLORFGBG");
    // Nobody's own settings.
    command.env("XDG_CONFIG_HOME", "/nonexistent");
    command.env("LANG", "C.UTF-8");
    command
}

fn copy_tree(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in from.read_dir().unwrap() {
            let entry = entry.unwrap();
            copy_tree(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::copy(from, to).unwrap();
    }
}
