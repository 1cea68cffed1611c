//! The execution report in Markdown: every claim with the entry that carries it, byte for byte from the record.

use crate::journal::{Entry, head_words};
use crate::plan::{Plan, Step};
use crate::session::*;
use crate::time::human_duration;
use crate::view::Transcript;
use crate::view::clean_line;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Text from outside as one table cell or line: no markup, no control characters.
pub(super) fn inert(text: &str) -> String {
    let mut safe = String::new();
    for character in clean_line(text).chars() {
        if matches!(character, '|' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '&' | '!') {
            safe.push('\\');
        }
        safe.push(character);
    }
    safe
}

pub(super) fn code(text: &str) -> String {
    format!("`{}`", clean_line(text).replace('`', "'").replace('|', "¦"))
}

/// PASS, PARTIAL, FAIL or NOT RUN, as the report calls them.
fn word(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::PassWithWaivers) => "PARTIAL (waived)",
        Some(verdict) => verdict.word(),
        None => "NOT RUN",
    }
}

/// Numbers of the entries that judged each check and finished each step, of the latest attempt.
#[derive(Default)]
struct Index {
    checks: BTreeMap<(String, String), u64>,
    steps: BTreeMap<String, u64>,
    halts: Vec<u64>,
}

fn index(entries: &[Entry]) -> Index {
    let mut index = Index::default();
    for entry in entries {
        for event in &entry.events {
            match event {
                Event::CheckJudged { step, check, .. } => {
                    index.checks.insert((step.clone(), check.clone()), entry.n);
                }
                Event::StepFinished { step, .. } => {
                    index.steps.insert(step.clone(), entry.n);
                }
                Event::Halted { .. } => index.halts.push(entry.n),
                _ => {}
            }
        }
    }
    index
}

/// The whole report.
pub fn render(session: &Session, transcript: &Transcript, entries: &[Entry], head: &str) -> String {
    let mut out = String::new();
    let index = index(entries);
    summary(&mut out, session, entries, head);
    migrations(&mut out, session);
    escalations(&mut out, session, &index);
    super::hazards::render(&mut out, &session.plan);
    steps(&mut out, session, &index);
    super::schema::render(&mut out, transcript);
    kept(&mut out, session);
    people(&mut out, session);
    super::deviations::render(&mut out, session, entries);
    lessons(&mut out, session, transcript);
    sign_off(&mut out, session);
    out
}

fn summary(out: &mut String, session: &Session, entries: &[Entry], head: &str) {
    let ceremony = &session.plan.ceremony;
    let _ = writeln!(out, "# Execution report: {}\n", inert(&ceremony.title));
    let _ = writeln!(out, "**Verdict: {}**\n", session.verdict().word());
    let mut row = |name: &str, value: String| {
        let _ = writeln!(out, "| {name} | {value} |");
    };
    row("what", "value".to_owned());
    row("---", "---".to_owned());
    if let Some(header) = &session.header {
        row("session", code(&header.session));
        row(
            "mode",
            match header.mode {
                Mode::Live => "live",
                Mode::Practice => "PRACTICE: cannot be signed as real",
            }
            .to_owned(),
        );
        row("opened", header.opened.to_string());
        row("operator", inert(&session.operator));
        row("target", code(&header.target.full()));
        if let Some(source) = &header.copy_of {
            let how = header.copied.as_deref().unwrap_or_default();
            row("a throw-away copy of", format!("{} {}", code(source), inert(how)));
        }
        row(
            "server of the session's own",
            if header.target.embedded { "yes, embedded" } else { "no" }.to_owned(),
        );
        let git = header.git.as_ref().map(|git| {
            format!(
                "{}{}",
                code(&git.head),
                if git.dirty { ", with changes that are not committed" } else { "" }
            )
        });
        row("repository", git.unwrap_or_else(|| "none".to_owned()));
        row("tool", format!("ceremony {}", inert(&header.tool)));
    }
    if let Some(identity) = &session.identity {
        row(
            "server",
            format!("PostgreSQL {}, system {}", inert(&identity.version), inert(&identity.system_identifier)),
        );
    }
    if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
        row(
            "elapsed",
            format!(
                "{} (planned: {} min by hand)",
                human_duration(last.m.saturating_sub(first.m)),
                ceremony.planned_minutes
            ),
        );
        row("last entry", format!("{} at {}", last.n, last.t));
    }
    if let Some(which) = super::rehearsed::which(&session.plan) {
        row("rehearsal", which);
    }
    if session.migrations.iter().any(|state| matches!(state, MigrationState::RolledBack(_))) {
        row("rolled back", "yes: see Rollback".to_owned());
    }
    row(
        "state",
        match session.phase {
            Phase::Closed(_) => "closed".to_owned(),
            _ => format!("open: {}", inert(&session.what_is_next())),
        },
    );
    row("record", format!("{} entries, head {} ({})", entries.len(), code(head), head_words(head)));
}

