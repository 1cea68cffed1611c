//! What a server says on the wire, parsed as it streams by in bounded memory; pure.
//!
//! The parser stands between the server and sqlx. It turns what the server says into [`Event`]s, and passes on
//! to sqlx only what sqlx needs to keep in step. Kept back are:
//! - notices and notifications: sqlx would only log the former, and takes the latter for a protocol error;
//! - rows, their description and COPY data: they become events, cut to the limits that were asked for;
//! - the fields of an error: sqlx gets a stand-in of fixed size and learns only that there was one.
//!
//! <https://www.postgresql.org/docs/15/protocol-message-formats.html>

mod card;
pub mod message;
mod row;

pub use row::{Row, RowLimits};

use super::endpoint::Position;
use crate::session::{Column, ErrorCard};
use card::CardReader;
use row::RowReader;

/// How much of one message is kept for decoding, bytes. Of errors, notices and rows less, of COPY data nothing.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// No message of a server is longer (`MaxAllocSize`), bytes.
const MESSAGE_BYTES_MAX: usize = 0x3fff_ffff;

/// What sqlx is told of an error: that there was one.
const ERROR_STAND_IN: &[u8] = b"E\0\0\0\x27SERROR\0VERROR\0CXX000\0Msee the tap\0\0";

/// Something the server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A remark beside the results.
    Notice(ErrorCard),
    /// A refusal; if its severity is FATAL or PANIC the connection ends, else [`Event::Ready`] follows.
    Error(ErrorCard, Option<Position>),
    /// The columns of the rows to come.
    RowDescription(Vec<Column>),
    /// A row, if it is within [`RowLimits`].
    Row(Row),
    /// A piece of COPY data, if [`Wanted::copy`] says so; not aligned to lines.
    CopyData(Vec<u8>),
    /// The server asks for data of COPY FROM STDIN; a CopyFail, or data if [`Wanted::feed`] says so.
    CopyIn,
    /// A command came to its end.
    CommandComplete {
        /// The command tag, such as `INSERT 0 3`.
        tag: String,
        /// How many rows were sent, kept or not.
        rows: u64,
    },
    /// The key of this backend for a cancel request.
    Key {
        /// The backend's process id.
        pid: i32,
        /// The secret that goes with it.
        secret: u32,
    },
    /// The server waits for the next query; `I` idle, `T` in a transaction, `E` in a failed one.
    Ready(u8),
    /// The connection ended, in words; nothing follows.
    Closed(String),
}

/// What the receiver of the events wants to see of the next answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Rows to keep.
    pub rows: RowLimits,
    /// Whether COPY data is passed on.
    pub copy: bool,
    /// Whether there is data for COPY FROM STDIN; else the tap refuses it.
    pub feed: bool,
    /// The tap asked, not sqlx: sqlx is to see nothing of the answer.
    pub private: bool,
}

/// Why a stream is not gone on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is not one of a PostgreSQL server.
    Malformed,
    /// Before anybody can know who listens there, it asks for the password itself.
    ClearText,
}

impl Unusable {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Malformed => "the other side does not speak PostgreSQL's protocol",
            Self::ClearText => {
                "whoever listens there asks for the password in clear text, and did not get it: only behind the \
                 log-in can be judged who it is; let pg_hba.conf say scram-sha-256 for this connection"
            }
        }
    }
}

/// AuthenticationCleartextPassword.
/// <https://www.postgresql.org/docs/15/protocol-message-formats.html>
const CLEAR_TEXT: [u8; 4] = [0, 0, 0, 3];

/// The message that is streaming by.
#[derive(Debug)]
enum State {
    Header { bytes: [u8; 5], have: usize },
    Body { kind: u8, left: usize, keep: Keep },
}

/// What becomes of a message's body.
#[derive(Debug)]
enum Keep {
    Nothing,
    Body(Vec<u8>),
    Card(Box<CardReader>),
    Row(RowReader),
    Copy,
}

/// An incremental parser of one connection's backend messages.
#[derive(Debug)]
pub struct Parser {
    state: State,
    /// Since the last end of a command.
    rows: u64,
    /// Bytes of the rows that were kept since then.
    kept: usize,
}

impl Default for Parser {
    fn default() -> Self {
        Self { state: State::HEADER, rows: 0, kept: 0 }
    }
}

impl State {
    const HEADER: Self = Self::Header { bytes: [0; 5], have: 0 };
}

