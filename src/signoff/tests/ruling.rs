//! The ruling, over statements that nobody had to sign.

use crate::session::{Mode, Verdict};
use crate::signoff::*;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

const REPORT_SUM: &str = "5";
const NOW: i64 = 1_800_000_000_000_000;

fn facts() -> Facts {
    Facts {
        ceremony: "c".to_owned(),
        session: "s".to_owned(),
        mode: Mode::Live,
        closed: true,
        operators: BTreeSet::from(["ada".to_owned()]),
        head: "ff".repeat(32),
        words: crate::journal::head_words(&"ff".repeat(32)),
        entries: 100,
        last: Timestamp::from_micros(NOW - 1_000),
        verdict: Verdict::Pass,
        counts: Counts::default(),
        waivers: Vec::new(),
        must_open: Vec::new(),
        subjects: vec![Subject::of("session.jsonl", &"ff".repeat(32))],
        earlier: BTreeMap::new(),
    }
}

fn a_rule(role: Role, count: u64, differs_from: &[Role], after: &[Role]) -> SignatureRule {
    let (differs_from, after) = (differs_from.to_vec(), after.to_vec());
    SignatureRule { role, count, differs_from, after, replayed_percent: 0 }
}

/// Role, name, key and choice, one after the other.
fn signed(facts: &Facts, all: &[(Role, &str, &str, Choice)]) -> Vec<Filed> {
    let mut filed: Vec<Filed> = Vec::new();
    for (role, principal, key, choice) in all {
        let wish = Wish {
            role: *role,
            choice: *choice,
            reason: "because".to_owned(),
            cites: vec![1],
            opened: Vec::new(),
        };
        let earlier: Vec<Subject> = filed.iter().map(Filed::subject).collect();
        let time = Timestamp::from_micros(NOW);
        let seen = Replayed::of(0, 100);
        let statement = Statement::new(facts, &wish, principal, seen, REPORT_SUM, &earlier, time);
        let number = filed.len() + 1;
        let name = file_name(number, *role, principal);
        filed.push(Filed {
            name,
            sha256: number.to_string(),
            statement,
            key: (*key).to_owned(),
            doubt: None,
        });
    }
    filed
}

fn ruled(facts: &Facts, rules: &[SignatureRule], all: &[(Role, &str, &str, Choice)]) -> Ruling {
    rule(facts, rules, &signed(facts, all), Some(REPORT_SUM), Timestamp::from_micros(NOW))
}

use Choice::{Approve, Reject, Withdraw};
use Role::{Lead, Operator, Reviewer, Witness};

#[test]
fn two_reviewers_are_two_people_with_two_keys() {
    let facts = facts();
    let rules = [a_rule(Reviewer, 2, &[], &[])];
    let one = (Reviewer, "rita", "k1", Approve);
    assert_eq!(ruled(&facts, &rules, &[one]).against, ["1 of 2 reviewer signatures that count"]);
    assert!(ruled(&facts, &rules, &[one, (Reviewer, "ravi", "k2", Approve)]).against.is_empty());
    let last = |other| ruled(&facts, &rules, &[one, other]).standings.pop().unwrap();
    let refused = Standing::Refused;
    assert_eq!(last((Reviewer, "rita", "k2", Approve)), refused(Refused::Twice));
    assert_eq!(last((Reviewer, "RITA", "k2", Approve)), refused(Refused::Twice));
    assert_eq!(last((Reviewer, "ravi", "k1", Approve)), refused(Refused::KeyOfAnother("rita".to_owned())));
}

#[test]
fn who_must_be_somebody_else() {
    let facts = facts();
    let rules = [a_rule(Operator, 1, &[], &[]), a_rule(Lead, 1, &[Operator], &[])];
    let all = |all: &[_]| ruled(&facts, &rules, all);
    assert!(all(&[(Operator, "ada", "k1", Approve), (Lead, "lena", "k2", Approve)]).against.is_empty());
    let refused = Standing::Refused(Refused::SamePerson(Operator));
    // By the record alone, by name, and when the other one signs later.
    assert_eq!(all(&[(Lead, "ada@x.org", "k1", Approve)]).standings, [refused]);
    let rules = [a_rule(Witness, 1, &[], &[]), a_rule(Lead, 1, &[Witness], &[])];
    let both = ruled(&facts, &rules, &[(Lead, "lena", "k1", Approve), (Witness, "Lena", "k2", Approve)]);
    assert_eq!(both.standings[0], Standing::Refused(Refused::SamePerson(Witness)));
    // Somebody who did not drive is no operator, and so nobody can slip in for one.
    let rules = [a_rule(Operator, 1, &[], &[])];
    let other = ruled(&facts, &rules, &[(Operator, "eve", "k1", Approve)]);
    assert_eq!(other.standings, [Standing::Refused(Refused::NotTheOperator("ada".to_owned()))]);
}

