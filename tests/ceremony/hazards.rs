//! Hazards that the scripts show: said by `check`, kept in the plan, shown at the gate and in the report.

use crate::room::*;
use serde_json::Value;
use std::fs;

fn hazards(room: &Room) -> Vec<Value> {
    let plan: Value = serde_json::from_slice(&fs::read(room.session().join("plan.json")).unwrap()).unwrap();
    plan["hazards"].as_array().unwrap().clone()
}

#[test]
fn a_hazard_is_said_before_and_after_and_stops_nothing() {
    let room = Room::new();
    room.add(
        OUTBOUND,
        "CREATE INDEX IF NOT EXISTS booking_slots_hazard_idx ON public.booking_slots (starts_at);",
    );
    let line = room.line_of(OUTBOUND, "booking_slots_hazard_idx");
    let what = "building an index locks public.booking_slots against writes until COMMIT";
    room.call(&["check"]).with(0).says(&[
        &format!("warning: {OUTBOUND}:{line}:1: lock: {what}"),
        "(require-concurrent-index-creation)",
        "next: on a small or quiet table accept it",
        "3 migrations",
    ]);
    // The drill would find the index that no rollback drops: only the way to the gate is gone here.
    room.run(&room.yes().without("apply/uniqueness")).with(3);
    let found = hazards(&room);
    let hazard = found.iter().find(|it| it["script"] == OUTBOUND && it["at"]["line"] == line).unwrap();
    assert_eq!(hazard["at"]["file"], OUTBOUND);
    assert_eq!((&hazard["class"], &hazard["what"]), (&"lock".into(), &what.into()));
    assert_eq!(
        hazard["statement"]["line"], line,
        "so that it can be matched with the statement that is sent"
    );
    // What is new hurts nobody: the two tables that this migration makes.
    let of_foundations: Vec<&Value> = found.iter().filter(|hazard| hazard["script"] == FOUNDATIONS).collect();
    assert_eq!(of_foundations.len(), 1, "{of_foundations:#?}");
    assert!(of_foundations[0]["what"].as_str().unwrap().contains("locks public.providers against writes"));
    contains(&room.report(), &["## Hazards", "building an index locks public.booking", "not looked into"]);
    room.verify().with(0);
}

#[test]
fn what_a_file_accepts_is_shown_as_accepted() {
    let room = Room::new();
    room.edit(OUTBOUND, |text| {
        let comment = "-- squawk-ignore require-concurrent-index-creation -- a small table\n";
        text.replacen("CREATE UNIQUE INDEX", &format!("{comment}CREATE UNIQUE INDEX"), 1)
    });
    room.call(&["check"]).with(0).says(&["1 hazard is accepted in its file"]);
    room.run(&room.yes().without("preflight/target")).with(3);
    let accepted: Vec<Value> = hazards(&room).into_iter().filter(|it| it["accepted"] == true).collect();
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0]["at"]["line"], room.line_of(OUTBOUND, "CREATE UNIQUE INDEX"));
    contains(&room.report(), &["accepted in the file"]);
}

/// Records from before there were hazards.
#[test]
fn a_plan_without_hazards_is_read() {
    let room = Room::new();
    room.run(&room.yes().without("preflight/target")).with(3);
    let file = room.session().join("plan.json");
    let mut plan: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    plan.as_object_mut().unwrap().remove("hazards").unwrap();
    let outline: ceremony::plan::Outline = serde_json::from_value(plan).unwrap();
    assert_eq!(outline.hazards, None);
    assert!(!serde_json::to_string(&outline).unwrap().contains("hazards"), "and written as it was");
}
