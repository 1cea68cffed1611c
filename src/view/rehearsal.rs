//! A rehearsal: read out of its record, and as it stands at the gates of the real run.

use super::ink::{Row, Tone};
use crate::definition::StepKind;
use crate::journal::Entry;
use crate::plan::{Plan, Rehearsal, Rehearsed, RehearsedStatement, rows_of_tag};
use crate::session::*;
use crate::time::human_duration;
use std::collections::BTreeMap;

/// Tables that a gate names of a rehearsal's locks; the others are counted.
const NAMED_MAX: usize = 3;

/// What a rehearsal's record says about the steps that came to a good end.
pub fn rehearsal(session: &Session, entries: &[Entry]) -> Option<Rehearsal> {
    let header = session.header.as_ref()?;
    let identity = session.identity.as_ref()?;
    let mut steps: BTreeMap<String, Rehearsed> = BTreeMap::new();
    let mut running: Option<(String, Rehearsed, u64)> = None;
    for entry in entries {
        if let Input::Outcome(outcome) = &entry.cause
            && let Some((step, seen, started)) = &mut running
        {
            seen.hear(&session.plan, step, &outcome.report);
            if matches!(outcome.report, Report::Proved { .. } | Report::Finished) {
                seen.elapsed_us = entry.m.saturating_sub(*started);
                steps.insert(step.clone(), std::mem::take(seen));
                running = None;
            }
        }
        for event in &entry.events {
            if let Event::StepStarted { step, .. } = event {
                running = Some((step.clone(), Rehearsed::default(), entry.m));
            }
        }
    }
    Some(Rehearsal {
        session: header.session.clone(),
        verdict: session.verdict().word().to_owned(),
        date: header.opened.date(),
        server: identity.version.clone(),
        on: header
            .copy_of
            .as_ref()
            .map_or_else(|| "a server of its own".to_owned(), |source| format!("a copy of {source}")),
        files: header.inputs.clone(),
        steps,
    })
}

impl Rehearsed {
    fn hear(&mut self, plan: &Plan, step: &str, report: &Report) {
        let kind = plan.find(step).map(|at| plan.step(at).kind);
        // A drill runs many scripts in one step.
        if !matches!(kind, Some(StepKind::Apply | StepKind::Reapply | StepKind::RollBack)) {
            return;
        }
        match report {
            Report::StatementStarted { at, .. } => {
                self.statements.push(RehearsedStatement { at: at.clone(), ..RehearsedStatement::default() });
            }
            Report::StatementFinished { tag, elapsed_us, .. } => {
                if let Some(last) = self.statements.last_mut() {
                    last.elapsed_us = *elapsed_us;
                    last.rows = rows_of_tag(tag);
                }
            }
            Report::StatementToll { toll, .. } => {
                if let Some(last) = self.statements.last_mut() {
                    last.toll.clone_from(toll);
                }
            }
            Report::Observed { observation: Observation::Schema { before, after, .. } } => {
                self.schema = Some((before.clone(), after.clone()));
            }
            _ => {}
        }
    }
}

/// How long a step took when it was rehearsed; nothing without a rehearsal.
pub(super) fn rehearsed_time(session: &Session, step: &str) -> Option<Row> {
    let (rehearsal, seen) = session.plan.rehearsal.as_ref().zip(session.plan.rehearsed(step))?;
    let rows = match seen.rows() {
        0 => String::new(),
        1 => ", 1 row written".to_owned(),
        more => format!(", {more} rows written"),
    };
    Some(
        Row::labelled("takes", Tone::Plain, &format!("{}{rows}", human_duration(seen.elapsed_us)))
            .say(Tone::Dim, &format!(", by the rehearsal of {} on {}", rehearsal.date, rehearsal.on)),
    )
}

/// What others would have felt of it when it was rehearsed.
pub(super) fn rehearsed_locks(session: &Session, step: &str) -> Vec<Row> {
    let Some(seen) = session.plan.rehearsed(step) else { return Vec::new() };
    let mut rows = Vec::new();
    let rewritten = seen.rewritten();
    if !rewritten.is_empty() {
        rows.push(Row::labelled("rewrite", Tone::Warn, &format!("writes {} anew", rewritten.join(", "))));
    }
    let locks = seen.locks();
    if !locks.is_empty() {
        let named: Vec<String> = locks
            .iter()
            .take(NAMED_MAX)
            .map(|(lock, line)| format!("{} on {} (line {line})", lock.mode, lock.relation))
            .collect();
        let more = locks.len().saturating_sub(NAMED_MAX);
        let more = if more > 0 { format!("; {more} more") } else { String::new() };
        let readers = locks.iter().any(|(lock, _)| lock.blocks_readers());
        let who = if readers { "readers and writers" } else { "writers" };
        let tone = if readers { Tone::Warn } else { Tone::Plain };
        rows.push(
            Row::labelled("locks", tone, &format!("{}{more}", named.join("; ")))
                .say(Tone::Dim, &format!("; {who} wait until it ends")),
        );
    }
    rows
}
