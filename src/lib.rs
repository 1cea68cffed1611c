//! `ceremony`: a terminal cockpit for PostgreSQL migration ceremonies. Start with `docs/architecture.md`.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cli;
pub mod definition;
pub mod driver;
pub mod journal;
pub mod plan;
pub mod report;
pub mod review;
pub mod runner;
pub mod session;
pub mod signoff;
pub mod time;
pub mod tui;
pub mod view;
