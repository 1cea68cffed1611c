//! The shipped ceremony with hostile text in its definition, and folders of sessions with hostile records.

use crate::mutate::{Mutator, held_with, sealed};
use crate::payload::hostile;
use crate::support::{header, root, witnessed_plan};
use ceremony::definition::{FileBytes, Folder, load};
use ceremony::plan::Plan;
use ceremony::runner::fake::Seed;
use ceremony::runner::files::{DiskFolder, sha256};
use ceremony::runner::session_folder::{Origin, fill};
use std::path::Path;
use std::sync::Arc;

/// Keys of the definition whose values are words for people.
const WORDS: [&str; 9] =
    ["title", "purpose", "summary", "when", "text", "reason", "why", "granted_by", "value"];

/// A definition with other words: whatever `word` makes of each.
pub fn with_words(definition: &str, mut word: impl FnMut(&str) -> String) -> String {
    let line = |line: &str| {
        let found = WORDS.iter().find(|key| line.trim_start().starts_with(&format!("{key} = \"")));
        match found {
            Some(key) => format!("{key} = {}", quoted(&word(line))),
            None => line.to_owned(),
        }
    };
    definition.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

/// As TOML writes it.
pub fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            ' '..='~' => c.to_string(),
            c => format!("\\U{:08X}", u32::from(c)),
        })
        .collect();
    format!("\"{escaped}\"")
}

/// A folder with another definition.
struct Other<'f>(&'f DiskFolder, String);

impl Folder for Other<'_> {
    fn read(&self, path: &str) -> Result<FileBytes, String> {
        match path {
            "ceremony.toml" => {
                Ok(FileBytes { bytes: self.1.clone().into_bytes(), sha256: sha256(self.1.as_bytes()) })
            }
            other => self.0.read(other),
        }
    }
}

/// The shipped plan with hostile words wherever words are allowed; how many. What is refused (an empty title) is put
/// another way.
pub fn hostile_plan(number: u64) -> (Arc<Plan>, u64) {
    let (mut seed, mut count) = (Seed(number), 0);
    let shipped = std::fs::read_to_string(root().join("ceremony.toml")).unwrap();
    let text = with_words(&shipped, |_| {
        count += 1;
        format!("x{}", hostile(&mut seed))
    });
    let disk = DiskFolder::new(root()).unwrap();
    let ceremony = load(&Other(&disk, text), "ceremony.toml").unwrap();
    let mut plan = Plan::new(ceremony);
    if number.is_multiple_of(2) {
        let asks = &witnessed_plan().steps;
        for (step, asks) in plan.steps.iter_mut().zip(asks) {
            step.witness = asks.witness;
        }
    }
    (Arc::new(plan), count)
}

/// A session in `session`, made over the ceremony in `ceremony`, with hostile text in every field that can be changed.
pub fn hostile_session(ceremony: &Path, session: &Path, number: u64) -> u64 {
    let plan = Arc::new(Plan::new(load(&DiskFolder::new(ceremony).unwrap(), "ceremony.toml").unwrap()));
    std::fs::create_dir_all(session).unwrap();
    let origin = Origin { folder: ceremony.to_owned(), definition: "ceremony.toml".to_owned(), url: None };
    let mut header = header();
    header.plan = fill(session, &DiskFolder::new(ceremony).unwrap(), &plan, &origin).unwrap();
    header.inputs = plan.ceremony.files.clone();
    let entries = held_with(&plan, number, header);
    let mut mutator = Mutator::new(number, true);
    let (made, _, _) = mutator.record(&plan, &entries);
    std::fs::write(session.join("session.jsonl"), sealed(&made).0).unwrap();
    mutator.strings
}
