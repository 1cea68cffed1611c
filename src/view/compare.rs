//! Two sessions side by side, aligned by step and check: what is the same, what differs, and what of it counts.
//!
//! Who drove, when, where, how long it took and what was only sampled differs between any two runs and does not count.

mod rows;
mod step;

pub use rows::{ASIDES, CompareRow, CompareShow, compare_rows, compare_summary};

use crate::journal::Entry;
use crate::session::*;
use std::collections::{BTreeMap, BTreeSet};

use super::Transcript;
use super::header::{calm, elapsed_us};

/// A session that is compared.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Such as the folder's path.
    pub name: &'a str,
    /// At its end.
    pub session: &'a Session,
    /// At its end.
    pub transcript: &'a Transcript,
    /// Its whole record.
    pub entries: &'a [Entry],
}

/// How alike two things are, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// The same.
    Same,
    /// They differ, and that does not count.
    Aside,
    /// They differ.
    Differs,
}

impl Likeness {
    fn of(same: bool, otherwise: Self) -> Self {
        if same { Self::Same } else { otherwise }
    }
}

/// Something of both sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// What it is.
    pub label: String,
    /// Of the first session; untrusted text.
    pub a: String,
    /// Of the second.
    pub b: String,
    /// Whether they are alike.
    pub likeness: Likeness,
}

impl Pair {
    fn new(label: &str, a: impl Into<String>, b: impl Into<String>, otherwise: Likeness) -> Self {
        let (a, b) = (a.into(), b.into());
        let likeness = Likeness::of(a == b, otherwise);
        Self { label: label.to_owned(), a, b, likeness }
    }
}

/// A step, or what belongs to none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompareItem {
    /// A step's id, or nothing.
    pub id: String,
    /// For people.
    pub title: String,
    /// In one line: the first session's, the second's.
    pub summary: (String, String),
    /// What there is to say of it.
    pub pairs: Vec<Pair>,
}

impl CompareItem {
    /// As different as its most different part.
    pub fn likeness(&self) -> Likeness {
        self.pairs.iter().map(|pair| pair.likeness).max().unwrap_or(Likeness::Same)
    }
}

/// Two sessions side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The sessions' names.
    pub names: (String, String),
    /// What belongs to no step first, then the steps, then the way back.
    pub items: Vec<CompareItem>,
}

impl Comparison {
    /// How many things differ and count.
    pub fn differences(&self) -> usize {
        self.count(Likeness::Differs)
    }

    /// How many things differ and do not count.
    pub fn asides(&self) -> usize {
        self.count(Likeness::Aside)
    }

    fn count(&self, likeness: Likeness) -> usize {
        let pairs = self.items.iter().flat_map(|item| &item.pairs);
        pairs.filter(|pair| pair.likeness == likeness).count()
    }
}

/// Puts `a` and `b` side by side.
pub fn compare(a: Side<'_>, b: Side<'_>) -> Comparison {
    let mut items = vec![sessions(a, b), files(a, b), findings(a, b), stops(a, b)];
    items.extend(step::items(a, b));
    Comparison { names: (a.name.to_owned(), b.name.to_owned()), items }
}

/// An item without a step.
fn item(title: &str, summary: (String, String), pairs: Vec<Pair>) -> CompareItem {
    CompareItem { id: String::new(), title: title.to_owned(), summary, pairs }
}

fn sessions(a: Side<'_>, b: Side<'_>) -> CompareItem {
    use Likeness::{Aside, Differs};
    let verdict = |side: Side<'_>| side.session.verdict().word().to_owned();
    let mut pairs = Vec::new();
    let mut pair = |label: &str, otherwise: Likeness, of: &dyn Fn(Side<'_>) -> String| {
        pairs.push(Pair::new(label, of(a), of(b), otherwise));
    };
    let header = |side: Side<'_>, of: &dyn Fn(&Header) -> String| {
        side.session.header.as_ref().map_or_else(String::new, of)
    };
    pair("verdict", Differs, &verdict);
    pair("state", Differs, &|side| match side.session.phase {
        Phase::Closed(_) => "closed".to_owned(),
        Phase::Stopped => "the world is stopped".to_owned(),
        _ => "open".to_owned(),
    });
    pair("ceremony", Differs, &|side| header(side, &|header| header.ceremony.clone()));
    pair("operator", Aside, &|side| side.session.operator.clone());
    pair("mode", Aside, &|side| {
        header(side, &|header| match (header.mode, &header.copy_of) {
            (_, Some(of)) => format!("rehearsal on a copy of {of}"),
            (Mode::Live, None) => "live".to_owned(),
            (Mode::Practice, None) => "practice".to_owned(),
        })
    });
    pair("target", Aside, &|side| {
        header(side, &|header| format!("{}/{}", side.session.address, header.target.database))
    });
    pair("server", Aside, &|side| {
        let identity = side.session.identity.as_ref();
        identity.map_or_else(|| "never seen".to_owned(), |it| format!("PostgreSQL {}", it.version))
    });
    pair("opened", Aside, &|side| header(side, &|header| header.opened.to_string()));
    pair("took", Aside, &|side| {
        side.entries.last().map_or_else(String::new, |last| calm(elapsed_us(side.session, last.at())))
    });
    pair("commit", Aside, &|side| {
        header(side, &|header| match &header.git {
            Some(git) if git.dirty => format!("{} and changes", git.head),
            Some(git) => git.head.clone(),
            None => "no repository".to_owned(),
        })
    });
    pair("tool", Aside, &|side| header(side, &|header| header.tool.clone()));
    item("The sessions", (verdict(a), verdict(b)), pairs)
}

