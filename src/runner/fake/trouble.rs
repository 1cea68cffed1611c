//! What goes wrong around the program in the world of the tests: a server that is restarted, replaced or behind,
//! another program that holds the fence, a dead program's backend that commits after all.

use super::{Database, FakeRunner, identity};
use crate::session::*;

/// A COMMIT whose program is dead: its backend goes on, and holds the fence until it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ghost {
    row: LedgerRow,
    commits: bool,
}

impl Database {
    /// The server as it answers.
    pub fn identity(&self) -> Identity {
        let mut seen = identity();
        if self.server > 0 {
            seen.system_identifier = format!("80000000000000000{:02}", self.server);
        }
        if self.restarts > 0 {
            seen.started = format!("{} restart {}", seen.started, self.restarts);
        }
        if self.promotions > 0 {
            seen.timeline = (1 + self.promotions).to_string();
        }
        seen.in_recovery = self.standby;
        seen
    }
}

/// Whether nothing of an attempt comes after this.
fn is_last(report: &Report) -> bool {
    matches!(
        report,
        Report::Finished
            | Report::Committed
            | Report::Discarded
            | Report::Failed { .. }
            | Report::UnitFailed { .. }
            | Report::Settled { .. }
            | Report::Told { .. }
    )
}

impl FakeRunner {
    /// Connects, as every step does: says what is new about the server, and refuses another one than `pin`.
    pub(super) fn meets(&mut self, attempt: &AttemptId, pin: Option<&Identity>) -> bool {
        let seen = self.database.identity();
        if seen != identity() {
            let observation = Observation::Server { identity: Box::new(seen.clone()) };
            self.say(attempt, Report::Observed { observation });
        }
        let other = pin.is_some_and(|pin| !pin.is_same_database(&seen));
        if other || seen.unfit().is_some() {
            let what = if other { "this is another server" } else { "the server is not fit" };
            let failure = Failure::Blocked { what: what.to_owned(), next: "bring back the first".to_owned() };
            self.say(attempt, Report::Failed { failure });
        }
        !other && seen.unfit().is_none()
    }

    /// Takes the fence, or says who holds it.
    pub(super) fn fence(&mut self, attempt: &AttemptId) -> Result<(), String> {
        if self.database.ghost.is_some() {
            if self.seed.once_in(3) {
                return Err("a dead program's backend is still at work".to_owned());
            }
            self.end_ghost();
        }
        match &self.database.fence {
            Some(holder) if !holder.starts_with(&attempt.session) => {
                Err(format!("attempt {holder} holds it"))
            }
            _ => Ok(()),
        }
    }

    /// As the real one: what the ledger says of a migration before a step moves it.
    pub(super) fn not_done_yet(
        &self,
        attempt: &AttemptId,
        migration: &str,
        direction: Direction,
    ) -> Option<Failure> {
        let latest = self.database.ledger.iter().rfind(|row| row.migration == migration);
        let ours = |row: &LedgerRow| row.attempt.starts_with(&attempt.session);
        let up = latest.is_some_and(|row| row.direction == Direction::Up);
        let what = match (latest, direction) {
            (Some(row), Direction::Down) if !row.done && ours(row) => return None,
            (Some(row), Direction::Up) if !row.done && ours(row) && up => return None,
            (Some(row), _) if !row.done => "half-way, another way or by another session",
            (_, Direction::Up) if up => "already applied",
            (_, Direction::Down) if !up => "not applied",
            _ => return None,
        };
        Some(Failure::Blocked { what: what.to_owned(), next: "look".to_owned() })
    }

    /// The fence is held as long as a transaction, or a script without one, is under way.
    pub(super) fn hold_or_release(&mut self, session: &str) {
        let held = self.open.as_ref().map(|(attempt, _)| attempt).or(self.units_attempt());
        let ours = |holder: &String| holder.starts_with(session);
        match held.map(ToString::to_string) {
            Some(attempt) => self.database.fence = Some(attempt),
            None if self.database.fence.as_ref().is_some_and(ours) => self.database.fence = None,
            None => {}
        }
    }

    /// Nothing is under way here any more.
    pub(super) fn let_fence_go(&mut self) {
        let held = self.open.as_ref().map(|(attempt, _)| attempt).or(self.units_attempt());
        if self.database.fence == held.map(ToString::to_string) {
            self.database.fence = None;
        }
    }

    /// The dead program's backend comes to its end.
    fn end_ghost(&mut self) {
        if let Some(ghost) = self.database.ghost.take().filter(|ghost| ghost.commits) {
            self.database.ledger.push(ghost.row);
        }
    }

    /// The program dies with a COMMIT on its way: it happened, it did not, or its backend is still at it.
    pub(super) fn crash_in_commit(&mut self) {
        let Some(outcome) = self.pending.iter().find(|outcome| outcome.report == Report::Committed) else {
            return;
        };
        let attempt = outcome.attempt.to_string();
        let newest = self.database.ledger.last().filter(|row| row.attempt == attempt && row.units.is_none());
        if self.fault_once_in == 0 || newest.is_none() {
            return;
        }
        match self.seed.below(4) {
            0 => drop(self.database.ledger.pop()),
            1 => {
                let commits = !self.seed.once_in(3);
                self.database.ghost = self.database.ledger.pop().map(|row| Ghost { row, commits });
            }
            _ => {}
        }
    }

    /// The server goes away and comes back: what is under way ends in a lost connection.
    pub fn restart_server(&mut self) {
        self.database.restarts += 1;
        self.end_ghost();
        self.lose_connection();
    }

    /// The attempt under way loses its connection at any point of what it has still to say.
    pub fn lose_connection(&mut self) {
        self.let_fence_go();
        let open = self.open.take().map(|(attempt, _)| attempt).or(self.units_attempt().cloned());
        let under_way = |outcome: &&Outcome| outcome.attempt.number > 0;
        let speaks = self.pending.iter().rfind(under_way).map(|outcome| outcome.attempt.clone());
        let Some(attempt) = open.or(speaks) else { return };
        let units = self.units_attempt().is_some();
        self.crash_units();
        let all = self.pending.iter().filter(|outcome| outcome.attempt == attempt).count() as u64;
        let mut keep = if units { 0 } else { self.seed.below(all + 1) };
        let mut last = false;
        self.pending.retain(|outcome| {
            if outcome.attempt != attempt {
                return true;
            }
            let kept = keep > 0;
            keep = keep.saturating_sub(1);
            last |= kept && is_last(&outcome.report);
            kept
        });
        if !last {
            let failure = Failure::Connection { what: "the server closed the connection".to_owned() };
            self.say(&attempt, Report::Failed { failure });
        }
    }
}
