//! What the record says, as far as a signature rests on it.

use super::items::{must_be_opened, was_used};
use super::statement::{Checks, Counts, Subject, Waived};
use crate::journal::{Entry, FILE_NAME, head_words};
use crate::session::{Command, Input, Mode, Phase, Session, Verdict};
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The facts of one session, computed anew from its record.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The ceremony's id.
    pub ceremony: String,
    /// The session's id.
    pub session: String,
    /// Practice never counts.
    pub mode: Mode,
    /// Whether it is over.
    pub closed: bool,
    /// Everybody who drove.
    pub operators: BTreeSet<String>,
    /// SHA-256 of the record, in hex.
    pub head: String,
    /// The same as four words.
    pub words: String,
    /// How many entries the record has.
    pub entries: u64,
    /// When the last of them was written.
    pub last: Timestamp,
    /// What follows from them.
    pub verdict: Verdict,
    /// How much of what.
    pub counts: Counts,
    /// The waivers that were used.
    pub waivers: Vec<Waived>,
    /// What a reviewer and a lead must have opened.
    pub must_open: Vec<String>,
    /// The record, the plan, the definition and every migration, as they are subjects of a statement.
    pub subjects: Vec<Subject>,
    /// Heads that the record had before, with the number of entries then.
    pub earlier: BTreeMap<String, u64>,
}

impl Facts {
    /// The facts of a session whose record has these entries and this head; `None` before it is opened.
    pub fn of(session: &Session, entries: &[Entry], head: &str) -> Option<Self> {
        let header = session.header.as_ref()?;
        let ceremony = &session.plan.ceremony;
        let mut subjects = vec![Subject::of(FILE_NAME, head), Subject::of("plan.json", &header.plan)];
        let mut files = vec![header.definition.as_str()];
        files.extend(ceremony.migrations.iter().map(|migration| migration.script.file.as_str()));
        for file in files {
            subjects.push(Subject::of(&format!("files/{file}"), header.inputs.get(file)?));
        }
        let mut operators = BTreeSet::from([header.operator.clone(), session.operator.clone()]);
        for entry in entries {
            if let Input::Command(Command::Resume { operator, .. }) = &entry.cause {
                operators.insert(operator.clone());
            }
        }
        let used = ceremony.waivers.iter().filter(|waiver| was_used(session, waiver));
        let waivers: Vec<Waived> = used
            .map(|waiver| Waived {
                check: waiver.check.clone(),
                reason: waiver.reason.clone(),
                granted_by: waiver.granted_by.clone(),
                until: waiver.until.clone(),
            })
            .collect();
        Some(Self {
            ceremony: ceremony.id.clone(),
            session: header.session.clone(),
            mode: header.mode,
            closed: matches!(session.phase, Phase::Closed(_)),
            operators,
            head: head.to_owned(),
            words: head_words(head),
            entries: entries.len() as u64,
            last: entries.last()?.t,
            verdict: session.verdict(),
            counts: counts(session, waivers.len() as u64),
            waivers,
            must_open: must_be_opened(session),
            subjects,
            earlier: entries.iter().map(|entry| (entry.prev.clone(), entry.n - 1)).collect(),
        })
    }

    /// The first waiver that was used and has ended by `time`.
    pub fn ended(&self, time: Timestamp) -> Option<&Waived> {
        let today = time.date();
        self.waivers.iter().find(|waiver| waiver.until < today)
    }

    /// Whether `principal` drove the ceremony.
    pub fn drove(&self, principal: &str) -> bool {
        self.operators.iter().any(|operator| same_person(principal, operator))
    }
}

/// Whether two names are taken for one person: the same but for capitals, or the same before an `@` when one has none.
pub fn same_person(one: &str, other: &str) -> bool {
    let local = |name: &str| name.split_once('@').map(|(local, _)| local.to_owned());
    one.eq_ignore_ascii_case(other)
        || match (local(one), local(other)) {
            (Some(local), None) => local.eq_ignore_ascii_case(other),
            (None, Some(local)) => local.eq_ignore_ascii_case(one),
            _ => false,
        }
}

fn counts(session: &Session, waivers: u64) -> Counts {
    let mut checks = Checks::default();
    for judged in session.steps.iter().flat_map(|state| &state.checks) {
        *match judged.as_ref().map(|judged| judged.verdict) {
            Some(Verdict::Pass) => &mut checks.pass,
            Some(Verdict::PassWithWaivers) => &mut checks.waived,
            Some(Verdict::Fail) => &mut checks.fail,
            Some(Verdict::NotRun) | None => &mut checks.not_run,
        } += 1;
    }
    let halts = session.escalations.len() + usize::from(session.escalation.is_some());
    Counts { checks, findings: session.findings.len() as u64, halts: halts as u64, waivers }
}
