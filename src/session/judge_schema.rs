//! Verdicts on what was seen of the schema: changes, declarations, rungs, things half done.

use super::declared::compared_words;
use super::judge::{Judgement, judgement};
use super::rungs::judge_rungs;
use super::*;
use crate::definition::{Migration, Undeclared};
use crate::plan::{Check, Subject};

pub(super) fn names(changes: &[ObjectChange]) -> String {
    let mut names: Vec<&str> = changes.iter().take(4).map(|change| change.object.as_str()).collect();
    if changes.len() > 4 {
        names.push("…");
    }
    names.join(", ")
}

pub(super) fn judge_schema(check: &Check, changes: &[ObjectChange], objects: usize) -> Judgement {
    let created = changes.iter().filter(|change| change.before.is_none()).count();
    let dropped = changes.iter().filter(|change| change.after.is_none()).count();
    let altered = changes.len() - created - dropped;
    let observed = if changes.is_empty() {
        format!("no change ({objects} objects)")
    } else {
        format!("{created} created, {altered} altered, {dropped} dropped: {}", names(changes))
    };
    match check.subject {
        Subject::SchemaUnchanged => judgement(check, changes.is_empty(), "no change", observed),
        _ => judgement(check, true, "recorded", observed),
    }
}

pub(super) fn judge_declared(
    check: &Check,
    step: &str,
    migration: &Migration,
    changes: &[ObjectChange],
) -> Option<Judgement> {
    let declared = migration.declared.as_ref()?;
    let (good, observed) = compared_words(&compare(declared, &migration.rollback.kept, changes));
    let finding = migration.undeclared == Undeclared::Finding;
    let mut judged =
        judgement(check, good || finding, format!("only: {}", declared_words(declared)), observed);
    if !good && finding {
        judged.findings = vec![format!("{step}: {}", judged.observed)];
    }
    Some(judged)
}

fn differ(changes: &[ObjectChange]) -> String {
    if changes.len() == 1 {
        "1 object differs".to_owned()
    } else {
        format!("{} objects differ", changes.len())
    }
}

/// Without rungs: in records from before there were any.
pub(super) fn judge_drill(
    check: &Check,
    rungs: &[Rung],
    residue: &[ObjectChange],
    kept: &[String],
    again: &[ObjectChange],
) -> Judgement {
    if !rungs.is_empty() {
        let (good, expected, observed) = judge_rungs(rungs);
        return judgement(check, good, expected, observed);
    }
    let expected = "the schema before, but for what is declared as kept; then the schema after";
    let observed = match (residue.is_empty(), again.is_empty()) {
        (true, true) => format!("restored exactly, {} objects kept as declared, applied again", kept.len()),
        (false, _) => format!("{} after the rollback: {}", differ(residue), names(residue)),
        (true, false) => format!("{} once applied again: {}", differ(again), names(again)),
    };
    judgement(check, residue.is_empty() && again.is_empty(), expected, observed)
}

pub(super) fn judge_sound(check: &Check, step: &str, flaws: &[Flaw]) -> Judgement {
    let (grave, rest): (Vec<&Flaw>, Vec<&Flaw>) =
        flaws.iter().partition(|flaw| flaw.flaw == FlawKind::InvalidIndex);
    let words: Vec<String> = flaws.iter().map(Flaw::words).collect();
    let observed = if words.is_empty() { "nothing new".to_owned() } else { words.join("; ") };
    let mut judged = judgement(check, grave.is_empty(), "no new INVALID index", observed);
    judged.findings = rest.iter().map(|flaw| flaw.finding(step)).collect();
    judged
}
