//! Others on the server, as the operator sees them: who is in the way, and who waits while the commit gate is open.

use crate::room::Ceremony;
use ceremony::runner::server::find_programs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

const FOUNDATIONS: &str = "migrations/20260117000000_calendar_sync_foundations.sql";

/// A client on the session's own server.
fn psql(ceremony: &Ceremony) -> Command {
    let kept = std::fs::read(ceremony.session().join("server/server.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_slice(&kept).unwrap();
    let mut command = Command::new(find_programs(None).unwrap().program("psql"));
    command.args(["-XqAt", "-h", "127.0.0.1", "-U", "postgres", "-d", "postgres", "-p"]);
    command.arg(kept["port"].to_string());
    command.env("PGPASSWORD", kept["password"].as_str().unwrap()).env("PGAPPNAME", "somebody else");
    command
}

/// A client that holds a lock until it is dropped.
struct Holder(Child);

impl Holder {
    fn new(ceremony: &Ceremony, sql: &str) -> Self {
        let mut child = psql(ceremony).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "BEGIN; {sql};\nSELECT 'done';").unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "done"), "the lock is not held");
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_locks_pane_shows_who_is_in_the_way_and_the_commit_gate_who_waits() {
    let ceremony = Ceremony::copy();
    ceremony.edit(FOUNDATIONS, |text| {
        let change = "ALTER TABLE public.services ADD COLUMN IF NOT EXISTS x integer;\n\nCOMMIT;";
        text.replacen("COMMIT;", change, 1)
    });
    // What is not declared would stop it before its commit gate.
    let creates = "creates = [\n    \"table public.external_calendar_connections\",";
    ceremony.edit("ceremony.toml", |text| {
        assert!(text.contains(creates));
        text.replacen(creates, &format!("{creates}\n    \"column public.services.x\","), 1)
    });
    let mut screen = ceremony.start(120, 40);
    let mut phrase = screen.wait_for_gate();
    while !phrase.starts_with("apply foundations") {
        screen.confirm();
        phrase = screen.wait_for_gate();
    }
    let holder = Holder::new(&ceremony, "LOCK TABLE public.services IN SHARE MODE");
    screen.confirm();
    // The place of the gate says it at once, the pane shows it as a tree.
    screen.wait_for_words("for ACCESS EXCLUSIVE on public.services, held by process");
    screen.send("8");
    screen.wait_for("the tree of waits", |screen| {
        screen.has("\"somebody else\" of postgres (idle in") && screen.has("└ this step waits")
    });
    drop(holder);
    assert!(screen.wait_for_gate().starts_with("commit foundations"), "{}", screen.scene());
    screen.wait_for_words("ACCESS EXCLUSIVE on public.services");
    // Three that wait for two seconds: the open transaction is rolled back by rule.
    let readers = [(); 3].map(|()| {
        let mut command = psql(&ceremony);
        command.args(["-c", "SELECT count(*) FROM public.services"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
    });
    screen.wait_for_words("stopped by rule: it kept others waiting");
    screen.wait_for_words("3 sessions waited");
    assert!(screen.has("is rolled back: nothing of it is left"), "{}", screen.scene());
    for mut reader in readers {
        assert!(reader.wait().unwrap().success(), "a reader was turned away");
    }
    let left = screen.quit();
    assert_eq!(left.status.exit_code(), 5, "{}", left.text);
    left.assert_restored();
    ceremony.wait_until_gone();
}
