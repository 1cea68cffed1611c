//! The desk: what it shows, and that nobody signs what they did not open.

use super::*;
use crate::signoff::{Choice, Role, Wish};
use crate::tui::desk::{Desk, DeskAction, Papers};
use crate::view::review::{items, must_be_opened};

const SIZES: [(u16, u16); 3] = [(60, 16), (80, 24), (160, 50)];

/// A stop by a refused statement, given up: everything a record can have against it.
fn given_up() -> World {
    let mut world = World::at_decide();
    world.command(Command::Deviate {
        step: "apply/uniqueness".to_owned(),
        expected: "the fix is applied".to_owned(),
        observed: "two rows share a key".to_owned(),
        decided: "give up".to_owned(),
    });
    world.command(Command::Answer { gate: "rollback".to_owned(), words: "no".to_owned() });
    let words = "the data is in doubt".to_owned();
    world.command(Command::Decide { decision: Decision::Abandon, words: words.clone() });
    world.command(Command::Document { words });
    assert_eq!(world.session.phase, Phase::Closed(crate::session::Verdict::Fail));
    world
}

/// It passed, and something was found and written down on the way.
fn with_findings() -> World {
    let mut world = World::applying();
    let notice =
        ErrorCard { sqlstate: "42622".to_owned(), message: "a long name".to_owned(), ..ErrorCard::default() };
    world.report(Report::Noticed { notice: Box::new(notice), more: Vec::new() });
    world.command(Command::Deviate {
        step: String::new(),
        expected: "two people".to_owned(),
        observed: "one".to_owned(),
        decided: "go on; the second joins later".to_owned(),
    });
    world.observe_all();
    world.report(Report::Proved { xid: "1".to_owned() });
    world.confirm();
    world.report(Report::Committed);
    for _ in 0..2 {
        world.apply_one();
    }
    world.confirm();
    world.observe_all();
    world.report(Report::Finished);
    world.confirm();
    assert!(matches!(world.session.phase, Phase::Closed(_)), "{:?}", world.session.phase);
    world
}

fn desk(world: &World, role: Option<Role>) -> Desk {
    let items = items(&world.session, &world.entries, 0);
    let papers = Papers::of(&world.session, items, "lusab babad gutih tugad", role, "ada@example.org");
    Desk::new(papers, Default::default(), Theme::dark(), false)
}

fn shown(desk: &mut Desk, (width, height): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| desk.draw(frame)).unwrap();
    super::text_of(terminal.backend().buffer(), (width, height))
}

fn keys(desk: &mut Desk, world: &mut World, text: &str) -> Option<DeskAction> {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let mut wanted = None;
    for letter in text.chars() {
        world.wait(100_000);
        let key = match letter {
            '\n' => KeyCode::Enter.into(),
            '\u{4}' => KeyEvent::new(KeyCode::Char('d'), KeyModifiers::CONTROL),
            '\u{1b}' => KeyCode::Esc.into(),
            letter => KeyEvent::from(KeyCode::Char(letter)),
        };
        wanted = desk.on_event(&TermEvent::Key(key), world.now()).or(wanted);
    }
    wanted
}

#[test]
fn desks() {
    let mut passed = with_findings();
    let mut failed = given_up();
    for size in SIZES {
        let at = format!("{}x{}", size.0, size.1);
        let mut first = desk(&passed, Some(Role::Lead));
        insta::assert_snapshot!(format!("desk_first_{at}"), shown(&mut first, size));
        keys(&mut first, &mut passed, "a");
        insta::assert_snapshot!(format!("desk_refused_{at}"), shown(&mut first, size));
        keys(&mut first, &mut passed, "\u{1b}nn");
        insta::assert_snapshot!(format!("desk_opened_{at}"), shown(&mut first, size));
        keys(&mut first, &mut passed, "a");
        passed.wait(500_000);
        keys(&mut first, &mut passed, "sign");
        insta::assert_snapshot!(format!("desk_approve_{at}"), shown(&mut first, size));
        let mut first = desk(&failed, Some(Role::Lead));
        keys(&mut first, &mut failed, "nxthe key is in doubt");
        insta::assert_snapshot!(format!("desk_reject_{at}"), shown(&mut first, size));
    }
}

