//! A small ceremony held in memory and driven by hand, for the tests of the screen.

mod definition;
mod hazards;
mod rehearsed;

use super::*;
use crate::journal::{Chain, Entry};
use crate::session::*;
use crate::time::Timestamp;
pub use definition::graph_of;
use definition::{TWO, plan};
use std::collections::BTreeMap;

/// A session that is driven by hand, with its record.
pub struct World {
    pub session: Session,
    pub transcript: Transcript,
    pub entries: Vec<Entry>,
    chain: Chain,
    micros: u64,
}

/// What a query returned.
pub fn rows(columns: &[(&str, bool)], rows: &[&[Option<&str>]]) -> ResultSet {
    ResultSet {
        columns: columns
            .iter()
            .map(|(name, numeric)| Column { name: (*name).to_owned(), numeric: *numeric })
            .collect(),
        rows: rows.iter().map(|row| row.iter().map(|cell| cell.map(str::to_owned)).collect()).collect(),
        total: rows.len() as u64,
    }
}

impl World {
    /// A session that was opened just now.
    pub fn new(title: &str) -> Self {
        let mut world = Self {
            session: Session::new(plan(title)),
            transcript: Transcript::default(),
            entries: Vec::new(),
            chain: Chain::default(),
            micros: 0,
        };
        let target = TargetName {
            address: "127.0.0.1:54322".to_owned(),
            database: "postgres".to_owned(),
            user: "postgres".to_owned(),
            embedded: false,
        };
        let header = Header {
            format: 1,
            session: "0199-test".to_owned(),
            ceremony: "calendar".to_owned(),
            definition: "ceremony.toml".to_owned(),
            inputs: BTreeMap::new(),
            plan: String::new(),
            tool: "0.1.0".to_owned(),
            git: None,
            operator: "ada".to_owned(),
            mode: Mode::Live,
            target,
            opened: world.now().wall,
            copy_of: None,
            copied: None,
        };
        world.command(Command::Open { header: Box::new(header) });
        world
    }

    /// Now.
    pub fn now(&self) -> Moment {
        let wall = Timestamp::from_micros(1_795_360_000_000_000 + self.micros as i64);
        Moment { wall, mono_us: self.micros }
    }

    /// Lets time pass.
    pub fn wait(&mut self, micros: u64) {
        self.micros += micros;
    }

    /// Decides, records and applies.
    pub fn input(&mut self, input: Input) {
        self.wait(400_000);
        let at = self.now();
        let events = self.session.decide(&input, at);
        let (entry, line) = self.chain.seal(at, input, events).unwrap();
        self.chain.extend(&line);
        for event in &entry.events {
            self.session.apply(at, event);
        }
        self.transcript.take(&entry, &self.session);
        self.entries.push(entry);
    }

    pub fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    /// A report of the running attempt.
    pub fn report(&mut self, report: Report) {
        let Phase::Running(running) = &self.session.phase else { panic!("nothing runs") };
        let attempt = running.attempt.clone();
        self.input(Input::Outcome(Outcome { attempt, report }));
    }

    pub fn observe(&mut self, observation: Observation) {
        self.report(Report::Observed { observation });
    }

    /// Answers the open gate with its phrase.
    pub fn confirm(&mut self) {
        let Phase::Gate(gate) = self.session.phase.clone() else { panic!("no gate is open") };
        self.command(Command::Answer { gate: gate.id, words: gate.phrase });
    }

    fn identity(&self) -> Identity {
        Identity {
            system_identifier: "7391264558207001234".to_owned(),
            started: "2026-11-22 08:00:00+00".to_owned(),
            server_time_us: self.now().wall.as_micros(),
            ..crate::runner::fake::identity()
        }
    }

