//! What people answer for: claims, stops, findings, waivers, notes, hazards, and what to do next.

use super::index::Index;
use super::steps::StepFacts;
use crate::definition::StepKind;
use crate::plan::{HazardClass, Plan, Tried, grouped};
use crate::session::*;
use crate::time::Timestamp;
use crate::view::{LINES_MAX, Transcript};
use serde::Serialize;

/// A sentence to be signed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClaimFacts {
    /// Short name.
    pub id: String,
    /// The sentence.
    pub text: String,
    /// As the sign-off judged it; not run before that.
    pub verdict: Verdict,
    /// What the sign-off saw.
    pub observed: Option<String>,
    /// The entry of the sign-off.
    pub entry: Option<u64>,
    /// Steps it rests on.
    pub evidence: Vec<String>,
}

/// Something that did not go as the plan says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviationFacts {
    /// The entry that carries it.
    pub entry: Option<u64>,
    /// When it was written down.
    pub at: Timestamp,
    /// The step; `None` for the whole ceremony.
    pub step: Option<String>,
    /// What should have been.
    pub expected: String,
    /// What was.
    pub observed: String,
    /// What is done about it.
    pub decided: String,
}

/// A stop of the world.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HaltFacts {
    /// The entry that stopped it.
    pub entry: Option<u64>,
    /// When.
    pub at: Timestamp,
    /// The step.
    pub step: String,
    /// Why, in words.
    pub cause: String,
    /// 1 to 8, for one of the eight conditions.
    pub condition: Option<usize>,
    /// What was observed.
    pub why: String,
    /// What was already undone and what was not.
    pub left: String,
    /// The server's error, a field a line.
    pub error: Option<String>,
    /// What was decided.
    pub decision: Option<Decision>,
    /// All five stages.
    pub stages: Vec<StageFacts>,
}

/// A stage of an escalation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageFacts {
    /// Which.
    pub stage: Stage,
    /// Whether it was done.
    pub done: bool,
    /// What was said.
    pub words: String,
    /// The entry that has it.
    pub entry: Option<u64>,
}

/// What a reviewer must see.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The entry that raised it.
    pub entry: Option<u64>,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: String,
}

/// What somebody wrote down.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    /// The entry that has it.
    pub entry: Option<u64>,
    /// When.
    pub at: Timestamp,
    /// The words.
    pub words: String,
}

/// A known failure that somebody answers for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WaiverFacts {
    /// Id of the suite or query.
    pub check: String,
    /// The tests that may fail; empty: the whole check may.
    pub tests: Vec<String>,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub granted_by: String,
    /// Last day it counts.
    pub until: String,
    /// Whether a check rested on it.
    pub used: bool,
    /// The entries of those checks.
    pub entries: Vec<u64>,
}

/// What a script can hurt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HazardFacts {
    /// The script.
    pub script: String,
    /// Its lines, in words.
    pub places: String,
    /// How it hurts.
    pub class: HazardClass,
    /// In a few words.
    pub what: String,
    /// In a sentence.
    pub why: String,
    /// What to do about it.
    pub next: String,
    /// The linter's name for it.
    pub rule: String,
    /// A comment in the file accepts it.
    pub accepted: bool,
    /// What the rehearsal made of it, in words.
    pub rehearsed: Option<String>,
}

/// Rows that were copied out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeptFacts {
    /// The entry that says so.
    pub entry: Option<u64>,
    /// The step.
    pub step: String,
    /// The table.
    pub table: String,
    /// How many.
    pub rows: u64,
    /// What puts them back, within the session folder.
    pub script: String,
}

pub(super) fn claims(session: &Session, steps: &[StepFacts]) -> Vec<ClaimFacts> {
    let checks = || steps.iter().filter(|step| step.kind == StepKind::SignOff).flat_map(|step| &step.checks);
    let one = |(at, claim): (usize, &crate::definition::Claim)| {
        let judged = checks().find(|check| check.claim == Some(at));
        ClaimFacts {
            id: claim.id.clone(),
            text: claim.text.clone(),
            verdict: judged.map_or(Verdict::NotRun, |check| check.verdict),
            observed: judged.and_then(|check| check.observed.clone()),
            entry: judged.and_then(|check| check.entry),
            evidence: claim.evidence.clone(),
        }
    };
    session.plan.ceremony.claims.iter().enumerate().map(one).collect()
}

pub(super) fn halts(session: &Session, index: &Index) -> Vec<HaltFacts> {
    let all = session.escalations.iter().chain(&session.escalation).enumerate();
    let one = |(at, escalation): (usize, &Escalation)| {
        let halt = &escalation.halt;
        let entries = index.stages.get(at);
        let mut stages = vec![StageFacts {
            stage: Stage::Stop,
            done: true,
            words: "everything stood still".to_owned(),
            entry: index.halts.get(at).copied(),
        }];
        for (place, (stage, words)) in escalation.words.iter().enumerate() {
            stages.push(StageFacts {
                stage: *stage,
                done: true,
                words: words.clone(),
                entry: entries.and_then(|entries| entries.get(place)).copied(),
            });
        }
        let rest = Stage::ALL.into_iter().filter(|stage| escalation.next.is_some_and(|next| *stage >= next));
        stages.extend(rest.map(|stage| StageFacts { stage, done: false, words: String::new(), entry: None }));
        HaltFacts {
            entry: index.halts.get(at).copied(),
            at: escalation.at.wall,
            step: halt.step.clone(),
            cause: halt.cause.words(),
            condition: match halt.cause {
                HaltCause::Condition(condition) => Some(condition.number()),
                HaltCause::Operator | HaltCause::Witness | HaltCause::Rule => None,
            },
            why: halt.why.clone(),
            left: halt.left.clone(),
            error: halt.error.as_ref().map(|error| error.card()),
            decision: escalation.decision,
            stages,
        }
    };
    all.map(one).collect()
}

