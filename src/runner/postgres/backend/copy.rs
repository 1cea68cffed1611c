//! COPY both ways: rows stream from the server into a file, and from a file to the server.

use super::answer::{Answer, Ears};
use super::message;
use super::{Backend, DbError, Tap, Wanted};
use std::io::{Read, Write};

/// How much of a file is sent at once, bytes.
const CHUNK_BYTES: usize = 64 << 10;

impl Backend {
    /// Runs a `COPY … TO STDOUT` and writes its data to `out` as it streams; returns the number of rows by the tag.
    ///
    /// # Errors
    /// As [`Backend::run`], and [`DbError::Unusable`] if `out` fails (the rest of the data is read and dropped) or
    /// the statement is another one.
    pub async fn copy_out(&mut self, query: &str, out: &mut (dyn Write + Send)) -> Result<u64, DbError> {
        let mut ears = Ears::deaf();
        ears.out = Some(out);
        let answer = self.query(query, Wanted { copy: true, ..Wanted::default() }, &mut ears).await?;
        if let Some(error) = ears.write_error {
            return Err(DbError::Unusable(format!("cannot write the copied rows: {error}")));
        }
        let rows = answer.tag.strip_prefix("COPY ").and_then(|rows| rows.parse().ok());
        rows.ok_or_else(|| DbError::Unusable(format!("not a COPY … TO STDOUT: {}", answer.tag)))
    }

    /// Runs a `COPY … FROM STDIN` with the data of `input`; returns the number of rows by the tag.
    ///
    /// # Errors
    /// As [`Backend::run`], and [`DbError::Unusable`] if `input` cannot be read (no row is kept then) or the statement
    /// is another one.
    pub async fn copy_in(&mut self, query: &str, input: &mut (dyn Read + Send)) -> Result<u64, DbError> {
        let mut ears = Ears::deaf();
        ears.input = Some(input);
        let answer = self.query(query, Wanted { feed: true, ..Wanted::default() }, &mut ears).await;
        if let Some(error) = ears.read_error {
            return Err(DbError::Unusable(format!("cannot read the rows to be copied: {error}")));
        }
        let answer = answer?;
        let rows = answer.tag.strip_prefix("COPY ").and_then(|rows| rows.parse().ok());
        rows.ok_or_else(|| DbError::Unusable(format!("not a COPY … FROM STDIN: {}", answer.tag)))
    }
}

/// The server asked for data: sends all there is, until the server refuses it.
pub(super) async fn feed(tap: &mut Tap, answer: &mut Answer, ears: &mut Ears<'_>) {
    let Some(input) = ears.input.take() else { return };
    let sender = tap.sender();
    let mut chunk = vec![0; CHUNK_BYTES];
    // After an error the server throws away what still comes.
    while answer.error.is_none() && answer.closed.is_none() {
        let (message, last) = match input.read(&mut chunk) {
            Ok(0) => (message::copy_done(), true),
            Ok(read) => (message::copy_data(&chunk[..read]), false),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                ears.read_error = Some(error);
                (message::copy_fail("the rows cannot be read"), true)
            }
        };
        loop {
            tokio::select! {
                // What the server says meanwhile is heard, or neither side would go on.
                event = tap.next(), if answer.closed.is_none() => answer.take(event, ears),
                place = sender.reserve() => {
                    // A relay that is gone said Closed.
                    if let Ok(place) = place {
                        place.send(message);
                    }
                    break;
                }
            }
        }
        if last {
            break;
        }
    }
}
