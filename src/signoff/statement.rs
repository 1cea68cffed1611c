//! What is signed: an in-toto Statement v1, <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>.

use super::{Choice, Facts, Role, Wish, namespace};
use crate::session::{Mode, Verdict};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "urn:ceremony:signoff:v1";
/// Name of the report as a subject, within the session folder.
pub const REPORT: &str = "report.md";

/// A whole statement, as it is written and signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Always the one of in-toto.
    #[serde(rename = "_type")]
    pub kind: String,
    /// What it is about, by checksum; earlier sign-offs among it.
    pub subject: Vec<Subject>,
    /// Always ours.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said of it.
    pub predicate: Predicate,
}

/// A file of the session folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its path within the folder.
    pub name: String,
    /// Its checksum.
    pub digest: Digest,
}

/// A checksum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// 64 hexadecimal digits.
    pub sha256: String,
}

impl Subject {
    /// A file and its checksum.
    pub fn of(name: &str, sha256: &str) -> Self {
        Self { name: name.to_owned(), digest: Digest { sha256: sha256.to_owned() } }
    }
}

/// Who says what of the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predicate {
    /// In what capacity.
    pub role: Role,
    /// Who.
    pub principal: String,
    /// What.
    pub choice: Choice,
    /// What that means, in words.
    pub clause: String,
    /// Of the signature.
    pub namespace: String,
    /// The ceremony's id.
    pub ceremony: String,
    /// The session's id.
    pub session: String,
    /// Practice never counts as real.
    pub mode: Mode,
    /// SHA-256 of the record, in hex.
    pub head: String,
    /// The same as four words.
    pub words: String,
    /// How many entries it has.
    pub entries: u64,
    /// What follows from them.
    pub verdict: Verdict,
    /// How much of what.
    pub counts: Counts,
    /// The waivers that were used.
    pub waivers: Vec<Waived>,
    /// How much of the record the signer had on the screen.
    pub replayed: Replayed,
    /// Ids of the items the signer opened.
    pub opened: Vec<String>,
    /// In the signer's own words.
    pub reason: String,
    /// Numbers of the entries that it rests on.
    pub cites: Vec<u64>,
    /// When it was signed, by the signer's clock.
    pub time: Timestamp,
    /// Version of the program that wrote it.
    pub tool: String,
}

/// How much a session has of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Checks of the way up.
    pub checks: Checks,
    /// What a reviewer must see.
    pub findings: u64,
    /// How often the world was stopped.
    pub halts: u64,
    /// Waivers that were used.
    pub waivers: u64,
}

/// Checks by verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checks {
    /// As wanted.
    pub pass: u64,
    /// Known failures that somebody answers for.
    pub waived: u64,
    /// Not as wanted.
    pub fail: u64,
    /// Nobody looked.
    pub not_run: u64,
}

/// A waiver that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waived {
    /// The suite or query.
    pub check: String,
    /// Why it may fail.
    pub reason: String,
    /// Who says so.
    pub granted_by: String,
    /// Its last day.
    pub until: String,
}

/// How much of a record was on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replayed {
    /// So many of its entries.
    pub entries: u64,
    /// That is so much of it, rounded down, 0 to 100.
    pub percent: u64,
}

impl Replayed {
    /// `seen` of `entries`.
    pub fn of(seen: u64, entries: u64) -> Self {
        Self { entries: seen, percent: (seen * 100).checked_div(entries).unwrap_or(0) }
    }
}

impl Statement {
    /// What `principal` signs of these facts. `earlier` are the sign-offs that are there, and `report` the checksum of
    /// the report.
    pub fn new(
        facts: &Facts,
        wish: &Wish,
        principal: &str,
        replayed: Replayed,
        report: &str,
        earlier: &[Subject],
        time: Timestamp,
    ) -> Self {
        let mut opened = wish.opened.clone();
        opened.sort();
        opened.dedup();
        Self {
            kind: STATEMENT.to_owned(),
            subject: subjects(facts, report, earlier),
            predicate_type: PREDICATE.to_owned(),
            predicate: Predicate {
                role: wish.role,
                principal: principal.to_owned(),
                choice: wish.choice,
                clause: clause(wish.role, wish.choice, facts.mode),
                namespace: namespace(wish.role),
                ceremony: facts.ceremony.clone(),
                session: facts.session.clone(),
                mode: facts.mode,
                head: facts.head.clone(),
                words: facts.words.clone(),
                entries: facts.entries,
                verdict: facts.verdict,
                counts: facts.counts.clone(),
                waivers: facts.waivers.clone(),
                replayed,
                opened,
                reason: wish.reason.clone(),
                cites: wish.cites.clone(),
                time,
                tool: env!("CARGO_PKG_VERSION").to_owned(),
            },
        }
    }

