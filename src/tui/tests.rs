//! The screen at several sizes in every situation, and what must hold for all of them.

use super::fixture::World;
use super::keymap::{Context, KEYMAP, Key};
use super::*;
use crate::session::{ErrorCard, Report, Source};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (160, 50)];

fn status(world: &World, face: Face) -> Status<'static> {
    Status {
        face,
        now: world.now(),
        entries: world.entries.len() as u64,
        head_words: "lusab babad gutih tugad",
        error: None,
    }
}

fn screen(cockpit: &mut Cockpit, world: &World, status: &Status<'_>, (width, height): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| cockpit.draw(frame, &world.session, &world.transcript, status)).unwrap();
    let buffer = terminal.backend().buffer();
    let text: String = (0..height)
        .map(|y| {
            let line: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
            line.trim_end().to_owned() + "\n"
        })
        .collect();
    text
}

fn press(cockpit: &mut Cockpit, world: &World, status: &Status<'_>, key: Key) -> Vec<Action> {
    cockpit.on_event(&TermEvent::Key(key.event()), &world.session, &world.transcript, status)
}

fn letters(cockpit: &mut Cockpit, world: &mut World, text: &str) -> Vec<Action> {
    let mut actions = Vec::new();
    for letter in text.chars() {
        world.wait(100_000);
        let code = if letter == '\n' {
            crossterm::event::KeyCode::Enter
        } else {
            crossterm::event::KeyCode::Char(letter)
        };
        let event = TermEvent::Key(code.into());
        let status = status(world, Face::Live);
        actions.extend(cockpit.on_event(&event, &world.session, &world.transcript, &status));
    }
    actions
}

fn snapshots(name: &str, world: &World, face: Face, prepare: impl Fn(&mut Cockpit, &World, &Status<'_>)) {
    for size in SIZES {
        let mut cockpit = Cockpit::new(Theme::Dark, false);
        cockpit.set_marks(crate::view::timeline_marks(&world.entries));
        let status = status(world, face);
        screen(&mut cockpit, world, &status, size);
        prepare(&mut cockpit, world, &status);
        let text = screen(&mut cockpit, world, &status, size);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), text);
    }
}

