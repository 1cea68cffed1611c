//! What STOP reaches: the statement that runs, and the child.

use super::backend::Canceller;
use crate::runner::suite::Group;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// What STOP reaches.
#[derive(Default)]
pub struct Stop {
    requested: AtomicBool,
    winding_up: AtomicBool,
    canceller: Mutex<Option<Canceller>>,
    /// The running child's process group.
    pub group: Group,
}

impl Stop {
    /// Whether STOP was pressed.
    pub fn requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }

    /// From now on only what is left is looked at, and STOP does not keep anybody from looking.
    pub fn wind_up(&self) {
        self.winding_up.store(true, Ordering::SeqCst);
    }

    /// Whether nothing new may be begun.
    pub fn holds(&self) -> bool {
        self.requested() && !self.winding_up.load(Ordering::SeqCst)
    }

    /// From now on it reaches this backend.
    pub fn watch(&self, canceller: Canceller) {
        if let Ok(mut slot) = self.canceller.lock() {
            *slot = Some(canceller);
        }
    }

    /// The server's process that it reaches; `None` before there is one.
    pub fn pid(&self) -> Option<i32> {
        self.canceller.lock().ok().and_then(|slot| slot.as_ref().map(Canceller::pid))
    }

    /// Remembers the request and returns what cancels the running statement.
    pub fn request(&self) -> Option<Canceller> {
        self.requested.store(true, Ordering::SeqCst);
        self.group.kill();
        self.canceller.lock().ok().and_then(|slot| slot.clone())
    }
}
