//! Cores that are broken on purpose, to see that the simulation finds it.

use super::world::Core;
use ceremony::session::*;
use ceremony::time::Moment;

/// A broken core by its name.
pub fn named(name: &str) -> Core {
    match name {
        "commits-unasked" => commits_unasked,
        "forgets-doubt" => forgets_doubt,
        _ => panic!("unknown broken core: {name}"),
    }
}

/// It takes what was proved for committed: no intent is on disk.
fn commits_unasked(session: &Session, input: &Input, at: Moment) -> Vec<Event> {
    let mut events = session.decide(input, at);
    for event in &mut events {
        if let Event::CommitRequested { step, attempt } = event {
            *event = Event::StepCommitted { step: step.clone(), attempt: attempt.clone() };
        }
    }
    events
}

/// It takes a COMMIT whose answer was lost for one that did not happen, whatever the ledger says.
fn forgets_doubt(session: &Session, input: &Input, at: Moment) -> Vec<Event> {
    let mut input = input.clone();
    if let Input::Outcome(Outcome { report: Report::Settled { rows, .. }, .. }) = &mut input {
        let doubtful = |row: &LedgerRow| {
            session.migrations.iter().any(|state| {
                matches!(state, MigrationState::InDoubt(attempt, _) if attempt.to_string() == row.attempt)
            })
        };
        rows.retain(|row| !doubtful(row));
    }
    session.decide(&input, at)
}
