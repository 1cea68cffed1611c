//! What was decided, in the past tense.

use super::{AttemptId, Decision, Halt, Header, Identity, Stage, UnitWork, Verdict, Witness};
use serde::{Deserialize, Serialize};

/// A decision. Applying events is the only way in which a session changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// The session began.
    Opened {
        /// What it is about.
        header: Box<Header>,
    },
    /// Another process went on with the session.
    Resumed {
        /// Who goes on.
        operator: String,
        /// Where the target answers now.
        address: String,
        /// The step whose outcome nobody knew.
        in_flight: Option<String>,
    },
    /// The session waits for words from the operator.
    GateOpened {
        /// What is asked.
        gate: Gate,
    },
    /// The right words were given.
    GateAnswered {
        /// The gate's id.
        gate: String,
        /// The words.
        words: String,
    },
    /// The intent to run a step. Nothing is sent before this is on disk.
    StepStarted {
        /// The step.
        step: String,
        /// Which try.
        attempt: AttemptId,
    },
    /// The server was seen for the first time: later ones must be the same.
    ServerPinned {
        /// Who it is.
        identity: Identity,
    },
    /// The server showed something unusual for a database of one's own: the gate of the step asks for words that name it.
    AcknowledgementAsked {
        /// The step.
        step: String,
        /// What was seen that nobody has acknowledged yet.
        unusual: Vec<super::Unusual>,
    },
    /// A check of the running step was judged by what was observed.
    CheckJudged {
        /// The step.
        step: String,
        /// The check within the step.
        check: String,
        /// The judgement.
        verdict: Verdict,
        /// What was wanted.
        expected: String,
        /// What was there.
        observed: String,
        /// Reason and grantor of the waiver that was used.
        waiver: Option<String>,
    },
    /// A check passes before its step has done anything: it says nothing about the step.
    CheckVacuous {
        /// The step.
        step: String,
        /// The check within the step.
        check: String,
    },
    /// Everything ran and is proved; the transaction is still open.
    StepProved {
        /// The step.
        step: String,
        /// The transaction's id.
        xid: String,
    },
    /// The intent to commit. From here to the answer the outcome is in doubt.
    CommitRequested {
        /// The step.
        step: String,
        /// Which try.
        attempt: AttemptId,
    },
    /// The transaction is to be rolled back.
    DiscardRequested {
        /// The step.
        step: String,
        /// Which try.
        attempt: AttemptId,
        /// What follows once it is rolled back.
        halt: Option<Box<Halt>>,
    },
    /// The intent to run one unit of a script without a transaction. From here to its end nobody knows.
    UnitRequested {
        /// The step.
        step: String,
        /// Which try.
        attempt: AttemptId,
        /// Counted from 0 within the script.
        index: usize,
        /// How many units the script has.
        of: usize,
        /// What is done with it.
        work: UnitWork,
    },
    /// A unit is final and counted in the ledger.
    UnitFinished {
        /// The step.
        step: String,
        /// Counted from 0 within the script.
        index: usize,
    },
    /// It is said what `resume` does with the unit that was asked for.
    UnitExplained {
        /// The step.
        step: String,
    },
    /// The runner is to let go of a step without a transaction: what ran stays.
    LetGo {
        /// The step.
        step: String,
        /// Which try.
        attempt: AttemptId,
        /// What follows then.
        halt: Option<Box<Halt>>,
    },
    /// The ledger says that a step without a transaction is half-way.
    FoundHalfWay {
        /// The step that brought it there.
        step: String,
        /// Which try.
        attempt: AttemptId,
        /// How many units are done.
        done: usize,
        /// How many there are.
        of: usize,
    },
    /// The step's transaction is committed and was read back.
    StepCommitted {
        /// The step.
        step: String,
        /// Which try.
        attempt: AttemptId,
    },
    /// A step is over.
    StepFinished {
        /// The step.
        step: String,
        /// Its worst check.
        verdict: Verdict,
    },
    /// A step could not be carried out and is open again.
    StepReopened {
        /// The step.
        step: String,
        /// What was wrong.
        why: String,
        /// What to do about it.
        next: String,
    },
    /// The running attempt is to be cancelled.
    StopRequested {
        /// Which try.
        attempt: AttemptId,
        /// 1 cancels the statement, 2 terminates the backend.
        level: u8,
        /// The rule that asks for it, in words; `None` when a person does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<String>,
        /// The witness who asks for it; `None` when the operator does, or a rule.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Witness>,
    },
    /// A witness put initials under a step.
    Witnessed {
        /// The step.
        step: String,
        /// Which try they are under.
        attempt: AttemptId,
        /// Who.
        by: Witness,
        /// The letters.
        initials: String,
    },
    /// STOP THE WORLD. Stage STOP of the escalation is done with it.
    Halted {
        /// Why.
        halt: Box<Halt>,
    },
    /// A stage of the escalation is done.
    StageDone {
        /// Which.
        stage: Stage,
        /// What a person (or, for EXECUTE, the program) had to say.
        words: String,
        /// What was decided, for stage DECIDE.
        decision: Option<Decision>,
    },
    /// A stage could not be carried out; the escalation is back at DECIDE.
    StageReopened {
        /// Why.
        why: String,
    },
    /// The ledger is to be read and compared with the record.
    SettleStarted {
        /// Which try.
        attempt: AttemptId,
    },
    /// The ledger and the record agree, or it is now known what became of the step in flight.
    Settled {
        /// The step in flight and whether it happened; `None` when nothing was in flight.
        step: Option<(String, bool)>,
    },
    /// A rollback of its own was planned.
    RollbackPlanned {
        /// Steps, in order.
        steps: Vec<String>,
    },
    /// All of its steps are done.
    RollbackDone,
    /// The team was told that a rollback is needed, or could not be told.
    TeamTold {
        /// The command that tells it.
        by: String,
        /// Why it could not.
        failed: Option<String>,
    },
    /// Rows of a table are copied out, and a script puts them back.
    RowsKept {
        /// The step.
        step: String,
        /// The table.
        table: String,
        /// How many.
        rows: u64,
        /// Within the session folder.
        script: String,
    },
    /// The phase is broken: what the preflight looked at may have changed meanwhile.
    Interrupted {
        /// What broke it, in words.
        why: String,
    },
    /// The probes of the preflight are to run again before a gate is asked.
    RecheckStarted {
        /// Which try.
        attempt: AttemptId,
        /// The gate.
        gate: Box<Gate>,
    },
    /// A probe was looked at again.
    ProbeRechecked {
        /// The step it is a check of.
        step: String,
        /// The check within the step.
        check: String,
        /// The judgement.
        verdict: Verdict,
        /// What was wanted.
        expected: String,
        /// What was there.
        observed: String,
    },
    /// The probes ran again.
    RecheckFinished {
        /// Why they did not pass; the gate cannot be confirmed then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Something a reviewer must see.
    FindingRaised {
        /// What.
        what: String,
    },
    /// Somebody wrote something down.
    NoteTaken {
        /// The words.
        words: String,
    },
    /// Something did not go as the plan says, and somebody decided what to do about it.
    DeviationTaken {
        /// The step it is about; empty for the ceremony.
        step: String,
        /// What should have been.
        expected: String,
        /// What was.
        observed: String,
        /// What is done about it.
        decided: String,
    },
    /// A command was not allowed.
    Refused {
        /// Why not and what to do.
        refusal: Refusal,
    },
    /// The ceremony is over.
    Closed {
        /// Its worst step.
        verdict: Verdict,
    },
}

impl Event {
    /// Whether it must be on disk before anything moves.
    pub fn is_barrier(&self) -> bool {
        !matches!(
            self,
            Self::CheckJudged { .. }
                | Self::ProbeRechecked { .. }
                | Self::CheckVacuous { .. }
                | Self::UnitExplained { .. }
                | Self::Refused { .. }
                | Self::FindingRaised { .. }
                | Self::RowsKept { .. }
        )
    }
}

/// What is asked of the operator before something happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Such as `apply/foundations` or `apply/foundations commit`.
    pub id: String,
    /// The step it belongs to.
    pub step: String,
    /// What is asked.
    pub kind: GateKind,
    /// The words that confirm it, letter for letter.
    pub phrase: String,
}

/// What a gate asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateKind {
    /// Shall the step run?
    Start,
    /// The proof is on the screen: shall it be final?
    Commit,
    /// Shall everything that is applied be undone?
    RollBack,
    /// Rows will die: once more.
    Delete,
}

impl GateKind {
    /// Whether no is an answer too. A start gate is left by doing nothing.
    pub fn can_be_declined(self) -> bool {
        self != Self::Start
    }
}

/// Why a command was not carried out, in the three parts every message has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// What cannot be done.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What to do instead.
    pub next: String,
}
