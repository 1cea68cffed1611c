//! Gathers the events of one statement into its answer.

use super::{Event, Position, Tap};
use crate::runner::postgres::endpoint::in_words;
use crate::session::{Column, ErrorCard};
use std::io::{Read, Write};

/// Who hears notices and takes COPY data while the answer streams in.
pub(super) struct Ears<'a> {
    on_notice: Option<&'a mut (dyn FnMut(ErrorCard) + Send)>,
    pub(super) out: Option<&'a mut (dyn Write + Send)>,
    /// The first failure of `out`; nothing is written after it.
    pub(super) write_error: Option<std::io::Error>,
    /// The data of a COPY FROM STDIN.
    pub(super) input: Option<&'a mut (dyn Read + Send)>,
    /// Why `input` could not be read to its end.
    pub(super) read_error: Option<std::io::Error>,
}

impl<'a> Ears<'a> {
    pub(super) fn new(on_notice: &'a mut (dyn FnMut(ErrorCard) + Send)) -> Self {
        Self { on_notice: Some(on_notice), ..Self::deaf() }
    }

    pub(super) fn deaf() -> Self {
        Self { on_notice: None, out: None, write_error: None, input: None, read_error: None }
    }
}

/// What the server said to one statement.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Option<String>>>,
    /// Whether a cell was cut.
    pub(super) cut: bool,
    /// Rows in all.
    pub(super) total: u64,
    pub(super) tag: String,
    /// What ended the statement or the connection.
    pub(super) error: Option<(ErrorCard, Option<Position>)>,
    pub(super) key: Option<(i32, u32)>,
    pub(super) status: Option<u8>,
    /// Whether the server is ready for the next statement, and sent no error since.
    ready: bool,
    /// Why the connection ended.
    pub(super) closed: Option<String>,
}

impl Answer {
    pub(super) fn take(&mut self, event: Event, ears: &mut Ears<'_>) {
        match event {
            Event::Notice(card) => {
                if let Some(on_notice) = &mut ears.on_notice {
                    on_notice(card);
                }
            }
            Event::Error(card, position) => {
                self.ready = false;
                // The first error explains the next, except for the last words of a connection.
                if self.error.is_none() || is_fatal(&card) {
                    self.error = Some((card, position));
                }
            }
            Event::RowDescription(columns) => self.columns = columns,
            Event::Row(row) => {
                self.cut |= row.cut;
                self.rows.push(row.cells);
            }
            Event::CopyData(data) => {
                if let (Some(out), None) = (&mut ears.out, &ears.write_error) {
                    ears.write_error = out.write_all(&data).err();
                }
            }
            Event::CommandComplete { tag, rows } => {
                self.tag = tag;
                self.total = rows;
            }
            Event::Key { pid, secret } => self.key = Some((pid, secret)),
            Event::Ready(status) => {
                self.ready = true;
                self.status = Some(status);
            }
            Event::Closed(why) => self.closed = Some(why),
            Event::CopyIn => {}
        }
    }

    /// Takes everything that is already here.
    pub(super) fn take_waiting(&mut self, tap: &mut Tap, ears: &mut Ears<'_>) {
        while self.closed.is_none()
            && let Some(event) = tap.try_next()
        {
            self.take(event, ears);
        }
    }

    /// Whether nothing more will come.
    pub(super) fn is_over(&self) -> bool {
        self.ready || self.closed.is_some()
    }

    /// Why the connection is of no use any more, if so.
    pub(super) fn lost(&self) -> Option<String> {
        match (&self.error, &self.closed) {
            (Some((card, _)), _) if is_fatal(card) => Some(in_words(card)),
            (Some((card, _)), Some(_)) => Some(in_words(card)),
            (None, Some(why)) => Some(why.clone()),
            (_, None) => None,
        }
    }
}

/// Whether the server ends the connection with these words.
fn is_fatal(card: &ErrorCard) -> bool {
    card.severity == "FATAL" || card.severity == "PANIC"
}
