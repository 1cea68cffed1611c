//! Results without end and cells without end: they stream by, and what is kept of them is small.

use crate::effort::{effort, figures};
use crate::process::{PEAK_MAX_KIB, ended, ticks};
use crate::program::until;
use crate::room::Room;
use crate::small::{Small, UP};
use rustix::process::Signal;

fn size_of_record(room: &Room) -> u64 {
    std::fs::metadata(room.session().join("session.jsonl")).unwrap().len()
}

/// L1: every row is counted, the first ones are kept, by a verification query and by a SELECT of the script.
#[test]
fn l1_every_row_of_millions_is_counted_and_the_first_are_kept() {
    let rows = 1_000_000 * effort().min(10);
    let select = |to: u64| {
        format!(
            "SELECT i, 'row ' || i AS name, i * 1.5 AS more, NULL AS none FROM generate_series(1, {to}) AS i"
        )
    };
    let room = Small {
        up: &format!("CREATE TABLE public.load (id int);\n{};\n", select(rows)),
        query: &select(rows),
        expect: &format!("{{ rows = {rows} }}"),
        ..Small::default()
    }
    .room();
    let (run, peak) = ended(room.start(&room.yes()));
    run.with(0).says(&["verdict: PASS"]);
    assert!(peak <= PEAK_MAX_KIB, "{peak} KiB");
    let seen = room.observations("query");
    let result = &seen.last().unwrap()["result"];
    assert_eq!(result["total"], rows);
    let kept = result["rows"].as_array().unwrap();
    assert_eq!(kept.len(), 200);
    for (at, row) in kept.iter().enumerate() {
        let i = at as u64 + 1;
        let (half, rest) = (i * 3 / 2, if i.is_multiple_of(2) { 0 } else { 5 });
        let whole = serde_json::json!([format!("{i}"), format!("row {i}"), format!("{half}.{rest}"), null]);
        assert_eq!(*row, whole);
    }
    assert_eq!(room.observations("query-before").last().unwrap()["result"]["total"], rows);
    room.recorded(&["printed", &format!("… and {} more rows", rows - 200)]);
    room.recorded(&["statement-finished", &format!("SELECT {rows}")]);
    assert!(size_of_record(&room) < 1 << 20, "{}", size_of_record(&room));
    room.verify().with(0);
    figures("L1", &format!("3 results of {rows} rows counted, 200 kept of each; peak {peak} KiB"));
}

/// L1: whoever presses STOP does not wait for the last row.
#[test]
fn l1_a_result_without_end_is_stopped_in_its_middle() {
    let room = Small {
        // Of one function alone the server would first write all rows to its disk.
        up: "CREATE TABLE public.load (id int);\n\
             SELECT i, 'row ' || j FROM generate_series(1, 1000000) AS i, generate_series(1, 1000000) AS j;\n",
        ..Small::default()
    }
    .room();
    let running = room.start(&room.yes());
    room.recorded(&["statement-started", "generate_series(1, 1000000) AS j"]);
    let (pid, before) = (running.child.id(), ticks(running.child.id()));
    until("rows stream", || (ticks(pid) > before + 50).then_some(()));
    running.signal(Signal::INT);
    let (run, peak) = ended(running);
    run.with(5).says(&["stopped by the operator"]);
    assert!(peak <= PEAK_MAX_KIB, "{peak} KiB");
    assert!(room.halt()["left"].as_str().unwrap().contains("is rolled back: nothing of it is left"));
}

