//! The completion call: the verdict in words, what it rests on, and what next.

use super::checklist::Mark;
use super::ink::{Row, Tone};
use crate::session::*;

/// The rows of the completion panel; `None` while the ceremony goes on.
pub fn closed(session: &Session, head_words: &str) -> Option<Vec<Row>> {
    let Phase::Closed(verdict) = session.phase else { return None };
    let mark = Mark::of(verdict);
    let undone = rolled_back(session);
    let words = verdict_words(session, verdict);
    let mut rows = vec![
        Row::of(mark.tone(), &format!("{} {} ", mark.shape(), verdict.word())).say(Tone::Plain, words),
        Row::new(),
        counts(session),
    ];
    let failed = session.plan.steps.iter().zip(&session.steps);
    let failed: Vec<&str> = failed
        .filter(|(_, state)| state.verdict == Some(Verdict::Fail))
        .map(|(step, _)| step.id.as_str())
        .collect();
    if !failed.is_empty() {
        rows.push(Row::labelled("failed", Tone::Bad, &failed.join(", ")));
    }
    if !undone.is_empty() {
        rows.push(Row::labelled("undone", Tone::Warn, &undone.join(", ")));
    }
    let stops = session.escalations.len();
    if stops > 0 {
        let times = if stops == 1 { "once".to_owned() } else { format!("{stops} times") };
        rows.push(Row::labelled("stops", Tone::Warn, &format!("the world was stopped {times}")));
    }
    rows.push(match session.findings.len() {
        0 => Row::labelled("found", Tone::Good, "no findings"),
        1 => Row::labelled("found", Tone::Warn, "1 finding"),
        count => Row::labelled("found", Tone::Warn, &format!("{count} findings")),
    });
    rows.extend(
        session.findings.iter().take(3).map(|(_, what)| Row::labelled("", Tone::Warn, &format!("! {what}"))),
    );
    if session.findings.len() > 3 {
        rows.push(Row::labelled("", Tone::Dim, "… (tab Notes has all of them)"));
    }
    if session.header.as_ref().is_some_and(|header| header.mode == Mode::Practice) {
        rows.push(Row::labelled("mode", Tone::Warn, "PRACTICE: this session can never count as real"));
    }
    rows.push(
        Row::labelled("head", Tone::Strong, head_words)
            .say(Tone::Dim, "  read these words out; they name this record"),
    );
    rows.push(
        Row::labelled("next", Tone::Call, "q")
            .say(Tone::Plain, " leaves; then ")
            .say(Tone::Strong, "ceremony report")
            .say(Tone::Plain, " writes the execution report, ")
            .say(Tone::Strong, "ceremony sign")
            .say(Tone::Plain, " puts names under it"),
    );
    Some(rows)
}

/// A verdict in a sentence.
pub fn verdict_words(session: &Session, verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail if !rolled_back(session).is_empty() => "what it applied is rolled back",
        Verdict::Pass => "every step passed on evidence in the record",
        Verdict::PassWithWaivers => {
            "every step passed, some on a waiver: known failures that somebody answers for"
        }
        Verdict::NotRun => "some steps were not run, and what was not run is never a pass",
        Verdict::Fail => "the ceremony did not reach its end as planned",
    }
}

/// Ids of the migrations that are rolled back, in the order in which they were applied.
fn rolled_back(session: &Session) -> Vec<&str> {
    let migrations = &session.plan.ceremony.migrations;
    let undone = |at: &&usize| matches!(session.migrations[**at], MigrationState::RolledBack(_));
    session.plan.order.iter().filter(undone).map(|&at| migrations[at].id.as_str()).collect()
}

fn counts(session: &Session) -> Row {
    let mut row = Row::labelled("steps", Tone::Strong, &format!("{}", session.steps.len()));
    for (mark, verdict) in [
        (Mark::Pass, Some(Verdict::Pass)),
        (Mark::Waived, Some(Verdict::PassWithWaivers)),
        (Mark::NotRun, Some(Verdict::NotRun)),
        (Mark::Fail, Some(Verdict::Fail)),
    ] {
        let count = session
            .steps
            .iter()
            .filter(|step| {
                step.verdict == verdict || verdict == Some(Verdict::NotRun) && step.verdict.is_none()
            })
            .count();
        if count > 0 {
            row = row.say(mark.tone(), &format!("  {} {count} {}", mark.shape(), mark.word()));
        }
    }
    row
}
