//! `allowed_signers`: a file is understood as a whole or refused with a line; nobody may sign whom it does not name.

use ceremony::signoff::signers::AllowedSigners;
use ceremony::time::Timestamp;

pub const WORDS: &[&str] = &[
    "ssh-ed25519 ",
    "ecdsa-sha2-nistp256 ",
    "sk-ssh-ed25519@openssh.com ",
    "AAAAC3NzaC1lZDI1NTE5AAAA",
    "ada@example.org ",
    "*",
    "!",
    "?",
    ",",
    "\"",
    "cert-authority ",
    "namespaces=\"lead.ceremony-signoff.v1\" ",
    "valid-after=\"20260101Z\" ",
    "valid-before=\"20261231235959Z\" ",
    "#",
    "\n",
    "\r\n",
    "\\",
    "\t",
    " ",
    "restrict ",
    "namespaces=",
    "20261301Z",
    "\u{a0}",
    "\0",
    "\"a b\" ",
];

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines = text.lines().count();
    let signers = match AllowedSigners::read(text) {
        Ok(signers) => signers,
        Err(bad) => {
            assert!((1..=lines).contains(&bad.number) && !bad.what.trim().is_empty(), "{bad:?}");
            return;
        }
    };
    let mut last = 0;
    for (number, key) in signers.keys() {
        assert!(number > last && number <= lines, "line {number} of {lines}");
        last = number;
        let words: Vec<&str> = key.split(' ').collect();
        assert!(words.len() == 2 && words.iter().all(|word| !word.is_empty()), "{key:?}");
        let line = text.lines().nth(number - 1).unwrap();
        assert!(line.contains(words[0]) && line.contains(words[1]) && !line.trim_start().starts_with('#'));
    }
    // A name that stands nowhere, without a pattern that could mean it, is allowed nothing; nor is a key that stands
    // nowhere.
    let time = Timestamp::from_micros(1_795_360_000_000_000);
    let keys: Vec<String> = signers.keys().map(|(_, key)| key.to_owned()).collect();
    for key in &keys {
        if !text.contains(['*', '?']) {
            assert!(signers.allow("nobody-of-that-name", key, "lead.ceremony-signoff.v1", time).is_err());
        }
    }
    assert!(
        signers.allow("ada@example.org", "ssh-ed25519 none", "lead.ceremony-signoff.v1", time).is_err()
            || text.contains("ssh-ed25519 none")
            || text.contains("ssh-ed25519\tnone")
    );
    // Comments, and lines of blanks, mean nothing.
    let more: String = text.lines().map(|line| format!("# a comment\n  {line}\n\n")).collect();
    let again = AllowedSigners::read(&more).unwrap_or_else(|bad| panic!("{bad:?}"));
    assert_eq!(again.keys().map(|(_, key)| key.to_owned()).collect::<Vec<_>>(), keys);
}
