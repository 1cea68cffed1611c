//! From STOP to the statement that it stopped: the time between the two entries in the record.

use crate::{Median, PROGRAM, tell};
use ceremony::definition::Folder;
use ceremony::journal::file::read;
use ceremony::runner::files::DiskFolder;
use ceremony::session::{Event, Failure, Input, Outcome, Report};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// How often each kind of statement is stopped.
const TIMES: usize = 5;
/// What is being done when STOP comes. The last statement is the long one.
const STATEMENTS: [(&str, &str); 3] = [
    ("stop: a statement that sleeps", "SELECT pg_sleep(600);"),
    (
        "stop: a table that is written anew",
        "CREATE TABLE public.big AS SELECT at, repeat('x', 200) AS fill FROM generate_series(1, 1000000) AS at;
         ALTER TABLE public.big ALTER COLUMN at TYPE text;",
    ),
    (
        "stop: an index that is built",
        "CREATE TABLE public.big AS SELECT md5(at::text) AS at FROM generate_series(1, 2000000) AS at;
         CREATE INDEX ON public.big (at);",
    ),
];

pub fn measure() {
    for (name, sql) in STATEMENTS {
        tell(name, Median::of((0..TIMES).map(|_| stopped(sql)).collect()));
    }
}

/// A ceremony of one migration, stopped in its last statement.
fn stopped(sql: &str) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    // The server's user is another one when root measures.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("20260101000000_long.sql"), sql).unwrap();
    fs::write(folder.path().join("other.sql"), "-- @section back\nSELECT 1;\n-- @section check\nSELECT 1;\n")
        .unwrap();
    let sum = DiskFolder::new(folder.path()).unwrap().read("20260101000000_long.sql").unwrap().sha256;
    fs::write(folder.path().join("ceremony.toml"), definition(&sum)).unwrap();
    let session = folder.path().join("session");
    let mut command = Command::new(PROGRAM);
    command.args(["run", "--headless", "--yes", "--session"]).arg(&session).current_dir(folder.path());
    let command = command.env_remove("DATABASE_URL").stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let last = sql.lines().last().unwrap().trim().trim_end_matches(';').to_owned();
    let (_never, pause) = channel::<()>();
    let record = session.join("session.jsonl");
    while !is_sent(&record, &last) {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was stopped");
        let _ = pause.recv_timeout(Duration::from_millis(20));
    }
    // It has just been sent: in its middle it is a little later.
    let _ = pause.recv_timeout(Duration::from_millis(300));
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::INT).unwrap();
    child.wait().unwrap();
    let mut asked_us = None;
    for entry in read(&session).unwrap().entries {
        if entry.events.iter().any(|event| matches!(event, Event::StopRequested { .. })) {
            asked_us = Some(entry.m);
        }
        if let Input::Outcome(Outcome { report: Report::Failed { failure: Failure::Cancelled }, .. }) =
            entry.cause
        {
            return Duration::from_micros(entry.m - asked_us.expect("STOP before its end"));
        }
    }
    panic!("it was not stopped");
}

fn is_sent(record: &Path, statement: &str) -> bool {
    let text = fs::read_to_string(record).unwrap_or_default();
    text.lines().any(|line| line.contains("statement-started") && line.contains(statement))
}

fn definition(sum: &str) -> String {
    format!(
        r#"format = 1
[ceremony]
id = "long"
title = "A long statement"
purpose = "Is stopped."
planned_minutes = 1
rollback_minutes = 1

[[migration]]
id = "long"
title = "Long"
file = "20260101000000_long.sql"
sha256 = "{sum}"
risk = "low"
after = []
summary = "nothing"
verify = ["check"]
[migration.rollback]
script = "other.sql#back"
summary = "nothing"
when = "never"
deletes = []

[[query]]
id = "check"
title = "Something"
script = "other.sql#check"
expect = "informational"

[[step]]
id = "preflight"
kind = "preflight"
title = "The server answers"
probes = ["server"]

[[step]]
id = "apply"
kind = "apply"
title = "Apply"

[[step]]
id = "sign-off"
kind = "sign-off"
title = "Sign-off"

[[claim]]
id = "applied"
text = "It is applied"
evidence = ["apply/long"]
"#
    )
}
