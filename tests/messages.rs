//! Every way to go wrong at the command line, over the real program: what, why, what next, and the exit code.

mod support;

use ceremony::session::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use support::World;
use tempfile::TempDir;

/// The shipped ceremony, and beside it all kinds of things that are none.
struct Room(TempDir);

impl Room {
    fn new() -> Self {
        let room = Self(TempDir::with_prefix("ceremony-").unwrap());
        fs::set_permissions(room.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["ceremony.toml", "assets", "docs/ops", "migrations"] {
            copy(&support::root().join(name), &room.path(name));
        }
        fs::create_dir(room.path("empty")).unwrap();
        fs::write(room.path("file"), "x\n").unwrap();
        fs::create_dir_all(room.path("odd/session.jsonl")).unwrap();
        fs::create_dir_all(room.path("broken")).unwrap();
        fs::write(room.path("broken/ceremony.toml"), "x = [").unwrap();
        fs::write(room.path("typo.toml"), "\"aply/foundations\" = \"x\"\n").unwrap();
        let mut world = World::new(support::shipped_plan(), 1);
        world.command(Command::Open { header: Box::new(support::header()) });
        world.command(Command::Note { words: "a second entry".to_owned() });
        for name in ["bare", "bad"] {
            fs::create_dir(room.path(name)).unwrap();
            fs::write(room.path(name).join("session.jsonl"), &world.drive.journal.bytes).unwrap();
        }
        let text = fs::read_to_string(room.path("bad/session.jsonl")).unwrap();
        fs::write(room.path("bad/session.jsonl"), text.replacen("\"ada\"", "\"eve\"", 1)).unwrap();
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, line: &str) -> Process {
        let mut command = Process::new(env!("CARGO_BIN_EXE_ceremony"));
        command.args(line.split_whitespace()).current_dir(self.0.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name == "DATABASE_URL" || name.starts_with("PG") {
                command.env_remove(&*name);
            }
        }
        command
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in from.read_dir().unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

/// Exit code and all that was said, which must have three parts and no words of the system's own.
#[track_caller]
fn told(line: &str, mut command: Process) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    for part in ["error: ", "  why:  ", "  next: "] {
        let has = said.lines().any(|line| line.strip_prefix(part).is_some_and(|words| words.len() > 5));
        assert!(has, "`ceremony {line}` does not say {part:?}\n{said}");
    }
    for raw in ["os error", "panicked", "RUST_BACKTRACE", "Os {"] {
        assert!(!said.contains(raw), "`ceremony {line}` says {raw:?}\n{said}");
    }
    (output.status.code(), said)
}

/// What is typed; the exit code; words that must be said.
const CASES: &[(&str, i32, &[&str])] = &[
    ("nonsense", 2, &["unrecognized subcommand 'nonsense'", "ceremony --help"]),
    ("verfy bare", 2, &["a similar subcommand exists: 'verify'"]),
    ("verify", 2, &["<DIR>", "it is used so: ceremony verify <DIR>"]),
    ("verify bare --url x", 2, &["does not take --url", "connects to no database"]),
    ("list --light", 2, &["does not take --light"]),
    ("rehearse --rehearsal x", 2, &["does not take --rehearsal"]),
    ("run --operator=", 2, &["--operator"]),
    ("check --definition nowhere/x.toml", 2, &["there is no definition 'nowhere/x.toml'"]),
    ("check --definition empty", 2, &["it is not a regular file"]),
    ("check --definition file", 2, &["file:1:2", "not TOML"]),
    ("check --definition broken/ceremony.toml", 2, &["ceremony.toml:1:6", "not TOML"]),
    ("plan --definition empty/ceremony.toml", 2, &["cannot read the definition"]),
    ("", 2, &["needs a terminal", "ceremony run --headless --answers FILE", "--yes, for practice"]),
    ("run", 2, &["needs a terminal", "ceremony run --headless"]),
    ("rehearse", 2, &["needs a terminal", "ceremony rehearse --headless"]),
    ("resume bare", 2, &["needs a terminal", "ceremony resume bare --headless --answers FILE"]),
    ("rollback bare", 2, &["needs a terminal", "ceremony rollback bare --headless"]),
    ("rehearse --repeat 2", 2, &["--repeat needs --headless"]),
    (
        "resume empty",
        2,
        &["empty is not the folder of a session", "it has no session.jsonl", "ceremony list"],
    ),
    ("replay file", 2, &["file is a file, not the folder of a session"]),
    ("report file/x", 2, &["there is no session 'file/x'"]),
    ("verify nowhere", 2, &["there is no session 'nowhere'", "start one: ceremony"]),
    ("verify latest", 2, &["there is no latest session"]),
    ("verify odd", 2, &["odd is not the folder of a session", "its session.jsonl is no file"]),
    ("verify bad", 6, &["was changed or damaged", "does not chain", "restore it from a copy"]),
    ("replay bad", 6, &["was changed or damaged"]),
    ("report bad", 6, &["was changed or damaged"]),
    ("verify bare", 6, &["files cannot be read", "restore them from a copy"]),
    ("resume bare --headless", 6, &["files cannot be read", "files/: there is no such file or folder"]),
    ("list file", 2, &["there is no folder file"]),
    ("list nowhere", 2, &["there is no folder nowhere"]),
    ("man --dir file", 2, &["cannot write manual pages into file", "there is a file of that name"]),
    ("completions tcsh", 2, &["invalid value 'tcsh'", "bash, zsh, fish"]),
    ("run --headless --yes --answers typo.toml", 2, &["cannot be used with"]),
    ("run --yes", 2, &["--headless"]),
    ("run --headless --answers nowhere", 2, &["cannot use the answers in nowhere", "there is no such file"]),
    ("run --headless --answers empty", 2, &["cannot use the answers in empty", "it is a folder"]),
    ("run --headless --answers file", 2, &["cannot use the answers in file"]),
    ("run --headless --answers typo.toml", 2, &["'aply/foundations', which is no gate"]),
    ("run --headless --session file", 2, &["cannot use the folder file", "there is a file of that name"]),
    ("run --headless --session file/x", 2, &["a part of the path is a file"]),
    ("run --headless --session bare", 2, &["not empty", "ceremony resume bare"]),
    ("run --headless --session empty --rehearsal empty", 2, &["there is no rehearsal in empty"]),
    (
        "run --headless --url postgresql://postgres@db.example.com:5432/x",
        2,
        &["--url", "on this machine only"],
    ),
    ("run --headless --url nonsense", 2, &["--url"]),
];

#[test]
fn each_says_what_and_why_and_what_next() {
    let room = Room::new();
    for (line, code, words) in CASES {
        let mut command = room.command(line);
        if line.contains("--session") {
            // Before anything is started.
            command.env("PG_BINDIR", pg_bindir());
        }
        let (ended, said) = told(line, command);
        assert_eq!(ended, Some(*code), "`ceremony {line}`\n{said}");
        for words in *words {
            assert!(said.contains(words), "`ceremony {line}` does not say {words:?}\n{said}");
        }
    }
    assert!(!room.path("sessions").exists(), "something was opened");
}

fn pg_bindir() -> String {
    let found = ceremony::runner::server::find_programs(None).unwrap();
    found.bindir.display().to_string()
}

#[test]
fn where_there_is_no_ceremony_it_says_what_it_is() {
    let room = Room::new();
    for line in ["", "run --headless", "check", "plan", "runbook", "rehearse --headless"] {
        let mut command = room.command(line);
        command.current_dir(room.path("empty"));
        let (code, said) = told(line, command);
        assert_eq!(code, Some(2));
        for words in [
            "there is no ceremony.toml here",
            "drives PostgreSQL migrations",
            "--definition",
            "ceremony list",
        ] {
            assert!(said.contains(words), "{words}\n{said}");
        }
    }
}

#[test]
fn what_the_surroundings_lack_is_said() {
    let room = Room::new();
    let mut command = room.command("run --headless");
    let (code, said) = told("run --headless", {
        command.env("PG_BINDIR", "/nowhere");
        command
    });
    assert!(code == Some(2) && said.contains("install them"), "{said}");
    let mut command = room.command("run --headless");
    let (code, said) = told("run --headless", {
        command.env("PGHOSTADDR", "10.0.0.1");
        command
    });
    assert!(code == Some(2) && said.contains("unset PGHOSTADDR") && !said.contains("10.0.0.1"), "{said}");
    assert!(!room.path("sessions").exists());
}

/// As a user who may not.
#[test]
fn what_is_not_permitted_is_said() {
    let room = Room::new();
    let nobody = |line: &str| {
        let mut command = room.command(line);
        if rustix::process::geteuid().is_root() {
            command.uid(65_534).gid(65_534);
        }
        command
    };
    let closed = [room.path("bare/session.jsonl"), room.path("ceremony.toml"), room.path("empty")];
    for path in &closed {
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
    }
    if nobody("--version").output().is_err() {
        // The program itself lies where that user does not get.
        return;
    }
    for (line, words) in [
        ("verify bare", "cannot read the record bare/session.jsonl"),
        ("check", "cannot read the definition"),
        ("list empty", "cannot use the folder empty"),
        ("man --dir empty/x", "cannot write manual pages into empty/x"),
    ] {
        let (code, said) = told(line, nobody(line));
        assert!(code.is_some_and(|code| code == 1 || code == 2), "{said}");
        assert!(said.contains(words) && said.contains("this user may not"), "`ceremony {line}`\n{said}");
    }
    for path in &closed {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}
