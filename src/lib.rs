//! `ceremony`: a terminal cockpit for PostgreSQL migration ceremonies. Start with `docs/architecture.md`.

pub mod definition;
pub mod journal;
pub mod plan;
pub mod runner;
pub mod session;
pub mod time;
pub mod tui;
pub mod view;
