//! The ways to die: however the cockpit ends, the terminal is as it was before, and nobody of it is left.

use crate::cockpit::{Ceremony, program};
use crate::pty::{CTRL_Z, Screen};
use crate::support::effort::figures;
use portable_pty::{PtySize, native_pty_system};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn modes(terminal: &Path) -> String {
    format!("{:?}", rustix::termios::tcgetattr(File::open(terminal).unwrap()).unwrap())
}

/// The modes of a terminal that nobody has touched.
fn untouched() -> String {
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    modes(&pair.master.tty_name().unwrap())
}

/// The terminal of a program that runs.
fn terminal(screen: &Screen) -> PathBuf {
    std::fs::read_link(format!("/proc/{}/fd/1", screen.pid())).unwrap()
}

/// A cockpit at its first gate, the first time on a new session.
fn at_a_gate(ceremony: &Ceremony) -> (Screen, PathBuf) {
    let new = !ceremony.session().exists();
    let mut screen = if new { ceremony.start(80, 24) } else { ceremony.look("resume", 80, 24) };
    screen.wait_for_gate();
    let terminal = terminal(&screen);
    assert!(screen.emulator().alternate_screen() && screen.emulator().bracketed_paste());
    assert_ne!(modes(&terminal), untouched(), "the cockpit has the terminal");
    (screen, terminal)
}

/// As before: the modes, the screen, the cursor; and nobody is left.
#[track_caller]
fn restored(ceremony: &Ceremony, mut screen: Screen, terminal: &Path, killed: bool) {
    screen.wait_for_exit();
    if killed {
        screen.wait_after_the_end("ceremony was killed");
    }
    assert_eq!(modes(terminal), untouched());
    let left = screen.end();
    left.assert_restored();
    assert!(left.text.replace('\n', "").contains("ceremony resume"), "{}", left.text);
    ceremony.wait_until_gone();
}

/// Whether a process is there and not merely waited for.
fn runs(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

fn limit(screen: &Screen, resource: Resource, most: u64) {
    let pid = Pid::from_raw(i32::try_from(screen.pid()).unwrap());
    prlimit(pid, resource, Rlimit { current: Some(most), maximum: Some(most) }).unwrap();
}

#[test]
fn by_every_signal_the_terminal_is_as_before() {
    let ceremony = Ceremony::copy();
    let mut ways = Vec::new();
    // Heard, and left as by hand.
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let (screen, terminal) = at_a_gate(&ceremony);
        screen.signal(signal);
        restored(&ceremony, screen, &terminal, false);
        ways.push(format!("{signal:?}").replace("Signal::", ""));
    }
    // Not heard: the warden gives the terminal back.
    for signal in [Signal::QUIT, Signal::KILL, Signal::ABORT, Signal::SEGV, Signal::BUS, Signal::USR1] {
        let (screen, terminal) = at_a_gate(&ceremony);
        limit(&screen, Resource::Core, 0);
        let mut screen = screen;
        let pid = Pid::from_raw(i32::try_from(screen.pid()).unwrap()).unwrap();
        // The language's own handler for faults lets a first one pass that is none, and the second one kills.
        while runs(pid) {
            let _ = kill_process(pid, signal);
            screen.pause(Duration::from_millis(20));
        }
        restored(&ceremony, screen, &terminal, true);
        ways.push(format!("{signal:?}").replace("Signal::", ""));
    }
    figures("T4", &format!("{} signals: {}; 0 terminals left broken", ways.len(), ways.join(", ")));
}

