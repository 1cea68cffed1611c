//! Why a sign-off does not count, each reason by its own name.

use super::Role;
use crate::session::Verdict;
use crate::time::Timestamp;

/// Why a sign-off does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The signature is missing, broken, or of other bytes; in words.
    Signature(String),
    /// Signed in this namespace, which is not the one of its role.
    Namespace(String),
    /// The checker's list does not have this key for this name; in words.
    UnknownSigner(String),
    /// Signed before the key was valid, or after; in words.
    Window(String),
    /// The key is on the list of revoked ones.
    Revoked,
    /// It says something that the record does not say; in words.
    Contradicts(String),
    /// It is about the record as it was, with so many entries.
    OlderHead(u64),
    /// It is about another record.
    OtherHead(String),
    /// Before the last entry, an earlier sign-off, or after now.
    Time(Timestamp, &'static str),
    /// This key signed under another name before.
    KeyOfAnother(String),
    /// The same person signed in this role before.
    Twice,
    /// The same person rejected later.
    RejectedLater,
    /// There is no rejection of theirs to withdraw.
    NothingToWithdraw,
    /// A session that ends so cannot be approved.
    Verdict(Verdict),
    /// A waiver it rests on has ended: check and last day.
    WaiverEnded(String, String),
    /// Somebody who did not drive signs as operator; these did.
    NotTheOperator(String),
    /// Signs in this role, or drove, and must be another person.
    SamePerson(Role),
    /// Roles that come first and are not satisfied.
    TooEarly(Role),
    /// Replayed so much, wanted so much, percent.
    NotReplayed(u64, u64),
    /// These items were not opened.
    NotOpened(Vec<String>),
    /// Entries cited that the record does not have.
    Cites(Vec<u64>),
    /// Rejected or withdrawn without a reason or without citing an entry.
    NoReason,
}

impl Refused {
    /// Whether nothing can be signed off as long as this stands in the folder. What merely does not count is no harm:
    /// somebody else can still sign.
    pub fn is_tampering(&self) -> bool {
        matches!(self, Self::Signature(_) | Self::Contradicts(_) | Self::OtherHead(_))
    }

    /// For people.
    pub fn words(&self) -> String {
        match self {
            Self::Signature(what) => format!("its signature does not hold: {what}"),
            Self::Namespace(found) => {
                format!("signed in the namespace '{found}', which is not the one of its role")
            }
            Self::UnknownSigner(what) => format!("not a known signer: {what}"),
            Self::Window(what) => format!("outside of the key's time: {what}"),
            Self::Revoked => "its key is revoked".to_owned(),
            Self::Contradicts(what) => format!("not of this session as it is: {what}"),
            Self::OlderHead(entries) => {
                format!("of an older head: the record had {entries} entries then, and went on")
            }
            Self::OtherHead(head) => format!("of another record: its head is {head}"),
            Self::Time(time, what) => format!("signed at {time}, {what}"),
            Self::KeyOfAnother(name) => format!("one key under two names: it signed as {name} too"),
            Self::Twice => "the same person counts once in a role".to_owned(),
            Self::RejectedLater => "the same person rejected later".to_owned(),
            Self::NothingToWithdraw => "there is no open rejection by the same person".to_owned(),
            Self::Verdict(verdict) => {
                format!("the verdict is {}: to approve is to say that the claims are true", verdict.word())
            }
            Self::WaiverEnded(check, until) => {
                format!("the waiver of {check} ended with {until}, before it was signed")
            }
            Self::NotTheOperator(operators) => format!("did not drive: the record says {operators} did"),
            Self::SamePerson(role) => {
                format!("the same person as {}: the policy wants somebody else", role.word())
            }
            Self::TooEarly(role) => {
                format!("too early: the policy wants {} to have signed before", role.word())
            }
            Self::NotReplayed(percent, wanted) => {
                format!("not enough replayed: {percent} % of the record, the policy wants {wanted} %")
            }
            Self::NotOpened(ids) => format!("not opened: {}", some_of(ids)),
            Self::Cites(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
                format!("cites entries that are not there: {}", some_of(&numbers))
            }
            Self::NoReason => "a reason and the entries it rests on are missing".to_owned(),
        }
    }

    /// What the one who wants to sign can do.
    pub fn next(&self) -> &'static str {
        match self {
            Self::NotReplayed(..) => "go through the record with `ceremony replay DIR`, then sign",
            Self::NotOpened(_) => {
                "look at each of them in the cockpit, or in report.md and name it with --opened ID"
            }
            Self::TooEarly(_) => "wait for that sign-off; the folder goes from hand to hand",
            Self::SamePerson(_) | Self::NotTheOperator(_) | Self::Twice => {
                "somebody else has to sign in this role"
            }
            Self::KeyOfAnother(_) => {
                "sign with a key of your own, --key FILE, or under your own name, --as NAME"
            }
            Self::Verdict(_) | Self::WaiverEnded(..) => {
                "hold the ceremony again, or sign what you think of it: --reject REASON --cite ENTRY"
            }
            Self::RejectedLater | Self::NothingToWithdraw => {
                "look at what there is with `ceremony verify DIR --signers FILE`"
            }
            Self::Cites(_) | Self::NoReason => "give a reason, and name entries with --cite NUMBER",
            Self::Time(..) => "set the clock of this machine",
            _ => "ask who changed it; do not sign it",
        }
    }
}

/// The first few of a list.
fn some_of(all: &[String]) -> String {
    match all.len() {
        0..=6 => all.join(", "),
        more => format!("{}, and {} more", all[..6].join(", "), more - 6),
    }
}
