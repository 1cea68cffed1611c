//! Who must sign: one rule a role, read from `[[signature]]`.

use super::entries::Spans;
use super::reader::{At, Reading, Table};
use serde::{Deserialize, Serialize};

/// In what capacity somebody signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Drove the ceremony.
    Operator,
    /// Watched it live.
    Witness,
    /// Replayed its record.
    Reviewer,
    /// Puts a name under it.
    Lead,
}

impl Role {
    /// All of them, in the order in which they usually sign.
    pub const ALL: [Self; 4] = [Self::Operator, Self::Witness, Self::Reviewer, Self::Lead];

    /// The word for people, policies and statements.
    pub fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Witness => "witness",
            Self::Reviewer => "reviewer",
            Self::Lead => "lead",
        }
    }

    /// The role of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// What is asked of those who sign in one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignatureRule {
    /// In what capacity.
    pub role: Role,
    /// How many people, 1 to 20.
    pub count: u64,
    /// They are nobody who signs in one of these roles; of `operator`, nobody who drove.
    pub differs_from: Vec<Role>,
    /// They sign when the rules of these roles are satisfied.
    pub after: Vec<Role>,
    /// So much of the record they must have had on the screen, 0 to 100.
    pub replayed_percent: u64,
}

impl SignatureRule {
    /// `Signs: 1 reviewer, other people than operator, with at least 80 % of the record replayed.`
    pub fn sentence(&self) -> String {
        let parts = self.conditions();
        let head = format!("Signs: {} {}", self.count, self.role.word());
        if parts.is_empty() { format!("{head}.") } else { format!("{head}, {parts}.") }
    }

    /// What must hold of those who sign, in words; empty when it is nothing.
    pub fn conditions(&self) -> String {
        let list = |roles: &[Role]| roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(" and ");
        let mut parts = Vec::new();
        if !self.differs_from.is_empty() {
            parts.push(format!("other people than {}", list(&self.differs_from)));
        }
        if self.replayed_percent > 0 {
            parts.push(format!("with at least {} % of the record replayed", self.replayed_percent));
        }
        if !self.after.is_empty() {
            parts.push(format!("after {}", list(&self.after)));
        }
        parts.join(", ")
    }
}

const ROLES: &[(&str, Role)] = &[
    ("operator", Role::Operator),
    ("witness", Role::Witness),
    ("reviewer", Role::Reviewer),
    ("lead", Role::Lead),
];

pub(super) fn read(reading: &mut Reading<'_>, mut table: Table<'_, '_>, spans: &mut Spans) -> SignatureRule {
    let span = table.span.clone();
    let role = table.choice(reading, "role", ROLES, None);
    let count = table.number(reading, "count", 1..21, 1);
    let differs_from = table.strings(reading, "differs_from");
    let differs_from = roles(reading, "differs_from", role, differs_from);
    let after = table.strings(reading, "after");
    let after = roles(reading, "after", role, after);
    let replayed_percent = table.number(reading, "replayed_percent", 0..101, 0);
    table.done(reading);
    spans.signatures.push(span);
    SignatureRule { role, count, differs_from, after, replayed_percent }
}

fn roles(reading: &mut Reading<'_>, key: &str, own: Role, names: Vec<At<String>>) -> Vec<Role> {
    let mut found = Vec::new();
    for name in names {
        match Role::of(&name.value) {
            Some(role) if role != own && !found.contains(&role) => found.push(role),
            Some(role) if role == own => reading.problem(
                &name.span,
                format!("'{key}' of {} names itself", own.word()),
                "nobody could ever satisfy it",
                "remove the name; within one role everybody is another person anyway",
            ),
            Some(role) => reading.problem(
                &name.span,
                format!("'{key}' of {} names {} twice", own.word(), role.word()),
                "one of them is likely meant to be another role",
                "remove it, or write the other role",
            ),
            None => reading.problem(
                &name.span,
                format!("there is no role '{}'", name.value.escape_default()),
                "the roles there are: operator, witness, reviewer, lead",
                "use one of these",
            ),
        }
    }
    found
}

/// A rule that cannot be satisfied denies for ever, so it is a mistake of the definition.
pub(super) fn check(reading: &mut Reading<'_>, rules: &[SignatureRule], spans: &Spans) {
    for (at, (rule, span)) in rules.iter().zip(&spans.signatures).enumerate() {
        let word = rule.role.word();
        if rules[..at].iter().any(|other| other.role == rule.role) {
            reading.problem(
                span,
                format!("two [[signature]] entries are about the role {word}"),
                "one rule a role: of two, nobody knows which one counts",
                "make them one, with a 'count'",
            );
        }
        for (key, named) in [("differs_from", &rule.differs_from), ("after", &rule.after)] {
            for role in named {
                if !rules.iter().any(|other| other.role == *role) {
                    reading.problem(
                        span,
                        format!("'{key}' of {word} names {}, which nobody must sign as", role.word()),
                        "a rule that leans on a signature nobody asks for denies, or guards nothing",
                        format!("add a [[signature]] with role = \"{}\", or take it out", role.word()),
                    );
                }
            }
        }
        if waits_for(rules, rule.role, rule.role, rules.len()) {
            reading.problem(
                span,
                format!("{word} signs after itself"),
                "the 'after' of these rules form a circle, and no order can satisfy a circle",
                "remove one 'after' of the circle",
            );
        }
    }
}

/// Whether `from` has to wait for `role`, by at most `steps` rules.
fn waits_for(rules: &[SignatureRule], from: Role, role: Role, steps: usize) -> bool {
    steps > 0
        && rules
            .iter()
            .filter(|rule| rule.role == from)
            .flat_map(|rule| &rule.after)
            .any(|next| *next == role || waits_for(rules, *next, role, steps - 1))
}
