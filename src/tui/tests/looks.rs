//! How it looks: themes cell by cell, ASCII everywhere, what moves, the palette, the mouse, the bell.

use super::*;
use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

fn drawn(cockpit: &mut Cockpit, world: &World, face: Face, (width, height): (u16, u16)) -> Buffer {
    let status = status(world, face);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| cockpit.draw(frame, &world.session, &world.transcript, &status)).unwrap();
    terminal.backend().buffer().clone()
}

/// The styles of all cells: a letter for each, and what the letters stand for, in the order of their first cell.
fn styles(buffer: &Buffer) -> String {
    let mut seen = Vec::new();
    let mut text = String::new();
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            let style = buffer[(x, y)].style();
            let at = seen.iter().position(|known| *known == style).unwrap_or_else(|| {
                seen.push(style);
                seen.len() - 1
            });
            text.push(char::from(b'A' + u8::try_from(at).unwrap()));
        }
        text.push('\n');
    }
    for (at, style) in seen.iter().enumerate() {
        let color =
            |color: Option<ratatui::style::Color>| color.map_or("-".to_owned(), |color| color.to_string());
        let (fg, bg) = (color(style.fg), color(style.bg));
        text += &format!(
            "{} {fg} on {bg} {:?}\n",
            char::from(b'A' + u8::try_from(at).unwrap()),
            style.add_modifier
        );
    }
    text
}

#[test]
fn every_theme_cell_by_cell() {
    let world = World::at_commit_gate();
    for (name, _) in SHIPPED {
        let mut cockpit = Cockpit::new(Theme::shipped(name, Depth::True), false);
        cockpit.focus = Pane::Checklist;
        let buffer = drawn(&mut cockpit, &world, Face::Live, (80, 24));
        insta::assert_snapshot!(format!("styles_{name}"), styles(&buffer));
    }
    for (word, depth) in [("256", Depth::Many), ("16", Depth::Sixteen), ("none", Depth::None)] {
        let mut cockpit = Cockpit::new(Theme::shipped("dark", depth), false);
        cockpit.focus = Pane::Checklist;
        let buffer = drawn(&mut cockpit, &world, Face::Live, (80, 24));
        insta::assert_snapshot!(format!("styles_dark_{word}"), styles(&buffer));
    }
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    let buffer = drawn(&mut cockpit, &World::stopped(), Face::Live, (80, 24));
    insta::assert_snapshot!("styles_stop", styles(&buffer));
}

/// No cell is left in the terminal's own colours where a theme has a ground, whatever is open.
#[test]
fn the_ground_is_under_everything() {
    for world in worlds() {
        for open in 0..4 {
            let mut cockpit = Cockpit::new(Theme::dark(), false);
            drawn(&mut cockpit, &world, Face::Live, (120, 40));
            match open {
                1 => cockpit.help = true,
                2 => drop(type_into(&mut cockpit, &world, Face::Live, "p")),
                3 => cockpit.words.start(super::words::Purpose::Note),
                _ => {}
            }
            let buffer = drawn(&mut cockpit, &world, Face::Live, (120, 40));
            for (at, cell) in buffer.content.iter().enumerate() {
                let bare =
                    cell.bg == ratatui::style::Color::Reset && !cell.modifier.contains(Modifier::REVERSED);
                assert!(!bare, "{:?} {:?}: cell {at} has no ground", cell.symbol(), open);
            }
        }
    }
}

/// A stop fills its bar from edge to edge, with colours and without.
#[test]
fn a_stop_cannot_be_overlooked() {
    for size in SIZES {
        for depth in [Depth::True, Depth::Sixteen, Depth::None] {
            let theme = Theme::shipped("dark", depth);
            let mut cockpit = Cockpit::new(theme, false);
            let buffer = drawn(&mut cockpit, &World::stopped(), Face::Live, size);
            let alarm = theme.part(Part::Alarm);
            for x in 0..size.0 {
                let style = buffer[(x, 2)].style();
                assert_eq!(style.add_modifier, alarm.add_modifier, "{size:?} {depth:?} column {x}");
                assert_eq!(style.bg.filter(|bg| *bg != ratatui::style::Color::Reset), alarm.bg);
            }
            assert_eq!(buffer[(0, size.1 - 2)].symbol(), "╚");
        }
    }
}

