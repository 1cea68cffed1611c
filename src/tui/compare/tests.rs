//! The comparison's screen: how it looks, and what its keys do.

use super::*;
use crate::tui::fixture::World;
use crate::view::{Side, compare};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const SIZES: [(u16, u16); 3] = [(60, 16), (80, 24), (160, 50)];

fn shown(ascii: bool) -> Compare {
    let (a, b) = (World::closed(), World::stopped());
    let side = |name, world| -> Side<'_> { side(name, world) };
    Compare::new(compare(side("sessions/rehearsal", &a), side("sessions/real", &b)), Theme::dark(), ascii)
}

fn side<'a>(name: &'a str, world: &'a World) -> Side<'a> {
    Side { name, session: &world.session, transcript: &world.transcript, entries: &world.entries }
}

fn screen(compare: &mut Compare, (width, height): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| compare.draw(frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let line =
        |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned() + "\n";
    (0..height).map(line).collect()
}

fn press(compare: &mut Compare, keys: &str) -> Option<Action> {
    keys.chars().fold(None, |_, letter| {
        let code = match letter {
            '\n' => crossterm::event::KeyCode::Enter,
            letter => crossterm::event::KeyCode::Char(letter),
        };
        compare.on_event(&TermEvent::Key(code.into()))
    })
}

#[test]
fn screens() {
    for size in SIZES {
        for (name, keys) in [("closed", ""), ("difference", "nn"), ("only", "nnd"), ("help", "?")] {
            let mut compare = shown(false);
            screen(&mut compare, size);
            press(&mut compare, keys);
            let text = screen(&mut compare, size);
            insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), text);
        }
    }
    let text = screen(&mut shown(true), (80, 24));
    assert!(text.is_ascii() && text.contains(" ! "), "{text}");
}

#[test]
fn every_key_of_it_does_something_and_differences_are_walked_through() {
    for binding in KEYMAP.iter().filter(|binding| binding.context == Context::Compare) {
        for key in binding.keys {
            let mut compare = shown(false);
            screen(&mut compare, (80, 24));
            press(&mut compare, "nnnjjjj");
            screen(&mut compare, (80, 24));
            let before = format!("{compare:?}");
            let action = compare.on_event(&TermEvent::Key(key.event()));
            assert!(action.is_some() || before != format!("{compare:?}"), "{} does nothing", key.name());
        }
    }
    let mut compare = shown(false);
    screen(&mut compare, (80, 24));
    let differing: Vec<usize> = (0..compare.comparison.items.len())
        .filter(|at| compare.comparison.items[*at].likeness() == Likeness::Differs)
        .collect();
    let mut walked = Vec::new();
    for _ in 0..differing.len() + 2 {
        press(&mut compare, "n");
        screen(&mut compare, (80, 24));
        walked.push(compare.item().unwrap());
    }
    walked.dedup();
    assert_eq!(walked, differing, "each once, and the last one is the end");
    press(&mut compare, "N");
    assert_eq!(compare.item(), differing.iter().rev().nth(1).copied());
    // What is under the cursor stays there when the width changes, and Enter closes it.
    for size in [(160, 50), (60, 16)] {
        screen(&mut compare, size);
        assert_eq!(compare.item(), differing.iter().rev().nth(1).copied());
    }
    let open = compare.rows().len();
    press(&mut compare, "\n");
    assert!(compare.rows().len() < open);
    assert_eq!(press(&mut compare, "q"), Some(Action::Quit));
}
