//! Somebody watches from another terminal: initials, STOP, who drives and who does not; and what may not disturb.

use crate::pty::{CTRL_C, ENTER, ESCAPE, Screen};
use crate::room::Ceremony;
use crate::stop::sleeping;
use ceremony::runner::clock::Clock;
use ceremony::runner::witnesses::{Word, driven, say};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

const DEADLINE_US: u64 = 60_000_000;

fn watch(ceremony: &Ceremony, columns: u16, rows: u16) -> Screen {
    let session = ceremony.session();
    ceremony.open(columns, rows, &["watch", session.to_str().unwrap(), "--operator", "bea"])
}

fn record(ceremony: &Ceremony) -> String {
    std::fs::read_to_string(ceremony.session().join("session.jsonl")).unwrap()
}

/// Waits for a condition that no screen shows.
#[track_caller]
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let clock = Clock::starting_at(0);
    let (_quiet, pause) = channel::<()>();
    while !condition() {
        assert!(clock.now().mono_us < DEADLINE_US, "waited for: {what}");
        let _ = pause.recv_timeout(Duration::from_millis(20));
    }
}

#[test]
fn a_witness_initials_a_step_and_stops_a_statement_and_both_screens_say_who() {
    let ceremony = sleeping();
    let mut operator = ceremony.start(120, 40);
    operator.wait_for_gate();
    let mut witness = watch(&ceremony, 80, 24);
    witness.wait_for("the session of the other terminal", |screen| {
        screen.has("WATCH LIVE") && screen.has("the operator is asked for: check")
    });

    // Nothing was done yet, and so there is nothing to have seen.
    witness.send("i");
    witness.wait_for_words("INITIALS");
    witness.fingers("BW");
    witness.send(ENTER);
    witness.wait_for_words("it did not start yet");
    // What drives a session is not understood here: no answer line, no words.
    for key in ["a", "n", "R", "A"] {
        witness.send(key);
    }
    witness.send("i");
    witness.wait_for_words("INITIALS");
    assert!(witness.phrase().is_none() && !witness.has("Undo everything"), "{}", witness.text());
    witness.send(ESCAPE);

    operator.confirm();
    operator.wait_for_words("1/18 steps");
    witness.wait_for_words("1/18 steps");
    witness.send("i");
    witness.wait_for_words("INITIALS The database answers");
    witness.fingers("BW");
    witness.wait_for_words("> BW");
    witness.send(ENTER);
    witness.wait_for_words("it is in the record: entry");
    operator.wait_for("the initials in the operator's checklist", |screen| screen.has(" BW "));

    let mut phrase = String::new();
    while !phrase.starts_with("apply ") {
        phrase = operator.confirm();
    }
    let runs = |screen: &Screen| screen.has("RUNNING") && screen.has("pg_sleep");
    operator.wait_for("the statement that runs", runs);
    witness.wait_for("the statement that runs", |screen| screen.has("RUNNING"));
    witness.send(CTRL_C);
    for screen in [&mut operator, &mut witness] {
        screen.wait_for_words("stopped by a witness");
        screen.wait_for_words("STOP by witness bea (uid ");
    }
    assert!(operator.has("is rolled back: nothing of it is left"), "{}", operator.scene());
    assert!(witness.has("the operator deals with it, and is at stage ASSESS"), "{}", witness.text());

    let uid = rustix::process::getuid().as_raw();
    let text = record(&ceremony);
    let by = format!("\"by\":{{\"name\":\"bea\",\"uid\":{uid}}}");
    let line = |event: &str| text.lines().find(|line| line.contains(event)).unwrap_or_default();
    assert!(line("\"event\":\"witnessed\"").contains(&by), "{text}");
    assert!(line("\"event\":\"stop-requested\"").contains(&by), "{text}");

    assert_eq!(operator.quit().status.exit_code(), 5);
    witness.wait_for_words("nobody drives: the session can be resumed");
    witness.send(CTRL_C);
    witness.wait_for_words("nobody drives this session now");
    let left = witness.quit();
    assert_eq!(left.status.exit_code(), 0, "{}", left.text);
    left.assert_restored();
    ceremony.wait_until_gone();
    let (code, said) = ceremony.ask("verify");
    assert_eq!(code, Some(0), "{said}");
    let (_, report) = ceremony.ask("report");
    for words in ["Initials BW of witness bea", "STOP by witness bea"] {
        assert!(report.contains(words), "{words}?\n{report}");
    }
}

