//! T6: nobody reads the screen, the pipe, the watcher's screen or the witnesses' socket: the ceremony goes on.

use crate::clients::Somebody;
use crate::effort::{effort, figures};
use crate::process::{PEAK_MAX_KIB, peak_kib};
use crate::program::until;
use crate::pty::{CTRL_C, Screen};
use crate::room::Room;
use crate::small::{Small, cockpit, each_entry, on_terminal};
use ceremony::runner::witnesses::{Word, say};
use rustix::process::Signal;
use rustix::termios::{Action, tcflow};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

const HELD: &str = "SELECT pg_advisory_lock(4711)";
const WAITS: &str = "SELECT pg_advisory_xact_lock(4711);";

/// A terminal that takes nothing, as when nobody reads its other end.
struct Stalled(File);

impl Stalled {
    fn new(screen: &Screen) -> Self {
        let name = std::fs::read_link(format!("/proc/{}/fd/1", screen.pid())).unwrap();
        let tty = File::options().read(true).write(true).open(name).unwrap();
        tcflow(&tty, Action::OOff).unwrap();
        Self(tty)
    }

    fn goes_on(self) {
        tcflow(&self.0, Action::OOn).unwrap();
    }
}

/// A step that waits for us, then says more than any terminal, pipe or queue holds.
fn loud(lines: u64) -> String {
    format!(
        "CREATE TABLE public.load (id int);\n{WAITS}\n\
         DO $$ BEGIN FOR i IN 1..{lines} LOOP RAISE NOTICE 'notice % %', i, repeat('x', 100); END LOOP; END $$;\n"
    )
}

fn holder(room: &Room) -> Somebody {
    let kept = room.kept();
    Somebody::new(kept["port"].as_u64().unwrap() as u16, kept["password"].as_str().unwrap(), HELD)
}

/// Waits for words in the session's log.
fn logged(room: &Room, words: &str) {
    let log = room.session().join("log");
    until(words, || {
        let mut files = std::fs::read_dir(&log).ok()?.flatten();
        files
            .any(|file| std::fs::read_to_string(file.path()).is_ok_and(|text| text.contains(words)))
            .then_some(())
    });
}

fn notices(room: &Room) -> usize {
    let mut count = 0;
    each_entry(&room.session(), |entry| {
        let report = &entry["cause"]["report"];
        if report["report"] == "noticed" {
            count += 1 + report["more"].as_array().map_or(0, Vec::len);
        }
    });
    count
}

#[test]
fn t6_a_terminal_that_nobody_reads_holds_up_no_step() {
    let lines = 20_000 * effort();
    let room = Small { up: &loud(lines), ..Small::default() }.room();
    let mut screen = cockpit(&room);
    screen.wait_for_gate();
    let somebody = holder(&room);
    screen.confirm();
    room.recorded(&["statement-started", "pg_advisory_xact_lock"]);
    let stalled = Stalled::new(&screen);
    somebody.leaves();
    // Everything happens while nobody reads.
    room.recorded(&["\"event\":\"closed\""]);
    logged(&room, "the terminal takes nothing");
    // Who types now cannot see at what.
    screen.send("q");
    screen.send("y");
    assert!(!screen.has("The ceremony is over"), "the terminal is not stalled:\n{}", screen.text());
    stalled.goes_on();
    screen.wait_for_words("The ceremony is over: PASS");
    assert!(!screen.has("Leave?"));
    let peak = peak_kib(screen.pid());
    assert!(peak <= PEAK_MAX_KIB, "{peak} KiB");
    screen.quit().assert_restored();
    assert_eq!(notices(&room), lines as usize);
    room.verify().with(0);
    figures("T6", &format!("cockpit: a step of {lines} notices ended with nobody reading; peak {peak} KiB"));
}

#[test]
fn t6_stop_and_a_signal_reach_a_session_whose_terminal_is_stalled() {
    let room = Small { up: &loud(2_000_000_000), ..Small::default() }.room();
    let mut screen = cockpit(&room);
    screen.confirm();
    screen.wait_for_words("xxxx");
    let _stalled = Stalled::new(&screen);
    screen.send(CTRL_C);
    room.recorded(&["\"event\":\"halted\""]);
    screen.signal(Signal::TERM);
    assert_eq!(screen.wait_for_exit().exit_code(), 5);
    room.recorded(&["a signal asked for the end, and nobody drives any more"]);
}

#[test]
fn t6_a_pipe_that_nobody_reads_holds_up_no_step() {
    let lines = 50_000 * effort();
    let room = Small { up: &loud(lines), ..Small::default() }.room();
    let mut command = room.answered(&["run", "--session", "session"], &room.yes());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    room.recorded(&["\"event\":\"closed\""]);
    let peak = peak_kib(child.id());
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    let status = until("the program ends", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0), "{}", &said[said.len().saturating_sub(2_000)..]);
    assert!(peak <= PEAK_MAX_KIB, "{peak} KiB");
    assert!(said.contains("verdict: PASS"), "{}", &said[said.len().saturating_sub(2_000)..]);
    // Every line was read, or it is said how many were not.
    let left_out: usize = said
        .lines()
        .filter_map(|line| line.trim().split_once(" lines are left out here")?.0.parse::<usize>().ok())
        .sum();
    assert!(left_out > 0, "the pipe was not stalled");
    assert_eq!(notices(&room), lines as usize);
    figures(
        "T6",
        &format!(
            "headless: {lines} notices, {left_out} lines left out of a pipe that nobody read; peak {peak} KiB"
        ),
    );
}

#[test]
fn t6_a_watcher_whose_terminal_is_stalled_holds_up_nobody_and_sees_the_end() {
    let room = Small { up: &loud(20_000), ..Small::default() }.room();
    let mut screen = cockpit(&room);
    screen.wait_for_gate();
    let mut watcher = on_terminal(&room, &["watch", "session", "--operator", "bea"]);
    watcher.wait_for_words("WATCH LIVE");
    let stalled = Stalled::new(&watcher);
    screen.confirm();
    screen.wait_for_words("The ceremony is over: PASS");
    stalled.goes_on();
    watcher.wait_for_words("The ceremony is over: PASS");
    watcher.quit().assert_restored();
    screen.quit().assert_restored();
}

#[test]
fn t6_witnesses_that_say_nothing_and_hear_nothing_hold_up_nobody() {
    let room = Small { up: &loud(1_000), ..Small::default() }.room();
    let mut screen = cockpit(&room);
    screen.wait_for_gate();
    let somebody = holder(&room);
    let socket = room.session().join("live.sock");
    let silent: Vec<UnixStream> = (0..40).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    for (at, mut stream) in silent.iter().enumerate() {
        match at % 3 {
            // Half a word; and one whose answer is never read.
            0 => stream.write_all(b"{\"word\":\"st").unwrap(),
            1 => stream.write_all(b"{\"word\":\"initials\",\"name\":\"x\",\"initials\":\"XX\"}\n").unwrap(),
            _ => {}
        }
    }
    screen.confirm();
    room.recorded(&["statement-started", "pg_advisory_xact_lock"]);
    // Whoever comes behind them is heard.
    say(&room.session(), &Word::Stop { name: "bea".to_owned() }).unwrap();
    screen.wait_for_words("STOP THE WORLD");
    somebody.leaves();
    screen.quit();
    assert_eq!(room.events("stop-requested").len(), 1);
    figures("T6", &format!("witnesses: {} silent ones in front of a STOP", silent.len()));
}