fn nothing(_: &mut Cockpit, _: &World, _: &Status<'_>) {}

#[test]
fn first_gate() {
    snapshots("first_gate", &World::new("Calendar sync migration"), Face::Live, nothing);
}

#[test]
fn apply_gate() {
    snapshots("apply_gate", &World::at_apply_gate("Calendar sync migration"), Face::Live, nothing);
}

#[test]
fn running_apply() {
    snapshots("running_apply", &World::applying(), Face::Live, nothing);
}

#[test]
fn commit_gate() {
    snapshots("commit_gate", &World::at_commit_gate(), Face::Live, nothing);
}

#[test]
fn results_table() {
    snapshots("results_table", &World::with_results(), Face::Live, |cockpit, _, _| {
        cockpit.tab = Tab::Results
    });
}

#[test]
fn stop_at_assess() {
    snapshots("stop_at_assess", &World::stopped(), Face::Live, nothing);
}

#[test]
fn stop_looked_behind() {
    snapshots("stop_looked_behind", &World::stopped(), Face::Live, |cockpit, _, _| {
        (cockpit.looking, cockpit.tab) = (true, Tab::Sql);
    });
}

#[test]
fn stop_at_decide() {
    snapshots("stop_at_decide", &World::at_decide(), Face::Live, |cockpit, world, _| {
        cockpit.start_stage(&world.session);
    });
}

#[test]
fn rollback_gate() {
    snapshots("rollback_gate", &World::at_rollback_gate(), Face::Live, nothing);
}

#[test]
fn closed() {
    snapshots("closed", &World::closed(), Face::Live, nothing);
}

#[test]
fn help() {
    snapshots("help", &World::new("Calendar sync migration"), Face::Live, |cockpit, _, _| {
        cockpit.help = true
    });
}

#[test]
fn replay() {
    let world = World::at_commit_gate();
    let of = world.entries.len();
    snapshots("replay", &world, Face::Replay { entry: of, of, playing: false }, nothing);
}

#[test]
fn ascii_screen() {
    let world = World::at_commit_gate();
    let mut cockpit = Cockpit::new(Theme::Plain, true);
    let text = screen(&mut cockpit, &world, &status(&world, Face::Live), (120, 40));
    assert!(text.is_ascii());
    insta::assert_snapshot!("ascii_120x40", text);
}

fn worlds() -> Vec<World> {
    vec![
        World::new("T"),
        World::applying(),
        World::at_commit_gate(),
        World::with_results(),
        World::stopped(),
        World::at_decide(),
        World::at_rollback_gate(),
        World::closed(),
    ]
}

#[test]
fn no_size_is_too_strange() {
    for world in worlds() {
        let mut cockpit = Cockpit::new(Theme::Light, false);
        let of = world.entries.len();
        for (step, width) in (1..=200).step_by(13).enumerate() {
            for height in (1..=60).step_by(3) {
                cockpit.focus = [Pane::Checklist, Pane::Graph, Pane::Work, Pane::Gate][step % 4];
                cockpit.zoom = step % 3 == 0;
                cockpit.tab = Tab::ALL[(usize::from(height) + step) % 7];
                cockpit.looking = height % 2 == 0;
                let face =
                    if step % 2 == 0 { Face::Live } else { Face::Replay { entry: 1, of, playing: true } };
                let status = status(&world, face);
                screen(&mut cockpit, &world, &status, (width, height));
                for binding in KEYMAP.iter().filter(|binding| binding.context == Context::Panes).take(9) {
                    press(&mut cockpit, &world, &status, binding.keys[0]);
                }
            }
        }
    }
}

#[test]
fn a_gate_is_answered_by_hand_and_by_nothing_else() {
    let mut world = World::at_apply_gate("T");
    let mut cockpit = Cockpit::new(Theme::Dark, false);
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
    let mut cockpit = Cockpit::new(Theme::Dark, false);
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
    let mut cockpit = Cockpit::new(Theme::Dark, false);
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
    &[Context::Always, Context::Drive, Context::Words],
    &[Context::Always, Context::Drive, Context::Answer],
    &[Context::Always, Context::Drive, Context::Choice],
    &[Context::Always, Context::Drive, Context::Ask],
    &[Context::Always, Context::Drive, Context::Help],
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
    let mut cockpit = Cockpit::new(Theme::Dark, false);
    let world = match context {
        Context::Gate | Context::Answer => World::at_apply_gate("T"),
        Context::Commit => World::at_commit_gate(),
        Context::Stopped | Context::Curtain | Context::Words => World::stopped(),
        Context::Choice => World::at_decide(),
        _ => World::with_results(),
    };
    let of = world.entries.len();
    let face =
        if context == Context::Replay { Face::Replay { entry: of, of, playing: false } } else { Face::Live };
    let now = status(&world, face);
    screen(&mut cockpit, &world, &now, (100, 20));
    match context {
        Context::Answer => (cockpit.answer.typing, cockpit.answer.text) = (true, "ab".to_owned()),
        Context::Words => cockpit.start_stage(&world.session),
        Context::Choice => cockpit.choosing = true,
        Context::Ask => cockpit.ask = Some(Ask::Quit),
        Context::Help => cockpit.help = true,
        _ => {}
    }
    screen(&mut cockpit, &world, &now, (100, 20));
    (cockpit, world, face)
}

#[test]
fn every_row_of_the_keymap_does_something() {
    for binding in KEYMAP {
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
fn hostile_text_never_reaches_a_cell() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\u{9b}31m\u{200b}\u{feff}\u{e000}x\u{301}\u{301}\u{301}\u{301}\r\u{8}\tend";
    let mut world = World::at_apply_gate("Evil \\u001b[31m\\u202e\\u0007 title");
    world.confirm();
    let notice =
        Box::new(ErrorCard { severity: evil.to_owned(), message: evil.to_owned(), ..ErrorCard::default() });
    world.report(Report::Noticed { notice: notice.clone() });
    world.report(Report::Printed { source: Source::Stdout, text: evil.repeat(3) });
    let result = super::fixture::rows(
        &[(evil, false), ("n", true)],
        &[&[Some(evil), None], &[Some(evil), Some(evil)]],
    );
    let query = crate::session::Observation::Query { query: "duplicates".to_owned(), result, elapsed_us: 1 };
    world.observe(query);
    world.command(Command::Note { words: evil.to_owned() });
    let failure = crate::session::Failure::Sql { error: notice };
    world.report(Report::Failed { failure });
    for tab in Tab::ALL {
        for (looking, opened) in [(false, false), (true, false), (true, true)] {
            let mut cockpit = Cockpit::new(Theme::Dark, false);
            let status = Status { error: Some(evil), head_words: evil, ..status(&world, Face::Live) };
            screen(&mut cockpit, &world, &status, (120, 40));
            (cockpit.tab, cockpit.looking, cockpit.opened) = (tab, looking, opened);
            let text = screen(&mut cockpit, &world, &status, (120, 40));
            for c in text.chars().filter(|c| *c != '\n') {
                let bad = c.is_control() || matches!(c, '\u{200b}' | '\u{202e}' | '\u{feff}' | '\u{e000}');
                assert!(!bad, "{:X} on the screen", u32::from(c));
            }
            assert!(text.contains('\u{241b}'));
        }
    }
}
