//! What was run, by whom, on what, and how far it came.

use super::index::Index;
use super::people::WaiverFacts;
use crate::definition::Risk;
use crate::journal::Entry;
use crate::plan::Plan;
use crate::session::*;
use crate::time::Timestamp;
use serde::Serialize;

/// How the session began.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Opened {
    /// A random UUID.
    pub id: String,
    /// Live or practice.
    pub mode: Mode,
    /// When.
    pub opened: Timestamp,
    /// Who drove, in order; whoever resumed the session is the next one.
    pub operators: Vec<String>,
    /// Where the target answers.
    pub address: String,
    /// The database.
    pub database: String,
    /// The role.
    pub user: String,
    /// Whether it is the session's own throw-away server.
    pub embedded: bool,
    /// The database it is a copy of, for a rehearsal.
    pub copy_of: Option<String>,
    /// How that copy was made.
    pub copied: Option<String>,
    /// Version of the program.
    pub tool: String,
    /// Commit of the repository the definition lies in.
    pub commit: Option<String>,
    /// Whether its work tree differed from that commit.
    pub dirty: bool,
    /// SHA-256 of `plan.json`.
    pub plan_sha256: String,
}

/// The server as first seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Server {
    /// Its version.
    pub version: String,
    /// Its system identifier.
    pub system_identifier: String,
    /// The database's oid.
    pub database_oid: String,
    /// Its timeline; empty in older records.
    pub timeline: String,
    /// Where it says it listens.
    pub address: String,
}

/// What the session is doing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct State {
    /// Whether it is over.
    pub closed: bool,
    /// Whether the world is stopped.
    pub stopped: bool,
    /// What can be done now.
    pub next: String,
}

/// How many of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Steps of the way up, and of them by verdict.
    pub steps: usize,
    /// As wanted.
    pub steps_passed: usize,
    /// As wanted, but for known failures.
    pub steps_waived: usize,
    /// Nobody looked.
    pub steps_not_run: usize,
    /// Not as wanted.
    pub steps_failed: usize,
    /// Checks of those steps, and of them by verdict.
    pub checks: usize,
    /// As wanted.
    pub checks_passed: usize,
    /// As wanted, but for known failures.
    pub checks_waived: usize,
    /// Nobody looked.
    pub checks_not_run: usize,
    /// Not as wanted.
    pub checks_failed: usize,
    /// Gates that were answered.
    pub gates_answered: usize,
    /// Stops of the world.
    pub halts: usize,
    /// Findings.
    pub findings: usize,
    /// Notes.
    pub notes: usize,
    /// Waivers that were used.
    pub waivers_used: usize,
}

/// A migration and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MigrationFacts {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// What it does.
    pub summary: String,
    /// The file.
    pub file: String,
    /// Of the reviewed file.
    pub sha256: String,
    /// How much can go wrong.
    pub risk: Risk,
    /// Migrations it depends on.
    pub after: Vec<String>,
    /// Where it stands, in words.
    pub state: String,
    /// Whether it is in the database at the end of the record.
    pub applied: bool,
    /// How it is undone.
    pub rollback: String,
    /// When it is to be undone.
    pub rollback_when: String,
    /// Tables whose rows die then.
    pub rollback_deletes: Vec<String>,
    /// What is left behind on purpose.
    pub rollback_keeps: Vec<String>,
}

/// Which rehearsal gave the estimates.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rehearsed {
    /// Its session.
    pub session: String,
    /// Its verdict.
    pub verdict: String,
    /// The day, UTC.
    pub date: String,
    /// What it was held on.
    pub on: String,
    /// Version of that server.
    pub server: String,
}

/// A file the ceremony was made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inputs {
    /// Relative to the folder of the definition.
    pub path: String,
    /// Of its bytes, when the session was opened.
    pub sha256: String,
}

pub(super) fn opened(session: &Session, entries: &[Entry]) -> Option<Opened> {
    let header = session.header.as_ref()?;
    let mut operators: Vec<String> = Vec::new();
    for event in entries.iter().flat_map(|entry| &entry.events) {
        let operator = match event {
            Event::Opened { header } => &header.operator,
            Event::Resumed { operator, .. } => operator,
            _ => continue,
        };
        if operators.last() != Some(operator) {
            operators.push(operator.clone());
        }
    }
    Some(Opened {
        id: header.session.clone(),
        mode: header.mode,
        opened: header.opened,
        operators,
        address: header.target.address.clone(),
        database: header.target.database.clone(),
        user: header.target.user.clone(),
        embedded: header.target.embedded,
        copy_of: header.copy_of.clone(),
        copied: header.copied.clone(),
        tool: header.tool.clone(),
        commit: header.git.as_ref().map(|git| git.head.clone()),
        dirty: header.git.as_ref().is_some_and(|git| git.dirty),
        plan_sha256: header.plan.clone(),
    })
}

