//! T8: paste and bursts at every kind of gate: whatever comes that no fingers typed, nothing is confirmed.

use crate::folder::hostile_plan;
use crate::mutate::held;
use crate::pty::{CTRL_U, ENTER, ESCAPE};
use crate::room::Ceremony;
use crate::support::effort::{effort, figures};
use crate::support::{shipped_plan, witnessed_plan};
use ceremony::driver::follow;
use ceremony::session::{Command, GateKind, Phase, Session};
use ceremony::time::Moment;
use ceremony::tui::{Action, Cockpit, Desk, DeskAction, Face, Papers, Status, TermEvent, Theme};
use ceremony::view::Transcript;
use ceremony::view::review::items;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

fn key(code: KeyCode) -> TermEvent {
    TermEvent::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn letters(words: &str) -> impl Iterator<Item = TermEvent> + '_ {
    words.chars().map(|c| match c {
        '\r' | '\n' => key(KeyCode::Enter),
        '\x1b' => key(KeyCode::Esc),
        c => key(KeyCode::Char(c)),
    })
}

/// What comes, microseconds after what came before.
type Stream = Vec<(TermEvent, u64)>;

fn at_pace(events: impl Iterator<Item = TermEvent>, gap_us: u64) -> Stream {
    events.map(|event| (event, gap_us)).collect()
}

/// What no fingers type, for a phrase. The first of each is long after the gate was opened, unless it says otherwise.
fn attacks(phrase: &str) -> Vec<(String, Stream)> {
    let pasted = |text: String| (TermEvent::Paste(text), 700_000);
    let enter = || (key(KeyCode::Enter), 700_000);
    let open = || (key(KeyCode::Char('a')), 700_000);
    let mut all: Vec<(String, Stream)> = vec![
        ("paste".into(), vec![pasted(phrase.into()), enter()]),
        ("paste with its line end".into(), vec![pasted(format!("{phrase}\r")), enter(), enter()]),
        ("paste with the key before it".into(), vec![pasted(format!("a{phrase}\n")), enter()]),
        ("paste into the open line".into(), vec![open(), pasted(phrase.into()), enter()]),
        ("paste of two halves".into(), {
            let (one, other) = phrase.split_at(phrase.len() / 2);
            vec![open(), pasted(one.into()), pasted(other.into()), enter()]
        }),
        ("paste of all but the last letter".into(), {
            let (most, last) = phrase.split_at(phrase.len() - 1);
            [vec![open(), pasted(most.into())], at_pace(letters(last), 90_000), vec![enter()]].concat()
        }),
    ];
    // A paste that holds its own end: what is behind it comes as keys, at once.
    for gap_us in [0, 1, 900, 3_000] {
        let typed = format!("a{phrase}\r");
        let mut stream = vec![pasted("harmless".into())];
        stream.extend(at_pace(letters(&typed), gap_us));
        all.push((format!("keys behind the end of a paste, {gap_us} us"), stream));
        let mut stream = vec![open()];
        stream.extend(at_pace(letters(&format!("{phrase}\r")), gap_us));
        all.push((format!("a burst into the open line, {gap_us} us"), stream));
        let mut stream = vec![(key(KeyCode::Esc), 700_000)];
        stream.extend(at_pace(letters(&format!("a{phrase}\r").repeat(3)), gap_us));
        all.push((format!("three times over, {gap_us} us"), stream));
    }
    // The gate is as new as can be, or the screen has only just changed.
    let quick = format!("a{phrase}\r");
    let gap_us = 490_000 / quick.len() as u64;
    all.push(("within the half second after it opened".into(), at_pace(letters(&quick), gap_us)));
    let mut stream = vec![open(), (TermEvent::Resize(80, 24), 700_000)];
    stream.extend(at_pace(letters(&format!("{phrase}\r")), 480_000 / quick.len() as u64));
    all.push(("within the half second after a resize".into(), stream));
    all
}

/// Whether this session's gate is answered by a stream that begins when the gate opens.
fn is_confirmed((session, transcript): (&Session, &Transcript), stream: &Stream, from: Moment) -> bool {
    let Phase::Gate(gate) = &session.phase else { return false };
    let phrase = gate.phrase.as_str();
    let mut cockpit = Cockpit::new(Theme::dark(), false);
    let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
    let mut now = from;
    for (event, gap_us) in std::iter::once(&(TermEvent::FocusGained, 0)).chain(stream) {
        now.mono_us += gap_us;
        let status = Status { face: Face::Live, now, entries: 3, head_words: "lusab babad", error: None };
        let actions = cockpit.on_event(event, session, transcript, &status);
        // Other words than the phrase are asked for again.
        let confirms = |action: &Action| match action {
            Action::Command(Command::Answer { words, .. }) => words.trim() == phrase,
            Action::Command(Command::Discard | Command::RollBack) => true,
            _ => false,
        };
        if actions.iter().any(confirms) {
            return true;
        }
        if *gap_us > 100_000 {
            terminal.draw(|frame| cockpit.draw(frame, session, transcript, &status)).unwrap();
        }
    }
    false
}

