//! Looking for words in a whole record, beside what is looked at. Found is what the panes would say: the output with
//! its SQL, headlines and notes, and the cells of results.

use super::Misfit;
use crate::journal::pages::Pages;
use crate::plan::Plan;
use crate::session::Session;
use crate::view::Transcript;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// So many entries are remembered; then it is told that there are more.
const HITS_MAX: usize = 100_000;

#[derive(Debug, Default)]
struct Shared {
    looked: AtomicUsize,
    hits: Mutex<BTreeSet<u64>>,
    enough: AtomicBool,
    over: AtomicBool,
}

/// A search. It ends with this value.
#[derive(Debug)]
pub struct Find {
    words: String,
    /// The first entry that was looked at, from 0.
    from: usize,
    of: usize,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Find {
    /// Looks for `words`, in upper or lower case, from entry number `from` to the end and then from the beginning.
    pub fn start(mut pages: Pages, plan: Arc<Plan>, words: &str, from: usize) -> Self {
        let shared = Arc::new(Shared::default());
        let of = pages.index().len();
        let wanted = words.to_lowercase();
        let from = from.saturating_sub(1).min(of);
        let thread = std::thread::Builder::new().name("find".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || {
                let mut reader = Reader::new(plan, &wanted);
                for at in (from..of).chain(0..from) {
                    if shared.enough.load(Ordering::Relaxed) {
                        break;
                    }
                    // What cannot be read says nothing; that it cannot is told elsewhere.
                    if reader.says(&mut pages, at).unwrap_or(false) {
                        let mut hits = shared.hits.lock().unwrap_or_else(PoisonError::into_inner);
                        hits.insert(at as u64 + 1);
                        if hits.len() >= HITS_MAX {
                            break;
                        }
                    }
                    shared.looked.fetch_add(1, Ordering::Relaxed);
                }
                shared.over.store(true, Ordering::Release);
            }
        });
        Self { words: words.to_owned(), from, of, shared, thread: thread.ok() }
    }

    /// What is looked for, as it was typed.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// How many entries were looked at, and how many there are.
    pub fn progress(&self) -> (usize, usize) {
        (self.shared.looked.load(Ordering::Relaxed), self.of)
    }

    /// Whether all hits are known.
    pub fn is_over(&self) -> bool {
        self.shared.over.load(Ordering::Acquire) || self.thread.is_none()
    }

    /// How many entries were found so far.
    pub fn count(&self) -> usize {
        self.hits().len()
    }

    /// Whether there may be more than are remembered.
    pub fn is_cut(&self) -> bool {
        self.count() >= HITS_MAX
    }

    /// The hits so far, in order.
    pub fn all(&self) -> Vec<u64> {
        self.hits().iter().copied().collect()
    }

    /// The first hit behind entry number `n`, or the last before it, once it is known that there is none between.
    pub fn beside(&self, n: u64, on: bool) -> Option<u64> {
        let looked = self.progress().0;
        let hits = self.hits();
        let hit = if on { hits.range(n + 1..).next() } else { hits.range(..n).next_back() }.copied()?;
        let (first, last) = if on { (n, hit - 1) } else { (hit - 1, n.saturating_sub(2)) };
        let index = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let known = match (index(first), index(last)) {
            (first, last) if first >= self.from => last - self.from < looked,
            (_, last) if last < self.from => last + self.of - self.from < looked,
            _ => self.is_over(),
        };
        (known || self.is_over()).then_some(hit)
    }

    /// The place of entry number `n` among the hits, from 1.
    pub fn rank(&self, n: u64) -> Option<usize> {
        let hits = self.hits();
        hits.contains(&n).then(|| hits.range(..=n).count())
    }

    fn hits(&self) -> std::sync::MutexGuard<'_, BTreeSet<u64>> {
        self.shared.hits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Find {
    fn drop(&mut self) {
        self.shared.enough.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic in there was told where it happened.
            let _ = thread.join();
        }
    }
}

/// What entries say, by the very code that fills the panes.
struct Reader<'w> {
    session: Session,
    wanted: &'w str,
    /// The words can be looked for in the bytes of an entry that only prints: they stand there as they are.
    as_bytes: bool,
    lower: String,
}

impl<'w> Reader<'w> {
    fn new(plan: Arc<Plan>, wanted: &'w str) -> Self {
        let as_bytes = wanted.chars().all(|letter| matches!(letter, ' '..='~') && !"\"\\".contains(letter));
        Self { session: Session::new(plan), wanted, as_bytes, lower: String::new() }
    }

    fn says(&mut self, pages: &mut Pages, at: usize) -> Result<bool, Misfit> {
        let misfit = |error| Misfit::unreadable(at, &error);
        if self.as_bytes && pages.index().is_plain(at) {
            let line = pages.line(at).map_err(misfit)?;
            self.lower.clear();
            self.lower.push_str(&String::from_utf8_lossy(line));
            self.lower.make_ascii_lowercase();
            if printed(&self.lower).is_some_and(|text| !text.contains(self.wanted)) {
                return Ok(false);
            }
        }
        let entry = pages.entry(at).map_err(misfit)?;
        let mut transcript = Transcript::default();
        transcript.take(&entry, &self.session);
        let has = |text: &str| text.to_lowercase().contains(self.wanted);
        let cells = transcript.tables.iter().flat_map(|table| table.result.rows.iter().flatten().flatten());
        Ok(transcript.lines.iter().any(|line| has(&line.text)) || cells.into_iter().any(|cell| has(cell)))
    }
}

/// What of a line is behind the chain's hash, so that letters are not found in it.
fn printed(line: &str) -> Option<&str> {
    line.split_once("\"cause\":").map(|(_, cause)| cause)
}