#[test]
fn in_ascii_every_cell_is_ascii() {
    let mut worlds = worlds();
    let mut named = World::at_apply_gate("Überprüfung – «naïve» 日本 ✈");
    named.command(Command::Note { words: "façade … ½ 日本語 ░▒▓".to_owned() });
    named.add_hazards();
    let mut waits = World::applying();
    waits.sampled(true);
    worlds.extend([named, waits]);
    for world in &worlds {
        let of = world.entries.len();
        for size in [(80, 24), (160, 50)] {
            for face in [Face::Live, Face::Replay { entry: of, of, playing: true }] {
                for (tab, open) in
                    Tab::ALL.map(|tab| (tab, 0)).into_iter().chain((1..5).map(|open| (Tab::Output, open)))
                {
                    let mut cockpit = Cockpit::new(Theme::dark(), true);
                    cockpit.set_marks(crate::view::timeline_marks(&world.entries));
                    (cockpit.tab, cockpit.help, cockpit.looking) = (tab, open == 1, open != 4);
                    match open {
                        2 => drop(type_into(&mut cockpit, world, face, "p")),
                        3 => cockpit.words.start(super::words::Purpose::Note),
                        _ => {}
                    }
                    let buffer = drawn(&mut cockpit, world, face, size);
                    for cell in &buffer.content {
                        assert!(cell.symbol().is_ascii(), "{:?} at {size:?}, {tab:?}", cell.symbol());
                    }
                }
            }
        }
    }
}

#[test]
fn letters_of_names_stay_readable_in_ascii() {
    let world = World::at_apply_gate("Überprüfung façade");
    let mut cockpit = Cockpit::new(Theme::dark(), true);
    let text = screen(&mut cockpit, &world, &status(&world, Face::Live), (120, 40));
    assert!(text.contains("Uberprufung facade"), "{text}");
}

#[test]
fn only_what_runs_moves_and_only_if_it_may() {
    let mut world = World::applying();
    let mut frames = Vec::new();
    for _ in 0..4 {
        let mut still = Cockpit::new(Theme::dark(), false);
        still.set_motion(false);
        let text = screen(&mut still, &world, &status(&world, Face::Live), (120, 40));
        assert!(text.contains("▶ RUN") && !text.contains(['◐', '◓', '◑', '◒']), "{text}");
        assert_eq!(still.patience(&world.session), std::time::Duration::from_secs(1));
        let mut moving = Cockpit::new(Theme::dark(), false);
        assert!(moving.patience(&world.session) < std::time::Duration::from_secs(1));
        let text = screen(&mut moving, &world, &status(&world, Face::Live), (120, 40));
        // The step of the checklist and the node of the graph, alike.
        let shapes: Vec<char> = text.chars().filter(|c| ('◐'..='◓').contains(c)).collect();
        assert_eq!(shapes.len(), 2, "{text}");
        assert_eq!(shapes[0], shapes[1]);
        frames.push(shapes[0]);
        world.wait(250_000);
    }
    frames.sort_unstable();
    frames.dedup();
    assert_eq!(frames.len(), 4, "it turns");
    let gate = World::at_apply_gate("T");
    assert_eq!(Cockpit::new(Theme::dark(), false).patience(&gate.session), std::time::Duration::from_secs(1));
}

/// Statements and time beside the rehearsal, in words and as bars; late is a warning, not a stop.
#[test]
fn how_far_it_is_and_how_long_it_takes() {
    let mut world = World::at_apply_gate("T");
    world.add_rehearsal();
    world.confirm();
    world.statements();
    let row = |world: &World, label: &str| {
        let mut cockpit = Cockpit::new(Theme::dark(), false);
        let text = screen(&mut cockpit, world, &status(world, Face::Live), (120, 40));
        let row = text.lines().find(|line| line.contains(&format!("│ {label} ")));
        row.unwrap_or_else(|| panic!("no row {label}:\n{text}")).trim_matches(['│', ' ']).to_owned()
    };
    assert_eq!(row(&world, "far"), "far     ━━━━━━━━━━──────────  statement 2 of 2");
    assert_eq!(row(&world, "time"), "time    ━━━━━━━━━━━━────────  1 s of about 2.6 s, as rehearsed");
    world.wait(60_000_000);
    let late = row(&world, "time");
    assert!(late.starts_with("time    ━━━━━━━━━━━━━━━━━━━━  ") && late.contains(" of about 2.6 s"), "{late}");
    let of = world.entries.len();
    let mut replayed = Cockpit::new(Theme::dark(), false);
    let face = Face::Replay { entry: of, of, playing: true };
    let text = screen(&mut replayed, &world, &status(&world, face), (120, 40));
    assert!(text.contains("▶ RUN"), "nothing turns in a replay\n{text}");
}

