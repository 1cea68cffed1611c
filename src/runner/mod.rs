//! Effects on the world: PostgreSQL, processes, files, flags, the clock; and a fake world for tests.

pub mod baseline;
pub mod clock;
pub mod fake;
pub mod files;
pub mod flags;
pub mod git;
pub mod guard;
pub mod notify;
pub mod pgpass;
pub mod postgres;
pub mod server;
pub mod session_folder;
pub mod suite;
pub mod world;

use crate::session::Effect;

/// Carries out effects. Outcomes come back through the channel it was made with, never from this call.
pub trait Runner {
    /// Starts an effect and returns at once.
    fn start(&mut self, effect: Effect);
}
