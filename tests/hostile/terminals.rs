//! T7 and T9 with real terminals, and without any: storms of sizes, streams that are closed or full, terminals and
//! locales of every kind.

use crate::pty::{ESCAPE, Screen};
use crate::room::Ceremony;
use crate::sequences::{foreign_to_cockpit, foreign_to_text};
use crate::support::effort::{effort, figures};
use ceremony::runner::fake::Seed;
use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A copy of the ceremony with a session that was driven to its end.
fn held() -> Ceremony {
    let ceremony = Ceremony::copy();
    crate::folder::hostile_session(ceremony.folder(), &ceremony.session(), 3);
    ceremony
}

fn plain(ceremony: &Ceremony, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ceremony"));
    command.args(arguments).current_dir(ceremony.folder());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command.env("XDG_CONFIG_HOME", "/nonexistent").env("RUST_BACKTRACE", "0");
    command
}

#[test]
fn a_storm_of_sizes_on_a_real_terminal() {
    let ceremony = Ceremony::copy();
    let mut screen = ceremony.start(80, 24);
    let phrase = screen.wait_for_gate();
    let mut seed = Seed(5);
    let sizes = 60 * effort();
    for round in 0..sizes {
        let (columns, rows) = match seed.below(6) {
            0 => (1, 1),
            1 => (2, 2),
            2 => (500, 200),
            _ => (u16::try_from(1 + seed.below(220)).unwrap(), u16::try_from(1 + seed.below(70)).unwrap()),
        };
        screen.resize(columns, rows);
        if round % 3 == 0 {
            screen.send(["?", "\t", "z", ESCAPE, "4"][usize::try_from(seed.below(5)).unwrap()]);
        }
    }
    screen.resize(100, 30);
    screen.send(ESCAPE);
    screen.send(ESCAPE);
    screen.wait_for("the gate again", |screen| {
        screen.phrase().as_ref() == Some(&phrase) || screen.has("Esc closes")
    });
    // Keys are thrown away while the terminal is behind: until one is heard.
    for _ in 0..40 {
        if screen.has("Esc closes") {
            break;
        }
        screen.send("?");
        screen.pause(Duration::from_millis(500));
    }
    screen.send(ESCAPE);
    screen.wait_for("the gate again", |screen| screen.phrase().as_ref() == Some(&phrase));
    screen.pause(Duration::from_millis(600));
    let left = screen.quit();
    left.assert_restored();
    assert_eq!(foreign_to_cockpit(&left.raw), []);
    ceremony.wait_until_gone();
    figures(
        "T7",
        &format!(
            "{sizes} sizes one after the other on a real terminal, from 1x1 to 500x200: 0 panics, the gate stands"
        ),
    );
}

/// What the system calls sizes nobody has: nothing, and as much as there is.
#[test]
fn a_terminal_that_has_no_size_or_too_much() {
    let ceremony = held();
    for (columns, rows) in [(1, 1), (500, 200), (4000, 3), (3, 4000)] {
        let mut screen = ceremony.look("replay", columns, rows);
        screen.wait_for("a frame", |screen| screen.raw.len() > 40);
        screen.resize(80, 24);
        screen.wait_for_words("entry 1 of ");
        let left = screen.quit();
        left.assert_restored();
        assert_eq!(foreign_to_cockpit(&left.raw), [], "{columns}x{rows}");
    }
}

const STREAMS: [&str; 4] = ["null", "closed", "full", "pipe without a reader"];

/// The stream of that kind; a closed one is closed in the child.
fn stream(kind: &str, input: bool) -> Stdio {
    match kind {
        "full" if !input => Stdio::from(File::options().write(true).open("/dev/full").unwrap()),
        "pipe without a reader" if !input => {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            Stdio::from(writer)
        }
        _ => Stdio::null(),
    }
}

