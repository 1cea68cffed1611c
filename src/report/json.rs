//! The execution report as JSON, for programs; `docs/report.schema.json` says what is in it.

use super::Execution;

/// The whole report, with a newline at its end. Texts are as recorded: whoever shows them must clean them.
///
/// # Errors
/// When serde cannot write it, which a derived implementation does not do.
pub fn render(execution: &Execution) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(execution)? + "\n")
}
