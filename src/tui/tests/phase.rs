//! The call at the end of a phase, and what bars a gate after an interruption.

use super::*;
use crate::session::Interruption;
use crate::view::phase_call;

#[test]
fn the_end_of_a_phase_is_called_at_the_next_one_s_first_gate_and_nowhere_else() {
    let call = |world: &World| phase_call(&world.session, "lusab babad").map(|row| row.plain());
    assert_eq!(call(&World::new("T")), None);
    let mut world = World::at_apply_gate("T");
    let said = call(&world).unwrap();
    assert_eq!(
        said,
        "ended   ✓ PREFLIGHT [✓] local [✓] flags 1/1 steps, 6/6 checks, no findings; head lusab babad"
    );
    world.command(Command::Deviate {
        step: String::new(),
        expected: "a".to_owned(),
        observed: "b".to_owned(),
        decided: "c".to_owned(),
    });
    assert!(call(&world).unwrap().contains("1 finding (tab Notes)"));
    assert_eq!(call(&World::at_commit_gate()), None);
    world.apply_one();
    assert_eq!(call(&world), None, "the second step of a phase");
}

#[test]
fn a_gate_says_what_bars_it() {
    let mut world = World::at_apply_gate("Calendar sync migration");
    world.command(Command::Interrupted { by: Interruption::Suspended, lasted_us: 3_600_000_000 });
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    let now = status(&world, Face::Live);
    let text = screen(&mut cockpit, &world, &now, (80, 24));
    assert!(text.contains("CHECKING AGAIN") && text.contains("suspended for 60 min"), "{text}");
    let failure = crate::session::Failure::Connection { what: "no server".to_owned() };
    world.report(Report::Failed { failure });
    let now = status(&world, Face::Live);
    let text = screen(&mut cockpit, &world, &now, (80, 24));
    assert!(text.contains("barred") && text.contains("no server"), "{text}");
    world.confirm();
    assert!(matches!(world.session.phase, Phase::Running(_)), "the phrase only runs the probes again");
    assert!(world.session.refusal.is_some());
}
