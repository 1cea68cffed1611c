//! The cockpit: a new session, or one that was left.

use super::editor::Screen;
use super::launch::{self, Launched};
use super::lines::Lines;
use super::purpose::{Purpose, discard};
use super::{Common, Trouble, looks, run};
use crate::driver::Message;
use crate::driver::live::{self, Left};
use crate::runner::clock::Clock;
use crate::session::{Command, Phase};
use crate::tui::terminal::{Input, Terminal};
use crate::tui::warden::Warden;
use std::path::Path;
use std::sync::mpsc::SyncSender;

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
    must_be_terminal(RUN)?;
    drive(common, launch::open(common, Purpose::Real)?, None)
}

pub(super) fn reopen(common: &Common, dir: &Path, rollback: bool) -> Result<u8, Trouble> {
    let verb = if rollback { "rollback" } else { "resume" };
    must_be_terminal(&format!("ceremony {verb} {} --headless --answers FILE", dir.display()))?;
    let launched = launch::reopen(dir, common)?;
    let asked = if rollback { launch::way_back(&launched.drive.session) } else { None };
    drive(common, launched, asked)
}

/// What does without a screen what `ceremony` does with one.
pub(super) const RUN: &str = "ceremony run --headless --answers FILE (or --yes, for practice)";

/// Asked before a server is started for nothing; `without` does the same without a screen.
pub(super) fn must_be_terminal(without: &str) -> Result<(), Trouble> {
    use std::io::IsTerminal;
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        Ok(())
    } else {
        let error = std::io::Error::other("standard input or output is no terminal");
        Err(Trouble::no_terminal(&error, without))
    }
}

pub(super) fn drive(common: &Common, launched: Launched, asked: Option<Command>) -> Result<u8, Trouble> {
    let Launched { mut drive, mut world, inbox, mouth, clock, folder, first, server, copy, ear, log } =
        launched;
    let failed = |error: std::io::Error| Trouble::terminal(&error);
    let signals = run::signals(mouth.clone()).map_err(failed)?;
    let warden = Warden::start(&Warden::words(&folder));
    let terminal = Terminal::open(common.settings.flag("mouse")).map_err(failed)?;
    let mut terminal = Screen::new(terminal, keys(mouth, clock).map_err(failed)?, &folder);
    let mut cockpit = looks::cockpit(common);
    cockpit.set_folder(&folder.to_string_lossy());
    let left =
        live::run(&mut drive, &mut world, (first, asked), (&mut cockpit, &mut terminal), &inbox, clock);
    drop(terminal);
    drop(warden);
    signals.close();
    // Nobody may wait for a driver that is gone.
    drop(inbox);
    drop(ear);
    world.shut_down();
    discard(copy);
    drop(server);
    tracing::info!(?left, "left");
    drop(log);
    let verdict = drive.session.verdict();
    let closed = matches!(drive.session.phase, Phase::Closed(_));
    let dir = folder.display();
    let so_far = if closed { "" } else { " so far" };
    let (code, next) = match drive.session.phase {
        Phase::Closed(verdict) => {
            let code = if verdict.is_good() { 0 } else { 4 };
            (code, format!("next: ceremony report {dir}   (or: ceremony replay {dir})"))
        }
        Phase::Stopped => {
            (5, format!("next: {}; go on with: ceremony resume {dir}", drive.session.what_is_next()))
        }
        _ => {
            let word = match left {
                Left::Gone => "the terminal is gone; ",
                Left::Asked => "a signal asked for the end; ",
                Left::Quit => "",
            };
            (3, format!("next: {word}go on with: ceremony resume {dir}"))
        }
    };
    let lines = Lines::start().map_err(failed)?;
    lines.finish(&[format!("verdict{so_far}: {}", verdict.word()), format!("session: {dir}"), next]);
    Ok(code)
}