    /// Observes everything that the running step wants to see, as it is wanted.
    pub fn observe_all(&mut self) {
        use crate::plan::Subject;
        let Phase::Running(running) = self.session.phase.clone() else { panic!("nothing runs") };
        let step = self.session.step(&running.step.unwrap()).unwrap().clone();
        let ceremony = self.session.plan.ceremony.clone();
        for check in step.checks {
            let observation = match check.subject {
                Subject::Server => Observation::Server { identity: Box::new(self.identity()) },
                Subject::Input(at) => {
                    let input = &ceremony.inputs[at];
                    Observation::Input {
                        path: input.path.clone(),
                        sha256: Some(input.sha256.clone()),
                        error: None,
                    }
                }
                Subject::Flag(at) => Observation::Flag {
                    name: ceremony.flags[at].name.clone(),
                    value: None,
                    source: "environment".to_owned(),
                },
                Subject::Query(at) => Observation::Query {
                    query: ceremony.queries[at].id.clone(),
                    result: rows(&[("id", true), ("count", true)], &[]),
                    elapsed_us: 1_200,
                },
                Subject::Ran => Observation::Ran { statements: 2, elapsed_us: 48_000 },
                Subject::SchemaRecorded => Observation::Schema {
                    before: "a".repeat(64),
                    after: "b".repeat(64),
                    objects: 41,
                    changes: changes(),
                },
                Subject::Sound => Observation::Soundness { committed: false, found: Vec::new() },
                _ => continue,
            };
            self.observe(observation);
        }
    }

    /// The statements of a script, as they are sent.
    pub fn statements(&mut self) {
        let at = Place { file: "m/20260117000000_one.sql".to_owned(), line: 2, column: 1 };
        self.report(Report::StatementStarted {
            index: 0,
            of: 2,
            at,
            sql: "CREATE TABLE public.events (\n    id bigint PRIMARY KEY\n);".to_owned(),
        });
        self.report(Report::StatementFinished {
            index: 0,
            tag: "CREATE TABLE".to_owned(),
            elapsed_us: 12_000,
        });
        let notice = ErrorCard {
            severity: "NOTICE".to_owned(),
            sqlstate: "42P07".to_owned(),
            message: "relation \"events\" already exists, skipping".to_owned(),
            ..ErrorCard::default()
        };
        self.report(Report::Noticed { notice: Box::new(notice), more: Vec::new() });
        let at = Place { file: "m/20260117000000_one.sql".to_owned(), line: 6, column: 1 };
        self.report(Report::StatementStarted {
            index: 1,
            of: 2,
            at,
            sql: "CREATE INDEX events_source ON public.events (source);".to_owned(),
        });
    }

    /// The preflight passed; the gate of the first migration is open.
    pub fn at_apply_gate(title: &str) -> Self {
        let mut world = Self::new(title);
        world.confirm();
        world.observe_all();
        world.report(Report::Finished);
        world
    }

    /// The first migration runs.
    pub fn applying() -> Self {
        let mut world = Self::at_apply_gate("Calendar sync migration");
        world.confirm();
        world.statements();
        world
    }

    /// What the radar sees: one in the way, two behind, a lock that is held, a statement half done.
    pub fn sampled(&mut self, waits: bool) {
        let peer = |pid, application: &str, state: &str, query: &str, behind: Option<i32>| Peer {
            pid,
            user: "ada".to_owned(),
            application: application.to_owned(),
            state: state.to_owned(),
            state_ms: 12_000,
            query: query.to_owned(),
            wait: behind.map(|blocker| LockWait {
                mode: if pid == 4700 { "ACCESS EXCLUSIVE" } else { "ACCESS SHARE" }.to_owned(),
                on: "public.bookings".to_owned(),
                waited_ms: 3_000,
                blockers: vec![blocker],
            }),
        };
        let other = peer(4711, "psql", "idle in transaction", "SELECT * FROM bookings FOR UPDATE;", None);
        let own = peer(4700, "ceremony apply/foundations", "active", "", waits.then_some(4711));
        let web = peer(4720, "web", "active", "SELECT count(*) FROM bookings", Some(4700));
        let job = peer(4721, "nightly job", "active", "INSERT INTO bookings VALUES (1)", Some(4700));
        let progress = Progress {
            what: "CREATE INDEX: building index".to_owned(),
            percent: Some(53),
            from: "530 of 1000 blocks".to_owned(),
        };
        let held = ["public.bookings", "public.customers", "public.providers", "public.services"]
            .map(|on| Held { on: on.to_owned(), mode: "SHARE ROW EXCLUSIVE".to_owned() });
        let sample = Sample {
            pid: 4700,
            peers: if waits { vec![other, own, web, job] } else { vec![own, web] },
            held: if waits { Vec::new() } else { held.to_vec() },
            progress: (!waits).then_some(progress),
            ..Sample::default()
        };
        let attempt = match &self.session.phase {
            Phase::Running(running) => running.attempt.clone(),
            _ => self
                .session
                .current_step()
                .and_then(|id| self.session.step_state(id)?.attempt.clone())
                .unwrap(),
        };
        self.input(Input::Outcome(Outcome { attempt, report: Report::Sampled { sample: Box::new(sample) } }));
    }

