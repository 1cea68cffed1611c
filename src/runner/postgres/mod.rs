//! PostgreSQL: wire tap, statement splitter, step transaction, catalog snapshot.

pub mod attempt;
pub mod backend;
pub mod catalog;
mod checks;
pub mod copy;
mod drill;
pub mod endpoint;
pub mod ledger;
mod reapply;
mod rungs;
mod soundness;
pub mod split;
pub mod step;
pub mod tap;
mod text;
mod toll;
pub mod wire;
