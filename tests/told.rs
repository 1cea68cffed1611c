//! What people are told of a script without a transaction: at its gate, in the checklist, in the runbook.

mod support;

use ceremony::report::runbook;
use ceremony::session::*;
use ceremony::view;
use support::World;

/// Answers everything until this gate is open.
fn at_gate(world: &mut World, id: &str) {
    world.command(Command::Open { header: Box::new(support::header()) });
    at_gate_from_here(world, id);
}

fn at_gate_from_here(world: &mut World, id: &str) {
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

/// A step that asks for a witness says so before one is needed, while one is, and afterwards whose initials they are.
#[test]
fn of_a_witness() {
    let mut world = World::new(support::witnessed_plan(), 1);
    let witnessed = |world: &mut World, step: &str| {
        let by = Witness { name: "bea".to_owned(), uid: 1001 };
        let (initials, step) = ("BW".to_owned(), Some(step.to_owned()));
        world.command(Command::Witness { by, initials, step, attempt: None });
    };
    world.command(Command::Open { header: Box::new(support::header()) });
    says(&shown(&world), &["waits for a witness: ceremony watch DIR"]);
    witnessed(&mut world, "preflight/target");
    let text = shown(&world);
    says(&text, &["BW  bea (uid 1001), attempt 1, before it was over"]);
    assert!(!text.contains("waits for a witness"), "{text}");
    at_gate_from_here(&mut world, "apply/foundations");
    says(&shown(&world), &["its commit gate will wait for one: ceremony watch DIR"]);
    at_gate_from_here(&mut world, "apply/foundations commit");
    says(&shown(&world), &["waits for a witness: ceremony watch DIR"]);
    witnessed(&mut world, "apply/foundations");
    let session = &world.drive.session;
    let evidence: Vec<String> =
        view::evidence(session, "apply/foundations", world.now()).iter().map(view::Row::plain).collect();
    says(&evidence.join("\n"), &["BW  bea (uid 1001), attempt 7, under what it did"]);
    let list: Vec<String> = view::checklist(session)
        .iter()
        .map(|item| view::checklist_row(session, item, world.now(), 60).plain())
        .collect();
    assert!(
        list.iter().any(|row| row.contains("Calendar sync foundations") && row.contains(" BW ")),
        "{list:#?}"
    );
    let entries = ceremony::journal::recover(&world.drive.journal.bytes).unwrap().entries;
    let report = ceremony::report::markdown::render(&ceremony::report::Execution::new(
        session,
        &world.drive.transcript,
        &entries,
        "ab",
    ));
    says(&report, &["Initials BW of witness bea (uid 1001) under what it did (attempt 7)"]);
    let text = runbook::render(&support::witnessed_plan(), "ceremony.toml");
    says(&text, &["A second person watches this step (`ceremony watch`)"]);
}