#[test]
fn no_gate_is_answered_by_a_paste_or_a_burst() {
    let (mut kinds, mut tried) = (BTreeMap::new(), 0_u64);
    for number in 0..3 * effort().min(20) {
        let plan = match number % 3 {
            0 => shipped_plan(),
            1 => hostile_plan(number).0,
            _ => witnessed_plan(),
        };
        let (mut session, mut transcript) = (Session::new(plan.clone()), Transcript::default());
        for entry in held(&plan, number) {
            follow(&mut session, &mut transcript, &entry).unwrap();
            let Phase::Gate(gate) = &session.phase else { continue };
            let seen = kinds.entry(format!("{:?}", gate.kind)).or_insert(0_u64);
            *seen += 1;
            if *seen > 12 * effort() && gate.kind == GateKind::Start {
                continue;
            }
            let phrase = gate.phrase.clone();
            for (how, stream) in attacks(&phrase) {
                assert!(
                    !is_confirmed((&session, &transcript), &stream, entry.at()),
                    "{:?} '{phrase}' is answered by: {how}",
                    gate.kind
                );
                tried += 1;
            }
            // Fingers do it: or this test would see nothing.
            let mut stream = vec![(key(KeyCode::Char('a')), 700_000)];
            stream.extend(at_pace(letters(&phrase), 60_000));
            stream.push((key(KeyCode::Enter), 60_000));
            let typed = is_confirmed((&session, &transcript), &stream, entry.at());
            assert!(typed || session.waits_for_witness(), "'{phrase}' typed by hand");
        }
    }
    let all: Vec<&str> = kinds.keys().map(String::as_str).collect();
    assert_eq!(all, ["Commit", "Delete", "RollBack", "Start"]);
    figures("T8", &format!("{tried} pastes, bursts and hasty answers at gates ({kinds:?}): 0 confirmations"));
}

#[test]
fn no_name_goes_under_a_record_by_a_paste_or_a_burst() {
    let mut signed = 0;
    let mut tried = 0_u64;
    for number in 0..6 {
        let plan = shipped_plan();
        let entries = held(&plan, number * 3);
        let (mut session, mut transcript) = (Session::new(plan), Transcript::default());
        entries.iter().for_each(|entry| follow(&mut session, &mut transcript, entry).unwrap());
        if !matches!(session.phase, Phase::Closed(verdict) if verdict.is_good()) {
            continue;
        }
        let all = items(&session, &entries, 0);
        let opened: BTreeSet<String> = all.iter().map(|item| item.id.clone()).collect();
        let role = ceremony::signoff::Role::of("lead");
        let desk = || {
            Desk::new(
                Papers::of(&session, all.clone(), "lusab babad gutih tugad", role, "ada"),
                opened.clone(),
                Theme::dark(),
                false,
            )
        };
        let phrase = format!("sign ada as lead: {} lusab babad", session.verdict().word());
        let signs = |stream: &Stream| {
            let mut desk = desk();
            let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
            let mut now = entries.last().unwrap().at();
            stream.iter().any(|(event, gap_us)| {
                now.mono_us += gap_us;
                terminal.draw(|frame| desk.draw(frame)).unwrap();
                matches!(desk.on_event(event, now), Some(DeskAction::Sign(_)))
            })
        };
        for (how, stream) in attacks(&phrase) {
            assert!(!signs(&stream), "signed by: {how}");
            tried += 1;
        }
        let mut stream = vec![(key(KeyCode::Char('a')), 700_000)];
        stream.extend(at_pace(letters(&phrase), 600_000));
        stream.push((key(KeyCode::Enter), 600_000));
        signed += u64::from(signs(&stream));
    }
    assert!(signed > 0, "fingers do it: or this test would see nothing");
    figures("T8", &format!("{tried} pastes and bursts at the desk of who signs: 0 signatures"));
}

/// Whether the record has an answer to a gate.
fn answered(ceremony: &Ceremony) -> usize {
    let record = std::fs::read_to_string(ceremony.session().join("session.jsonl")).unwrap();
    record.matches("\"gate-answered\"").count()
}

#[test]
fn nothing_that_is_pasted_into_the_real_terminal_confirms() {
    let ceremony = Ceremony::copy();
    let mut screen = ceremony.start(100, 30);
    let phrase = screen.wait_for_gate();
    let streams = [
        format!("a{phrase}{ENTER}"),
        format!("\x1b[200~a{phrase}{ENTER}\x1b[201~{ENTER}"),
        // Its own end marker is smuggled in.
        format!("\x1b[200~x\x1b[201~a{phrase}{ENTER}\x1b[201~"),
        format!("\x1b[200~\x1b[200~x\x1b[201~\x1b[201~a{CTRL_U}{phrase}{ENTER}{ENTER}"),
        format!("\x1b[200~a{phrase}{ENTER}\x1b[201"),
        format!("~{ENTER}"),
        format!("a{phrase}{ENTER}").repeat(50),
        format!("\x1b[97;1u\x1b[13;1u{phrase}{ENTER}"),
    ];
    for (at, stream) in streams.iter().enumerate() {
        screen.send(stream);
        screen.pause(Duration::from_millis(60));
        if at % 2 == 1 {
            // Also into a line that fingers have opened.
            screen.send(ESCAPE);
            screen.pause(Duration::from_millis(600));
            screen.open_answer();
            screen.send(stream);
            screen.pause(Duration::from_millis(60));
        }
        screen.send(ESCAPE);
        screen.pause(Duration::from_millis(60));
        screen.resize(100 + u16::try_from(at).unwrap(), 30);
        screen.send(&format!("a{phrase}{ENTER}"));
        screen.pause(Duration::from_millis(60));
        assert_eq!(answered(&ceremony), 0, "{stream:?}\n{}", screen.scene());
    }
    // A paste that was never ended takes whatever comes, until it is.
    screen.send("\x1b[201~");
    screen.pause(Duration::from_millis(60));
    screen.send(ESCAPE);
    screen.wait_for("the answer line to be closed", |screen| screen.typed().is_none());
    screen.confirm();
    screen.wait_for_words("1/18 steps");
    assert!(answered(&ceremony) == 1, "what fingers do is in the record under that name");
    screen.quit().assert_restored();
    ceremony.wait_until_gone();
    figures(
        "T8",
        &format!("{} streams of pastes and bursts into a real terminal: 0 confirmations", streams.len() * 2),
    );
}