fn migrations(out: &mut String, session: &Session) {
    let _ = writeln!(
        out,
        "\n## Migrations\n\n| migration | file | sha256 as reviewed | risk | state |\n| --- | --- | --- | --- | --- |"
    );
    for &at in &session.plan.order {
        let migration = &session.plan.ceremony.migrations[at];
        let state = match &session.migrations[at] {
            MigrationState::NotApplied => "not applied".to_owned(),
            MigrationState::Applied(attempt) => format!("applied (attempt {})", attempt.number),
            MigrationState::RolledBack(attempt) => format!("rolled back (attempt {})", attempt.number),
            MigrationState::InDoubt(attempt, _) => format!("IN DOUBT (attempt {})", attempt.number),
            MigrationState::Half(half) => {
                format!("HALF-WAY: {} (attempt {})", half.words(), half.attempt.number)
            }
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {state} |",
            inert(&migration.id),
            code(&migration.script.file),
            code(&migration.sha256),
            migration.risk.word()
        );
    }
}

fn steps(out: &mut String, session: &Session, index: &Index) {
    let _ = writeln!(out, "\n## Steps");
    for (step, state) in session.plan.steps.iter().zip(&session.steps) {
        one_step(out, &session.plan, step, state, index);
    }
    let undone = session.rollback.iter().any(|state| state.runs > 0);
    if undone {
        let _ = writeln!(out, "\n## Rollback");
        for (step, state) in session.plan.rollback.iter().zip(&session.rollback) {
            one_step(out, &session.plan, step, state, index);
        }
    }
}

fn one_step(out: &mut String, plan: &Plan, step: &Step, state: &StepState, index: &Index) {
    let verdict = word(state.verdict);
    let _ = writeln!(out, "\n### {}: {verdict}\n\n{}", inert(&step.id), inert(&step.title));
    if state.runs == 0 {
        let _ = writeln!(out, "\nThis step was not run.");
        return;
    }
    if let (Some(started), Some(ended)) = (state.started, state.ended) {
        let entry = index.steps.get(&step.id).map(|entry| format!(", entry {entry}")).unwrap_or_default();
        let runs = if state.runs > 1 { format!(", run {} times", state.runs) } else { String::new() };
        let took = human_duration(ended.mono_us.saturating_sub(started.mono_us));
        let rehearsed = super::rehearsed::sentence(plan, &step.id);
        let _ = writeln!(out, "\nStarted {}, took {took}{runs}{entry}.{rehearsed}", started.wall);
    }
    if let Some((why, next)) = &state.blocked {
        let _ = writeln!(out, "\nIt could not be carried out: {}. What to do: {}.", inert(why), inert(next));
    }
    let _ =
        writeln!(out, "\n| check | verdict | expected | observed | entry |\n| --- | --- | --- | --- | --- |");
    for (check, judged) in step.checks.iter().zip(&state.checks) {
        let entry = index.checks.get(&(step.id.clone(), check.id.clone()));
        let (verdict, expected, observed) = match judged {
            None => (word(None), String::new(), "nobody looked".to_owned()),
            Some(judged) => {
                let waived = judged
                    .waiver
                    .as_ref()
                    .map(|waiver| format!("; waived: {}", inert(waiver)))
                    .unwrap_or_default();
                (
                    word(Some(judged.verdict)),
                    inert(&judged.expected),
                    format!("{}{waived}", inert(&judged.observed)),
                )
            }
        };
        let entry = entry.filter(|_| judged.is_some()).map(u64::to_string).unwrap_or_default();
        let _ = writeln!(out, "| {} | {verdict} | {expected} | {observed} | {entry} |", inert(&check.title));
    }
}

fn escalations(out: &mut String, session: &Session, index: &Index) {
    let all: Vec<&Escalation> = session.escalations.iter().chain(&session.escalation).collect();
    let _ = writeln!(out, "\n## STOP THE WORLD");
    if all.is_empty() {
        let _ = writeln!(out, "\nThe world was never stopped.");
    }
    for (at, escalation) in all.iter().enumerate() {
        let halt = &escalation.halt;
        let entry = index.halts.get(at).map(|entry| format!(", entry {entry}")).unwrap_or_default();
        let _ = writeln!(out, "\n### Stop {} at {}{entry}\n", at + 1, inert(&halt.step));
        let _ = writeln!(out, "- when: {}", escalation.at.wall);
        let _ = writeln!(out, "- cause: {}", inert(&halt.cause.words()));
        let _ = writeln!(out, "- observed: {}", inert(&halt.why));
        let _ = writeln!(out, "- what was left: {}", inert(&halt.left));
        if let Some(error) = &halt.error {
            let _ = writeln!(out, "\n```text\n{}\n```\n", fenced(&error.card()));
        }
        for (stage, words) in &escalation.words {
            let decision = match (stage, escalation.decision) {
                (Stage::Decide, Some(decision)) => format!(" **{}**:", decision.word()),
                _ => String::new(),
            };
            let _ = writeln!(out, "- {}:{decision} {}", stage.word(), inert(words));
        }
        if let Some(stage) = escalation.next {
            let _ = writeln!(out, "- {}: not done", stage.word());
        }
    }
}

