//! Documents over the same session and transcript: the execution report in its formats, and the runbook.

mod facts;

pub mod json;

pub mod markdown;
pub mod runbook;
mod text;

pub use facts::*;
