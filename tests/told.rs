//! What people are told of a script without a transaction: at its gate, in the checklist, in the runbook.

mod support;

use ceremony::report::runbook;
use ceremony::session::*;
use ceremony::view;
use support::World;

/// Answers everything until this gate is open.
fn at_gate(world: &mut World, id: &str) {
    world.command(Command::Open { header: Box::new(support::header()) });
    for _ in 0..1_000 {
        if matches!(&world.drive.session.phase, Phase::Gate(gate) if gate.id == id) {
            return;
        }
        if world.deliver().is_none() {
            let answer = world.right_answer().expect("a gate on the way");
            world.command(answer);
        }
    }
    panic!("the gate '{id}' never opened");
}

fn shown(world: &World) -> String {
    let gate = view::gate(&world.drive.session, &world.drive.transcript, world.now()).expect("a gate");
    let rows: Vec<String> = gate.rows.iter().map(view::Row::plain).collect();
    format!("{}\n{}", gate.title.plain(), rows.join("\n"))
}

#[track_caller]
fn says(text: &str, all: &[&str]) {
    for words in all {
        assert!(text.contains(words), "'{words}' is not said in:\n{text}");
    }
}

#[test]
fn at_its_gate_and_not_at_others() {
    let mut world = World::new(support::stepwise_plan(), 1);
    at_gate(&mut world, "apply/foundations");
    let text = shown(&world);
    says(
        &text,
        &[
            "(no transaction)",
            "is final as soon as it has run; no commit gate",
            "nothing is rolled back by itself",
        ],
    );
    assert!(!text.contains("so far"), "{text}");
    // Half-way it says so too.
    let answer = world.right_answer().expect("its gate");
    world.command(answer);
    for _ in 0..5 {
        world.deliver();
    }
    let keep = world.drive.journal.bytes.len();
    world.crash(keep);
    while world.deliver().is_some() {}
    says(&shown(&world), &["so far", "done and stay"]);
    at_gate(&mut world, "apply/outbound-sync");
    says(&shown(&world), &["one transaction; a second gate shows the proof"]);
}

#[test]
fn in_the_runbook() {
    let text = runbook::render(&support::stepwise_plan(), "ceremony.toml");
    says(
        &text,
        &[
            "Calendar sync foundations (no transaction)",
            "There is no commit gate; the proof comes behind the last statement.",
            "| uniqueness (no transaction) |",
        ],
    );
    let text = runbook::render(&support::shipped_plan(), "ceremony.toml");
    assert!(!text.contains("o transaction"), "nothing of it where every script has one");
}
