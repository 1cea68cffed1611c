//! `Ceremony` to ordered steps with their checks: the way up, and the way back as a plan of its own.

mod hazard;
mod rehearsal;
mod steps;

pub use hazard::{Hazard, HazardClass, HazardGroup, Tried, grouped};
pub use rehearsal::*;
use steps::{migration_step, plain_step, rollback_step};

use crate::definition::{Ceremony, Migration, Script, StepKind, Transaction};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What will be done, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The definition it was made from.
    pub ceremony: Ceremony,
    /// The way up.
    pub steps: Vec<Step>,
    /// The way back: every migration, last applied first. A rollback takes those that are applied.
    pub rollback: Vec<Step>,
    /// Indexes of the migrations in the order in which they are applied.
    pub order: Vec<usize>,
    /// The rehearsal of these very files, if there was one.
    pub rehearsal: Option<Rehearsal>,
    /// What the scripts show of hazards; `None` when nobody looked.
    pub hazards: Option<Vec<Hazard>>,
    index: BTreeMap<String, StepRef>,
}

/// Which plan a step belongs to and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepRef {
    /// Index into [`Plan::steps`].
    Forward(usize),
    /// Index into [`Plan::rollback`].
    Back(usize),
}

/// The part of a plan that a record is read with: what a later version of this program would plan from the same
/// definition may differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outline {
    /// [`Plan::steps`].
    pub steps: Vec<Step>,
    /// [`Plan::rollback`].
    pub rollback: Vec<Step>,
    /// [`Plan::order`].
    pub order: Vec<usize>,
    /// [`Plan::rehearsal`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<Rehearsal>,
    /// [`Plan::hazards`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hazards: Option<Vec<Hazard>>,
}

/// One line of the checklist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Unique in the plan.
    pub id: String,
    /// What kind of work.
    pub kind: StepKind,
    /// For people.
    pub title: String,
    /// The phase it is listed under.
    pub phase: String,
    /// Index of the migration it is about.
    pub migration: Option<usize>,
    /// What must be observed; a step is as good as its worst check.
    pub checks: Vec<Check>,
    /// A witness's initials are asked for before it is final.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub witness: bool,
}

/// One thing that a step must observe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Unique in the step.
    pub id: String,
    /// For people.
    pub title: String,
    /// What is observed.
    pub subject: Subject,
}

/// What a check is about. Indexes point into the lists of the ceremony.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The server answers, is the one seen first, and may be written to.
    Server,
    /// `inputs[i]` is the reviewed file.
    Input(usize),
    /// `flags[i]` is as it must be.
    Flag(usize),
    /// `queries[i]` returns what it should.
    Query(usize),
    /// `suites[i]` passes.
    Suite(usize),
    /// `negatives[i]` is refused.
    Negative(usize),
    /// Every statement of the script ran.
    Ran,
    /// This table has not lost rows.
    Protected(String),
    /// The schema is recorded, with what changed.
    SchemaRecorded,
    /// The schema did not change.
    SchemaUnchanged,
    /// The rows of this table are copied out.
    Backup(String),
    /// What changed is what the migration declares.
    Declared,
    /// The script, applied again, is as good as its definition says.
    Reapplied,
    /// No index is left invalid.
    Sound,
    /// On the drill's copy the rows of this table can be put back.
    Restored(String),
    /// The rollback scripts lead back to the schema before, and up again.
    Drill,
    /// `claims[i]` is carried by its evidence.
    Claim(usize),
}

impl Plan {
    /// Orders the steps of a definition that was loaded without a problem.
    pub fn new(ceremony: Ceremony) -> Self {
        let order = order(&ceremony.migrations);
        let mut steps = Vec::new();
        for definition in &ceremony.steps {
            match definition.kind {
                StepKind::Apply | StepKind::Reapply => steps
                    .extend(order.iter().map(|&migration| migration_step(&ceremony, definition, migration))),
                _ => steps.push(plain_step(&ceremony, definition)),
            }
        }
        let rollback: Vec<Step> =
            order.iter().rev().map(|&migration| rollback_step(&ceremony, migration)).collect();
        Self::assemble(ceremony, Outline { steps, rollback, order, rehearsal: None, hazards: None })
    }

