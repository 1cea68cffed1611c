//! Documents over the same session and transcript: the execution report in its formats, and the runbook.

mod facts;

pub mod html;
pub mod json;
pub mod junit;

pub mod markdown;
pub mod runbook;
mod text;
mod xml;

#[cfg(test)]
mod tests;

pub use facts::*;
