//! What a migration's proof is compared with.

use super::catalog::Snapshot;
use super::meter::Look;
use super::reapply;
use crate::session::Flaw;
use std::collections::BTreeSet;

/// State of the database at the start of the transaction, or before the first unit where there is none.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Before {
    pub snapshot: Snapshot,
    pub rows: Vec<(String, Option<Look>)>,
    pub flaws: BTreeSet<Flaw>,
    /// The transaction's id; a script that is applied again may do without one.
    #[serde(skip)]
    pub name: Name,
}

/// What tells the transaction from another one.
pub enum Name {
    Xid(String),
    Reapplied(reapply::Start),
}

impl Before {
    /// What is compared with it comes from another transaction: what that one wrote says nothing about the rows.
    pub fn is_of_another_transaction(&mut self) {
        for look in self.rows.iter_mut().filter_map(|(_, look)| look.as_mut()) {
            look.table.wrote = None;
        }
    }
}

impl Default for Name {
    fn default() -> Self {
        Self::Xid(String::new())
    }
}
