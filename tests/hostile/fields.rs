//! T1, through every field: whole sessions whose every text is hostile, on every screen of the cockpit.

use crate::decode::is_harmless;
use crate::folder::hostile_plan;
use crate::frames::Stage;
use crate::mutate::{Mutator, held};
use crate::reports::is_mark;
use crate::sequences::foreign_to_cockpit;
use crate::support::effort::{effort, figures};
use ceremony::driver::follow;
use ceremony::journal::Entry;
use ceremony::session::Session;
use ceremony::time::Moment;
use ceremony::tui::{Cockpit, Compare, Desk, Face, Papers, Status, TermEvent, Theme};
use ceremony::view::review::items;
use ceremony::view::{Side, Transcript, compare, timeline_marks};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::collections::BTreeSet;

fn key(code: KeyCode) -> TermEvent {
    TermEvent::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

/// What is pressed on the way through the panes; `|` stands for Tab, `^` for Enter, `!` for Esc, `v` for down.
const WAY: &str = "12345678v?v?|vv^vv!|vv^v!|vz!n!/x^!:fi!e!3vvv";

fn code(letter: char) -> KeyCode {
    match letter {
        '|' => KeyCode::Tab,
        '^' => KeyCode::Enter,
        '!' => KeyCode::Esc,
        'v' => KeyCode::Down,
        letter => KeyCode::Char(letter),
    }
}

struct Look {
    frames: u64,
    seen: BTreeSet<char>,
}

impl Look {
    fn check(&mut self, what: &str, bytes: &[u8]) {
        self.frames += 1;
        let foreign = foreign_to_cockpit(bytes);
        assert!(foreign.is_empty(), "{what}: {foreign:?}");
        self.seen.extend(String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_ascii()));
    }

    fn cockpit(&mut self, (session, transcript): (&Session, &Transcript), entries: &[Entry], words: &str) {
        let at = entries.last().unwrap().at();
        let replay = Face::Replay { entry: entries.len(), of: entries.len(), playing: false };
        let all = [
            (160, 50, Face::Live),
            (80, 24, Face::Live),
            (100, 30, Face::Watch { driven: true }),
            (120, 40, replay),
        ];
        for (columns, rows, face) in all {
            let ascii = columns == 100;
            let mut stage = Stage::new(columns, rows);
            let mut cockpit = Cockpit::new(Theme::dark(), ascii);
            cockpit.set_folder(words);
            cockpit.set_marks(timeline_marks(entries));
            let error = (columns == 100).then_some(words);
            let mut now = Moment { mono_us: at.mono_us, ..at };
            for (pressed, letter) in WAY.char_indices() {
                now.mono_us += 700_000;
                let count = entries.len() as u64;
                let status = Status { face, now, entries: count, head_words: "lusab babad", error };
                cockpit.on_event(&key(code(letter)), session, transcript, &status);
                let bytes = stage.draw(|frame| cockpit.draw(frame, session, transcript, &status));
                self.check(&format!("{face:?} {columns}x{rows} after {}", &WAY[..=pressed]), &bytes);
            }
        }
    }

    fn desk(&mut self, session: &Session, entries: &[Entry], words: &str) {
        let mut papers = Papers::of(session, items(session, entries, 3), "lusab babad", None, words);
        papers.error = Some(words.to_owned());
        let mut desk = Desk::new(papers, BTreeSet::new(), Theme::dark(), false);
        let mut stage = Stage::new(120, 40);
        for at in 0..60_u64 {
            let letter = ['n', 'v', '|', '^', '!', 'a', '!', 'x', 'q', '!', '?', '?']
                [usize::try_from(at % 12).unwrap()];
            let now = Moment { mono_us: at * 700_000, ..entries[0].at() };
            let _ = desk.on_event(&key(code(letter)), now);
            let bytes = stage.draw(|frame| desk.draw(frame));
            self.check("the desk", &bytes);
        }
    }
}

#[test]
fn every_field_of_a_record_on_every_screen() {
    let rounds = if effort() > 1 { effort() * 3 } else { 3 };
    let mut look = Look { frames: 0, seen: BTreeSet::new() };
    let (mut strings, mut fields) = (0, BTreeSet::new());
    let mut before: Option<(Vec<Entry>, Session, Transcript)> = None;
    for round in 0..rounds {
        let (plan, words) = hostile_plan(round);
        let entries = held(&plan, round);
        let mut mutator = Mutator::new(round + 100, false);
        let (made, session, transcript) = mutator.record(&plan, &entries);
        strings += words + mutator.strings;
        fields.extend(mutator.changed);
        let words = "a folder\x1b[2J\u{202e}\u{7}of words";
        // At several places on the way, and at the end.
        let places = [made.len() / 3, made.len()];
        let (mut here, mut then) = (Session::new(plan.clone()), Transcript::default());
        let mut at = 0;
        for place in places {
            for entry in &made[at..place] {
                follow(&mut here, &mut then, entry).unwrap();
            }
            at = place.max(at);
            look.cockpit((&here, &then), &made[..place], words);
        }
        look.desk(&session, &made, words);
        let last = before.replace((made, session, transcript));
        if let Some(before) = &before {
            let (one, other) = (side(before), side(last.as_ref().unwrap_or(before)));
            let mut shown = Compare::new(compare(one, other), Theme::dark(), false);
            let mut stage = Stage::new(140, 44);
            for letter in "v^v^vvv^?!ov^".chars() {
                let _ = shown.on_event(&key(code(letter)));
                let bytes = stage.draw(|frame| shown.draw(frame));
                look.check("compare", &bytes);
            }
        }
    }
    assert!(fields.len() > 120, "{} fields are few: {fields:#?}", fields.len());
    let acts: Vec<&char> = look.seen.iter().filter(|c| !is_harmless(**c) && !is_mark(**c)).collect();
    assert!(acts.is_empty(), "on a screen: {acts:?}");
    for escape in ['\u{241b}', '\u{2400}', '\u{240a}', '\u{2421}'] {
        assert!(look.seen.contains(&escape), "{escape} was never on a screen");
    }
    figures(
        "T1",
        &format!(
            "{strings} hostile strings in {} fields of records and definitions, {} frames of 5 screens: 0 foreign",
            fields.len(),
            look.frames
        ),
    );
}

fn side(of: &(Vec<Entry>, Session, Transcript)) -> Side<'_> {
    Side { name: "one\x1b]0;x\x07", session: &of.1, transcript: &of.2, entries: &of.0 }
}
