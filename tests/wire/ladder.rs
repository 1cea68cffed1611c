//! A small ceremony of many like migrations, each of which leaves evidence of every time it took effect.

use crate::rig::Rig;
use crate::room::*;
use crate::server::Server;
use ceremony::definition::{StepKind, load};
use ceremony::plan::Plan;
use ceremony::runner::files::{DiskFolder, sha256};
use std::collections::BTreeMap;
use std::fs;

/// Every gate may be asked this often.
const TIMES: usize = 2_000;
const UNPROVEN: &str = "a relay of the test stands between";

/// What migration `at` does, both ways.
fn scripts(at: usize) -> (String, String) {
    let up = format!(
        "CREATE TABLE public.t{at:02} (id int PRIMARY KEY, name text);
INSERT INTO public.t{at:02} VALUES (1, 'one'), (2, 'two');
INSERT INTO evidence.log (what) VALUES ('{at:02} up');
"
    );
    let down =
        format!("DROP TABLE public.t{at:02};\nINSERT INTO evidence.log (what) VALUES ('{at:02} down');\n");
    (up, down)
}

/// So many migrations in place of the shipped ones. `more` goes to the end of the definition.
pub fn ladder(migrations: usize, more: &str) -> Room {
    let room = Room::new();
    let mut text =
        "format = 1\n[ceremony]\nid = \"ladder\"\ntitle = \"Ladder\"\npurpose = \"Tries it.\"\nrisks = []\n"
            .to_owned();
    text += &format!("[target]\nunproven = \"{UNPROVEN}\"\n[limits]\nlock_timeout_ms = 60000\n");
    let mut after = String::new();
    let mut inputs = String::new();
    let mut parts = String::new();
    for at in 1..=migrations {
        let (up, down) = scripts(at);
        let (up_file, down_file) = (format!("migrations/{at}_t.sql"), format!("docs/ops/{at:02}_down.sql"));
        fs::write(room.path(&up_file), &up).unwrap();
        fs::write(room.path(&down_file), &down).unwrap();
        inputs += &format!("[[input]]\npath = \"{down_file}\"\nsha256 = \"{}\"\n", sha256(down.as_bytes()));
        parts += &format!(
            "[[migration]]\nid = \"m{at:02}\"\ntitle = \"m{at:02}\"\nfile = \"{up_file}\"\nsha256 = \"{}\"\nrisk = \"low\"\nafter = [{after}]\nsummary = \"A table.\"\nverify = []\ncommit = \"auto\"\n[migration.rollback]\nscript = \"{down_file}\"\nsummary = \"Undoes it.\"\nwhen = \"Needed.\"\ndeletes = [\"public.t{at:02}\"]\nkept = []\n",
            sha256(up.as_bytes())
        );
        after = format!("\"m{at:02}\"");
    }
    text += &inputs;
    text += &parts;
    text += "[[step]]\nid = \"apply\"\nkind = \"apply\"\ntitle = \"apply\"\n";
    text += more;
    fs::write(room.path("ceremony.toml"), text).unwrap();
    room
}

/// A server with the baseline of the shipped ceremony in it.
pub fn with_baseline() -> Server {
    let server = Server::new();
    let baseline = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(BASELINE);
    psql(server.port, &server.password, &["-1", "-f", baseline.to_str().unwrap()]);
    server
}

/// The shipped ceremony, with the words that let a relay through.
pub fn shipped() -> Room {
    let room = Room::new();
    room.define("[target]\n", &format!("[target]\nunproven = \"{UNPROVEN}\"\n"));
    room
}

/// Yes to everything, again and again, and this decision at every stop.
pub fn always(room: &Room, decision: &str) -> Answers {
    let text = "looked at the error, the log and the results";
    let lots = |words| vec![words; TIMES];
    let folder = DiskFolder::new(&room.path("")).unwrap();
    let plan = Plan::new(load(&folder, "ceremony.toml").unwrap());
    let mut answers = room.yes();
    for step in &plan.steps {
        answers = answers.with(&step.id, &lots("{phrase}"));
        if step.kind == StepKind::Apply {
            answers = answers.with(&format!("{} commit", step.id), &lots("{phrase}"));
        }
    }
    for (gate, words) in [
        ("rollback", "{phrase}"),
        ("rollback delete", "{phrase}"),
        ("assess", text),
        ("decide", decision),
        ("document", "written down what it was"),
    ] {
        answers = answers.with(gate, &lots(words));
    }
    answers
}

/// A session that is driven through the rig.
pub struct Trial<'t> {
    pub room: Room,
    pub rig: &'t Rig,
    pub server: &'t Server,
}

impl Trial<'_> {
    pub fn call(&self, words: &[&str], answers: &Answers) -> Running {
        let url = self.rig.url(&self.server.password);
        let mut words = words.to_vec();
        words.extend(["--url", &url]);
        self.room.spawn(self.room.answered(&words, answers))
    }

    pub fn run(&self, answers: &Answers) -> Running {
        self.call(&["run", "--session", "session"], answers)
    }

    pub fn resume(&self, answers: &Answers) -> Running {
        self.call(&["resume", "session"], answers)
    }

    pub fn roll_back(&self, answers: &Answers) -> Running {
        self.call(&["rollback", "session"], answers)
    }

    /// Waits for its end for as long as it goes on.
    pub fn end(&self, mut running: Running) -> Ended {
        let recorded = || fs::metadata(self.room.path("session/session.jsonl")).map_or(0, |file| file.len());
        loop {
            let before = recorded();
            let over = until("it ends, or goes on", || match running.child.try_wait().unwrap() {
                Some(_) => Some(true),
                None => (recorded() > before).then_some(false),
            });
            if over {
                return running.end();
            }
        }
    }

    /// How often each thing took effect, by the evidence.
    pub fn evidence(&self) -> BTreeMap<String, usize> {
        let text = self.server.ask("SELECT what, count(*) FROM evidence.log GROUP BY what ORDER BY what");
        let pairs = text.lines().filter_map(|line| line.split_once('|'));
        pairs.map(|(what, count)| (what.to_owned(), count.parse().unwrap())).collect()
    }

    /// What must hold at the end: the record, replayed, is the same, and nobody of ours is at work.
    pub fn is_sound(&self) {
        self.room.verify().with(0);
        let ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'ceremony %'";
        until("no backend is left", || (self.server.ask(ours) == "0").then_some(()));
        let begun = "SELECT count(*) FROM pg_prepared_xacts";
        assert_eq!(self.server.ask(begun), "0");
    }
}

/// The schema in the server's own words, without the ledger and without what differs from dump to dump.
pub fn dump(server: &Server) -> String {
    let programs = ceremony::runner::server::find_programs(None).unwrap();
    let output = std::process::Command::new(programs.program("pg_dump"))
        .args([
            "-s",
            "-N",
            "ceremony",
            "-N",
            "evidence",
            "-h",
            "127.0.0.1",
            "-U",
            "postgres",
            "-d",
            "postgres",
            "-p",
        ])
        .arg(server.port.to_string())
        .env("PGPASSWORD", &server.password)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.starts_with('\\')).map(|line| format!("{line}\n")).collect()
}
