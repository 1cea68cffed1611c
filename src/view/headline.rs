//! Events in one line each, for the output, the log and the lines of a headless run.

use super::transcript::LineKind;
use crate::session::*;

impl Event {
    pub(super) fn line_kind(&self) -> LineKind {
        match self {
            Self::Halted { .. }
            | Self::FindingRaised { .. }
            | Self::Refused { .. }
            | Self::StepReopened { .. }
            | Self::DeviationTaken { .. }
            | Self::RecheckFinished { why: Some(_) }
            | Self::TeamTold { failed: Some(_), .. }
            | Self::StageReopened { .. } => LineKind::Bad,
            Self::StepFinished { verdict, .. } | Self::Closed { verdict } if !verdict.is_good() => {
                LineKind::Bad
            }
            _ => LineKind::Event,
        }
    }

    /// The event in one line: the step it is about (or nothing) and the words; `None` for what is shown elsewhere.
    pub fn headline(&self) -> Option<(&str, String)> {
        Some(match self {
            Self::Opened { .. } | Self::Resumed { .. } => ("", self.beginning()),
            Self::GateOpened { gate } => {
                (&gate.step, format!("gate '{}' asks for: {}", gate.id, gate.phrase))
            }
            Self::GateAnswered { gate, words } => ("", format!("gate '{gate}' answered: {words}")),
            Self::StepStarted { step, attempt } => {
                (step, format!("{step} started (attempt {})", attempt.number))
            }
            Self::ServerPinned { identity } => {
                let (version, system) = (&identity.version, &identity.system_identifier);
                ("", format!("server pinned: PostgreSQL {version} system {system}"))
            }
            Self::AcknowledgementAsked { step, unusual } => (step, asked(step, unusual)),
            Self::StepProved { step, xid } => {
                (step, format!("{step} proved in transaction {xid}, not yet final"))
            }
            Self::CommitRequested { step, .. } => (step, format!("{step}: COMMIT")),
            Self::DiscardRequested { step, .. } => (step, format!("{step}: ROLLBACK")),
            Self::UnitRequested { step, index, of, work, .. } => {
                let work = match work {
                    UnitWork::Run => "run",
                    UnitWork::Mend => "remove what an earlier try left",
                    UnitWork::LeaveOut => "left out: it happened already",
                };
                (step, format!("{step} unit {} of {of}: {work}", index + 1))
            }
            Self::UnitFinished { step, index } => (step, format!("{step} unit {} is final", index + 1)),
            Self::LetGo { step, .. } => (step, format!("{step} is let go: what ran stays")),
            Self::FoundHalfWay { step, done, of, .. } => {
                (step, format!("{step} is half-way: {done} of {of} units are done"))
            }
            Self::StepCommitted { step, .. } => (step, format!("{step} committed and read back")),
            Self::StepFinished { step, verdict } => (step, format!("{step}: {}", verdict.word())),
            Self::StepReopened { step, why, next } => {
                (step, format!("{step} is open again: {why}; next: {next}"))
            }
            Self::StopRequested { rule: Some(rule), .. } => ("", format!("STOP by rule: cancel: {rule}")),
            Self::Witnessed { step, attempt, by, initials } => (
                step,
                format!("{step} attempt {}: initials {initials} of witness {}", attempt.number, by.words()),
            ),
            Self::StopRequested { level, by, .. } => {
                let by = by.as_ref().map(|by| format!(" by witness {}", by.words())).unwrap_or_default();
                ("", format!("STOP{by}: {}", if *level < 2 { "cancel" } else { "terminate" }))
            }
            Self::Halted { halt } => {
                (&halt.step, format!("STOP THE WORLD: {}: {}", halt.cause.words(), halt.why))
            }
            Self::StageReopened { why } => ("", format!("back at DECIDE: {why}")),
            Self::SettleStarted { .. } => ("", "reading the ledger".to_owned()),
            Self::Settled { step: None } => ("", "ledger and record agree".to_owned()),
            Self::Settled { step: Some((step, happened)) } => {
                let word = if *happened { "had been committed" } else { "had not been committed" };
                (step, format!("{step} {word}"))
            }
            Self::RollbackPlanned { steps } if steps.is_empty() => ("", "rollback put aside".to_owned()),
            Self::RollbackPlanned { steps } => ("", format!("rollback planned: {}", steps.join(", "))),
            Self::RollbackDone => ("", "rollback complete".to_owned()),
            Self::TeamTold { by, failed: None } => ("", format!("the team was told by {by}")),
            Self::TeamTold { by, failed: Some(why) } => ("", format!("the team was not told ({by}: {why})")),
            Self::FindingRaised { what } => ("", format!("finding: {what}")),
            Self::RowsKept { step, table, rows, script } => {
                (step, format!("{rows} rows of {table} are kept; {script} puts them back"))
            }
            Self::Refused { refusal } => ("", format!("refused: {}: {}", refusal.what, refusal.why)),
            Self::Closed { verdict } => ("", format!("closed: {}", verdict.word())),
            Self::ProbeRechecked { verdict, .. } if verdict.is_good() => return None,
            Self::Interrupted { .. }
            | Self::RecheckStarted { .. }
            | Self::ProbeRechecked { .. }
            | Self::RecheckFinished { .. } => self.interruption(),
            Self::DeviationTaken { step, .. } => (step, self.deviation()),
            Self::CheckVacuous { step, check } => (step, format!("{check} passes before {step} too")),
            Self::StageDone { .. }
            | Self::UnitExplained { .. }
            | Self::NoteTaken { .. }
            | Self::CheckJudged { .. } => return None,
        })
    }

    /// An interruption and what follows on it, in a line.
    fn interruption(&self) -> (&str, String) {
        match self {
            Self::Interrupted { why } => ("", format!("interrupted: {why}")),
            Self::RecheckStarted { gate, .. } => {
                (&gate.step, format!("before '{}' the probes run again", gate.id))
            }
            Self::ProbeRechecked { step, check, verdict, expected, observed } => {
                let word = verdict.word();
                (step, format!("{check} again: {word}: expected {expected}, observed {observed}"))
            }
            Self::RecheckFinished { why: Some(why) } => ("", format!("the probes did not pass: {why}")),
            _ => ("", "the probes passed again".to_owned()),
        }
    }

    /// A deviation in one line.
    fn deviation(&self) -> String {
        match self {
            Self::DeviationTaken { expected, observed, decided, .. } => {
                format!("deviation: expected {expected}; observed {observed}; decided {decided}")
            }
            _ => String::new(),
        }
    }

    /// How a session, or another part of it, begins.
    fn beginning(&self) -> String {
        match self {
            Self::Opened { header } => {
                let target = header.target.full();
                format!("session {} opened by {} on {target}", header.session, header.operator)
            }
            Self::Resumed { operator, in_flight, .. } => {
                let flight = in_flight.as_ref().map(|step| format!(", '{step}' was in flight"));
                format!("resumed by {operator}{}", flight.unwrap_or_default())
            }
            _ => String::new(),
        }
    }
}

fn asked(step: &str, unusual: &[Unusual]) -> String {
    format!("{step} asks whether it is known: {}", seen_words(unusual))
}
