//! PostgreSQL: wire tap, statement splitter, step transaction, catalog snapshot.

pub mod attempt;
pub mod backend;
pub mod catalog;
mod checks;
mod drill;
pub mod endpoint;
pub mod ledger;
mod probe;
pub mod split;
pub mod step;
mod stepwise;
pub mod tap;
mod text;
pub mod wire;
