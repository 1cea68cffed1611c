//! The execution as data: everything a report says, with the entry that carries it. Every format is written from this.
//!
//! Texts are as they were recorded; whoever writes them somewhere cleans them. Verdicts are those of the session, none
//! is made here. Fields are named as in `docs/report.schema.json`.

mod header;
mod index;
mod people;
mod steps;

pub use header::{Counts, Inputs, MigrationFacts, Opened, Rehearsed, Server, State};
pub use index::{Attempt, GateFacts, Line};
pub use people::{
    ClaimFacts, DeviationFacts, Finding, HaltFacts, HazardFacts, KeptFacts, Note, StageFacts, WaiverFacts,
};
pub use steps::{CheckFacts, InitialsFacts, StatementFacts, StepFacts, SuiteFacts, TableFacts, TollFacts};

use crate::journal::{Entry, head_words};
use crate::session::{Session, Verdict};
use crate::time::Timestamp;
use crate::view::{GraphPlace, TimelineMark, Transcript, graph_places, timeline_marks, verdict_words};
use serde::Serialize;

/// Version of the fields, in the JSON report.
pub const SCHEMA: &str = "ceremony-report-1";

/// A whole execution, as far as its record goes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Execution {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Short name of the ceremony.
    pub ceremony: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub purpose: String,
    /// The verdict as of the last entry.
    pub verdict: Verdict,
    /// The verdict in a sentence.
    pub verdict_words: &'static str,
    /// How the session began; `None` for a record without an opening.
    pub session: Option<Opened>,
    /// The server as first seen.
    pub server: Option<Server>,
    /// What the session is doing.
    pub state: State,
    /// The record itself.
    pub record: RecordFacts,
    /// How long it took.
    pub time: TimeFacts,
    /// How many of what.
    pub counts: Counts,
    /// In the order in which they are applied.
    pub migrations: Vec<MigrationFacts>,
    /// What is to be signed.
    pub claims: Vec<ClaimFacts>,
    /// Risks that the definition accepts.
    pub risks: Vec<String>,
    /// The way up.
    pub steps: Vec<StepFacts>,
    /// The way back, as far as it was taken.
    pub rollback: Vec<StepFacts>,
    /// Every stop of the world.
    pub halts: Vec<HaltFacts>,
    /// What a reviewer must see.
    pub findings: Vec<Finding>,
    /// Known failures that somebody answers for.
    pub waivers: Vec<WaiverFacts>,
    /// What did not go as the plan says, as somebody wrote it down.
    pub deviations: Vec<DeviationFacts>,
    /// What people wrote down.
    pub notes: Vec<Note>,
    /// What the scripts showed before anything ran; `None` when nobody looked.
    pub hazards: Option<Vec<HazardFacts>>,
    /// Rows that were copied out.
    pub kept: Vec<KeptFacts>,
    /// Which rehearsal gave the estimates.
    pub rehearsal: Option<Rehearsed>,
    /// What should be done before the next session.
    pub recommendations: Vec<String>,
    /// Every file the ceremony was made of.
    pub inputs: Vec<Inputs>,
    /// Every gate, in order.
    pub gates: Vec<GateFacts>,
    /// Every attempt at a step, in order.
    pub attempts: Vec<Attempt>,
    /// What the record says, entry by entry; entries that only carry output or samples are left out.
    pub timeline: Vec<Line>,
    /// Marks as in the cockpit's timeline.
    #[serde(skip)]
    pub marks: Vec<TimelineMark>,
    /// The layers of the dependency graph, as in the cockpit.
    #[serde(skip)]
    pub graph: Vec<Vec<GraphPlace>>,
}

/// The record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordFacts {
    /// How many entries it has.
    pub entries: u64,
    /// SHA-256 of the whole file, which is what is signed.
    pub head: String,
    /// The head as four words.
    pub words: String,
    /// Bytes of an unfinished last line, which was never acknowledged; the head does not cover them.
    pub torn_bytes: u64,
    /// The first entry at which this program decides something else than what is recorded.
    pub divergent: Option<u64>,
}

/// How long it took; microseconds unless said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimeFacts {
    /// The first entry.
    pub first: Option<Timestamp>,
    /// The last entry.
    pub last: Option<Timestamp>,
    /// Between them.
    pub elapsed_us: u64,
    /// How much of it a gate waited for a person.
    pub waited_us: u64,
    /// Planned by hand, minutes.
    pub planned_minutes: u64,
    /// Planned for a complete rollback by hand, minutes.
    pub rollback_minutes: u64,
}

impl Execution {
    /// Gathers what `entries` say, after all of them were applied to `session` and `transcript`. `head` is the SHA-256
    /// of the whole record.
    pub fn new(session: &Session, transcript: &Transcript, entries: &[Entry], head: &str) -> Self {
        let ceremony = &session.plan.ceremony;
        let index = index::Index::of(session, entries);
        let steps = steps::forward(session, transcript, &index);
        let rollback = steps::back(session, transcript, &index);
        let waivers = people::waivers(session, &steps);
        let counts = header::counts(session, &index, &waivers);
        let verdict = session.verdict();
        let first = entries.first().map_or(0, |entry| entry.m);
        Self {
            schema: SCHEMA,
            ceremony: ceremony.id.clone(),
            title: ceremony.title.clone(),
            purpose: ceremony.purpose.clone(),
            verdict,
            verdict_words: verdict_words(session, verdict),
            session: header::opened(session, entries),
            server: header::server(session),
            state: header::state(session),
            record: RecordFacts {
                entries: entries.len() as u64,
                head: head.to_owned(),
                words: head_words(head),
                torn_bytes: 0,
                divergent: None,
            },
            time: TimeFacts {
                first: entries.first().map(|entry| entry.t),
                last: entries.last().map(|entry| entry.t),
                elapsed_us: entries.last().map_or(0, |entry| entry.m.saturating_sub(first)),
                waited_us: index.gates.iter().map(GateFacts::waited_us).sum(),
                planned_minutes: ceremony.planned_minutes,
                rollback_minutes: ceremony.rollback_minutes,
            },
            counts,
            migrations: header::migrations(session),
            claims: people::claims(session, &steps),
            risks: ceremony.risks.clone(),
            halts: people::halts(session, &index),
            findings: people::findings(session, &index),
            waivers,
            deviations: people::deviations(session, &index),
            notes: people::notes(session, &index),
            hazards: people::hazards(&session.plan),
            kept: people::kept(session, &index),
            rehearsal: header::rehearsed(&session.plan),
            recommendations: people::recommendations(session, transcript, &steps),
            inputs: header::inputs(session),
            steps,
            rollback,
            gates: index.gates,
            attempts: index.attempts,
            timeline: index.lines,
            marks: timeline_marks(entries),
            graph: graph_places(session),
        }
    }

    /// Adds what was found when the record was read: bytes of a torn last line, and the first entry at which this
    /// program decides something else.
    #[must_use]
    pub fn found(mut self, torn_bytes: u64, divergent: Option<u64>) -> Self {
        (self.record.torn_bytes, self.record.divergent) = (torn_bytes, divergent);
        self
    }

    /// The steps that are reported: the way up, and what was taken of the way back.
    pub fn all_steps(&self) -> impl Iterator<Item = &StepFacts> {
        self.steps.iter().chain(&self.rollback)
    }

    /// The step called `id`.
    pub fn step(&self, id: &str) -> Option<&StepFacts> {
        self.all_steps().find(|step| step.id == id)
    }
}