#[test]
fn who_came_first_waits_and_sees_the_driver_die_and_come_back() {
    let ceremony = Ceremony::copy();
    std::fs::create_dir(ceremony.session()).unwrap();
    let mut witness = watch(&ceremony, 160, 50);
    witness.wait_for_words("waits for the first entry of the session");
    let mut operator = ceremony.start(80, 24);
    operator.wait_for_gate();
    witness.wait_for_words("the operator is asked for: check");

    // Who hangs, and who says what is no word, disturbs nobody.
    let socket = ceremony.session().join("live.sock");
    let mut silent: Vec<UnixStream> = (0..40).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    for stream in silent.iter_mut().take(8) {
        stream.write_all(&[b'{'; 3000]).unwrap();
    }
    let before = record(&ceremony);
    operator.confirm();
    operator.wait_for_words("1/18 steps");
    witness.wait_for_words("1/18 steps");
    let added = record(&ceremony).split_off(before.len());
    assert!(!added.contains("witness"), "what is refused is not recorded:\n{added}");
    drop(silent);

    operator.signal(rustix::process::Signal::KILL);
    operator.end();
    witness.wait_for_words("nobody drives: the session can be resumed");
    assert!(socket.exists() && !driven(&ceremony.session()), "a killed process leaves its socket");
    let session = ceremony.session();
    let mut operator = ceremony.open(80, 24, &["resume", session.to_str().unwrap(), "--operator", "ada"]);
    operator.wait_for_gate();
    witness.wait_for("a driver again", |screen| screen.has("● REC") && !screen.has("nobody drives"));
    assert_eq!(operator.quit().status.exit_code(), 3);
    witness.wait_for_words("nobody drives");
    assert!(!socket.exists(), "who leaves takes the socket along");
    witness.quit().assert_restored();
    ceremony.wait_until_gone();
}

#[test]
fn without_a_screen_a_gate_waits_for_the_witness_that_its_step_asks_for() {
    let ceremony = Ceremony::copy();
    ceremony.edit("ceremony.toml", |text| {
        text.replacen("id = \"preflight/target\"\n", "id = \"preflight/target\"\nwitness = true\n", 1)
    });
    let session = ceremony.session();
    let mut child = Command::new(env!("CARGO_BIN_EXE_ceremony"))
        .args(["--operator", "ada", "--session"])
        .arg(&session)
        .args(["run", "--headless", "--yes"])
        .current_dir(ceremony.folder())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("a driver", || driven(&session));
    let word = |name: &str| Word::Initials {
        name: name.to_owned(),
        initials: "BW".to_owned(),
        step: Some("preflight/target".to_owned()),
        attempt: None,
    };
    wait_until("its first gate", || record(&ceremony).contains("gate-opened"));
    let refused = say(&session, &word("ada")).unwrap_err();
    assert_eq!(refused.what, "the operator is no witness");
    assert!(child.try_wait().unwrap().is_none(), "a refused word ends nothing");
    assert_eq!(say(&session, &word("bea")), Ok(2));
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    for words in ["have a witness put initials under it", "initials BW of witness bea"] {
        assert!(said.contains(words), "{words}?\n{said}");
    }
    ceremony.wait_until_gone();

    // Afterwards it is over, and says so.
    let mut witness = watch(&ceremony, 80, 24);
    witness.wait_for_words("The ceremony is over: PASS");
    assert!(witness.has("WATCH PRACTICE") && witness.has("ceremony replay DIR"), "{}", witness.text());
    let left = witness.quit();
    assert_eq!(left.status.exit_code(), 0);
    assert!(left.text.contains("next: ceremony replay "), "{}", left.text);
}
