//! T7: sizes that no terminal has, and storms of them: nothing panics.

use crate::folder::hostile_plan;
use crate::mutate::{Mutator, held};
use crate::support::effort::{effort, figures};
use ceremony::runner::fake::Seed;
use ceremony::tui::picker::{Picker, PickerView};
use ceremony::tui::{Cockpit, Compare, Desk, Face, Papers, Status, TermEvent, Theme};
use ceremony::view::review::items;
use ceremony::view::{Row, Side, Tone, compare, timeline_marks};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::collections::BTreeSet;

/// The largest have as many cells as a buffer can: ratatui itself has 16 bits for each side and cuts an area to 2^16.
const SIZES: [(u16, u16); 24] = [
    (0, 0),
    (0, 10),
    (10, 0),
    (1, 1),
    (2, 2),
    (3, 1),
    (1, 3),
    (4, 4),
    (1, 200),
    (500, 1),
    (59, 16),
    (60, 15),
    (60, 16),
    (61, 17),
    (76, 24),
    (80, 24),
    (119, 30),
    (120, 16),
    (300, 16),
    (60, 200),
    (500, 200),
    (1000, 60),
    (65_535, 1),
    (1, 65_535),
];

const KEYS: [KeyCode; 26] = [
    KeyCode::Char('?'),
    KeyCode::Tab,
    KeyCode::BackTab,
    KeyCode::Enter,
    KeyCode::Esc,
    KeyCode::Down,
    KeyCode::Up,
    KeyCode::Left,
    KeyCode::Right,
    KeyCode::PageDown,
    KeyCode::PageUp,
    KeyCode::End,
    KeyCode::Home,
    KeyCode::Char('z'),
    KeyCode::Char('/'),
    KeyCode::Char(':'),
    KeyCode::Char('a'),
    KeyCode::Char('n'),
    KeyCode::Char('v'),
    KeyCode::Char('1'),
    KeyCode::Char('2'),
    KeyCode::Char('3'),
    KeyCode::Char('4'),
    KeyCode::Char('5'),
    KeyCode::Char('i'),
    KeyCode::Char('x'),
];

fn size(seed: &mut Seed, at: u64) -> (u16, u16) {
    if at < SIZES.len() as u64 {
        return SIZES[usize::try_from(at).unwrap()];
    }
    match seed.below(4) {
        0 => SIZES[usize::try_from(seed.below(21)).unwrap()],
        _ => (u16::try_from(seed.below(180)).unwrap(), u16::try_from(seed.below(60)).unwrap()),
    }
}

fn key(seed: &mut Seed) -> TermEvent {
    let code = KEYS[usize::try_from(seed.below(KEYS.len() as u64)).unwrap()];
    TermEvent::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

#[test]
fn no_size_and_no_storm_of_sizes_panics() {
    let each = 120 * effort();
    let (plan, _) = hostile_plan(5);
    let mut mutator = Mutator::new(11, false);
    let mut frames = 0_u64;
    for (number, upto) in [(0, 1), (1, 3), (2, 2), (2, 1)] {
        let entries = held(&plan, number);
        let (made, session, transcript) = mutator.record(&plan, &entries[..entries.len() / upto]);
        let last = made.last().unwrap().at();
        let side = || Side { name: "x", session: &session, transcript: &transcript, entries: &made };
        let mut compared = Compare::new(compare(side(), side()), Theme::dark(), false);
        let papers = Papers::of(&session, items(&session, &made, 0), "lusab babad", None, "ada");
        let mut desk = Desk::new(papers, BTreeSet::new(), Theme::dark(), number == 1);
        let faces = [
            Face::Live,
            Face::Watch { driven: number == 1 },
            Face::Replay { entry: made.len(), of: made.len(), playing: number == 1 },
        ];
        let mut cockpits = [(); 3].map(|()| Cockpit::new(Theme::dark(), false));
        cockpits.iter_mut().for_each(|cockpit| cockpit.set_marks(timeline_marks(&made)));
        let lines: Vec<Row> =
            made.iter().map(|entry| Row::of(Tone::Bad, &format!("{entry:?}"))).take(50).collect();
        let mut picker = Picker::new(Theme::dark(), false, 3);
        let mut seed = Seed(number + 77);
        for at in 0..each {
            let (columns, rows) = size(&mut seed, at);
            let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
            let now = ceremony::time::Moment { mono_us: last.mono_us + at * 400_000, ..last };
            for (cockpit, face) in cockpits.iter_mut().zip(faces) {
                let status = Status { face, now, entries: 7, head_words: "lusab babad", error: None };
                for event in [TermEvent::Resize(columns, rows), key(&mut seed), key(&mut seed)] {
                    cockpit.on_event(&event, &session, &transcript, &status);
                }
                terminal.draw(|frame| cockpit.draw(frame, &session, &transcript, &status)).unwrap();
            }
            let _ = compared.on_event(&key(&mut seed));
            terminal.draw(|frame| compared.draw(frame)).unwrap();
            let _ = desk.on_event(&key(&mut seed), now);
            terminal.draw(|frame| desk.draw(frame)).unwrap();
            let view =
                PickerView { title: &lines[0], lines: &lines, name: "x", details: &lines[..4], offers: &[] };
            let _ = picker.on_event(&key(&mut seed), lines.len());
            terminal.draw(|frame| picker.draw(frame, &view)).unwrap();
            frames += 6;
        }
    }
    figures(
        "T7",
        &format!("{frames} frames of 6 screens at sizes from 0x0 to 65535x1, keys between them: 0 panics"),
    );
}
