//! Records in which every field that holds text holds hostile text. Fields are found by trying: whichever string of an
//! entry can be another one, so that the entry is still read and still fits, is another one.

use crate::payload::hostile;
use crate::support::{World, header};
use ceremony::driver::follow;
use ceremony::journal::{Chain, Entry, recover};
use ceremony::plan::Plan;
use ceremony::runner::fake::Seed;
use ceremony::session::*;
use ceremony::view::Transcript;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A whole ceremony over the fake world, with faults, stops, notes, deviations, initials and much output.
pub fn held(plan: &Arc<Plan>, number: u64) -> Vec<Entry> {
    held_with(plan, number, header())
}

/// As [`held`], begun with a header.
pub fn held_with(plan: &Arc<Plan>, number: u64, header: Header) -> Vec<Entry> {
    let mut seed = Seed(number);
    let mut world = World::new(plan.clone(), seed.draw());
    world.runner.fault_once_in = [0, 300, 60][usize::try_from(number % 3).unwrap()];
    world.command(Command::Open { header: Box::new(header) });
    for round in 0..900_u64 {
        world.clock_us += seed.below(2_000_000);
        if matches!(world.drive.session.phase, Phase::Running(_)) && seed.once_in(6) {
            let attempt = world.runner.pending.front().map(|outcome| outcome.attempt.clone());
            if let Some(attempt) = attempt {
                world.feed(Input::Outcome(Outcome { attempt, report: said(round) }));
            }
        }
        if !world.runner.pending.is_empty() && !seed.once_in(60) {
            world.deliver();
            continue;
        }
        let command = next(&world, &mut seed);
        world.command(command);
        if matches!(world.drive.session.phase, Phase::Closed(_)) && seed.once_in(2) {
            break;
        }
    }
    recover(&world.drive.journal.bytes).unwrap().entries
}

/// What a server or a program says on the way.
fn said(round: u64) -> Report {
    let text = |name: &str| Some(format!("{name} {round}"));
    match round % 3 {
        0 => Report::Printed { source: Source::Server, text: format!("line {round}\n") },
        1 => Report::Noticed {
            more: Vec::new(),
            notice: Box::new(ErrorCard {
                severity: "NOTICE".to_owned(),
                sqlstate: "00000".to_owned(),
                message: format!("message {round}"),
                detail: text("detail"),
                hint: text("hint"),
                schema: text("schema"),
                table: text("table"),
                column: text("column"),
                constraint: text("constraint"),
                context: text("context"),
                internal_query: text("query"),
                ..ErrorCard::default()
            }),
        },
        _ => Report::Sampled {
            sample: Box::new(Sample {
                pid: 7,
                held: vec![Held { on: format!("public.t{round}"), mode: "ACCESS SHARE".to_owned() }],
                ..Sample::default()
            }),
        },
    }
}

fn next(world: &World, seed: &mut Seed) -> Command {
    let session = &world.drive.session;
    let words = "because of words".to_owned();
    let by = Witness { name: "bea of the others".to_owned(), uid: 1001 };
    if session.header.is_some() && seed.once_in(12) {
        let step = session.current_step().unwrap_or_default().to_owned();
        return match seed.below(4) {
            0 => Command::Note { words },
            1 => Command::Deviate {
                step,
                expected: "this".to_owned(),
                observed: "that".to_owned(),
                decided: words,
            },
            2 => Command::Witness { by, initials: "BO".to_owned(), step: None, attempt: None },
            _ => Command::Interrupted { by: Interruption::Suspended, lasted_us: 90_000_000 },
        };
    }
    match &session.phase {
        Phase::Unopened => Command::Open { header: Box::new(header()) },
        Phase::Gate(_) if session.waits_for_witness() => {
            Command::Witness { by, initials: "BO".to_owned(), step: None, attempt: None }
        }
        Phase::Gate(gate) => Command::Answer { gate: gate.id.clone(), words: gate.phrase.clone() },
        Phase::Running(_) => Command::Note { words },
        Phase::Stopped => match session.escalation.as_ref().and_then(|escalation| escalation.next) {
            Some(Stage::Assess) => Command::Assess { words },
            Some(Stage::Decide) => {
                let all = [Decision::Resume, Decision::Resume, Decision::Resume, Decision::RollBack];
                Command::Decide { decision: all[usize::try_from(seed.below(4)).unwrap()], words }
            }
            _ => Command::Document { words },
        },
        Phase::Closed(_) => Command::RollBack,
    }
}

/// Changes strings of entries, and remembers which fields cannot be changed.
pub struct Mutator {
    seed: Seed,
    /// What stands for a text, everywhere in a record: names that belong together stay together.
    renamed: BTreeMap<String, String>,
    /// Fields as paths without numbers, that are tags, numbers in disguise, or names the session must know.
    stay: BTreeSet<String>,
    /// Fields that were changed.
    pub changed: BTreeSet<String>,
    /// How many strings were put in.
    pub strings: u64,
    /// Ids: the definition lets only plain ones in, and a session finds its way by them.
    ids: BTreeSet<String>,
    /// On disk some must stay, so that the files beside a record are still its own.
    on_disk: bool,
}

/// Fields of the first entry that the files beside a record are held against.
const OF_FILES: [&str; 5] = ["/plan", "/definition", "/inputs", "/format", "/ceremony"];

impl Mutator {
    pub fn new(seed: u64, on_disk: bool) -> Self {
        let (renamed, stay, changed, ids) = Default::default();
        Self { seed: Seed(seed), renamed, stay, changed, ids, strings: 0, on_disk }
    }

