//! The record: one JSON line per decision, chained by hash, and what is left of it after a crash. Pure.
//!
//! `prev` of a line is the SHA-256 of all bytes before it, so `head -n K session.jsonl | sha256sum` equals `prev` of
//! line K+1. The *head* is the SHA-256 of the whole file.

pub mod file;
mod ground;
pub mod heads;
pub mod index;
pub mod pages;
pub mod plain;
pub mod reader;
pub mod tail;
pub mod torn;
mod written;

use crate::session::{Event, Input};
use crate::time::{Moment, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// Name of the record within a session folder.
pub const FILE_NAME: &str = "session.jsonl";
/// Version of the record's format, in the first entry's header.
pub const FORMAT: u32 = 1;

/// One decision: what caused it and what followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Gapless from 1.
    pub n: u64,
    /// Wall clock, UTC.
    pub t: Timestamp,
    /// Microseconds of a monotonic clock that counts suspend.
    pub m: u64,
    /// SHA-256 of all bytes before this line, 64 hexadecimal digits.
    pub prev: String,
    /// What the core heard.
    pub cause: Input,
    /// What it decided.
    pub events: Vec<Event>,
}

impl Entry {
    /// When it was decided.
    pub fn at(&self) -> Moment {
        Moment { wall: self.t, mono_us: self.m }
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(HEX[usize::from(digit)])).collect()
}

/// The hash of everything written so far.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    hasher: Sha256,
    entries: u64,
}

impl Chain {
    /// How many lines the chain covers.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// SHA-256 of all bytes so far, 64 hexadecimal digits.
    pub fn head(&self) -> String {
        hex(&self.hasher.clone().finalize())
    }

    /// The entry that comes next, and its line.
    ///
    /// # Errors
    /// When serde cannot write it, which a derived implementation does not do.
    pub fn seal(
        &self,
        at: Moment,
        cause: Input,
        events: Vec<Event>,
    ) -> Result<(Entry, Vec<u8>), serde_json::Error> {
        let entry =
            Entry { n: self.entries + 1, t: at.wall, m: at.mono_us, prev: self.head(), cause, events };
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        Ok((entry, line))
    }

    /// Takes over a line that was written.
    pub fn extend(&mut self, line: &[u8]) {
        self.hasher.update(line);
        self.entries += 1;
    }

    /// Reads the next line (with its newline) and takes it over.
    ///
    /// # Errors
    /// When it is no entry, has the wrong number, or does not chain.
    pub fn check(&mut self, line: &[u8]) -> Result<Entry, Corruption> {
        let number = self.entries + 1;
        let corrupt = |what: String| Corruption { entry: number, what };
        let text = line.strip_suffix(b"\n").ok_or_else(|| corrupt("has no end of line".to_owned()))?;
        let entry: Entry =
            serde_json::from_slice(text).map_err(|error| corrupt(format!("is not an entry: {error}")))?;
        self.follows(entry.n, &entry.prev)?;
        written::only_so(&entry, text).map_err(corrupt)?;
        self.extend(line);
        Ok(entry)
    }

    /// Whether an entry with this number and this `prev` comes next.
    fn follows(&self, n: u64, prev: &str) -> Result<(), Corruption> {
        let corrupt = |what: String| Err(Corruption { entry: self.entries + 1, what });
        if n != self.entries + 1 {
            return corrupt(format!("says it is number {n}"));
        }
        let digest = self.hasher.clone().finalize();
        let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        if !prev.bytes().eq(nibbles.map(|digit| HEX[usize::from(digit)])) {
            let head = hex(&digest);
            return corrupt(format!(
                "does not chain: its prev is {prev}, the bytes before it hash to {head}; what was changed is \
                 before it, or that prev"
            ));
        }
        Ok(())
    }
}

/// A line that cannot be trusted, and so everything behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corruption {
    /// Number of the entry, which is the number of the line.
    pub entry: u64,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {} {}", self.entry, self.what)
    }
}

/// A record as it was found.
#[derive(Debug)]
pub struct Recovered {
    /// The entries that chain.
    pub entries: Vec<Entry>,
    /// The chain over them.
    pub chain: Chain,
    /// How many bytes they take.
    pub bytes: usize,
    /// Bytes of a torn last line; it was never acknowledged.
    pub torn: usize,
}

/// Reads a whole record. A last line that was torn by a crash ([`torn::is_torn`]) is left out.
///
/// # Errors
/// With the first entry that cannot be trusted.
pub fn recover(bytes: &[u8]) -> Result<Recovered, Corruption> {
    let mut chain = Chain::default();
    let mut entries = Vec::new();
    let mut good = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match chain.check(line) {
            Ok(entry) => entries.push(entry),
            Err(_) if good + line.len() == bytes.len() && torn::is_torn(line, good as u64) => break,
            Err(corruption) => return Err(corruption),
        }
        good += line.len();
    }
    Ok(Recovered { entries, chain, bytes: good, torn: bytes.len() - good })
}

/// The format that the first line of a record says it has; `None` where it says none. What else is in the line may be
/// unknown here.
pub fn format_of(line: &[u8]) -> Option<u64> {
    let entry: serde_json::Value = serde_json::from_slice(line).ok()?;
    entry.pointer("/cause/header/format")?.as_u64()
}

const CONSONANTS: &[u8] = b"bdfghjklmnprstvz";
const VOWELS: &[u8] = b"aiou";

/// Four words that a person can compare or read out loud: the first 64 bits of a head as proquints,
/// <https://arxiv.org/html/0901.4016>.
pub fn head_words(head: &str) -> String {
    let word = |digits: &str| {
        let Ok(bits) = u16::from_str_radix(digits, 16) else { return "?????".to_owned() };
        let consonant = |shift: u16| CONSONANTS[usize::from(bits >> shift & 15)] as char;
        let vowel = |shift: u16| VOWELS[usize::from(bits >> shift & 3)] as char;
        [consonant(12), vowel(10), consonant(6), vowel(4), consonant(0)].iter().collect()
    };
    let words: Vec<String> =
        (0..4).map(|at| word(head.get(at * 4..at * 4 + 4).unwrap_or_default())).collect();
    words.join(" ")
}

/// What somebody knows of a head, as the digits that it begins with: its four words, or 16 to 64 hexadecimal digits.
/// `None` where it is neither.
pub fn known_head(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    if (16..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(text);
    }
    let words: Vec<&str> = text.split([' ', '-']).filter(|word| !word.is_empty()).collect();
    let digits: Option<String> = words.iter().map(|word| digits_of(word)).collect();
    digits.filter(|_| words.len() == 4)
}

/// The four digits that a word stands for.
fn digits_of(word: &str) -> Option<String> {
    let [c, v, d, w, e] = word.as_bytes() else { return None };
    let place = |letters: &[u8], letter: &u8| letters.iter().position(|one| one == letter);
    let bits = [(CONSONANTS, c), (VOWELS, v), (CONSONANTS, d), (VOWELS, w), (CONSONANTS, e)];
    let number = bits.into_iter().try_fold(0, |number, (letters, letter)| {
        place(letters, letter).map(|at| number * letters.len() + at)
    });
    number.map(|number| format!("{number:04x}"))
}

#[cfg(test)]
mod tests;
