//! Two sessions side by side: what counts as a difference, and what does not.

mod support;

use ceremony::journal::recover;
use ceremony::plan::{Lock, Toll};
use ceremony::session::*;
use ceremony::view::{
    CompareItem, CompareShow, Comparison, Likeness, Side, compare, compare_rows, compare_summary,
};
use support::World;

/// A whole run by `operator`; with `slow` each answer takes its time.
fn held(operator: &str, slow: u64, fail_check: Option<&str>) -> World {
    let mut world = World::new(support::shipped_plan(), 1);
    let header = Header { operator: operator.to_owned(), ..support::header() };
    world.runner.fail_check = fail_check.map(str::to_owned);
    world.command(Command::Open { header: Box::new(header) });
    for _ in 0..2_000 {
        world.clock_us += slow;
        if world.deliver().is_none() {
            match world.right_answer() {
                Some(answer) => drop(world.command(answer)),
                None => return world,
            }
        }
    }
    panic!("it never came to an end");
}

fn side_by_side(a: &World, b: &World) -> Comparison {
    let (entries_a, entries_b) =
        (recover(&a.drive.journal.bytes).unwrap().entries, recover(&b.drive.journal.bytes).unwrap().entries);
    let side = |name, world, entries| -> Side<'_> { side(name, world, entries) };
    compare(side("one", a, &entries_a), side("other", b, &entries_b))
}

fn side<'a>(name: &'a str, world: &'a World, entries: &'a [ceremony::journal::Entry]) -> Side<'a> {
    Side { name, session: &world.drive.session, transcript: &world.drive.transcript, entries }
}

fn item<'c>(comparison: &'c Comparison, id: &str) -> &'c CompareItem {
    comparison.items.iter().find(|item| item.id == id || item.title == id).unwrap()
}

/// What is not the same in an item: `label: a / b`, with `~` before what does not count.
fn unlike(item: &CompareItem) -> Vec<String> {
    let pairs = item.pairs.iter().filter(|pair| pair.likeness != Likeness::Same);
    pairs
        .map(|pair| {
            let mark = if pair.likeness == Likeness::Aside { "~ " } else { "" };
            format!("{mark}{}: {} / {}", pair.label, pair.a, pair.b)
        })
        .collect()
}

fn text(comparison: &Comparison, columns: usize) -> String {
    let differs = |at: usize| comparison.items[at].likeness() == Likeness::Differs;
    let rows = compare_rows(comparison, columns, CompareShow::Unlike, differs);
    rows.iter().map(|row| row.row.plain().trim_end().to_owned() + "\n").collect()
}

#[test]
fn who_when_and_how_long_do_not_count() {
    let (a, b) = (held("ada", 0, None), held("cleo", 300_000, None));
    let comparison = side_by_side(&a, &b);
    assert_eq!(comparison.differences(), 0, "{}", text(&comparison, 100));
    assert!(comparison.asides() > 10);
    assert_eq!(unlike(item(&comparison, "The sessions"))[0], "~ operator: ada / cleo");
    let took = unlike(item(&comparison, "apply/foundations"));
    assert!(took.iter().any(|line| line.contains("times as long")), "{took:?}");
    assert!(item(&comparison, "apply/foundations").summary.1.contains('×'));
    assert!(compare_summary(&comparison).plain().starts_with("= equal in what counts; ~ "));
    let same = side_by_side(&a, &a);
    assert_eq!((same.differences(), same.asides()), (0, 0));
}

#[test]
fn a_failing_check_is_found_with_its_stop_and_with_what_was_never_done() {
    let (a, b) = (held("ada", 0, None), held("ada", 0, Some("foundations/indexes")));
    let comparison = side_by_side(&a, &b);
    let step = unlike(item(&comparison, "apply/foundations"));
    assert!(step.iter().any(|line| line.starts_with("verdict: ✓ PASS / ✗ FAIL")), "{step:?}");
    let indexes = step.iter().find(|line| line.starts_with("Lookup indexes")).expect("the check");
    assert!(
        indexes.contains(": PASS ") && indexes.contains("/ FAIL ") && indexes.contains(", wanted "),
        "{indexes}"
    );
    assert!(!step.iter().any(|line| line.starts_with("Both tables exist")), "{step:?}");
    let stops = unlike(item(&comparison, "Stops of the world"));
    assert!(stops[0].starts_with("stop 1: – / apply/foundations: condition 2 of 8"), "{stops:?}");
    assert!(stops[1].starts_with("~ its why"), "{stops:?}");
    let never = unlike(item(&comparison, "verify/post"));
    assert_eq!(never, ["carried out: yes, 10 checks / never"]);
    // The other way round it is the same.
    let back = side_by_side(&b, &a);
    assert_eq!((back.differences(), back.asides()), (comparison.differences(), comparison.asides()));
    // Nothing is wider than it may be, and every difference is marked in shape.
    for columns in [60, 100, 119, 120, 200] {
        for row in compare_rows(&comparison, columns, CompareShow::All, |_| true) {
            assert!(row.row.width() <= columns, "{columns}: {}", row.row.plain());
        }
        let only = compare_rows(&comparison, columns, CompareShow::Differing, |_| true);
        let heads = only.iter().filter(|row| row.head);
        assert!(heads.into_iter().all(|row| row.row.plain().starts_with(" ≠ ▾ ")), "{columns}");
        assert!(!only.iter().any(|row| row.row.plain().contains(" ~ ")), "{columns}");
    }
}

