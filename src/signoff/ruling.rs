//! By the policy and the sign-offs that are there: who counts, who does not and why, and is it signed off?

use super::{Choice, Facts, Refused, Role, SignatureRule, Statement, Subject, file_name, is_principal};
use crate::session::Mode;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// A clock may be so much ahead of another one, microseconds.
const SKEW_US: i64 = 10 * 60 * 1_000_000;

/// A sign-off as it was found in the folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Filed {
    /// Its path within the session folder.
    pub name: String,
    /// Of its bytes.
    pub sha256: String,
    /// What it says.
    pub statement: Statement,
    /// Fingerprint of the key that signed it; empty when nobody can tell.
    pub key: String,
    /// What is wrong with signature or signer, if anything.
    pub doubt: Option<Refused>,
}

impl Filed {
    /// As a subject of later statements.
    pub fn subject(&self) -> Subject {
        Subject::of(&self.name, &self.sha256)
    }
}

/// How a sign-off stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts for the rule of its role.
    Counts,
    /// It is good, but no rule asks for it.
    Unasked,
    /// A rejection that nobody withdrew.
    Open,
    /// A rejection that was withdrawn.
    Withdrawn,
    /// It takes back a rejection.
    TakesBack,
    /// It does not count.
    Refused(Refused),
}

/// A rule and who satisfied it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled {
    /// What is asked.
    pub rule: SignatureRule,
    /// Who counts.
    pub by: Vec<String>,
}

impl Ruled {
    /// Whether there are enough.
    pub fn is_satisfied(&self) -> bool {
        self.by.len() as u64 >= self.rule.count.max(1)
    }
}

/// What follows from all sign-offs of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// One for each sign-off, in their order.
    pub standings: Vec<Standing>,
    /// Places of the rejections that nobody withdrew: each blocks, even one that is refused.
    pub open: Vec<usize>,
    /// One for each rule of the policy.
    pub rules: Vec<Ruled>,
    /// Why it is not signed off, each in one sentence; empty means that it is.
    pub against: Vec<String>,
}

/// Judges the sign-offs `filed` of a session by its policy. `report` is the checksum of the report in the folder, and
/// `now` the checker's clock.
pub fn rule(
    facts: &Facts,
    rules: &[SignatureRule],
    filed: &[Filed],
    report: Option<&str>,
    now: Timestamp,
) -> Ruling {
    let mut bench = Bench { facts, rules, filed, standings: Vec::new(), open: Vec::new() };
    for at in 0..filed.len() {
        let standing = bench.by_itself(at, report, now).map_or(Standing::Counts, Standing::Refused);
        bench.standings.push(standing);
    }
    bench.rejections();
    for (at, one) in filed.iter().enumerate() {
        if bench.standings[at] == Standing::Counts && one.statement.predicate.choice == Choice::Approve {
            // What is still to be judged does not count for anybody yet.
            bench.standings[at] = Standing::Unasked;
            bench.standings[at] = bench.approval(at);
        }
    }
    let rules: Vec<Ruled> = rules
        .iter()
        .map(|rule| Ruled { rule: rule.clone(), by: bench.counted(rule.role, filed.len()) })
        .collect();
    let against = bench.against(&rules);
    Ruling { standings: bench.standings, open: bench.open, rules, against }
}

struct Bench<'f> {
    facts: &'f Facts,
    rules: &'f [SignatureRule],
    filed: &'f [Filed],
    standings: Vec<Standing>,
    open: Vec<usize>,
}

