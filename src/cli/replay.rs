//! `ceremony replay DIR`: the same cockpit fed from the record, forward and back.

mod sitting;

use super::editor::Screen;
use super::{Common, Trouble, live, looks, operator, run};
use crate::driver::Message;
use crate::driver::live::Stage;
use crate::driver::replay::{Reading, Reel};
use crate::journal::head_words;
use crate::runner::clock::Clock;
use crate::tui::terminal::Terminal;
use crate::tui::warden::Warden;
use crate::tui::{Action, Face, Status};
use sitting::Sitting;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// What goes on beside the screen gets so long before the next look at the keys, microseconds.
const WORK_US: u64 = 20_000;
/// While something goes on beside the screen, a frame is drawn at least this often.
const BUSY: Duration = Duration::from_millis(100);
/// Else.
const QUIET: Duration = Duration::from_millis(500);

pub(super) fn start(common: &Common, dir: &Path) -> Result<u8, Trouble> {
    super::out::reading(dir);
    let reel = Reel::open(dir).map_err(Trouble::unreadable)?;
    let reading = Reading::open(dir, &operator::name(common));
    let mut sitting = Sitting::new(reel, reading).map_err(Trouble::unreadable)?;
    live::must_be_terminal(&format!("ceremony report {}", dir.display()))?;
    let failed = |error: std::io::Error| Trouble::terminal(&error);
    let (mouth, inbox) = sync_channel(64);
    let signals = run::signals(mouth.clone()).map_err(failed)?;
    // Lives as long as this function, so longer than the terminal is ours.
    let _warden = Warden::start("ceremony was killed; nothing was driven, and the record is as it was");
    let terminal = Terminal::open(common.settings.flag("mouse")).map_err(failed)?;
    let clock = Clock::starting_at(0);
    let keys = live::keys(mouth, clock).map_err(failed)?;
    let mut terminal = Screen::new(terminal, keys, dir);
    let mut cockpit = looks::cockpit(common);
    let words = head_words(sitting.reel.head());
    let end = |terminal: Screen, sitting: &mut Sitting| {
        drop(terminal);
        signals.close();
        sitting.reading.keep();
        if let Some(trouble) = sitting.reading.trouble() {
            errln!("{trouble}");
        }
        Ok(0)
    };
    loop {
        sitting.show(&mut cockpit);
        let error = sitting.error();
        let of = sitting.reel.len();
        let status = Status {
            face: Face::Replay { entry: sitting.reel.at(), of, playing: sitting.is_playing() },
            now: sitting.moment(),
            entries: of as u64,
            head_words: &words,
            error: error.as_deref(),
        };
        let (session, transcript) = (sitting.reel.session().clone(), sitting.reel.transcript());
        Stage::draw(&mut terminal, &mut |frame| cockpit.draw(frame, &session, transcript, &status))
            .map_err(failed)?;
        let now_us = clock.now().mono_us;
        sitting.was_drawn(&cockpit, now_us);
        // Keys that wait come first.
        let waiting = inbox.try_recv().ok();
        let has_time = || clock.now().mono_us.saturating_sub(now_us) < WORK_US;
        let more = waiting.is_none() && sitting.work(has_time);
        let quiet = if sitting.is_busy() { BUSY } else { QUIET };
        let patience = match sitting.patience_us(clock.now().mono_us) {
            _ if more => Duration::ZERO,
            Some(us) => Duration::from_micros(us).min(quiet),
            None => quiet,
        };
        match waiting.map_or_else(|| inbox.recv_timeout(patience), Ok) {
            Ok(Message::Term(event, _)) => {
                let actions = cockpit.on_event(&event, &session, sitting.reel.transcript(), &status);
                for action in actions {
                    match action {
                        Action::Quit => return end(terminal, &mut sitting),
                        Action::Suspend => Stage::suspend(&mut terminal).map_err(failed)?,
                        Action::Seek(seek) => sitting.seek(seek, clock.now().mono_us),
                        Action::Deck(deck) => {
                            if let Some(said) = sitting.deck(deck, clock.now()) {
                                cockpit.tell(&said);
                            }
                        }
                        Action::Copy(text) => Stage::copy(&mut terminal, &text).map_err(failed)?,
                        Action::Edit(at) => {
                            let words = Stage::edit(&mut terminal, &at).map_err(failed)?;
                            cockpit.came_back(&words, sitting.moment());
                        }
                        Action::Command(_) | Action::Initials { .. } => {}
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Ok(_) | Err(RecvTimeoutError::Disconnected) => return end(terminal, &mut sitting),
        }
        sitting.go_on(clock.now().mono_us);
        if let Some(said) = sitting.news() {
            cockpit.tell(&said);
        }
    }
}
