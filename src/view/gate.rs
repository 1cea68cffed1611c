//! The gate: what will happen, on what, on which target, the risk, how to undo it, and the words that confirm it.

use super::Transcript;
use super::changes::tally;
use super::checklist::{check_row, checks_in_order, elapsed};
use super::ink::{Row, Tone};
use super::stepwise;
use crate::definition::{Migration, Risk, StepKind};
use crate::plan::{Hazard, Step};
use crate::session::*;
use crate::time::{Moment, human_duration};

/// What is asked of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateView {
    /// The gate's id.
    pub id: String,
    /// `GATE`, `COMMIT`, `ROLL BACK`, `DELETE`.
    pub word: &'static str,
    /// Name of the step.
    pub title: Row,
    /// The risk, for the frame.
    pub risk: Option<Risk>,
    /// What a person must know, the most important first.
    pub rows: Vec<Row>,
    /// The words that confirm it.
    pub phrase: String,
    /// Whether rows or objects are lost by it.
    pub danger: bool,
    /// Whether `discard` is an answer too.
    pub discard: bool,
}

pub(super) fn place(session: &Session) -> Row {
    let target = session.header.as_ref().map(|header| &header.target);
    let database = target.map(|target| target.database.as_str()).unwrap_or_default();
    let user = target.map(|target| target.user.as_str()).unwrap_or_default();
    let (tone, kind) = super::header::locality(session);
    let row = Row::labelled("on", tone, kind)
        .exact(Tone::Strong, &format!("{}/{database}", session.address))
        .exact(Tone::Dim, &format!(" as {user}"));
    match &session.plan.ceremony.target.unproven {
        Some(why) if tone == Tone::Bad => row.say(Tone::Bad, &format!("  {why}")),
        _ => row,
    }
}

/// The open gate, if there is one.
pub fn gate(session: &Session, transcript: &Transcript, now: Moment) -> Option<GateView> {
    let Phase::Gate(gate) = &session.phase else { return None };
    let step = session.step(&gate.step)?;
    let state = session.step_state(&gate.step)?;
    let migration = step.migration.map(|at| &session.plan.ceremony.migrations[at]);
    let (word, mut rows) = match gate.kind {
        GateKind::Start => ("GATE", super::gate_start::start(session, step, state, migration)),
        GateKind::Commit => ("COMMIT", commit(session, transcript, step, state, migration, now)),
        GateKind::RollBack => ("ROLL BACK", roll_back(session)),
        GateKind::Delete => ("DELETE", delete(session)),
    };
    if !matches!(gate.kind, GateKind::RollBack | GateKind::Delete) {
        rows.splice(0..0, super::witness::rows(session, &gate.step));
    }
    let rows = [super::interruption::interrupted(session, gate.kind), rows].concat();
    let title = match gate.kind {
        GateKind::RollBack => Row::of(Tone::Strong, "everything that is applied is undone"),
        GateKind::Delete => Row::of(Tone::Strong, "rows will be deleted"),
        _ => Row::of(Tone::Strong, &step.title),
    };
    let risk = match gate.kind {
        GateKind::RollBack | GateKind::Delete => None,
        _ => migration.map(|migration| migration.risk),
    };
    Some(GateView {
        id: gate.id.clone(),
        word,
        title,
        risk,
        rows,
        phrase: gate.phrase.clone(),
        danger: matches!(gate.kind, GateKind::RollBack | GateKind::Delete),
        discard: gate.kind.can_be_declined(),
    })
}

pub(super) fn kind_words(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Preflight => "looks, and changes nothing",
        StepKind::Backup => "copies rows out and records the schema; changes nothing",
        StepKind::Verify => "runs queries in a read-only transaction",
        StepKind::Negative => "tries statements that must be refused; everything is rolled back",
        StepKind::Suite => "runs test programs against the target",
        StepKind::Drill => "rolls back and applies again on a copy; the target is not touched",
        StepKind::SignOff => "each claim is ticked from the evidence in the record, or it is not",
        StepKind::Apply | StepKind::Reapply | StepKind::RollBack => "changes the schema",
    }
}

fn run_words(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Apply | StepKind::Reapply | StepKind::RollBack => {
            "statements are sent one at a time, inside one transaction"
        }
        StepKind::SignOff => "claims are compared with the evidence",
        other => kind_words(other),
    }
}

