//! The database a ceremony is meant for, and how long anything there may take.

use super::Script;
use serde::Serialize;

/// The database a ceremony is meant for.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Target {
    /// `address:port/database`; another one is a finding.
    pub planned: Option<String>,
    /// Where to connect when the command line names nothing.
    pub url: Option<String>,
    /// Loaded into a fresh embedded server.
    pub baseline: Option<Script>,
    /// Why the database counts as local although nothing shows that it is on this machine.
    pub unproven: Option<String>,
}

/// Deadlines, in milliseconds, and what rehearsed durations are worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// `lock_timeout` of a step's backend.
    pub lock_timeout_ms: u64,
    /// `statement_timeout` of a step's backend.
    pub statement_timeout_ms: u64,
    /// `idle_in_transaction_session_timeout` while the commit gate waits: the dead man's switch.
    pub answer_timeout_ms: u64,
    /// After so long without a key at an open gate the phase is broken, and its probes run again.
    pub idle_ms: u64,
    /// For a suite that names none.
    pub suite_timeout_ms: u64,
    /// A statement may take so many times what it took in the rehearsal; 0 turns budgets off.
    pub budget_factor: u64,
    /// No budget is smaller: what takes a moment may take ten.
    pub budget_ms_min: u64,
    /// A step is stopped when so many others wait for it, 1 to 32; 0 never stops it.
    pub blocked_sessions_max: u64,
    /// So long each of them must have waited; 0 never stops it.
    pub blocked_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lock_timeout_ms: 5_000,
            statement_timeout_ms: 120_000,
            answer_timeout_ms: 900_000,
            idle_ms: 900_000,
            suite_timeout_ms: 120_000,
            budget_factor: 10,
            budget_ms_min: 2_000,
            blocked_sessions_max: 3,
            blocked_ms_max: 2_000,
        }
    }
}
