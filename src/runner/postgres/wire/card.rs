//! Reads one ErrorResponse or NoticeResponse as it streams by and keeps no more of each field than a person reads.
//! <https://www.postgresql.org/docs/15/protocol-error-fields.html>

use crate::runner::bytes;
use crate::runner::postgres::endpoint::Position;
use crate::session::ErrorCard;

/// How much of a field is kept, bytes; a longer one is cut between characters and ends in "…". All fields together
/// stay near what one entry of a record may hold.
pub const FIELD_BYTES_MAX: usize = 8 << 10;

/// A state machine over the body, fed in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct CardReader {
    /// The field that streams by.
    field: Option<u8>,
    text: Vec<u8>,
    cut: bool,
    over: bool,
    card: ErrorCard,
    localised: String,
    position: Option<Position>,
}

impl CardReader {
    /// Takes the next piece of the body.
    pub(super) fn feed(&mut self, mut piece: &[u8]) {
        while !self.over
            && let Some((first, rest)) = piece.split_first()
        {
            if self.field.is_none() {
                (self.field, self.over, piece) = (Some(*first), *first == 0, rest);
                continue;
            }
            let end = piece.iter().position(|byte| *byte == 0);
            let part = &piece[..end.unwrap_or(piece.len())];
            let room = FIELD_BYTES_MAX.saturating_sub(self.text.len());
            self.text.extend_from_slice(&part[..part.len().min(room)]);
            self.cut |= part.len() > room;
            piece = end.map_or(&[], |end| &piece[end + 1..]);
            if end.is_some() {
                self.end_field();
            }
        }
    }

    /// The card, once its message is over. A field without an end was cut.
    pub(super) fn finish(mut self) -> (ErrorCard, Option<Position>) {
        if !self.text.is_empty() {
            self.cut = true;
            self.end_field();
        }
        if self.card.severity.is_empty() {
            self.card.severity = self.localised;
        }
        (self.card, self.position)
    }

    fn end_field(&mut self) {
        let field = std::mem::take(&mut self.text);
        let text = if std::mem::take(&mut self.cut) {
            bytes::text(&field[..bytes::whole(&field)]) + "…"
        } else {
            bytes::text(&field)
        };
        let card = &mut self.card;
        match self.field.take() {
            Some(b'S') => self.localised = text,
            Some(b'V') => card.severity = text,
            Some(b'C') => card.sqlstate = text,
            Some(b'M') => card.message = text,
            Some(b'D') => card.detail = Some(text),
            Some(b'H') => card.hint = Some(text),
            Some(b's') => card.schema = Some(text),
            Some(b't') => card.table = Some(text),
            Some(b'c') => card.column = Some(text),
            Some(b'n') => card.constraint = Some(text),
            Some(b'W') => card.context = Some(text),
            Some(b'q') => card.internal_query = Some(text),
            Some(b'P') => self.position = text.parse().ok().map(Position::InStatement),
            Some(b'p') => self.position = self.position.or(text.parse().ok().map(Position::Internal)),
            // The server's own source file, line and routine, the type of a value, and fields of the future.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(body: &[u8], step: usize) -> (ErrorCard, Option<Position>) {
        let mut reader = CardReader::default();
        body.chunks(step).for_each(|piece| reader.feed(piece));
        reader.finish()
    }

    #[test]
    fn every_field_of_an_error_is_kept_in_pieces_of_any_size() {
        let body = b"SFEHLER\0VERROR\0C23505\0Mm\0Dd\0Hh\0P7\0p3\0qselect\0Ww\0ss\0tt\0cc\0dint\0nn\0Ff.c\0L1\0Rr\0\0";
        let expected = ErrorCard {
            severity: "ERROR".into(),
            sqlstate: "23505".into(),
            message: "m".into(),
            detail: Some("d".into()),
            hint: Some("h".into()),
            schema: Some("s".into()),
            table: Some("t".into()),
            column: Some("c".into()),
            constraint: Some("n".into()),
            context: Some("w".into()),
            internal_query: Some("select".into()),
            ..ErrorCard::default()
        };
        for step in 1..=body.len() {
            assert_eq!(card(body, step), (expected.clone(), Some(Position::InStatement(7))), "{step}");
        }
    }

    #[test]
    fn bad_text_is_shown_and_cut_text_is_marked() {
        let (broken, position) = card(b"SNOTICE\0C00000\0Ma\xffb\0p9\0Dcut \xc3", 3);
        assert_eq!((broken.severity.as_str(), broken.message.as_str()), ("NOTICE", "a\\xFFb"));
        assert_eq!(broken.detail.as_deref(), Some("cut …"));
        assert_eq!(position, Some(Position::Internal(9)));
        assert_eq!(card(b"", 1), (ErrorCard::default(), None));
    }

    #[test]
    fn what_follows_a_huge_field_is_still_read() {
        let mut body = b"VERROR\0CP0001\0M".to_vec();
        body.extend("ż".repeat(FIELD_BYTES_MAX).bytes());
        body.extend(b"\0Hafter\0P9\0\0");
        for step in [1, 7, FIELD_BYTES_MAX, body.len()] {
            let (card, position) = card(&body, step);
            assert!(card.message.len() <= FIELD_BYTES_MAX + '…'.len_utf8() && card.message.ends_with("ż…"));
            assert_eq!((card.hint.as_deref(), position), (Some("after"), Some(Position::InStatement(9))));
        }
    }
}
