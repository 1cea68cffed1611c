//! The screen at several sizes in every situation, and what must hold for all of them.

mod desk;
mod graph;
mod keys;
mod looks;
mod phase;
mod reviewer;
mod sheet;
mod watch;
mod work;

use super::fixture::World;
use super::keymap::{Context, Do, KEYMAP, Key};
use super::*;
use crate::session::{ErrorCard, Held, LockWait, Peer, Progress, Report, Sample, Source};
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
    text_of(terminal.backend().buffer(), (width, height))
}

fn text_of(buffer: &ratatui::buffer::Buffer, (width, height): (u16, u16)) -> String {
    (0..height)
        .map(|y| {
            let mut line = String::new();
            let mut x = 0;
            while x < width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(crate::view::width(symbol)).unwrap().max(1);
            }
            line.trim_end().to_owned() + "\n"
        })
        .collect()
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
        let mut cockpit = Cockpit::new(Theme::dark(), false);
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

/// The worst first, few rows, the rest counted; the phrase stays where it is.
#[test]
fn apply_gate_with_hazards() {
    let mut world = World::at_apply_gate("Calendar sync migration");
    world.add_hazards();
    snapshots("apply_gate_hazards", &world, Face::Live, nothing);
}

/// Hazards, a rehearsal and a declaration at once: what can hurt is above how it is held.
#[test]
fn apply_gate_with_everything() {
    let mut world = World::at_apply_gate("Calendar sync migration");
    world.add_hazards();
    world.add_rehearsal();
    world.add_declared();
    snapshots("apply_gate_everything", &world, Face::Live, nothing);
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
fn waiting_for_somebody() {
    let mut world = World::applying();
    world.sampled(true);
    world.wait(1_000_000);
    snapshots("waiting", &world, Face::Live, nothing);
    snapshots("locks", &world, Face::Live, |cockpit, _, _| {
        (cockpit.tab, cockpit.focus) = (Tab::Locks, Pane::Work);
    });
}

#[test]
fn locks_at_the_commit_gate() {
    let mut world = World::at_commit_gate();
    world.sampled(false);
    world.wait(9_000_000);
    snapshots("commit_locks", &world, Face::Live, nothing);
    let of = world.entries.len();
    snapshots("locks_replay", &world, Face::Replay { entry: of, of, playing: false }, |cockpit, _, _| {
        cockpit.tab = Tab::Locks;
    });
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
    let mut cockpit = Cockpit::new(Theme::shipped("plain", Depth::None), true);
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
        let mut cockpit = Cockpit::new(Theme::shipped("light", Depth::True), false);
        let of = world.entries.len();
        for (step, width) in (1..=200).step_by(13).enumerate() {
            for height in (1..=60).step_by(3) {
                cockpit.focus = [Pane::Checklist, Pane::Graph, Pane::Work, Pane::Gate][step % 4];
                cockpit.zoom = step % 3 == 0;
                cockpit.tab = Tab::ALL[(usize::from(height) + step) % Tab::ALL.len()];
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
fn hostile_text_never_reaches_a_cell() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\u{9b}31m\u{200b}\u{feff}\u{e000}x\u{301}\u{301}\u{301}\u{301}\r\u{8}\tend";
    let mut world = World::at_apply_gate("Evil \\u001b[31m\\u202e\\u0007 title");
    world.confirm();
    let notice =
        Box::new(ErrorCard { severity: evil.to_owned(), message: evil.to_owned(), ..ErrorCard::default() });
    world.report(Report::Noticed { notice: notice.clone(), more: Vec::new() });
    world.report(Report::Printed { source: Source::Stdout, text: evil.repeat(3) });
    let result = super::fixture::rows(
        &[(evil, false), ("n", true)],
        &[&[Some(evil), None], &[Some(evil), Some(evil)]],
    );
    let query = crate::session::Observation::Query { query: "duplicates".to_owned(), result, elapsed_us: 1 };
    world.observe(query);
    world.command(Command::Note { words: evil.to_owned() });
    let peer = Peer {
        pid: 7,
        user: evil.to_owned(),
        application: evil.to_owned(),
        state: evil.to_owned(),
        query: evil.to_owned(),
        wait: Some(LockWait { mode: evil.to_owned(), on: evil.to_owned(), waited_ms: 1, blockers: vec![9] }),
        ..Peer::default()
    };
    let held = Held { on: evil.to_owned(), mode: evil.to_owned() };
    let progress = Progress { what: evil.to_owned(), percent: Some(200), from: evil.to_owned() };
    world.report(Report::Sampled {
        sample: Box::new(Sample {
            pid: 7,
            peers: vec![peer.clone()],
            held: vec![held],
            progress: Some(progress),
            ..Sample::default()
        }),
    });
    let mut notice = notice;
    notice.blocked_by = vec![peer];
    let failure = crate::session::Failure::Sql { error: notice };
    world.report(Report::Failed { failure });
    for tab in Tab::ALL {
        for (looking, opened) in [(false, false), (true, false), (true, true)] {
            let mut cockpit = Cockpit::new(Theme::dark(), false);
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