    /// The bytes that are written and signed.
    ///
    /// # Errors
    /// When serde cannot write it, which a derived implementation does not do.
    pub fn bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads what was signed. Only the very bytes that this program writes are a statement: nothing unknown, nothing
    /// twice, nothing beside it.
    ///
    /// # Errors
    /// In words, when it is something else.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let statement: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if statement.kind != STATEMENT || statement.predicate_type != PREDICATE {
            return Err(format!("it is a {} of {}", statement.kind, statement.predicate_type));
        }
        match statement.bytes() {
            Ok(written) if written == bytes => Ok(statement),
            _ => Err("it is not written as this program writes it".to_owned()),
        }
    }

    /// The first thing it says of the session that the record does not say. `report` is the checksum of the report
    /// there is, if any.
    pub fn contradicts(&self, facts: &Facts, report: Option<&str>, earlier: &[Subject]) -> Option<String> {
        let said = &self.predicate;
        let current = said.head == facts.head;
        let wrong = |what: &str, said: &dyn std::fmt::Display, found: &dyn std::fmt::Display| {
            Some(format!("it says {what} {said}, but it is {found}"))
        };
        if said.session != facts.session || said.ceremony != facts.ceremony {
            return wrong("session", &said.session, &facts.session);
        }
        if said.mode != facts.mode {
            return Some("it says of a practice session that it was live, or the other way round".to_owned());
        }
        if said.namespace != namespace(said.role)
            || said.clause != clause(said.role, said.choice, said.mode)
            || said.words != crate::journal::head_words(&said.head)
        {
            return Some("its words are not those of its role and head".to_owned());
        }
        let mut expected = subjects(facts, report.unwrap_or_default(), earlier);
        let mut there = self.subject.clone();
        if !current {
            // Record and report have grown since; all other files are as they were.
            for list in [&mut expected, &mut there] {
                list.retain(|subject| subject.name != crate::journal::FILE_NAME && subject.name != REPORT);
            }
        }
        if let Some(subject) = expected.iter().find(|subject| !there.contains(subject)) {
            return Some(format!("{} is not the file that it is about", subject.name));
        }
        if let Some(subject) = there.iter().find(|subject| !expected.contains(subject)) {
            return Some(format!("it is about {}, which is not there", subject.name));
        }
        if !current {
            return None;
        }
        if said.entries != facts.entries {
            return wrong("entries", &said.entries, &facts.entries);
        }
        if said.verdict != facts.verdict {
            return wrong("verdict", &said.verdict.word(), &facts.verdict.word());
        }
        if said.counts != facts.counts || said.waivers != facts.waivers {
            return Some("its counts or waivers are not those of the record".to_owned());
        }
        if said.replayed.entries > facts.entries
            || said.replayed != Replayed::of(said.replayed.entries, facts.entries)
        {
            return wrong("replayed entries", &said.replayed.entries, &facts.entries);
        }
        None
    }
}

fn subjects(facts: &Facts, report: &str, earlier: &[Subject]) -> Vec<Subject> {
    let mut subjects = facts.subjects.clone();
    subjects.push(Subject::of(REPORT, report));
    subjects.extend_from_slice(earlier);
    subjects
}

/// What somebody says who signs so.
pub fn clause(role: Role, choice: Choice, mode: Mode) -> String {
    let words = match (choice, role) {
        (Choice::Approve, Role::Operator) => {
            "I drove this ceremony; the record shows what I did and what came back.".to_owned()
        }
        (Choice::Approve, Role::Witness) => {
            "I watched this ceremony live; the record shows what I saw.".to_owned()
        }
        (Choice::Approve, Role::Reviewer) => {
            "I replayed the record and opened everything that is not a plain pass; the claims are carried by their \
             evidence."
                .to_owned()
        }
        (Choice::Approve, Role::Lead) => {
            "I have read the report, opened everything that is not a plain pass, and answer for this ceremony."
                .to_owned()
        }
        (Choice::Reject, role) => format!(
            "As {} I reject this session; it is not signed off while this stands.",
            role.word()
        ),
        (Choice::Withdraw, role) => {
            format!("As {} I withdraw my rejection of this session.", role.word())
        }
    };
    match mode {
        Mode::Live => words,
        Mode::Practice => format!("PRACTICE, never to count as real: {words}"),
    }
}
