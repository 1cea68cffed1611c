//! L4: ten thousand steps in a definition: everything that has to do with them works, in bounded memory.

use crate::effort::figures;
use crate::process::{PEAK_MAX_KIB, peak_kib};
use crate::room::Room;
use crate::small::{Small, cockpit, on_terminal};

/// As many as a definition may have, with the one that applies.
const STEPS: usize = ceremony::definition::STEPS_MAX;

fn many() -> Room {
    let more: String = (1..STEPS)
        .map(|at| {
            format!("[[step]]\nid = \"verify/{at}\"\nkind = \"verify\"\ntitle = \"Look {at}\"\nqueries = [\"q\"]\n")
        })
        .collect();
    Small { more: &more, ..Small::default() }.room()
}

#[test]
fn l4_ten_thousand_steps_are_checked_planned_driven_and_reported() {
    let room = many();
    room.call(&["check"]).with(0).says(&["1 migrations, 1 queries"]);
    let plan = room.call(&["plan"]).with(0);
    assert!(plan.out.contains(&format!("verify/{}", STEPS - 1)), "the plan has no last step");
    let mut screen = cockpit(&room);
    screen.wait_for_words(&format!("0/{STEPS} steps"));
    screen.wait_for_gate();
    screen.confirm();
    screen.wait_for_words(&format!("1/{STEPS} steps"));
    let peak = peak_kib(screen.pid());
    assert!(peak <= PEAK_MAX_KIB, "{peak} KiB");
    screen.quit().assert_restored();
    room.verify().with(0);
    assert!(room.report().contains(&format!("verify/{}", STEPS - 1)), "the report has no last step");
    let mut replay = on_terminal(&room, &["replay", "session"]);
    replay.wait_for_words("entry 1 of ");
    let replayed = peak_kib(replay.pid());
    replay.quit().assert_restored();
    assert!(replayed <= PEAK_MAX_KIB, "{replayed} KiB");
    figures("L4", &format!("{STEPS} steps: peak {peak} KiB driven, {replayed} KiB replayed"));
}