/// L1: two hundred rows are few, but not if they are wide.
#[test]
fn l1_wide_rows_are_kept_as_far_as_there_is_room() {
    let columns: Vec<String> = (0..1_600).map(|at| format!("repeat('x', 4000) AS c{at}")).collect();
    let room = Small {
        query: &format!("SELECT {} FROM generate_series(1, 150)", columns.join(", ")),
        expect: "{ rows = 150 }",
        ..Small::default()
    }
    .room();
    let (run, peak) = ended(room.start(&room.yes()));
    run.with(0);
    assert!(peak <= PEAK_MAX_KIB, "{peak} KiB");
    let seen = room.observations("query");
    let result = &seen.last().unwrap()["result"];
    let kept = result["rows"].as_array().unwrap().len();
    assert_eq!(result["total"], 150);
    assert!((1..20).contains(&kept), "{kept} rows are kept");
    figures("L1", &format!("150 rows of 1600 cells of 4000 bytes counted, {kept} kept; peak {peak} KiB"));
}

/// L2: one huge value everywhere a server can send one.
#[test]
fn l2_a_huge_value_is_never_held_wherever_the_server_sends_it() {
    let bytes = 100_000_000 * effort().min(5);
    let room = Small {
        base: &format!(
            "CREATE TABLE public.big (id int PRIMARY KEY, text text);\n\
             INSERT INTO public.big SELECT 1, repeat('x', {bytes});\n\
             DO $$ BEGIN EXECUTE format('COMMENT ON TABLE public.big IS %L', repeat('y', {bytes})); END $$;\n"
        ),
        up: &format!(
            "CREATE TABLE public.load (id int);\n\
             DO $$ BEGIN RAISE NOTICE '%', repeat('n', {bytes}) USING HINT = 'behind it'; END $$;\n\
             SELECT text FROM public.big;\n"
        ),
        query: "SELECT text, id, md5(text) FROM public.big",
        more: "[[protect]]\ntable = \"public.big\"\n\
               [[step]]\nid = \"backup\"\nkind = \"backup\"\ntitle = \"Backup\"\ntables = [\"public.big\"]\n",
        ..Small::default()
    }
    .room();
    let (run, peak) = ended(room.start(&room.yes()));
    run.with(0).says(&["verdict: PASS"]);
    assert!(peak <= PEAK_MAX_KIB, "{peak} KiB");
    let seen = room.observations("query");
    let row = &seen.last().unwrap()["result"]["rows"][0];
    let cell = row[0].as_str().unwrap();
    assert!(cell.len() <= 4096 && cell.starts_with("xxxx") && cell.ends_with("x…"), "{} bytes", cell.len());
    assert_eq!((row[1].as_str(), row[2].as_str().map(str::len)), (Some("1"), Some(32)));
    room.recorded(&["noticed", "nnnn", "n…", "behind it"]);
    let backup = room.observations("backup");
    let file = room.session().join(backup.last().unwrap()["path"].as_str().unwrap());
    assert!(std::fs::metadata(file).unwrap().len() > bytes, "the backup is whole");
    assert!(size_of_record(&room) < 1 << 20, "{}", size_of_record(&room));
    room.verify().with(0);
    figures(
        "L2",
        &format!(
            "{bytes} bytes as a cell of a query, of a script and of a backup, as a notice and as a comment; peak {peak} KiB"
        ),
    );
}

/// L2: an error's text has no end either; what stands behind it in the same message is read all the same.
#[test]
fn l2_the_text_of_an_error_is_cut_and_its_place_is_known() {
    let bytes = 100_000_000 * effort().min(5);
    let room = Small {
        up: &format!(
            "CREATE TABLE public.load (id int);\n\
             DO $$ BEGIN RAISE EXCEPTION '%', repeat('e', {bytes}) USING HINT = 'behind it'; END $$;\n"
        ),
        ..Small::default()
    }
    .room();
    let (run, peak) = ended(room.start(&room.yes()));
    run.with(5).says(&["eeee", "…"]);
    assert!(peak <= PEAK_MAX_KIB, "{peak} KiB");
    room.recorded(&["P0001", "behind it", &format!("\"file\":\"{UP}\",\"line\":2")]);
    assert!(size_of_record(&room) < 1 << 20, "{}", size_of_record(&room));
    figures("L2", &format!("{bytes} bytes as an error; peak {peak} KiB"));
}
