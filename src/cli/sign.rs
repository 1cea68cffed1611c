//! `ceremony sign DIR`: a person's own signature under a closed session, as its policy asks.

use super::{Common, Trouble, live, operator, review};
use crate::definition::SignatureRule;
use crate::driver::replay::{Player, REVIEW};
use crate::driver::verify::verify;
use crate::report::{Execution, markdown};
use crate::review::Review;
use crate::runner::clock::Clock;
use crate::runner::files::sha256;
use crate::runner::session_folder::replace;
use crate::runner::signoff::{KeyChoice, inspect, read, sign, write};
use crate::signoff::*;
use clap::Args;
use std::path::{Path, PathBuf};

/// What `ceremony sign` is given.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// In what capacity: operator, witness, reviewer or lead [default: the first that the policy still misses].
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    /// Who signs, as the file of allowed signers names them [default, on the screen only: $USER].
    #[arg(long = "as", value_name = "PRINCIPAL")]
    principal: Option<String>,
    /// An OpenSSH private key, or the public half of one that the agent has [default: the only key of the agent].
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The claims are true.
    #[arg(long, conflicts_with_all = ["reject", "withdraw"])]
    approve: bool,
    /// They are not, or were not shown: blocks until you withdraw it. Needs --cite.
    #[arg(long, value_name = "REASON", conflicts_with = "withdraw")]
    reject: Option<String>,
    /// Your own rejection no longer stands.
    #[arg(long, value_name = "REASON")]
    withdraw: Option<String>,
    /// An entry that the reason rests on; may be given several times.
    #[arg(long, value_name = "ENTRY")]
    cite: Vec<u64>,
    /// An item that you looked at, such as finding/1; may be given several times.
    #[arg(long, value_name = "ID")]
    opened: Vec<String>,
}

fn role(word: &str) -> Result<Role, String> {
    Role::of(word).ok_or_else(|| "the roles are operator, witness, reviewer and lead".to_owned())
}

/// What was signed.
#[derive(Debug)]
pub(super) struct Signed {
    /// Its path within the session folder; the signature is beside it, with `.sig`.
    pub name: String,
    /// What it says.
    pub statement: Statement,
    /// Fingerprint of the key.
    pub key: String,
    /// What still stands against the session being signed off, as far as can be told without allowed signers.
    pub against: Vec<String>,
}

pub(super) fn start(common: &Common, dir: &Path, options: &Options) -> Result<u8, Trouble> {
    let choice = match (options.approve, &options.reject, &options.withdraw) {
        (true, ..) => Some((Choice::Approve, String::new())),
        (_, Some(reason), _) => Some((Choice::Reject, reason.clone())),
        (_, _, Some(reason)) => Some((Choice::Withdraw, reason.clone())),
        _ => None,
    };
    let on_screen = choice.is_none().then(|| operator::name(common));
    let Some(principal) = &options.principal.clone().or(on_screen) else {
        return Err(Trouble::usage(
            "nobody is named",
            "a signature counts for a name, the one that the file of allowed signers has for your key",
            "name yourself: --as NAME, such as --as ada@example.com",
        ));
    };
    let key = options.key.clone().or_else(|| common.settings.path("key"));
    let key = key.map_or(KeyChoice::Agent, KeyChoice::File);
    let wish = match choice {
        Some((choice, reason)) => {
            let (cites, opened) = (options.cite.clone(), options.opened.clone());
            Some(Wish { role: capacity(dir, options)?, choice, reason, cites, opened })
        }
        None => {
            live::must_be_terminal(&format!(
                "ceremony sign {} --as {principal} --approve (or --reject REASON --cite ENTRY, or --withdraw REASON)",
                dir.display()
            ))?;
            // Before anybody goes through a record that cannot be signed.
            closed(dir)?;
            review::gather(common, dir, capacity(dir, options)?, principal)?
        }
    };
    let Some(wish) = wish else {
        outln!("nothing is signed");
        return Ok(0);
    };
    let signed = seal(dir, &wish, principal, &key)?;
    let said = &signed.statement.predicate;
    outln!("signed   {} (and .sig)", dir.join(&signed.name).display());
    outln!("as       {}, {}, in {}", said.principal, said.role.word(), said.namespace);
    outln!("says     {}", said.clause);
    outln!("head     {}", said.words);
    outln!("verdict  {}, {} % of the record replayed", said.verdict.word(), said.replayed.percent);
    outln!("key      {}", signed.key);
    for what in &signed.against {
        outln!("still    {what}");
    }
    outln!("next     ceremony verify {} --signers FILE", dir.display());
    Ok(0)
}

