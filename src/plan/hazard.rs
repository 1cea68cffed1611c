//! What a script does that can hurt others while it runs, or rows for good; read from its text, before anything runs.

use crate::definition::{Place, Script, StepKind};
use serde::{Deserialize, Serialize};

/// How something hurts, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HazardClass {
    /// What was stored is lost.
    Data,
    /// A table is written anew, under a lock.
    Rewrite,
    /// Others wait for a lock.
    Lock,
    /// It may fail on rows that are there, or break whoever relies on what was.
    Other,
    /// Nobody could look at it.
    Unseen,
}

impl HazardClass {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Data => "data loss",
            Self::Rewrite => "rewrite",
            Self::Lock => "lock",
            Self::Other => "other",
            Self::Unseen => "not looked into",
        }
    }
}

/// One hazard at one place. A later field for what a rehearsal saw of it is optional, so that records stay readable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hazard {
    /// [`Script::name`].
    pub script: String,
    /// The linter's name for it.
    pub rule: String,
    /// How it hurts.
    pub class: HazardClass,
    /// Where it stands.
    pub at: Place,
    /// Where its statement starts, as in `StatementStarted`.
    pub statement: Place,
    /// In a few words.
    pub what: String,
    /// In a sentence.
    pub why: String,
    /// What to do about it.
    pub next: String,
    /// It stands in a DO block, and runs only if it is reached.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub perhaps: bool,
    /// A comment in the file accepts it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accepted: bool,
}

/// The same hazard at several places of one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HazardGroup<'h> {
    /// The first of them.
    pub first: &'h Hazard,
    /// The lines of all of them.
    pub lines: Vec<usize>,
    /// Where their statements start.
    statements: Vec<&'h Place>,
}

/// What a rehearsal made of a hazard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It was seen.
    Confirmed(String),
    /// It was looked for and not seen.
    Cleared(String),
}

impl HazardGroup<'_> {
    /// `line 41` or `lines 41, 44`; the rest is counted.
    pub fn places(&self) -> String {
        const LISTED_MAX: usize = 5;
        let lines: Vec<String> = self.lines.iter().take(LISTED_MAX).map(usize::to_string).collect();
        let label = if self.lines.len() == 1 { "line" } else { "lines" };
        match self.lines.len().saturating_sub(LISTED_MAX) {
            0 => format!("{label} {}", lines.join(", ")),
            more => format!("{label} {} and {more} more", lines.join(", ")),
        }
    }
}

/// Like hazards together, the worst first and the accepted last.
pub fn grouped<'h>(hazards: impl IntoIterator<Item = &'h Hazard>) -> Vec<HazardGroup<'h>> {
    let mut groups: Vec<HazardGroup<'h>> = Vec::new();
    for hazard in hazards {
        let same = |group: &&mut HazardGroup<'h>| {
            let first = group.first;
            (&first.script, &first.rule, &first.what, first.accepted, first.perhaps)
                == (&hazard.script, &hazard.rule, &hazard.what, hazard.accepted, hazard.perhaps)
        };
        match groups.iter_mut().find(same) {
            Some(group) => {
                group.lines.push(hazard.at.line);
                group.statements.push(&hazard.statement);
            }
            None => groups.push(HazardGroup {
                first: hazard,
                lines: vec![hazard.at.line],
                statements: vec![&hazard.statement],
            }),
        }
    }
    for group in &mut groups {
        group.lines.dedup();
    }
    groups.sort_by_key(|group| (group.first.accepted, group.first.class, group.lines.first().copied()));
    groups
}

/// The hazards of one script.
fn of<'h>(all: &'h [Hazard], script: &Script) -> impl Iterator<Item = &'h Hazard> + use<'h> {
    let name = script.name();
    all.iter().filter(move |hazard| hazard.script == name)
}

impl super::Plan {
    /// What the script of a step that applies or rolls back shows of hazards; `None` when nobody looked.
    pub fn hazards_of(&self, step: &super::Step) -> Option<Vec<&Hazard>> {
        let migration = &self.ceremony.migrations[step.migration?];
        let script = match step.kind {
            StepKind::RollBack => &migration.rollback.script,
            _ => &migration.script,
        };
        Some(of(self.hazards.as_deref()?, script).collect())
    }

    /// What the rehearsal made of hazards of a step's script; `None` without one, and for what it cannot show: whether
    /// rows or clients are hurt.
    pub fn tried(&self, step: &str, group: &HazardGroup<'_>) -> Option<Tried> {
        let rehearsed = self.rehearsed(step)?;
        let mut tolls = Vec::new();
        for place in &group.statements {
            // All of them, or nothing can be said.
            tolls.push(&rehearsed.statements.iter().find(|statement| statement.at == **place)?.toll);
        }
        let (locks, files) = match group.first.class {
            HazardClass::Lock => (true, false),
            HazardClass::Rewrite => (false, true),
            HazardClass::Unseen => (true, true),
            HazardClass::Data | HazardClass::Other => return None,
        };
        let mut seen: Vec<String> = Vec::new();
        for toll in tolls {
            if locks {
                seen.extend(toll.locks.iter().map(|lock| format!("{} on {}", lock.mode, lock.relation)));
            }
            if files {
                seen.extend(toll.rewritten.iter().map(|table| format!("{table} written anew")));
            }
        }
        seen.dedup();
        let nothing = match group.first.class {
            HazardClass::Rewrite => "no table was written anew",
            HazardClass::Unseen => "no further lock that others wait for, nothing written anew",
            _ => "no further lock that others wait for",
        };
        Some(if seen.is_empty() {
            Tried::Cleared(nothing.to_owned())
        } else {
            Tried::Confirmed(seen.join(", "))
        })
    }
}
