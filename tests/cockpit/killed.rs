//! After SIGKILL nobody of the cockpit is left: its warden gives the terminal back, and says how to go on.

use crate::pty::{CTRL_Z, Screen};
use crate::room::Ceremony;
use portable_pty::{PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

fn at_the_first_gate(ceremony: &Ceremony) -> Screen {
    let mut screen = ceremony.start(80, 24);
    screen.wait_for_gate();
    assert!(screen.emulator().alternate_screen() && !screen.cooked());
    screen
}

fn modes(terminal: &Path) -> String {
    format!("{:?}", rustix::termios::tcgetattr(File::open(terminal).unwrap()).unwrap())
}

/// The modes of a terminal that nobody has touched.
fn untouched() -> String {
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    modes(&pair.master.tty_name().unwrap())
}

fn wardens(ceremony: &Ceremony) -> Vec<Pid> {
    let all = ceremony.running().into_iter().filter(|process| process.contains(" warden "));
    all.map(|process| Pid::from_raw(process.split(' ').next().unwrap().parse().unwrap()).unwrap()).collect()
}

#[test]
fn the_terminal_is_given_back_and_the_way_on_is_said() {
    let ceremony = Ceremony::copy();
    let mut screen = at_the_first_gate(&ceremony);
    let [warden] = wardens(&ceremony)[..] else { panic!("one warden: {:?}", ceremony.running()) };
    // What a terminal or a shell sends does not end it before the cockpit.
    for signal in [Signal::HUP, Signal::INT, Signal::TERM, Signal::QUIT, Signal::TSTP, Signal::TTOU] {
        kill_process(warden, signal).unwrap();
    }
    let terminal = std::fs::read_link(format!("/proc/{}/fd/1", screen.pid())).unwrap();
    assert_ne!(modes(&terminal), untouched());
    screen.signal(Signal::KILL);
    screen.wait_for_exit();
    screen.wait_after_the_end("ceremony was killed");
    assert_eq!(modes(&terminal), untouched());
    // Comes to its end only when nobody holds the terminal: the warden is gone too.
    let left = screen.end();
    left.assert_restored();
    let text = left.text.replace('\n', "");
    let way = format!("the session can be resumed: ceremony resume {}", ceremony.session().display());
    assert!(text.contains(&way), "{way}\n{}", left.text);
    ceremony.wait_until_gone();
}

#[test]
fn while_a_shell_has_the_terminal_nothing_is_touched() {
    let ceremony = Ceremony::copy();
    let mut screen = at_the_first_gate(&ceremony);
    screen.send(CTRL_Z);
    screen.wait_for("the process to be suspended", |screen| {
        screen.suspended() && !screen.emulator().alternate_screen()
    });
    let until = screen.raw.len();
    screen.signal(Signal::KILL);
    let left = screen.end();
    left.assert_restored();
    assert_eq!(String::from_utf8_lossy(&left.raw[until..]), "", "written after the terminal was given back");
    ceremony.wait_until_gone();
}

#[test]
fn a_warden_ends_with_a_cockpit_that_ends_well() {
    let ceremony = Ceremony::copy();
    let mut screen = at_the_first_gate(&ceremony);
    assert_eq!(wardens(&ceremony).len(), 1);
    screen.pause(Duration::from_millis(20));
    let left = screen.quit();
    assert!(!left.text.contains("was killed"), "{}", left.text);
    assert_eq!(wardens(&ceremony), [], "somebody is still on duty");
    ceremony.wait_until_gone();
}
