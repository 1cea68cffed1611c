//! The way that goes well: every gate answered, every step passed, and a record that stock tools can check.

use crate::room::*;
use std::process::Command;

#[test]
fn every_gate_answered_is_a_pass() {
    let room = Room::new();
    // Words as a person would type them.
    let answers = room
        .yes()
        .with("apply/foundations", &["apply foundations to {target}"])
        .with("apply/foundations commit", &["commit foundations"])
        .with("apply/uniqueness", &["apply uniqueness to {target}"])
        .with("apply/uniqueness commit", &["commit uniqueness"])
        .with("apply/outbound-sync", &["apply outbound-sync to {target}"])
        .with("apply/outbound-sync commit", &["commit outbound-sync"])
        .with("sign-off", &["the claims are true"]);
    room.run(&answers).with(0).says(&["verdict: PASS\n", "closed: PASS"]);
    room.verify().with(0).says(&["verdict  PASS", "each chains", "files    as recorded"]);

    let report = room.report();
    contains(&report, &["**Verdict: PASS**", "| mode | live |", "| operator | ada |"]);
    let folder = ceremony::runner::files::DiskFolder::new(&room.path("")).unwrap();
    let plan = ceremony::plan::Plan::new(ceremony::definition::load(&folder, "ceremony.toml").unwrap());
    for step in &plan.steps {
        contains(&report, &[&format!("### {}: PASS", step.id)]);
    }
    assert!(room.halts().is_empty());

    stock_tools_agree(&room);

    let looks = room.ask_after(&[
        LEDGER,
        HISTORY,
        "SELECT string_agg(name, ' ' ORDER BY version) FROM supabase_migrations.schema_migrations WHERE version > '20260117'",
        "SELECT bool_and(cardinality(statements) > 1) FROM supabase_migrations.schema_migrations WHERE version > '20260117'",
        "SELECT count(*) FROM ceremony.ledger WHERE finished IS NULL OR length(sha256) <> 64",
        "SELECT count(*) FROM pg_database WHERE datname LIKE 'ceremony_drill%'",
    ]);
    assert_eq!(looks[0], "foundations|1|up|done\noutbound-sync|1|up|done\nuniqueness|1|up|done");
    assert_eq!(looks[1], "20260116000000\n20260117000000\n20260118000000\n20260119000000");
    assert_eq!(
        looks[2],
        "calendar_sync_foundations fix_external_calendar_events_uniqueness outbound_calendar_sync"
    );
    assert_eq!(looks[3], "t", "every file's statements are in the history");
    assert_eq!(looks[4], "0");
    assert_eq!(looks[5], "0", "the drill's copy is dropped");
}

/// The check that the documents promise: head, tail, jq and sha256sum, nothing of ours.
fn stock_tools_agree(room: &Room) {
    let script = r#"
        set -eu
        lines=$(wc -l < session.jsonl)
        whole=$(head -n -1 session.jsonl | sha256sum | cut -d' ' -f1)
        [ "$whole" = "$(tail -n 1 session.jsonl | jq -r .prev)" ] || { echo "the last line does not chain"; exit 1; }
        k=1
        while [ "$k" -lt "$lines" ]; do
            upto=$(head -n "$k" session.jsonl | sha256sum | cut -d' ' -f1)
            next=$(head -n "$((k + 1))" session.jsonl | tail -n 1 | jq -r .prev)
            [ "$upto" = "$next" ] || { echo "line $((k + 1)) does not chain"; exit 1; }
            k=$((k + 37))
        done
        jq -e -s 'to_entries | all(.value.n == .key + 1)' session.jsonl > /dev/null
    "#;
    let output = Command::new("sh").args(["-c", script]).current_dir(room.session()).output().unwrap();
    let words =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{words}");
}

#[test]
fn without_an_answer_the_session_waits_and_says_for_what() {
    let room = Room::new();
    room.run(&room.yes().without("apply/foundations commit")).with(3).says(&[
        "verdict so far: NOT RUN",
        "next: answer the gate 'apply/foundations commit' with: commit foundations; then: ceremony resume",
    ]);
    room.verify().with(0).says(&["open     the session is not closed"]);
    let looks = room.ask_after(&["SELECT to_regclass('public.external_calendar_events')", HISTORY]);
    assert_eq!(looks, ["", "20260116000000"], "nothing is committed");
    room.resume(&room.yes()).with(0).says(&["had not been committed"]);
    assert_eq!(
        room.ask_after(&[LEDGER]),
        ["foundations|1|up|done\noutbound-sync|1|up|done\nuniqueness|1|up|done"]
    );
}

#[test]
fn a_wrong_answer_is_refused_with_the_words_it_asks_for() {
    let room = Room::new();
    room.run(&room.yes().with("preflight/flags", &["yes"])).with(3).says(&[
        "'preflight/flags' is not confirmed",
        "asks for exactly: check",
        "next: type these words, letter for letter",
    ]);
}

#[test]
fn yes_is_practice() {
    let room = Room::new();
    room.call(&["run", "--headless", "--yes", "--session", "session"]).with(0);
    contains(&room.report(), &["PRACTICE: cannot be signed as real"]);
    assert_eq!(room.events("opened")[0]["header"]["mode"], "practice");
}

#[test]
fn a_reader_that_leaves_does_not_end_the_ceremony() {
    let room = Room::new();
    let mut command = Command::new("sh");
    // The reader takes one line and goes; what counts is the code of the first in the pipe.
    command
        .args(["-c", r#"{ "$0" run --headless --yes --session session; echo $? > code; } | head -n 1"#])
        .arg(env!("CARGO_BIN_EXE_ceremony"))
        .current_dir(room.path(""))
        .stdin(std::process::Stdio::null());
    let ended = room.spawn(command).end().with(0);
    assert_eq!(room.read("code").trim(), "0", "{}", ended.err);
    room.verify().with(0).says(&["verdict  PASS"]);
}

#[test]
fn what_a_session_writes_is_for_this_user_only() {
    use std::os::unix::fs::PermissionsExt;
    let room = Room::new();
    let ended = room.run(&room.yes().without("apply/foundations")).with(3);
    for name in ["session.jsonl", "origin.json", "files", "backup", "log", "server/server.json"] {
        let mode = room.session().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
    }
    assert_eq!(ended.err.lines().collect::<Vec<_>>().len(), 1, "only that a server starts: {}", ended.err);
}
