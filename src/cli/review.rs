//! `ceremony review DIR`, and the way through a record before it is signed: the desk, what was opened kept beside it.

use super::{Common, Trouble, launch, live, replay, run};
use crate::driver::Message;
use crate::driver::live::Stage;
use crate::driver::replay::Player;
use crate::journal::head_words;
use crate::review::Review;
use crate::runner::clock::Clock;
use crate::runner::session_folder::{make_private, replace};
use crate::signoff::{Choice, Role, Wish};
use crate::tui::terminal::Terminal;
use crate::tui::{Desk, DeskAction, Papers};
use crate::view::review::items;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Within the session's folder: what each reader saw and opened.
const FOLDER: &str = "review";
/// A change of the terminal's size is looked for at least this often.
const FRAME_MAX: Duration = Duration::from_millis(500);

/// The role that a word of the command line stands for.
pub(super) fn role(word: &str) -> Result<Role, String> {
    let all = [Role::Operator, Role::Witness, Role::Reviewer, Role::Lead];
    let found = all.into_iter().find(|role| role.word() == word);
    found.ok_or_else(|| "one of operator, witness, reviewer, lead".to_owned())
}

/// Goes through a session; with a role it says what would be signed.
pub(super) fn look(
    common: &Common,
    dir: &Path,
    role: Option<Role>,
    reader: Option<String>,
) -> Result<u8, Trouble> {
    let reader = reader.unwrap_or_else(|| launch::operator(common));
    let wish = match role {
        Some(role) => gather(common, dir, role, &reader)?,
        None => desk(common, dir, None, &reader)?,
    };
    match wish {
        Some(wish) => {
            let word = match wish.choice {
                Choice::Approve => "approve",
                Choice::Reject => "reject",
                Choice::Withdraw => "withdraw",
            };
            let cites: Vec<String> = wish.cites.iter().map(u64::to_string).collect();
            outln!("{word} as {}: {}", wish.role.word(), wish.reason);
            outln!("cites: {}", cites.join(", "));
            outln!("opened: {}", wish.opened.join(", "));
        }
        None if role.is_some() => outln!("nothing is signed"),
        None => {}
    }
    Ok(0)
}

/// What `reader` wants to sign as `role`, after going through the session in `dir`; `None` if they left.
pub(super) fn gather(common: &Common, dir: &Path, role: Role, reader: &str) -> Result<Option<Wish>, Trouble> {
    desk(common, dir, Some(role), reader)
}

/// Why a sitting ended.
enum Ended {
    Signed(Wish),
    Left,
    Replay,
}

fn desk(common: &Common, dir: &Path, role: Option<Role>, reader: &str) -> Result<Option<Wish>, Trouble> {
    live::must_be_terminal()?;
    let player = Player::open(dir).map_err(Trouble::unreadable)?;
    if let Some(entry) = player.divergent.filter(|entry| *entry > player.entries().len() as u64) {
        return Err(Trouble::divergent(dir, entry));
    }
    let words = head_words(&player.head);
    let items = items(&player.session, player.entries(), player.torn);
    let known: BTreeSet<String> = items.iter().map(|item| item.id.clone()).collect();
    let mut papers = Papers::of(&player.session, items, &words, role, reader);
    papers.error = player.divergent.map(|entry| {
        format!("entry {entry}: this version decides something else there; ceremony verify says more")
    });
    let opened = load(dir, reader)?.opened.intersection(&known).cloned().collect();
    let mut desk = Desk::new(papers, opened, live::theme(common), live::ascii(common));
    loop {
        match sit(&mut desk, dir, reader)? {
            Ended::Signed(wish) => return Ok(Some(wish)),
            Ended::Left => return Ok(None),
            Ended::Replay => drop(replay::start(common, dir)?),
        }
    }
}

