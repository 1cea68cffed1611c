//! `ceremony review DIR`, and the way through a record before it is signed: the desk, what was opened kept beside it.

use super::{Common, Trouble, live, looks, operator, replay, run};
use crate::driver::Message;
use crate::driver::replay::{self as record, Player};
use crate::journal::head_words;
use crate::runner::clock::Clock;
use crate::signoff::{Choice, Role, Wish};
use crate::tui::terminal::Terminal;
use crate::tui::warden::Warden;
use crate::tui::{Desk, DeskAction, Papers};
use crate::view::review::items;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// A change of the terminal's size is looked for at least this often.
const FRAME_MAX: Duration = Duration::from_millis(500);

/// The role that a word of the command line stands for.
pub(super) fn role(word: &str) -> Result<Role, String> {
    Role::of(word).ok_or_else(|| "one of operator, witness, reviewer, lead".to_owned())
}

/// Goes through a session; with a role it says what would be signed.
pub(super) fn look(
    common: &Common,
    dir: &Path,
    role: Option<Role>,
    reader: Option<String>,
) -> Result<u8, Trouble> {
    let reader = reader.unwrap_or_else(|| operator::name(common));
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
    live::must_be_terminal(&format!("ceremony report {}", dir.display()))?;
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
    let mut kept = record::Reading::open(dir, reader);
    let opened = kept.review().opened.intersection(&known).cloned().collect();
    let mut desk = Desk::new(papers, opened, looks::theme(common).0, common.settings.flag("ascii"));
    loop {
        let ended = sit(&mut desk, common, &mut kept)?;
        if let Some(trouble) = kept.trouble() {
            errln!("{trouble}");
        }
        match ended {
            Ended::Signed(wish) => return Ok(Some(wish)),
            Ended::Left => return Ok(None),
            Ended::Replay => {
                let reading = Common { operator: Some(reader.to_owned()), ..common.clone() };
                replay::start(&reading, dir)?;
            }
        }
    }
}

/// One sitting at the desk, with a terminal of its own.
fn sit(desk: &mut Desk, common: &Common, kept: &mut record::Reading) -> Result<Ended, Trouble> {
    let failed = |error: std::io::Error| Trouble::terminal(&error);
    let clock = Clock::starting_at(0);
    let (mouth, inbox) = sync_channel(64);
    let signals = run::signals(mouth.clone()).map_err(failed)?;
    let _warden = Warden::start("ceremony was killed; nothing was signed, and what was opened is kept");
    let mut terminal = Terminal::open(common.settings.flag("mouse")).map_err(failed)?;
    let keys = live::keys(mouth, clock).map_err(failed)?;
    let ended = loop {
        terminal.draw(|frame| desk.draw(frame)).map_err(failed)?;
        let (event, at) = match inbox.recv_timeout(FRAME_MAX) {
            Ok(Message::Term(event, at)) => (event, at),
            Err(RecvTimeoutError::Timeout) => continue,
            Ok(_) | Err(RecvTimeoutError::Disconnected) => break Ended::Left,
        };
        let before = desk.opened().len();
        let wanted = desk.on_event(&event, at);
        if desk.opened().len() != before {
            kept.open_items(desk.opened());
        }
        match wanted {
            Some(DeskAction::Sign(wish)) => break Ended::Signed(wish),
            Some(DeskAction::Quit) => break Ended::Left,
            Some(DeskAction::Replay) => break Ended::Replay,
            Some(DeskAction::Suspend) => terminal.suspend().map_err(failed)?,
            None => {}
        }
    };
    drop(terminal);
    drop(keys);
    signals.close();
    Ok(ended)
}
