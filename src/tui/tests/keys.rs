//! What keys do: gates, stages, and that the keymap is whole.

use super::*;

#[test]
fn a_gate_is_answered_by_hand_and_by_nothing_else() {
    let mut world = World::at_apply_gate("T");
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    let first = status(&world, Face::Live);
    screen(&mut cockpit, &world, &first, (80, 24));
    // Too early, Enter alone, pasted.
    assert_eq!(letters(&mut cockpit, &mut world, "a"), vec![]);
    assert!(!cockpit.answer.typing);
    world.wait(600_000);
    assert_eq!(letters(&mut cockpit, &mut world, "a\n"), vec![]);
    assert!(cockpit.answer.typing);
    let paste = TermEvent::Paste("apply foundations to 127.0.0.1:54322".to_owned());
    let now = status(&world, Face::Live);
    cockpit.on_event(&paste, &world.session, &world.transcript, &now);
    assert!(cockpit.answer.text.is_empty());
    assert!(cockpit.message.is_some());
    // A burst.
    let now = status(&world, Face::Live);
    for _ in 0..6 {
        press(&mut cockpit, &world, &now, Key::of(&crossterm::event::KeyCode::Char('x').into()).unwrap());
    }
    assert!(cockpit.answer.text.len() < 4);
    // By hand.
    letters(&mut cockpit, &mut world, "a");
    cockpit.answer.text.clear();
    let actions = letters(&mut cockpit, &mut world, "apply foundations to 127.0.0.1:54322\n");
    let words = "apply foundations to 127.0.0.1:54322".to_owned();
    assert_eq!(
        actions,
        vec![Action::Command(Command::Answer { gate: "apply/foundations".to_owned(), words })]
    );
}

#[test]
fn a_new_gate_finds_the_line_empty() {
    let mut world = World::at_apply_gate("T");
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    letters(&mut cockpit, &mut world, "q");
    world.wait(600_000);
    letters(&mut cockpit, &mut world, "n");
    letters(&mut cockpit, &mut world, "acommit foundations");
    assert!(!cockpit.answer.text.is_empty());
    world.confirm();
    world.statements();
    world.observe_all();
    world.report(Report::Proved { xid: "1".to_owned() });
    let now = status(&world, Face::Live);
    screen(&mut cockpit, &world, &now, (80, 24));
    assert!(cockpit.answer.text.is_empty() && !cockpit.answer.typing);
}

