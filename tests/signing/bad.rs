//! Folders that were touched, and signers who should not count: each refused with its own reason.

use crate::desk::Desk;
use std::fs;

const OPERATOR: &str = "001-operator-ada.json";
const REVIEWER: &str = "002-reviewer-rita.json";
const LEAD: &str = "003-lead-lena.json";

fn signed() -> Desk {
    let desk = Desk::new();
    desk.all_sign();
    desk
}

/// One way to touch a folder, what the program says of it and what the script says of it.
type Touch = (&'static str, fn(&Desk), i32, &'static str, &'static str);

fn edit(desk: &Desk, name: &str, from: &str, to: &str) {
    let file = desk.session().join(name);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{name} has no '{from}'");
    fs::write(&file, text.replacen(from, to, 1)).unwrap();
}

const TOUCHES: &[Touch] = &[
    (
        "a line of the record edited",
        |desk| edit(desk, "session.jsonl", "\"operator\":\"ada\"", "\"operator\":\"eve\""),
        6,
        "changed or damaged",
        "does not chain to the lines before it",
    ),
    (
        "the last line of the record edited",
        |desk| edit(desk, "session.jsonl", "the claims are true", "the claims are True"),
        6,
        "entry",
        "is about another head",
    ),
    (
        "a line of the record dropped",
        |desk| {
            let file = desk.session().join("session.jsonl");
            let text = fs::read_to_string(&file).unwrap();
            let lines: Vec<&str> =
                text.lines().enumerate().filter(|(at, _)| *at != 9).map(|(_, line)| line).collect();
            fs::write(&file, lines.join("\n") + "\n").unwrap();
        },
        6,
        "entry 10",
        "line 10 of the record says that it is number 11",
    ),
    (
        "a migration's copy edited",
        |desk| {
            edit(desk, "files/migrations/20260119000000_outbound_calendar_sync.sql", "BEGIN", "begin");
        },
        6,
        "is another file",
        "files/migrations/20260119000000_outbound_calendar_sync.sql is not the recorded one",
    ),
    (
        "the report edited",
        |desk| edit(desk, "report.md", "PASS", "FINE"),
        7,
        "report.md is not the file that it is about",
        "is about another report.md",
    ),
    (
        "the report removed",
        |desk| fs::remove_file(desk.session().join("report.md")).unwrap(),
        7,
        "report.md is not the file that it is about",
        "is about another report.md",
    ),
    (
        "a statement edited",
        |desk| edit(desk, "signoff/003-lead-lena.json", "\"reason\": \"\"", "\"reason\": \"x\""),
        7,
        "its signature does not hold: it is not one of these bytes",
        "signoff/003-lead-lena.json: ",
    ),
    (
        "something beside a statement",
        |desk| edit(desk, "signoff/003-lead-lena.json", "\"reason\": \"\"", "\"reason\": \"\", \"more\": 1"),
        7,
        "unknown field",
        "signoff/003-lead-lena.json: ",
    ),
    (
        "two signatures swapped",
        |desk| {
            let [one, other] = [REVIEWER, LEAD].map(|name| desk.signoff(&format!("{name}.sig")));
            let bytes = fs::read(&one).unwrap();
            fs::copy(&other, &one).unwrap();
            fs::write(&other, bytes).unwrap();
        },
        7,
        "its signature does not hold",
        "signoff/002-reviewer-rita.json: ",
    ),
    (
        "a signature removed",
        |desk| fs::remove_file(desk.signoff(&format!("{LEAD}.sig"))).unwrap(),
        7,
        "its signature does not hold: there is none",
        "its key cannot be read",
    ),
    (
        "a sign-off taken away",
        |desk| {
            fs::remove_file(desk.signoff(REVIEWER)).unwrap();
            fs::remove_file(desk.signoff(&format!("{REVIEWER}.sig"))).unwrap();
        },
        7,
        "sign-off number 2 is missing",
        "one was taken away or renamed",
    ),
    (
        "one taken away, and the next renamed",
        |desk| {
            fs::remove_file(desk.signoff(REVIEWER)).unwrap();
            fs::remove_file(desk.signoff(&format!("{REVIEWER}.sig"))).unwrap();
            fs::rename(desk.signoff(LEAD), desk.signoff("002-lead-lena.json")).unwrap();
            fs::rename(desk.signoff(&format!("{LEAD}.sig")), desk.signoff("002-lead-lena.json.sig")).unwrap();
        },
        7,
        "it is about signoff/002-reviewer-rita.json, which is not there",
        "is about another signoff/002-reviewer-rita.json",
    ),
    (
        "an earlier sign-off signed anew with other words",
        |desk| desk.forge(OPERATOR, "ada", |statement| statement.predicate.reason = "later".to_owned()),
        7,
        "signoff/001-operator-ada.json is not the file that it is about",
        "is about another signoff/001-operator-ada.json",
    ),
    (
        "another namespace",
        |desk| desk.resign(LEAD, "lena", "reviewer.ceremony-signoff.v1"),
        7,
        "signed in the namespace 'reviewer.ceremony-signoff.v1'",
        "signoff/003-lead-lena.json: ",
    ),
    (
        "a signature for a file of any kind",
        |desk| desk.resign(LEAD, "lena", "file"),
        7,
        "signed in the namespace 'file'",
        "signoff/003-lead-lena.json: ",
    ),
    (
        "an unknown key",
        |desk| desk.resign(LEAD, "mallory", "lead.ceremony-signoff.v1"),
        7,
        "not a known signer: the key is none of those of lena",
        "signoff/003-lead-lena.json: ",
    ),
    (
        "an unknown name",
        |desk| desk.allow(&["ada", "rita"].map(|name| format!("{name} {}", desk.public(name))).join("\n")),
        7,
        "not a known signer: no line is for lena",
        "signoff/003-lead-lena.json: ",
    ),
    (
        "one key under two names",
        |desk| {
            let ada = desk.public("ada");
            desk.allow(&format!("ada {ada}\nlena {ada}\nrita {}", desk.public("rita")));
            desk.resign(LEAD, "ada", "lead.ceremony-signoff.v1");
        },
        7,
        "one key under two names: it signed as ada too",
        "one key under two names, ada and lena",
    ),
    (
        "a key that had ended",
        |desk| {
            let [ada, rita, lena] = ["ada", "rita", "lena"].map(|name| desk.public(name));
            desk.allow(&format!("ada {ada}\nrita {rita}\nlena valid-before=\"20260101Z\" {lena}"));
        },
        7,
        "outside of the key's time",
        "signoff/003-lead-lena.json: ",
    ),
    (
        "a key that had not begun",
        |desk| {
            let [ada, rita, lena] = ["ada", "rita", "lena"].map(|name| desk.public(name));
            desk.allow(&format!("ada {ada}\nrita valid-after=\"20990101Z\" {rita}\nlena {lena}"));
        },
        7,
        "outside of the key's time",
        "signoff/002-reviewer-rita.json: ",
    ),
    (
        "a key for another namespace",
        |desk| {
            let [ada, rita, lena] = ["ada", "rita", "lena"].map(|name| desk.public(name));
            desk.allow(&format!("ada {ada}\nrita {rita}\nlena namespaces=\"operator.*\" {lena}"));
        },
        7,
        "line 3 does not allow the namespace lead.ceremony-signoff.v1",
        "signoff/003-lead-lena.json: ",
    ),
    (
        "a certificate authority",
        |desk| {
            let [ada, rita, lena] = ["ada", "rita", "lena"].map(|name| desk.public(name));
            desk.allow(&format!("ada {ada}\nrita {rita}\nlena cert-authority {lena}"));
        },
        7,
        "certificates are not understood",
        "signoff/003-lead-lena.json: ",
    ),
    (
        "another record's head",
        |desk| {
            desk.forge(LEAD, "lena", |statement| {
                let head = "0".repeat(64);
                statement.predicate.words = ceremony::journal::head_words(&head);
                statement.subject[0].digest.sha256.clone_from(&head);
                statement.predicate.head = head;
            });
        },
        7,
        "of another record: its head is 0000",
        "is about another head: 0000",
    ),
    (
        "something left lying there",
        |desk| fs::write(desk.signoff("note.txt"), "hello").unwrap(),
        7,
        "signoff/note.txt does not belong there",
        "signoff/note.txt does not belong there",
    ),
];

#[test]
fn every_touch_is_seen_by_the_program_and_by_the_script() {
    let good = signed();
    good.script().with(0, &["nothing is wrong; 3 of 3"]);
    for (name, touch, code, program, script) in TOUCHES {
        let desk = good.again();
        touch(&desk);
        let checked = desk.verify(&[]);
        assert!(
            checked.code == Some(*code) && checked.said.contains(program),
            "{name}: {:?}, wanted {code} and '{program}'\n{}",
            checked.code,
            checked.said
        );
        assert!(!checked.said.contains("signed off by"), "{name}: {}", checked.said);
        let checked = desk.script();
        assert!(
            checked.code == Some(1) && checked.said.contains(&format!("WRONG: {script}"))
                || checked.said.lines().any(|line| line.starts_with("WRONG: ") && line.contains(script)),
            "{name}: script: {:?}, wanted '{script}'\n{}",
            checked.code,
            checked.said
        );
        assert_ne!(checked.code, Some(0), "{name}");
    }
}

/// What the script cannot know, because it does not know the policy.
#[test]
fn what_a_statement_may_not_say() {
    let good = signed();
    let forged = |name: &str, key: &str, words: &str, change: fn(&mut ceremony::signoff::Predicate)| {
        let desk = good.again();
        desk.forge(name, key, |statement| change(&mut statement.predicate));
        desk.verify(&[]).with(7, &[words]);
    };
    forged(REVIEWER, "rita", "not enough replayed: 10 %", |said| {
        said.replayed.entries = said.entries.div_ceil(10);
        said.replayed.percent = said.replayed.entries * 100 / said.entries;
    });
    forged(REVIEWER, "rita", "it says replayed entries", |said| said.replayed.entries /= 2);
    forged(REVIEWER, "rita", "it says replayed entries", |said| said.replayed.entries += 1);
    forged(LEAD, "lena", "its counts or waivers are not those", |said| said.counts.checks.fail = 1);
    forged(LEAD, "lena", "it says verdict FAIL, but it is PASS", |said| {
        said.verdict = ceremony::session::Verdict::Fail;
    });
    forged(LEAD, "lena", "it says session", |said| said.session.push('x'));
    forged(LEAD, "lena", "it says entries", |said| said.entries += 1);
    forged(LEAD, "lena", "its words are not those", |said| said.clause = "I saw nothing.".to_owned());
    forged(LEAD, "lena", "before the sign-off that it names", |said| {
        said.time = ceremony::time::Timestamp::from_micros(said.time.as_micros() - 600_000_000);
    });
    forged(LEAD, "lena", "before the session's last entry", |said| {
        said.time = ceremony::time::Timestamp::from_micros(1_000_000);
    });
    forged(LEAD, "lena", "which is still to come", |said| {
        said.time = ceremony::time::Timestamp::from_micros(said.time.as_micros() + 86_400_000_000);
    });
    forged(LEAD, "lena", "it says mallory signed as lead", |said| said.principal = "mallory".to_owned());
    forged(LEAD, "lena", "it says lena signed as reviewer", |said| {
        said.role = ceremony::signoff::Role::Reviewer
    });
    forged(LEAD, "lena", "cites entries that are not there: 0", |said| said.cites = vec![0]);
    // A rejection without a reason still blocks.
    forged(LEAD, "lena", "the rejection by lena", |said| {
        said.choice = ceremony::signoff::Choice::Reject;
        said.clause = ceremony::signoff::clause(said.role, said.choice, said.mode);
    });
}

/// The record went on: what was signed before no longer counts, but is no fault.
#[test]
fn a_sign_off_of_an_older_head_does_not_count() {
    let good = signed();
    let desk = good.again();
    // As if it had been signed one entry before the end.
    let text = fs::read_to_string(desk.session().join("session.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let older = ceremony::runner::files::sha256((lines[..lines.len() - 1].join("\n") + "\n").as_bytes());
    desk.forge(LEAD, "lena", |statement| {
        statement.predicate.words = ceremony::journal::head_words(&older);
        statement.predicate.head.clone_from(&older);
        statement.subject[0].digest.sha256.clone_from(&older);
    });
    let entries = format!("of an older head: the record had {} entries then", lines.len() - 1);
    desk.verify(&[]).with(7, &[&entries, "0 of 1 lead"]);
    desk.script().with(1, &["is about another head"]);
    desk.approve("lead", "lena").with(0, &[]);
    desk.verify(&[]).with(0, &[&entries, "signed off by the policy"]);
}

#[test]
fn revoked_keys_never_count() {
    let desk = signed();
    let list = desk.path("revoked");
    let asked = |words: &[&str]| {
        desk.verify(&["--revoked", "revoked"]).with(7, words);
    };
    // A public key, its fingerprint, and the list of ssh-keygen.
    fs::write(&list, format!("# left\n{}\n", desk.public("rita"))).unwrap();
    asked(&["its key is revoked", "0 of 1 reviewer"]);
    let print =
        std::process::Command::new("ssh-keygen").arg("-lf").arg(desk.path("lena.pub")).output().unwrap();
    let print = String::from_utf8(print.stdout).unwrap();
    fs::write(&list, print.split(' ').nth(1).unwrap()).unwrap();
    asked(&["its key is revoked", "0 of 1 lead"]);
    fs::remove_file(&list).unwrap();
    let mut command = std::process::Command::new("ssh-keygen");
    command.args(["-q", "-k", "-f"]).arg(&list).arg(desk.path("ada.pub"));
    assert!(command.status().unwrap().success());
    asked(&["its key is revoked", "0 of 1 operator"]);
    desk.script_with(&["revoked"]).with(1, &["WRONG: signoff/001-operator-ada.json"]);
    // Nobody of them.
    fs::write(&list, desk.public("mallory")).unwrap();
    desk.verify(&["--revoked", "revoked"]).with(0, &["signed off"]);
    desk.script_with(&["revoked"]).with(0, &["nothing is wrong"]);
    // A list that is none is no list of nobody.
    fs::write(&list, "rita\n").unwrap();
    desk.verify(&["--revoked", "revoked"]).with(2, &["line 1 is neither a public key nor a fingerprint"]);
    fs::remove_file(&list).unwrap();
    desk.verify(&["--revoked", "revoked"]).with(2, &["cannot be used", "next:"]);
}

#[test]
fn a_list_of_signers_that_is_not_understood_is_refused_whole() {
    let desk = signed();
    let lines = fs::read_to_string(desk.path("signers")).unwrap();
    for (line, words) in [
        ("lena valid-until=\"20300101Z\" KEY", "line 4: the option 'valid-until"),
        ("lena valid-before=\"20300101\" KEY", "line 4: the time '20300101' has no Z"),
        ("lena ssh-ed25519 AAAAnokey", "line 4: "),
    ] {
        desk.allow(&format!("{}\n{}", lines.trim_end(), line.replace("KEY", &desk.public("lena"))));
        desk.verify(&[]).with(2, &[words, "next:"]);
    }
    fs::remove_file(desk.path("signers")).unwrap();
    desk.verify(&[]).with(2, &["cannot be used"]);
    desk.allow("# nobody");
    desk.verify(&[]).with(7, &["no line is for ada", "0 of 1 operator"]);
}
