//! The rollback drill, rung by rung: what each rollback and each way up again left, beside what it should have left.

#[cfg(test)]
mod tests;

use super::declared::{matches, some};
use super::*;
use serde::{Deserialize, Serialize};

/// One script of the drill and the schema behind it, compared with the one it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// The migration.
    pub migration: String,
    /// Down: its rollback ran, and the schema is compared with the one the migration started from. Up: its script ran
    /// again, and the schema is compared with the one it led to.
    pub direction: Direction,
    /// What differs and is not declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub residue: Vec<ObjectChange>,
    /// Left behind as declared, here or on a higher rung.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
    /// Of earlier migrations and taken along as declared, here or on a higher rung.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_dropped: Vec<String>,
    /// The script did not run to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<ErrorCard>>,
}

/// How well a script led where it should lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Restored {
    /// Nothing differs but what is declared.
    Exactly,
    /// Only the order of columns differs.
    AllButColumnOrder,
    /// Something is left or missing.
    Residue,
    /// The script failed.
    Failed,
}

impl Restored {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exactly => "exactly",
            Self::AllButColumnOrder => "all but column order",
            Self::Residue => "residue",
            Self::Failed => "failed",
        }
    }
}

/// What a definition lets a rollback leave different: exact names, or a trailing `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Left behind.
    pub kept: Vec<String>,
    /// Taken along.
    pub also_drops: Vec<String>,
}

impl Rung {
    /// Sorts the differences from the rung that should have been reached into what is allowed and what is residue.
    pub fn new(migration: &str, direction: Direction, allowed: &Allowed, changes: Vec<ObjectChange>) -> Self {
        let mut rung = Self {
            migration: migration.to_owned(),
            direction,
            residue: Vec::new(),
            kept: Vec::new(),
            also_dropped: Vec::new(),
            error: None,
        };
        let among =
            |list: &[String], change: &ObjectChange| list.iter().any(|name| matches(name, &change.object));
        for change in changes {
            // What is kept is there in addition; where it is a column of an older table, its order is another one.
            let added = change.before.is_none() || change.object.starts_with("column order ");
            if added && change.after.is_some() && among(&allowed.kept, &change) {
                rung.kept.push(change.object);
            } else if change.after.is_none() && among(&allowed.also_drops, &change) {
                rung.also_dropped.push(change.object);
            } else {
                rung.residue.push(change);
            }
        }
        rung
    }

    /// The verdict on this rung.
    pub fn restored(&self) -> Restored {
        if self.error.is_some() {
            Restored::Failed
        } else if self.residue.is_empty() {
            Restored::Exactly
        } else if self.residue.iter().all(|change| {
            change.object.starts_with("column order ") && change.before.is_some() && change.after.is_some()
        }) {
            Restored::AllButColumnOrder
        } else {
            Restored::Residue
        }
    }

    /// `down outbound-sync`.
    pub fn name(&self) -> String {
        let way = if self.direction == Direction::Down { "down" } else { "up" };
        format!("{way} {}", self.migration)
    }

    /// One line: the rung, its verdict, and what it rests on.
    pub fn words(&self) -> String {
        let mut words = format!("{}: {}", self.name(), self.restored().word());
        if let Some(error) = &self.error {
            words.push_str(&format!(": {} {}", error.sqlstate, error.message));
        }
        let differs: Vec<String> = self.residue.iter().map(ObjectChange::one_line).collect();
        if !differs.is_empty() {
            words.push_str(&format!(": {}", some(&differs)));
        }
        for (list, what) in
            [(&self.kept, "kept as declared"), (&self.also_dropped, "taken along as declared")]
        {
            if !list.is_empty() {
                words.push_str(&format!(", {} {what}", list.len()));
            }
        }
        words
    }
}

/// The rungs as rows, for the results pane and the report.
pub fn rungs_table(rungs: &[Rung]) -> ResultSet {
    let rows = rungs.iter().map(|rung| {
        let differs: Vec<String> = rung.residue.iter().map(ObjectChange::one_line).collect();
        let error = rung.error.as_ref().map(|error| format!("{} {}", error.sqlstate, error.message));
        [
            rung.name(),
            rung.restored().word().to_owned(),
            error.unwrap_or_else(|| differs.join(", ")),
            rung.kept.join(", "),
            rung.also_dropped.join(", "),
        ]
        .map(|cell| Some(if cell.is_empty() { "–".to_owned() } else { cell }))
        .to_vec()
    });
    evidence::table_of(&["rung", "restored", "differs", "kept", "taken along"], rows.collect())
}

/// Whether the drill went well, what was wanted and what was seen.
pub(super) fn judge_rungs(rungs: &[Rung]) -> (bool, &'static str, String) {
    let expected =
        "on each rung the schema it started from, but for what is declared; then up again the same way";
    let bad: Vec<String> = rungs
        .iter()
        .filter(|rung| rung.restored() != Restored::Exactly)
        .map(|rung| format!("{} (differs from {})", rung.words(), rung.reference()))
        .collect();
    if !bad.is_empty() {
        return (false, expected, bad.join("; "));
    }
    let way = |direction| {
        let on = rungs.iter().filter(|rung| rung.direction == direction);
        on.map(|rung| rung.migration.as_str()).collect::<Vec<_>>().join(", ")
    };
    let widest = |list: fn(&Rung) -> usize| rungs.iter().map(list).max().unwrap_or(0);
    let observed = format!(
        "restored exactly on each rung: down {}; up again {}; {} kept and {} taken along as declared",
        way(Direction::Down),
        way(Direction::Up),
        widest(|rung| rung.kept.len()),
        widest(|rung| rung.also_dropped.len())
    );
    (!rungs.is_empty(), expected, observed)
}

impl Rung {
    fn reference(&self) -> &'static str {
        match self.direction {
            Direction::Down => "what the migration started from",
            Direction::Up => "what the migration led to",
        }
    }
}
