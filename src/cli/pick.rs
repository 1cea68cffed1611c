//! `ceremony` alone: a new session, or the list of sessions if one was left open.

use super::sessions::{self, Found};
use super::{Cli, Common, Trouble, dispatch, knows, launch, live, looks, parse, run};
use crate::driver::Message;
use crate::driver::replay::Player;
use crate::runner::clock::Clock;
use crate::session::Verdict;
use crate::tui::keymap::Go;
use crate::tui::picker::{Pick, Picker, PickerView};
use crate::tui::terminal::Terminal;
use crate::tui::warden::Warden;
use crate::view::{Row, Tone, Verb};
use clap::Parser;
use std::ffi::OsString;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// How often it is looked whether the terminal has another size.
const FRAME_MAX: Duration = Duration::from_millis(250);

pub(super) fn start(common: &Common) -> Result<u8, Trouble> {
    launch::there_is_a_definition(common)?;
    live::must_be_terminal(live::RUN)?;
    let folder = sessions::folder(common);
    let found = sessions::all(&folder).map_err(|error| Trouble::folder(&folder, &error))?;
    let open = |found: &Found| found.seen.as_ref().is_ok_and(|glance| glance.is_open());
    // Who names the new session's folder wants a new session.
    if common.session.is_some() || !found.iter().any(open) {
        return live::start(common);
    }
    let (_, _, ceremony) = launch::definition(common)?;
    let count = found.iter().filter(|found| open(found)).count();
    let title = Row::of(Tone::Strong, &format!(" {}", ceremony.title)).say(
        Tone::Dim,
        &match count {
            1 => "   1 session is open".to_owned(),
            count => format!("   {count} sessions are open"),
        },
    );
    let selected = found.iter().position(open).map_or(0, |at| at + 1);
    match choose(common, &title, &found, selected)? {
        None => Ok(0),
        Some((Go::New, _)) => live::start(common),
        Some((go, at)) => again(common, verb(go, &found[at]), &found[at].dir),
    }
}

/// What a key does about a session.
fn verb(go: Go, found: &Found) -> Verb {
    match go {
        Go::Next | Go::New => match &found.seen {
            // Looking at it is what Enter does about a session that is over; its report is a key of its own.
            Ok(glance) => match glance.next(|verb| knows(verb.word())) {
                Verb::Report | Verb::Sign => Verb::Replay,
                verb => verb,
            },
            Err(_) => Verb::Verify,
        },
        Go::Replay => Verb::Replay,
        Go::Watch => Verb::Watch,
        Go::Report => Verb::Report,
        Go::Sign => Verb::Sign,
    }
}

/// The same as if it had been typed.
fn again(common: &Common, verb: Verb, dir: &Path) -> Result<u8, Trouble> {
    let words = [OsString::from("ceremony"), verb.word().into(), dir.into()];
    let cli = Cli::try_parse_from(words).map_err(|error| parse::not_understood(&error))?;
    dispatch(common.clone(), cli.command)
}

/// The line that was chosen from, and what is to be done about it.
fn choose(
    common: &Common,
    title: &Row,
    found: &[Found],
    selected: usize,
) -> Result<Option<(Go, usize)>, Trouble> {
    let failed = |error: std::io::Error| Trouble::terminal(&error);
    let (mouth, inbox) = sync_channel(64);
    let signals = run::signals(mouth.clone()).map_err(failed)?;
    let warden = Warden::start("ceremony was killed; nothing was started");
    let mut terminal = Terminal::open(common.settings.flag("mouse")).map_err(failed)?;
    let keys = live::keys(mouth, Clock::starting_at(0)).map_err(failed)?;
    let mut picker = Picker::new(looks::theme(common).0, common.settings.flag("ascii"), selected);
    let mut lines =
        vec![Row::of(Tone::Call, &format!("{:<9}", "NEW")).say(Tone::Plain, "start a new session")];
    lines.extend(found.iter().map(|found| {
        match &found.seen {
            Ok(glance) => glance.line(),
            Err(why) => Row::of(Tone::Bad, &format!("{:<9}", "DAMAGED"))
                .say(Tone::Plain, &format!("{}: {why}", found.name())),
        }
    }));
    let mut shown: Option<(usize, Vec<Row>)> = None;
    let picked = loop {
        let at = picker.selected;
        let session = at.checked_sub(1).map(|at| &found[at]);
        if shown.as_ref().is_none_or(|(of, _)| *of != at) {
            shown = Some((at, session.map_or_else(|| new_session(common), details)));
        }
        let offers = offers(session);
        let view = PickerView {
            title,
            lines: &lines,
            name: &session.map_or_else(|| "a new session".to_owned(), Found::name),
            details: shown.as_ref().map_or(&[], |(_, rows)| rows.as_slice()),
            offers: &offers,
        };
        terminal.draw(|frame| picker.draw(frame, &view)).map_err(failed)?;
        match inbox.recv_timeout(FRAME_MAX) {
            Ok(Message::Term(event, _)) => match picker.on_event(&event, lines.len()) {
                Some(Pick::Quit) => break None,
                Some(Pick::Suspend) => terminal.suspend().map_err(failed)?,
                Some(Pick::Go(go)) if offers.iter().any(|(offer, _)| *offer == go) => {
                    break Some(if at == 0 { (Go::New, 0) } else { (go, at.saturating_sub(1)) });
                }
                Some(Pick::Go(go)) => picker.message = Some(why_not(go, session)),
                None => {}
            },
            Err(RecvTimeoutError::Timeout) => {}
            Ok(_) | Err(RecvTimeoutError::Disconnected) => break None,
        }
    };
    drop(terminal);
    drop(keys);
    drop(warden);
    signals.close();
    Ok(picked)
}