/// The last world after something of it is made another.
fn changed(change: impl FnOnce(&mut World)) -> (World, World) {
    let (a, mut b) = (held("ada", 0, None), held("ada", 0, None));
    change(&mut b);
    (a, b)
}

#[test]
fn files_findings_rows_and_schema_count() {
    let (a, b) = changed(|world| {
        let header = world.drive.session.header.as_mut().unwrap();
        header.inputs.insert("migrations/1.sql".to_owned(), "ab".to_owned());
    });
    let comparison = side_by_side(&a, &b);
    assert_eq!(unlike(item(&comparison, "Files that were run")), ["migrations/1.sql: not there / sha256 ab"]);

    let found = |world: &mut World, what: &str| {
        let at = world.now();
        world.drive.session.findings.push((at, what.to_owned()));
    };
    let (mut a, b) = changed(|world| {
        found(world, "it took 9.1 s, 3.5 times as long as rehearsed");
        found(world, "the repository has changes");
    });
    found(&mut a, "it took 8 s, 3 times as long as rehearsed");
    let comparison = side_by_side(&a, &b);
    assert_eq!(
        unlike(item(&comparison, "Findings")),
        [
            "~ finding: it took 8 s, 3 times as long as rehearsed / it took 9.1 s, 3.5 times as long as rehearsed",
            "finding: – / the repository has changes"
        ]
    );

    let (a, b) = changed(|world| {
        let table =
            world.drive.transcript.tables.iter_mut().find(|table| table.query == "foundations/tables");
        std::sync::Arc::make_mut(table.unwrap()).result.rows[0][0] = Some("another".to_owned());
        let found = world.drive.transcript.changes.iter_mut().find(|(step, _)| step == "apply/outbound-sync");
        found.unwrap().1.push(ObjectChange {
            object: "index public.extra".to_owned(),
            before: None,
            after: Some("CREATE INDEX extra".to_owned()),
        });
    });
    let comparison = side_by_side(&a, &b);
    let rows = unlike(item(&comparison, "apply/foundations"));
    assert!(rows.len() == 1 && rows[0].starts_with("result foundations/tables: "), "{rows:?}");
    assert!(rows[0].contains("only here 1: ") && rows[0].contains("another"), "{rows:?}");
    let schema = unlike(item(&comparison, "apply/outbound-sync"));
    assert_eq!(schema.last().unwrap(), "change: not changed / + index public.extra: CREATE INDEX extra");
}

#[test]
fn locks_count_only_where_both_sessions_measured_them() {
    let tolls = |world: &World, mode: Option<&str>| -> Vec<ceremony::journal::Entry> {
        let mut entries = recover(&world.drive.journal.bytes).unwrap().entries;
        let started = entries.iter().find_map(|entry| {
            entry.events.iter().find_map(|event| match event {
                Event::StepStarted { step, attempt } if step == "apply/foundations" => {
                    Some((entry.n, attempt.clone()))
                }
                _ => None,
            })
        });
        let (n, attempt) = started.unwrap();
        let Some(mode) = mode else { return entries };
        let lock = Lock { relation: "public.bookings".to_owned(), mode: mode.to_owned() };
        let toll = Toll { locks: vec![lock], rewritten: Vec::new() };
        let mut entry = entries[usize::try_from(n).unwrap()].clone();
        entry.events.clear();
        entry.cause = Input::Outcome(Outcome { attempt, report: Report::StatementToll { index: 0, toll } });
        entries.insert(usize::try_from(n).unwrap(), entry);
        entries
    };
    let (a, b) = (held("ada", 0, None), held("ada", 0, None));
    for (one, other, wanted) in [
        (Some("SHARE"), Some("SHARE"), vec![]),
        (
            Some("SHARE"),
            Some("EXCLUSIVE"),
            vec!["takes: SHARE on public.bookings / –", "takes: – / EXCLUSIVE on public.bookings"],
        ),
        (Some("SHARE"), None, vec!["~ lock seen: SHARE on public.bookings / –"]),
    ] {
        let (entries_a, entries_b) = (tolls(&a, one), tolls(&b, other));
        let comparison = compare(side("one", &a, &entries_a), side("other", &b, &entries_b));
        assert_eq!(unlike(item(&comparison, "apply/foundations")), wanted);
    }
}
