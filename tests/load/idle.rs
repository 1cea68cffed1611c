//! T5: the terminal is gone, and no signal says so. L6: hours, compressed: memory and descriptors stay as they are.

use crate::clients::Somebody;
use crate::effort::{effort, figures};
use crate::process::{descriptors, memory_kib, status, ticks};
use crate::program::until;
use crate::pty::{ESCAPE, Screen};
use crate::room::Room;
use crate::small::{Small, builder, cockpit};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

/// Set for the process that is the terminal: the program's arguments, one a line.
const PROGRAM: &str = "LOAD_TEST_PROGRAM";
/// A hundredth of a second each; what ends must not compute for long before.
const TICKS_MAX: u64 = 300;

/// A terminal that is a process of its own, as a window is: when it is killed, the other end is gone.
struct Window {
    child: Child,
    /// Held: at its end the window would close by itself.
    _keys: ChildStdin,
    shown: Arc<Mutex<String>>,
    /// The program's process.
    pid: u32,
}

/// Not a test of its own: the child of the others, which is a terminal with the program on it.
#[test]
fn a_window() {
    let Ok(program) = std::env::var(PROGRAM) else { return };
    let mut words = program.lines();
    let mut command = CommandBuilder::new(words.next().unwrap());
    command.args(words);
    command.cwd(std::env::current_dir().unwrap());
    command.env_remove(PROGRAM);
    command.env("TERM", "xterm-256color");
    let pair = native_pty_system().openpty(PtySize { rows: 40, cols: 120, ..PtySize::default() }).unwrap();
    let child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let (mut screen, mut keys) =
        (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
    println!("\nprogram {}", child.process_id().unwrap());
    std::thread::spawn(move || std::io::copy(&mut screen, &mut std::io::stdout()));
    let _ = std::io::copy(&mut std::io::stdin(), &mut keys);
}

/// How the program comes to hear nothing of a hang-up.
#[derive(Clone, Copy, Debug)]
enum Deaf {
    /// As after `nohup`.
    Ignores,
    /// As after `setsid`: it is not its terminal.
    Apart,
}

impl Window {
    fn open(room: &Room, deaf: Deaf, arguments: &[&str]) -> Self {
        let shell = match deaf {
            Deaf::Ignores => "trap '' HUP; exec \"$@\"",
            Deaf::Apart => "trap '' HUP; exec setsid --wait \"$@\"",
        };
        let mut words = vec!["sh", "-c", shell, "sh", env!("CARGO_BIN_EXE_ceremony")];
        words.extend(arguments);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "idle::a_window", "--nocapture", "--test-threads=1"])
            .env(PROGRAM, words.join("\n"))
            .env("XDG_CONFIG_HOME", "/nonexistent")
            .env("USER", "ada")
            .env_remove("DATABASE_URL")
            .current_dir(room.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let first = loop {
            line.clear();
            assert_ne!(out.read_line(&mut line).unwrap(), 0, "there is no window");
            if let Some((_, pid)) = line.split_once("program ") {
                break pid.trim().parse().unwrap();
            }
        };
        let pid = match deaf {
            Deaf::Ignores => first,
            Deaf::Apart => until("the program is apart", || child_of(first)),
        };
        let shown = Arc::new(Mutex::new(String::new()));
        let ours = shown.clone();
        std::thread::spawn(move || {
            let mut piece = [0; 65_536];
            while let Ok(count @ 1..) = out.read(&mut piece) {
                ours.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..count]));
            }
        });
        Self { _keys: child.stdin.take().unwrap(), child, shown, pid }
    }

    #[track_caller]
    fn wait_for(&self, words: &str) {
        until(&format!("the window shows {words}"), || {
            self.shown.lock().unwrap().contains(words).then_some(())
        });
    }

    /// The window is gone; waits for the end of the program and says how much it computed until then.
    fn goes(mut self) -> u64 {
        let before = ticks(self.pid);
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut last = before;
        until("the program ends", || {
            let text = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
            let alive = text.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'));
            if alive {
                last = ticks_of(&text).unwrap_or(last);
            }
            (!alive).then_some(())
        });
        last - before
    }
}

fn ticks_of(stat: &str) -> Option<u64> {
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

fn child_of(pid: u32) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    let child = text.split_whitespace().next()?.parse().ok()?;
    let name = std::fs::read_to_string(format!("/proc/{child}/comm")).ok()?;
    (name.trim() == "ceremony").then_some(child)
}

fn with_a_lock() -> Room {
    Small {
        up: "CREATE TABLE public.load (id int);\nSELECT pg_advisory_xact_lock(4711);\n",
        ..Small::default()
    }
    .room()
}

/// In the middle of a statement: it is rolled back, the record says why nobody drives, and the session is gone on with.
#[test]
fn t5_a_terminal_that_goes_in_a_step_without_a_signal() {
    let room = with_a_lock();
    let mut command = builder(&room, &["--session", "session", "--operator", "ada"]);
    let deaf = ["sh", "-c", "trap '' HUP; exec setsid --wait \"$@\"", "sh"].map(Into::into);
    command.get_argv_mut().splice(0..0, deaf);
    let mut screen = Screen::spawn(command, 120, 40, room.session());
    screen.wait_for_gate();
    let kept = room.kept();
    let (port, password) = (kept["port"].as_u64().unwrap() as u16, kept["password"].as_str().unwrap());
    let somebody = Somebody::new(port, password, "SELECT pg_advisory_lock(4711)");
    screen.confirm();
    room.recorded(&["statement-started", "pg_advisory_xact_lock"]);
    assert_eq!(screen.hang_up().exit_code(), 3);
    somebody.leaves();
    let entries = room.entries();
    let last = entries.last().unwrap();
    assert_eq!(last["events"][0]["event"], "interrupted", "{last}");
    assert_eq!(last["events"][0]["why"], "the terminal is gone, and nobody drives any more");
    room.verify().with(0);
    room.resume(&room.yes()).with(0).says(&["verdict: PASS"]);
    assert_eq!(room.ask_after(&["SELECT state FROM ceremony.ledger"]), ["done"]);
    figures("T5", "in a statement: rolled back, recorded as an interruption, resumed to PASS");
}

