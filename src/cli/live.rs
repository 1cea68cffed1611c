//! The cockpit: a new session, or one that was left.

use super::launch::{self, Launched};
use super::purpose::{Purpose, discard};
use super::{Common, Trouble, run};
use crate::driver::Message;
use crate::driver::live::{self, Left, Stage};
use crate::runner::clock::Clock;
use crate::session::{Command, Phase};
use crate::tui::terminal::{Input, Terminal};
use crate::tui::{Cockpit, Theme};
use std::path::Path;
use std::sync::mpsc::SyncSender;

impl Stage for Terminal {
    fn draw(&mut self, draw: &mut dyn FnMut(&mut ratatui::Frame<'_>)) -> std::io::Result<()> {
        Terminal::draw(self, draw)
    }

    fn suspend(&mut self) -> std::io::Result<()> {
        Terminal::suspend(self)
    }
}

/// The theme that options and environment ask for. <https://no-color.org>
pub(super) fn theme(common: &Common) -> Theme {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match (no_color, common.light) {
        (true, _) => Theme::Plain,
        (false, true) => Theme::Light,
        (false, false) => Theme::Dark,
    }
}

/// Whether the terminal can be trusted with more than ASCII.
pub(super) fn ascii(common: &Common) -> bool {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    let not_utf8 = locale.is_some_and(|locale| {
        let upper = locale.to_ascii_uppercase();
        !upper.contains("UTF-8") && !upper.contains("UTF8")
    });
    common.ascii || not_utf8 || set("TERM").as_deref() == Some("dumb")
}

/// Starts the thread that reads keys.
pub(super) fn keys(mouth: SyncSender<Message>, clock: Clock) -> std::io::Result<Input> {
    let gone = mouth.clone();
    Input::start(
        move |event| mouth.send(Message::Term(event, clock.now())).is_ok(),
        move |error| {
            tracing::warn!(%error, "the terminal is gone");
            // Nobody listens any more when this fails.
            let _ = gone.send(Message::TermGone);
        },
    )
}

pub(super) fn start(common: &Common) -> Result<u8, Trouble> {
    must_be_terminal()?;
    drive(common, launch::open(common, Purpose::Real)?, None)
}

pub(super) fn reopen(common: &Common, dir: &Path, rollback: bool) -> Result<u8, Trouble> {
    must_be_terminal()?;
    let launched = launch::reopen(dir, common)?;
    let asked = if rollback { launch::way_back(&launched.drive.session) } else { None };
    drive(common, launched, asked)
}

/// Asked before a server is started for nothing.
pub(super) fn must_be_terminal() -> Result<(), Trouble> {
    use std::io::IsTerminal;
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        Ok(())
    } else {
        Err(Trouble::terminal(&std::io::Error::other("standard input or output is no terminal")))
    }
}

pub(super) fn drive(common: &Common, launched: Launched, asked: Option<Command>) -> Result<u8, Trouble> {
    let Launched { mut drive, mut world, inbox, mouth, clock, folder, first, server, copy, log } = launched;
    let failed = |error: std::io::Error| Trouble::terminal(&error);
    let signals = run::signals(mouth.clone()).map_err(failed)?;
    let mut terminal = Terminal::open(false).map_err(failed)?;
    let keys = keys(mouth, clock).map_err(failed)?;
    let mut cockpit = Cockpit::new(theme(common), ascii(common));
    let left =
        live::run(&mut drive, &mut world, (first, asked), (&mut cockpit, &mut terminal), &inbox, clock);
    drop(terminal);
    drop(keys);
    signals.close();
    // Nobody may wait for a driver that is gone.
    drop(inbox);
    world.shut_down();
    discard(copy);
    drop(server);
    tracing::info!(?left, "left");
    drop(log);
    let verdict = drive.session.verdict();
    let closed = matches!(drive.session.phase, Phase::Closed(_));
    outln!("verdict{}: {}", if closed { "" } else { " so far" }, verdict.word());
    outln!("session: {}", folder.display());
    let dir = folder.display();
    Ok(match drive.session.phase {
        Phase::Closed(verdict) => {
            outln!("next: ceremony report {dir}   (or: ceremony replay {dir})");
            if verdict.is_good() { 0 } else { 4 }
        }
        Phase::Stopped => {
            outln!("next: {}; go on with: ceremony resume {dir}", drive.session.what_is_next());
            5
        }
        _ => {
            let word = if left == Left::Gone { "the terminal is gone; " } else { "" };
            outln!("next: {word}go on with: ceremony resume {dir}");
            3
        }
    })
}
