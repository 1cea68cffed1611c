//! The gates and their phrases, and what is said about where a session stands.

use super::*;
use crate::definition::StepKind;

impl Session {
    pub(super) fn start_gate(&self, step: &str) -> Gate {
        let kind = self.step(step).map(|step| step.kind);
        let phrase = match kind {
            Some(StepKind::Apply) => {
                let name = step.rsplit('/').next().unwrap_or(step);
                format!("apply {name} to {}", self.address)
            }
            Some(StepKind::Reapply) => "apply again".to_owned(),
            Some(StepKind::Preflight) => match self.to_acknowledge(step) {
                Some(unusual) => format!("check in spite of {unusual}"),
                None => "check".to_owned(),
            },
            Some(StepKind::Backup) => "back up".to_owned(),
            Some(StepKind::Verify) => "verify".to_owned(),
            Some(StepKind::Negative) => "try".to_owned(),
            Some(StepKind::Suite) => "test".to_owned(),
            Some(StepKind::Drill) => "drill on a copy".to_owned(),
            Some(StepKind::SignOff) => "the claims are true".to_owned(),
            Some(StepKind::RollBack) | None => "go on".to_owned(),
        };
        Gate { id: step.to_owned(), step: step.to_owned(), kind: GateKind::Start, phrase }
    }

    pub(super) fn commit_gate(&self, step: &str) -> Gate {
        let name = step.rsplit('/').next().unwrap_or(step);
        Gate {
            id: format!("{step} commit"),
            step: step.to_owned(),
            kind: GateKind::Commit,
            phrase: format!("commit {name}"),
        }
    }

    pub(super) fn rollback_gate(&self) -> Option<Gate> {
        let step = self.undo.first()?.clone();
        let names: Vec<&str> = self.undo.iter().filter_map(|id| id.rsplit('/').next()).collect();
        let phrase = format!("roll back {} on {}", names.join(", "), self.address);
        Some(Gate { id: "rollback".to_owned(), step, kind: GateKind::RollBack, phrase })
    }

    /// Rows die: asked a second time, by the names of the tables.
    pub(super) fn delete_gate(&self) -> Option<Gate> {
        let mut tables: Vec<&str> = Vec::new();
        for id in &self.undo {
            if let Some(at) = self.step(id).and_then(|step| step.migration) {
                tables.extend(self.plan.ceremony.migrations[at].rollback.deletes.iter().map(String::as_str));
            }
        }
        if tables.is_empty() {
            return None;
        }
        let phrase = format!("delete every row of {}", tables.join(", "));
        let step = self.undo.first()?.clone();
        Some(Gate { id: "rollback delete".to_owned(), step, kind: GateKind::Delete, phrase })
    }

    /// What the operator can do now, in words.
    pub fn what_is_next(&self) -> String {
        match &self.phase {
            Phase::Unopened => "open the session".to_owned(),
            Phase::Gate(gate) if self.waits_for_witness() => format!(
                "have a witness put initials under it (ceremony watch), then answer the gate '{}' with: {}",
                gate.id, gate.phrase
            ),
            Phase::Gate(gate) => format!("answer the gate '{}' with: {}", gate.id, gate.phrase),
            Phase::Running(_) => "wait for the step, or press STOP".to_owned(),
            Phase::Stopped => match self.escalation.as_ref().and_then(|escalation| escalation.next) {
                Some(Stage::Assess) => "write the assessment (stage ASSESS)".to_owned(),
                Some(Stage::Decide) => "decide: resume, roll back or abandon (stage DECIDE)".to_owned(),
                Some(Stage::Document) => "document the issue and its resolution (stage DOCUMENT)".to_owned(),
                _ => "wait until what was decided is done".to_owned(),
            },
            Phase::Closed(_) => "read the report with `ceremony report`".to_owned(),
        }
    }

    /// What of `step` and of the ceremony is in the database after a stop, in words.
    pub(super) fn what_is_left(&self, step: &str, transaction: bool) -> String {
        let mut parts = Vec::new();
        if transaction {
            parts.push(format!("the transaction of '{step}' is rolled back: nothing of it is left"));
        }
        let migrations = &self.plan.ceremony.migrations;
        let names = |wanted: fn(&MigrationState) -> bool| {
            let names: Vec<&str> = self
                .plan
                .order
                .iter()
                .filter(|&&at| wanted(&self.migrations[at]))
                .map(|&at| migrations[at].id.as_str())
                .collect();
            names.join(", ")
        };
        let applied = names(|state| matches!(state, MigrationState::Applied(_)));
        let doubt = names(|state| matches!(state, MigrationState::InDoubt(..)));
        if !doubt.is_empty() {
            parts.push(format!("in doubt until the ledger is read: {doubt}"));
        }
        let half = self.half_words();
        let none_whole = !half.is_empty() && applied.is_empty();
        parts.extend(half);
        parts.push(match applied.as_str() {
            _ if none_whole => "no other migration is applied".to_owned(),
            "" => "no migration is applied".to_owned(),
            applied => format!("applied and not rolled back: {applied}"),
        });
        parts.extend(self.compensating());
        parts.join("; ")
    }

    /// The newest script for each table whose rows a rollback copied out: `compensating script: …`.
    fn compensating(&self) -> Option<String> {
        let deleted = |kept: &&Kept| {
            let step = self.step(&kept.step);
            let newest = self.kept.iter().rfind(|other| other.table == kept.table);
            newest == Some(*kept) && step.is_some_and(|step| step.kind == StepKind::RollBack)
        };
        let scripts: Vec<&str> = self.kept.iter().filter(deleted).map(|kept| kept.script.as_str()).collect();
        let plural = if scripts.len() == 1 { "" } else { "s" };
        (!scripts.is_empty()).then(|| format!("compensating script{plural}: {}", scripts.join(", ")))
    }
}
