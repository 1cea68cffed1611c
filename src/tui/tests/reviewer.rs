//! A replay as its reader sees it: what is looked for, own notes, a line that asks.

use super::super::keymap::Do;
use super::*;
use crate::review::Note;
use crate::tui::Deck;
use crate::view::Reviewing;

fn reviewing() -> Reviewing {
    let at = crate::time::Timestamp::from_micros(1_795_360_000_000_000);
    let note = |entry, words: &str| Note { entry, at, words: words.to_owned() };
    Reviewing {
        speed: "4x".to_owned(),
        pauses: "pauses to 1 s",
        since_us: 7_200_000,
        sought: "gates only".to_owned(),
        reader: "rita".to_owned(),
        seen: (15, 18),
        notes: vec![
            note(4, "Why did nobody look at the flag?\nAda says: it was set by hand."),
            note(12, "The statement takes long \u{1b}[2J here"),
        ],
        again: Some((340_000, 1_000_000)),
        way: None,
        trouble: None,
    }
}

fn face(world: &World) -> Face {
    Face::Replay { entry: 12, of: world.entries.len(), playing: true }
}

#[test]
fn own_notes_stand_first_and_lead_to_their_entries() {
    let world = World::at_commit_gate();
    snapshots("reviewer_notes", &world, face(&world), |cockpit, _, _| {
        cockpit.set_reviewing(reviewing());
        (cockpit.focus, cockpit.tab) = (Pane::Work, Tab::Notes);
    });
    let status = status(&world, face(&world));
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    cockpit.set_reviewing(reviewing());
    (cockpit.focus, cockpit.tab) = (Pane::Work, Tab::Notes);
    screen(&mut cockpit, &world, &status, (80, 24));
    let mut chosen = |act: Do| {
        cockpit.act(act, &Scene { session: &world.session, transcript: &world.transcript, status: &status })
    };
    assert_eq!(chosen(Do::Open), vec![Action::Deck(Deck::Entry(4))]);
    assert_eq!(chosen(Do::Rows(1)), vec![]);
    assert_eq!(chosen(Do::Open), vec![Action::Deck(Deck::Entry(12))]);
    assert_eq!(chosen(Do::Rows(-1)), vec![]);
    assert_eq!(chosen(Do::Open), vec![Action::Deck(Deck::Entry(4))]);
}

#[test]
fn a_line_asks_and_a_note_is_written() {
    let world = World::at_commit_gate();
    snapshots("reviewer_find", &world, face(&world), |cockpit, world, status| {
        cockpit.set_reviewing(Reviewing { trouble: Some("x".to_owned()), ..reviewing() });
        for key in [KeyCode::Char('/'), KeyCode::Char('t'), KeyCode::Char('o')] {
            press_code(cockpit, world, status, key);
        }
    });
    let status = status(&world, face(&world));
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    cockpit.set_reviewing(reviewing());
    screen(&mut cockpit, &world, &status, (80, 24));
    let mut type_all = |keys: &str| -> Vec<Action> {
        let code = |letter| if letter == '\n' { KeyCode::Enter } else { KeyCode::Char(letter) };
        keys.chars().flat_map(|letter| press_code(&mut cockpit, &world, &status, code(letter))).collect()
    };
    assert_eq!(type_all("/q7 x\n"), vec![Action::Deck(Deck::Find("q7 x".to_owned()))]);
    assert_eq!(type_all(":+5m\n"), vec![Action::Deck(Deck::GoTo("+5m".to_owned()))]);
    assert_eq!(type_all("g\n"), vec![]);
    assert_eq!(
        type_all("f+-i"),
        [Deck::Filter(1), Deck::Faster(1), Deck::Faster(-1), Deck::Pauses].map(Action::Deck)
    );
    assert_eq!(type_all("cso it is"), vec![Action::Deck(Deck::Pause)]);
    let ctrl_d = KeyEvent::new(KeyCode::Char('d'), crossterm::event::KeyModifiers::CONTROL);
    assert_eq!(
        cockpit.on_event(&TermEvent::Key(ctrl_d), &world.session, &world.transcript, &status),
        vec![Action::Deck(Deck::Note("so it is".to_owned()))]
    );
}

#[test]
fn where_notes_cannot_be_kept_none_is_begun() {
    let world = World::at_commit_gate();
    let status = status(&world, face(&world));
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    let trouble = "what you see and note is not kept: because".to_owned();
    cockpit.set_reviewing(Reviewing { trouble: Some(trouble.clone()), ..reviewing() });
    screen(&mut cockpit, &world, &status, (80, 24));
    assert_eq!(press_code(&mut cockpit, &world, &status, KeyCode::Char('c')), vec![]);
    let text = screen(&mut cockpit, &world, &status, (80, 24));
    assert!(text.contains(&trouble) && text.contains("not kept"), "{text}");
}

use crossterm::event::{KeyCode, KeyEvent};

fn press_code(cockpit: &mut Cockpit, world: &World, status: &Status<'_>, code: KeyCode) -> Vec<Action> {
    let event = TermEvent::Key(KeyEvent::from(code));
    cockpit.on_event(&event, &world.session, &world.transcript, status)
}
