//! The grade is that of the worst evidence.

use super::*;

#[test]
fn each_evidence_has_its_grade() {
    let inert = Reapplied::default();
    let lock = |mode: &str| vec![LockTaken { relation: "public.t".to_owned(), mode: mode.to_owned() }];
    let written = || vec![RowsWritten { table: "public.t".to_owned(), inserted: 0, updated: 2, deleted: 1 }];
    let change =
        ObjectChange { object: "index public.i".to_owned(), before: None, after: Some("x".to_owned()) };
    let shares = Reapplied { locks: lock("ShareLock"), ..inert.clone() };
    // The id comes from the lock itself.
    let exclusive = Reapplied { locks: lock(EXCLUSIVE), xid: true, ..inert.clone() };
    let wrote = Reapplied { xid: true, ..shares.clone() };
    let anew = Reapplied { recreated: vec!["index public.i".to_owned()], ..exclusive.clone() };
    let replaced = Reapplied { catalog_rows: written(), ..exclusive.clone() };
    let rows = Reapplied { rows: written(), ..anew.clone() };
    let changed = Reapplied { changes: vec![change], ..anew.clone() };
    let failed = Reapplied { error: Some(Box::default()), ..changed.clone() };
    for (seen, grade, words) in [
        (&inert, Grade::Inert, "inert: no change, no lock, no transaction id"),
        (&shares, Grade::Locks, "locks: holds: SHARE on public.t"),
        (&exclusive, Grade::Locks, "locks: holds: ACCESS EXCLUSIVE on public.t; transaction id: assigned"),
        (&wrote, Grade::ReCreates, "re-creates: holds: SHARE on public.t; transaction id: assigned"),
        (&anew, Grade::ReCreates, "re-creates: made anew: index public.i; "),
        (&replaced, Grade::ReCreates, "re-creates: catalog rows written: public.t (2 updated, 1 deleted); "),
        (&rows, Grade::Mutates, "mutates: rows written: public.t (2 updated, 1 deleted); made anew"),
        (&changed, Grade::Mutates, "mutates: schema changed: + index public.i; "),
        (&failed, Grade::Fails, "fails: error: "),
    ] {
        assert_eq!(seen.grade(), grade, "{words}");
        assert!(seen.words().starts_with(words), "{} does not begin with {words}", seen.words());
        let text = serde_json::to_string(seen).unwrap();
        assert_eq!(serde_json::from_str::<Reapplied>(&text).unwrap(), *seen);
    }
}

#[test]
fn the_best_grade_is_the_least() {
    let all = [Grade::Inert, Grade::Locks, Grade::ReCreates, Grade::Mutates, Grade::Fails];
    assert!(all.is_sorted());
}
