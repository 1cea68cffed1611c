//! `ceremony replay DIR`: the same cockpit fed from the record, forward and back.

use super::editor::Screen;
use super::{Common, Trouble, live, run};
use crate::driver::Message;
use crate::driver::live::Stage;
use crate::driver::replay::Player;
use crate::journal::head_words;
use crate::runner::clock::Clock;
use crate::time::{Moment, Timestamp};
use crate::tui::terminal::Terminal;
use crate::tui::{Action, Cockpit, Face, Seek, Status};
use crate::view::{TimelineMark, next_mark, previous_mark, timeline_marks};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// While playing, a pause of the record is shown for this long at most.
const IDLE_MAX_US: u64 = 1_000_000;
/// And every entry for this long at least.
const ENTRY_MIN_US: u64 = 20_000;

pub(super) fn start(common: &Common, dir: &Path) -> Result<u8, Trouble> {
    let mut player = Player::open(dir).map_err(Trouble::unreadable)?;
    let failed = |error: std::io::Error| Trouble::terminal(&error);
    let (mouth, inbox) = sync_channel(64);
    let signals = run::signals(mouth.clone()).map_err(failed)?;
    let terminal = Terminal::open(false).map_err(failed)?;
    let keys = live::keys(mouth, Clock::starting_at(0)).map_err(failed)?;
    let mut terminal = Screen::new(terminal, keys, dir);
    let mut cockpit = Cockpit::new(live::theme(common), live::ascii(common));
    let marks = timeline_marks(player.entries());
    cockpit.set_marks(marks.clone());
    let words = head_words(&player.head);
    let error = player.divergent.map(|entry| {
        format!("entry {entry}: this version decides something else there; ceremony verify says more")
    });
    let mut playing = false;
    player.seek(1);
    loop {
        let now = player
            .entries()
            .get(player.position().saturating_sub(1))
            .map_or(Moment { wall: Timestamp::from_micros(0), mono_us: 0 }, crate::journal::Entry::at);
        let of = player.entries().len();
        let status = Status {
            face: Face::Replay { entry: player.position(), of, playing },
            now,
            entries: of as u64,
            head_words: &words,
            error: error.as_deref(),
        };
        Stage::draw(&mut terminal, &mut |frame| {
            cockpit.draw(frame, &player.session, &player.transcript, &status);
        })
        .map_err(failed)?;
        let patience = if playing { pause(&player) } else { Duration::from_millis(500) };
        match inbox.recv_timeout(patience) {
            Ok(Message::Term(event, _)) => {
                for action in cockpit.on_event(&event, &player.session, &player.transcript, &status) {
                    match action {
                        Action::Quit => return leave(terminal, &signals),
                        Action::Suspend => Stage::suspend(&mut terminal).map_err(failed)?,
                        Action::Seek(Seek::PlayPause) => playing = !playing && player.position() < of,
                        Action::Seek(seek) => {
                            playing = false;
                            player.seek(target(seek, player.position(), of, &marks));
                        }
                        Action::Copy(text) => Stage::copy(&mut terminal, &text).map_err(failed)?,
                        Action::Edit(at) => {
                            let words = Stage::edit(&mut terminal, &at).map_err(failed)?;
                            cockpit.came_back(&words, now);
                        }
                        Action::Command(_) => {}
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) if playing => {
                player.seek(player.position() + 1);
                playing = player.position() < of;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Ok(_) | Err(RecvTimeoutError::Disconnected) => return leave(terminal, &signals),
        }
    }
}

fn leave(terminal: Screen, signals: &signal_hook::iterator::Handle) -> Result<u8, Trouble> {
    drop(terminal);
    signals.close();
    Ok(0)
}

/// How long the entry on the screen is shown while playing.
fn pause(player: &Player) -> Duration {
    let at = player.position();
    let moment = |index: usize| player.entries().get(index).map_or(0, |entry| entry.m);
    let gap_us = moment(at).saturating_sub(moment(at.saturating_sub(1)));
    Duration::from_micros(gap_us.clamp(ENTRY_MIN_US, IDLE_MAX_US))
}

fn target(seek: Seek, at: usize, of: usize, marks: &[TimelineMark]) -> usize {
    let entry = |found: Option<u64>, otherwise: usize| {
        found.and_then(|entry| usize::try_from(entry).ok()).unwrap_or(otherwise)
    };
    let to = match seek {
        Seek::Forward(count) => at + count,
        Seek::Back(count) => at.saturating_sub(count),
        Seek::First | Seek::PlayPause => 1,
        Seek::Last => of,
        Seek::NextMark => entry(next_mark(marks, at as u64), of),
        Seek::PreviousMark => entry(previous_mark(marks, at as u64), 1),
    };
    to.clamp(1, of.max(1))
}