#[test]
fn order_and_rules_that_lean_on_nothing() {
    let facts = facts();
    let rules = [a_rule(Reviewer, 2, &[], &[]), a_rule(Lead, 1, &[], &[Reviewer])];
    let (rita, ravi) = ((Reviewer, "rita", "k1", Approve), (Reviewer, "ravi", "k2", Approve));
    let lena = (Lead, "lena", "k3", Approve);
    assert!(ruled(&facts, &rules, &[rita, ravi, lena]).against.is_empty());
    let early = Standing::Refused(Refused::TooEarly(Reviewer));
    assert_eq!(ruled(&facts, &rules, &[rita, lena, ravi]).standings[1], early);
    // A rule for a role that nobody asks for denies.
    assert_eq!(
        ruled(&facts, &[a_rule(Lead, 1, &[], &[Reviewer])], &[lena]).standings,
        std::slice::from_ref(&early)
    );
    // A reviewer who took the approval back by a rejection was not there when the lead signed.
    let again =
        [rita, ravi, lena, (Reviewer, "ravi", "k2", Reject), (Reviewer, "ravi", "k2", Withdraw), ravi];
    let ruling = ruled(&facts, &rules, &again);
    assert_eq!(ruling.standings[1], Standing::Refused(Refused::RejectedLater));
    assert_eq!(ruling.standings[2], early);
    assert_eq!(ruling.standings[5], Standing::Counts);
    // Count 0, as only a program could write it, is not satisfied by nobody.
    assert!(!ruled(&facts, &[a_rule(Lead, 0, &[], &[])], &[]).against.is_empty());
}

#[test]
fn what_of_the_record_stands_against_an_approval() {
    let rules = [a_rule(Lead, 1, &[], &[])];
    let lena = [(Lead, "lena", "k1", Approve)];
    let first = |facts: &Facts| ruled(facts, &rules, &lena).standings.remove(0);
    let good = facts();
    assert_eq!(first(&good), Standing::Counts);
    for verdict in [Verdict::Fail, Verdict::NotRun] {
        let facts = Facts { verdict, ..good.clone() };
        assert_eq!(first(&facts), Standing::Refused(Refused::Verdict(verdict)));
    }
    let open = Facts { must_open: vec!["halt/1".to_owned()], ..good.clone() };
    assert_eq!(first(&open), Standing::Refused(Refused::NotOpened(vec!["halt/1".to_owned()])));
    // The day of NOW is 2027-01-15.
    let waived = |until: &str| {
        let waiver = Waived {
            check: "suite".to_owned(),
            reason: "known".to_owned(),
            granted_by: "lena".to_owned(),
            until: until.to_owned(),
        };
        Facts { waivers: vec![waiver], verdict: Verdict::PassWithWaivers, ..good.clone() }
    };
    assert_eq!(first(&waived("2027-01-15")), Standing::Counts, "its last day");
    let ended = Refused::WaiverEnded("suite".to_owned(), "2027-01-14".to_owned());
    assert_eq!(first(&waived("2027-01-14")), Standing::Refused(ended));
    for (facts, words) in [
        (Facts { mode: Mode::Practice, ..good.clone() }, "practice"),
        (Facts { closed: false, ..good.clone() }, "not closed"),
    ] {
        let against = ruled(&facts, &rules, &lena).against;
        assert!(against.len() == 1 && against[0].contains(words), "{against:?}");
    }
    assert_eq!(ruled(&good, &[], &lena).against, ["no policy: nobody's signature makes it signed off"]);
}

#[test]
fn in_doubt_a_rejection_blocks_and_an_approval_does_not_count() {
    let facts = facts();
    let rules = [a_rule(Lead, 1, &[], &[])];
    let now = Timestamp::from_micros(NOW);
    let unknown = || Some(Refused::UnknownSigner("who?".to_owned()));
    let mut filed = signed(&facts, &[(Witness, "walter", "k1", Reject), (Lead, "lena", "k2", Approve)]);
    filed[0].doubt = unknown();
    let ruling = rule(&facts, &rules, &filed, Some(REPORT_SUM), now);
    assert_eq!((ruling.open.as_slice(), ruling.against.len()), (&[0][..], 1), "{ruling:?}");
    // A withdrawal by an unknown key does not take it back, one by a known key does.
    let mut filed = signed(
        &facts,
        &[
            (Witness, "walter", "k1", Reject),
            (Witness, "walter", "k3", Withdraw),
            (Lead, "lena", "k2", Approve),
        ],
    );
    filed[1].doubt = unknown();
    assert_eq!(rule(&facts, &rules, &filed, Some(REPORT_SUM), now).open, [0]);
    filed[1].doubt = None;
    assert!(rule(&facts, &rules, &filed, Some(REPORT_SUM), now).against.is_empty());
    // An approval that does not count is no harm when somebody else's does.
    let rules = [a_rule(Lead, 1, &[], &[])];
    let mut filed = signed(&facts, &[(Lead, "lars", "k1", Approve), (Lead, "lena", "k2", Approve)]);
    filed[0].doubt = Some(Refused::Revoked);
    assert!(rule(&facts, &rules, &filed, Some(REPORT_SUM), now).against.is_empty());
    // Unless somebody changed its bytes.
    filed[0].doubt = Some(Refused::Signature("x".to_owned()));
    assert_eq!(rule(&facts, &rules, &filed, Some(REPORT_SUM), now).against.len(), 1);
}