    /// The proof of the first migration is on the screen.
    pub fn at_commit_gate() -> Self {
        let mut world = Self::applying();
        world.report(Report::StatementFinished {
            index: 1,
            tag: "CREATE INDEX".to_owned(),
            elapsed_us: 9_000,
        });
        world.observe_all();
        world.report(Report::Proved { xid: "771".to_owned() });
        world
    }

    /// Applies the migration whose gate is open.
    pub fn apply_one(&mut self) {
        self.confirm();
        self.observe_all();
        self.report(Report::Proved { xid: "772".to_owned() });
        self.confirm();
        self.report(Report::Committed);
    }

    /// A statement of the second migration was refused.
    pub fn stopped() -> Self {
        let mut world = Self::at_commit_gate();
        world.confirm();
        world.report(Report::Committed);
        world.confirm();
        let error = ErrorCard {
            severity: "ERROR".to_owned(),
            sqlstate: "23505".to_owned(),
            message: "could not create unique index \"events_key\"".to_owned(),
            detail: Some("Key (id, source)=(7, google) is duplicated.".to_owned()),
            table: Some("events".to_owned()),
            schema: Some("public".to_owned()),
            constraint: Some("events_key".to_owned()),
            at: Some(Place { file: "m/20260118000000_two.sql".to_owned(), line: 1, column: 27 }),
            line: Some(TWO.to_owned()),
            ..ErrorCard::default()
        };
        world.report(Report::Failed { failure: Failure::Sql { error: Box::new(error) } });
        world
    }

    /// The assessment is written.
    pub fn at_decide() -> Self {
        let mut world = Self::stopped();
        world.command(Command::Assess {
            words: "two events share a key; they came in before the fix".to_owned(),
        });
        world
    }

    /// The rollback is decided and asks.
    pub fn at_rollback_gate() -> Self {
        let mut world = Self::at_decide();
        world.command(Command::Decide {
            decision: Decision::RollBack,
            words: "the data is in doubt".to_owned(),
        });
        let attempt = world.session.steps.iter().find_map(|step| match (&step.verdict, &step.attempt) {
            (Some(Verdict::Pass), Some(attempt)) if attempt.number > 1 => Some(attempt.to_string()),
            _ => None,
        });
        let row = LedgerRow {
            migration: "foundations".to_owned(),
            cycle: 1,
            direction: Direction::Up,
            attempt: attempt.unwrap(),
            done: true,
            units: None,
            recorded: None,
        };
        world.report(Report::Settled { rows: vec![row], server: None, record: Vec::new() });
        world
    }

    /// Everything passed.
    pub fn closed() -> Self {
        let mut world = Self::at_apply_gate("Calendar sync migration");
        for _ in 0..3 {
            world.apply_one();
        }
        world.confirm();
        world.observe_all();
        world.report(Report::Finished);
        world.confirm();
        world
    }

    /// A query returned rows.
    pub fn with_results() -> Self {
        let mut world = Self::applying();
        let result = rows(
            &[("id", true), ("source", false), ("first_seen", false), ("note", false)],
            &[
                &[Some("7"), Some("google"), Some("2026-11-20 10:00:00+00"), None],
                &[
                    Some("12"),
                    Some("outlook"),
                    Some("2026-11-21 09:30:00+00"),
                    Some("moved by hand, see the ticket"),
                ],
                &[Some("4711"), Some(""), Some("2026-11-21 09:31:12+00"), Some("日本語のメモ")],
            ],
        );
        world.observe(Observation::Query { query: "duplicates".to_owned(), result, elapsed_us: 3_400 });
        world
    }
}

fn changes() -> Vec<ObjectChange> {
    vec![
        ObjectChange {
            object: "table public.events".to_owned(),
            before: None,
            after: Some("table".to_owned()),
        },
        ObjectChange {
            object: "column public.events.source".to_owned(),
            before: Some("text".to_owned()),
            after: Some("text not null".to_owned()),
        },
    ]
}
