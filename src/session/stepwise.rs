//! Migrations that run without a transaction, unit by unit: what follows when the next unit is ready, or failed.

use super::decide::Deciding;
use super::*;
use serde::{Deserialize, Serialize};

/// What the catalog says of a unit, which decides whether it may be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitProbe {
    /// It has a transaction of its own in which the ledger counts it: what is not counted did not happen.
    InTransaction,
    /// Nothing of it is there.
    Absent,
    /// A part of it is there that must go first, such as an INVALID index.
    Half,
    /// It is there, as the statement would make it.
    Done,
    /// It may always be run again.
    Repeatable,
    /// The catalog does not tell.
    Unknown,
}

/// A look at what a unit works on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitLook {
    /// What it means.
    pub probe: UnitProbe,
    /// In words, such as `index public.x is INVALID`; empty when there is nothing to say.
    pub found: String,
    /// The statement that ends or removes a half; empty when there is none.
    pub mend: String,
}

/// What is done with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitWork {
    /// It is run.
    Run,
    /// What is left of an earlier try is removed; then it is looked at again.
    Mend,
    /// It happened already and is only counted.
    LeaveOut,
}

/// What to do with a unit, or `None` to stop and ask. `asked`: an earlier intent for it has no end in the record;
/// `decided`: a person decided to resume since.
pub fn unit_work(probe: UnitProbe, asked: bool, decided: bool) -> Option<UnitWork> {
    use UnitProbe::{Absent, Done, Half, InTransaction, Repeatable, Unknown};
    match (probe, asked, decided) {
        (InTransaction | Absent | Repeatable, ..) => Some(UnitWork::Run),
        (Done, true, _) => Some(UnitWork::LeaveOut),
        // Somebody else made it: what the statement says to that is the server's to answer.
        (Done, false, _) => Some(UnitWork::Run),
        (Half, true, true) => Some(UnitWork::Mend),
        (Unknown, false, _) | (Unknown, true, true) => Some(UnitWork::Run),
        (Half, ..) | (Unknown, true, false) => None,
    }
}

/// A unit that waits for the word.
pub(super) struct ReadyUnit<'r> {
    pub index: usize,
    pub of: usize,
    pub at: &'r Place,
    pub sql: &'r str,
    pub look: &'r UnitLook,
}

