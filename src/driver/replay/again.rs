//! Deciding a whole record again, beside what is looked at: does this core decide what the record says?

use super::Misfit;
use crate::journal::pages::Pages;
use crate::plan::Plan;
use crate::session::Session;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

#[derive(Debug, Default)]
struct Shared {
    done: AtomicUsize,
    found: OnceLock<(u64, String)>,
    enough: AtomicBool,
}

/// A thread that decides again. It ends with this value.
#[derive(Debug)]
pub struct Again {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    of: usize,
}

impl Again {
    /// Starts with the first entry.
    pub fn start(pages: Pages, plan: Arc<Plan>) -> Self {
        let shared = Arc::new(Shared::default());
        let of = pages.index().len();
        let thread = std::thread::Builder::new().name("again".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || decide(pages, plan, &shared)
        });
        // Without a thread nothing is decided again, and the figures say so.
        Self { shared, thread: thread.ok(), of }
    }

    /// How many entries were decided again, and how many there are.
    pub fn progress(&self) -> (usize, usize) {
        (self.shared.done.load(Ordering::Relaxed), self.of)
    }

    /// Whether it has come to its end.
    pub fn is_over(&self) -> bool {
        let (done, of) = self.progress();
        done == of || self.found().is_some() || self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// The first entry that is not as decided here, with what is wrong with it.
    pub fn found(&self) -> Option<&(u64, String)> {
        self.shared.found.get()
    }
}

impl Drop for Again {
    fn drop(&mut self) {
        self.shared.enough.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic in there was told where it happened.
            let _ = thread.join();
        }
    }
}

fn decide(mut pages: Pages, plan: Arc<Plan>, shared: &Shared) {
    let mut session = Session::new(plan);
    for at in 0..pages.index().len() {
        if shared.enough.load(Ordering::Relaxed) {
            return;
        }
        if let Err(what) = decide_one(&mut pages, &mut session, at) {
            // Set once, and only here.
            let _ = shared.found.set((at as u64 + 1, what));
            return;
        }
        shared.done.store(at + 1, Ordering::Relaxed);
    }
}

fn decide_one(pages: &mut Pages, session: &mut Session, at: usize) -> Result<(), String> {
    let entry = pages.entry(at).map_err(|error| Misfit::unreadable(at, &error).what)?;
    if !session.decides(&entry.cause, entry.at(), &entry.events) {
        return Err("this version decides something else there; ceremony verify says more".to_owned());
    }
    entry.events.iter().try_for_each(|event| session.try_apply(entry.at(), event)).map_err(str::to_owned)
}
