//! PostgreSQL: wire tap, statement splitter, step transaction, catalog snapshot.

pub mod attempt;
pub mod backend;
mod backup;
pub mod catalog;
mod checks;
mod drill;
pub mod endpoint;
pub mod ledger;
pub mod meter;
mod restore;
pub mod split;
pub mod step;
mod table;
pub mod tap;
pub mod wire;
