//! Documents over the same session and transcript: the execution report and the runbook.

mod deviations;
mod hazards;
pub mod markdown;
mod rehearsed;
pub mod runbook;
mod schema;