/// What can be done about a line; Enter with the word for it.
fn offers(session: Option<&Found>) -> Vec<(Go, &'static str)> {
    let Some(found) = session else { return vec![(Go::Next, "start")] };
    let mut offers = vec![(Go::Next, verb(Go::Next, found).word()), (Go::New, "")];
    let Ok(glance) = &found.seen else { return offers };
    offers.extend([(Go::Replay, ""), (Go::Report, "")]);
    if glance.held && knows(Verb::Watch.word()) {
        offers.push((Go::Watch, ""));
    }
    if matches!(glance.standing, crate::view::Standing::Closed(_)) && knows(Verb::Sign.word()) {
        offers.push((Go::Sign, ""));
    }
    offers
}

fn why_not(go: Go, session: Option<&Found>) -> String {
    match (go, session) {
        (Go::New, None) => "press Enter to start it".to_owned(),
        (_, None) => "there is no session on this line yet".to_owned(),
        (Go::Watch, _) => {
            "nobody drives it now, so there is nothing to watch: Enter goes on, r replays".to_owned()
        }
        (Go::Sign, _) => "it is signed once it is closed".to_owned(),
        _ => "its record cannot be read; Enter says why".to_owned(),
    }
}

fn new_session(common: &Common) -> Vec<Row> {
    vec![
        Row::labelled("what", Tone::Plain, "opens the cockpit on a new session, marked LIVE"),
        Row::labelled("where", Tone::Plain, &sessions::folder(common).display().to_string()),
        Row::labelled("note", Tone::Dim, "sessions that are open stay open; each keeps what it did"),
    ]
}

/// What is known of a session, read back as a whole.
fn details(found: &Found) -> Vec<Row> {
    let glance = match &found.seen {
        Ok(glance) => glance,
        Err(why) => {
            return vec![
                Row::labelled("state", Tone::Bad, "its record cannot be read"),
                Row::labelled("why", Tone::Plain, why),
                Row::labelled("next", Tone::Call, "Enter checks it as `ceremony verify` does"),
            ];
        }
    };
    let mut rows = vec![Row::labelled("state", Tone::Strong, &glance.state())];
    match Player::open(&found.dir) {
        Ok(player) if player.divergent.is_none() => {
            let session = &player.session;
            let over = session.steps.iter().filter(|step| step.verdict.is_some_and(Verdict::is_good)).count();
            let so_far = if glance.is_open() { " so far" } else { "" };
            let words = format!(
                "{}{so_far}, {over} of {} steps well finished",
                session.verdict().word(),
                session.steps.len()
            );
            rows.push(Row::labelled("verdict", Tone::Plain, &words));
            rows.push(Row::labelled("next", Tone::Call, &session.what_is_next()));
        }
        Ok(_) => {
            rows.push(Row::labelled("verdict", Tone::Bad, "this version decides otherwise: ceremony verify"))
        }
        Err(_) => {
            rows.push(Row::labelled("verdict", Tone::Bad, "the record cannot be read: ceremony verify"))
        }
    }
    let opened = format!(
        "{} {} by {}, driven for {}, {}",
        glance.opened.date(),
        glance.opened.clock(),
        glance.operator,
        glance.driven(),
        glance.kind.word()
    );
    rows.push(Row::labelled("opened", Tone::Plain, &opened));
    rows.push(Row::labelled("on", Tone::Plain, &glance.target));
    rows.push(Row::labelled("folder", Tone::Dim, &found.dir.display().to_string()));
    rows
}
