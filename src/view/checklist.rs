//! The checklist: phases and steps with their state in word and shape, and the evidence of a step.

use super::ink::{Row, Tone};
use crate::plan::{Check, Step, Subject};
use crate::session::*;
use crate::time::{Moment, human_duration};

/// Where a step or migration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing happened yet.
    Open,
    /// Waits for the operator.
    Gate,
    /// Happens now.
    Run,
    /// As wanted.
    Pass,
    /// As wanted, but for known failures.
    Waived,
    /// Nobody looked.
    NotRun,
    /// Not as wanted.
    Fail,
    /// The world is stopped here.
    Stop,
    /// Done and undone.
    Undone,
    /// COMMIT was sent and nobody knows.
    Doubt,
    /// Without a transaction, and not all of it is done.
    Half,
}

impl Mark {
    /// One column.
    pub fn shape(self) -> &'static str {
        match self {
            Self::Open => "○",
            Self::Gate => "●",
            Self::Run => "▶",
            Self::Pass => "✓",
            Self::Waived => "~",
            Self::NotRun => "–",
            Self::Fail => "✗",
            Self::Stop => "■",
            Self::Undone => "◂",
            Self::Doubt => "?",
            Self::Half => "◐",
        }
    }

    /// At most six letters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "–",
            Self::Gate => "GATE",
            Self::Run => "RUN",
            Self::Pass => "PASS",
            Self::Waived => "WAIVED",
            Self::NotRun => "NOTRUN",
            Self::Fail => "FAIL",
            Self::Stop => "STOP",
            Self::Undone => "UNDONE",
            Self::Doubt => "DOUBT",
            Self::Half => "HALF",
        }
    }

    /// What it means for the eye.
    pub fn tone(self) -> Tone {
        match self {
            Self::Open => Tone::Dim,
            Self::Gate => Tone::Call,
            Self::Run => Tone::Live,
            Self::Pass => Tone::Good,
            Self::Waived | Self::Undone | Self::Doubt | Self::Half => Tone::Warn,
            Self::NotRun | Self::Fail | Self::Stop => Tone::Bad,
        }
    }

    /// The mark of a verdict.
    pub fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Pass,
            Verdict::PassWithWaivers => Self::Waived,
            Verdict::NotRun => Self::NotRun,
            Verdict::Fail => Self::Fail,
        }
    }
}

/// From so many columns on the checklist has room for estimates.
const ESTIMATE_COLUMNS: usize = 40;

/// A line of the checklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item<'s> {
    /// The name of a phase and its first step; a phase that comes back later is listed again, with its own count.
    Phase(&'s str, &'s str),
    /// A step's id.
    Step(&'s str),
}

/// The steps that are listed: the way up, and of the way back what was planned.
fn listed(session: &Session) -> impl Iterator<Item = (&Step, &StepState)> {
    let back = session.plan.rollback.iter().zip(&session.rollback);
    let back = back.filter(|(step, state)| state.runs > 0 || session.undo.contains(&step.id));
    session.plan.steps.iter().zip(&session.steps).chain(back)
}

/// The lines of the checklist from top to bottom.
pub fn checklist(session: &Session) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    let mut phase = None;
    for (step, _) in listed(session) {
        if phase != Some(&step.phase) {
            phase = Some(&step.phase);
            items.push(Item::Phase(&step.phase, &step.id));
        }
        items.push(Item::Step(&step.id));
    }
    items
}

/// Where a step stands.
pub fn mark(session: &Session, id: &str) -> Mark {
    let (Some(step), Some(state)) = (session.step(id), session.step_state(id)) else { return Mark::Open };
    match &session.phase {
        Phase::Gate(gate) if gate.step == id => return Mark::Gate,
        Phase::Running(Running { work: Work::Recheck(recheck), .. }) if recheck.gate.step == id => {
            return Mark::Gate;
        }
        Phase::Running(running) if running.step.as_deref() == Some(id) => return Mark::Run,
        Phase::Stopped if session.escalation.as_ref().is_some_and(|stop| stop.halt.step == id) => {
            return Mark::Stop;
        }
        _ => {}
    }
    if let (Some(at), crate::definition::StepKind::Apply) = (step.migration, step.kind) {
        match session.migrations[at] {
            MigrationState::RolledBack(_) => return Mark::Undone,
            MigrationState::InDoubt(..) => return Mark::Doubt,
            MigrationState::Half(_) => return Mark::Half,
            _ => {}
        }
    }
    state.verdict.map_or(Mark::Open, Mark::of)
}

