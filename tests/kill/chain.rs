//! One session that is killed, gone on with and killed again; and what must hold after each death.

use crate::room::*;
use crate::strace::{Blow, Target, on_disk, struck};
use ceremony::runner::files::sha256;
use ceremony::runner::server::find_programs;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A number that nobody foresees, the same every time.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 to below `most`.
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// How often what happened.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    pub kills: u64,
    pub failures: u64,
    pub cut: u64,
    pub in_doubt: u64,
    pub had_committed: u64,
    pub had_not: u64,
    /// Dumps of the schema that were the same as after an unbroken run.
    pub dumps: u64,
}

impl Counted {
    pub fn add(&mut self, more: &Self) {
        self.kills += more.kills;
        self.failures += more.failures;
        self.cut += more.cut;
        self.in_doubt += more.in_doubt;
        self.had_committed += more.had_committed;
        self.had_not += more.had_not;
        self.dumps += more.dumps;
    }
}

/// Somebody who writes down each change of schema public that was committed, whoever says what of it.
const WATCH: &str = "
    CREATE SCHEMA watch;
    CREATE TABLE watch.seen (xid xid8, who text);
    CREATE FUNCTION watch.note() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_setting('application_name') ~ '^ceremony (apply|rollback)' THEN
            INSERT INTO watch.seen SELECT pg_current_xact_id(), current_setting('application_name')
              FROM pg_event_trigger_ddl_commands() WHERE schema_name = 'public' LIMIT 1;
        END IF;
    END $$;
    CREATE EVENT TRIGGER watch_note ON ddl_command_end EXECUTE FUNCTION watch.note()";

/// How many transactions changed schema public, by step.
pub const SEEN: &str = "SELECT who, count(DISTINCT xid) FROM watch.seen GROUP BY who ORDER BY who";

/// A server with somebody who watches.
pub fn watched() -> Own {
    let server = Own::new();
    server.ask(WATCH);
    server
}

/// Schema public as pg_dump writes it.
pub fn dump(server: &Own) -> String {
    let mut command = Command::new(find_programs(None).unwrap().program("pg_dump"));
    command.args(["-s", "-n", "public", "-h", "127.0.0.1", "-U", "postgres", "-p"]);
    command.arg(server.port().to_string()).arg("postgres").env("PGPASSWORD", server.password());
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // A word of chance in each dump of newer versions.
    text.lines().filter(|line| !line.contains("restrict ")).collect::<Vec<_>>().join("\n")
}

/// A session on somebody's server.
pub struct Chain<'c> {
    pub room: &'c Room,
    pub server: &'c Own,
    pub session: &'static str,
    pub counted: Counted,
    answers: Answers,
    /// With it each death takes from the record what is not known to be on disk, or a part of that, as a loss of power
    /// may.
    pub power: Option<Dice>,
    /// The record after the last death.
    before: Vec<u8>,
    /// The attempt that was in doubt at COMMIT then.
    doubt: Option<String>,
}

impl<'c> Chain<'c> {
    pub fn new(room: &'c Room, server: &'c Own, session: &'static str) -> Self {
        let (answers, counted) = (room.yes(), Counted::default());
        Self { room, server, session, counted, answers, power: None, before: Vec::new(), doubt: None }
    }

    pub fn folder(&self) -> PathBuf {
        self.room.path(self.session)
    }

    pub fn record(&self) -> PathBuf {
        self.folder().join("session.jsonl")
    }

    /// The whole lines of the record.
    pub fn whole(&self) -> Vec<u8> {
        let mut bytes = fs::read(self.record()).unwrap_or_default();
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
        bytes
    }

    /// How many steps have come to an end, some of them again.
    pub fn finished(&self) -> usize {
        String::from_utf8(self.whole()).unwrap().matches("\"event\":\"step-finished\"").count()
    }

    /// Whether the step that comes next, or was in the middle, changes the database for good.
    pub fn at_a_commit(&self) -> bool {
        let text = String::from_utf8(self.whole()).unwrap();
        let gates = text.rsplit("\"event\":\"gate-opened\"");
        let last = gates.into_iter().next().unwrap_or_default();
        let step = last.split("\"step\":\"").nth(1).unwrap_or_default();
        text.contains("gate-opened") && (step.starts_with("apply/") || step.starts_with("rollback/"))
    }

    /// Answered by the right words.
    pub fn command(&self, verb: &str) -> Command {
        let url = self.server.url();
        let session = self.session;
        let words = match verb {
            "run" => vec!["run", "--session", session, "--url", &url],
            verb => vec![verb, session, "--url", &url],
        };
        self.room.answered(&words, &self.answers)
    }

