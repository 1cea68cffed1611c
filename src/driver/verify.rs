//! A record checked: does it chain, are the files those it names, and does the core decide the same again? Read line by
//! line, so that its length makes no difference to the memory that it takes.

mod folder;

pub use folder::{Class, class_of};

use super::replay::{Unreadable, plan_of};
use crate::journal::reader::Reader;
use crate::journal::{Chain, Corruption, Entry, head_words};
use crate::plan::Plan;
use crate::session::{Input, Observation, Outcome, Phase, Report, Session, Verdict};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What a check of a session folder found.
#[derive(Debug)]
pub struct Verified {
    /// How many entries chain.
    pub entries: u64,
    /// SHA-256 of the record.
    pub head: String,
    /// The same for people.
    pub words: String,
    /// The verdict that follows from the entries.
    pub verdict: Verdict,
    /// Whether the session was closed.
    pub closed: bool,
    /// The version that wrote the first entry.
    pub tool: String,
    /// Bytes of a torn last line: harmless, never acknowledged.
    pub torn: usize,
    /// What does not agree, with the entry's number where there is one.
    pub divergences: Vec<String>,
    /// What is odd and proves nothing.
    pub remarks: Vec<String>,
}

/// A record that is being checked, as far as it was read.
#[derive(Clone, Debug)]
pub struct Checking {
    chain: Chain,
    session: Session,
    /// The first entry that is not as it is decided here.
    divergence: Option<String>,
    /// Files kept on the way, by their path in the folder, with their checksums.
    kept: BTreeMap<String, String>,
    /// A head that is looked for, and behind which entry it was.
    wanted: Option<(String, Option<u64>)>,
}

impl Checking {
    /// Nothing was read yet of a record with this plan. `head` is known from elsewhere, as [`crate::journal::known_head`] gives it.
    pub fn new(plan: Arc<Plan>, head: Option<String>) -> Self {
        let wanted = head.map(|head| (head, None));
        let session = Session::new(plan);
        Self { chain: Chain::default(), session, divergence: None, kept: BTreeMap::new(), wanted }
    }

    /// Checks the next line, with its newline. What is decided otherwise is kept, and the chain checked to its end.
    ///
    /// # Errors
    /// When it cannot be trusted.
    pub fn line(&mut self, line: &[u8]) -> Result<(), Corruption> {
        let entry = self.chain.check(line)?;
        self.look_for(&entry.prev, entry.n - 1);
        if self.divergence.is_none()
            && let Err(why) = self.decide(&entry)
        {
            self.divergence = Some(format!("entry {}: {why}", entry.n));
        }
        if let Input::Outcome(Outcome { report: Report::Observed { observation }, .. }) = &entry.cause {
            self.keep(observation);
        }
        Ok(())
    }

    fn decide(&mut self, entry: &Entry) -> Result<(), String> {
        if !self.session.decides(&entry.cause, entry.at(), &entry.events) {
            let tool = self.session.header.as_ref().map_or("?", |header| header.tool.as_str());
            let own = env!("CARGO_PKG_VERSION");
            return Err(format!(
                "this program ({own}) decides something else there than the record (written by {tool}) says"
            ));
        }
        let mut events = entry.events.iter();
        events.try_for_each(|event| self.session.try_apply(entry.at(), event)).map_err(str::to_owned)
    }

    fn keep(&mut self, observation: &Observation) {
        if let Observation::Backup { path, sha256, script, script_sha256, .. } = observation {
            let both = [(path, sha256), (script, script_sha256)];
            let named = both.into_iter().filter_map(|(path, sha256)| path.clone().zip(sha256.clone()));
            self.kept.extend(named);
        }
    }

    fn look_for(&mut self, head: &str, entries: u64) {
        if let Some((wanted, at)) = &mut self.wanted
            && head.starts_with(wanted.as_str())
        {
            *at = Some(entries);
        }
    }

    /// What is wrong with the whole record, now that its end was reached.
    pub fn finish(&mut self) -> Vec<String> {
        let of = self.chain.entries();
        self.look_for(&self.chain.head(), of);
        let mut wrong: Vec<String> = self.divergence.iter().cloned().collect();
        match &self.wanted {
            Some((_, Some(at))) if *at < of => wrong.push(format!(
                "entry {}: the head that was given is that of the {at} entries before it; {} came after them",
                at + 1,
                of - at
            )),
            Some((head, None)) => wrong.push(format!(
                "entry {of} or one before it: the head that was given, {head}, is that of none of them; the record was \
                 cut back, or made anew"
            )),
            _ => {}
        }
        wrong
    }
}

/// Checks the session in `folder`; `head` is what is known of its head from elsewhere, as [`crate::journal::known_head`] gives it.
///
/// # Errors
/// When the record cannot be read or does not chain.
pub fn verify(folder: &Path, head: Option<String>) -> Result<Verified, Unreadable> {
    let mut reader = Reader::open(folder).map_err(Unreadable::Journal)?;
    let (mut alone, mut planned) = (Chain::default(), None);
    let mut step = |line: &[u8]| match &mut planned {
        Some(Ok(checking)) => Checking::line(checking, line),
        // Without its plan nothing is decided, but what does not chain is told of before that.
        Some(Err(_)) => alone.check(line).map(drop),
        None => {
            let entry = alone.check(line)?;
            let plan = plan_of(folder, std::slice::from_ref(&entry));
            let begun = planned.insert(plan.map(|plan| Checking::new(plan, head.clone())));
            begun.as_mut().map_or(Ok(()), |checking| checking.line(line))
        }
    };
    while reader.next(&mut step).map_err(Unreadable::Journal)?.is_some() {}
    let mut checking = match planned {
        Some(planned) => planned?,
        None => {
            let empty = || Unreadable::Files("the record is empty".to_owned());
            return Err(plan_of(folder, &[]).err().unwrap_or_else(empty));
        }
    };
    let mut divergences = checking.finish();
    let (wrong, remarks) = folder::look(folder, checking.session.header.as_ref(), &checking.kept);
    divergences.extend(wrong);
    let head = checking.chain.head();
    Ok(Verified {
        entries: checking.chain.entries(),
        words: head_words(&head),
        head,
        verdict: checking.session.verdict(),
        closed: matches!(checking.session.phase, Phase::Closed(_)),
        tool: checking.session.header.map(|header| header.tool).unwrap_or_default(),
        torn: usize::try_from(reader.torn()).unwrap_or(usize::MAX),
        divergences,
        remarks,
    })
}
