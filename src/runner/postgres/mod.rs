//! PostgreSQL: wire tap, statement splitter, step transaction, catalog snapshot.

pub mod attempt;
pub mod backend;
pub mod catalog;
mod checks;
mod drill;
pub mod endpoint;
pub mod ledger;
pub mod patience;
pub mod radar;
pub mod split;
pub mod step;
pub mod stop;
pub mod tap;
pub mod wire;