    /// Run or gone on with, up to one blow; its end if the blow never fell.
    pub fn strike(&mut self, verb: &str, target: Target<'_>, blow: Blow) -> Option<Ended> {
        let command = struck(&self.command(verb), target, blow, &self.room.path("strace"));
        let start = self.before.len();
        let ended = self.room.spawn(command).end();
        self.look(&ended);
        if ended.code.is_none() {
            self.lose_power(start);
        }
        // strace ends as the program did.
        if ended.code.is_none() {
            self.counted.kills += 1;
            self.doubted();
            None
        } else {
            Some(ended)
        }
    }

    /// Killed by somebody else, who saw this on standard output.
    pub fn struck_by_hand(&mut self, out: String) {
        self.look(&Ended { code: None, out, err: String::new() });
        self.counted.kills += 1;
        self.doubted();
        self.ledger_names_the_record();
    }

    /// Takes from the record what nobody synced, or a part of it.
    pub fn lose_power(&mut self, start: usize) {
        if self.power.is_none() {
            return;
        }
        let log = fs::read_to_string(self.room.path("strace")).unwrap();
        let (synced, _) = on_disk(&log, start);
        let there = fs::read(self.record()).unwrap_or_default().len();
        assert!(synced <= there, "{synced} bytes were synced, {there} are there");
        let Some(dice) = &mut self.power else { return };
        let left = synced + usize::try_from(dice.below((there - synced) as u64 + 1)).unwrap();
        if left < there {
            let record = fs::OpenOptions::new().write(true).open(self.record()).unwrap();
            record.set_len(left as u64).unwrap();
            self.counted.cut += 1;
        }
        self.before = self.whole();
    }

    /// Nothing that was said or written is lost, and what the ledger names is in the record.
    #[track_caller]
    pub fn look(&mut self, ended: &Ended) {
        let now = self.whole();
        assert!(now.starts_with(&self.before), "what was in the record is not there any more");
        let lines = now.iter().filter(|byte| **byte == b'\n').count();
        let said = ended.out.lines().filter_map(|line| {
            let (number, rest) = line.trim_start().split_once(' ')?;
            // `  112 15:00:00Z step: text`
            rest.split(' ').next()?.ends_with('Z').then(|| number.parse::<usize>().ok())?
        });
        let said = said.max().unwrap_or(0);
        assert!(said <= lines, "entry {said} was said, and the record has {lines}");
        if self.doubt.is_some() {
            if ended.out.contains(" had been committed") {
                self.counted.had_committed += 1;
                self.doubt = None;
            } else if ended.out.contains(" had not been committed") {
                self.counted.had_not += 1;
                self.doubt = None;
            }
        }
        self.before = now;
    }

    /// Every row of the ledger names an entry that is in the record, and the head it had then.
    #[track_caller]
    pub fn ledger_names_the_record(&self) {
        let there = "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('ceremony.ledger') AND attname = 'journal_entry'";
        if self.server.ask(there) == "0" {
            return;
        }
        let id = String::from_utf8(self.whole()).unwrap();
        let Some(id) = id.split("\"session\":\"").nth(1).and_then(|rest| rest.split('"').next()) else {
            return;
        };
        let ask = format!(
            "SELECT journal_entry, journal_head FROM ceremony.ledger WHERE attempt LIKE '{id}/%' AND journal_entry IS NOT NULL"
        );
        for row in self.server.ask(&ask).lines() {
            let (entry, head) = row.split_once('|').unwrap();
            let entry: usize = entry.parse().unwrap();
            let lines = self.before.split_inclusive(|byte| *byte == b'\n');
            let upto: usize = lines.take(entry).map(<[u8]>::len).sum();
            assert_eq!(sha256(&self.before[..upto]), head, "the ledger names entry {entry}");
        }
    }

    /// Whether the last commit that was asked for has no answer yet.
    fn doubted(&mut self) {
        let text = String::from_utf8(self.before.clone()).unwrap();
        let mut asked = None;
        for line in text.lines() {
            if let Some((_, rest)) = line.split_once("\"event\":\"commit-requested\"") {
                asked = rest.split("\"number\":").nth(1).and_then(|rest| rest.split('}').next());
            } else if ["step-committed", "settled", "step-finished", "step-failed"]
                .iter()
                .any(|event| line.contains(&format!("\"event\":\"{event}\"")))
            {
                asked = None;
            }
        }
        let asked = asked.map(str::to_owned);
        if asked.is_some() && asked != self.doubt {
            self.counted.in_doubt += 1;
        }
        self.doubt = asked;
    }
}
