//! From an observation to a verdict: what was wanted, what was there.

use super::expectation::{meets, seen, wanted};
use super::judge_data::{judge_backup, judge_restored, judge_rows};
use super::judge_schema::{judge_declared, judge_drill, judge_schema, judge_sound};
use super::*;
use crate::definition::{Expectation, Grade, Migration, StepKind, Waiver};
use crate::plan::{Check, Step, Subject};
use crate::time::Timestamp;

/// A judgement of one check.
pub(super) struct Judgement {
    pub check: String,
    pub verdict: Verdict,
    pub expected: String,
    pub observed: String,
    pub waiver: Option<String>,
    /// What a reviewer must see all the same.
    pub findings: Vec<String>,
}

pub(super) fn judgement(
    check: &Check,
    good: bool,
    expected: impl Into<String>,
    observed: impl Into<String>,
) -> Judgement {
    Judgement {
        check: check.id.clone(),
        verdict: if good { Verdict::Pass } else { Verdict::Fail },
        expected: expected.into(),
        observed: observed.into(),
        waiver: None,
        findings: Vec::new(),
    }
}

impl Session {
    /// The judgements of the checks of `step` that `observation` is about: one fact may carry several.
    pub(super) fn judge(&self, step: &Step, observation: &Observation, today: Timestamp) -> Vec<Judgement> {
        let found = step.checks.iter().filter(|check| self.is_about(&check.subject, observation));
        found.filter_map(|check| self.judge_one(step, check, observation, today)).collect()
    }

    fn judge_one(
        &self,
        step: &Step,
        found: &Check,
        observation: &Observation,
        today: Timestamp,
    ) -> Option<Judgement> {
        let mut judged = match observation {
            Observation::Server { identity } => self.judge_server(step, found, identity),
            Observation::Input { sha256, error, .. } => self.judge_input(found, sha256, error),
            Observation::Flag { value, source, .. } => self.judge_flag(found, value.as_deref(), source),
            Observation::Query { result, .. } => self.judge_query(found, result),
            // About no check by itself, see `vacuous`.
            Observation::QueryBefore { .. } | Observation::Drift { .. } => return None,
            Observation::QueryFailed { error, .. } => {
                judgement(found, false, "an answer", format!("{} {}", error.sqlstate, error.message))
            }
            Observation::Suite { .. } => self.judge_suite(found, observation, today),
            Observation::Negative { error, .. } => self.judge_negative(found, error.as_deref()),
            Observation::Ran { statements, .. } => {
                let plural = if *statements == 1 { "" } else { "s" };
                judgement(found, true, "no error", format!("{statements} statement{plural} ran"))
            }
            Observation::Protected { table, before, after, content } => {
                judge_rows(found, *before, *after, content.as_deref(), self.may_update(step, table))
            }
            Observation::Schema { changes, .. } if found.subject == Subject::Declared => {
                judge_declared(found, &step.id, self.migration_of(step)?, changes)?
            }
            Observation::Schema { changes, objects, .. } => judge_schema(found, changes, *objects),
            Observation::Backup { rows, sha256, script, .. } => {
                judge_backup(found, *rows, sha256.as_deref(), script.as_deref())
            }
            Observation::Restored { .. } => judge_restored(found, observation),
            Observation::Drill { rungs, residue, kept, again } => {
                judge_drill(found, rungs, residue, kept, again)
            }
            Observation::Reapplied { seen } => {
                let allowed = self.migration_of(step).map_or(Grade::Inert, |migration| migration.reapply);
                let expected = format!("{} or better", allowed.word());
                judgement(found, seen.grade() <= allowed, expected, seen.words())
            }
            Observation::Soundness { found: flaws, .. } => judge_sound(found, &step.id, flaws),
        };
        let state = self.step_state(&step.id);
        if judged.verdict == Verdict::Pass && state.is_some_and(|state| state.vacuous.contains(&found.id)) {
            judged.observed.push_str("; it was so before this step too, so it says nothing about it");
        }
        if judged.verdict == Verdict::Fail
            && let Some(waiver) = self.waiver_for(&found.id, today)
        {
            judged.verdict = Verdict::PassWithWaivers;
            judged.waiver = Some(waiver);
        }
        Some(judged)
    }

    /// The check of `step` for which this result, from before the script ran, is as wanted already.
    pub(super) fn vacuous(&self, step: &Step, query: &str, result: &ResultSet) -> Option<String> {
        let at = self.plan.ceremony.queries.iter().position(|other| other.id == query)?;
        let check = step.checks.iter().find(|check| check.subject == Subject::Query(at))?;
        let expectation = &self.plan.ceremony.queries[at].expect;
        (*expectation != Expectation::Informational && meets(expectation, result)).then(|| check.id.clone())
    }

