//! D9: wall clocks that are wrong by an hour, or set while a session runs. The program's own wall clock is moved by a
//! few lines that are loaded in front of the C library; everybody else's stays.

use crate::effort::figures;
use crate::mini::*;
use crate::room::*;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Adds the seconds that stand in a file to the wall clock, and to no other.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *time) {
  long done = syscall(SYS_clock_gettime, id, time);
  const char *name = getenv("WALL_CLOCK_FILE");
  if (done == 0 && id == CLOCK_REALTIME && name) {
    FILE *file = fopen(name, "r");
    long seconds = 0;
    if (file) { if (fscanf(file, "%ld", &seconds) == 1) time->tv_sec += seconds; fclose(file); }
  }
  return (int)done;
}
"#;

struct Wrong<'s> {
    server: &'s Own,
    room: Room,
    library: PathBuf,
}

impl<'s> Wrong<'s> {
    fn new(server: &'s Own, up: &str) -> Self {
        let room = mini(up);
        let (source, library) = (room.path("wall.c"), room.path("wall.so"));
        fs::write(&source, SHIM).unwrap();
        let mut compiler = Command::new("cc");
        let made = compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
        assert!(made.is_ok_and(|it| it.success()), "install a C compiler: apt-get install gcc");
        Self { server, room, library }
    }

    /// From now on the program's wall clock is wrong by so many seconds.
    fn by(&self, seconds: i64) {
        // Replaced as a whole: it may be read at any moment.
        fs::write(self.room.path("wall.new"), seconds.to_string()).unwrap();
        fs::rename(self.room.path("wall.new"), self.room.path("wall.txt")).unwrap();
    }

    fn start(&self, words: &[&str], answers: &Answers) -> Running {
        let mut words = words.to_vec();
        let url = self.server.url();
        words.extend(["--url", &url]);
        let mut command = self.room.answered(&words, answers);
        command.env("LD_PRELOAD", &self.library).env("WALL_CLOCK_FILE", self.room.path("wall.txt"));
        self.room.spawn(command)
    }

    fn found(&self, words: &str) -> usize {
        let findings: Vec<Value> = self.room.events("finding-raised");
        findings.iter().filter(|it| it["what"].as_str().unwrap().contains(words)).count()
    }

    /// Numbers without a gap, and a monotonic clock that never goes back.
    fn is_in_order(&self) {
        let entries = self.room.entries();
        assert!(entries.iter().zip(1..).all(|(entry, n)| entry["n"] == n));
        assert!(entries.windows(2).all(|two| two[0]["m"].as_u64() <= two[1]["m"].as_u64()));
        self.room.verify().with(0).says(&["verdict  PASS"]);
        assert_eq!(self.server.ask(LEFT), ONCE);
        self.server.ask(BACK);
    }
}

const DIFFERS: &str = "the server's clock differs from this machine's by";
const SET: &str = "this machine's clock was set while the session ran: by";

#[test]
fn a_wall_clock_that_is_wrong_is_told_and_the_order_stays() {
    let server = used();
    for (seconds, words) in [(3600, "by -3600."), (-3600, "by 3600.")] {
        let wrong = Wrong::new(&server, GOOD);
        wrong.by(seconds);
        wrong.start(&["run", "--session", "session"], &wrong.room.yes()).end().with(0);
        assert!(
            wrong.found(DIFFERS) > 0 && wrong.found(words) > 0,
            "{:?}",
            wrong.room.events("finding-raised")
        );
        assert_eq!(wrong.found(SET), 0);
        wrong.is_in_order();
    }
    // Set forwards while a statement runs, and back before the session is gone on with.
    let wrong = Wrong::new(&server, GOOD);
    wrong.room.slow(FILE);
    let answers = wrong.room.yes().without("after");
    let running = wrong.start(&["run", "--session", "session"], &answers);
    until("the statement sleeps", || (!server.ask(SLEEPER).is_empty()).then_some(()));
    wrong.by(3600);
    wrong.room.release();
    running.signal(rustix::process::Signal::INT);
    running.end().with(5);
    assert!(
        wrong.found(SET) >= 1 && wrong.found("by +3600.") == 1,
        "{:?}",
        wrong.room.events("finding-raised")
    );
    wrong.by(0);
    wrong
        .start(&["resume", "session"], &wrong.room.yes().at_a_stop("resume: the clock is right again"))
        .end()
        .with(0);
    assert_eq!(wrong.found("this machine's clock is set back: the record ends at"), 1);
    wrong.is_in_order();
    // Years before the files themselves.
    let wrong = Wrong::new(&server, GOOD);
    wrong.by(-3 * 365 * 86_400);
    wrong.start(&["run", "--session", "session"], &wrong.room.yes()).end().with(0);
    assert_eq!(wrong.found("before the date of migration version 20260301000000"), 1);
    wrong.is_in_order();
    figures(
        "D9",
        "clocks an hour fast, an hour slow, set by an hour while a statement ran, set back before a resume, and years before the files: 5 told, 0 entries out of order",
    );
}
