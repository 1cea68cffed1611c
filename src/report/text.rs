//! What several formats say in the same words.

use super::facts::{Execution, InitialsFacts, StepFacts, TollFacts};
use crate::session::{Mode, Verdict};
use crate::time::human_duration;

/// PASS, PARTIAL, FAIL or NOT RUN, as the report calls them.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::PassWithWaivers => "PARTIAL (waived)",
        verdict => verdict.word(),
    }
}

/// The facts of the first page: what and value.
pub(super) fn summary(execution: &Execution) -> Vec<(&'static str, Value)> {
    use Value::{Code, Text};
    let mut rows = Vec::new();
    if let Some(session) = &execution.session {
        rows.push(("session", Code(session.id.clone())));
        let mode = match session.mode {
            Mode::Live => "live",
            Mode::Practice => "PRACTICE: cannot be signed as real",
        };
        rows.push(("mode", Text(mode.to_owned())));
        rows.push(("opened", Text(session.opened.to_string())));
        rows.push(("operator", Text(session.operators.join(", then "))));
        rows.push(("target", Code(format!("{}/{}", session.address, session.database))));
        rows.push(("role", Code(session.user.clone())));
        if let Some(source) = &session.copy_of {
            let how = session.copied.as_deref().unwrap_or_default();
            rows.push(("a throw-away copy of", Text(format!("{source} {how}").trim_end().to_owned())));
        }
        let own = if session.embedded { "yes, embedded" } else { "no" };
        rows.push(("server of the session's own", Text(own.to_owned())));
        rows.push(match &session.commit {
            None => ("repository", Text("none".to_owned())),
            Some(commit) if session.dirty => {
                ("repository", Text(format!("{commit}, with changes that are not committed")))
            }
            Some(commit) => ("repository", Code(commit.clone())),
        });
        rows.push(("tool", Text(format!("ceremony {}", session.tool))));
    }
    if let Some(server) = &execution.server {
        let (version, system) = (&server.version, &server.system_identifier);
        rows.push(("server", Text(format!("PostgreSQL {version}, system {system}"))));
    }
    if let (Some(_), Some(last)) = (execution.time.first, execution.time.last) {
        let time = &execution.time;
        let (took, waited) = (human_duration(time.elapsed_us), human_duration(time.waited_us));
        let planned = time.planned_minutes;
        rows.push(("elapsed", Text(format!("{took} (planned: {planned} min by hand), gates open {waited}"))));
        rows.push(("last entry", Text(format!("{} at {last}", execution.record.entries))));
    }
    if let Some(rehearsal) = &execution.rehearsal {
        let (date, on, verdict) = (&rehearsal.date, &rehearsal.on, &rehearsal.verdict);
        let which = format!("rehearsed on {date}, on {on}: {verdict} (session {})", rehearsal.session);
        rows.push(("rehearsal", Text(which)));
    }
    if !execution.rollback.is_empty() {
        rows.push(("rolled back", Text("see Rollback".to_owned())));
    }
    let state =
        if execution.state.closed { "closed".to_owned() } else { format!("open: {}", execution.state.next) };
    rows.push(("state", Text(state)));
    rows
}

/// What a rollback does to the ticks of a sign-off that came before it.
pub(super) fn ticked_before(execution: &Execution) -> Option<&'static str> {
    let both = !execution.rollback.is_empty() && execution.claims.iter().any(|claim| claim.entry.is_some());
    both.then_some("The ticks were made before the rollback: what was applied then is not there any more.")
}

/// What must be known before anything else is believed.
pub(super) fn warnings(execution: &Execution) -> Vec<String> {
    let mut list = Vec::new();
    if let Some(entry) = execution.record.divergent {
        list.push(format!(
            "Entry {entry} does not follow from its own inputs: another version of this program wrote it, or it was made up. Check it with `ceremony verify` before you believe this report."
        ));
    }
    if execution.session.as_ref().is_some_and(|session| session.mode == Mode::Practice) {
        list.push("PRACTICE: this session can never count as real, and cannot be signed as real.".to_owned());
    }
    if !execution.state.closed {
        list.push(format!("The session is not closed. Next: {}.", execution.state.next));
    }
    if execution.record.torn_bytes > 0 {
        list.push(format!(
            "The record ends in {} bytes of an unfinished line, which was never acknowledged; they are left out here, and the head does not cover them.",
            execution.record.torn_bytes
        ));
    }
    list
}

/// A value of the first page; untrusted text.
pub(super) enum Value {
    /// Words.
    Text(String),
    /// A name, an id, a hash.
    Code(String),
}

/// When a step ran, how long, and what its rehearsal took; `None` for one that came to no end.
pub(super) fn when(step: &StepFacts) -> Option<String> {
    let (started, took) = (step.started?, human_duration(step.elapsed_us?));
    let runs = if step.runs > 1 { format!(", run {} times", step.runs) } else { String::new() };
    Some(format!("Started {started}, took {took}{runs}"))
}

/// Who put initials under it, a sentence each; untrusted words through `clean`.
pub(super) fn initials(step: &StepFacts, clean: impl Fn(&str) -> String) -> Vec<String> {
    let one = |initials: &InitialsFacts| {
        let what = if initials.seen_done { "what it did" } else { "its run, before it was over" };
        let (letters, by) = (clean(&initials.letters), clean(&initials.by));
        let (attempt, at) = (initials.attempt, initials.at);
        format!("Initials {letters} of witness {by} under {what} (attempt {attempt}), {at}.")
    };
    step.initials.iter().map(one).collect()
}

/// What others feel, with the table set as `code` sets names.
pub(super) fn toll(toll: &[TollFacts], code: impl Fn(&str) -> String) -> String {
    let one = |toll: &TollFacts| match (&toll.lock, toll.line) {
        (Some(lock), Some(line)) => format!("{lock} on {} (line {line})", code(&toll.table)),
        (Some(lock), None) => format!("{lock} on {}", code(&toll.table)),
        (None, _) => format!("writes {} anew", code(&toll.table)),
    };
    toll.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What the rehearsal saw of a step, as a sentence; empty without one.
pub(super) fn rehearsed(step: &StepFacts, code: impl Fn(&str) -> String) -> String {
    let Some(micros) = step.rehearsed_us else { return String::new() };
    let mut text = format!("Rehearsed in {}", human_duration(micros));
    if !step.rehearsed_toll.is_empty() {
        text.push_str(&format!(", with what others would feel: {}", toll(&step.rehearsed_toll, code)));
    }
    text + "."
}

/// Steps that took time, with what was estimated: id, runs, took, rehearsed.
pub(super) fn durations(execution: &Execution) -> impl Iterator<Item = (&StepFacts, u64)> {
    execution.all_steps().filter_map(|step| Some((step, step.elapsed_us?)))
}

/// Results that are in a section of their own.
pub(super) fn is_schema(query: &str) -> bool {
    use crate::view::{DECLARED, REAPPLIED, RUNGS};
    [DECLARED, REAPPLIED, RUNGS].contains(&query)
}
