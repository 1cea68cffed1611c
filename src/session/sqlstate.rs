//! What an SQLSTATE means for an attempt: may it be tried again, must the ledger be asked, or is it for people.

use super::*;

/// So often a step may be tried again after errors that pass, all of them together.
pub const TRIES_MAX: usize = 3;

/// What an error means for the attempt that met it. The world stops in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing is committed and the same may well succeed: it may be tried again so often, each time as a new attempt.
    Passing {
        /// For this SQLSTATE alone.
        tries_max: usize,
    },
    /// The connection is gone: what the server did last, the ledger says.
    Lost,
    /// Nothing will be different next time unless somebody changes something.
    ForPeople,
}

/// The SQLSTATEs that do not mean [`Meaning::ForPeople`]; two characters stand for their class.
/// <https://www.postgresql.org/docs/15/errcodes-appendix.html>
pub const TABLE: &[(&str, Meaning, &str)] = &[
    ("55P03", Meaning::Passing { tries_max: TRIES_MAX }, "a lock was not to be had in time"),
    ("40P01", Meaning::Passing { tries_max: 1 }, "a deadlock, which the server resolved at our cost"),
    ("40001", Meaning::Passing { tries_max: TRIES_MAX }, "another transaction was in the way"),
    ("53300", Meaning::Passing { tries_max: TRIES_MAX }, "too many connections"),
    ("57P03", Meaning::Passing { tries_max: TRIES_MAX }, "the server was starting or stopping"),
    ("57P01", Meaning::Lost, "an administrator ended the connection"),
    ("57P02", Meaning::Lost, "the server crashed"),
    ("08", Meaning::Lost, "the connection broke"),
];

/// The row of `sqlstate` in the table.
fn row(sqlstate: &str) -> Option<&'static (&'static str, Meaning, &'static str)> {
    TABLE.iter().find(|(code, ..)| *code == sqlstate || code.len() == 2 && sqlstate.starts_with(code))
}

/// What `sqlstate` means.
pub fn meaning(sqlstate: &str) -> Meaning {
    row(sqlstate).map_or(Meaning::ForPeople, |(_, meaning, _)| *meaning)
}

/// `(1, 3)` for the first of three tries that are left, given the errors that passed so far, the latest one last;
/// `None` when it was the last one that may be tried again.
fn tries(passed: &[String]) -> Option<(usize, usize)> {
    let latest = passed.last()?;
    let Meaning::Passing { tries_max } = meaning(latest) else { return None };
    let alike = passed.iter().filter(|code| *code == latest).count();
    let (used, most) = if tries_max < TRIES_MAX { (alike, tries_max) } else { (passed.len(), TRIES_MAX) };
    (used <= most && passed.len() <= TRIES_MAX).then_some((used, most))
}

/// The same in words, given the errors that passed so far, this one last.
fn words(sqlstate: &str, passed: &[String]) -> Option<String> {
    let (_, meaning, what) = row(sqlstate)?;
    Some(match meaning {
        Meaning::Passing { .. } => match tries(passed) {
            Some((next, most)) => format!("{what}: it may be tried again ({next} of {most})"),
            None => format!("{what}, once too often: it may not be tried again in this session"),
        },
        Meaning::Lost => format!("{what}: the ledger says what became of it"),
        Meaning::ForPeople => return None,
    })
}

impl Session {
    /// What `error`, which is about to stop `step`, means for trying it again.
    pub(super) fn again_words(&self, step: &str, error: &ErrorCard) -> Option<String> {
        let mut passed = self.step_state(step)?.passing.clone();
        passed.push(error.sqlstate.clone());
        words(&error.sqlstate, &passed)
    }

    /// What the error that stopped the world means for trying its step again.
    pub fn again(&self) -> Option<String> {
        let halt = &self.escalation.as_ref()?.halt;
        words(&halt.error.as_ref()?.sqlstate, &self.step_state(&halt.step)?.passing)
    }

    /// Why the stopped step may not be tried again: its tries are used up.
    pub(super) fn no_more_tries(&self) -> Option<(String, String)> {
        let halt = &self.escalation.as_ref()?.halt;
        let error = halt.error.as_ref()?;
        let passed = &self.step_state(&halt.step)?.passing;
        let Meaning::Passing { tries_max } = meaning(&error.sqlstate) else { return None };
        if tries(passed).is_some() {
            return None;
        }
        let times = |count: usize| if count == 1 { "once".to_owned() } else { format!("{count} times") };
        Some((
            halt.step.clone(),
            format!(
                "it failed {} with errors that pass by themselves ({}); after {} a step may be tried again {}",
                times(passed.len()),
                passed.join(", "),
                error.sqlstate,
                times(tries_max)
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row, the classes with one of theirs, and what is in no row.
    #[test]
    fn every_row() {
        let passing = |tries_max| Meaning::Passing { tries_max };
        let wanted = [
            ("55P03", passing(3)),
            ("40P01", passing(1)),
            ("40001", passing(3)),
            ("53300", passing(3)),
            ("57P03", passing(3)),
            ("57P01", Meaning::Lost),
            ("57P02", Meaning::Lost),
            ("08006", Meaning::Lost),
            ("08P01", Meaning::Lost),
            ("57014", Meaning::ForPeople),
            ("25P03", Meaning::ForPeople),
            ("53100", Meaning::ForPeople),
            ("25006", Meaning::ForPeople),
            ("42601", Meaning::ForPeople),
            ("23505", Meaning::ForPeople),
            ("28P01", Meaning::ForPeople),
            ("3D000", Meaning::ForPeople),
            ("26000", Meaning::ForPeople),
            ("0A000", Meaning::ForPeople),
            ("2D000", Meaning::ForPeople),
            ("25001", Meaning::ForPeople),
            ("40002", Meaning::ForPeople),
            ("", Meaning::ForPeople),
        ];
        for (code, wanted) in wanted {
            assert_eq!(meaning(code), wanted, "{code}");
        }
        for (code, ..) in TABLE {
            assert!(wanted.iter().any(|(wanted, _)| wanted.starts_with(code)), "{code} is not tried here");
        }
    }

    #[test]
    fn tries_are_counted() {
        let after = |codes: &[&str]| tries(&codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>());
        assert_eq!(after(&["55P03"]), Some((1, 3)));
        assert_eq!(after(&["55P03", "40001", "55P03"]), Some((3, 3)));
        assert_eq!(after(&["55P03", "40001", "55P03", "53300"]), None);
        assert_eq!(after(&["40P01"]), Some((1, 1)));
        assert_eq!(after(&["40P01", "40P01"]), None);
        assert_eq!(after(&["55P03", "40P01"]), Some((1, 1)));
        assert_eq!(after(&["40P01", "55P03"]), Some((2, 3)));
        assert_eq!(after(&["55P03", "55P03", "55P03", "40P01"]), None);
        assert_eq!(after(&[]), None);
    }
}
