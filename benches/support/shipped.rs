//! The shipped ceremony without a screen, from nothing to its verdict; and of it the three migrations alone, beside
//! `psql -f` of the same files.

use crate::{Median, PROGRAM, RUNS, tell, timed};
use ceremony::definition::{Ceremony, load};
use ceremony::journal::file::read;
use ceremony::runner::baseline;
use ceremony::runner::files::DiskFolder;
use ceremony::runner::postgres::endpoint::{Endpoint, Host};
use ceremony::runner::server::{Embedded, ServerPrograms, find_programs};
use ceremony::session::Event;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

pub fn measure() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ceremony = load(&DiskFolder::new(root).unwrap(), "ceremony.toml").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (mut whole, mut ours) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let session = folder.path().join(run.to_string());
        whole.push(timed(|| run_headless(root, &session)).0);
        ours.push(migrations_of(&session));
    }
    tell("ceremony: all of it, headless, server included", Median::of(whole));

    let programs = find_programs(None).unwrap();
    let server = Embedded::start(&programs, &folder.path().join("server"), "baseline").unwrap();
    load_baseline(&server, &ceremony);
    let psql = Psql { programs: &programs, server: &server, root };
    let (mut apart, mut at_once) = (Vec::new(), Vec::new());
    let files: Vec<&str> =
        ceremony.migrations.iter().map(|migration| migration.script.file.as_str()).collect();
    for run in 0..RUNS {
        let (one, other) = (format!("apart_{run}"), format!("at_once_{run}"));
        psql.copy_baseline(&one);
        apart.push(files.iter().map(|file| timed(|| psql.files(&one, &[file])).0).sum());
        psql.copy_baseline(&other);
        at_once.push(timed(|| psql.files(&other, &files)).0);
    }
    let (ours, apart, at_once) = (Median::of(ours), Median::of(apart), Median::of(at_once));
    let ratio = |theirs: &Median| ours.middle.as_secs_f64() / theirs.middle.as_secs_f64();
    tell("ceremony: its migrations, proven and committed", &ours);
    tell(
        "ceremony: psql -f, one psql for each",
        format!("{apart}: ours takes {:.2} times that", ratio(&apart)),
    );
    tell(
        "ceremony: psql -f -f -f, one psql",
        format!("{at_once}: ours takes {:.2} times that", ratio(&at_once)),
    );
}

fn run_headless(root: &Path, session: &Path) {
    let mut command = Command::new(PROGRAM);
    command.args(["run", "--headless", "--yes", "--session"]).arg(session).current_dir(root);
    let output = command.env_remove("DATABASE_URL").stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// From the start of each migration's step to its commit: the script, its proofs, and the gate answered at once.
fn migrations_of(session: &Path) -> Duration {
    let mut started = 0;
    let mut sum_us = 0;
    for entry in read(session).unwrap().entries {
        for event in &entry.events {
            match event {
                Event::StepStarted { step, .. } if step.starts_with("apply/") => started = entry.m,
                Event::StepCommitted { step, .. } if step.starts_with("apply/") => {
                    sum_us += entry.m - started
                }
                _ => {}
            }
        }
    }
    assert_ne!(sum_us, 0, "no migration was committed");
    Duration::from_micros(sum_us)
}

fn load_baseline(server: &Embedded, ceremony: &Ceremony) {
    let endpoint = Endpoint {
        host: Host::Socket(server.socket_folder().to_owned()),
        port: server.port(),
        user: "postgres".to_owned(),
        password: None,
        database: "baseline".to_owned(),
        unproven: None,
    };
    baseline::load(&endpoint, ceremony.target.baseline.as_ref().unwrap()).unwrap();
}

struct Psql<'s> {
    programs: &'s ServerPrograms,
    server: &'s Embedded,
    root: &'s Path,
}

impl Psql<'_> {
    fn run(&self, database: &str, arguments: &[&str]) {
        let mut command = Command::new(self.programs.program("psql"));
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-h"]);
        command
            .arg(self.server.socket_folder())
            .args(["-p", &self.server.port().to_string()])
            .args(arguments);
        let output = command.current_dir(self.root).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn copy_baseline(&self, name: &str) {
        self.run("postgres", &["-c", &format!("CREATE DATABASE {name} TEMPLATE baseline")]);
    }

    fn files(&self, database: &str, files: &[&str]) {
        let arguments: Vec<&str> = files.iter().flat_map(|file| ["-f", *file]).collect();
        self.run(database, &arguments);
    }
}