/// One sitting at the desk, with a terminal of its own.
fn sit(desk: &mut Desk, dir: &Path, reader: &str) -> Result<Ended, Trouble> {
    let failed = |error: std::io::Error| Trouble::terminal(&error);
    let clock = Clock::starting_at(0);
    let (mouth, inbox) = sync_channel(64);
    let signals = run::signals(mouth.clone()).map_err(failed)?;
    let mut terminal = Terminal::open(false).map_err(failed)?;
    let keys = live::keys(mouth, clock).map_err(failed)?;
    let ended = loop {
        Stage::draw(&mut terminal, &mut |frame| desk.draw(frame)).map_err(failed)?;
        let (event, at) = match inbox.recv_timeout(FRAME_MAX) {
            Ok(Message::Term(event, at)) => (event, at),
            Err(RecvTimeoutError::Timeout) => continue,
            Ok(_) | Err(RecvTimeoutError::Disconnected) => break Ended::Left,
        };
        let before = desk.opened().len();
        let wanted = desk.on_event(&event, at);
        if desk.opened().len() != before {
            keep(dir, reader, desk.opened())?;
        }
        match wanted {
            Some(DeskAction::Sign(wish)) => break Ended::Signed(wish),
            Some(DeskAction::Quit) => break Ended::Left,
            Some(DeskAction::Replay) => break Ended::Replay,
            Some(DeskAction::Suspend) => Stage::suspend(&mut terminal).map_err(failed)?,
            None => {}
        }
    };
    drop(terminal);
    drop(keys);
    signals.close();
    Ok(ended)
}

/// A file's name for a reader: what is no plain letter is written by its number.
fn file_name(reader: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '@' | '.');
    let name: String = reader
        .char_indices()
        .map(
            |(at, c)| {
                if plain(c) && (at, c) != (0, '.') { c.to_string() } else { format!("%{:x}", u32::from(c)) }
            },
        )
        .collect();
    format!("{name}.json")
}

fn load(dir: &Path, reader: &str) -> Result<Review, Trouble> {
    let path = dir.join(FOLDER).join(file_name(reader));
    let wrong = |why: String| {
        Trouble::usage(
            format!("cannot read the review in {}", path.display()),
            why,
            "mend it or move it away; the review begins anew then",
        )
    };
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Review::of(reader)),
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// Adds what was opened to what is kept of this reader.
fn keep(dir: &Path, reader: &str, opened: &BTreeSet<String>) -> Result<(), Trouble> {
    let mut review = load(dir, reader)?;
    review.opened.extend(opened.iter().cloned());
    let failed = |error: std::io::Error| Trouble::folder(dir, &error);
    let text = serde_json::to_vec_pretty(&review).map_err(|error| failed(std::io::Error::other(error)))?;
    make_private(&dir.join(FOLDER)).map_err(failed)?;
    replace(&dir.join(FOLDER), &file_name(reader), &text).map(drop).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_s_file_stays_in_its_folder_and_is_nobody_else_s() {
        assert_eq!(file_name("ada@example.org"), "ada@example.org.json");
        assert_eq!(file_name("../x"), "%2e.%2fx.json");
        assert_ne!(file_name("a b"), file_name("a_b"));
    }

    #[test]
    fn what_was_opened_is_there_again_with_what_else_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        assert_eq!(load(dir, "ada").unwrap(), Review::of("ada"));
        keep(dir, "ada", &BTreeSet::from(["halt/1".to_owned()])).unwrap();
        let mut seen = load(dir, "ada").unwrap();
        seen.see(4);
        std::fs::write(dir.join(FOLDER).join("ada.json"), serde_json::to_vec(&seen).unwrap()).unwrap();
        keep(dir, "ada", &BTreeSet::from(["finding/1".to_owned()])).unwrap();
        let review = load(dir, "ada").unwrap();
        assert_eq!(review.seen, [(4, 4)]);
        assert_eq!(review.opened.iter().map(String::as_str).collect::<Vec<_>>(), ["finding/1", "halt/1"]);
        std::fs::write(dir.join(FOLDER).join("ada.json"), b"no").unwrap();
        assert!(load(dir, "ada").is_err());
    }
}
