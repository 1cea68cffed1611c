//! PostgreSQL: wire tap, statement splitter, step transaction, catalog snapshot.

pub mod catalog;
pub mod split;