    /// The plan as it was when a session was opened.
    ///
    /// # Errors
    /// When the outline speaks of things that the definition does not have.
    pub fn recorded(ceremony: Ceremony, outline: Outline) -> Result<Self, &'static str> {
        let migrations = ceremony.migrations.len();
        let fits = |subject: &Subject| match subject {
            Subject::Input(at) => *at < ceremony.inputs.len(),
            Subject::Flag(at) => *at < ceremony.flags.len(),
            Subject::Query(at) => *at < ceremony.queries.len(),
            Subject::Suite(at) => *at < ceremony.suites.len(),
            Subject::Negative(at) => *at < ceremony.negatives.len(),
            Subject::Claim(at) => *at < ceremony.claims.len(),
            _ => true,
        };
        let good = outline.order.iter().all(|at| *at < migrations)
            && outline.steps.iter().chain(&outline.rollback).all(|step| {
                step.migration.is_none_or(|at| at < migrations)
                    && step.checks.iter().all(|check| fits(&check.subject))
            });
        if good { Ok(Self::assemble(ceremony, outline)) } else { Err("the plan is not of this definition") }
    }

    /// What is kept of the plan beside the record.
    pub fn outline(&self) -> Outline {
        Outline {
            steps: self.steps.clone(),
            rollback: self.rollback.clone(),
            order: self.order.clone(),
            rehearsal: self.rehearsal.clone(),
            hazards: self.hazards.clone(),
        }
    }

    fn assemble(ceremony: Ceremony, outline: Outline) -> Self {
        let Outline { steps, rollback, order, rehearsal, hazards } = outline;
        let index = steps
            .iter()
            .enumerate()
            .map(|(at, step)| (step.id.clone(), StepRef::Forward(at)))
            .chain(rollback.iter().enumerate().map(|(at, step)| (step.id.clone(), StepRef::Back(at))))
            .collect();
        Self { ceremony, steps, rollback, order, rehearsal, hazards, index }
    }

    /// Where the step called `id` stands.
    pub fn find(&self, id: &str) -> Option<StepRef> {
        self.index.get(id).copied()
    }

    /// The step at a place that [`Plan::find`] gave.
    pub fn step(&self, at: StepRef) -> &Step {
        match at {
            StepRef::Forward(index) => &self.steps[index],
            StepRef::Back(index) => &self.rollback[index],
        }
    }

    /// The script that `step` runs, if it is about a migration.
    pub fn script_of(&self, step: &Step) -> Option<&Script> {
        let migration = &self.ceremony.migrations[step.migration?];
        Some(if step.kind == StepKind::RollBack { &migration.rollback.script } else { &migration.script })
    }

    /// Whether `step` changes the database unit by unit, each final at once. Applying again never does.
    pub fn is_stepwise(&self, step: &Step) -> bool {
        matches!(step.kind, StepKind::Apply | StepKind::RollBack)
            && self.script_of(step).is_some_and(|script| script.transaction == Transaction::None)
    }

    /// How many migrations lie on the longest way from a root of the graph, 0 for a root.
    pub fn depth(&self, migration: usize) -> usize {
        let migrations = &self.ceremony.migrations;
        let above = migrations[migration].after.iter();
        above
            .filter_map(|id| migrations.iter().position(|other| other.id == *id))
            .map(|dependency| 1 + self.depth(dependency))
            .max()
            .unwrap_or(0)
    }
}

/// Dependencies first; among those that are free, the order of the file.
fn order(migrations: &[Migration]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    while order.len() < migrations.len() {
        let free = (0..migrations.len()).find(|candidate| {
            !order.contains(candidate)
                && migrations[*candidate]
                    .after
                    .iter()
                    .all(|id| order.iter().any(|&earlier| migrations[earlier].id == *id))
        });
        // A loaded definition has no cycle.
        let Some(free) = free else { break };
        order.push(free);
    }
    order
}