/// Everything else that has a screen ends too.
#[test]
fn t5_every_screen_ends_when_its_terminal_goes() {
    let room = with_a_lock();
    let driver = Window::open(&room, Deaf::Ignores, &["--session", "session", "--operator", "ada"]);
    driver.wait_for("then type");
    let mut all = Vec::new();
    let mut goes = |name: &str, window: Window| {
        let computed = window.goes();
        assert!(computed <= TICKS_MAX, "{name}: computed for {computed} ticks after the terminal was gone");
        all.push(format!("{name} {computed}"));
    };
    for deaf in [Deaf::Ignores, Deaf::Apart] {
        let watcher = Window::open(&room, deaf, &["watch", "session", "--operator", "bea"]);
        watcher.wait_for("WATCH");
        goes("watch", watcher);
    }
    goes("a gate", driver);
    let left = room.entries();
    assert_eq!(left.last().unwrap()["events"][0]["event"], "interrupted");
    for deaf in [Deaf::Ignores, Deaf::Apart] {
        let replay = Window::open(&room, deaf, &["replay", "session"]);
        replay.wait_for("REPLAY");
        goes("replay", replay);
    }
    figures("T5", &format!("ticks of computing until the end: {}", all.join(", ")));
}

/// A cockpit at an open commit gate: clocks go, the radar looks, and somebody reads every pane over and over.
#[test]
fn l6_a_cockpit_that_is_used_for_long_stays_as_it_is() {
    let room = Small { word: "", ..Small::default() }.room();
    let mut screen = cockpit(&room);
    screen.confirm();
    screen.wait_for("the commit gate", |screen| screen.has("commit load"));
    let pid = screen.pid();
    let rounds = 40 * effort();
    let round = |screen: &mut Screen| {
        for tab in ["1", "2", "3", "4", "5", "8"] {
            screen.send(tab);
            screen.send("j");
            screen.send("k");
        }
        screen.send("?");
        screen.wait_for("help", |screen| screen.has("elp") || screen.has("keys"));
        screen.send(ESCAPE);
        screen.resize(100, 30);
        screen.wait_for("the smaller screen", |screen| screen.has("commit load"));
        screen.resize(120, 40);
        screen.send("4");
        screen.wait_for("the changes", |screen| screen.has("public.load") && screen.has("commit load"));
    };
    (0..20).for_each(|_| round(&mut screen));
    let (memory, open) = (memory_kib(pid), descriptors(pid));
    (0..rounds).for_each(|_| round(&mut screen));
    let (memory_now, open_now) = (memory_kib(pid), descriptors(pid));
    // The pulse and the radar may be connecting just now, or not.
    assert!(open_now <= open + 8, "{open} descriptors became {open_now}");
    assert!(memory_now <= memory + 4096, "{memory} KiB became {memory_now}");
    screen.quit().assert_restored();
    figures(
        "L6",
        &format!(
            "cockpit: {rounds} rounds of every pane and two sizes: {memory} to {memory_now} KiB, {open} descriptors"
        ),
    );
}

/// Many attempts in one process, each with its connections, its radar and its entries.
#[test]
fn l6_many_attempts_in_one_process_leave_nothing_behind() {
    let steps = 120 * effort();
    let more: String = (0..steps)
        .map(|at| format!("[[step]]\nid = \"verify/{at}\"\nkind = \"verify\"\ntitle = \"Verify {at}\"\nqueries = [\"q\"]\n"))
        .collect();
    let room = Small {
        query: "SELECT i, repeat('x', 100) FROM generate_series(1, 20) AS i",
        expect: "{ rows = 20 }",
        more: &more,
        ..Small::default()
    }
    .room();
    let mut running = room.start(&room.yes());
    let pid = running.child.id();
    let log = room.session().join("session.jsonl");
    // The most that was seen while the second quarter ran, and while the rest did.
    let mut seen = [(0, 0); 2];
    until("the program ends", || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let done = text.matches("\"event\":\"step-finished\"").count() as u64;
        let part = match done * 4 / steps {
            0 => None,
            1 => Some(0),
            _ => Some(1),
        };
        if let (Some(part), Some(memory)) = (part, status(pid, "VmRSS")) {
            let open = std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
            seen[part] = (seen[part].0.max(memory), seen[part].1.max(open));
        }
        running.child.try_wait().unwrap()
    });
    running.end().with(0).says(&["verdict: PASS"]);
    let [(memory, open), (memory_now, open_now)] = seen;
    assert!(memory > 0 && memory_now > 0, "nothing was seen");
    assert!(open_now <= open + 5, "{open} descriptors became {open_now}");
    assert!(memory_now <= memory + 4096, "{memory} KiB became {memory_now}");
    figures(
        "L6",
        &format!(
            "{steps} attempts in one process: {memory} to {memory_now} KiB, {open} to {open_now} descriptors"
        ),
    );
}
