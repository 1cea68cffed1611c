//! `ceremony watch DIR`: a session that another terminal drives, followed read-only; initials, and STOP.

use super::editor::Screen;
use super::{Common, Trouble, live, looks, operator, run};
use crate::driver::Message;
use crate::driver::live::Stage;
use crate::driver::watch::Watched;
use crate::driver::witness;
use crate::runner::clock::Clock;
use crate::runner::witnesses::{Ear, Word, driven, say};
use crate::session::{Command, Phase, Refusal};
use crate::time::Moment;
use crate::tui::terminal::Terminal;
use crate::tui::warden::Warden;
use crate::tui::{Action, Face, Status};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// The record is looked at so often.
const LOOK: Duration = Duration::from_millis(100);
/// And whether anybody drives once in so many looks.
const LOOKS_PER_PROBE: u32 = 5;
/// Words that may be on their way at a time.
const WORDS_MAX: usize = 4;

/// Listens for witnesses of the session in `folder`. Where that cannot be, the session goes on without them.
pub(super) fn ear(folder: &Path, mouth: SyncSender<Message>) -> Option<Ear> {
    let hear = move |command, reply| mouth.send(Message::Witness(witness::Word::new(command, reply))).is_ok();
    Ear::open(folder, Arc::new(hear))
        .inspect_err(|error| {
            tracing::warn!(%error, "witnesses cannot speak");
            errln!("note: witnesses can look on, but not speak: {error}");
        })
        .ok()
}

/// A watcher's end of the session.
struct Watcher {
    folder: PathBuf,
    name: String,
    mouth: SyncSender<Message>,
    /// Words that are on their way.
    words: usize,
}

impl Watcher {
    /// Says a word; the answer comes as a message, so that the screen never waits for it.
    fn say(&mut self, word: Word) -> Result<(), Refusal> {
        let refused = |why: String| Refusal {
            what: "it was not said".to_owned(),
            why,
            next: "wait a moment, then say it again".to_owned(),
        };
        if self.words >= WORDS_MAX {
            return Err(refused(format!("{WORDS_MAX} words wait for their answer")));
        }
        let (folder, mouth) = (self.folder.clone(), self.mouth.clone());
        let speak = move || {
            // Nobody waits for it any more when this fails.
            let _ = mouth.send(Message::Said(say(&folder, &word)));
        };
        let started = std::thread::Builder::new().name("word".to_owned()).spawn(speak);
        started.map_err(|error| refused(error.to_string()))?;
        self.words += 1;
        Ok(())
    }

    /// The word that an action asks for.
    fn word(&self, action: Action) -> Option<Word> {
        let name = self.name.clone();
        match action {
            Action::Command(Command::Stop) => Some(Word::Stop { name }),
            Action::Initials { step, attempt, initials } => {
                Some(Word::Initials { name, initials, step: Some(step), attempt })
            }
            _ => None,
        }
    }
}

pub(super) fn start(common: &Common, dir: &Path) -> Result<u8, Trouble> {
    live::must_be_terminal(&format!("ceremony report {}", dir.display()))?;
    let folder = dir.canonicalize().map_err(|error| Trouble::no_session(dir, &error))?;
    let failed = |error: std::io::Error| Trouble::terminal(&error);
    let (mouth, inbox) = sync_channel(64);
    let signals = run::signals(mouth.clone()).map_err(failed)?;
    let Some(mut watched) = begun(&folder, &inbox)? else { return Ok(0) };
    let clock = Clock::starting_at(0);
    let _warden = Warden::start("ceremony was killed; nothing was driven from here");
    let terminal = Terminal::open(common.settings.flag("mouse")).map_err(failed)?;
    let keys = live::keys(mouth.clone(), clock).map_err(failed)?;
    let mut terminal = Screen::new(terminal, keys, &folder);
    let mut cockpit = looks::cockpit(common);
    let mut watcher = Watcher { folder, name: operator::name(common), mouth, words: 0 };
    let (mut there, mut looks) = (driven(&watcher.folder), 0);
    loop {
        let status = status(&watched, clock, there);
        Stage::draw(&mut terminal, &mut |frame| {
            cockpit.draw(frame, &watched.session, &watched.transcript, &status);
        })
        .map_err(failed)?;
        match inbox.recv_timeout(LOOK) {
            Ok(Message::Term(event, _)) => {
                for action in cockpit.on_event(&event, &watched.session, &watched.transcript, &status) {
                    match action {
                        Action::Quit => {
                            drop(terminal);
                            signals.close();
                            return Ok(goodbye(&watched, &watcher.folder));
                        }
                        Action::Suspend => Stage::suspend(&mut terminal).map_err(failed)?,
                        Action::Copy(text) => Stage::copy(&mut terminal, &text).map_err(failed)?,
                        Action::Edit(at) => {
                            let words = Stage::edit(&mut terminal, &at).map_err(failed)?;
                            cockpit.came_back(&words, clock.now());
                        }
                        action => {
                            let said = watcher.word(action).map(|word| watcher.say(word));
                            if let Some(Err(refusal)) = said {
                                cockpit.said(Err(refusal));
                            }
                        }
                    }
                }
            }
            Ok(Message::Said(answer)) => {
                watcher.words = watcher.words.saturating_sub(1);
                cockpit.said(answer);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Ok(_) | Err(RecvTimeoutError::Disconnected) => {
                drop(terminal);
                signals.close();
                return Ok(goodbye(&watched, &watcher.folder));
            }
        }
        let came = watched.more();
        looks += 1;
        if came || looks % LOOKS_PER_PROBE == 0 {
            there = driven(&watcher.folder);
        }
    }
}

/// Waits for the first entry; `None` when a signal asks for the end.
fn begun(folder: &Path, inbox: &Receiver<Message>) -> Result<Option<Watched>, Trouble> {
    let mut told = false;
    loop {
        if let Some(watched) = Watched::begin(folder).map_err(Trouble::unreadable)? {
            return Ok(Some(watched));
        }
        if !told {
            outln!("waits for the first entry of the session in {} (Ctrl-C leaves)", folder.display());
            told = true;
        }
        match inbox.recv_timeout(LOOK) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(_) | Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
    }
}

/// The clock goes on as long as somebody drives; then it stands where the record ends.
fn status(watched: &Watched, clock: Clock, driven: bool) -> Status<'_> {
    let wall = clock.now().wall;
    let since_us = u64::try_from(wall.as_micros() - watched.last.wall.as_micros()).unwrap_or(0);
    let now = match driven {
        true => Moment { wall, mono_us: watched.last.mono_us.saturating_add(since_us) },
        false => watched.last,
    };
    Status {
        face: Face::Watch { driven },
        now,
        entries: watched.transcript.entries,
        head_words: &watched.words,
        error: watched.trouble.as_deref(),
    }
}

fn goodbye(watched: &Watched, folder: &Path) -> u8 {
    let dir = folder.display();
    match watched.session.phase {
        Phase::Closed(verdict) => {
            outln!("verdict: {}", verdict.word());
            outln!("next: ceremony replay {dir}   (or: ceremony verify {dir})");
        }
        _ => outln!("next: the session is not over; ceremony watch {dir} looks on again"),
    }
    0
}
