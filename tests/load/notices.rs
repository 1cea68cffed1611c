//! L3: a million notices: none is lost, none is moved, entries are few, and keys answer in the middle.

use crate::effort::{effort, figures};
use crate::process::{PEAK_MAX_KIB, ended, peak_kib};
use crate::pty::CTRL_C;
use crate::room::Room;
use crate::small::{Small, cockpit, each_entry};

/// No entry holds more; a line has its own words around them.
const ENTRY_BYTES_MAX: usize = 192 << 10;

fn noisy(notices: u64) -> String {
    format!(
        "CREATE TABLE public.load (id int);\n\
         DO $$ BEGIN FOR i IN 1..{notices} LOOP RAISE NOTICE 'notice %', i; END LOOP; END $$;\n"
    )
}

/// What a record holds of notices.
#[derive(Debug, Default)]
struct Heard {
    notices: u64,
    entries: u64,
    /// Notices in entries behind the one that asked for the stop.
    after_stop: u64,
    stopped: bool,
    /// Between the start of the statement and its end, microseconds.
    took_us: u64,
}

fn heard(room: &Room) -> Heard {
    let mut heard = Heard::default();
    let mut last_us = 0;
    each_entry(&room.session(), |entry| {
        let report = &entry["cause"]["report"];
        let at_us = entry["m"].as_u64().unwrap();
        heard.stopped |=
            entry["events"].as_array().unwrap().iter().any(|event| event["event"] == "stop-requested");
        match report["report"].as_str() {
            Some("noticed") => {
                let bytes = serde_json::to_string(&entry).unwrap().len();
                assert!(bytes <= ENTRY_BYTES_MAX, "{bytes} bytes in one entry");
                heard.entries += 1;
                let more = report["more"].as_array().into_iter().flatten();
                for notice in std::iter::once(&report["notice"]).chain(more) {
                    heard.notices += 1;
                    heard.after_stop += u64::from(heard.stopped);
                    assert_eq!(notice["message"], format!("notice {}", heard.notices), "lost or moved");
                }
            }
            Some("statement-started") => last_us = at_us,
            Some("statement-finished") => heard.took_us = heard.took_us.max(at_us - last_us),
            _ => {}
        }
    });
    heard
}

/// Everything about notices that a test can say of a run that went well.
fn told(face: &str, room: &Room, notices: u64, peak: u64) {
    let heard = heard(room);
    assert_eq!(heard.notices, notices);
    assert!(heard.entries * 20 < notices, "{} entries", heard.entries);
    assert!(peak <= PEAK_MAX_KIB, "{peak} KiB");
    room.verify().with(0);
    let rate = notices * 1_000_000 / heard.took_us.max(1);
    figures(
        "L3",
        &format!("{face}: {notices} notices in {} entries, {rate}/s; peak {peak} KiB", heard.entries),
    );
}

#[test]
fn l3_every_notice_is_recorded_in_order_and_keys_answer_meanwhile() {
    let notices = 100_000 * effort().min(10);
    let room = Small { up: &noisy(notices), word: "", ..Small::default() }.room();
    let mut screen = cockpit(&room);
    screen.confirm();
    screen.wait_for("notices that stream", |screen| screen.has("notice "));
    // The other pane comes while they stream, and goes again.
    screen.send("3");
    screen.wait_for("the script", |screen| screen.has("RAISE NOTICE"));
    screen.wait_for_gate();
    screen.send("1");
    screen.wait_for_words(&format!("notice {notices}"));
    let peak = peak_kib(screen.pid());
    screen.confirm();
    screen.wait_for_words("The ceremony is over: PASS");
    screen.quit().assert_restored();
    told("cockpit", &room, notices, peak);
}

#[test]
fn l3_without_a_screen_every_notice_is_recorded_as_well() {
    let notices = 100_000 * effort().min(10);
    let room = Small { up: &noisy(notices), ..Small::default() }.room();
    let (run, peak) = ended(room.start(&room.yes()));
    let run = run.with(0);
    assert!(run.out.contains(&format!("notice {notices}\n")));
    told("headless", &room, notices, peak);
}

/// STOP is heard while they stream: what still comes behind it is what was on its way.
#[test]
fn l3_stop_is_heard_in_the_middle_of_notices_without_end() {
    let room = Small { up: &noisy(2_000_000_000), ..Small::default() }.room();
    let mut screen = cockpit(&room);
    screen.confirm();
    screen.wait_for("notices that stream", |screen| screen.has("notice 1"));
    screen.send(CTRL_C);
    screen.wait_for_words("STOP THE WORLD");
    let peak = peak_kib(screen.pid());
    assert!(peak <= PEAK_MAX_KIB, "{peak} KiB");
    screen.quit();
    let heard = heard(&room);
    assert!(heard.stopped && heard.notices > 0);
    // A second's worth and less, of what a quick machine does in one.
    assert!(heard.after_stop < 100_000, "{heard:?}");
    assert!(room.halt()["left"].as_str().unwrap().contains("is rolled back: nothing of it is left"));
    figures("L3", &format!("stopped: {} notices, {} of them after STOP", heard.notices, heard.after_stop));
}