/// How long the latest attempt took or has taken.
pub fn elapsed(state: &StepState, now: Moment) -> Option<u64> {
    let end = state.ended.unwrap_or(now);
    Some(end.mono_us.saturating_sub(state.started?.mono_us))
}

/// A line of the checklist, `columns` wide.
pub fn checklist_row(session: &Session, item: &Item<'_>, now: Moment, columns: usize) -> Row {
    match item {
        Item::Phase(phase, first) => {
            let of_phase: Vec<bool> = listed(session)
                .skip_while(|(step, _)| step.id != *first)
                .take_while(|(step, _)| step.phase == *phase)
                .map(|(_, state)| state.verdict.is_some_and(Verdict::is_good))
                .collect();
            let done = of_phase.iter().filter(|done| **done).count();
            let count = format!("{done}/{}", of_phase.len());
            let name = Row::of(Tone::Strong, &phase.to_uppercase());
            let room = columns.saturating_sub(count.len() + 1);
            name.cut(0, room).pad(room + 1).say(Tone::Dim, &count)
        }
        Item::Step(id) => {
            let (Some(step), Some(state)) = (session.step(id), session.step_state(id)) else {
                return Row::new();
            };
            let mark = mark(session, id);
            let time = times(session, step, state, now, columns);
            let time = [super::witness::letters(session, id), time].join(" ").trim().to_owned();
            let title = if mark == Mark::Open { Tone::Dim } else { Tone::Plain };
            let row = Row::of(mark.tone(), &format!(" {} {:<6} ", mark.shape(), mark.word()))
                .say(title, &step.title);
            let room = columns.saturating_sub(time.len() + usize::from(!time.is_empty()));
            let row = row.cut(0, room);
            if time.is_empty() { row } else { row.pad(room + 1).say(Tone::Dim, &time) }
        }
    }
}

/// How long a step took, beside what it took in the rehearsal where there is room for both.
fn times(session: &Session, step: &Step, state: &StepState, now: Moment, columns: usize) -> String {
    let took = elapsed(state, now).map(human_duration);
    let planned = session.plan.rehearsed(&step.id).map(|then| human_duration(then.elapsed_us));
    match (took, planned.filter(|_| columns >= ESTIMATE_COLUMNS)) {
        (Some(took), Some(planned)) => format!("{took} of ~{planned}"),
        (None, Some(planned)) => format!("~{planned}"),
        (took, None) => took.unwrap_or_default(),
    }
}

/// What was wanted and what was there; a long hash is cut only where both are the same.
fn found(row: Row, judged: &Judged) -> Row {
    let Judged { expected, observed, .. } = judged;
    if !judged.verdict.is_good() {
        return row
            .say(Tone::Dim, "observed ")
            .say(Tone::Bad, observed)
            .say(Tone::Dim, ", wanted ")
            .say(Tone::Plain, expected);
    }
    if expected != observed {
        return row.say(Tone::Good, observed).say(Tone::Dim, &format!("  (wanted {expected})"));
    }
    let short = match observed.strip_prefix("sha256 ") {
        Some(sum) => format!("sha256 {}…", sum.get(..16).unwrap_or(sum)),
        None => observed.clone(),
    };
    row.say(Tone::Good, &short).say(Tone::Dim, "  (as wanted)")
}

