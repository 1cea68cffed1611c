//! However the program ends, the shell gets its terminal back. (After SIGKILL: `killed`.)

use crate::pty::{CTRL_Z, Screen};
use crate::room::{Ceremony, program};
use rustix::process::Signal;

/// Set for the child of the test about panics.
const PANIC: &str = "COCKPIT_TEST_PANIC";

fn at_the_first_gate(ceremony: &Ceremony) -> Screen {
    let mut screen = ceremony.start(80, 24);
    screen.wait_for_gate();
    assert!(screen.emulator().alternate_screen() && screen.emulator().bracketed_paste());
    assert!(!screen.cooked(), "keys are read one by one");
    screen
}

#[track_caller]
fn position(raw: &[u8], what: &str) -> usize {
    let found = raw.windows(what.len()).rposition(|window| window == what.as_bytes());
    found.unwrap_or_else(|| panic!("{what:?} was never written"))
}

/// The sequences themselves, in the order that works everywhere.
#[track_caller]
fn assert_sequences(raw: &[u8]) {
    let screen_left = position(raw, "\x1b[?1049l");
    assert!(position(raw, "\x1b[?1049h") < screen_left);
    assert!(position(raw, "\x1b[?2004h") < position(raw, "\x1b[?2004l"));
    assert!(position(raw, "\x1b[?25l") < position(raw, "\x1b[?25h"));
}

fn ends_by(signal: Signal) {
    let ceremony = Ceremony::copy();
    let screen = at_the_first_gate(&ceremony);
    screen.signal(signal);
    let left = screen.end();
    assert_eq!(left.status.exit_code(), 3, "{}", left.text);
    left.assert_restored();
    assert_sequences(&left.raw);
    assert!(left.text.contains("ceremony resume"), "{}", left.text);
    ceremony.wait_until_gone();
}

#[test]
fn after_q() {
    let ceremony = Ceremony::copy();
    let left = at_the_first_gate(&ceremony).quit();
    assert_eq!(left.status.exit_code(), 3, "{}", left.text);
    left.assert_restored();
    assert_sequences(&left.raw);
    ceremony.wait_until_gone();
}

#[test]
fn after_sigterm() {
    ends_by(Signal::TERM);
}

#[test]
fn after_sighup() {
    ends_by(Signal::HUP);
}

#[test]
fn in_the_shell_between_ctrl_z_and_fg() {
    let ceremony = Ceremony::copy();
    let mut screen = at_the_first_gate(&ceremony);
    for _ in 0..2 {
        screen.send(CTRL_Z);
        screen.wait_for("the process to be suspended", |screen| {
            let emulator = screen.emulator();
            let ours = emulator.alternate_screen() || emulator.bracketed_paste() || emulator.hide_cursor();
            screen.suspended() && !ours
        });
        assert!(screen.cooked(), "the shell gets a raw terminal");
        let until = screen.raw.len();
        screen.signal(Signal::CONT);
        screen.wait_for("the screen to be drawn again", |screen| {
            screen.raw.len() > until && screen.emulator().alternate_screen() && screen.phrase().is_some()
        });
        assert!(!screen.cooked() && screen.emulator().bracketed_paste());
        assert!(screen.has("a answer"), "{}", screen.text());
    }
    screen.confirm();
    screen.wait_for_words("1/18 steps");
    screen.quit().assert_restored();
    ceremony.wait_until_gone();
}

#[test]
fn when_the_window_is_closed() {
    let ceremony = Ceremony::copy();
    let screen = at_the_first_gate(&ceremony);
    let status = screen.hang_up();
    assert_eq!(status.exit_code(), 3);
    ceremony.wait_until_gone();
}

#[test]
fn before_a_panic_is_reported() {
    let mut command = program(std::env::current_exe().unwrap().to_str().unwrap());
    command.args(["--exact", "terminal::a_program_that_panics", "--nocapture", "--test-threads=1"]);
    command.env(PANIC, "1");
    command.env("RUST_BACKTRACE", "0");
    let left = Screen::spawn(command, 80, 24, std::path::PathBuf::new()).end();
    assert_eq!(left.status.exit_code(), 101, "{}", left.text);
    left.assert_restored();
    assert_sequences(&left.raw);
    assert!(position(&left.raw, "\x1b[?1049l") < position(&left.raw, "on purpose"));
    assert!(left.text.contains("on purpose"), "the report can be read\n{}", left.text);
}

/// Not a test of its own: the child of the one above, which has a terminal.
#[test]
fn a_program_that_panics() {
    if std::env::var_os(PANIC).is_none() {
        return;
    }
    ceremony::tui::terminal::restore_on_panic(|_| false);
    let terminal = ceremony::tui::terminal::Terminal::open(false).unwrap();
    // On another thread, as the guard that gives the terminal back when it goes out of scope lives on.
    let Err(panic) = std::thread::spawn(|| panic!("on purpose")).join();
    std::mem::drop(terminal);
    std::panic::resume_unwind(panic);
}
