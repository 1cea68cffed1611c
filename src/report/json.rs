//! The execution report as JSON, for programs; `docs/report.schema.json` says what is in it.

use super::Execution;
use crate::view::json_text;

/// The whole report, with a newline at its end. Texts are as recorded, what could act in them as an escape of JSON:
/// the file can be looked at on a terminal, but whoever reads it and shows them must clean them.
///
/// # Errors
/// When serde cannot write it, which a derived implementation does not do.
pub fn render(execution: &Execution) -> Result<String, serde_json::Error> {
    Ok(json_text(&serde_json::to_string_pretty(execution)?) + "\n")
}
