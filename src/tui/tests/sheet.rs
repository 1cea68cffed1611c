//! The deviation sheet: filled in from what is at hand, and never half written.

use super::*;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

const SIZES: [(u16, u16); 3] = [(60, 16), (80, 24), (160, 50)];

fn control_d(cockpit: &mut Cockpit, world: &World) -> Vec<Action> {
    let key = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::CONTROL);
    let now = status(world, Face::Live);
    cockpit.on_event(&TermEvent::Key(key), &world.session, &world.transcript, &now)
}

#[test]
fn deviation_sheet() {
    for size in SIZES {
        for (name, mut world) in
            [("stopped", World::stopped()), ("gate", World::at_apply_gate("Calendar sync migration"))]
        {
            let mut cockpit = Cockpit::new(Theme::dark(), false);
            let now = status(&world, Face::Live);
            screen(&mut cockpit, &world, &now, size);
            letters(&mut cockpit, &mut world, "Dwait");
            let text = screen(&mut cockpit, &world, &status(&world, Face::Live), size);
            insta::assert_snapshot!(format!("sheet_{name}_{}x{}", size.0, size.1), text);
        }
    }
}

#[test]
fn three_answers_make_a_deviation() {
    let mut world = World::stopped();
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    assert_eq!(letters(&mut cockpit, &mut world, "D"), vec![]);
    assert_eq!(control_d(&mut cockpit, &world), vec![], "nothing was decided yet");
    assert!(cockpit.message.is_some() && cockpit.sheet.open);
    letters(&mut cockpit, &mut world, "ask the owner");
    // Put aside and taken up again.
    let escape = TermEvent::Key(KeyCode::Esc.into());
    let now = status(&world, Face::Live);
    cockpit.on_event(&escape, &world.session, &world.transcript, &now);
    assert!(!cockpit.sheet.open);
    letters(&mut cockpit, &mut world, "D");
    let actions = control_d(&mut cockpit, &world);
    let [Action::Command(Command::Deviate { step, expected, observed, decided })] = actions.as_slice() else {
        panic!("{actions:?}")
    };
    assert_eq!((step.as_str(), decided.as_str()), ("apply/uniqueness", "ask the owner"));
    assert!(!expected.is_empty() && observed.contains("23505"), "{expected}: {observed}");
    assert!(!cockpit.sheet.open);
    world.command(actions[0].clone().command());
    assert_eq!(world.session.deviations.len(), 1);
    cockpit.looking = true;
    cockpit.tab = Tab::Notes;
    let text = screen(&mut cockpit, &world, &status(&world, Face::Live), (120, 40));
    assert!(text.contains("DEVIATIONS") && text.contains("ask the owner"), "{text}");
    let marks = crate::view::timeline_marks(&world.entries);
    assert_eq!(marks.last().map(|mark| mark.kind), Some(crate::view::TimelineKind::Deviation));
    let report = crate::report::markdown::render(&crate::report::Execution::new(
        &world.session,
        &world.transcript,
        &world.entries,
        "0",
    ));
    assert!(report.contains("## Deviations") && report.contains("| ask the owner |"), "{report}");
}

impl Action {
    fn command(self) -> Command {
        match self {
            Action::Command(command) => command,
            other => panic!("{other:?}"),
        }
    }
}
