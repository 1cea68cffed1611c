//! What a migration's proof is compared with.

use super::attempt::Attempt;
use super::backend::Backend;
use super::catalog::Snapshot;
use super::ledger;
use super::meter::Look;
use super::reapply;
use crate::session::{Failure, Flaw};
use std::collections::BTreeSet;

/// State of the database at the start of the transaction, or before the first unit where there is none.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Before {
    pub snapshot: Snapshot,
    pub rows: Vec<(String, Option<Look>)>,
    pub flaws: BTreeSet<Flaw>,
    /// The ledger's own table, as [`ledger::table`] tells it.
    #[serde(skip)]
    pub ledger: Option<String>,
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

impl Attempt {
    /// The script left alone what makes a step happen once: the fence, and the table of the ledger.
    ///
    /// # Errors
    /// When it did not.
    pub(super) async fn left_alone(&self, backend: &mut Backend, before: &Before) -> Result<(), Failure> {
        let holds = ledger::holds_fence(backend).await.map_err(|error| self.failure(error, None))?;
        let table = ledger::table(backend).await.map_err(|error| self.failure(error, None))?;
        let what = match () {
            () if !holds => "the script let go of the lock that keeps a second ceremony out",
            () if table != before.ledger => {
                "the script changed the table of the ledger, or put another in its place"
            }
            () => return Ok(()),
        };
        Err(Failure::Escaped { what: what.to_owned() })
    }
}

impl Default for Name {
    fn default() -> Self {
        Self::Xid(String::new())
    }
}