pub(super) fn server(session: &Session) -> Option<Server> {
    let identity = session.identity.as_ref()?;
    Some(Server {
        version: identity.version.clone(),
        system_identifier: identity.system_identifier.clone(),
        database_oid: identity.database_oid.clone(),
        timeline: identity.timeline.clone(),
        address: identity.address.clone(),
    })
}

pub(super) fn state(session: &Session) -> State {
    State {
        closed: matches!(session.phase, Phase::Closed(_)),
        stopped: matches!(session.phase, Phase::Stopped),
        next: session.what_is_next(),
    }
}

/// Passed, waived, not run, failed.
fn tally(verdicts: impl Iterator<Item = Option<Verdict>>) -> [usize; 4] {
    verdicts.fold([0; 4], |mut count, verdict| {
        count[match verdict {
            Some(Verdict::Pass) => 0,
            Some(Verdict::PassWithWaivers) => 1,
            None | Some(Verdict::NotRun) => 2,
            Some(Verdict::Fail) => 3,
        }] += 1;
        count
    })
}

pub(super) fn counts(session: &Session, index: &Index, waivers: &[WaiverFacts]) -> Counts {
    let steps = tally(session.steps.iter().map(|state| state.verdict));
    let all = session.steps.iter().flat_map(|state| &state.checks);
    let checks = tally(all.map(|judged| judged.as_ref().map(|judged| judged.verdict)));
    Counts {
        steps: steps.iter().sum(),
        steps_passed: steps[0],
        steps_waived: steps[1],
        steps_not_run: steps[2],
        steps_failed: steps[3],
        checks: checks.iter().sum(),
        checks_passed: checks[0],
        checks_waived: checks[1],
        checks_not_run: checks[2],
        checks_failed: checks[3],
        gates_answered: index.gates.iter().filter(|gate| gate.answered.is_some()).count(),
        halts: index.halts.len(),
        findings: session.findings.len(),
        notes: session.notes.len(),
        waivers_used: waivers.iter().filter(|waiver| waiver.used).count(),
    }
}

fn state_words(state: &MigrationState) -> String {
    match state {
        MigrationState::NotApplied => "not applied".to_owned(),
        MigrationState::Applied(attempt) => format!("applied (attempt {})", attempt.number),
        MigrationState::RolledBack(attempt) => format!("rolled back (attempt {})", attempt.number),
        MigrationState::InDoubt(attempt, _) => format!("IN DOUBT (attempt {})", attempt.number),
        MigrationState::Half(half) => {
            format!("HALF-WAY: {} (attempt {})", half.words(), half.attempt.number)
        }
    }
}

pub(super) fn migrations(session: &Session) -> Vec<MigrationFacts> {
    let one = |&at: &usize| {
        let (migration, state) = (&session.plan.ceremony.migrations[at], &session.migrations[at]);
        MigrationFacts {
            id: migration.id.clone(),
            title: migration.title.clone(),
            summary: migration.summary.clone(),
            file: migration.script.file.clone(),
            sha256: migration.sha256.clone(),
            risk: migration.risk,
            after: migration.after.clone(),
            state: state_words(state),
            applied: state.is_there(),
            rollback: migration.rollback.summary.clone(),
            rollback_when: migration.rollback.when.clone(),
            rollback_deletes: migration.rollback.deletes.clone(),
            rollback_keeps: migration.rollback.kept.clone(),
        }
    };
    session.plan.order.iter().map(one).collect()
}

pub(super) fn rehearsed(plan: &Plan) -> Option<Rehearsed> {
    let rehearsal = plan.rehearsal.as_ref()?;
    Some(Rehearsed {
        session: rehearsal.session.clone(),
        verdict: rehearsal.verdict.clone(),
        date: rehearsal.date.clone(),
        on: rehearsal.on.clone(),
        server: rehearsal.server.clone(),
    })
}

pub(super) fn inputs(session: &Session) -> Vec<Inputs> {
    let recorded = session.header.iter().flat_map(|header| &header.inputs);
    recorded.map(|(path, sha256)| Inputs { path: path.clone(), sha256: sha256.clone() }).collect()
}
