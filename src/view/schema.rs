//! What was seen of the schema, as lines, tables and diffs: changes, declarations, rungs of a drill, second runs.

use super::transcript::judged;
use super::{LineKind, Transcript};
use crate::journal::Entry;
use crate::session::*;

/// Names of the tables, in the results pane and in the report.
pub const DECLARED: &str = "declared and happened";
/// The drill's table.
pub const RUNGS: &str = "rungs";
/// The table of a script that was applied again.
pub const REAPPLIED: &str = "applied again";

impl Transcript {
    /// Takes in what a step saw of the schema.
    pub(super) fn observed_schema(
        &mut self,
        entry: &Entry,
        step: &str,
        session: &Session,
        observation: &Observation,
    ) {
        match observation {
            Observation::Schema { changes, .. } => {
                self.changes.push((step.to_owned(), changes.clone()));
                let planned = session.step(step).filter(|step| {
                    step.checks.iter().any(|check| check.subject == crate::plan::Subject::Declared)
                });
                let migration = planned.and_then(|step| step.migration);
                let migration = migration.map(|at| &session.plan.ceremony.migrations[at]);
                if let Some((migration, declared)) =
                    migration.and_then(|it| Some((it, it.declared.as_ref()?)))
                {
                    let mut lines = compare(declared, &migration.rollback.kept, changes);
                    lines.sort_by_key(|line| line.good);
                    let judged = judged(entry, |check| check == "declared");
                    self.put(entry, step, DECLARED, compared_table(&lines), 0, judged);
                }
            }
            Observation::Drill { rungs, .. } if !rungs.is_empty() => {
                for rung in rungs {
                    let good = rung.restored() == Restored::Exactly;
                    let kind = if good { LineKind::Good } else { LineKind::Bad };
                    self.push(entry, step, kind, &rung.words());
                    for (list, what) in
                        [(&rung.kept, "kept as declared"), (&rung.also_dropped, "taken along as declared")]
                    {
                        for name in list {
                            self.push(
                                entry,
                                step,
                                LineKind::Output,
                                &format!("{}: {what}: {name}", rung.name()),
                            );
                        }
                    }
                    if !rung.residue.is_empty() {
                        self.changes.push((format!("{step} {}", rung.name()), rung.residue.clone()));
                    }
                }
                self.put(entry, step, RUNGS, rungs_table(rungs), 0, judged(entry, |check| check == "drill"));
            }
            Observation::Reapplied { seen } => {
                self.put(entry, step, REAPPLIED, seen.table(), 0, judged(entry, |check| check == "reapply"));
            }
            Observation::Soundness { committed, found } => {
                let when = if *committed { "after the commit" } else { "in the proof" };
                for flaw in found {
                    self.push(entry, step, LineKind::Bad, &format!("{when}: {}", flaw.words()));
                }
            }
            _ => {}
        }
    }
}