/// Several lines for a fence that they cannot close.
fn fenced(text: &str) -> String {
    text.lines().map(|line| clean_line(line).replace("```", "'''")).collect::<Vec<_>>().join("\n")
}

/// Rows that were copied out, and what puts them back.
fn kept(out: &mut String, session: &Session) {
    if session.kept.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## Compensating scripts\n\n| table | rows | script |\n| --- | --- | --- |");
    for kept in &session.kept {
        let _ = writeln!(out, "| {} | {} | {} |", code(&kept.table), kept.rows, code(&kept.script));
    }
    let _ = writeln!(out, "\nEach says in its first lines when to use it, and how.");
}

fn people(out: &mut String, session: &Session) {
    let _ = writeln!(out, "\n## Issues met\n");
    if session.findings.is_empty() {
        let _ = writeln!(out, "No findings.");
    }
    for (at, what) in &session.findings {
        let _ = writeln!(out, "- {}: {}", at.wall, inert(what));
    }
    let _ = writeln!(out, "\n## Notes\n");
    if session.notes.is_empty() {
        let _ = writeln!(out, "No notes.");
    }
    for (at, words) in &session.notes {
        let _ = writeln!(out, "- {}: {}", at.wall, inert(words));
    }
}

fn lessons(out: &mut String, session: &Session, transcript: &Transcript) {
    let _ = writeln!(
        out,
        "\n## Lessons learned: the time each step took\n\n| step | runs | took |\n| --- | --- | --- |"
    );
    let all = session.plan.steps.iter().zip(&session.steps);
    for (step, state) in all.chain(session.plan.rollback.iter().zip(&session.rollback)) {
        if let (Some(started), Some(ended)) = (state.started, state.ended) {
            let took = human_duration(ended.mono_us.saturating_sub(started.mono_us));
            let _ = writeln!(out, "| {} | {} | {took} |", inert(&step.id), state.runs);
        }
    }
    let _ = writeln!(out, "\n## Recommendations\n");
    let mut any = false;
    let mut recommend = |text: String| {
        any = true;
        let _ = writeln!(out, "- {text}");
    };
    for (step, state) in session.plan.steps.iter().zip(&session.steps) {
        for (check, judged) in step.checks.iter().zip(&state.checks) {
            match judged {
                Some(judged) if !judged.verdict.is_good() => recommend(format!(
                    "{} of {}: expected {}, observed {}: mend it before the next session",
                    inert(&check.title),
                    inert(&step.id),
                    inert(&judged.expected),
                    inert(&judged.observed)
                )),
                Some(judged) if judged.verdict == Verdict::PassWithWaivers => {
                    recommend(format!(
                        "{} of {}: a waiver was used; mend it before the waiver ends",
                        inert(&check.title),
                        inert(&step.id)
                    ));
                }
                _ => {}
            }
        }
    }
    if !matches!(session.phase, Phase::Closed(_)) {
        recommend(format!("the session is open: {}", inert(&session.what_is_next())));
    }
    if transcript.lines.len() >= crate::view::LINES_MAX {
        recommend("there was more output than the panes keep; all of it is in session.jsonl".to_owned());
    }
    if !any {
        let _ = writeln!(out, "None: every check was made and every one passed.");
    }
}

fn sign_off(out: &mut String, session: &Session) {
    let _ = writeln!(out, "\n## Sign-off\n\n| claim | ticked | evidence |\n| --- | --- | --- |");
    let ceremony = &session.plan.ceremony;
    for claim in &ceremony.claims {
        let verdicts = claim.evidence.iter().map(|id| session.step_state(id).and_then(|state| state.verdict));
        let worst =
            verdicts.map(|verdict| verdict.unwrap_or(Verdict::NotRun)).max().unwrap_or(Verdict::NotRun);
        let tick = if worst.is_good() { "yes" } else { "NO" };
        let _ = writeln!(
            out,
            "| {} | {tick} ({}) | {} |",
            inert(&claim.text),
            worst.word(),
            claim.evidence.iter().map(|id| code(id)).collect::<Vec<_>>().join(", ")
        );
    }
    for waiver in &ceremony.waivers {
        let used = session
            .steps
            .iter()
            .flat_map(|state| &state.checks)
            .flatten()
            .any(|judged| judged.waiver.as_ref().is_some_and(|text| text.contains(&waiver.reason)));
        let _ = writeln!(
            out,
            "\nWaiver for {}{}: {} Granted by {} until {}; {}.",
            code(&waiver.check),
            match waiver.tests.as_slice() {
                [] => String::new(),
                tests =>
                    format!(", tests {}", tests.iter().map(|test| code(test)).collect::<Vec<_>>().join(", ")),
            },
            inert(&waiver.reason),
            inert(&waiver.granted_by),
            inert(&waiver.until),
            if used { "used" } else { "not needed" }
        );
    }
    if !ceremony.risks.is_empty() {
        let _ = writeln!(out, "\nAccepted risks:\n");
        for risk in &ceremony.risks {
            let _ = writeln!(out, "- {}", inert(risk));
        }
    }
    let _ = writeln!(out, "\n**Final verdict: {}**", session.verdict().word());
}