#[test]
fn without_a_terminal_it_says_so_and_never_panics() {
    let ceremony = held();
    let dir = ceremony.session().to_str().unwrap().to_owned();
    let all: [&[&str]; 13] = [
        &[],
        &["run"],
        &["replay", &dir],
        &["watch", &dir],
        &["review", &dir],
        &["compare", &dir, &dir],
        &["list"],
        &["verify", &dir],
        &["report", &dir, "--format", "html", "--output", "-"],
        &["sign", &dir],
        &["check"],
        &["--help"],
        &["completions", "bash"],
    ];
    let (mut tried, mut refused) = (0, 0);
    for arguments in all {
        for input in ["null", "closed"] {
            for out in STREAMS {
                for error in STREAMS {
                    let odd = [input, out, error].iter().filter(|kind| **kind != "null").count();
                    if effort() == 1 && odd > 1 {
                        continue;
                    }
                    let close: Vec<i32> = [(0, input), (1, out), (2, error)]
                        .iter()
                        .filter(|(_, kind)| *kind == "closed")
                        .map(|(fd, _)| *fd)
                        .collect();
                    let script: String = close.iter().map(|fd| format!(" {fd}>&-")).collect();
                    // The shell closes them: a command of the standard library has each of the three.
                    let mut shell = Command::new("/bin/sh");
                    shell
                        .args(["-c", &format!("exec \"$0\" \"$@\"{script}")])
                        .arg(env!("CARGO_BIN_EXE_ceremony"))
                        .args(arguments);
                    shell
                        .current_dir(ceremony.folder())
                        .env("XDG_CONFIG_HOME", "/nonexistent")
                        .env("RUST_BACKTRACE", "0");
                    shell.stdin(stream(input, true)).stdout(stream(out, false)).stderr(stream(error, false));
                    let kept = error == "null";
                    if kept {
                        shell.stderr(Stdio::piped());
                    }
                    let output = shell.spawn().unwrap().wait_with_output().unwrap();
                    let what = format!("{arguments:?} with stdin {input}, stdout {out}, stderr {error}");
                    let code = output.status.code();
                    assert!(code.is_some_and(|code| code < 100), "{what} ended with {:?}", output.status);
                    if kept {
                        let said = String::from_utf8(output.stderr).unwrap();
                        assert!(!said.contains("panicked"), "{what}: {said}");
                        assert_eq!(foreign_to_text(said.as_bytes()), [], "{what}: {said}");
                        if matches!(arguments.first(), None | Some(&("run" | "replay" | "watch" | "review")))
                        {
                            assert!(
                                code == Some(2)
                                    && said.contains("needs a terminal")
                                    && said.contains("  next: "),
                                "{what}: {said}"
                            );
                            refused += 1;
                        }
                    }
                    tried += 1;
                }
            }
        }
    }
    figures(
        "T9",
        &format!(
            "{tried} runs of 13 commands with streams closed, full or without a reader: 0 panics, {refused} told that a terminal is needed"
        ),
    );
}