    fn is_about(&self, subject: &Subject, observation: &Observation) -> bool {
        let ceremony = &self.plan.ceremony;
        match (subject, observation) {
            (Subject::Server, Observation::Server { .. })
            | (Subject::Ran, Observation::Ran { .. })
            | (Subject::Drill, Observation::Drill { .. })
            | (Subject::Reapplied, Observation::Reapplied { .. })
            | (Subject::Sound, Observation::Soundness { committed: false, .. })
            | (
                Subject::SchemaRecorded | Subject::SchemaUnchanged | Subject::Declared,
                Observation::Schema { .. },
            ) => true,
            (Subject::Input(at), Observation::Input { path, .. }) => ceremony.inputs[*at].path == *path,
            (Subject::Flag(at), Observation::Flag { name, .. }) => ceremony.flags[*at].name == *name,
            (
                Subject::Query(at),
                Observation::Query { query, .. } | Observation::QueryFailed { query, .. },
            ) => ceremony.queries[*at].id == *query,
            (Subject::Negative(at), Observation::Negative { negative, .. }) => {
                ceremony.negatives[*at].id == *negative
            }
            (Subject::Negative(at), Observation::QueryFailed { query, .. }) => {
                ceremony.negatives[*at].id == *query
            }
            (Subject::Suite(at), Observation::Suite { suite, .. }) => ceremony.suites[*at].id == *suite,
            (Subject::Protected(table), Observation::Protected { table: seen, .. })
            | (Subject::Restored(table), Observation::Restored { table: seen, .. })
            | (Subject::Backup(table), Observation::Backup { table: seen, .. }) => table == seen,
            _ => false,
        }
    }

    /// Waivers that count today: until the end of their last day. They are for suites and queries.
    pub(super) fn waivers_of(&self, check: &str, today: Timestamp) -> impl Iterator<Item = &Waiver> {
        let today = today.date();
        let all = self.plan.ceremony.waivers.iter().filter(move |waiver| waiver.check == check);
        all.filter(move |waiver| today.as_str() <= waiver.until.as_str())
    }

    /// The waiver for all of a check; those that name tests are not about the check itself.
    fn waiver_for(&self, check: &str, today: Timestamp) -> Option<String> {
        let waiver = self.waivers_of(check, today).find(|waiver| waiver.tests.is_empty())?;
        Some(format!("{} (granted by {} until {})", waiver.reason, waiver.granted_by, waiver.until))
    }

    fn judge_server(&self, step: &Step, check: &Check, identity: &Identity) -> Judgement {
        let name = format!("PostgreSQL {} at {}/{}", identity.version, identity.address, identity.database);
        let expected = match &self.identity {
            None => "a primary that may be written to".to_owned(),
            Some(first) => {
                format!("{}, as at the start", first.pin())
            }
        };
        let same = self.identity.as_ref().is_none_or(|first| first.is_same_database(identity));
        let unusual = self.not_acknowledged(&step.id, identity);
        let observed = match identity.unfit() {
            _ if !same => format!("another one: {} ({name})", identity.pin()),
            Some(why) => format!("{why}: {name}"),
            None if !unusual.is_empty() => format!("not acknowledged yet: {} ({name})", seen_words(&unusual)),
            None if identity.near.is_empty() => name,
            // Numbers of processes stand in the record; here they would make two good runs differ.
            None if identity.is_near() => format!("{name}; shown to be on this machine"),
            None => format!("{name}; {}", identity.near),
        };
        let good = same && identity.unfit().is_none() && unusual.is_empty();
        let findings = self.acknowledged_words().into_iter().collect();
        Judgement { findings, ..judgement(check, good, expected, observed) }
    }

    fn judge_input(&self, check: &Check, sha256: &Option<String>, error: &Option<String>) -> Judgement {
        let Subject::Input(at) = check.subject else {
            return judgement(check, false, "a file", "something else");
        };
        let input = &self.plan.ceremony.inputs[at];
        let observed = match (sha256, error) {
            (Some(sum), _) => format!("sha256 {sum}"),
            (None, Some(error)) => format!("not readable: {error}"),
            (None, None) => "not readable".to_owned(),
        };
        judgement(check, sha256.as_ref() == Some(&input.sha256), format!("sha256 {}", input.sha256), observed)
    }

