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

/// What the rehearsal says about a step, for its gate; nothing without one.
pub fn rehearsed_rows(session: &Session, step: &str) -> Vec<Row> {
    let plan = &session.plan;
    let Some((rehearsal, seen)) = plan.rehearsal.as_ref().zip(plan.rehearsed(step)) else {
        return Vec::new();
    };
    let mut first = Row::labelled("takes", Tone::Plain, &human_duration(seen.elapsed_us));
    if seen.rows() > 0 {
        first = first.say(Tone::Plain, &format!(", {} rows written", seen.rows()));
    }
    let held = format!(", by the rehearsal of {} on {}", rehearsal.date, rehearsal.on);
    let mut rows = vec![first.say(Tone::Dim, &held)];
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
                .say(Tone::Dim, &format!("; {who} of these tables wait until the end of the step")),
        );
    }
    let rewritten = seen.rewritten();
    if !rewritten.is_empty() {
        rows.push(Row::labelled("anew", Tone::Warn, &rewritten.join(", ")));
    }
    rows
}