/// A run goes on whatever becomes of what it says.
#[test]
fn a_run_whose_output_is_full_comes_to_its_end() {
    let ceremony = Ceremony::copy();
    let dir = ceremony.session();
    let mut command = plain(&ceremony, &["--session", dir.to_str().unwrap(), "run", "--headless", "--yes"]);
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let status = command.stdin(Stdio::null()).stdout(full()).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(0));
    let verified = plain(&ceremony, &["verify", dir.to_str().unwrap()]).output().unwrap();
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[test]
fn every_terminal_and_locale_shows_a_session() {
    let ceremony = held();
    let mut tried = 0;
    let terms: [Option<&str>; 9] = [
        None,
        Some(""),
        Some("dumb"),
        Some("xterm"),
        Some("screen"),
        Some("tmux-256color"),
        Some("linux"),
        Some("vt100"),
        Some("no-such-terminal\x1b[2J"),
    ];
    let locales = [
        ("C", true),
        ("POSIX", true),
        ("de_DE.ISO-8859-1", true),
        ("", false),
        ("C.UTF-8", false),
        ("en_US.utf8", false),
        ("zz_ZZ.UTF-8\x1b[2J", false),
    ];
    let some = |at: usize, other: usize| effort() > 1 || at == 0 || other == 0;
    for (at, term) in terms.into_iter().enumerate() {
        for (_, (locale, ascii)) in locales.into_iter().enumerate().filter(|(other, _)| some(at, *other)) {
            let session = ceremony.session();
            let mut command = ceremony.command(&["replay", session.to_str().unwrap()]);
            match term {
                Some(term) => command.env("TERM", term),
                None => command.env_remove("TERM"),
            }
            command.env_remove("LC_ALL");
            command.env_remove("LC_CTYPE");
            command.env("LANG", locale);
            // They lie: the terminal itself knows better.
            command.env("COLUMNS", "7");
            command.env("LINES", "999999999999");
            let mut screen = Screen::spawn(command, 100, 30, session);
            screen.wait_for_words("entry 1 of ");
            screen.send("5");
            screen.pause(Duration::from_millis(60));
            let last = screen.text().lines().count();
            assert!(last == 30, "30 rows, not {last}");
            let left = screen.quit();
            left.assert_restored();
            assert_eq!(foreign_to_cockpit(&left.raw), [], "{term:?} {locale}");
            let ascii = ascii || term == Some("dumb");
            assert!(!ascii || left.raw.is_ascii(), "TERM={term:?} LANG={locale}: not ASCII");
            assert!(ascii || !left.raw.is_ascii(), "TERM={term:?} LANG={locale}: ASCII");
            tried += 1;
        }
    }
    figures(
        "T9",
        &format!(
            "{tried} kinds of terminal and locale, COLUMNS and LINES lying: all show it and are given back"
        ),
    );
}

/// tmux with a server of its own, ended when dropped.
struct Tmux(tempfile::TempDir);

impl Tmux {
    fn ask(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux")
            .arg("-S")
            .arg(self.0.path().join("socket"))
            .args(arguments)
            .env_remove("TMUX")
            .env("LANG", "C.UTF-8")
            .output()
            .expect("tmux is needed: apt-get install tmux");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[track_caller]
    fn wait_for(&self, words: &str) -> String {
        let clock = ceremony::runner::clock::Clock::starting_at(0);
        loop {
            let shown = self.ask(&["capture-pane", "-p", "-t", "x"]);
            if shown.contains(words) {
                return shown;
            }
            assert!(clock.now().mono_us < 60_000_000, "waited for {words}\n{shown}");
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.ask(&["kill-server"]);
    }
}

#[test]
fn within_tmux() {
    let ceremony = held();
    let tmux = Tmux(tempfile::tempdir().unwrap());
    let (program, session) = (env!("CARGO_BIN_EXE_ceremony"), ceremony.session());
    let line = format!("XDG_CONFIG_HOME=/nonexistent {program} replay {}; echo code $?", session.display());
    tmux.ask(&["-f", "/dev/null", "new-session", "-d", "-s", "x", "-x", "100", "-y", "30", "sh"]);
    tmux.ask(&["send-keys", "-t", "x", &line, "Enter"]);
    let shown = tmux.wait_for("entry 1 of ");
    assert!(shown.contains("╭"), "{shown}");
    tmux.ask(&["resize-window", "-t", "x", "-x", "70", "-y", "20"]);
    tmux.ask(&["send-keys", "-t", "x", "G"]);
    tmux.ask(&["send-keys", "-t", "x", "q"]);
    tmux.wait_for("Leave?");
    tmux.ask(&["send-keys", "-t", "x", "y"]);
    let shown = tmux.wait_for("code 0");
    assert!(!shown.contains("╭"), "the other screen is left\n{shown}");
    // Nothing that tmux would have taken for its own: the title is still what the shell's was.
    let title = tmux.ask(&["display-message", "-p", "-t", "x", "#{pane_title} #{window_name}"]);
    assert!(!title.contains("owned") && !title.contains("evil"), "{title}");
    figures("T9", "in tmux: shown, resized, left as it was found");
}
