//! PostgreSQL: wire tap, statement splitter, step transaction, catalog snapshot.
