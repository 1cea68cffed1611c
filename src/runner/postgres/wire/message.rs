//! Bodies of single protocol messages: decoding what the server says, building what the tap says itself.
//! Formats: <https://www.postgresql.org/docs/15/protocol-message-formats.html>

use crate::runner::bytes;
use crate::session::Column;

/// Types that are aligned to the right, as psql does: int2, int4, int8, float4, float8, numeric, oid, xid, xid8,
/// cid, money.
const NUMERIC_OIDS: [u32; 11] = [21, 23, 20, 700, 701, 1700, 26, 28, 5069, 29, 790];

/// A cursor over a message's body; every read is checked.
struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    fn i16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// Up to the next NUL; a text without one was cut and ends in "…".
    fn text(&mut self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        match self.0.iter().position(|byte| *byte == 0) {
            Some(end) => {
                let text = bytes::text(&self.0[..end]);
                self.0 = &self.0[end + 1..];
                Some(text)
            }
            None => {
                let text = bytes::text(&self.0[..bytes::whole(self.0)]) + "…";
                self.0 = &[];
                Some(text)
            }
        }
    }
}

/// Names and alignments of a RowDescription; `None` when it is malformed.
pub(super) fn columns(body: &[u8]) -> Option<Vec<Column>> {
    let mut body = Body(body);
    let count = body.i16()?;
    let mut columns = Vec::new();
    for _ in 0..count {
        let name = body.text()?;
        body.take(6)?; // the table's oid and the attribute's number
        let numeric = NUMERIC_OIDS.contains(&body.u32()?);
        body.take(8)?; // the type's size and modifier, the format
        columns.push(Column { name, numeric });
    }
    Some(columns)
}

/// The process id and secret of a BackendKeyData.
pub(super) fn key(body: &[u8]) -> Option<(i32, u32)> {
    let mut body = Body(body);
    Some((body.u32()?.cast_signed(), body.u32()?))
}

/// The one text of a CommandComplete.
pub(super) fn text(body: &[u8]) -> String {
    Body(body).text().unwrap_or_default()
}

/// A StartupMessage with exactly these settings, protocol 3.0.
pub fn startup(user: &str, database: &str, application_name: &str) -> Vec<u8> {
    let settings = [
        ("user", user),
        ("database", database),
        ("application_name", application_name),
        ("client_encoding", "UTF8"),
        ("DateStyle", "ISO, MDY"),
        ("TimeZone", "UTC"),
        ("extra_float_digits", "1"),
    ];
    let mut message = vec![0, 0, 0, 0, 0, 3, 0, 0];
    for (name, value) in settings {
        push_text(&mut message, name);
        push_text(&mut message, value);
    }
    message.push(0);
    set_length(&mut message, 0);
    message
}

/// A CancelRequest for the backend with this key.
pub fn cancel(pid: i32, secret: u32) -> Vec<u8> {
    let mut message = Vec::with_capacity(16);
    message.extend(16_u32.to_be_bytes());
    message.extend(80_877_102_u32.to_be_bytes());
    message.extend(pid.to_be_bytes());
    message.extend(secret.to_be_bytes());
    message
}

/// Parse (unnamed), Describe and Sync: the server analyses the text and says which columns it will have, but
/// runs nothing, and refuses more than one statement.
pub fn analyse(sql: &str) -> Vec<u8> {
    let mut message = vec![b'P', 0, 0, 0, 0, 0];
    push_text(&mut message, sql);
    message.extend([0, 0]);
    set_length(&mut message, 1);
    message.extend(b"D\0\0\0\x06S\0");
    message.extend(b"S\0\0\0\x04");
    message
}

/// A piece of data for COPY FROM STDIN.
pub fn copy_data(data: &[u8]) -> Vec<u8> {
    let mut message = vec![b'd', 0, 0, 0, 0];
    message.extend(data);
    set_length(&mut message, 1);
    message
}

/// The end of the data for COPY FROM STDIN.
pub fn copy_done() -> Vec<u8> {
    b"c\0\0\0\x04".to_vec()
}

/// A CopyFail: there is no data for COPY FROM STDIN, or no more.
pub fn copy_fail(why: &str) -> Vec<u8> {
    let mut message = vec![b'f', 0, 0, 0, 0];
    push_text(&mut message, why);
    set_length(&mut message, 1);
    message
}

/// A text ends at its first NUL, whatever follows.
fn push_text(message: &mut Vec<u8>, text: &str) {
    message.extend(text.bytes().take_while(|byte| *byte != 0));
    message.push(0);
}

/// Writes the length of everything from `at` on to `at`; nothing this side sends comes near 4 GiB.
fn set_length(message: &mut [u8], at: usize) {
    let length = u32::try_from(message.len() - at).unwrap_or(u32::MAX);
    if let Some(place) = message.get_mut(at..at + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_themselves() {
        let message = startup("u", "d", "a");
        assert_eq!(message[..4], u32::try_from(message.len()).unwrap().to_be_bytes());
        assert_eq!(copy_fail("x")[1..5], u32::try_from(copy_fail("x").len() - 1).unwrap().to_be_bytes());
        assert_eq!(cancel(1, 2).len(), 16);
        assert!(analyse("select 1; select 2").windows(9).any(|part| part == b"select 2\0"));
    }

    #[test]
    fn a_short_row_description_is_malformed() {
        assert_eq!(columns(b"\0\x01id\0\0\0"), None);
        assert_eq!(columns(b"\0\0"), Some(Vec::new()));
    }
}
