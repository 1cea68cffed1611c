//! Where each entry of a record stands, so that a long one is looked at without reading all of it again. Pure.
//!
//! A record is divided into blocks. For each the chain's state before it is kept, so that a block that is read again
//! is known to be what was read the first time.

use super::{Chain, Corruption, Entry};
use crate::time::{Moment, Timestamp};

/// A block ends behind the entry with which it has so many bytes …
const BLOCK_BYTES: u64 = 256 << 10;
/// … or so many entries.
const BLOCK_ENTRIES: usize = 1024;

/// Where a record's entries stand. Entries are counted from 0 here.
#[derive(Debug)]
pub struct Index {
    /// First byte of each entry.
    starts: Vec<u64>,
    /// Entries without events whose report is one of those that were asked for.
    plain: Vec<bool>,
    blocks: Vec<Block>,
    /// Bytes of all complete lines.
    end: u64,
    /// SHA-256 of them.
    head: String,
    /// Bytes of a torn last line; it was never acknowledged.
    torn: u64,
}

#[derive(Debug)]
struct Block {
    first: usize,
    at: Moment,
    chain: Chain,
}

impl Index {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// SHA-256 of the whole record.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Bytes of a torn last line.
    pub fn torn(&self) -> u64 {
        self.torn
    }

    /// Whether entry `at` has no events and a report that was asked for.
    pub fn is_plain(&self, at: usize) -> bool {
        self.plain.get(at).is_some_and(|plain| *plain)
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The block that entry `at` is in.
    pub fn block_of(&self, at: usize) -> usize {
        self.blocks.partition_point(|block| block.first <= at).saturating_sub(1)
    }

    /// The entries of a block.
    pub fn entries_of(&self, block: usize) -> std::ops::Range<usize> {
        let first = |at: usize| self.blocks.get(at).map_or(self.len(), |block| block.first);
        first(block)..first(block + 1)
    }

    /// The block in which the last entry is that `wanted` holds for, as it does for all before it.
    pub fn block_where(&self, wanted: impl Fn(Moment) -> bool) -> usize {
        self.blocks.partition_point(|block| wanted(block.at)).saturating_sub(1)
    }

    /// The bytes of an entry, its newline with them.
    pub(super) fn bytes_of(&self, at: usize) -> std::ops::Range<u64> {
        let start = |at: usize| self.starts.get(at).copied().unwrap_or(self.end);
        start(at)..start(at + 1)
    }

    /// Whether `bytes` are those of the block, as they were chained.
    pub(super) fn is_block(&self, block: usize, bytes: &[u8]) -> bool {
        let Some(from) = self.blocks.get(block) else { return false };
        let mut chain = from.chain.clone();
        chain.hasher.update(bytes);
        match self.blocks.get(block + 1) {
            Some(next) => chain.head() == next.chain.head(),
            None => chain.head() == self.head,
        }
    }
}

use sha2::Digest;

/// Makes an [`Index`], line by line.
#[derive(Debug)]
pub struct Indexer {
    chain: Chain,
    index: Index,
    is_plain: fn(&str) -> bool,
}

impl Indexer {
    /// Nothing is read yet. `is_plain` says of a report's name whether entries with it are plain.
    pub fn new(is_plain: fn(&str) -> bool) -> Self {
        let index = Index {
            starts: Vec::new(),
            plain: Vec::new(),
            blocks: Vec::new(),
            end: 0,
            head: String::new(),
            torn: 0,
        };
        Self { chain: Chain::default(), index, is_plain }
    }

    /// Takes the next line, with its newline. What the entry holds is read only where it is not written as we do.
    ///
    /// # Errors
    /// When it is no entry, has the wrong number, or does not chain.
    pub fn line(&mut self, line: &[u8]) -> Result<(), Corruption> {
        let plain = match Glance::at(line) {
            Some(glance) => {
                self.chain.follows(glance.n, glance.prev)?;
                line.ends_with(b",\"events\":[]}\n") && report_of(glance.cause).is_some_and(self.is_plain)
            }
            None => self.chain.clone().check(line).map(|_| false)?,
        };
        let index = &mut self.index;
        let full = |block: &Block| {
            index.end - index.starts[block.first] >= BLOCK_BYTES
                || index.starts.len() - block.first >= BLOCK_ENTRIES
        };
        if index.blocks.last().is_none_or(full) {
            let no_time = || Corruption { entry: self.chain.entries + 1, what: "has no time".to_owned() };
            let at = moment_of(line).ok_or_else(no_time)?;
            index.blocks.push(Block { first: index.starts.len(), at, chain: self.chain.clone() });
        }
        index.starts.push(index.end);
        index.plain.push(plain);
        index.end += line.len() as u64;
        self.chain.extend(line);
        Ok(())
    }

    /// The index; behind the last line are `torn` bytes without an end of line.
    pub fn finish(mut self, torn: usize) -> Index {
        self.index.head = self.chain.head();
        self.index.torn = torn as u64;
        self.index
    }
}

/// What stands at the front of a line as we write it.
struct Glance<'l> {
    n: u64,
    t: &'l str,
    m: u64,
    prev: &'l str,
    /// From the cause's brace to the end of the line.
    cause: &'l [u8],
}