#[test]
fn the_stages_are_led_through() {
    let mut world = World::stopped();
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    letters(&mut cockpit, &mut world, "Atwo rows share a key");
    let control_d = crossterm::event::KeyEvent::new(
        crossterm::event::KeyCode::Char('d'),
        crossterm::event::KeyModifiers::CONTROL,
    );
    let now = status(&world, Face::Live);
    let actions = cockpit.on_event(&TermEvent::Key(control_d), &world.session, &world.transcript, &now);
    let [Action::Command(command)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!(*command, Command::Assess { words: "two rows share a key".to_owned() });
    world.command(command.clone());
    letters(&mut cockpit, &mut world, "A2in doubt");
    let now = status(&world, Face::Live);
    let actions = cockpit.on_event(&TermEvent::Key(control_d), &world.session, &world.transcript, &now);
    let words = "in doubt".to_owned();
    assert_eq!(actions, vec![Action::Command(Command::Decide { decision: Decision::RollBack, words })]);
}

/// Which contexts can be active together.
const TOGETHER: &[&[Context]] = &[
    &[Context::Always, Context::Drive, Context::Gate, Context::Commit, Context::Live, Context::Panes],
    &[Context::Always, Context::Drive, Context::Stopped, Context::Curtain, Context::Live, Context::Panes],
    &[Context::Always, Context::Curtain, Context::Replay, Context::Panes],
    &[Context::Always, Context::Drive, Context::Curtain, Context::Watch, Context::Panes],
    &[Context::Compare],
    &[Context::Always, Context::Drive, Context::Initials],
    &[Context::Always, Context::Drive, Context::Words],
    &[Context::Always, Context::Beside],
    &[Context::Always, Context::Prompt],
    &[Context::Always, Context::Drive, Context::Answer],
    &[Context::Always, Context::Drive, Context::Choice],
    &[Context::Always, Context::Drive, Context::Sheet],
    &[Context::Always, Context::Drive, Context::Ask],
    &[Context::Always, Context::Drive, Context::Help],
    &[Context::Always, Context::Drive, Context::Palette],
    &[Context::Always, Context::Drive, Context::Find],
    &[Context::Always, Context::Found, Context::Drive, Context::Gate, Context::Commit, Context::Curtain],
    &[Context::Always, Context::Review, Context::Signing],
];

#[test]
fn no_two_rows_of_the_keymap_clash() {
    for contexts in TOGETHER {
        let mut seen: Vec<Key> = Vec::new();
        for binding in KEYMAP.iter().filter(|binding| contexts.contains(&binding.context)) {
            for key in binding.keys {
                assert!(!seen.contains(key), "{} means two things in {contexts:?}", key.name());
                seen.push(*key);
            }
        }
    }
}

/// A cockpit and a world in which a row's context is active.
fn place_of(context: Context) -> (Cockpit, World, Face) {
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    let world = match context {
        Context::Gate | Context::Answer => World::at_apply_gate("T"),
        Context::Commit => World::at_commit_gate(),
        Context::Stopped | Context::Curtain | Context::Words => World::stopped(),
        Context::Choice => World::at_decide(),
        _ => World::with_results(),
    };
    let of = world.entries.len();
    let face = match context {
        Context::Replay => Face::Replay { entry: of, of, playing: false },
        Context::Watch | Context::Initials => Face::Watch { driven: true },
        _ => Face::Live,
    };
    let now = status(&world, face);
    screen(&mut cockpit, &world, &now, (100, 20));
    match context {
        Context::Answer => (cockpit.answer.typing, cockpit.answer.text) = (true, "ab".to_owned()),
        Context::Words => cockpit.start_stage(&world.session),
        Context::Beside => cockpit.words.start(super::super::words::Purpose::Beside),
        Context::Prompt => {
            drop(cockpit.on_deck(super::super::keymap::Do::Find));
            cockpit.on_paste("ab");
        }
        Context::Choice => cockpit.choosing = true,
        Context::Sheet => cockpit.sheet.start(crate::view::deviation_draft(&world.session, None)),
        Context::Ask => cockpit.ask = Some(Ask::Quit),
        Context::Initials => {
            cockpit.start_initials(&world.session);
            cockpit.initials_letter('B');
        }
        Context::Help => cockpit.help = true,
        Context::Palette => {
            press(&mut cockpit, &world, &now, Key::of(&crossterm::event::KeyCode::Char('p').into()).unwrap());
            for letter in ['t', 'a', 'b'] {
                cockpit.palette.key(&crossterm::event::KeyCode::Char(letter).into());
            }
            cockpit.palette.step(2, 9);
        }
        Context::Result => cockpit.opened = true,
        Context::Find | Context::Found => {
            letters(&mut cockpit, &mut World::with_results(), "/o");
            cockpit.find.typing = context == Context::Find;
        }
        _ => {}
    }
    screen(&mut cockpit, &world, &now, (100, 20));
    (cockpit, world, face)
}

#[test]
fn every_row_of_the_keymap_does_something() {
    // These are screens of their own, with tests of their own.
    let own = [Context::Compare, Context::Picker, Context::Review, Context::Signing];
    for binding in KEYMAP.iter().filter(|binding| !own.contains(&binding.context)) {
        for key in binding.keys {
            let (mut cockpit, mut world, face) = place_of(binding.context);
            let mut changed = false;
            // In some pane, from some place in it.
            for (pane, tab) in [
                (Pane::Work, Tab::Output),
                (Pane::Work, Tab::Results),
                (Pane::Checklist, Tab::Notes),
                (Pane::Work, Tab::Notes),
            ] {
                world.wait(1_000_000);
                let now = status(&world, face);
                if binding.context != Context::Help {
                    (cockpit.focus, cockpit.tab) = (pane, tab);
                }
                for scroll in cockpit.scrolls.iter_mut().chain([&mut cockpit.help_scroll]) {
                    (scroll.total, scroll.page, scroll.top, scroll.left, scroll.follow) =
                        (100, 10, 50, 30, false);
                }
                let before = format!("{cockpit:?}");
                let actions = press(&mut cockpit, &world, &now, *key);
                changed |= !actions.is_empty() || before != format!("{cockpit:?}");
            }
            assert!(changed, "{} in {:?} does nothing", key.name(), binding.context);
        }
    }
}

#[test]
fn a_screen_that_is_too_small_answers_nothing() {
    let mut world = World::at_apply_gate("T");
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    let now = status(&world, Face::Live);
    screen(&mut cockpit, &world, &now, (40, 10));
    world.wait(1_000_000);
    assert_eq!(letters(&mut cockpit, &mut world, "aapply foundations to 127.0.0.1:54322\n"), vec![]);
}

#[test]
fn the_phrase_is_always_shown_in_full() {
    let worlds = [World::at_apply_gate("T"), World::at_commit_gate(), World::at_rollback_gate()];
    for mut world in worlds {
        world.wait(1_000_000);
        let Phase::Gate(gate) = world.session.phase.clone() else { panic!("no gate is open") };
        for width in (WIDTH_MIN..=200).step_by(7) {
            for height in (HEIGHT_MIN..=50).step_by(3) {
                for typing in [false, true] {
                    let mut cockpit = Cockpit::new(Theme::dark(), false);
                    let now = status(&world, Face::Live);
                    screen(&mut cockpit, &world, &now, (width, height));
                    cockpit.answer.typing = typing;
                    let text = screen(&mut cockpit, &world, &now, (width, height));
                    let words: String =
                        text.split(['│', '║', '┃', '█', '\n']).map(str::trim).collect::<Vec<_>>().join(" ");
                    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
                    assert!(words.contains(&gate.phrase), "{width}x{height}:\n{text}");
                }
            }
        }
    }
}
