//! Cuts SQL text into tokens the way PostgreSQL's own scanner sees quotes, dollar tags and comments; knows no grammar.
//!
//! Rules: <https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/parser/scan.l>, with
//! `standard_conforming_strings = on`.

use std::ops::Range;

/// What a token is, as far as finding the ends of statements needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Space,
    Comment,
    /// A keyword or a name without quotes.
    Word,
    /// A name in double quotes.
    Name,
    /// A constant in single quotes or dollar quotes.
    Text,
    Semicolon,
    Open,
    Close,
    Comma,
    Dot,
    /// A backslash outside of quotes and the rest of its line: never SQL, always a command to psql.
    MetaCommand,
    Other,
}

/// Something that was opened and not closed before the end of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unclosed {
    Comment,
    Name,
    Text,
    DollarQuote,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub range: Range<usize>,
    pub unclosed: Option<Unclosed>,
}

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Bytes of the mark that some editors put first; it is no part of the SQL.
pub(super) fn mark_length(text: &str) -> usize {
    if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 }
}

/// The tokens of `text` from byte `from` on; together they cover every byte. `from` is a character boundary.
pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Self {
        Scanner { text, bytes: text.as_bytes(), pos: mark_length(text) }
    }

    /// Goes on at `pos`; used to step over data that is no SQL.
    pub fn jump(&mut self, pos: usize) {
        self.pos = pos.min(self.bytes.len());
    }

    fn byte(&self, pos: usize) -> u8 {
        self.bytes.get(pos).copied().unwrap_or(0)
    }

    fn skip_while(&self, mut pos: usize, wanted: impl Fn(u8) -> bool) -> usize {
        while pos < self.bytes.len() && wanted(self.bytes[pos]) {
            pos += 1;
        }
        pos
    }

    /// The end of a token that starts at `pos`, what it is, and whether it was closed.
    fn token_at(&self, pos: usize) -> (TokenKind, usize, Option<Unclosed>) {
        let (first, second) = (self.byte(pos), self.byte(pos + 1));
        match first {
            b if is_space(b) => (TokenKind::Space, self.skip_while(pos, is_space), None),
            b'-' if second == b'-' => {
                (TokenKind::Comment, self.skip_while(pos, |b| !matches!(b, b'\n' | b'\r')), None)
            }
            b'/' if second == b'*' => self.block_comment(pos),
            b'\'' => self.text_constant(pos + 1, false),
            b'e' | b'E' if second == b'\'' => self.text_constant(pos + 2, true),
            b'u' | b'U' if second == b'&' && self.byte(pos + 2) == b'\'' => {
                self.text_constant(pos + 3, false)
            }
            b'u' | b'U' if second == b'&' && self.byte(pos + 2) == b'"' => self.quoted_name(pos + 3),
            b'"' => self.quoted_name(pos + 1),
            b'$' => self.dollar(pos),
            b if is_word_start(b) => (TokenKind::Word, self.skip_while(pos, is_word_part), None),
            // A dollar ends a number, so that `1$$…$$` reads as PostgreSQL reads it.
            b if b.is_ascii_digit() => {
                (TokenKind::Other, self.skip_while(pos, |b| is_word_part(b) && b != b'$'), None)
            }
            b'\\' => (TokenKind::MetaCommand, self.skip_while(pos, |b| !matches!(b, b'\n' | b'\r')), None),
            b';' => (TokenKind::Semicolon, pos + 1, None),
            b'(' => (TokenKind::Open, pos + 1, None),
            b')' => (TokenKind::Close, pos + 1, None),
            b',' => (TokenKind::Comma, pos + 1, None),
            b'.' => (TokenKind::Dot, pos + 1, None),
            _ => (TokenKind::Other, pos + 1, None),
        }
    }

    fn block_comment(&self, start: usize) -> (TokenKind, usize, Option<Unclosed>) {
        let mut pos = start + 2;
        let mut depth = 1_usize;
        while pos < self.bytes.len() {
            match (self.byte(pos), self.byte(pos + 1)) {
                (b'/', b'*') => (depth, pos) = (depth + 1, pos + 2),
                (b'*', b'/') => (depth, pos) = (depth - 1, pos + 2),
                _ => pos += 1,
            }
            if depth == 0 {
                return (TokenKind::Comment, pos, None);
            }
        }
        (TokenKind::Comment, self.bytes.len(), Some(Unclosed::Comment))
    }

    /// `pos` is behind the opening quote.
    fn text_constant(&self, mut pos: usize, backslash_escapes: bool) -> (TokenKind, usize, Option<Unclosed>) {
        while pos < self.bytes.len() {
            match self.byte(pos) {
                b'\\' if backslash_escapes => pos += 2,
                b'\'' if self.byte(pos + 1) == b'\'' => pos += 2,
                b'\'' => match self.continued(pos + 1) {
                    // A constant continued on a new line keeps its escapes.
                    Some(next) if backslash_escapes => pos = next,
                    _ => return (TokenKind::Text, pos + 1, None),
                },
                _ => pos += 1,
            }
        }
        (TokenKind::Text, self.bytes.len(), Some(Unclosed::Text))
    }

    /// Behind the quote that continues a constant: white space with a newline, perhaps `--` comments, a quote.
    fn continued(&self, mut pos: usize) -> Option<usize> {
        let mut newline = false;
        loop {
            match self.byte(pos) {
                b'\n' | b'\r' => (newline, pos) = (true, pos + 1),
                b if is_space(b) => pos += 1,
                b'-' if self.byte(pos + 1) == b'-' => {
                    pos = self.skip_while(pos, |b| !matches!(b, b'\n' | b'\r'));
                }
                b'\'' if newline => return Some(pos + 1),
                _ => return None,
            }
        }
    }

    fn quoted_name(&self, mut pos: usize) -> (TokenKind, usize, Option<Unclosed>) {
        while pos < self.bytes.len() {
            match (self.byte(pos), self.byte(pos + 1)) {
                (b'"', b'"') => pos += 2,
                (b'"', _) => return (TokenKind::Name, pos + 1, None),
                _ => pos += 1,
            }
        }
        (TokenKind::Name, self.bytes.len(), Some(Unclosed::Name))
    }

    /// A dollar quote, or a parameter such as `$1`.
    fn dollar(&self, start: usize) -> (TokenKind, usize, Option<Unclosed>) {
        let mut end = start + 1;
        if is_word_start(self.byte(end)) {
            end = self.skip_while(end, |b| is_word_part(b) && b != b'$');
        }
        if self.byte(end) != b'$' {
            return (TokenKind::Other, start + 1, None);
        }
        let tag = &self.text[start..=end];
        match self.text[end + 1..].find(tag) {
            Some(found) => (TokenKind::Text, end + 1 + found + tag.len(), None),
            None => (TokenKind::Text, self.bytes.len(), Some(Unclosed::DollarQuote)),
        }
    }
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if self.pos >= self.bytes.len() {
            return None;
        }
        let (kind, end, unclosed) = self.token_at(self.pos);
        let range = self.pos..end.min(self.bytes.len());
        self.pos = range.end;
        Some(Token { kind, range, unclosed })
    }
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// Bytes of characters beyond ASCII belong to words, as in PostgreSQL.
fn is_word_start(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b >= 0x80
}

fn is_word_part(b: u8) -> bool {
    is_word_start(b) || b.is_ascii_digit() || b == b'$'
}