impl Parser {
    /// Takes the next bytes of the server. Adds what was understood to `events` and what sqlx is to read to
    /// `forward`; both grow by no more than a small multiple of `chunk` and [`BODY_BYTES_MAX`].
    ///
    /// # Errors
    /// If a length or a body cannot be right, or it asks for what it does not get; nothing of this chunk may be passed
    /// on, and the connection is of no use any more.
    pub fn feed(
        &mut self,
        mut chunk: &[u8],
        wanted: &Wanted,
        forward: &mut Vec<u8>,
        events: &mut Vec<Event>,
    ) -> Result<(), Unusable> {
        while !chunk.is_empty() {
            let used = match &mut self.state {
                State::Header { bytes, have } => {
                    let used = chunk.len().min(5 - *have);
                    bytes[*have..*have + used].copy_from_slice(&chunk[..used]);
                    *have += used;
                    if *have == 5 {
                        let bytes = *bytes;
                        self.begin(bytes, wanted, forward)?;
                    }
                    used
                }
                State::Body { kind, left, keep } => {
                    let used = chunk.len().min(*left);
                    let piece = &chunk[..used];
                    *left -= used;
                    if is_forwarded(*kind, wanted) {
                        forward.extend_from_slice(piece);
                    }
                    match keep {
                        Keep::Nothing => {}
                        Keep::Body(body) => {
                            let room = BODY_BYTES_MAX.saturating_sub(body.len());
                            body.extend_from_slice(&piece[..used.min(room)]);
                        }
                        Keep::Card(reader) => reader.feed(piece),
                        Keep::Row(reader) => reader.feed(piece),
                        Keep::Copy => events.push(Event::CopyData(piece.to_vec())),
                    }
                    used
                }
            };
            chunk = &chunk[used..];
            if let State::Body { left: 0, .. } = self.state {
                self.end(wanted, forward, events)?;
            }
        }
        Ok(())
    }

    /// A header is complete.
    fn begin(&mut self, header: [u8; 5], wanted: &Wanted, forward: &mut Vec<u8>) -> Result<(), Unusable> {
        let [kind, length @ ..] = header;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| Unusable::Malformed)?;
        let left =
            length.checked_sub(4).filter(|left| *left <= MESSAGE_BYTES_MAX).ok_or(Unusable::Malformed)?;
        if is_forwarded(kind, wanted) {
            forward.extend_from_slice(&header);
        }
        let keep = match kind {
            b'N' | b'E' => Keep::Card(Box::default()),
            b'C' | b'T' | b'Z' | b'K' | b'R' => Keep::Body(Vec::new()),
            b'D' => {
                self.rows += 1;
                match self.rows <= wanted.rows.rows_max && self.kept < wanted.rows.bytes_max {
                    true => Keep::Row(RowReader::new(wanted.rows)),
                    false => Keep::Nothing,
                }
            }
            b'd' if wanted.copy => Keep::Copy,
            _ => Keep::Nothing,
        };
        self.state = State::Body { kind, left, keep };
        Ok(())
    }

    /// A message is complete.
    fn end(&mut self, wanted: &Wanted, out: &mut Vec<u8>, events: &mut Vec<Event>) -> Result<(), Unusable> {
        let State::Body { kind, keep, .. } = std::mem::replace(&mut self.state, State::HEADER) else {
            return Ok(());
        };
        let body = match keep {
            Keep::Row(reader) => {
                let row = reader.finish();
                self.kept = self.kept.saturating_add(row.bytes());
                events.push(Event::Row(row));
                return Ok(());
            }
            Keep::Card(reader) => {
                let (card, position) = reader.finish();
                if kind == b'E' {
                    (self.rows, self.kept) = (0, 0);
                    if !wanted.private {
                        out.extend_from_slice(ERROR_STAND_IN);
                    }
                }
                events.push(if kind == b'E' { Event::Error(card, position) } else { Event::Notice(card) });
                return Ok(());
            }
            Keep::Body(body) => body,
            Keep::Nothing | Keep::Copy => {
                if kind == b'G' {
                    events.push(Event::CopyIn);
                }
                return Ok(());
            }
        };
        events.push(match kind {
            b'R' if body == CLEAR_TEXT => return Err(Unusable::ClearText),
            b'R' => return Ok(()),
            b'C' => {
                self.kept = 0;
                Event::CommandComplete { tag: message::text(&body), rows: std::mem::take(&mut self.rows) }
            }
            b'T' => Event::RowDescription(message::columns(&body).ok_or(Unusable::Malformed)?),
            b'K' => {
                let (pid, secret) = message::key(&body).ok_or(Unusable::Malformed)?;
                Event::Key { pid, secret }
            }
            _ => Event::Ready(*body.first().ok_or(Unusable::Malformed)?),
        });
        Ok(())
    }
}

/// Whether sqlx is to read messages of this kind.
fn is_forwarded(kind: u8, wanted: &Wanted) -> bool {
    !wanted.private && !matches!(kind, b'N' | b'A' | b'E' | b'T' | b'D' | b'G' | b'H' | b'd' | b'c')
}

#[cfg(test)]
mod tests;
