//! Files of allowed signers, good and bad; `tests/signing` holds them against ssh-keygen.

use super::matching::fits;
use super::*;
use crate::signoff::Refused;
use crate::time::Timestamp;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9dG4kjRhQTtWTVzd2t27+t0DEHBPW7iOD23TUiYLio";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBkm3ffLyNoMEuwHLl6mVjxqKnQKdJ1TQHAIXbQmDQfL";

fn at(text: &str) -> Timestamp {
    time_of(text).unwrap()
}

fn ask(file: &str, name: &str, key: &str, time: &str) -> Result<(), String> {
    let file = AllowedSigners::read(&file.replace("KEY", KEY).replace("OTHER", OTHER)).unwrap();
    file.allow(name, key, "lead.ceremony-signoff.v1", at(time)).map_err(|refused| match refused {
        Refused::UnknownSigner(what) => format!("unknown: {what}"),
        Refused::Window(what) => format!("window: {what}"),
        other => panic!("{other:?}"),
    })
}

#[test]
fn who_may_sign() {
    let noon = "202611221200Z";
    let good = |file: &str, name: &str| assert_eq!(ask(file, name, KEY, noon), Ok(()), "{file} {name}");
    good("ada KEY", "ada");
    good("# x\n\n  ada,rita KEY a comment\n", "rita");
    good("*@example.com KEY", "ada@example.com");
    good("a?a@example.com KEY", "ada@example.com");
    good("\"ada lovelace,ada\" KEY", "ada");
    good("ada namespaces=\"file,lead.*\" KEY", "ada");
    good("ada valid-after=\"20261122Z\",valid-before=\"20261123Z\" KEY", "ada");
    good("ada namespaces=\"git\" KEY\nada KEY", "ada");
    good("ada cert-authority OTHER\nada KEY", "ada");

    let bad = |file: &str, name: &str, words: &str| {
        let said = ask(file, name, KEY, noon).unwrap_err();
        assert!(said.contains(words), "{file} {name}: {said}");
    };
    bad("", "ada", "unknown: no line is for ada");
    bad("ada KEY", "rita", "no line is for rita");
    bad("Ada KEY", "ada", "no line is for ada");
    bad("*,!ada KEY", "ada", "no line is for ada");
    bad("!ada,* KEY", "ada", "no line is for ada");
    bad("ada OTHER", "ada", "the key is none of those of ada");
    bad("ada cert-authority KEY", "ada", "certificate authority");
    bad(
        "ada namespaces=\"git,operator.*\" KEY",
        "ada",
        "does not allow the namespace lead.ceremony-signoff.v1",
    );
    bad("ada namespaces=\"*,!lead.*\" KEY", "ada", "does not allow the namespace");
    bad("ada valid-after=\"20261122120001Z\" KEY", "ada", "window: signed at 2026-11-22T12:00:00");
    bad("ada valid-before=\"20261122115959Z\" KEY", "ada", "line 1 counts until 2026-11-22T11:59:59");
}

#[test]
fn what_is_not_understood_is_refused_and_never_skipped() {
    for (line, words) in [
        ("ada", "there is no key"),
        ("ada ssh-ed25519", "there is no key"),
        ("\"ada KEY", "a quote is not closed"),
        ("ada namespaces=\"x KEY", "a quote is not closed"),
        ("ada namespaces=x KEY", "is not in quotes"),
        ("ada namespaces=\"\" KEY", "is empty"),
        ("ada namespaces=\"a\",namespaces=\"b\" KEY", "stands there twice"),
        ("ada verify-required KEY", "'verify-required' is not understood"),
        ("ada valid-until=\"20261122Z\" KEY", "'valid-until=\\\"20261122Z\\\"' is not understood"),
        ("ada valid-after=\"20261122\" KEY", "has no Z"),
        ("ada valid-after=\"20261322Z\" KEY", "is not a time"),
        ("ada valid-after=\"2026112212Z\" KEY", "is not a time"),
        ("ada valid-after=\"20261122Z\",valid-before=\"20261122Z\" KEY", "ends before it begins"),
        ("ada, KEY namespaces", ""),
        ("ada rsa AAAA", "is not understood"),
    ] {
        let file = format!("\nrita {KEY}\n{}\n", line.replace("KEY", KEY));
        let read = AllowedSigners::read(&file);
        if words.is_empty() {
            assert!(read.is_ok(), "{line}");
            continue;
        }
        let bad = read.unwrap_err();
        assert_eq!(bad.number, 3, "{line}");
        assert!(bad.what.contains(words), "{line}: {}", bad.what);
    }
}

#[test]
fn patterns() {
    for (pattern, word, is) in [
        ("*", "", true),
        ("", "", true),
        ("?", "", false),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-b-b-c-", false),
        ("**", "x", true),
        ("*@x.org", "a@y.org", false),
        ("ada?", "ada", false),
    ] {
        assert_eq!(fits(pattern.as_bytes(), word.as_bytes()), is, "{pattern} {word}");
    }
}