/// What was run: every file whose bytes are not the same.
fn files(a: Side<'_>, b: Side<'_>) -> CompareItem {
    let none = BTreeMap::new();
    let of = |side: Side<'_>| side.session.header.as_ref().map(|header| header.inputs.clone());
    let (files_a, files_b) = (of(a).unwrap_or_else(|| none.clone()), of(b).unwrap_or(none));
    let paths: BTreeSet<&String> = files_a.keys().chain(files_b.keys()).collect();
    let sum = |files: &BTreeMap<String, String>, path: &String| {
        files.get(path).map_or_else(|| "not there".to_owned(), |sum| format!("sha256 {sum}"))
    };
    let pairs = paths
        .into_iter()
        .map(|path| Pair::new(path, sum(&files_a, path), sum(&files_b, path), Likeness::Differs))
        .filter(|pair| pair.likeness != Likeness::Same)
        .collect();
    let count = |files: &BTreeMap<String, String>| format!("{} files", files.len());
    item("Files that were run", (count(&files_a), count(&files_b)), pairs)
}

fn findings(a: Side<'_>, b: Side<'_>) -> CompareItem {
    let said = |side: Side<'_>| -> Vec<String> {
        side.session.findings.iter().map(|(_, what)| what.clone()).collect()
    };
    let count = |list: &[String]| {
        if list.len() == 1 { "1 finding".to_owned() } else { format!("{} findings", list.len()) }
    };
    let (found_a, found_b) = (said(a), said(b));
    let summary = (count(&found_a), count(&found_b));
    // Durations, addresses and other numbers differ between any two runs.
    let mut pairs = lists("finding", &found_a, &found_b, Likeness::Differs);
    let alone = |pair: &Pair, nothing: &str| nothing == NOTHING && pair.likeness == Likeness::Differs;
    while let Some((one, other)) = pairs.iter().enumerate().find_map(|(one, pair)| {
        let like = |it: &Pair| alone(it, &it.a) && without_numbers(&it.b) == without_numbers(&pair.a);
        alone(pair, &pair.b).then(|| pairs.iter().position(like)).flatten().map(|other| (one, other))
    }) {
        pairs[one].b = pairs[other].b.clone();
        pairs[one].likeness = Likeness::Aside;
        pairs.remove(other);
    }
    item("Findings", summary, pairs)
}

fn without_numbers(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_ascii_digit() && *letter != '.').collect()
}

/// What is in both lists, as often; then what is in one of them only.
fn lists(label: &str, a: &[String], b: &[String], otherwise: Likeness) -> Vec<Pair> {
    let mut left: Vec<&String> = b.iter().collect();
    let mut pairs = Vec::new();
    for text in a {
        let other = left.iter().position(|other| *other == text).map(|at| left.remove(at).as_str());
        pairs.push(Pair::new(label, text, other.unwrap_or(NOTHING), otherwise));
    }
    pairs.extend(left.into_iter().map(|text| Pair::new(label, NOTHING, text, otherwise)));
    pairs
}

/// Where one session has nothing to set against the other's.
const NOTHING: &str = "–";

/// Stops of the world, in their order: what, where, and what was decided.
fn stops(a: Side<'_>, b: Side<'_>) -> CompareItem {
    let all = |side: Side<'_>| -> Vec<(String, String)> {
        let session = side.session;
        let stop = |stop: &Escalation| {
            let decided = stop
                .decision
                .map_or_else(|| "not decided".to_owned(), |it| format!("decided to {}", it.word()));
            let error =
                stop.halt.error.as_ref().map(|error| format!(" ({})", error.sqlstate)).unwrap_or_default();
            let cause = stop.halt.cause.words();
            (format!("{}: {cause}{error}; {decided}", stop.halt.step), stop.halt.why.clone())
        };
        session.escalations.iter().chain(&session.escalation).map(stop).collect()
    };
    let (stops_a, stops_b) = (all(a), all(b));
    let nothing = (NOTHING.to_owned(), NOTHING.to_owned());
    let mut pairs = Vec::new();
    for at in 0..stops_a.len().max(stops_b.len()) {
        let (one, other) = (stops_a.get(at).unwrap_or(&nothing), stops_b.get(at).unwrap_or(&nothing));
        let label = format!("stop {}", at + 1);
        pairs.push(Pair::new(&label, &one.0, &other.0, Likeness::Differs));
        // The words can hold addresses and names; that it stopped, and where, counts.
        pairs.push(Pair::new("its why", &one.1, &other.1, Likeness::Aside));
    }
    let count = |stops: &[(String, String)]| match stops.len() {
        0 => "never stopped".to_owned(),
        1 => "stopped once".to_owned(),
        count => format!("stopped {count} times"),
    };
    item("Stops of the world", (count(&stops_a), count(&stops_b)), pairs)
}