/// The role that is named, else the first of the policy that has not signed often enough; whose signatures count is
/// not looked at for that.
fn capacity(dir: &Path, options: &Options) -> Result<Role, Trouble> {
    if let Some(role) = options.role {
        return Ok(role);
    }
    let (player, _) = closed(dir)?;
    let found = read(dir, None).map_err(|error| Trouble::folder(dir, &error))?;
    let approved = |role: Role| {
        let said = found.filed.iter().map(|filed| &filed.statement.predicate);
        said.filter(|said| said.role == role && said.choice == Choice::Approve).count() as u64
    };
    let rules = &player.session.plan.ceremony.signatures;
    let open = rules.iter().find(|rule| approved(rule.role) < rule.count);
    Ok(open.map_or(Role::Lead, |rule| rule.role))
}

/// Signs the closed session in `dir` as `principal` wishes. May ask for a passphrase on the terminal.
///
/// # Errors
/// When the session does not verify or is not closed, when the policy refuses the signature, and when the key cannot
/// be used. Nothing is written then but the report.
pub(super) fn seal(dir: &Path, wish: &Wish, principal: &str, key: &KeyChoice) -> Result<Signed, Trouble> {
    if !is_principal(principal) {
        return Err(Trouble::usage(
            format!("'{}' cannot be a signer's name", principal.escape_default()),
            "it is part of a file's name: at most 80 of letters, digits, '.', '_', '@', '+' and '-'",
            "write it as the file of allowed signers does, such as ada@example.com",
        ));
    }
    let (player, facts) = closed(dir)?;
    let rules = player.session.plan.ceremony.signatures.clone();
    let found = read(dir, None).map_err(|error| Trouble::folder(dir, &error))?;
    if let Some(what) = found.troubles.first() {
        return Err(Trouble::untrusted(dir, what));
    }
    let report = report(dir, &player, &facts, &found.filed)?;
    let desk = Desk { facts, rules, filed: found.filed, report };
    desk.trusts(dir)?;

    let (replayed, wish) = desk.read_by(dir, wish, principal)?;
    let earlier: Vec<Subject> = desk.filed.iter().map(Filed::subject).collect();
    let now = Clock::starting_at(0).now().wall;
    let statement = Statement::new(&desk.facts, &wish, principal, replayed, &desk.report, &earlier, now);
    let bytes = statement.bytes().map_err(|error| Trouble::unexpected(&error.into()))?;
    let name = file_name(earlier.len() + 1, wish.role, principal);
    let mut filed = Filed { name, sha256: sha256(&bytes), statement, key: String::new(), doubt: None };
    // First without the key, so that nobody types a passphrase for nothing.
    desk.allows(&filed)?;

    let signature = sign(key, &namespace(wish.role), &bytes).map_err(Trouble::key)?;
    (filed.key, filed.doubt) = inspect(&signature, &bytes, &filed.statement.predicate, None);
    let ruling = desk.allows(&filed)?;
    write(dir, &filed.name, &bytes, &signature).map_err(|error| Trouble::folder(dir, &error))?;
    Ok(Signed { name: filed.name, statement: filed.statement, key: filed.key, against: ruling.against })
}

/// The session in `dir`, if its record can be trusted and is over.
pub(super) fn closed(dir: &Path) -> Result<(Player, Facts), Trouble> {
    let verified = verify(dir, None).map_err(Trouble::unreadable)?;
    if let Some(what) = verified.divergences.first() {
        return Err(Trouble::untrusted(dir, what));
    }
    if verified.torn > 0 {
        return Err(Trouble::untrusted(dir, "its record ends in a torn line"));
    }
    let player = Player::open(dir).map_err(Trouble::unreadable)?;
    let facts = Facts::of(&player.session, player.entries(), &player.head);
    let facts = facts.ok_or_else(|| Trouble::untrusted(dir, "its record does not say what it is of"))?;
    if !facts.closed {
        return Err(Trouble::not_signed(
            "the session is not closed",
            "what is signed must not change any more",
            format!("go on with `ceremony resume {}`", dir.display()),
        ));
    }
    Ok((player, facts))
}