pub(super) fn findings(session: &Session, index: &Index) -> Vec<Finding> {
    let entries = index.findings.iter().copied().map(Some).chain(std::iter::repeat(None));
    let all = session.findings.iter().zip(entries);
    all.map(|((at, what), entry)| Finding { entry, at: at.wall, what: what.clone() }).collect()
}

pub(super) fn notes(session: &Session, index: &Index) -> Vec<Note> {
    let entries = index.notes.iter().copied().map(Some).chain(std::iter::repeat(None));
    let all = session.notes.iter().zip(entries);
    all.map(|((at, words), entry)| Note { entry, at: at.wall, words: words.clone() }).collect()
}

pub(super) fn deviations(session: &Session, index: &Index) -> Vec<DeviationFacts> {
    let entries = index.deviations.iter().copied().map(Some).chain(std::iter::repeat(None));
    let one = |(deviation, entry): (&Deviation, Option<u64>)| DeviationFacts {
        entry,
        at: deviation.at.wall,
        step: Some(&deviation.step).filter(|step| !step.is_empty()).cloned(),
        expected: deviation.expected.clone(),
        observed: deviation.observed.clone(),
        decided: deviation.decided.clone(),
    };
    session.deviations.iter().zip(entries).map(one).collect()
}

pub(super) fn kept(session: &Session, index: &Index) -> Vec<KeptFacts> {
    let entries = index.kept.iter().copied().map(Some).chain(std::iter::repeat(None));
    let one = |(kept, entry): (&Kept, Option<u64>)| KeptFacts {
        entry,
        step: kept.step.clone(),
        table: kept.table.clone(),
        rows: kept.rows,
        script: kept.script.clone(),
    };
    session.kept.iter().zip(entries).map(one).collect()
}

pub(super) fn waivers(session: &Session, steps: &[StepFacts]) -> Vec<WaiverFacts> {
    let one = |waiver: &crate::definition::Waiver| {
        let rests = steps.iter().flat_map(|step| &step.checks);
        let rests: Vec<_> = rests
            .filter(|check| check.waiver.as_ref().is_some_and(|text| text.contains(&waiver.reason)))
            .collect();
        WaiverFacts {
            check: waiver.check.clone(),
            tests: waiver.tests.clone(),
            reason: waiver.reason.clone(),
            granted_by: waiver.granted_by.clone(),
            until: waiver.until.clone(),
            used: !rests.is_empty(),
            entries: rests.iter().filter_map(|check| check.entry).collect(),
        }
    };
    session.plan.ceremony.waivers.iter().map(one).collect()
}

pub(super) fn hazards(plan: &Plan) -> Option<Vec<HazardFacts>> {
    let one = |group: crate::plan::HazardGroup<'_>| {
        let hazard = group.first;
        let step = plan.steps.iter().find(|step| {
            step.kind == StepKind::Apply
                && plan.script_of(step).is_some_and(|script| script.name() == hazard.script)
        });
        HazardFacts {
            script: hazard.script.clone(),
            places: group.places(),
            class: hazard.class,
            what: match hazard.perhaps {
                true => format!("{}, if the DO block gets there", hazard.what),
                false => hazard.what.clone(),
            },
            why: hazard.why.clone(),
            next: hazard.next.clone(),
            rule: hazard.rule.clone(),
            accepted: hazard.accepted,
            rehearsed: step.and_then(|step| plan.tried(&step.id, &group)).map(|tried| match tried {
                Tried::Confirmed(seen) => format!("confirmed: {seen}"),
                Tried::Cleared(nothing) => format!("cleared: {nothing}"),
            }),
        }
    };
    Some(grouped(plan.hazards.as_ref()?).into_iter().map(one).collect())
}

pub(super) fn recommendations(
    session: &Session,
    transcript: &Transcript,
    steps: &[StepFacts],
) -> Vec<String> {
    let mut list = Vec::new();
    for step in steps {
        for check in &step.checks {
            let (title, id) = (&check.title, &step.id);
            match (check.verdict, &check.expected, &check.observed) {
                (Verdict::PassWithWaivers, ..) => {
                    list.push(format!("{title} of {id}: a waiver was used; mend it before the waiver ends"));
                }
                (Verdict::Fail | Verdict::NotRun, Some(expected), Some(observed)) => list.push(format!(
                    "{title} of {id}: expected {expected}, observed {observed}: mend it before the next session"
                )),
                _ => {}
            }
        }
    }
    for finding in &session.findings {
        list.push(format!("look into the finding: {}", finding.1));
    }
    if !matches!(session.phase, Phase::Closed(_)) {
        list.push(format!("the session is open: {}", session.what_is_next()));
    }
    if transcript.lines.len() >= LINES_MAX {
        list.push("there was more output than the panes keep; all of it is in session.jsonl".to_owned());
    }
    list
}
