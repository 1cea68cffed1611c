//! PostgreSQL: wire tap, statement splitter, step transaction, catalog snapshot.

pub mod attempt;
pub mod backend;
mod backup;
mod before;
pub mod catalog;
mod checks;
pub mod copy;
mod drill;
pub mod endpoint;
pub mod ledger;
pub mod meter;
pub mod patience;
mod probe;
pub mod radar;
mod reapply;
mod restore;
mod rungs;
mod soundness;
pub mod split;
pub mod step;
mod stepwise;
pub mod stop;
mod table;
pub mod tap;
mod text;
mod toll;
pub mod wire;