/// The checksum of the session's report, which is written if it is not there or not of this record.
fn report(dir: &Path, player: &Player, facts: &Facts, filed: &[Filed]) -> Result<String, Trouble> {
    let execution = Execution::new(&player.session, &player.transcript, player.entries(), &player.head);
    let text = markdown::render(&execution);
    let sum = sha256(text.as_bytes());
    if std::fs::read(dir.join(REPORT)).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(sum);
    }
    let signed = about_another(filed, &facts.head, &sum);
    if let Some(signed) = signed {
        return Err(Trouble::not_signed(
            format!("{REPORT} is not the one that {} is about", signed.name),
            format!(
                "that was signed with version {} of this program, this is {}",
                signed.statement.predicate.tool,
                env!("CARGO_PKG_VERSION")
            ),
            "sign with that version",
        ));
    }
    replace(dir, REPORT, text.as_bytes()).map_err(|error| Trouble::folder(dir, &error))?;
    Ok(sum)
}

/// The first sign-off of this head that is about another report.
fn about_another<'f>(filed: &'f [Filed], head: &str, sum: &str) -> Option<&'f Filed> {
    filed.iter().find(|filed| {
        let statement = &filed.statement;
        let other = |subject: &Subject| subject.name == REPORT && subject.digest.sha256 != sum;
        statement.predicate.head == head && statement.subject.iter().any(other)
    })
}

/// The sign-off, if any, that would no longer hold if `text` became the report of the session with this head.
pub(super) fn signed_report(dir: &Path, head: &str, text: &str) -> Option<String> {
    let found = read(dir, None).ok()?;
    about_another(&found.filed, head, &sha256(text.as_bytes())).map(|filed| filed.name.clone())
}

/// What lies on the table when somebody signs.
struct Desk {
    facts: Facts,
    rules: Vec<SignatureRule>,
    filed: Vec<Filed>,
    report: String,
}

impl Desk {
    fn rule(&self, filed: &[Filed]) -> Ruling {
        rule(&self.facts, &self.rules, filed, Some(&self.report), Clock::starting_at(0).now().wall)
    }

    /// Nobody signs on top of what was tampered with.
    fn trusts(&self, dir: &Path) -> Result<(), Trouble> {
        let standings = self.rule(&self.filed).standings;
        for (filed, standing) in self.filed.iter().zip(standings) {
            if let Standing::Refused(why) = standing
                && why.is_tampering()
            {
                return Err(Trouble::untrusted(dir, &format!("{}: {}", filed.name, why.words())));
            }
        }
        Ok(())
    }

    /// How much of the record the signer had on the screen, and the wish with what they opened there.
    fn read_by(&self, dir: &Path, wish: &Wish, principal: &str) -> Result<(Replayed, Wish), Trouble> {
        let mut wish = wish.clone();
        let mut seen = 0;
        for review in reviews(dir)? {
            if same_person(&review.reader, principal) {
                seen = seen.max(review.seen_of(self.facts.entries));
                wish.opened.extend(review.opened);
            }
        }
        Ok((Replayed::of(seen, self.facts.entries), wish))
    }

    /// Whether the policy lets this one be added.
    fn allows(&self, candidate: &Filed) -> Result<Ruling, Trouble> {
        let before = self.rule(&self.filed);
        let approves = candidate.statement.predicate.choice == Choice::Approve;
        if let Some(at) = before.open.first()
            && approves
        {
            let said = &self.filed[*at].statement.predicate;
            return Err(Trouble::not_signed(
                format!("{} rejected this session", said.principal),
                format!("\"{}\"; as long as that stands, nobody approves", said.reason),
                "settle it with them; they can take it back with --withdraw REASON",
            ));
        }
        let mut filed = self.filed.clone();
        filed.push(candidate.clone());
        let after = self.rule(&filed);
        let refused =
            |why: &Refused| Trouble::not_signed("this signature would not count", why.words(), why.next());
        if let Some(Standing::Refused(why)) = after.standings.last() {
            return Err(refused(why));
        }
        let spoiled = before.standings.iter().zip(&after.standings).find_map(|(was, is)| match (was, is) {
            (Standing::Counts, Standing::Refused(why)) if approves => Some(why),
            _ => None,
        });
        spoiled.map_or(Ok(after.clone()), |why| Err(refused(why)))
    }
}

/// Every reader's review in the folder.
fn reviews(dir: &Path) -> Result<Vec<Review>, Trouble> {
    let Ok(entries) = std::fs::read_dir(dir.join(REVIEW)) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read(&path).map_err(|error| Trouble::folder(dir, &error))?;
            let review = serde_json::from_slice(&text);
            found.push(review.map_err(|error| {
                Trouble::untrusted(dir, &format!("{} cannot be read: {error}", path.display()))
            })?);
        }
    }
    Ok(found)
}