#[test]
fn by_hand_by_the_window_and_while_stopped() {
    let ceremony = Ceremony::copy();
    let (mut screen, terminal) = at_a_gate(&ceremony);
    screen.send("q");
    screen.wait_for_words("Leave?");
    screen.send("y");
    restored(&ceremony, screen, &terminal, false);

    // Stopped with Ctrl-Z, the terminal is the shell's, who set it as it wants it: nothing is written there.
    let (mut screen, terminal) = at_a_gate(&ceremony);
    screen.send(CTRL_Z);
    screen.wait_for("the process to be suspended", |screen| {
        screen.suspended() && !screen.emulator().alternate_screen()
    });
    assert_eq!(modes(&terminal), untouched());
    let until = screen.raw.len();
    screen.signal(Signal::KILL);
    let left = screen.end();
    left.assert_restored();
    assert_eq!(String::from_utf8_lossy(&left.raw[until..]), "", "written on the shell's terminal");
    ceremony.wait_until_gone();

    // Stopped, and back, and killed then.
    let (mut screen, terminal) = at_a_gate(&ceremony);
    screen.send(CTRL_Z);
    screen.wait_for("the process to be suspended", |screen| {
        screen.suspended() && !screen.emulator().alternate_screen()
    });
    screen.signal(Signal::CONT);
    screen.wait_for("the cockpit to be back", |screen| screen.emulator().alternate_screen());
    screen.signal(Signal::KILL);
    restored(&ceremony, screen, &terminal, true);

    // The window is closed: there is no terminal to be as before, and nobody is left.
    let (screen, _) = at_a_gate(&ceremony);
    assert_eq!(screen.hang_up().exit_code(), 3);
    ceremony.wait_until_gone();
    figures(
        "T4",
        "left by hand, killed while stopped by Ctrl-Z, killed after fg, window closed: 0 terminals left broken",
    );
}

/// Memory that the system does not give: the library of the language ends the program there and then.
#[test]
fn out_of_memory() {
    let ceremony = Ceremony::copy();
    let (mut screen, terminal) = at_a_gate(&ceremony);
    limit(&screen, Resource::Core, 0);
    limit(&screen, Resource::As, 1 << 20);
    // A larger screen wants a larger buffer: one that no heap of a thread has kept in reserve (64 MiB at most).
    screen.resize(2_000, 1_500);
    screen.wait_for_exit();
    restored(&ceremony, screen, &terminal, true);
    figures("T4", "out of memory: 0 terminals left broken");
}

/// Set for the children of the test about panics.
const PANIC: &str = "KILL_TEST_PANIC";

#[test]
fn a_panic_and_one_within_it() {
    for (how, words) in [("once", "on purpose"), ("twice", "and once more"), ("abort", "")] {
        let mut command = program(std::env::current_exe().unwrap().to_str().unwrap());
        command.args(["--exact", "ways::a_program_that_panics", "--nocapture", "--test-threads=1"]);
        command.env(PANIC, how);
        let mut screen = Screen::spawn(command, 80, 24, PathBuf::new());
        screen.wait_for("the terminal to be taken", |screen| screen.emulator().alternate_screen());
        let terminal = terminal(&screen);
        assert_ne!(modes(&terminal), untouched());
        screen.send("x");
        screen.wait_for_exit();
        assert_eq!(modes(&terminal), untouched(), "{how}");
        let left = screen.end();
        left.assert_restored();
        assert!(!left.status.success());
        let after = left.raw.windows(8).rposition(|bytes| bytes == b"\x1b[?1049l").unwrap();
        let report = String::from_utf8_lossy(&left.raw[after..]).into_owned();
        assert!(report.contains("on purpose") && report.contains(words), "what can be read:\n{report}");
    }
    figures("T4", "panic, panic within a panic, panic that aborts: 0 terminals left broken");
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("and once more");
    }
}

/// Not a test of its own: the child of the one above, which has a terminal.
#[test]
fn a_program_that_panics() {
    let Some(how) = std::env::var_os(PANIC) else { return };
    ceremony::tui::terminal::restore_on_panic(|_| false);
    rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).unwrap();
    let _terminal = ceremony::tui::terminal::Terminal::open(false).unwrap();
    std::io::stdin().read_exact(&mut [0]).unwrap();
    let on_another_thread = how == "once";
    let panics = move || {
        let _bomb = (how == "twice").then(|| Bomb);
        if how == "abort" {
            // Where nothing can be unwound.
            extern "C" fn wall() {
                panic!("on purpose");
            }
            wall();
        }
        panic!("on purpose");
    };
    if on_another_thread {
        // The guard that gives the terminal back when it goes out of scope lives on, and nobody joins.
        let _fallen = std::thread::spawn(panics);
        loop {
            std::thread::park();
        }
    }
    panics();
}
