//! Records that were made up: an event left out, or told twice, is refused with words.

use crate::support::act::{Told, act, plan};
use crate::support::{World, effort::figures};
use ceremony::session::*;
use ceremony::time::Moment;

/// Whether an event is of some kind.
type Kind = fn(&Event) -> bool;

/// Every event of a ceremony that passes, and of one that goes back, with its time.
fn honest(plan_name: &str) -> Vec<(Moment, Event)> {
    let mut world = World::new(plan(plan_name), 1);
    let mut told = Told::default();
    let lines = ["open", "until sign-off", "answer", "rollback", "answer", "answer", "run", "clock-gap 5"];
    for line in lines.into_iter().chain(["torn 0", "run"]) {
        act(&mut world, line, &mut told);
    }
    let record = ceremony::journal::recover(&world.drive.journal.bytes).unwrap();
    let events = |entry: ceremony::journal::Entry| {
        let at = entry.at();
        entry.events.into_iter().map(move |event| (at, event))
    };
    record.entries.into_iter().flat_map(events).collect()
}

/// Why a session cannot have gone so.
fn refused(plan_name: &str, events: &[(Moment, Event)]) -> Option<&'static str> {
    let mut session = Session::new(plan(plan_name));
    events.iter().find_map(|(at, event)| session.try_apply(*at, event).err())
}

fn without(events: &[(Moment, Event)], kind: fn(&Event) -> bool) -> Vec<(Moment, Event)> {
    let at = events.iter().position(|(_, event)| kind(event)).expect("such an event");
    let mut fewer = events.to_vec();
    fewer.remove(at);
    fewer
}

fn twice(events: &[(Moment, Event)], kind: fn(&Event) -> bool) -> Vec<(Moment, Event)> {
    let at = events.iter().position(|(_, event)| kind(event)).expect("such an event");
    let mut more = events.to_vec();
    more.insert(at, more[at].clone());
    more
}

#[test]
fn a_made_up_record_is_refused_with_words() {
    let events = honest("shipped");
    assert_eq!(refused("shipped", &events), None, "the honest one is not");
    let left_out: [(Kind, &str); 8] = [
        (|event| matches!(event, Event::Opened { .. }), "an event before the session is open"),
        (|event| matches!(event, Event::GateOpened { .. }), "answer to a gate that is not open"),
        (
            |event| matches!(event, Event::StepStarted { .. }),
            "a check is judged of a step that is not under way",
        ),
        (|event| matches!(event, Event::CheckJudged { .. }), "a pass without evidence"),
        (|event| matches!(event, Event::StepProved { .. }), "a commit is asked for without a proof"),
        (|event| matches!(event, Event::CommitRequested { .. }), "committed without the intent to commit"),
        (|event| matches!(event, Event::StepCommitted { .. }), "a pass of what was not committed"),
        (
            |event| matches!(event, Event::RollbackPlanned { .. }),
            "a rollback is asked for that is not planned",
        ),
    ];
    for (kind, words) in left_out {
        assert_eq!(refused("shipped", &without(&events, kind)), Some(words));
    }
    let told_twice: [(Kind, &str); 5] = [
        (|event| matches!(event, Event::Opened { .. }), "opened twice"),
        (|event| matches!(event, Event::ServerPinned { .. }), "the server is pinned twice"),
        (|event| matches!(event, Event::StepStarted { .. }), "an attempt's number was used before"),
        (|event| matches!(event, Event::StepCommitted { .. }), "committed without the intent to commit"),
        (|event| matches!(event, Event::CommitRequested { .. }), "a COMMIT of a step that does not run"),
    ];
    for (kind, words) in told_twice {
        assert_eq!(refused("shipped", &twice(&events, kind)), Some(words));
    }
}

/// A pass stays a pass only if nothing it rests on is missing: each event of a whole ceremony is left out in turn.
#[test]
fn no_pass_without_each_event_it_rests_on() {
    let (mut tried, mut found) = (0, 0);
    for name in ["shipped", "stepwise"] {
        let events = honest(name);
        for at in 0..events.len() {
            let mut fewer = events.clone();
            let (_, gone) = fewer.remove(at);
            let words = refused(name, &fewer);
            tried += 1;
            found += u64::from(words.is_some());
            let bears = matches!(
                gone,
                Event::Opened { .. }
                    | Event::StepStarted { .. }
                    | Event::CheckJudged { .. }
                    | Event::CommitRequested { .. }
                    | Event::StepCommitted { .. }
            );
            assert!(!bears || words.is_some(), "nobody misses {gone:?}");
        }
    }
    figures("S4", &format!("{tried} events left out, {found} missed at once"));
}
