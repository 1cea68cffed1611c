//! Effects on the world: PostgreSQL, processes, files, the clock.

pub mod postgres;
pub mod server;