impl<'l> Glance<'l> {
    /// `None` for a line that is written in another way, which may still be an entry.
    fn at(line: &'l [u8]) -> Option<Self> {
        let (n, rest) = number(line.strip_prefix(b"{\"n\":")?)?;
        let (t, rest) = rest.strip_prefix(b",\"t\":\"")?.split_at_checked(27)?;
        let (m, rest) = number(rest.strip_prefix(b"\",\"m\":")?)?;
        let (prev, rest) = rest.strip_prefix(b",\"prev\":\"")?.split_at_checked(64)?;
        let cause = rest.strip_prefix(b"\",\"cause\":")?;
        // A line with a sector that was never written is looked at as a whole.
        if !cause.starts_with(b"{") || !cause.ends_with(b"]}\n") || cause.contains(&0) {
            return None;
        }
        Some(Self { n, t: std::str::from_utf8(t).ok()?, m, prev: std::str::from_utf8(prev).ok()?, cause })
    }

    fn moment(&self) -> Option<Moment> {
        Timestamp::read(self.t).map(|wall| Moment { wall, mono_us: self.m })
    }
}

fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(digits);
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

/// When the entry of a line was decided; `None` when the line is no entry.
pub(super) fn moment_of(line: &[u8]) -> Option<Moment> {
    let parsed = || serde_json::from_slice::<Entry>(line).ok().map(|entry| entry.at());
    Glance::at(line).and_then(|glance| glance.moment()).or_else(parsed)
}

/// The name of the report that a cause is about, where it is one and written as we do. Within a string no quote stands
/// without a backslash, so none of these bytes is part of one.
fn report_of(cause: &[u8]) -> Option<&str> {
    let rest = cause.strip_prefix(b"{\"input\":\"outcome\",\"attempt\":{\"session\":\"")?;
    let session = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    let (_, rest) = number(rest[session..].strip_prefix(b"\",\"number\":")?)?;
    let name = rest.strip_prefix(b"},\"report\":{\"report\":\"")?.split(|byte| *byte == b'"').next()?;
    std::str::from_utf8(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{AttemptId, Input, Outcome, Report, Source};

    fn lines(count: u64) -> Vec<Vec<u8>> {
        let mut chain = Chain::default();
        (0..count)
            .map(|n| {
                let attempt = AttemptId { session: "s".to_owned(), number: 1 };
                let text = format!("\"report\":{{\"report\":\"finished\"}} {n} ,\"events\":[]}}");
                let report = match n % 3 {
                    0 => Report::Finished,
                    _ => Report::Printed { source: Source::Stdout, text },
                };
                let at = Moment { wall: Timestamp::from_micros(1_795_360_000_000_000), mono_us: n };
                let (_, line) =
                    chain.seal(at, Input::Outcome(Outcome { attempt, report }), Vec::new()).unwrap();
                chain.extend(&line);
                line
            })
            .collect()
    }

    fn printed(report: &str) -> bool {
        report == "printed"
    }

    #[test]
    fn entries_are_found_again_and_known() {
        let lines = lines(3000);
        let mut indexer = Indexer::new(printed);
        lines.iter().for_each(|line| indexer.line(line).unwrap());
        let index = indexer.finish(0);
        assert_eq!((index.len(), index.blocks() > 2), (3000, true));
        let all = lines.concat();
        for block in 0..index.blocks() {
            let entries = index.entries_of(block);
            let bytes = index.bytes_of(entries.start).start..index.bytes_of(entries.end - 1).end;
            let mut bytes = all[bytes.start as usize..bytes.end as usize].to_vec();
            assert!(index.is_block(block, &bytes));
            bytes[7] ^= 1;
            assert!(!index.is_block(block, &bytes));
            assert!(entries.clone().all(|at| index.block_of(at) == block));
        }
        for (at, line) in lines.iter().enumerate() {
            let bytes = index.bytes_of(at);
            assert_eq!(&all[bytes.start as usize..bytes.end as usize], line);
            assert_eq!(index.is_plain(at), at % 3 != 0);
            assert_eq!(moment_of(line).unwrap().mono_us, at as u64);
        }
        let block = index.block_where(|moment| moment.mono_us <= 1500);
        assert!(index.entries_of(block).contains(&1500));
    }

    #[test]
    fn a_line_that_does_not_chain_is_refused_with_its_number() {
        let lines = lines(5);
        let mut indexer = Indexer::new(printed);
        indexer.line(&lines[0]).unwrap();
        assert_eq!(indexer.line(&lines[2]).unwrap_err().entry, 2);
        let spaced = String::from_utf8(lines[1].clone()).unwrap().replace("{\"n\":2", "{ \"n\": 2");
        assert!(indexer.line(spaced.as_bytes()).is_err(), "a line is written in one way only");
        indexer.line(&lines[1]).unwrap();
        assert!(indexer.line(b"{\"n\":3}\n").is_err());
    }
}
