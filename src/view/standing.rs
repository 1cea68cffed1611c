//! Where a session stands, from the last events of its record alone: what a list of a thousand sessions can afford.

use crate::session::*;

/// Where a session stands, as far as the events say that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// None of the events says it.
    #[default]
    Unknown,
    /// Opened, and nothing since.
    Opened,
    /// It waits for words at this gate.
    Gate {
        /// The gate's id.
        id: String,
    },
    /// Something is in flight; without a step, the ledger is being read or probes run again.
    Running {
        /// The step.
        step: Option<String>,
    },
    /// The world is stopped.
    Stopped {
        /// The step and the condition in words; `None` when only later events were read.
        why: Option<(String, String)>,
        /// The stage that is next.
        stage: Stage,
    },
    /// It is over.
    Closed(Verdict),
}

impl Standing {
    /// Whether no earlier event is needed to say it.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown | Self::Stopped { why: None, .. })
    }

    /// Takes the next event, in the order of the record.
    pub fn take(&mut self, event: &Event) {
        let running = |step: &String| Self::Running { step: Some(step.clone()) };
        *self = match event {
            Event::Opened { .. } => Self::Opened,
            Event::GateOpened { gate } => Self::Gate { id: gate.id.clone() },
            Event::StepStarted { step, .. }
            | Event::CommitRequested { step, .. }
            | Event::DiscardRequested { step, .. }
            | Event::UnitRequested { step, .. }
            | Event::LetGo { step, .. } => running(step),
            Event::SettleStarted { .. } | Event::RecheckStarted { .. } => Self::Running { step: None },
            Event::Halted { halt } => {
                Self::Stopped { why: Some((halt.step.clone(), halt.cause.words())), stage: Stage::Assess }
            }
            Event::StageDone { stage, .. } => match stage {
                Stage::Stop => self.at_stage(Stage::Assess),
                Stage::Assess => self.at_stage(Stage::Decide),
                Stage::Decide => self.at_stage(Stage::Execute),
                // What follows the last stage says where it goes on.
                Stage::Execute | Stage::Document => self.at_stage(Stage::Document),
            },
            Event::StageReopened { .. } => self.at_stage(Stage::Decide),
            Event::Closed { verdict } => Self::Closed(*verdict),
            _ => return,
        };
    }

    fn at_stage(&self, stage: Stage) -> Self {
        let why = if let Self::Stopped { why, .. } = self { why.clone() } else { None };
        Self::Stopped { why, stage }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_known_only_with_its_reason() {
        let mut standing = Standing::default();
        standing.take(&Event::StageDone { stage: Stage::Assess, words: String::new(), decision: None });
        assert_eq!(standing, Standing::Stopped { why: None, stage: Stage::Decide });
        assert!(!standing.is_known());
        standing.take(&Event::Closed { verdict: Verdict::Fail });
        assert!(standing.is_known());
    }
}
