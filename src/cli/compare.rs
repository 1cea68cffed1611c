//! `ceremony compare A B`: two sessions side by side, on a screen or as text.

use super::{Common, Trouble, live, looks, run};
use crate::driver::Message;
use crate::driver::replay::Player;
use crate::runner::clock::Clock;
use crate::tui::terminal::Terminal;
use crate::tui::{Action, Compare};
use crate::view::{
    ASIDES, CompareShow, Comparison, Likeness, Row, Side, compare, compare_rows, compare_summary,
};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::mpsc::sync_channel;

/// The exit code when they differ in what counts.
const DIFFERENT: u8 = 8;
/// Columns of the text where nobody says how wide it may be.
const COLUMNS: usize = 100;

pub(super) fn start(common: &Common, (a, b): (&Path, &Path), plain: bool) -> Result<u8, Trouble> {
    let (one, other) = (opened(a)?, opened(b)?);
    let names = (a.display().to_string(), b.display().to_string());
    let side = |player, name| -> Side<'_> { side(player, name) };
    let comparison = compare(side(&one, &names.0), side(&other, &names.1));
    let code = if comparison.differences() == 0 { 0 } else { DIFFERENT };
    let terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    if plain || !terminal {
        text(&comparison, common.settings.flag("ascii"));
    } else {
        screen(common, comparison)?;
    }
    Ok(code)
}

fn side<'a>(player: &'a Player, name: &'a str) -> Side<'a> {
    Side { name, session: &player.session, transcript: &player.transcript, entries: player.entries() }
}

/// A session at its end; a record that does not even fit is not compared.
fn opened(dir: &Path) -> Result<Player, Trouble> {
    let player = Player::open(dir).map_err(Trouble::unreadable)?;
    match player.divergent.filter(|entry| *entry > player.entries().len() as u64) {
        Some(entry) => Err(Trouble::divergent(dir, entry)),
        None => Ok(player),
    }
}

/// What differs in what counts is opened, and the sessions themselves; of the rest a line each.
fn text(comparison: &Comparison, ascii: bool) {
    let line = |row: &Row| {
        let text = row.plain().trim_end().to_owned();
        // A row is clean already.
        super::out::as_made((if ascii { plain(&text) } else { text } + "\n").as_bytes());
    };
    outln!("A  {}", comparison.names.0);
    outln!("B  {}", comparison.names.1);
    outln!();
    let opened = |at: usize| at == 0 || comparison.items[at].likeness() == Likeness::Differs;
    for row in compare_rows(comparison, COLUMNS, CompareShow::Unlike, opened) {
        line(&row.row);
    }
    outln!();
    line(&compare_summary(comparison));
    outln!("{ASIDES}");
}

/// With signs that every terminal has.
fn plain(text: &str) -> String {
    let sign = |letter: char| match letter {
        '≠' => '!',
        '✓' | '▾' | '▸' => '+',
        '✗' | '×' => 'x',
        '○' | '–' => '-',
        '…' => '~',
        letter if letter.is_ascii() => letter,
        _ => '?',
    };
    text.chars().map(sign).collect()
}

fn screen(common: &Common, comparison: Comparison) -> Result<(), Trouble> {
    let failed = |error: std::io::Error| Trouble::terminal(&error);
    let (mouth, inbox) = sync_channel(64);
    let signals = run::signals(mouth.clone()).map_err(failed)?;
    let mut terminal = Terminal::open(common.settings.flag("mouse")).map_err(failed)?;
    let keys = live::keys(mouth, Clock::starting_at(0)).map_err(failed)?;
    let mut shown = Compare::new(comparison, looks::theme(common).0, common.settings.flag("ascii"));
    loop {
        terminal.draw(|frame| shown.draw(frame)).map_err(failed)?;
        match inbox.recv() {
            Ok(Message::Term(event, _)) => match shown.on_event(&event) {
                Some(Action::Quit) => break,
                Some(Action::Suspend) => terminal.suspend().map_err(failed)?,
                _ => {}
            },
            Ok(_) | Err(_) => break,
        }
    }
    drop(terminal);
    drop(keys);
    signals.close();
    Ok(())
}
