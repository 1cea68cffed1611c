//! Rungs sorted into what is allowed and what is left, and what is made of them.

use super::*;

fn change(object: &str, before: Option<&str>, after: Option<&str>) -> ObjectChange {
    ObjectChange { object: object.to_owned(), before: before.map(Into::into), after: after.map(Into::into) }
}

fn down(changes: Vec<ObjectChange>) -> Rung {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let allowed = Allowed {
        kept: list(&["table public.kept", "column order public.kept", "index public.kept_*"]),
        also_drops: list(&["constraint public.t.k"]),
    };
    Rung::new("b", Direction::Down, &allowed, changes)
}

#[test]
fn three_words_and_what_they_rest_on() {
    let (was, is) = (Some("was"), Some("is"));
    let cases = [
        (vec![], Restored::Exactly, "down b: exactly"),
        (
            vec![change("table public.kept", None, is), change("index public.kept_i", None, is)],
            Restored::Exactly,
            "down b: exactly, 2 kept as declared",
        ),
        (
            vec![change("constraint public.t.k", was, None)],
            Restored::Exactly,
            "down b: exactly, 1 taken along as declared",
        ),
        // Declared as kept is what is left, not what is different or gone; only an order can be different.
        (
            vec![change("column order public.kept", was, is)],
            Restored::Exactly,
            "down b: exactly, 1 kept as declared",
        ),
        (
            vec![change("table public.kept", was, is)],
            Restored::Residue,
            "down b: residue: ~ table public.kept",
        ),
        (
            vec![change("table public.kept", was, None)],
            Restored::Residue,
            "down b: residue: - table public.kept",
        ),
        (
            vec![change("constraint public.t.k", was, is)],
            Restored::Residue,
            "down b: residue: ~ constraint public.t.k",
        ),
        (
            vec![change("column order public.t", was, is)],
            Restored::AllButColumnOrder,
            "down b: all but column order: ~ column order public.t",
        ),
        (
            vec![change("column order public.t", was, is), change("column public.t.a", None, is)],
            Restored::Residue,
            "down b: residue: ~ column order public.t, + column public.t.a",
        ),
        (
            vec![change("column order public.new", None, is)],
            Restored::Residue,
            "down b: residue: + column order public.new",
        ),
    ];
    for (changes, restored, words) in cases {
        let rung = down(changes);
        assert_eq!((rung.restored(), rung.words().as_str()), (restored, words));
        assert_eq!(judge_rungs(std::slice::from_ref(&rung)).0, restored == Restored::Exactly, "{words}");
    }
    assert!(!judge_rungs(&[]).0, "no rung is no proof");
}

#[test]
fn a_script_that_fails_is_no_rung() {
    let mut rung = down(Vec::new());
    let error = ErrorCard {
        sqlstate: "42P01".to_owned(),
        message: "no such table".to_owned(),
        ..ErrorCard::default()
    };
    rung.error = Some(Box::new(error));
    assert_eq!(rung.words(), "down b: failed: 42P01 no such table");
    assert!(!judge_rungs(&[rung]).0);
}

#[test]
fn records_from_before_there_were_rungs_are_read() {
    let text = r#"{"of":"drill","residue":[],"kept":["table public.kept"],"again":[]}"#;
    let Observation::Drill { rungs, kept, .. } = serde_json::from_str(text).unwrap() else {
        panic!("a drill")
    };
    assert!(rungs.is_empty());
    assert_eq!(kept, ["table public.kept"]);
}
