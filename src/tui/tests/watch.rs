//! What somebody who watches sees, and what their keys do.

use super::*;
use crate::session::{AttemptId, Event, Refusal, Witness};
use std::sync::Arc;

const WATCH: Face = Face::Watch { driven: true };

/// The step at whose gate the world is asks for a witness.
fn wanted(world: &mut World) {
    let step = world.session.current_step().unwrap().to_owned();
    let mut plan = (*world.session.plan).clone();
    plan.steps.iter_mut().filter(|it| it.id == step).for_each(|it| it.witness = true);
    world.session.plan = Arc::new(plan);
}

fn initialled(world: &mut World) {
    let step = world.session.current_step().unwrap().to_owned();
    let attempt = world.session.step_state(&step).unwrap().attempt.clone().unwrap();
    let by = Witness { name: "bea".to_owned(), uid: 1001 };
    let event = Event::Witnessed { step, attempt, by, initials: "BW".to_owned() };
    let at = world.now();
    world.session.apply(at, &event);
}

#[test]
fn a_gate_that_waits_for_a_witness() {
    let mut world = World::at_commit_gate();
    wanted(&mut world);
    snapshots("witness_wanted", &world, Face::Live, nothing);
    initialled(&mut world);
    let text =
        screen(&mut Cockpit::new(Theme::dark(), false), &world, &status(&world, Face::Live), (120, 40));
    assert!(!text.contains("waits for a witness") && text.contains("BW  bea (uid 1001), attempt"), "{text}");
}

#[test]
fn a_watched_gate_with_initials() {
    let mut world = World::at_commit_gate();
    initialled(&mut world);
    snapshots("watch_commit_gate", &world, WATCH, nothing);
}

#[test]
fn the_line_for_initials() {
    snapshots("watch_initials", &World::at_commit_gate(), WATCH, |cockpit, world, status| {
        for key in ["i", "B", "W"] {
            let code = crossterm::event::KeyCode::Char(key.chars().next().unwrap());
            cockpit.on_event(&TermEvent::Key(code.into()), &world.session, &world.transcript, status);
        }
    });
}

#[test]
fn a_watched_stop_and_nobody_who_drives() {
    snapshots("watch_stop", &World::stopped(), WATCH, nothing);
    snapshots("watch_left", &World::at_commit_gate(), Face::Watch { driven: false }, nothing);
}

#[test]
fn initials_belong_to_the_attempt_that_was_looked_at() {
    let mut world = World::at_commit_gate();
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    let typed = |cockpit: &mut Cockpit, world: &World, keys: &str| -> Vec<Action> {
        let now = status(world, WATCH);
        let code = |letter| match letter {
            '\n' => crossterm::event::KeyCode::Enter,
            letter => crossterm::event::KeyCode::Char(letter),
        };
        keys.chars()
            .flat_map(|letter| {
                let event = TermEvent::Key(code(letter).into());
                cockpit.on_event(&event, &world.session, &world.transcript, &now)
            })
            .collect()
    };
    let step = world.session.current_step().unwrap().to_owned();
    let attempt = world.session.step_state(&step).unwrap().attempt.as_ref().unwrap().number;
    let wanted = Action::Initials { step: step.clone(), attempt: Some(attempt), initials: "B.W".to_owned() };
    assert_eq!(typed(&mut cockpit, &world, "iB.W\n"), [wanted]);
    assert_eq!(typed(&mut cockpit, &world, "i\n"), [], "none are none");
    // STOP is one key, also while initials are typed.
    let control_c = crossterm::event::KeyEvent::new(
        crossterm::event::KeyCode::Char('c'),
        crossterm::event::KeyModifiers::CONTROL,
    );
    let now = status(&world, WATCH);
    let actions = cockpit.on_event(&TermEvent::Key(control_c), &world.session, &world.transcript, &now);
    assert_eq!(actions, [Action::Command(Command::Stop)]);
    assert_eq!(typed(&mut cockpit, &world, "BW"), []);
    let id = AttemptId { session: "x".to_owned(), number: attempt + 1 };
    let (at, event) = (world.now(), Event::StepStarted { step, attempt: id });
    world.session.apply(at, &event);
    assert_eq!(typed(&mut cockpit, &world, "\n"), [], "another attempt began");
    cockpit.said(Err(Refusal { what: "it was not".to_owned(), why: "x".to_owned(), next: "y".to_owned() }));
    let text = screen(&mut cockpit, &world, &status(&world, WATCH), (80, 24));
    assert!(text.contains("refused it was not"), "{text}");
}
