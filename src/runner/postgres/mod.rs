//! PostgreSQL: wire tap, statement splitter, step transaction, catalog snapshot.

pub mod backend;
pub mod endpoint;
pub mod split;
pub mod tap;
pub mod wire;
