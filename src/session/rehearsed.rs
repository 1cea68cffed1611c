//! The real run against its rehearsal: where they differ, a reviewer must see it.

use super::decide::Deciding;
use super::*;
use crate::plan::rows_of_tag;

impl Deciding<'_> {
    /// A statement that writes many times the rows it wrote in the rehearsal, or a small part of them.
    pub(super) fn compare_rows(&mut self, step: &str, statement: usize, tag: &str) {
        let plan = &self.session().plan;
        let factor = plan.ceremony.limits.budget_factor;
        let Some(rehearsed) = plan.rehearsed(step).and_then(|it| it.statements.get(statement)) else {
            return;
        };
        let (Some(then), Some(now)) = (rehearsed.rows, rows_of_tag(tag)) else { return };
        let apart = now > then.max(1).saturating_mul(factor) || then > now.max(1).saturating_mul(factor);
        if factor > 0 && apart {
            let what = format!(
                "{}: {tag}, where the rehearsal of {} wrote {then} rows",
                rehearsed.at,
                plan.rehearsal.as_ref().map_or("", |rehearsal| rehearsal.date.as_str())
            );
            self.emit(Event::FindingRaised { what });
        }
    }

    /// The same schema before and another one after than in the rehearsal: the files do not always do the same.
    pub(super) fn compare_schema(&mut self, step: &str, before: &str, after: &str) {
        let rehearsed = self.session().plan.rehearsed(step).and_then(|it| it.schema.as_ref());
        let Some((then_before, then_after)) = rehearsed else { return };
        let what = match (then_before == before, then_after == after) {
            (_, true) => return,
            (true, false) => {
                format!("{step} leads to another schema than in the rehearsal, from the same one")
            }
            (false, false) => format!("{step} started from another schema than in the rehearsal"),
        };
        self.emit(Event::FindingRaised { what });
    }
}
