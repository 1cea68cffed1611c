//! `ceremony verify DIR --signers FILE`: is the session signed off, by the policy it was run with?

use super::{Common, Trouble, sign};
use crate::journal::known_head;
use crate::runner::clock::Clock;
use crate::runner::files::sha256;
use crate::runner::signoff::{Checker, Found, Revoked, read};
use crate::signoff::*;
use clap::Args;
use std::path::{Path, PathBuf};

/// Exit code of a session that is not signed off.
const NOT_SIGNED_OFF: u8 = 7;

/// What the one who checks brings along.
#[derive(Debug, Args)]
pub(super) struct Checked {
    /// Who may sign, in OpenSSH's format of allowed signers: then the sign-offs are checked too [default: `signers` of
    /// the settings, if there are any sign-offs].
    #[arg(long, value_name = "FILE")]
    signers: Option<PathBuf>,
    /// Keys that no longer count: public keys, fingerprints, or a list made by ssh-keygen -k.
    #[arg(long, value_name = "FILE", requires = "signers")]
    revoked: Option<PathBuf>,
    /// The record's head as you know it from elsewhere, four words or hexadecimal digits: the record must end there.
    #[arg(long, value_name = "HEAD", value_parser = head)]
    pub head: Option<String>,
}

impl Checked {
    /// Whether a list of signers was named.
    pub fn has_signers(&self) -> bool {
        self.signers.is_some()
    }
}

fn head(text: &str) -> Result<String, String> {
    known_head(text).ok_or_else(|| {
        "four words, as in 'lusab babad gutih tugad', or 16 to 64 hexadecimal digits".to_owned()
    })
}

pub(super) fn check(
    common: &Common,
    dir: &Path,
    (head, torn): (&str, usize),
    checked: &Checked,
) -> Result<u8, Trouble> {
    let found = read(dir, None).map_err(|error| Trouble::folder(dir, &error))?;
    // Those that are set stand for themselves only where there is something to check.
    let set = common.settings.path("signers").filter(|_| !found.filed.is_empty());
    let Some(signers) = &checked.signers.clone().or(set) else {
        if !found.filed.is_empty() || !found.troubles.is_empty() {
            outln!("sign-off {} there, not checked: bring --signers FILE", found.filed.len());
        }
        return Ok(not_checked(&found, head));
    };
    let checker = checker(signers, checked.revoked.as_deref())?;
    let found = read(dir, Some(&checker)).map_err(|error| Trouble::folder(dir, &error))?;
    let (player, facts) = sign::closed(dir)?;
    let report = std::fs::read(dir.join(REPORT)).ok().map(|bytes| sha256(&bytes));
    let rules = &player.session.plan.ceremony.signatures;
    let now = Clock::starting_at(0).now().wall;
    let mut ruling = rule(&facts, rules, &found.filed, report.as_deref(), now);
    if torn > 0 {
        ruling.against.push("the record ends in a torn line".to_owned());
    }
    ruling.against.extend(found.troubles.iter().cloned());
    show(&found, &ruling);
    if ruling.against.is_empty() {
        outln!("signed off by the policy that the session was run with");
        return Ok(0);
    }
    for what in &ruling.against {
        outln!("error: {what}");
    }
    outln!("  why:  what the policy asks for is not there, or cannot be relied on");
    outln!("  next: {}", next(&found, &ruling));
    Ok(NOT_SIGNED_OFF)
}

/// Whose keys they are is not known, but they must at least be about this record.
fn not_checked(found: &Found, head: &str) -> u8 {
    let other = |filed: &&Filed| filed.statement.predicate.head != head;
    let Some(filed) = found.filed.iter().find(other) else { return 0 };
    let about = &filed.statement.predicate.head;
    outln!("error: {} is about a record with another head: {}", filed.name, about);
    outln!(
        "  why:  its last line was changed, lines came after it, or it was made anew; or that file was changed"
    );
    outln!("  next: get the folder again from those who signed it; --signers FILE says who did");
    NOT_SIGNED_OFF
}

fn next(found: &Found, ruling: &Ruling) -> &'static str {
    let tampering = |standing: &Standing| matches!(standing, Standing::Refused(why) if why.is_tampering());
    if !found.troubles.is_empty() || ruling.standings.iter().any(tampering) {
        return "get the folder again from those who signed it; do not rely on this one";
    }
    if !ruling.open.is_empty() {
        return "settle it with the one who rejected; nobody else can take it back";
    }
    "have the missing signatures made with `ceremony sign`, or look whether the list of signers is complete"
}

fn checker(signers: &Path, revoked: Option<&Path>) -> Result<Checker, Trouble> {
    let what = |path: &Path| format!("{} cannot be used", path.display());
    let revoked = revoked.map(|path| {
        Revoked::read(path).map_err(|error| {
            let next = "one public key or SHA256: fingerprint a line, or a list made by `ssh-keygen -k`";
            Trouble::usage(what(path), error, next)
        })
    });
    let next = "one line a person: NAME KEYTYPE KEY, see ALLOWED SIGNERS in ssh-keygen(1)";
    let text =
        std::fs::read_to_string(signers).map_err(|error| Trouble::usage(what(signers), error, next))?;
    Checker::new(&text, revoked.transpose()?).map_err(|why| Trouble::usage(what(signers), why, next))
}

fn show(found: &Found, ruling: &Ruling) {
    for (at, (filed, standing)) in found.filed.iter().zip(&ruling.standings).enumerate() {
        let said = &filed.statement.predicate;
        // All of it was written by others.
        let head = format!("{:03} {} {} {}", at + 1, said.role.word(), said.principal, said.choice.word());
        let how = match standing {
            Standing::Counts => "counts".to_owned(),
            Standing::Unasked => "good, but no rule asks for it".to_owned(),
            Standing::Open => format!("open, and blocks: {}", said.reason),
            Standing::Withdrawn => "withdrawn".to_owned(),
            Standing::TakesBack => format!("takes it back: {}", said.reason),
            Standing::Refused(why) => format!("refused: {}", why.words()),
        };
        outln!("sign-off {head}: {how}");
    }
    for ruled in &ruling.rules {
        let by = if ruled.by.is_empty() { "nobody".to_owned() } else { ruled.by.join(", ") };
        let state = if ruled.is_satisfied() { "satisfied" } else { "MISSING" };
        let (role, count) = (ruled.rule.role.word(), ruled.rule.count);
        outln!("policy   {state:<9} {role}, {} of {count}: {}", ruled.by.len(), by);
        let conditions = ruled.rule.conditions();
        if !conditions.is_empty() {
            outln!("         {conditions}");
        }
    }
}
