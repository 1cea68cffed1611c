//! A cast is played on another terminal, which must show what the cockpit drew.

use super::*;
use crate::journal::{Chain, Recovered};
use crate::tui::World;

const SMALL: Screen = Screen { columns: 80, rows: 24, idle_us: 2_000_000 };
const LARGE: Screen = Screen { columns: 120, rows: 40, idle_us: 2_000_000 };

fn player(world: &World) -> Player {
    let (mut chain, mut bytes) = (Chain::default(), 0);
    for entry in &world.entries {
        let (_, line) = chain.seal(entry.at(), entry.cause.clone(), entry.events.clone()).unwrap();
        chain.extend(&line);
        bytes += line.len();
    }
    let found = Recovered { entries: world.entries.clone(), chain, bytes, torn: 0 };
    Player::new(world.session.plan.clone(), found)
}

/// Header and events: wait in microseconds, code, data.
fn read(cast: &str) -> (serde_json::Value, Vec<(u64, String, String)>) {
    let mut lines = cast.lines();
    let header = serde_json::from_str(lines.next().unwrap()).unwrap();
    let events = lines.map(|line| {
        let event: (f64, String, String) = serde_json::from_str(line).unwrap();
        assert!(event.0 >= 0.0, "{line}");
        ((event.0 * 1e6).round() as u64, event.1, event.2)
    });
    (header, events.collect())
}

/// What the cockpit itself draws at the last entry.
fn last_frame(player: &Player, screen: Screen) -> Buffer {
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    cockpit.set_marks(timeline_marks(player.entries()));
    let Ok(mut terminal) = Terminal::new(TestBackend::new(screen.columns, screen.rows));
    let words = head_words(&player.head);
    let count = player.entries().len();
    // What a cockpit shows may depend on what it showed before: it is led through every entry.
    let (mut session, mut transcript) = start(player);
    for at in 1..=count {
        follow(&mut session, &mut transcript, &player.entries()[at - 1]).unwrap();
        let status = Status {
            face: Face::Replay { entry: at, of: count, playing: at < count },
            now: player.entries()[at - 1].at(),
            entries: count as u64,
            head_words: &words,
            error: None,
        };
        let Ok(_) = terminal.draw(|frame| cockpit.draw(frame, &session, &transcript, &status));
    }
    terminal.backend().buffer().clone()
}

/// The sixteen in the order that terminals have for them.
fn as_vt100(colour: Color) -> vt100::Color {
    const ORDER: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    match colour {
        Color::Rgb(red, green, blue) => return vt100::Color::Rgb(red, green, blue),
        Color::Indexed(index) => return vt100::Color::Idx(index),
        _ => {}
    }
    let index = ORDER.iter().position(|one| *one == colour);
    index.map_or(vt100::Color::Default, |index| vt100::Color::Idx(index as u8))
}

fn same(shown: &vt100::Screen, drawn: &Buffer) {
    for y in 0..drawn.area.height {
        for x in 0..drawn.area.width {
            let (on_screen, cell) = (shown.cell(y, x).unwrap(), &drawn[(x, y)]);
            if on_screen.is_wide_continuation() {
                continue;
            }
            let symbol = if on_screen.contents().is_empty() { " " } else { on_screen.contents() };
            assert_eq!(symbol, cell.symbol(), "column {x}, row {y}");
            let has = |modifier| cell.modifier.contains(modifier);
            let weights = (has(Modifier::BOLD), has(Modifier::REVERSED), has(Modifier::UNDERLINED));
            let seen = (on_screen.bold(), on_screen.inverse(), on_screen.underline());
            assert_eq!(seen, weights, "column {x}, row {y}: {symbol}");
            assert_eq!(on_screen.fgcolor(), as_vt100(cell.fg), "column {x}, row {y}: {symbol}");
            assert_eq!(on_screen.bgcolor(), as_vt100(cell.bg), "column {x}, row {y}: {symbol}");
        }
    }
}

fn nonzero(number: u16) -> std::num::NonZero<u16> {
    number.try_into().unwrap()
}

fn worlds() -> [World; 5] {
    [
        World::at_commit_gate(),
        World::with_results(),
        World::at_rollback_gate(),
        World::stopped(),
        World::closed(),
    ]
}

#[test]
fn another_terminal_shows_what_the_cockpit_drew() {
    for world in worlds() {
        for screen in [SMALL, LARGE] {
            let player = player(&world);
            let (_, events) = read(&cast(&player, screen));
            let mut terminal = vt100::Parser::new(nonzero(screen.rows), nonzero(screen.columns), 0);
            for (_, code, data) in &events {
                if code == "o" {
                    terminal.process(data.as_bytes());
                }
            }
            same(terminal.screen(), &last_frame(&player, screen));
        }
    }
}

#[test]
fn the_form_is_that_of_version_three() {
    let player = player(&World::closed());
    let (header, events) = read(&cast(&player, LARGE));
    assert_eq!(header["version"], 3);
    assert_eq!(header["term"], serde_json::json!({ "cols": 120, "rows": 40, "type": "xterm-256color" }));
    assert_eq!(header["timestamp"], player.entries()[0].t.as_micros() / 1_000_000);
    let (last, rest) = events.split_last().unwrap();
    assert_eq!((last.1.as_str(), last.2.as_str()), ("x", "0"));
    assert!(rest.iter().all(|(_, code, _)| ["o", "m"].contains(&code.as_str())));
    let marks: Vec<&str> =
        rest.iter().filter(|(_, code, _)| code == "m").map(|(_, _, data)| data.as_str()).collect();
    assert!(marks.contains(&"commit gate: apply/foundations"), "{marks:?}");
    assert_eq!(marks.last(), Some(&"the end: PASS"));
    // Intervals, not times: together they are as long as the record, but for what is idle and what is held.
    let whole: u64 = rest.iter().map(|(wait, _, _)| wait).sum();
    let entries = player.entries();
    assert!(whole >= entries[entries.len() - 1].m - entries[0].m, "nothing is idle here");
}

#[test]
fn stops_are_marked_and_end_with_a_code_of_their_own() {
    let player = player(&World::stopped());
    let (_, events) = read(&cast(&player, SMALL));
    assert_eq!(events.last().unwrap().2, "4");
    let halts =
        events.iter().filter(|(_, code, data)| code == "m" && data.starts_with("stop: condition 4 of 8"));
    assert_eq!(halts.count(), 1);
}

#[test]
fn a_long_wait_is_cut() {
    let mut world = World::at_apply_gate("Calendar sync");
    world.wait(3_600_000_000);
    world.confirm();
    let player = player(&world);
    let (_, events) = read(&cast(&player, Screen { idle_us: 1_500_000, ..SMALL }));
    let longest = events.iter().map(|(wait, _, _)| *wait).max();
    assert_eq!(longest, Some(1_500_000));
}

#[test]
fn colours_that_no_theme_has_yet_are_spelled_right_too() {
    let spelled = |wanted: Color, base: u8| {
        let mut text = String::new();
        super::colour(&mut text, wanted, base);
        text
    };
    assert_eq!(spelled(Color::LightRed, 30), ";91");
    assert_eq!(spelled(Color::Black, 40), ";40");
    assert_eq!(spelled(Color::Indexed(200), 40), ";48;5;200");
    assert_eq!(spelled(Color::Rgb(1, 2, 3), 30), ";38;2;1;2;3");
    assert_eq!(spelled(Color::Reset, 30), "");
}

#[test]
fn the_same_record_gives_the_same_cast() {
    for world in worlds() {
        let player = player(&world);
        let first = cast(&player, LARGE);
        assert_eq!(cast(&player, LARGE), first);
    }
}
