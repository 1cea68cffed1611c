//! `ceremony run --headless`, and the way back into a session: `resume` and `rollback`, with or without a screen.

use super::launch::{self, Launched};
use super::lines::Lines;
use super::purpose::{Purpose, discard};
use super::{Common, Headless, Trouble, live};
use crate::driver::Message;
use crate::driver::headless::{self, Answers};
use crate::driver::replay::Player;
use crate::plan::Plan;
use crate::session::{Command, Mode, Phase};
use std::path::Path;
use std::sync::mpsc::SyncSender;

fn answers(headless: &Headless) -> Result<Answers, Trouble> {
    let Some(path) = &headless.answers else {
        return Ok(if headless.yes { Answers::Yes } else { Answers::File(Default::default()) });
    };
    let wrong = |why: String| {
        Trouble::usage(
            format!("cannot use the answers in {}", path.display()),
            why,
            "write a TOML table such as \"apply/foundations\" = \"apply foundations to {target}\"",
        )
    };
    let text =
        std::fs::read_to_string(path).map_err(|error| wrong(crate::runner::files::in_words(&error)))?;
    Answers::parse(&text).map_err(wrong)
}

fn all_known(answers: &Answers, plan: &Plan) -> Result<(), Trouble> {
    match answers.unknown(plan) {
        None => Ok(()),
        Some(id) => Err(Trouble::usage(
            format!("the answers name '{id}', which is no gate of this ceremony"),
            "an answer that is never asked for is a typing error, and its gate would wait",
            "`ceremony plan` lists the steps; a commit gate is \"STEP commit\"",
        )),
    }
}

pub(super) fn start(common: &Common, headless: &Headless) -> Result<u8, Trouble> {
    let answers = answers(headless)?;
    let (_, _, ceremony) = launch::definition(common)?;
    all_known(&answers, &Plan::new(ceremony))?;
    let purpose = if headless.yes { Purpose::Practice } else { Purpose::Real };
    drive(launch::open(common, purpose)?, answers, None)
}

/// Whether the record in `session` has an entry. Without one there is nothing to go on with.
pub(super) fn begun(session: &Path) -> Result<(), Trouble> {
    use std::io::BufRead;
    let path = session.join(crate::journal::FILE_NAME);
    // One that is not read like a file (a pipe) is refused when it is opened for writing.
    if !path.is_file() {
        return Ok(());
    }
    let Ok(record) = std::fs::File::open(path) else { return Ok(()) };
    let mut first = Vec::new();
    let read = std::io::BufReader::new(record).read_until(b'\n', &mut first);
    if read.is_err() || first.ends_with(b"\n") {
        return Ok(());
    }
    Err(Trouble::usage(
        format!("the session in {} has no entry to go on from", session.display()),
        "the program ended before its first one was written (and then nothing was done), or somebody emptied it",
        "if it was new, remove the folder and start again; else restore session.jsonl from a copy",
    ))
}

/// Goes on with a session; with `rollback` it is undone.
pub(super) fn reopen(
    common: &Common,
    dir: &Path,
    headless: &Headless,
    rollback: bool,
) -> Result<u8, Trouble> {
    if !headless.headless {
        return live::reopen(common, dir, rollback);
    }
    let answers = answers(headless)?;
    begun(dir)?;
    all_known(&answers, &Player::open(dir).map_err(Trouble::unreadable)?.session.plan)?;
    let launched = launch::reopen(dir, common)?;
    let mode = launched.drive.session.header.as_ref().map(|header| header.mode);
    if headless.yes && mode == Some(Mode::Live) {
        return Err(Trouble::usage(
            "--yes cannot answer for a live session",
            "a session whose gates nobody reads is practice, and this one was opened as live",
            "answer in the cockpit, or with --answers FILE",
        ));
    }
    let asked = if rollback { launch::way_back(&launched.drive.session) } else { None };
    drive(launched, answers, asked)
}

pub(super) fn drive(launched: Launched, mut answers: Answers, asked: Option<Command>) -> Result<u8, Trouble> {
    let Launched { mut drive, mut world, inbox, mouth, clock, folder, first, server, copy, ear, log } =
        launched;
    let signals = signals(mouth).map_err(|error| Trouble::folder(&folder, &error))?;
    let mut out = Lines::start().map_err(|error| Trouble::folder(&folder, &error))?;
    let ended = headless::run(&mut drive, &mut world, (first, asked), &mut answers, &inbox, clock, &mut out);
    signals.close();
    // Dropping the inbox first: nobody may wait for a driver that is gone.
    drop(inbox);
    drop(ear);
    world.shut_down();
    discard(copy);
    drop(server);
    let next = drive.session.what_is_next();
    let ended = ended.map_err(Trouble::journal)?;
    let closed = matches!(drive.session.phase, Phase::Closed(_));
    // Nobody is held up by who does not read this: everything else is closed.
    let so_far = if closed { "" } else { " so far" };
    let mut last = vec![
        format!("verdict{so_far}: {}", drive.session.verdict().word()),
        format!("session: {}", folder.display()),
    ];
    if ended as u8 == headless::Ended::Waiting as u8 || ended as u8 == headless::Ended::Stopped as u8 {
        last.push(format!("next: {next}; then: ceremony resume {}", folder.display()));
    }
    out.finish(&last);
    drop(log);
    Ok(ended as u8)
}

/// A file that grows beyond a limit of the shell (`ulimit -f`) or of its file system is an error that is told, as every
/// other of the disk, and no silent death. A handler, and not "ignored": programs that we start begin without it.
pub(super) fn outlive_limits() -> std::io::Result<()> {
    let heard = std::sync::Arc::default();
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, heard).map(drop)
}

/// Signals that ask for an end, as messages.
pub(super) fn signals(mouth: SyncSender<Message>) -> std::io::Result<signal_hook::iterator::Handle> {
    heard(move |signal| {
        // Ctrl-C in an editor is the editor's.
        let others = signal == signal_hook::consts::SIGINT && super::editor::is_open();
        others || mouth.send(Message::Signal(signal)).is_ok()
    })
}

/// Signals that ask for an end, until `hear` says that nobody listens any more.
pub(super) fn heard(
    hear: impl Fn(i32) -> bool + Send + 'static,
) -> std::io::Result<signal_hook::iterator::Handle> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let handle = signals.handle();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if !hear(signal) {
                return;
            }
        }
    })?;
    Ok(handle)
}
