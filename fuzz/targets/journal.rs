//! Records: bytes that are read are a chain, and a record that somebody made up shows what it shows without a panic.

use super::root;
use ceremony::definition::load;
use ceremony::driver::replay::Player;
use ceremony::journal::index::Indexer;
use ceremony::journal::{Chain, Recovered, head_words, hex, recover};
use ceremony::plan::Plan;
use ceremony::report::{Execution, html, json, junit, markdown};
use ceremony::runner::files::DiskFolder;
use ceremony::session::{Event, Input};
use ceremony::time::{Moment, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::{Arc, LazyLock};

pub const WORDS: &[&str] = &[
    "\n",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "0",
    "1",
    "-1",
    "18446744073709551615",
    "\"n\":",
    "\"t\":",
    "\"m\":",
    "\"prev\":",
    "\"cause\":",
    "\"events\":",
    "\"step\":\"",
    "\"attempt\":",
    "apply/foundations",
    "preflight/target",
    "\"verdict\":\"pass\"",
    "\"gate\":",
    "rollback",
    "\\u001b",
    "\\ud800",
    "2026-11-22T15:04:05.000000Z",
];

static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| {
    let folder = DiskFolder::new(root()).unwrap();
    Arc::new(Plan::new(load(&folder, "ceremony.toml").unwrap()))
});

/// Entries of a line that is JSON with a cause and events, whatever it says of its place in a chain.
fn made_up(data: &[u8]) -> Vec<u8> {
    let (mut chain, mut bytes, mut micros) = (Chain::default(), Vec::new(), 0);
    for line in data.split(|byte| *byte == b'\n').take(200) {
        let Ok(value) = serde_json::from_slice::<Value>(line) else { continue };
        let Ok(cause) = serde_json::from_value::<Input>(value["cause"].clone()) else { continue };
        let all = value["events"].as_array().cloned().unwrap_or_default();
        let events: Vec<Event> =
            all.into_iter().filter_map(|event| serde_json::from_value(event).ok()).collect();
        micros += value["m"].as_u64().unwrap_or(1) % 1_000_000;
        let at = Moment { wall: Timestamp::from_micros(1_795_360_000_000_000), mono_us: micros };
        let (_, line) = chain.seal(at, cause, events).unwrap();
        chain.extend(&line);
        bytes.extend(line);
    }
    bytes
}

fn check(data: &[u8]) -> Option<Recovered> {
    let lines = data.split_inclusive(|byte| *byte == b'\n');
    let mut indexer = Indexer::new(|_| false);
    let mut indexed = Ok(());
    for line in lines.clone().filter(|line| line.ends_with(b"\n")) {
        indexed = indexed.and_then(|()| indexer.line(line));
    }
    let found = match recover(data) {
        Ok(found) => found,
        Err(corruption) => {
            assert!(
                corruption.entry >= 1
                    && corruption.entry <= lines.count() as u64
                    && !corruption.what.is_empty()
            );
            return None;
        }
    };
    assert_eq!(found.bytes + found.torn, data.len());
    assert!(!data[found.bytes..].contains(&b'\n'), "a whole line is left out as torn");
    assert_eq!(
        found.chain.head(),
        hex(&Sha256::digest(&data[..found.bytes])),
        "the head is the hash of the bytes"
    );
    assert_eq!(found.chain.entries(), found.entries.len() as u64);
    for (entry, at) in found.entries.iter().zip(1..) {
        assert_eq!(entry.n, at);
    }
    assert!(indexed.is_ok(), "the index refuses what is read");
    assert_eq!(indexer.finish(found.torn).len(), found.entries.len());
    assert_eq!(head_words(&found.chain.head()).split(' ').count(), 4);
    Some(found)
}

pub fn run(data: &[u8]) {
    check(data);
    let made = made_up(data);
    if made.is_empty() {
        return;
    }
    let found = check(&made).expect("what was sealed is read");
    let player = Player::new(PLAN.clone(), found);
    let execution = Execution::new(&player.session, &player.transcript, player.entries(), &player.head);
    let reports = [markdown::render(&execution), html::render(&execution), junit::render(&execution)];
    let data = json::render(&execution).unwrap();
    assert!(
        reports
            .iter()
            .chain([&data])
            .all(|text| text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')))
    );
}
