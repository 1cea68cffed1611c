//! The rules themselves: what a definition may ask, which names are one person, what must be opened.

mod ruling;

use super::*;
use crate::definition::load;
use crate::runner::files::{DiskFolder, MemoryFolder};
use std::collections::BTreeMap;

/// A rule that nobody could ever satisfy denies for ever, so it is a mistake.
#[test]
fn rules_of_signing_that_cannot_be_satisfied_are_refused() {
    let text = r#"
format = 1
[ceremony]
id = "c"
title = "T"
purpose = "P"
[[signature]]
role = "operator"
after = ["lead"]
[[signature]]
role = "reviewer"
count = 0
differs_from = ["reviewer", "witness", "bystander"]
replayed_percent = 101
[[signature]]
role = "lead"
after = ["operator", "operator"]
[[signature]]
role = "lead"
"#;
    let folder = MemoryFolder(BTreeMap::from([("ceremony.toml".to_owned(), text.to_owned())]));
    let problems = load(&folder, "ceremony.toml").unwrap_err();
    let said: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.at.line, problem.what)).collect();
    for words in [
        "7: operator signs after itself",
        "10: 'differs_from' of reviewer names witness, which nobody must sign as",
        "12: 'count' of [[signature]] is integer, not a whole number from 1 to 20",
        "13: 'differs_from' of reviewer names itself",
        "13: there is no role 'bystander'",
        "14: 'replayed_percent' of [[signature]] is integer, not a whole number from 0 to 100",
        "15: lead signs after itself",
        "17: 'after' of lead names operator twice",
        "18: two [[signature]] entries are about the role lead",
    ] {
        assert!(said.iter().any(|line| line == words), "not said: {words}\n{}", said.join("\n"));
    }
    let shipped = DiskFolder::new(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let rules = load(&shipped, "ceremony.toml").unwrap().signatures;
    let roles: Vec<&str> = rules.iter().map(|rule| rule.role.word()).collect();
    assert_eq!(roles, ["operator", "reviewer", "lead"]);
    assert_eq!(rules[1].replayed_percent, 80);
    assert_eq!((rules[2].differs_from.len(), rules[2].after.len()), (2, 2));
}

#[test]
fn names_that_are_one_person() {
    for (one, other) in
        [("ada", "ada"), ("Ada@x.org", "ada@X.org"), ("ada", "ada@x.org"), ("ada@x.org", "ADA")]
    {
        assert!(same_person(one, other), "{one} {other}");
    }
    for (one, other) in [("ada", "adam"), ("ada@x.org", "ada@y.org"), ("ada", "x@ada"), ("", "ada")] {
        assert!(!same_person(one, other), "{one} {other}");
    }
}

#[test]
fn names_that_can_be_part_of_a_file_name() {
    for name in ["ada", "ada@example.com", "a+b_c-d.e"] {
        assert!(is_principal(name), "{name}");
    }
    for name in ["", ".", "..", "-n", "@x", "a/b", "a b", "a\n", "é", "a*", &"x".repeat(81)] {
        assert!(!is_principal(name), "{name:?}");
    }
}

#[test]
fn percent_is_rounded_down() {
    let percent = |seen, all| Replayed::of(seen, all).percent;
    assert_eq!(
        [percent(0, 0), percent(799, 1000), percent(800, 1000), percent(1000, 1000)],
        [0, 79, 80, 100]
    );
}

#[test]
fn what_must_be_opened() {
    use crate::plan::Plan;
    use crate::session::{Judged, Session, Verdict};
    use crate::time::{Moment, Timestamp};
    let shipped = DiskFolder::new(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let plan = Plan::new(load(&shipped, "ceremony.toml").unwrap());
    let mut session = Session::new(std::sync::Arc::new(plan));
    // Claims are about what the sign-off judged, which none of these sessions came to.
    let must = |session: &Session| -> Vec<String> {
        let all = must_be_opened(session).into_iter();
        all.filter(|id| !id.starts_with("claim/")).collect()
    };
    let skipped: Vec<String> = session.plan.steps.iter().map(|step| format!("skipped/{}", step.id)).collect();
    assert_eq!(must(&session), skipped, "what was not run is never a pass");

    for state in &mut session.steps {
        state.verdict = Some(Verdict::Pass);
    }
    assert_eq!(must(&session), Vec::<String>::new());
    let judged = |verdict, waiver: Option<&str>| {
        let waiver = waiver.map(str::to_owned);
        Some(Judged { verdict, expected: String::new(), observed: String::new(), waiver })
    };
    let waived = format!("{} (granted by X until Y)", session.plan.ceremony.waivers[0].reason);
    session.steps[0].checks[0] = judged(Verdict::Fail, None);
    session.steps[1].checks[0] = judged(Verdict::PassWithWaivers, Some(&waived));
    session.findings.push((Moment { wall: Timestamp::from_micros(0), mono_us: 0 }, "odd".to_owned()));
    let (step, check) = (session.plan.steps[0].id.clone(), session.plan.steps[0].checks[0].id.clone());
    let wanted = [format!("check/{step}/{check}"), "finding/1".to_owned(), "waiver/1".to_owned()];
    assert_eq!(must(&session), wanted);
}