fn commit(
    session: &Session,
    transcript: &Transcript,
    step: &Step,
    state: &StepState,
    migration: Option<&Migration>,
    now: Moment,
) -> Vec<Row> {
    let good = state.checks.iter().flatten().filter(|judged| judged.verdict.is_good()).count();
    let open_us = session.gate_opened.map_or(0, |since| now.mono_us.saturating_sub(since.mono_us));
    let proof = format!("{good} of {} checks as wanted", step.checks.len());
    // Whoever waits is the one thing that makes it urgent.
    let mut rows: Vec<Row> = super::locks::blocked(session, transcript, now).into_iter().collect();
    rows.push(
        Row::labelled("proof", Tone::Good, &proof)
            .say(Tone::Dim, "; nothing is final: the transaction is open"),
    );
    rows.push(place(session));
    if let Some((_, changes)) = transcript.changes.iter().rev().find(|(of, _)| *of == step.id) {
        rows.push(Row::labelled("schema", Tone::Plain, &tally(changes)).say(Tone::Dim, " (tab Changes)"));
    }
    let limit = session.plan.ceremony.limits.answer_timeout_ms * 1000;
    let tone = if open_us * 4 > limit * 3 { Tone::Bad } else { Tone::Warn };
    rows.push(Row::labelled("open", tone, &super::header::calm(open_us)).say(
        Tone::Dim,
        &format!("; the server rolls it back if nobody answers for {}", human_duration(limit)),
    ));
    rows.extend(super::locks::held(session, transcript, now));
    rows.extend(migration.map(undo));
    let checks = checks_in_order(step, state).into_iter();
    rows.extend(checks.flat_map(|(check, judged)| check_row(check, judged)));
    rows
}

/// How it is undone, and the rows that die then.
pub(super) fn undo(migration: &Migration) -> Row {
    let rollback = &migration.rollback;
    let row = Row::labelled("undo", Tone::Plain, "");
    let row = match rollback.deletes.is_empty() {
        true => row,
        false => row
            .say(Tone::Bad, &format!("deletes every row of {}", rollback.deletes.join(", ")))
            .say(Tone::Dim, "; "),
    };
    row.say(Tone::Plain, &rollback.summary)
}

fn undone(session: &Session) -> impl Iterator<Item = &Migration> {
    let steps = session.undo.iter().filter_map(|id| session.step(id)?.migration);
    steps.map(|at| &session.plan.ceremony.migrations[at])
}

fn roll_back(session: &Session) -> Vec<Row> {
    let dying: Vec<&str> =
        undone(session).flat_map(|migration| &migration.rollback.deletes).map(String::as_str).collect();
    let mut rows = Vec::new();
    if !dying.is_empty() {
        let words = format!("every row of {}; a second gate asks for that", dying.join(", "));
        rows.push(Row::labelled("deletes", Tone::Bad, &words));
    }
    rows.push(place(session));
    for (at, migration) in undone(session).enumerate() {
        let label = if at == 0 { "undoes" } else { "then" };
        rows.push(
            Row::labelled(label, Tone::Strong, &format!("{} ", migration.id))
                .say(Tone::Plain, &migration.rollback.summary),
        );
        rows.extend(stepwise::roll_back(migration));
    }
    let steps = session.undo.iter().filter_map(|id| session.plan.hazards_of(session.step(id)?));
    let hazards: Vec<&Hazard> = steps.flatten().collect();
    rows.extend(super::hazards::rows(session.plan.hazards.is_some().then_some(hazards), |_| None));
    let minutes = format!(
        "planned at {} min by hand; each step commits by itself",
        session.plan.ceremony.rollback_minutes
    );
    rows.push(Row::labelled("time", Tone::Dim, &minutes));
    let notify = &session.plan.ceremony.notify;
    rows.push(match notify.is_empty() {
        true => Row::labelled("team", Tone::Warn, "tell the team now that a rollback begins"),
        false => Row::labelled("team", Tone::Plain, &format!("is told by: {}", notify.join(" "))),
    });
    rows
}

fn delete(session: &Session) -> Vec<Row> {
    let mut rows = Vec::new();
    for migration in undone(session).filter(|migration| !migration.rollback.deletes.is_empty()) {
        let words = format!("every row of {} dies", migration.rollback.deletes.join(", "));
        rows.push(
            Row::labelled("deletes", Tone::Bad, &words).say(Tone::Dim, &format!(" ({})", migration.id)),
        );
    }
    rows.push(place(session));
    rows.push(Row::labelled("undo", Tone::Warn, "the rows are copied into the session's folder first"));
    rows
}