fn type_into(cockpit: &mut Cockpit, world: &World, face: Face, text: &str) -> Vec<Action> {
    let now = status(world, face);
    let mut actions = Vec::new();
    for letter in text.chars() {
        let code = if letter == '\n' { KeyCode::Enter } else { KeyCode::Char(letter) };
        actions.extend(cockpit.on_event(
            &TermEvent::Key(code.into()),
            &world.session,
            &world.transcript,
            &now,
        ));
    }
    actions
}

#[test]
fn the_palette_finds_and_does() {
    let world = World::with_results();
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    drawn(&mut cockpit, &world, Face::Live, (100, 30));
    type_into(&mut cockpit, &world, Face::Live, "pevidence tab\n");
    assert!(!cockpit.palette.open);
    assert_eq!(cockpit.tab, Tab::Evidence);
    // What commands nothing by its key commands nothing by its name: it asks.
    assert_eq!(type_into(&mut cockpit, &world, Face::Live, "pundo everything\n"), vec![]);
    assert_eq!(cockpit.ask, Some(Ask::RollBack));
    cockpit.ask = None;
    // STOP stays STOP.
    type_into(&mut cockpit, &world, Face::Live, "p");
    let stop = crossterm::event::KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let now = status(&world, Face::Live);
    let actions = cockpit.on_event(&TermEvent::Key(stop), &world.session, &world.transcript, &now);
    assert_eq!(actions, vec![Action::Command(Command::Stop)]);
    // Nothing is called so: Enter does nothing.
    assert_eq!(type_into(&mut cockpit, &world, Face::Live, "zzqqxx\n"), vec![]);
    assert!(cockpit.palette.open);
}

#[test]
fn the_palette_offers_what_is_possible_and_nothing_else() {
    let helps = |cockpit: &Cockpit, world: &World, face: Face| -> Vec<&'static str> {
        let status = status(world, face);
        let scene = Scene { session: &world.session, transcript: &world.transcript, status: &status };
        cockpit.palette_rows(&scene).iter().map(|row| row.help).collect()
    };
    let world = World::at_apply_gate("T");
    let of = world.entries.len();
    let cockpit = Cockpit::new(Theme::dark(), false);
    let live = helps(&cockpit, &world, Face::Live);
    let replay = helps(&cockpit, &world, Face::Replay { entry: of, of, playing: false });
    assert!(live.iter().any(|help| help.starts_with("answer the gate")));
    assert!(live.iter().any(|help| help.starts_with("STOP")));
    assert!(!live.contains(&"play or pause"));
    assert!(replay.contains(&"play or pause"));
    assert!(!replay.iter().any(|help| help.starts_with("answer the gate") || help.starts_with("STOP")));
}

#[test]
fn a_new_gate_closes_the_palette() {
    let mut world = World::at_apply_gate("T");
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    drawn(&mut cockpit, &world, Face::Live, (100, 30));
    type_into(&mut cockpit, &world, Face::Live, "p");
    assert!(cockpit.palette.open);
    world.confirm();
    drawn(&mut cockpit, &world, Face::Live, (100, 30));
    assert!(!cockpit.palette.open, "what it offered is not what is possible now");
    // Nor when the world stops under it.
    let running = World::applying();
    type_into(&mut cockpit, &running, Face::Live, "p");
    drawn(&mut cockpit, &running, Face::Live, (100, 30));
    assert!(cockpit.palette.open);
    drawn(&mut cockpit, &World::stopped(), Face::Live, (100, 30));
    assert!(!cockpit.palette.open);
}

#[test]
fn palette_pane() {
    snapshots(
        "palette",
        &World::at_apply_gate("Calendar sync migration"),
        Face::Live,
        |cockpit, world, _| {
            type_into(cockpit, world, Face::Live, "pno");
        },
    );
}

fn click(cockpit: &mut Cockpit, world: &World, buffer: &Buffer, words: &str) {
    let width = buffer.area.width;
    let rows: Vec<String> = (0..buffer.area.height)
        .map(|y| (0..width).map(|x| buffer[(x, y)].symbol().chars().next().unwrap_or(' ')).collect())
        .collect();
    let found =
        rows.iter().enumerate().find_map(|(y, row)| Some((row[..row.find(words)?].chars().count(), y)));
    let (x, y) = found.unwrap_or_else(|| panic!("{words} is not on the screen:\n{}", rows.join("\n")));
    let [column, row] = [x, y].map(|at| u16::try_from(at).unwrap());
    let kind = MouseEventKind::Down(MouseButton::Left);
    let event = TermEvent::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    let now = status(world, Face::Live);
    assert_eq!(cockpit.on_event(&event, &world.session, &world.transcript, &now), vec![]);
}

