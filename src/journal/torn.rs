//! The end of a record after a crash: what may be cut there, and what is damage. Pure.

use serde::de::IgnoredAny;

/// What a disk writes whole or not at all, bytes.
const SECTOR: u64 = 512;

/// Whether the last `line` of a record, which begins at byte `from` and is no entry, was torn by a crash: it stops
/// before its end, or one of its sectors was never written. Then it was never acknowledged and may be cut.
pub fn is_torn(line: &[u8], from: u64) -> bool {
    has_empty_sector(line, from) || !line.ends_with(b"\n") && !is_whole_and_more(line)
}

/// Whether in one of the disk's sectors everything that belongs to the line is zero. An entry has no such byte.
fn has_empty_sector(line: &[u8], from: u64) -> bool {
    let first = usize::try_from(SECTOR - from % SECTOR).unwrap_or(usize::MAX).min(line.len());
    let (begin, rest) = line.split_at(first);
    let empty = |part: &[u8]| !part.is_empty() && part.iter().all(|byte| *byte == 0);
    empty(begin) || rest.chunks(SECTOR as usize).any(empty)
}

/// Whether a whole entry stands there with something behind it: a crash leaves the beginning of a line and never more
/// than the line, so its end was changed.
fn is_whole_and_more(line: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(line).into_iter::<IgnoredAny>();
    matches!(values.next(), Some(Ok(_))) && values.byte_offset() < line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_crash_leaves_and_what_it_does_not() {
        for torn in [&b"{"[..], b"{\"n\":1,\"t\":\"2026-", b"{\"n\":1}", b"\0\0\0"] {
            assert!(is_torn(torn, 0), "{torn:?}");
        }
        for damage in [&b"{\"n\":1}J"[..], b"{\"n\":1}{\"n\":2", b"{\"n\":1}\n", b"{\"n\":1,\n"] {
            assert!(!is_torn(damage, 0), "{damage:?}");
        }
    }

    /// Sectors are those of the file, wherever the line begins.
    #[test]
    fn a_sector_that_was_never_written() {
        let mut line = vec![b'x'; 1500];
        line.push(b'\n');
        line[100..612].fill(0);
        assert!(is_torn(&line, 412), "sectors begin at 100 and at 612 of the line");
        assert!(!is_torn(&line, 413));
        assert!(!is_torn(&line, 0));
        line[99] = 0;
        assert!(is_torn(&line, 413));
        line[..100].fill(0);
        assert!(is_torn(&line, 1024 - 100), "what was not written of a sector that had an older end");
    }
}