    fn judge_flag(&self, check: &Check, value: Option<&str>, source: &str) -> Judgement {
        let Subject::Flag(at) = check.subject else {
            return judgement(check, false, "a flag", "something else");
        };
        let wanted = self.plan.ceremony.flags[at].on;
        let is_on = value.is_some_and(flag_is_on);
        let observed = match value {
            None => format!("not set, counts as off ({source})"),
            Some(value) => format!("\"{value}\", {} ({source})", if is_on { "on" } else { "off" }),
        };
        judgement(check, is_on == wanted, if wanted { "on" } else { "off" }, observed)
    }

    fn judge_query(&self, check: &Check, result: &ResultSet) -> Judgement {
        let Subject::Query(at) = check.subject else {
            return judgement(check, false, "a query", "something else");
        };
        let expectation = &self.plan.ceremony.queries[at].expect;
        let good = meets(expectation, result);
        // The same rows in another order are the same set: written the same, so that the eye sees it.
        let observed = match expectation {
            Expectation::Set(_) if good => wanted(expectation),
            _ => seen(expectation, result),
        };
        judgement(check, good, wanted(expectation), observed)
    }

    fn judge_negative(&self, check: &Check, error: Option<&ErrorCard>) -> Judgement {
        let Subject::Negative(at) = check.subject else {
            return judgement(check, false, "a refusal", "something else");
        };
        let negative = &self.plan.ceremony.negatives[at];
        let expected = match &negative.constraint {
            Some(constraint) => format!("refused with {} by {constraint}", negative.sqlstate),
            None => format!("refused with {}", negative.sqlstate),
        };
        let good = error.is_some_and(|error| {
            error.sqlstate == negative.sqlstate
                && negative.constraint.as_ref().is_none_or(|name| error.constraint.as_ref() == Some(name))
        });
        let observed = match error {
            None => "accepted".to_owned(),
            Some(error) => match &error.constraint {
                Some(constraint) => format!("refused with {} by {constraint}", error.sqlstate),
                None => format!("refused with {}: {}", error.sqlstate, error.message),
            },
        };
        judgement(check, good, expected, observed)
    }

    fn migration_of(&self, step: &Step) -> Option<&Migration> {
        step.migration.map(|at| &self.plan.ceremony.migrations[at])
    }

    /// A claim is true when every step it rests on has passed.
    pub(super) fn judge_claim(&self, check: &Check) -> Judgement {
        let Subject::Claim(at) = check.subject else {
            return judgement(check, false, "a claim", "something else");
        };
        let claim = &self.plan.ceremony.claims[at];
        let verdicts: Vec<(&str, Verdict)> = claim
            .evidence
            .iter()
            .map(|id| {
                let verdict = self.step_state(id).and_then(|state| state.verdict);
                (id.as_str(), verdict.unwrap_or(Verdict::NotRun))
            })
            .collect();
        let worst = verdicts.iter().max_by_key(|(_, verdict)| *verdict);
        let (verdict, observed) = match worst {
            None => (Verdict::NotRun, "no evidence is named".to_owned()),
            Some((_, Verdict::Pass)) => (
                Verdict::Pass,
                match verdicts.len() {
                    1 => "1 step passed".to_owned(),
                    count => format!("{count} steps passed"),
                },
            ),
            Some((id, verdict)) => (*verdict, format!("{id}: {}", verdict.word())),
        };
        Judgement {
            check: check.id.clone(),
            verdict,
            expected: format!("passed: {}", claim.evidence.join(", ")),
            observed,
            waiver: None,
            findings: Vec::new(),
        }
    }
}

/// What counts as on: everything but unset, empty, `0`, `false`, `off` and `no`.
fn flag_is_on(value: &str) -> bool {
    !matches!(value.trim().to_ascii_lowercase().as_str(), "" | "0" | "false" | "off" | "no")
}

/// The halt condition that a failed check of a step of this kind stands for; `None` where nothing has been
/// touched yet and the step is simply open again.
pub(super) fn condition_of(session: &Session, kind: StepKind, subject: &Subject) -> Option<HaltCondition> {
    match (kind, subject) {
        (_, Subject::Protected(_)) => Some(HaltCondition::DataLost),
        (StepKind::Preflight, Subject::Query(_)) => Some(HaltCondition::VerificationFailed),
        (StepKind::Preflight | StepKind::Backup, _) | (_, Subject::Input(_)) => None,
        (_, Subject::Suite(at)) if session.plan.ceremony.suites[*at].starts_application => {
            Some(HaltCondition::ApplicationDown)
        }
        (_, Subject::Suite(_)) => Some(HaltCondition::TestFailed),
        (_, Subject::Claim(_)) => None,
        (_, Subject::Server) => Some(HaltCondition::ConnectionLost),
        _ => Some(HaltCondition::VerificationFailed),
    }
}