impl Deciding<'_> {
    pub(super) fn unit_ready(&mut self, step: &str, running: &Running, unit: &ReadyUnit<'_>) {
        if running.stop > 0 {
            let halt = self.stop_halt(step, false);
            self.let_go(step, running, Some(halt));
            return;
        }
        let half = self.session().half_of(step);
        if half.is_some_and(|half| half.was_ready(&running.attempt, unit.index)) {
            return;
        }
        if half.is_some_and(|half| unit.index < half.done) {
            let left = self.session().what_is_left(step, false);
            let halt = Halt {
                cause: HaltCause::Condition(HaltCondition::DataLost),
                step: step.to_owned(),
                why: format!(
                    "unit {} is done by the record and not by the ledger: the database went back in time",
                    unit.index + 1
                ),
                left,
                error: None,
            };
            self.let_go(step, running, Some(halt));
            return;
        }
        let asked = half.is_some_and(|half| half.asked == Some(unit.index));
        let decided = half.is_some_and(|half| half.decided);
        match unit_work(unit.look.probe, asked, decided) {
            Some(work) => {
                let ReadyUnit { index, of, .. } = *unit;
                let (step, attempt) = (step.to_owned(), running.attempt.clone());
                self.emit(Event::UnitRequested { step, attempt, index, of, work });
            }
            None => {
                let halt = self.unit_halt(step, unit, asked);
                if asked {
                    self.emit(Event::UnitExplained { step: step.to_owned() });
                }
                self.let_go(step, running, Some(halt));
            }
        }
    }

    pub(super) fn unit_done(&mut self, step: &str, index: usize) {
        if self.session().half_of(step).is_some_and(|half| half.asked == Some(index)) {
            self.emit(Event::UnitFinished { step: step.to_owned(), index });
        }
    }

    /// A unit that must not be run before a person has looked.
    fn unit_halt(&self, step: &str, unit: &ReadyUnit<'_>, asked: bool) -> Halt {
        let UnitLook { probe, found, mend } = unit.look;
        let first = unit.sql.lines().next().unwrap_or_default();
        let name = format!("unit {} of {} ({first}, {})", unit.index + 1, unit.of, unit.at);
        let (why, next) = match (probe, asked) {
            (UnitProbe::Half, true) => (
                format!("{name} was begun and not ended: {found}"),
                format!("`resume` runs {mend} first, and then the unit again"),
            ),
            (UnitProbe::Half, false) => (
                format!("{found}, and it was so before {name} was asked for"),
                format!("find out whose it is; once it is gone ({mend}), decide to resume"),
            ),
            _ => (
                format!("{name} was asked for, and nobody knows whether it happened{}", look_at(found)),
                "`resume` runs it again: decide that only when you have seen that it did not happen, or that twice does no harm"
                    .to_owned(),
            ),
        };
        Halt {
            cause: HaltCause::Condition(HaltCondition::MigrationFailed),
            step: step.to_owned(),
            why,
            left: format!("{}; {next}", self.session().what_is_left(step, false)),
            error: None,
        }
    }

    /// The runner lets go of the step: what ran stays.
    pub(super) fn let_go(&mut self, step: &str, running: &Running, halt: Option<Halt>) {
        let (step, attempt) = (step.to_owned(), running.attempt.clone());
        self.emit(Event::LetGo { step, attempt, halt: halt.map(Box::new) });
    }

    /// Every unit ran and everything was looked at; only the ledger row is not done yet.
    pub(super) fn units_complete(&mut self, step: &str, running: &Running) {
        self.judge_missing(step);
        if running.stop > 0 {
            let halt = self.stop_halt(step, false);
            self.let_go(step, running, Some(halt));
        } else if self.worst(step).is_good() {
            self.emit(Event::CommitRequested { step: step.to_owned(), attempt: running.attempt.clone() });
        } else {
            let (halt, _) = self.halt_of_checks(step, false);
            self.let_go(step, running, halt);
        }
    }

    pub(super) fn unit_failed(
        &mut self,
        step: &str,
        running: &Running,
        failed: (usize, &Failure, &UnitLook),
    ) {
        let (index, failure, look) = failed;
        let number = index + 1;
        let left = match look.probe {
            UnitProbe::InTransaction => format!("unit {number} failed and is rolled back"),
            UnitProbe::Absent => {
                format!("unit {number} failed; {}", or(&look.found, "nothing of it is there"))
            }
            UnitProbe::Half => format!(
                "unit {number} failed; {}; `resume` runs {} first, and then the unit again",
                look.found, look.mend
            ),
            UnitProbe::Done => format!(
                "unit {number} failed, but {}; `resume` counts it as done",
                or(&look.found, "it is there")
            ),
            UnitProbe::Repeatable => format!("unit {number} failed; it may always be run again"),
            UnitProbe::Unknown => format!(
                "unit {number} failed; what is left of it is not known{}; `resume` runs it again",
                look_at(&look.found)
            ),
        };
        if self.session().half_of(step).is_some() {
            self.emit(Event::UnitExplained { step: step.to_owned() });
        }
        self.failed_with(step, &running.work, failure, Some(left));
    }
}

fn or<'w>(words: &'w str, otherwise: &'w str) -> &'w str {
    if words.is_empty() { otherwise } else { words }
}

fn look_at(found: &str) -> String {
    if found.is_empty() { String::new() } else { format!(": {found}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every look against what is known of the unit.
    #[test]
    fn every_combination() {
        use UnitProbe::*;
        let mut table = String::new();
        for probe in [InTransaction, Absent, Half, Done, Repeatable, Unknown] {
            for (asked, decided) in [(false, false), (false, true), (true, false), (true, true)] {
                let work = unit_work(probe, asked, decided);
                let shown = work.map_or("stop and ask".to_owned(), |work| format!("{work:?}"));
                table.push_str(&format!("{probe:?} | asked {asked} | decided {decided} | {shown}\n"));
            }
        }
        insta::assert_snapshot!("unit_table", table);
    }
}
