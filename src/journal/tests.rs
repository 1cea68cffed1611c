//! Cuts, flips and reorderings of a record in memory.

use super::*;
use crate::session::Command;

fn moment(micros: u64) -> Moment {
    Moment { wall: Timestamp::from_micros(1_795_360_000_000_000 + micros as i64), mono_us: micros }
}

fn record(lines: u64) -> Vec<u8> {
    let mut chain = Chain::default();
    let mut bytes = Vec::new();
    for at in 0..lines {
        let cause = Input::Command(Command::Note { words: format!("line {at}") });
        let (_, line) = chain.seal(moment(at), cause, Vec::new()).unwrap();
        chain.extend(&line);
        bytes.extend(line);
    }
    bytes
}

#[test]
fn a_cut_at_every_byte_leaves_an_exact_prefix() {
    let whole = record(4);
    let entries = recover(&whole).unwrap().entries;
    for cut in 0..=whole.len() {
        let found = recover(&whole[..cut]).unwrap();
        assert_eq!(found.entries, entries[..found.entries.len()]);
        assert_eq!(found.bytes + found.torn, cut);
        assert_eq!(whole[..found.bytes].iter().filter(|byte| **byte == b'\n').count(), found.entries.len());
    }
}

#[test]
fn every_flipped_bit_is_found_by_chain_or_head() {
    let whole = record(3);
    let head = recover(&whole).unwrap().chain.head();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            let clean = recover(&bytes).is_ok_and(|found| found.torn == 0 && found.chain.head() == head);
            assert!(!clean, "bit {bit} of byte {at} went unseen");
        }
    }
}

#[test]
fn a_missing_a_doubled_and_a_swapped_line_are_named() {
    let whole = record(4);
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let entry_of = |order: &[usize]| {
        let bytes: Vec<u8> = order.iter().flat_map(|at| lines[*at].iter().copied()).collect();
        recover(&bytes).unwrap_err().entry
    };
    assert_eq!(entry_of(&[0, 2, 3]), 2);
    assert_eq!(entry_of(&[0, 1, 1, 2, 3]), 3);
    assert_eq!(entry_of(&[0, 2, 1, 3]), 2);
}

#[test]
fn unknown_fields_are_refused() {
    let line = String::from_utf8(record(1)).unwrap().replace("\"n\":1", "\"n\":1,\"extra\":0");
    assert!(recover(line.as_bytes()).unwrap_err().what.contains("extra"));
}

/// The examples of the proquint paper: 127.0.0.1 is lusab-babad, 63.84.220.193 is gutih-tugad.
#[test]
fn head_words_are_proquints() {
    assert_eq!(head_words("7f0000013f54dcc1ffff"), "lusab babad gutih tugad");
}

#[test]
fn a_head_is_known_by_its_words_or_its_digits() {
    let head = "7f0000013f54dcc1".to_owned();
    for said in ["lusab babad gutih tugad", " Lusab-babad-gutih-tugad ", "7F0000013F54DCC1"] {
        assert_eq!(known_head(said).as_ref(), Some(&head), "{said}");
    }
    for said in [
        "",
        "lusab babad gutih",
        "lusab babad gutih tugad tugad",
        "lusab babad gutih tugae",
        "7f0000013f54dcc",
    ] {
        assert_eq!(known_head(said), None, "{said}");
    }
    for number in [0_u16, 1, 0x8000, 0xffff, 0x1234] {
        let head = format!("{number:04x}").repeat(16);
        assert_eq!(known_head(&head_words(&head)).as_deref(), Some(&head[..16]));
    }
}
