//! What a terminal would do with bytes: every control character and every escape sequence in them, listed.

use std::fmt;

/// Something in a stream of bytes that is not a letter to be drawn.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sequence {
    /// A control character below 0x20, or 0x7F.
    Control(u8),
    /// A control character from 0x80 to 0x9F, as UTF-8.
    C1(u8),
    /// A byte that is not UTF-8: a terminal of another encoding may take it for anything.
    Byte(u8),
    /// ESC and what ends it, such as `ESC 7` or `ESC ( B`.
    Escape(String),
    /// `CSI`: parameters and intermediates, and the last letter.
    Csi(String, char),
    /// The strings: OSC `]`, DCS `P`, APC `_`, PM `^`, SOS `X`; the letter and what is in it.
    String(char, String),
    /// One that the stream ends in.
    Unfinished(String),
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

#[derive(Clone, Debug)]
enum At {
    Ground,
    Escape(String),
    Csi(String),
    /// Which one, what is in it, and whether an ESC came that may end it.
    String(char, String, bool),
}

/// Every sequence in `bytes`, in order.
pub fn sequences(bytes: &[u8]) -> Vec<Sequence> {
    let mut found = Vec::new();
    let mut at = At::Ground;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            at = step(at, c, &mut found);
        }
        found.extend(chunk.invalid().iter().map(|byte| Sequence::Byte(*byte)));
    }
    match at {
        At::Ground => {}
        other => found.push(Sequence::Unfinished(format!("{other:?}"))),
    }
    found
}

fn step(at: At, c: char, found: &mut Vec<Sequence>) -> At {
    // Within strings a terminal takes what comes, but for its end.
    match at {
        At::String(kind, mut text, escape) => {
            match c {
                '\x07' | '\u{9c}' => found.push(Sequence::String(kind, text)),
                '\\' if escape => found.push(Sequence::String(kind, text)),
                '\x18' | '\x1a' => found.push(Sequence::Control(c as u8)),
                '\x1b' => return At::String(kind, text, true),
                _ if escape => {
                    found.push(Sequence::String(kind, text));
                    return step(At::Escape(String::new()), c, found);
                }
                _ => {
                    text.push(c);
                    return At::String(kind, text, false);
                }
            }
            At::Ground
        }
        _ if matches!(c, '\x18' | '\x1a') => {
            found.push(Sequence::Control(c as u8));
            At::Ground
        }
        _ if c == '\x1b' => At::Escape(String::new()),
        _ if c < ' ' || c == '\x7f' => {
            found.push(Sequence::Control(c as u8));
            at
        }
        _ if ('\u{80}'..='\u{9f}').contains(&c) => {
            found.push(Sequence::C1(u8::try_from(u32::from(c)).unwrap()));
            match c {
                '\u{9b}' => At::Csi(String::new()),
                '\u{9d}' => At::String(']', String::new(), false),
                '\u{90}' => At::String('P', String::new(), false),
                _ => At::Ground,
            }
        }
        At::Ground => At::Ground,
        At::Escape(mut text) => match c {
            '[' if text.is_empty() => At::Csi(String::new()),
            ']' | 'P' | '_' | '^' | 'X' if text.is_empty() => At::String(c, String::new(), false),
            ' '..='/' => {
                text.push(c);
                At::Escape(text)
            }
            _ => {
                text.push(c);
                found.push(Sequence::Escape(text));
                At::Ground
            }
        },
        At::Csi(mut text) => match c {
            '@'..='~' => {
                found.push(Sequence::Csi(text, c));
                At::Ground
            }
            _ => {
                text.push(c);
                At::Csi(text)
            }
        },
    }
}

/// Whether the cockpit writes it: places, colours, its own screen, its modes; nothing else.
pub fn is_of_the_cockpit(sequence: &Sequence) -> bool {
    let Sequence::Csi(parameters, last) = sequence else { return false };
    let numbers = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b';');
    match last {
        'm' => numbers(parameters),
        'H' => numbers(parameters) && parameters.split(';').count() == 2,
        'J' => parameters == "2",
        // The other screen, the cursor, marks around what is pasted, focus, frames in one piece.
        'h' | 'l' => {
            const MODES: [&str; 10] =
                ["?1049", "?25", "?2004", "?1004", "?2026", "?1000", "?1002", "?1003", "?1015", "?1006"];
            MODES.contains(&parameters.as_str())
        }
        _ => false,
    }
}

/// What is foreign in what the cockpit wrote to a terminal. Line ends are those of what is said after it has left.
pub fn foreign_to_cockpit(bytes: &[u8]) -> Vec<Sequence> {
    let all = sequences(bytes).into_iter();
    all.filter(|it| !is_of_the_cockpit(it) && !matches!(it, Sequence::Control(b'\r' | b'\n'))).collect()
}

/// What is foreign in text without any style: everything but line ends.
pub fn foreign_to_text(bytes: &[u8]) -> Vec<Sequence> {
    sequences(bytes).into_iter().filter(|it| *it != Sequence::Control(b'\n')).collect()
}

#[test]
fn sequences_are_told_apart() {
    use Sequence::*;
    let text = |text: &str| text.to_owned();
    let of = |bytes: &[u8]| sequences(bytes);
    assert_eq!(of(b"plain"), []);
    assert_eq!(of(b"\x1b[1;31mred\x1b[0m"), [Csi(text("1;31"), 'm'), Csi(text("0"), 'm')]);
    assert_eq!(
        of(b"\x1b]0;title\x07\x1b]52;c;eA==\x1b\\"),
        [String(']', text("0;title")), String(']', text("52;c;eA=="))]
    );
    assert_eq!(of("\u{9b}2J\u{85}".as_bytes()), [C1(0x9b), Csi(text("2"), 'J'), C1(0x85)]);
    assert_eq!(
        of(b"a\x1bPq#0\x1b\\\x1b7\x1b(B\xff"),
        [String('P', text("q#0")), Escape(text("7")), Escape(text("(B")), Byte(0xff)]
    );
    assert_eq!(of(b"\x1b]0;never ended").len(), 1);
    assert_eq!(of(b"\x08\x7f"), [Control(8), Control(0x7f)]);
    assert!(foreign_to_cockpit(b"\x1b[?1049h\x1b[3;4H\x1b[38;2;1;2;3mx\x1b[?2026l\r\n").is_empty());
    for bad in
        ["\x1b[6n", "\x1b[?1h", "\x1b[31;1", "\x1b]52;c;eA==\x07", "\x07", "\u{9b}m", "\x1bc", "\x1b[1t"]
    {
        assert!(!foreign_to_cockpit(bad.as_bytes()).is_empty(), "{bad:?}");
    }
}
