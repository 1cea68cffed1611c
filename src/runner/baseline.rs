//! Loads the baseline of a definition into a fresh server of the session's own.

use super::postgres::attempt::{CONNECT_MAX, prepare};
use super::postgres::backend::{Backend, DbError, Endpoint};
use super::postgres::split::place_of;
use crate::definition::Script;
use crate::session::Failure;
use std::time::Duration;

/// How long one statement of it may take: it may bring rows with it.
const ANSWER_MAX: Duration = Duration::from_secs(600);

/// Runs the script in one transaction.
///
/// # Errors
/// In words, with the place of the statement that failed.
pub fn load(endpoint: &Endpoint, script: &Script) -> Result<(), String> {
    let prepared = prepare(script).map_err(|failure: Failure| failure.words())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let words = |error: DbError| error.to_string();
    runtime.block_on(async {
        let mut backend =
            Backend::connect(endpoint, "ceremony baseline", CONNECT_MAX).await.map_err(words)?;
        backend.answers_within(ANSWER_MAX);
        let mut quiet = |_| {};
        backend.run("BEGIN", &mut quiet).await.map_err(words)?;
        for &at in &prepared.arranged.body {
            let statement = &prepared.statements[at];
            let sql = &script.text[statement.range.clone()];
            if let Err(error) = backend.run(sql, &mut quiet).await {
                let place = place_of(&script.file, &script.text, script.first_line, statement.range.start);
                return Err(format!("{place}: {error}"));
            }
        }
        backend.run("COMMIT", &mut quiet).await.map_err(words)?;
        backend.close().await;
        Ok(())
    })
}
