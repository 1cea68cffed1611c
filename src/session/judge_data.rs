//! Verdicts on rows: lost, changed, copied out, put back.

use super::expectation::rows;
use super::judge::{Judgement, judgement};
use super::*;
use crate::definition::StepKind;
use crate::plan::{Check, Step};

impl Session {
    /// Whether the definition says that `step` changes rows of `table` on purpose.
    pub(super) fn may_update(&self, step: &Step, table: &str) -> bool {
        let migration = step.migration.map(|at| &self.plan.ceremony.migrations[at]);
        migration.is_some_and(|migration| {
            let declared = match step.kind {
                StepKind::RollBack => &migration.rollback.updates,
                _ => &migration.updates,
            };
            declared.iter().any(|other| other == table)
        })
    }

    /// What an observation of rows asks for beside its verdict.
    pub(super) fn events_of_rows(&self, step: &str, observation: &Observation) -> Option<Event> {
        match observation {
            Observation::Backup { table, rows: Some(rows), script: Some(script), .. } => {
                Some(Event::RowsKept {
                    step: step.to_owned(),
                    table: table.clone(),
                    rows: *rows,
                    script: script.clone(),
                })
            }
            Observation::Protected { table, content: Some(content), .. } if content.is_partial() => {
                Some(Event::FindingRaised { what: format!("{table}: {}", content.remarks().join("; ")) })
            }
            _ => None,
        }
    }
}

pub(super) fn judge_rows(
    check: &Check,
    before: Option<u64>,
    after: Option<u64>,
    content: Option<&Content>,
    may_update: bool,
) -> Judgement {
    let count_only = "not fewer rows than before";
    let (before, after) = match (before, after) {
        (None, None) => return judgement(check, true, count_only, "the table is not there"),
        (None, Some(after)) => return judgement(check, true, count_only, format!("new, {}", rows(after))),
        (Some(before), None) => {
            let observed = format!("{} before, the table is gone", rows(before));
            return judgement(check, false, count_only, observed);
        }
        (Some(before), Some(after)) => (before, after),
    };
    let count = format!("{} before, {} after", rows(before), rows(after));
    let expected = match content {
        Some(content) if content.hashed && !may_update => "not fewer rows than before, and the same in them",
        _ => count_only,
    };
    if after < before {
        return judgement(check, false, expected, count);
    }
    let Some(content) = content else { return judgement(check, true, expected, count) };
    if let Some((deleted, inserted)) = content.lost() {
        let lost = format!("but this step deleted {deleted} and inserted {inserted}: others added rows");
        return judgement(check, false, expected, format!("{count}, {lost} meanwhile"));
    }
    let (good, words) = content_words(content, before == after, may_update);
    judgement(check, good, expected, format!("{count}, {words}"))
}

/// Whether what the rows hold is as it must be, and how it is.
fn content_words(content: &Content, as_many: bool, may_update: bool) -> (bool, String) {
    if !content.hashed {
        return (true, "only counted (content = false)".to_owned());
    }
    let mut words = match (content.is_changed(), content.excuse()) {
        (false, _) if content.columns.is_empty() => "the same in them".to_owned(),
        (false, _) => "the same in what is left of them".to_owned(),
        (true, Some(excuse)) => excuse.to_owned(),
        (true, None) => {
            let changed = content.changed();
            let declared = if may_update { ", as declared" } else { "" };
            match as_many {
                true => format!("content changed in {changed}{declared}"),
                false => format!("rows were added and others changed or written anew ({changed}){declared}"),
            }
        }
    };
    for column in &content.columns {
        if let Fate::Unreadable { error } = &column.fate {
            words.push_str(&format!("; {} cannot be read back as its old type: {error}", column.column));
        }
    }
    let remarks = content.remarks();
    if !remarks.is_empty() {
        words.push_str(&format!("; {}", remarks.join("; ")));
    }
    (!content.is_changed() || may_update || content.excuse().is_some(), words)
}

pub(super) fn judge_backup(
    check: &Check,
    copied: Option<u64>,
    sha256: Option<&str>,
    script: Option<&str>,
) -> Judgement {
    let expected = "the rows, if there are any, in a file with a checksum";
    match (copied, sha256) {
        (None, _) => judgement(check, true, expected, "the table is not there"),
        (Some(count), Some(sum)) => {
            let back = script.map(|script| format!(", put back by {script}")).unwrap_or_default();
            judgement(check, true, expected, format!("{} copied, sha256 {sum}{back}", rows(count)))
        }
        (Some(count), None) => judgement(check, false, expected, format!("{} not copied", rows(count))),
    }
}

