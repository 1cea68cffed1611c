//! STOP THE WORLD: the eight conditions, the five stages and the decisions that lead out.

use serde::{Deserialize, Serialize};

/// Any one of these halts everything at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HaltCondition {
    /// 1: a migration fails to apply.
    MigrationFailed,
    /// 2: a verification query returns what it should not.
    VerificationFailed,
    /// 3: an integration test fails after a migration.
    TestFailed,
    /// 4: a constraint violation.
    ConstraintViolated,
    /// 5: data loss.
    DataLost,
    /// 6: a foreign key violation.
    ForeignKeyViolated,
    /// 7: the application cannot start after a migration.
    ApplicationDown,
    /// 8: a database connection error after a migration.
    ConnectionLost,
}

impl HaltCondition {
    /// All eight, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::MigrationFailed,
        Self::VerificationFailed,
        Self::TestFailed,
        Self::ConstraintViolated,
        Self::DataLost,
        Self::ForeignKeyViolated,
        Self::ApplicationDown,
        Self::ConnectionLost,
    ];

    /// 1 to 8.
    pub fn number(self) -> usize {
        Self::ALL.iter().position(|other| *other == self).map_or(0, |at| at + 1)
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::MigrationFailed => "a migration fails to apply",
            Self::VerificationFailed => "a verification query returns what it should not",
            Self::TestFailed => "an integration test fails after a migration",
            Self::ConstraintViolated => "a constraint violation",
            Self::DataLost => "data loss",
            Self::ForeignKeyViolated => "a foreign key violation",
            Self::ApplicationDown => "the application cannot start after a migration",
            Self::ConnectionLost => "a database connection error after a migration",
        }
    }

    /// The condition that an SQLSTATE of class 23 stands for; every other error of a migration is condition 1.
    pub fn of_sqlstate(sqlstate: &str) -> Self {
        match sqlstate {
            "23503" => Self::ForeignKeyViolated,
            state if state.starts_with("23") => Self::ConstraintViolated,
            state if state.starts_with("08") || state.starts_with("57P") => Self::ConnectionLost,
            _ => Self::MigrationFailed,
        }
    }
}

/// Why the world is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", content = "condition", rename_all = "kebab-case")]
pub enum HaltCause {
    /// One of the eight.
    Condition(HaltCondition),
    /// Somebody pressed STOP, or declined to commit.
    Operator,
    /// Somebody who watches pressed STOP.
    Witness,
    /// Too many others waited too long for a step.
    Rule,
}

impl HaltCause {
    /// For people.
    pub fn words(self) -> String {
        match self {
            Self::Condition(condition) => {
                format!("condition {} of 8: {}", condition.number(), condition.words())
            }
            Self::Operator => "stopped by the operator".to_owned(),
            Self::Witness => "stopped by a witness".to_owned(),
            Self::Rule => "stopped by rule: it kept others waiting".to_owned(),
        }
    }
}

/// The escalation, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Everything stands still. Done by the halt itself.
    Stop,
    /// Errors, log and verification results are read.
    Assess,
    /// Is a rollback needed?
    Decide,
    /// What was decided is done.
    Execute,
    /// The issue and its resolution are written down.
    Document,
}

impl Stage {
    /// All five, in order.
    pub const ALL: [Self; 5] = [Self::Stop, Self::Assess, Self::Decide, Self::Execute, Self::Document];

    /// For the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stop => "STOP",
            Self::Assess => "ASSESS",
            Self::Decide => "DECIDE",
            Self::Execute => "EXECUTE",
            Self::Document => "DOCUMENT",
        }
    }
}

/// What stage DECIDE can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Go on: the step is tried again, or the stop is lifted.
    Resume,
    /// Undo everything that is applied, last one first.
    RollBack,
    /// Leave everything as it is and end the ceremony.
    Abandon,
}

impl Decision {
    /// What is typed for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Resume => "resume",
            Self::RollBack => "roll back",
            Self::Abandon => "abandon",
        }
    }

    /// The decision that `word` stands for.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Resume, Self::RollBack, Self::Abandon].into_iter().find(|decision| decision.word() == word)
    }
}

/// A stop of the world and how it was dealt with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Halt {
    /// Why.
    pub cause: HaltCause,
    /// The step during which it happened.
    pub step: String,
    /// What was observed, in words.
    pub why: String,
    /// What of the step is already undone and what is not, in words.
    pub left: String,
    /// The server's words, if an error of the server is behind it.
    pub error: Option<Box<super::ErrorCard>>,
}