/// A check with what was made of it, in one or two rows.
pub fn check_row(check: &Check, judged: Option<&Judged>) -> Vec<Row> {
    let mark = judged.map_or(Mark::Open, |judged| Mark::of(judged.verdict));
    let row = Row { indent: 9, pieces: Vec::new() }
        .say(mark.tone(), &format!("{} {:<6} ", mark.shape(), mark.word()));
    let Some(judged) = judged else { return vec![row.say(Tone::Dim, &check.title)] };
    let row = row.say(Tone::Plain, &check.title).say(Tone::Dim, ": ");
    let mut rows = vec![found(row, judged)];
    if let Some(waiver) = &judged.waiver {
        let row = Row { indent: 9, pieces: Vec::new() }.pad(9);
        rows.push(row.say(Tone::Warn, &format!("waived: {waiver}")));
    }
    rows
}

/// The checks of a step with what was made of them: what is not plainly as wanted comes first.
pub(super) fn checks_in_order<'s>(
    step: &'s Step,
    state: &'s StepState,
) -> Vec<(&'s Check, Option<&'s Judged>)> {
    let judged = state.checks.iter().map(Option::as_ref);
    let mut checks: Vec<_> = step.checks.iter().zip(judged).collect();
    checks.sort_by_key(|(_, judged)| judged.is_none_or(|judged| judged.verdict == Verdict::Pass));
    checks
}

/// Until it is judged, a declaration says in full what it holds the step to.
fn declared(session: &Session, step: &Step, check: &Check) -> Option<Row> {
    let migration = step.migration.map(|at| &session.plan.ceremony.migrations[at])?;
    let declared = migration.declared.as_ref().filter(|_| check.subject == Subject::Declared)?;
    Some(Row { indent: 9, pieces: Vec::new() }.pad(9).say(Tone::Dim, &declared_words(declared)))
}

/// Until it is signed, a claim shows how the steps stand that must carry it.
fn carried(session: &Session, check: &Check) -> Option<Row> {
    let Subject::Claim(at) = check.subject else { return None };
    let row = Row { indent: 9, pieces: Vec::new() }.pad(9);
    let steps = session.plan.ceremony.claims.get(at)?.evidence.iter().enumerate();
    Some(steps.fold(row, |row, (at, id)| {
        let mark = mark(session, id);
        let gap = if at == 0 { "" } else { ", " };
        row.say(Tone::Dim, &format!("{gap}{id} ")).say(mark.tone(), mark.word())
    }))
}

/// Everything that is known of a step.
pub fn evidence(session: &Session, id: &str, now: Moment) -> Vec<Row> {
    let (Some(step), Some(state)) = (session.step(id), session.step_state(id)) else {
        return vec![Row::of(Tone::Dim, "no step is selected")];
    };
    let mark = mark(session, id);
    let mut head = Row::of(mark.tone(), &format!("{} {} ", mark.shape(), mark.word()))
        .say(Tone::Strong, &step.title)
        .say(Tone::Dim, &format!("  {id}"));
    if let Some(micros) = elapsed(state, now) {
        head = head.say(Tone::Dim, &format!("  {}", human_duration(micros)));
    }
    let mut rows = vec![head];
    if let Some(attempt) = &state.attempt {
        let runs = if state.runs == 1 { "1 run".to_owned() } else { format!("{} runs", state.runs) };
        let started = state.started.map(|at| at.wall.clock()).unwrap_or_default();
        rows.push(Row::of(Tone::Dim, &format!("attempt {}, {runs}, started {started}", attempt.number)));
    }
    rows.extend(super::witness::rows(session, id));
    if let Some((why, next)) = &state.blocked {
        rows.push(Row::labelled("blocked", Tone::Bad, why));
        rows.push(Row::labelled("next", Tone::Warn, next));
    }
    rows.push(Row::new());
    for (check, judged) in checks_in_order(step, state) {
        rows.extend(check_row(check, judged));
        if judged.is_none() {
            rows.extend(declared(session, step, check));
            rows.extend(carried(session, check));
        }
    }
    let deviations = session.deviations.iter().filter(|deviation| deviation.step == id);
    rows.extend(deviations.flat_map(super::notes::deviation_rows));
    if state.checks.iter().all(Option::is_none) {
        rows.push(Row::new());
        rows.push(Row::of(Tone::Dim, "Nothing was observed yet: these are the checks that will be made."));
    }
    rows
}
