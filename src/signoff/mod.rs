//! What is signed, by whom, and by which rules. Pure: keys, agents and files are the runner's.

mod facts;
mod items;
mod refused;
mod ruling;
pub mod signers;
mod statement;

pub use crate::definition::{Role, SignatureRule};
pub use facts::{Facts, same_person};
pub use items::must_be_opened;
pub use refused::Refused;
pub use ruling::{Filed, Ruled, Ruling, Standing, rule};
pub use statement::*;

use serde::{Deserialize, Serialize};

/// Folder of statements and signatures within a session folder.
pub const FOLDER: &str = "signoff";

/// The namespace of a role's signatures, such as `lead.ceremony-signoff.v1`.
pub fn namespace(role: Role) -> String {
    format!("{}.ceremony-signoff.v1", role.word())
}

/// `signoff/003-lead-lena@example.com.json`: the name of a statement within the session folder.
pub fn file_name(number: usize, role: Role, principal: &str) -> String {
    format!("{FOLDER}/{number:03}-{}-{principal}.json", role.word())
}

/// Whether a name can stand for a person in file names, `allowed_signers` and on a command line.
pub fn is_principal(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@._+-".contains(&byte);
    (1..=80).contains(&name.len())
        && name.bytes().all(plain)
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
}

/// What a signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// The claims are true.
    Approve,
    /// They are not, or were not shown: blocks until withdrawn.
    Reject,
    /// The same person's rejection no longer stands.
    Withdraw,
}

impl Choice {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approves",
            Self::Reject => "REJECTS",
            Self::Withdraw => "withdraws",
        }
    }
}

/// What somebody wants to sign, as the screen or the command line gathered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// In what capacity.
    pub role: Role,
    /// Approve, reject or withdraw.
    pub choice: Choice,
    /// In their own words; not empty for [`Choice::Reject`] and [`Choice::Withdraw`].
    pub reason: String,
    /// Numbers of the entries that the reason rests on.
    pub cites: Vec<u64>,
    /// Ids of the items of the review that were opened.
    pub opened: Vec<String>,
}

#[cfg(test)]
mod tests;
