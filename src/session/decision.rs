//! What stage DECIDE may not say: a rollback of nothing, a further try where the tries are used up.

use super::decide::Deciding;
use super::*;

impl Deciding<'_> {
    /// Refuses a decision that cannot be carried out; whether it did.
    pub(super) fn cannot_be_decided(&mut self, decision: Decision) -> bool {
        let applied = self.session().anything_applied();
        match decision {
            Decision::RollBack if !applied => {
                self.refuse(
                    "there is nothing to roll back",
                    "no migration is applied",
                    "decide to resume or to abandon",
                );
                true
            }
            Decision::Resume => {
                let Some((step, why)) = self.session().no_more_tries() else { return false };
                let next = match applied {
                    true => "roll back or abandon; once the cause is found, try it in a new session",
                    false => "abandon; once the cause is found, try it in a new session",
                };
                self.refuse(format!("'{step}' cannot be tried again"), why, next);
                true
            }
            _ => false,
        }
    }
}
