//! Effects on the world: PostgreSQL, processes, files, the clock.

pub mod postgres;