    fn new_text(&mut self, old: &str, often: bool) -> String {
        // Words that are one of a kind get another text each time, names the same everywhere.
        if often && old.contains(' ') {
            return hostile(&mut self.seed);
        }
        if !self.renamed.contains_key(old) {
            let text = format!("{old}{}", hostile(&mut self.seed));
            self.renamed.insert(old.to_owned(), text);
        }
        self.renamed[old].clone()
    }

    /// The entry with its fields changed, all of them or only `field`.
    fn tried(&mut self, entry: &Entry, only: Option<&str>) -> Option<(Entry, Vec<String>)> {
        let mut value = serde_json::to_value(entry).unwrap();
        let mut fields = Vec::new();
        for part in ["cause", "events"] {
            let mut leaves = Vec::new();
            strings(&value[part], &mut format!("/{part}"), &mut String::new(), &mut leaves);
            for (pointer, field) in leaves {
                let stays = self.stay.contains(&field)
                    || self.on_disk && OF_FILES.iter().any(|it| field.contains(&format!("/header{it}")));
                let old = value.pointer(&format!("/{part}{pointer}")).unwrap().as_str().unwrap();
                let is_id = self.ids.contains(old.trim_end_matches(" commit"));
                if stays || is_id || only.is_some_and(|only| only != field) {
                    continue;
                }
                let place = value.pointer_mut(&format!("/{part}{pointer}")).unwrap();
                *place = Value::from(self.new_text(place.as_str().unwrap(), true));
                fields.push(field);
            }
        }
        serde_json::from_value(value).ok().map(|entry| (entry, fields))
    }

    /// The record with hostile text in it, and where it leads.
    pub fn record(&mut self, plan: &Arc<Plan>, entries: &[Entry]) -> (Vec<Entry>, Session, Transcript) {
        let (mut session, mut transcript) = (Session::new(plan.clone()), Transcript::default());
        self.ids = ids(plan);
        let mut made = Vec::new();
        for entry in entries {
            let changed = self.entry(entry, &session, &transcript);
            follow(&mut session, &mut transcript, &changed).unwrap();
            made.push(changed);
        }
        (made, session, transcript)
    }

    fn entry(&mut self, entry: &Entry, session: &Session, transcript: &Transcript) -> Entry {
        let fits = |changed: &Entry| follow(&mut session.clone(), &mut transcript.clone(), changed).is_ok();
        if let Some((changed, fields)) = self.tried(entry, None).filter(|(changed, _)| fits(changed)) {
            self.strings += fields.len() as u64;
            self.changed.extend(fields);
            return changed;
        }
        // One field after the other: which are they that must stay?
        let value = serde_json::to_value(entry).unwrap();
        for part in ["cause", "events"] {
            let mut leaves = Vec::new();
            strings(&value[part], &mut format!("/{part}"), &mut String::new(), &mut leaves);
            for (_, field) in leaves {
                if self.stay.contains(&field) || self.changed.contains(&field) {
                    continue;
                }
                if !self.tried(entry, Some(&field)).is_some_and(|(changed, _)| fits(&changed)) {
                    self.stay.insert(field);
                }
            }
        }
        match self.tried(entry, None).filter(|(changed, _)| fits(changed)) {
            Some((changed, fields)) => {
                self.strings += fields.len() as u64;
                self.changed.extend(fields);
                changed
            }
            None => entry.clone(),
        }
    }
}

fn ids(plan: &Plan) -> BTreeSet<String> {
    let steps = plan.steps.iter().chain(&plan.rollback);
    let of_steps = steps.flat_map(|step| {
        std::iter::once(step.id.clone()).chain(step.checks.iter().map(|check| check.id.clone()))
    });
    let migrations = plan.ceremony.migrations.iter().map(|migration| migration.id.clone());
    let gates = ["rollback", "rollback delete", "assess", "decide", "document"].map(str::to_owned);
    of_steps.chain(migrations).chain(gates).collect()
}

/// Every string: where it is, and the field it is in, by the names on the way and the tags of its objects.
fn strings(value: &Value, field: &mut String, pointer: &mut String, found: &mut Vec<(String, String)>) {
    let (field_was, pointer_was) = (field.len(), pointer.len());
    match value {
        Value::String(_) => found.push((pointer.clone(), field.clone())),
        Value::Array(all) => {
            for (at, one) in all.iter().enumerate() {
                pointer.push_str(&format!("/{at}"));
                strings(one, field, pointer, found);
                pointer.truncate(pointer_was);
            }
        }
        Value::Object(all) => {
            for tag in ["type", "kind", "event", "command", "report", "observation"] {
                if let Some(Value::String(tag)) = all.get(tag) {
                    field.push_str(&format!("<{tag}>"));
                }
            }
            let here = field.len();
            for (key, one) in all {
                // Keys of maps are names themselves, of no fixed set.
                let name = if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') { key } else { "*" };
                field.push_str(&format!("/{name}"));
                pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")));
                strings(one, field, pointer, found);
                field.truncate(here);
                pointer.truncate(pointer_was);
            }
        }
        _ => {}
    }
    field.truncate(field_was);
}

/// The bytes of a record with these causes and events.
pub fn sealed(entries: &[Entry]) -> (Vec<u8>, Chain) {
    let (mut chain, mut bytes) = (Chain::default(), Vec::new());
    for entry in entries {
        let (_, line) = chain.seal(entry.at(), entry.cause.clone(), entry.events.clone()).unwrap();
        chain.extend(&line);
        bytes.extend(line);
    }
    (bytes, chain)
}
