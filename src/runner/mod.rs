//! Effects on the world: PostgreSQL, processes, files, the clock.

pub mod guard;
pub mod postgres;
pub mod server;