#[test]
fn a_click_selects_what_is_there() {
    let world = World::at_apply_gate("Calendar sync migration");
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    let buffer = drawn(&mut cockpit, &world, Face::Live, (120, 40));
    click(&mut cockpit, &world, &buffer, "Integrity of");
    assert_eq!(cockpit.focus, Pane::Checklist);
    let first = cockpit.subject(&world.session);
    assert!(first.as_deref().is_some_and(|id| id.starts_with("verify/")), "{first:?}");
    click(&mut cockpit, &world, &buffer, "4 Changes");
    assert_eq!((cockpit.focus, cockpit.tab), (Pane::Work, Tab::Changes));
    click(&mut cockpit, &world, &buffer, "not applied");
    assert_eq!(cockpit.focus, Pane::Graph);
    let second = cockpit.subject(&world.session);
    assert!(second.as_deref().is_some_and(|id| id.starts_with("apply/")), "{second:?}");
    // Nothing is clicked through what lies over the panes, and no answer is disturbed.
    cockpit.help = true;
    let before = format!("{:?}", (cockpit.focus, cockpit.tab, cockpit.selected));
    click(&mut cockpit, &world, &buffer, "4 Changes");
    assert_eq!(before, format!("{:?}", (cockpit.focus, cockpit.tab, cockpit.selected)));
}

#[test]
fn the_bell_rings_once_and_only_for_who_is_away() {
    let mut world = World::at_apply_gate("T");
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    let call = |cockpit: &mut Cockpit, world: &World| cockpit.call(&world.session, world.now());
    let focus = |cockpit: &mut Cockpit, world: &World, event: TermEvent| {
        cockpit.on_event(&event, &world.session, &world.transcript, &status(world, Face::Live));
    };
    // Off is off.
    focus(&mut cockpit, &world, TermEvent::FocusLost);
    assert_eq!(call(&mut cockpit, &world), None);
    cockpit.set_bell(Bell::Desktop);
    let first = call(&mut cockpit, &world).unwrap();
    assert!(first.desktop && first.words.starts_with("a gate waits: "), "{first:?}");
    for _ in 0..10 {
        world.wait(60_000_000);
        assert_eq!(call(&mut cockpit, &world), None, "once for each gate");
    }
    // Somebody is there: no bell at the next gate, but one when nobody touches anything for long.
    focus(&mut cockpit, &world, TermEvent::FocusGained);
    world.confirm();
    assert_eq!(call(&mut cockpit, &world), None, "nothing waits");
    world.statements();
    world.observe_all();
    world.report(Report::Proved { xid: "1".to_owned() });
    assert!(matches!(world.session.phase, Phase::Gate(_)));
    focus(&mut cockpit, &world, TermEvent::FocusGained);
    assert_eq!(call(&mut cockpit, &world), None, "somebody is there");
    world.wait(31_000_000);
    assert!(call(&mut cockpit, &world).is_some());
    assert_eq!(call(&mut cockpit, &world), None);
    // A stop calls as well.
    let stopped = World::stopped();
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    cockpit.set_bell(Bell::Bell);
    focus(&mut cockpit, &stopped, TermEvent::FocusLost);
    let call = cockpit.call(&stopped.session, stopped.now()).unwrap();
    assert!(!call.desktop && call.words.starts_with("STOP THE WORLD"), "{call:?}");
}

/// What is wrong with the looks is said until somebody presses a key, also when a gate opens meanwhile.
#[test]
fn a_notice_waits_for_a_key() {
    let mut world = World::at_apply_gate("T");
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    cockpit.notice("dark theme instead: mine.toml:1:1: \u{1b}[31mno");
    for confirm in [true, false] {
        let text = screen(&mut cockpit, &world, &status(&world, Face::Live), (80, 24));
        assert!(text.contains("dark theme instead: mine.toml:1:1: ␛[31mno"), "{text}");
        if confirm {
            world.confirm();
        }
    }
    type_into(&mut cockpit, &world, Face::Live, "7");
    let text = screen(&mut cockpit, &world, &status(&world, Face::Live), (80, 24));
    assert!(!text.contains("dark theme instead"), "{text}");
}
