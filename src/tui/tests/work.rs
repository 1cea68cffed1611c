//! The working pane: results with a cursor, output that streams, searching, copying, the editor.

use super::*;
use crate::session::{Column, Place, ResultSet};
use crate::view::Table;
use crossterm::event::KeyCode;

/// A world whose only result has these rows.
fn with_rows(rows: Vec<Vec<Option<String>>>, columns: usize) -> World {
    let mut world = World::with_results();
    let columns = (0..columns).map(|at| Column { name: format!("c{at}"), numeric: at == 0 }).collect();
    let total = rows.len() as u64;
    let result = ResultSet { columns, rows, total };
    world.transcript.tables.clear();
    let table = Table { entry: 9, step: "s".into(), query: "q".into(), result, elapsed_us: 0, judged: None };
    world.transcript.tables.push_back(table.into());
    world
}

struct Desk {
    cockpit: Cockpit,
    world: World,
}

impl Desk {
    fn new(world: World, tab: Tab) -> Self {
        let mut cockpit = Cockpit::new(Theme::dark(), false);
        screen(&mut cockpit, &world, &status(&world, Face::Live), (120, 40));
        (cockpit.tab, cockpit.focus) = (tab, Pane::Work);
        Self { cockpit, world }
    }

    fn see(&mut self) -> String {
        screen(&mut self.cockpit, &self.world, &status(&self.world, Face::Live), (120, 40))
    }

    fn keys(&mut self, keys: &[KeyCode]) -> Vec<Action> {
        let mut actions = Vec::new();
        for code in keys {
            self.see();
            self.world.wait(100_000);
            let event = TermEvent::Key((*code).into());
            let now = status(&self.world, Face::Live);
            actions.extend(self.cockpit.on_event(&event, &self.world.session, &self.world.transcript, &now));
        }
        actions
    }

    fn typed(&mut self, text: &str) -> Vec<Action> {
        self.keys(&text.chars().map(KeyCode::Char).collect::<Vec<_>>())
    }
}

fn cells(row: &[&str]) -> Vec<Option<String>> {
    row.iter().map(|cell| Some((*cell).to_owned())).collect()
}

#[test]
fn a_cell_is_opened_copied_and_left() {
    let mut rows = vec![cells(&["1", "one"]), cells(&["2", "{\"deep\": [17]}"])];
    rows.push(vec![Some("3".to_owned()), None]);
    let mut desk = Desk::new(with_rows(rows, 2), Tab::Results);
    assert!(desk.see().contains("row 1 column 1"));
    desk.keys(&[KeyCode::Down, KeyCode::Right, KeyCode::Enter]);
    let text = desk.see();
    assert!(text.contains("  \"deep\": [") && text.contains("    17"), "{text}");
    assert_eq!(desk.typed("y"), vec![Action::Copy("{\"deep\": [17]}".to_owned())]);
    desk.keys(&[KeyCode::Esc, KeyCode::Down]);
    assert!(desk.see().contains("row 3 column 2"), "{}", desk.see());
    assert_eq!(desk.typed("Y"), vec![Action::Copy("3\t\\N".to_owned())]);
    desk.typed("r");
    assert!(desk.see().contains("row 3 of 3"));
}

#[test]
fn what_is_too_large_is_not_copied() {
    let mut desk = Desk::new(with_rows(vec![cells(&[&"x".repeat(80_000)])], 1), Tab::Results);
    assert_eq!(desk.typed("y"), vec![]);
    assert!(desk.see().contains("not copied: 80000 bytes"));
}

#[test]
fn a_hundred_thousand_rows_a_thousand_columns_and_megabytes_in_a_cell() {
    let rows = (0..100_000).map(|at| cells(&[&at.to_string(), &format!("row {at}")])).collect();
    let mut desk = Desk::new(with_rows(rows, 2), Tab::Results);
    desk.keys(&[KeyCode::End]);
    assert!(desk.see().contains("row 99999"), "{}", desk.see());
    desk.typed("/row 777");
    assert!(desk.see().contains("1/111"), "{}", desk.see());
    let wide = (0..1_000).map(|at| Some(format!("value {at}"))).collect();
    let mut desk = Desk::new(with_rows(vec![wide], 1_000), Tab::Results);
    desk.keys(&[KeyCode::Right; 30]);
    assert!(desk.see().contains("value 30"), "{}", desk.see());
    let mut desk = Desk::new(with_rows(vec![cells(&[&"long ".repeat(800_000)])], 1), Tab::Results);
    desk.keys(&[KeyCode::Enter, KeyCode::PageDown, KeyCode::End]);
    assert!(desk.see().contains("4000000 bytes"), "{}", desk.see());
}

