//! A ceremony of one migration, whose script and verification query a test chooses.

use crate::pty::Screen;
use crate::room::Room;
use ceremony::runner::files::sha256;
use portable_pty::CommandBuilder;
use std::fs;
use std::path::Path;

pub const UP: &str = "migrations/1_load.sql";
pub const QUERY: &str = "docs/ops/q.sql";
const DOWN: &str = "docs/ops/down.sql";
const BASE: &str = "assets/base.sql";

/// What a test chooses.
pub struct Small<'s> {
    /// The migration.
    pub up: &'s str,
    /// Its verification query.
    pub query: &'s str,
    /// What that must return, in TOML.
    pub expect: &'s str,
    /// What is in the database before.
    pub base: &'s str,
    /// More of the definition: tables, and steps in front.
    pub more: &'s str,
    /// More of the migration.
    pub word: &'s str,
}

impl Default for Small<'_> {
    fn default() -> Self {
        Self {
            up: "CREATE TABLE public.load (id int);\n",
            query: "SELECT 1",
            expect: "{ rows = 1 }",
            base: "SELECT 1;\n",
            more: "",
            word: "commit = \"auto\"\n",
        }
    }
}

impl Small<'_> {
    /// In place of the shipped ceremony.
    pub fn room(&self) -> Room {
        let room = Room::new();
        let down = "DROP TABLE IF EXISTS public.load;\n";
        for (name, text) in [(UP, self.up), (QUERY, self.query), (DOWN, down), (BASE, self.base)] {
            fs::write(room.path(name), text).unwrap();
        }
        let sum = |name: &str| sha256(&fs::read(room.path(name)).unwrap());
        let inputs: String = [QUERY, DOWN, BASE]
            .iter()
            .map(|name| format!("[[input]]\npath = \"{name}\"\nsha256 = \"{}\"\n", sum(name)))
            .collect();
        let text = format!(
            "format = 1\n[ceremony]\nid = \"load\"\ntitle = \"Load\"\npurpose = \"Tries it.\"\nundeclared = \"finding\"\n\
             [target]\nbaseline = \"{BASE}\"\n[limits]\nstatement_timeout_ms = 600000\nlock_timeout_ms = 600000\n{inputs}\
             [[migration]]\nid = \"load\"\ntitle = \"Load\"\nfile = \"{UP}\"\nsha256 = \"{}\"\nrisk = \"low\"\n\
             summary = \"Things.\"\nverify = [\"q\"]\n{}\
             [migration.rollback]\nscript = \"{DOWN}\"\nsummary = \"Undoes it.\"\nwhen = \"Needed.\"\n\
             deletes = [\"public.load\"]\nkept = []\n\
             [[query]]\nid = \"q\"\ntitle = \"Question\"\nscript = \"{QUERY}\"\nexpect = {}\n{}\
             [[step]]\nid = \"apply\"\nkind = \"apply\"\ntitle = \"Apply\"\n",
            sum(UP),
            self.word,
            self.expect,
            self.more,
        );
        fs::write(room.path("ceremony.toml"), text).unwrap();
        room
    }
}

/// The program of a room, as somebody with a terminal starts it.
pub fn builder(room: &Room, arguments: &[&str]) -> CommandBuilder {
    let made = room.command(arguments);
    let mut command = CommandBuilder::new(made.get_program());
    command.cwd(room.path(""));
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        let word = name.to_string_lossy();
        if word == "DATABASE_URL" || word.starts_with("PG") && word != "PG_BINDIR" {
            command.env_remove(&name);
        }
    }
    for (name, value) in [("USER", "ada"), ("XDG_CONFIG_HOME", "/nonexistent"), ("TERM", "xterm-256color")] {
        command.env(name, value);
    }
    command
}

/// A new session on a terminal.
pub fn cockpit(room: &Room) -> Screen {
    on_terminal(room, &["--session", "session", "--operator", "ada"])
}

/// A subcommand on a terminal.
pub fn on_terminal(room: &Room, arguments: &[&str]) -> Screen {
    Screen::spawn(builder(room, arguments), 120, 40, room.session())
}

/// The lines of a record, parsed one by one: a whole one may be long.
pub fn each_entry(session: &Path, mut take: impl FnMut(serde_json::Value)) {
    use std::io::BufRead;
    let file = fs::File::open(session.join("session.jsonl")).unwrap();
    for line in std::io::BufReader::new(file).lines() {
        take(serde_json::from_str(&line.unwrap()).unwrap());
    }
}