/// Rows that a rollback deletes must come back as they were.
pub(super) fn judge_restored(check: &Check, observation: &Observation) -> Judgement {
    let Observation::Restored { rows: taken, after, content, error, .. } = observation else {
        return judgement(check, false, "rows", "something else");
    };
    let expected = "every row back, and the same in it";
    let Some(taken) = taken else {
        return judgement(check, true, expected, "the table is not there: says nothing");
    };
    if let Some(error) = error {
        return judgement(check, false, expected, format!("{} cannot be put back: {error}", rows(*taken)));
    }
    if *taken == 0 {
        return judgement(check, true, expected, "no rows: says nothing");
    }
    let Some((after, content)) = after.zip(content.as_deref()) else {
        return judgement(check, false, expected, format!("{} put back, nobody compared them", rows(*taken)));
    };
    let whole = after == *taken && content.hashed && !content.is_changed() && !content.is_partial();
    let mut observed = format!("{} taken out, {} put back", rows(*taken), rows(after));
    if whole {
        observed.push_str(", the same in them");
    } else if content.is_changed() {
        observed.push_str(&format!(", content changed in {}", content.changed()));
    }
    let remarks = content.remarks();
    if !remarks.is_empty() {
        observed.push_str(&format!("; {}", remarks.join("; ")));
    }
    let dropped = content.columns.iter().any(|column| column.fate == Fate::Dropped);
    judgement(check, whole && !dropped, expected, observed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Subject;

    fn protected() -> Check {
        let table = "public.t".to_owned();
        Check { id: "rows".to_owned(), title: "rows".to_owned(), subject: Subject::Protected(table) }
    }

    fn changed(fates: &[(&str, Fate)], wrote: Wrote) -> Content {
        let columns = fates
            .iter()
            .map(|(name, fate)| ColumnContent { column: (*name).to_owned(), fate: fate.clone() })
            .collect();
        Content { hashed: true, columns, wrote: Some(wrote), ..Content::default() }
    }

    fn compared(before: &str, after: &str) -> Fate {
        Fate::Compared { before: before.to_owned(), after: after.to_owned() }
    }

    #[test]
    fn every_way_rows_can_be() {
        let updated = Wrote { updated: 3, ..Wrote::default() };
        let inserted = Wrote { inserted: 3, ..Wrote::default() };
        let differs = || changed(&[("a", compared("1", "1")), ("b", compared("1", "2"))], updated);
        let others = || changed(&[("b", compared("1", "2"))], Wrote::default());
        let added = || changed(&[("b", compared("1", "2"))], inserted);
        let same =
            || Content { rows: Some(("7".to_owned(), "7".to_owned())), hashed: true, ..Content::default() };
        let deleted = Wrote { deleted: 2, ..Wrote::default() };
        let masked = || changed(&[("b", compared("1", "2"))], deleted);
        let masked_counts = || Content { wrote: Some(deleted), ..Content::default() };
        // Deleted in a savepoint that was rolled back.
        let undone = || Content { wrote: Some(deleted), ..same() };
        let json = || {
            let why = "type changed from json to jsonb".to_owned();
            changed(&[("b", Fate::NotCompared { why }), ("c", Fate::Dropped)], updated)
        };
        let some = |count| Some(count);
        for (before, after, content, may, good, words) in [
            (None, None, None, false, true, "not there"),
            (None, some(3), None, false, true, "new, 3 rows"),
            (some(3), None, None, false, false, "the table is gone"),
            (some(3), some(2), Some(same()), true, false, "3 rows before, 2 rows after"),
            (some(3), some(3), None, false, true, "3 rows before, 3 rows after"),
            (some(3), some(3), Some(Content::default()), false, true, "only counted (content = false)"),
            (some(3), some(3), Some(same()), false, true, "the same in them"),
            (some(3), some(3), Some(differs()), false, false, "content changed in b"),
            (some(3), some(3), Some(differs()), true, true, "content changed in b, as declared"),
            (some(3), some(4), Some(differs()), false, false, "rows were added and others changed"),
            (some(3), some(3), Some(others()), false, true, "others changed rows meanwhile"),
            (some(3), some(3), Some(masked()), true, false, "this step deleted 2 and inserted 0"),
            (some(3), some(3), Some(masked_counts()), false, false, "others added rows meanwhile"),
            (some(3), some(3), Some(undone()), false, true, "the same in them"),
            (some(3), some(6), Some(added()), false, true, "none that was there was touched"),
            (
                some(3),
                some(3),
                Some(json()),
                false,
                true,
                "from json to jsonb, content not compared; c is dropped",
            ),
        ] {
            let judged = judge_rows(&protected(), before, after, content.as_ref(), may);
            assert_eq!(judged.verdict == Verdict::Pass, good, "{}", judged.observed);
            assert!(judged.observed.contains(words), "'{words}' is not in '{}'", judged.observed);
        }
    }
}
