//! What the rehearsal said about a step, for the report.

use super::markdown::code;
use crate::plan::Plan;
use crate::time::human_duration;

/// Which rehearsal it was.
pub(super) fn which(plan: &Plan) -> Option<String> {
    let rehearsal = plan.rehearsal.as_ref()?;
    let (date, on, verdict) = (&rehearsal.date, &rehearsal.on, &rehearsal.verdict);
    Some(format!("rehearsed on {date}, on {on}: {verdict} (session {})", code(&rehearsal.session)))
}

/// A sentence about one step; empty without a rehearsal.
pub(super) fn sentence(plan: &Plan, step: &str) -> String {
    let Some(seen) = plan.rehearsed(step) else { return String::new() };
    let mut text = format!(" Rehearsed in {}", human_duration(seen.elapsed_us));
    let locks: Vec<String> = seen
        .locks()
        .into_iter()
        .map(|(lock, line)| format!("{} on {} (line {line})", lock.mode, code(&lock.relation)))
        .collect();
    if !locks.is_empty() {
        text.push_str(&format!(", with locks that block others: {}", locks.join(", ")));
    }
    let rewritten: Vec<String> = seen.rewritten().into_iter().map(code).collect();
    if !rewritten.is_empty() {
        text.push_str(&format!(", writing {} anew", rewritten.join(", ")));
    }
    text + "."
}