#[test]
fn output_stays_where_it_is_read_and_says_what_is_new() {
    let mut desk = Desk::new(World::applying(), Tab::Output);
    let print = |desk: &mut Desk, from: usize, to: usize| {
        let text: String = (from..to).map(|at| format!("line {at}\n")).collect();
        desk.world.report(Report::Printed { source: Source::Stdout, text });
    };
    print(&mut desk, 0, crate::view::LINES_MAX);
    desk.keys(&[KeyCode::Up, KeyCode::Up]);
    let shown = |text: &str| text.lines().find_map(|line| line.split("  line ").nth(1).map(str::to_owned));
    let before = desk.see();
    print(&mut desk, 0, 1_000);
    let after = desk.see();
    assert_eq!(shown(&before), shown(&after));
    assert!(after.contains("1000 new, 1002 lines below"), "{after}");
    desk.keys(&[KeyCode::End]);
    assert!(!desk.see().contains("lines below"));
}

#[test]
fn a_search_marks_counts_and_goes_on() {
    let mut desk = Desk::new(World::applying(), Tab::Output);
    let text: String =
        (0..500).map(|at| format!("{}\n", if at % 100 == 0 { "Needle" } else { "hay" })).collect();
    desk.world.report(Report::Printed { source: Source::Stdout, text });
    desk.typed("/needle");
    assert!(desk.see().contains("/ needle█ 1/5"), "{}", desk.see());
    desk.keys(&[KeyCode::Enter]);
    desk.typed("n");
    let text = desk.see();
    assert!(text.contains("/needle 2/5") && !text.contains("n note"), "{text}");
    desk.typed("NN");
    assert!(desk.see().contains("/needle 5/5"), "{}", desk.see());
    desk.keys(&[KeyCode::Esc]);
    assert!(!desk.see().contains("needle"), "{}", desk.see());
    assert!(desk.typed("n").is_empty() && desk.cockpit.words.open.is_some(), "n is for notes again");
}

#[test]
fn the_editor_gets_the_place_that_matters() {
    let place = |line| Place { file: "m/20260118000000_two.sql".to_owned(), line, column: 27 };
    let mut desk = Desk::new(World::stopped(), Tab::Sql);
    desk.cockpit.looking = true;
    assert_eq!(desk.typed("e"), vec![Action::Edit(place(1))]);
    // Never while STOP must be near.
    let mut desk = Desk::new(World::applying(), Tab::Sql);
    assert_eq!(desk.typed("e"), vec![]);
    assert!(desk.see().contains("not while a step runs"));
}

#[test]
fn statements_that_ran_are_ticked() {
    let mut desk = Desk::new(World::at_commit_gate(), Tab::Sql);
    let text = desk.see();
    assert!(text.contains("2 statements ran") && text.contains("✓   2 CREATE TABLE"), "{text}");
}

#[test]
fn the_next_step_that_is_not_good_is_one_key_away() {
    let mut desk = Desk::new(World::stopped(), Tab::Output);
    desk.cockpit.looking = true;
    desk.typed("!");
    let id = desk.cockpit.subject(&desk.world.session).unwrap();
    assert_eq!((id.as_str(), desk.cockpit.tab), ("apply/uniqueness", Tab::Evidence));
    let mut desk = Desk::new(World::at_apply_gate("T"), Tab::Output);
    desk.typed("!");
    assert!(desk.see().contains("every step that was done is good"));
}

/// Every pane at many sizes of the range, in one cockpit that is resized: what it shows stays in its own area.
#[test]
fn no_tab_draws_outside_of_its_area() {
    let mut world = World::applying();
    world.report(Report::Printed {
        source: Source::Stdout,
        text: "a very long line ".repeat(40).repeat(3) + "\n",
    });
    let rows = (0..300).map(|at| cells(&[&at.to_string(), &"wide ".repeat(60), "日本"])).collect();
    world.transcript.tables = with_rows(rows, 3).transcript.tables;
    let now = status(&world, Face::Live);
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    let mut draw = |tab: Tab, opened: bool, (width, height): (u16, u16)| {
        (cockpit.tab, cockpit.focus, cockpit.opened) = (tab, Pane::Work, opened);
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| cockpit.draw(frame, &world.session, &world.transcript, &now)).unwrap();
        (terminal.backend().buffer().clone(), cockpit.screen.work)
    };
    for width in (60..=250).step_by(19) {
        for height in (16..=80).step_by(8) {
            let (first, area) = draw(Tab::Notes, false, (width, height));
            for (tab, opened) in Tab::ALL.into_iter().map(|tab| (tab, false)).chain([(Tab::Results, true)]) {
                let (buffer, _) = draw(tab, opened, (width, height));
                for y in 0..height - 1 {
                    for x in (0..width).filter(|x| !area.contains((*x, y).into())) {
                        let symbols = (first[(x, y)].symbol(), buffer[(x, y)].symbol());
                        assert_eq!(symbols.0, symbols.1, "{tab:?} draws at {x},{y} of {width}x{height}");
                    }
                }
            }
        }
    }
}