#[test]
fn nobody_approves_what_they_did_not_open() {
    let mut world = with_findings();
    let mut desk = desk(&world, Some(Role::Lead));
    assert_eq!(keys(&mut desk, &mut world, "asign ada@example.org as lead: PASS lusab babad\n"), None);
    assert!(shown(&mut desk, (80, 24)).contains("opened 0 of 2"));
    keys(&mut desk, &mut world, "\u{1b}n");
    assert_eq!(keys(&mut desk, &mut world, "asign ada@example.org as lead: PASS lusab babad\n"), None);
    keys(&mut desk, &mut world, "\u{1b}n");
    // Enter alone, a paste, another phrase.
    assert_eq!(keys(&mut desk, &mut world, "a\n"), None);
    desk.on_event(&TermEvent::Paste(desk_phrase().to_owned()), world.now());
    assert_eq!(keys(&mut desk, &mut world, "\n"), None);
    assert_eq!(keys(&mut desk, &mut world, "sign ada\n"), None);
    keys(&mut desk, &mut world, "\u{1b}a");
    world.wait(500_000);
    let wish = Wish {
        role: Role::Lead,
        choice: Choice::Approve,
        reason: String::new(),
        cites: Vec::new(),
        opened: vec!["deviation/1".to_owned(), "finding/1".to_owned()],
    };
    assert_eq!(keys(&mut desk, &mut world, &format!("{}\n", desk_phrase())), Some(DeskAction::Sign(wish)));
}

fn desk_phrase() -> &'static str {
    "sign ada@example.org as lead: PASS lusab babad"
}

#[test]
fn a_rejection_needs_words_and_cites_what_was_opened() {
    let mut world = with_findings();
    let mut desk = desk(&world, Some(Role::Reviewer));
    assert_eq!(keys(&mut desk, &mut world, "x\u{4}"), None);
    assert_eq!(keys(&mut desk, &mut world, "\u{1b}n"), None);
    let cited = items(&world.session, &world.entries, 0)[0].entries.clone();
    assert!(!cited.is_empty());
    let wanted = keys(&mut desk, &mut world, "xa name was cut\u{4}");
    let Some(DeskAction::Sign(wish)) = wanted else { panic!("{wanted:?}") };
    assert_eq!((wish.choice, wish.reason.as_str(), wish.cites), (Choice::Reject, "a name was cut", cited));
}

/// Neither a ceremony that goes on nor one that failed.
#[test]
fn what_did_not_pass_is_not_approved() {
    for (mut world, why) in [(World::at_commit_gate(), "not over"), (given_up(), "FAIL")] {
        let mut desk = desk(&world, Some(Role::Lead));
        let many = "n".repeat(40);
        keys(&mut desk, &mut world, &many);
        assert_eq!(keys(&mut desk, &mut world, "a"), None);
        let text = shown(&mut desk, (100, 40));
        assert!(text.contains("cannot be approved") && text.contains(why), "{text}");
    }
}

#[test]
fn who_only_looks_can_sign_nothing() {
    let mut world = with_findings();
    let mut desk = desk(&world, None);
    assert_eq!(keys(&mut desk, &mut world, "nnaxreason\u{4}sign\n"), None);
    assert!(!shown(&mut desk, (80, 24)).contains("approve"));
}

/// What the session alone tells is among what is shown, so that nobody is asked for what is not there.
#[test]
fn what_must_be_opened_is_on_the_desk() {
    let mut bad = 0;
    for world in worlds().into_iter().chain([with_findings(), given_up()]) {
        let items = items(&world.session, &world.entries, 0);
        let must: Vec<&str> = items.iter().filter(|item| item.must).map(|item| item.id.as_str()).collect();
        for id in must_be_opened(&world.session) {
            assert!(must.contains(&id.as_str()), "{id} is not in {must:?}");
            bad += 1;
        }
        let mut ids: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), items.len(), "two items with one id");
    }
    assert!(bad > 20);
}

#[test]
fn every_key_of_the_desk_does_something() {
    let rows = KEYMAP.iter().filter(|row| matches!(row.context, Context::Review | Context::Signing));
    for binding in rows {
        for key in binding.keys {
            let mut world = with_findings();
            let mut desk = desk(&world, Some(Role::Lead));
            keys(&mut desk, &mut world, "j");
            if binding.act == Do::Leave {
                keys(&mut desk, &mut world, "\n");
            }
            shown(&mut desk, (60, 16));
            let before = format!("{desk:?}");
            let wanted = desk.on_event(&TermEvent::Key(key.event()), world.now());
            assert!(wanted.is_some() || before != format!("{desk:?}"), "{} does nothing", key.name());
        }
    }
}

#[test]
fn no_size_is_too_strange_for_a_desk() {
    let mut world = given_up();
    let mut desk = desk(&world, Some(Role::Lead));
    for text in ["", "n", "a", "x", "words", "\u{1b}?", "\u{1b}q"] {
        keys(&mut desk, &mut world, text);
        for width in (1..=200).step_by(19) {
            for height in (1..=60).step_by(3) {
                shown(&mut desk, (width, height));
            }
        }
    }
}
