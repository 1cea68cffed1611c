//! Documents over the same session and transcript: the execution report and the runbook.

pub mod markdown;
pub mod runbook;
mod schema;
