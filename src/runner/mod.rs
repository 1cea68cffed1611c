//! Effects on the world: PostgreSQL, processes, files, flags, the clock; and a fake world for tests.

pub mod baseline;
pub mod bytes;
pub mod clock;
pub mod fake;
pub mod fault;
pub mod files;
pub mod flags;
pub mod git;
pub mod guard;
pub mod notify;
pub mod pgpass;
pub mod postgres;
pub mod private;
pub mod rehearsal;
pub mod server;
pub mod session_folder;
pub mod signoff;
pub mod suite;
pub mod witnesses;
pub mod world;

use crate::session::Effect;

/// The end of the record when an effect was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Number of the last entry.
    pub entry: u64,
    /// SHA-256 over the whole record up to it, in hex.
    pub head: String,
}

/// Carries out effects. Outcomes come back through the channel it was made with, never from this call.
pub trait Runner {
    /// Starts an effect and returns at once. `recorded` goes into the target's ledger, so that a record which was cut
    /// back can be told from a whole one.
    fn start(&mut self, effect: Effect, recorded: &Recorded);
}