impl Bench<'_> {
    /// What is wrong with a sign-off, whatever the others say.
    fn by_itself(&self, at: usize, report: Option<&str>, now: Timestamp) -> Option<Refused> {
        let filed = &self.filed[at];
        let said = &filed.statement.predicate;
        if filed.name != file_name(at + 1, said.role, &said.principal) || !is_principal(&said.principal) {
            return Some(Refused::Contradicts(format!(
                "it says {} signed as {}, in the order as number {}",
                said.principal,
                said.role.word(),
                at + 1
            )));
        }
        if let Some(doubt) = &filed.doubt {
            return Some(doubt.clone());
        }
        let before = self.facts.earlier.get(&said.head);
        if said.head != self.facts.head && before.is_none() {
            return Some(Refused::OtherHead(said.head.clone()));
        }
        let earlier: Vec<Subject> = self.filed[..at].iter().map(Filed::subject).collect();
        if let Some(what) = filed.statement.contradicts(self.facts, report, &earlier) {
            return Some(Refused::Contradicts(what));
        }
        if let Some(entries) = before.filter(|_| said.head != self.facts.head) {
            return Some(Refused::OlderHead(*entries));
        }
        let before = self.filed[..at].last().map(|filed| filed.statement.predicate.time);
        if said.time < self.facts.last {
            return Some(Refused::Time(said.time, "before the session's last entry"));
        }
        if before.is_some_and(|before| said.time < before) {
            return Some(Refused::Time(said.time, "before the sign-off that it names as an earlier one"));
        }
        if said.time.as_micros() > now.as_micros().saturating_add(SKEW_US) {
            return Some(Refused::Time(said.time, "which is still to come"));
        }
        let missing = |n: &u64| *n == 0 || *n > self.facts.entries;
        let wrong: Vec<u64> = said.cites.iter().copied().filter(missing).collect();
        if !wrong.is_empty() {
            return Some(Refused::Cites(wrong));
        }
        let silent = said.reason.trim().is_empty();
        match said.choice {
            Choice::Reject if silent || said.cites.is_empty() => Some(Refused::NoReason),
            Choice::Withdraw if silent => Some(Refused::NoReason),
            _ => self.other_name(at).map(Refused::KeyOfAnother),
        }
    }

    /// The other name under which the key of a sign-off signed before.
    fn other_name(&self, at: usize) -> Option<String> {
        let (key, name) = (&self.filed[at].key, &self.filed[at].statement.predicate.principal);
        let before = self.filed[..at].iter().filter(|other| !key.is_empty() && other.key == *key);
        before.map(|other| &other.statement.predicate.principal).find(|other| *other != name).cloned()
    }

    /// A rejection stands until the same person withdraws it, whoever's key it has: in doubt it blocks.
    fn rejections(&mut self) {
        let mut open: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, filed) in self.filed.iter().enumerate() {
            let said = &filed.statement.predicate;
            match said.choice {
                Choice::Approve => {}
                Choice::Reject => {
                    open.entry(&said.principal).or_default().push(at);
                    last.insert(&said.principal, at);
                    if self.standings[at] == Standing::Counts {
                        self.standings[at] = Standing::Open;
                    }
                }
                Choice::Withdraw if self.standings[at] == Standing::Counts => {
                    let theirs = open.remove(said.principal.as_str()).unwrap_or_default();
                    self.standings[at] = if theirs.is_empty() {
                        Standing::Refused(Refused::NothingToWithdraw)
                    } else {
                        Standing::TakesBack
                    };
                    for rejected in theirs {
                        self.standings[rejected] = Standing::Withdrawn;
                    }
                }
                Choice::Withdraw => {}
            }
        }
        self.open = open.into_values().flatten().collect();
        self.open.sort_unstable();
        for (at, filed) in self.filed.iter().enumerate() {
            let said = &filed.statement.predicate;
            let later = last.get(said.principal.as_str()).is_some_and(|rejected| *rejected > at);
            if said.choice == Choice::Approve && later && self.standings[at] == Standing::Counts {
                self.standings[at] = Standing::Refused(Refused::RejectedLater);
            }
        }
    }

    fn approval(&self, at: usize) -> Standing {
        let said = &self.filed[at].statement.predicate;
        let refused = |why| Standing::Refused(why);
        if !self.facts.verdict.is_good() {
            return refused(Refused::Verdict(self.facts.verdict));
        }
        if let Some(ended) = self.facts.ended(said.time) {
            return refused(Refused::WaiverEnded(ended.check.clone(), ended.until.clone()));
        }
        if said.role == Role::Operator && !self.facts.drove(&said.principal) {
            let operators: Vec<&str> = self.facts.operators.iter().map(String::as_str).collect();
            return refused(Refused::NotTheOperator(operators.join(", ")));
        }
        if matches!(said.role, Role::Reviewer | Role::Lead) {
            let opened = |id: &&String| !said.opened.contains(id);
            let missing: Vec<String> = self.facts.must_open.iter().filter(opened).cloned().collect();
            if !missing.is_empty() {
                return refused(Refused::NotOpened(missing));
            }
        }
        let Some(rule) = self.rules.iter().find(|rule| rule.role == said.role) else {
            return Standing::Unasked;
        };
        if said.replayed.percent < rule.replayed_percent {
            return refused(Refused::NotReplayed(said.replayed.percent, rule.replayed_percent));
        }
        if let Some(role) = rule.differs_from.iter().find(|role| self.is_also(at, **role)) {
            return refused(Refused::SamePerson(*role));
        }
        let unsatisfied = |role: &&Role| {
            let wanted = self.rules.iter().find(|rule| rule.role == **role).map(|rule| rule.count.max(1));
            // A rule that leans on one that is not there denies.
            wanted.is_none_or(|wanted| (self.counted(**role, at).len() as u64) < wanted)
        };
        if let Some(role) = rule.after.iter().find(unsatisfied) {
            return refused(Refused::TooEarly(*role));
        }
        let names = self.counted(said.role, at);
        if names.iter().any(|name| name.eq_ignore_ascii_case(&said.principal)) {
            return refused(Refused::Twice);
        }
        Standing::Counts
    }

    /// Whether the person of a sign-off is also one of those who signed as `role`, or drove.
    fn is_also(&self, at: usize, role: Role) -> bool {
        let own = &self.filed[at];
        let name = &own.statement.predicate.principal;
        let drove = role == Role::Operator && self.facts.drove(name);
        drove
            || self.filed.iter().any(|other| {
                let said = &other.statement.predicate;
                said.role == role
                    && (said.principal.eq_ignore_ascii_case(name)
                        || !own.key.is_empty() && other.key == own.key)
            })
    }

    /// Who counts as `role` among the sign-offs before `at`.
    fn counted(&self, role: Role, at: usize) -> Vec<String> {
        let all = self.filed.iter().zip(&self.standings).take(at);
        let counting = all.filter(|(filed, standing)| {
            let said = &filed.statement.predicate;
            **standing == Standing::Counts && said.choice == Choice::Approve && said.role == role
        });
        counting.map(|(filed, _)| filed.statement.predicate.principal.clone()).collect()
    }

    fn against(&self, rules: &[Ruled]) -> Vec<String> {
        let mut against = Vec::new();
        if self.facts.mode == Mode::Practice {
            against.push("it is a practice session, which can never count as real".to_owned());
        }
        if !self.facts.closed {
            against.push("the session is not closed".to_owned());
        }
        if rules.is_empty() {
            against.push("no policy: nobody's signature makes it signed off".to_owned());
        }
        for ruled in rules.iter().filter(|ruled| !ruled.is_satisfied()) {
            let (role, count) = (ruled.rule.role.word(), ruled.rule.count.max(1));
            against.push(format!("{} of {count} {role} signatures that count", ruled.by.len()));
        }
        for at in &self.open {
            let filed = &self.filed[*at];
            let name = &filed.statement.predicate.principal;
            against.push(format!("the rejection by {name} ({}) is open", filed.name));
        }
        for (filed, standing) in self.filed.iter().zip(&self.standings) {
            if let Standing::Refused(why) = standing
                && why.is_tampering()
            {
                against.push(format!("{}: {}", filed.name, why.words()));
            }
        }
        against
    }
}
