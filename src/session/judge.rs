//! From an observation to a verdict: what was wanted, what was there.

use super::expectation::{meets, seen, wanted};
use super::judge_data::{judge_backup, judge_restored, judge_rows};
use super::*;
use crate::definition::{Expectation, StepKind, SuiteFormat};
use crate::plan::{Check, Step, Subject};
use crate::time::Timestamp;

/// A judgement of one check.
pub(super) struct Judgement {
    pub check: String,
    pub verdict: Verdict,
    pub expected: String,
    pub observed: String,
    pub waiver: Option<String>,
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
    }
}

impl Session {
    /// The judgement of the check of `step` that `observation` is about, if the step has one.
    pub(super) fn judge(
        &self,
        step: &Step,
        observation: &Observation,
        today: Timestamp,
    ) -> Option<Judgement> {
        let found = step.checks.iter().find(|check| self.is_about(&check.subject, observation))?;
        let mut judged = match observation {
            Observation::Server { identity } => self.judge_server(found, identity),
            Observation::Input { sha256, error, .. } => self.judge_input(found, sha256, error),
            Observation::Flag { value, source, .. } => self.judge_flag(found, value.as_deref(), source),
            Observation::Query { result, .. } => self.judge_query(found, result),
            // About no check by itself, see `vacuous`.
            Observation::QueryBefore { .. } => return None,
            Observation::QueryFailed { error, .. } => {
                judgement(found, false, "an answer", format!("{} {}", error.sqlstate, error.message))
            }
            Observation::Suite { .. } => self.judge_suite(found, observation),
            Observation::Negative { error, .. } => self.judge_negative(found, error.as_deref()),
            Observation::Ran { statements, .. } => {
                let plural = if *statements == 1 { "" } else { "s" };
                judgement(found, true, "no error", format!("{statements} statement{plural} ran"))
            }
            Observation::Protected { table, before, after, content } => {
                judge_rows(found, *before, *after, content.as_deref(), self.may_update(step, table))
            }
            Observation::Schema { changes, objects, .. } => judge_schema(found, changes, *objects),
            Observation::Backup { rows, sha256, script, .. } => {
                judge_backup(found, *rows, sha256.as_deref(), script.as_deref())
            }
            Observation::Restored { .. } => judge_restored(found, observation),
            Observation::Drill { residue, kept, again } => judge_drill(found, residue, kept, again),
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
            | (Subject::SchemaRecorded | Subject::SchemaUnchanged, Observation::Schema { .. }) => true,
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

    /// Waivers are for suites and queries; they count until the end of their last day.
    fn waiver_for(&self, check: &str, today: Timestamp) -> Option<String> {
        let waiver = self.plan.ceremony.waivers.iter().find(|waiver| waiver.check == check)?;
        let holds = today.date().as_str() <= waiver.until.as_str();
        holds.then(|| format!("{} (granted by {} until {})", waiver.reason, waiver.granted_by, waiver.until))
    }

    fn judge_server(&self, check: &Check, identity: &Identity) -> Judgement {
        let name = format!("PostgreSQL {} at {}/{}", identity.version, identity.address, identity.database);
        let expected = match &self.identity {
            None => "a primary that may be written to".to_owned(),
            Some(first) => {
                format!("system {} database {}, as at the start", first.system_identifier, first.database_oid)
            }
        };
        let same = self.identity.as_ref().is_none_or(|first| {
            first.system_identifier == identity.system_identifier
                && first.database_oid == identity.database_oid
        });
        let observed = match (same, identity.in_recovery, identity.read_only) {
            (false, _, _) => format!(
                "another one: system {} database {} ({name})",
                identity.system_identifier, identity.database_oid
            ),
            (_, true, _) => format!("a standby: {name}"),
            (_, _, true) => format!("read-only: {name}"),
            _ => name,
        };
        judgement(check, same && !identity.in_recovery && !identity.read_only, expected, observed)
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

    fn judge_suite(&self, check: &Check, observation: &Observation) -> Judgement {
        let (Subject::Suite(at), Observation::Suite { exit_code, error, tests, planned, .. }) =
            (&check.subject, observation)
        else {
            return judgement(check, false, "a suite", "something else");
        };
        let suite = &self.plan.ceremony.suites[*at];
        let failed: Vec<&str> = tests.iter().filter(|test| !test.ok).map(|test| test.name.as_str()).collect();
        let exit = exit_code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
        let (good, expected) = match suite.format {
            SuiteFormat::ExitCode => (*exit_code == Some(0), "exit code 0"),
            SuiteFormat::Tap => (
                *exit_code == Some(0)
                    && failed.is_empty()
                    && !tests.is_empty()
                    && planned.is_some_and(|planned| planned == tests.len()),
                "every planned test ok, exit code 0",
            ),
        };
        let mut observed = match (suite.format, error) {
            (_, Some(error)) => error.clone(),
            (SuiteFormat::ExitCode, None) => exit,
            (SuiteFormat::Tap, None) => format!(
                "{} of {} ok, {exit}",
                tests.len() - failed.len(),
                planned.map_or_else(|| "unplanned".to_owned(), |planned| planned.to_string())
            ),
        };
        if let Some(first) = failed.first() {
            observed.push_str(&format!("; not ok: {first}"));
        }
        judgement(check, good && error.is_none(), expected, observed)
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
        }
    }
}

/// What counts as on: everything but unset, empty, `0`, `false`, `off` and `no`.
fn flag_is_on(value: &str) -> bool {
    !matches!(value.trim().to_ascii_lowercase().as_str(), "" | "0" | "false" | "off" | "no")
}

fn names(changes: &[ObjectChange]) -> String {
    let mut names: Vec<&str> = changes.iter().take(4).map(|change| change.object.as_str()).collect();
    if changes.len() > 4 {
        names.push("…");
    }
    names.join(", ")
}

fn judge_schema(check: &Check, changes: &[ObjectChange], objects: usize) -> Judgement {
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

fn differ(changes: &[ObjectChange]) -> String {
    if changes.len() == 1 {
        "1 object differs".to_owned()
    } else {
        format!("{} objects differ", changes.len())
    }
}

fn judge_drill(
    check: &Check,
    residue: &[ObjectChange],
    kept: &[String],
    again: &[ObjectChange],
) -> Judgement {
    let expected = "the schema before, but for what is declared as kept; then the schema after";
    let observed = match (residue.is_empty(), again.is_empty()) {
        (true, true) => format!("restored exactly, {} objects kept as declared, applied again", kept.len()),
        (false, _) => format!("{} after the rollback: {}", differ(residue), names(residue)),
        (true, false) => format!("{} once applied again: {}", differ(again), names(again)),
    };
    judgement(check, residue.is_empty() && again.is_empty(), expected, observed)
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