/// What runs now, for the place where gates are shown.
pub fn running(session: &Session, transcript: &Transcript, now: Moment) -> Option<(Row, Vec<Row>)> {
    let Phase::Running(running) = &session.phase else { return None };
    let step = running.step.as_deref().and_then(|id| Some((session.step(id)?, session.step_state(id)?)));
    let title = step.map_or("", |(step, _)| step.title.as_str());
    let (word, what) = match &running.work {
        Work::Run if step.is_some_and(|(step, _)| session.plan.is_stepwise(step)) => {
            ("RUNNING", stepwise::RUNNING)
        }
        Work::Run => ("RUNNING", step.map_or("it runs", |(step, _)| run_words(step.kind))),
        Work::Commit => ("COMMITTING", "COMMIT was sent; the ledger is read back on a fresh connection"),
        Work::Discard(_) => ("ROLLING BACK", "ROLLBACK was sent"),
        Work::Recheck(_) => {
            ("CHECKING AGAIN", "after an interruption, what the preflight looked at is looked at again")
        }
        Work::Settle => ("READING THE LEDGER", "the record is compared with what the database says happened"),
    };
    let mut doing = Row::labelled("does", Tone::Plain, what);
    if let Some(micros) = step.and_then(|(_, state)| elapsed(state, now)) {
        doing = doing.say(Tone::Dim, &format!(", for {}", human_duration(micros)));
    }
    let mut rows = vec![doing];
    if let Work::Recheck(recheck) = &running.work {
        rows.extend(super::interruption::rechecking(session, recheck));
    }
    rows.extend(super::locks::while_running(session, transcript, now));
    let sent = transcript.statement.as_ref().filter(|(of, ..)| running.step.as_ref() == Some(of));
    if let Some((_, at, text)) = sent.filter(|_| running.work == Work::Run) {
        let first = text.lines().next().unwrap_or_default();
        rows.push(
            Row::labelled("sent", Tone::Dim, &format!("{}:{} ", at.file, at.line)).say(Tone::Plain, first),
        );
    }
    rows.push(place(session));
    rows.push(match running.stop {
        0 => Row::labelled("stop", Tone::Dim, "Ctrl-C or S cancels it and stops the world"),
        1 => Row::labelled(
            "stop",
            Tone::Bad,
            "STOP: it is being cancelled; press S again to terminate the backend",
        ),
        _ => Row::labelled("stop", Tone::Bad, "STOP: the backend is being terminated; wait for its end"),
    });
    Some((Row::of(Tone::Live, word).say(Tone::Plain, " ").say(Tone::Strong, title), rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::time::Timestamp;
    use std::sync::Arc;

    /// What lets a server through that is not shown to be here stands at each kind of gate.
    #[test]
    fn the_exception_stands_at_every_gate() {
        let folder = crate::runner::files::DiskFolder::new(std::path::Path::new(".")).unwrap();
        let mut ceremony = crate::definition::load(&folder, "ceremony.toml").unwrap();
        ceremony.target.unproven = Some("it runs in a virtual machine".to_owned());
        let plan = Plan::new(ceremony);
        let (starts, back): (Vec<_>, Vec<_>) = (
            plan.steps.iter().map(|step| step.id.clone()).collect(),
            plan.rollback.iter().map(|step| step.id.clone()).collect(),
        );
        let mut session = Session::new(Arc::new(plan));
        let now = Moment { wall: Timestamp::from_micros(0), mono_us: 0 };
        let mut seen = 0;
        for near in [None, Some(format!("{NOT_SHOWN}; by the definition: it runs in a virtual machine"))] {
            session.identity = near.map(|near| Identity { near, ..crate::runner::fake::identity() });
            session.undo.clone_from(&back);
            let kinds = [GateKind::Start, GateKind::Commit, GateKind::RollBack, GateKind::Delete];
            for (kind, step) in kinds.iter().flat_map(|kind| starts.iter().map(move |step| (*kind, step))) {
                let (id, phrase) = (step.clone(), "go on".to_owned());
                session.phase = Phase::Gate(Gate { id, step: step.clone(), kind, phrase });
                let gate = gate(&session, &Transcript::default(), now).unwrap();
                let text: String = gate.rows.iter().map(Row::plain).collect();
                assert!(text.contains("it runs in a virtual machine"), "{kind:?} {step}: {text}");
                seen += 1;
            }
        }
        assert!(seen > 100, "{seen}");
    }
}
