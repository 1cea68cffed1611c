//! Documents over the same session and transcript: the execution report and the runbook.

mod hazards;
pub mod markdown;
pub mod runbook;
