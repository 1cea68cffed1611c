//! What the ledger in the target database says of migrations.

use serde::{Deserialize, Serialize};

/// A row of the ledger in the target database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerRow {
    /// The migration.
    pub migration: String,
    /// Grows with each apply or rollback of that migration.
    pub cycle: u32,
    /// Up or down.
    pub direction: Direction,
    /// The attempt that wrote it.
    pub attempt: String,
    /// `false` while the row says running: only a hidden commit can show that, or a script without a transaction.
    pub done: bool,
    /// How far a script without a transaction is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Units>,
    /// Where the record of its session was when the attempt was decided on; earlier versions did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<RecordedAt>,
}

/// A record up to one of its entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedAt {
    /// The entry's number, from 1.
    pub entry: u64,
    /// SHA-256 of everything up to it, in hex.
    pub head: String,
}

/// How far a script without a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// How many are done; they are the first ones.
    pub done: usize,
    /// How many there are.
    pub of: usize,
}

/// Up applies a migration, down rolls it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Apply.
    Up,
    /// Roll back.
    Down,
}
