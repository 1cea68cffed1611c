//! Output that came together is one entry: what waits to be decided on is joined, in order, up to a limit.

use crate::session::{ErrorCard, Input, NOTICES_BYTES_MAX, OUTPUT_BYTES_MAX, Outcome, Report};
use std::collections::VecDeque;

/// Output that is taken in before somebody looks at the keys again, bytes.
pub(super) const BYTES_PER_TURN: usize = 256 << 10;

/// About what an outcome takes in the record, if that may be much.
pub(super) fn bytes(outcome: &Outcome) -> usize {
    match &outcome.report {
        Report::Printed { text, .. } => text.len(),
        Report::Noticed { notice, more } => notice.bytes() + all(more),
        _ => 0,
    }
}

fn all(notices: &[ErrorCard]) -> usize {
    notices.iter().map(ErrorCard::bytes).sum()
}

/// Puts an outcome behind the inputs that wait; output that goes on where the last one stopped is joined to it. Nothing
/// is waited for: what is decided at once stays an entry of its own.
pub(super) fn push(inputs: &mut VecDeque<Input>, outcome: Outcome) {
    let Some(Input::Outcome(last)) = inputs.back_mut().filter(|_| joins(&outcome)) else {
        return inputs.push_back(Input::Outcome(outcome));
    };
    let room = bytes(last) + bytes(&outcome) <= NOTICES_BYTES_MAX.min(OUTPUT_BYTES_MAX);
    let same = last.attempt == outcome.attempt && room;
    match (&mut last.report, outcome.report) {
        (Report::Printed { source, text }, Report::Printed { source: from, text: more })
            if same && *source == from =>
        {
            text.push_str(&more);
        }
        (Report::Noticed { more: heard, .. }, Report::Noticed { notice, more }) if same => {
            heard.push(*notice);
            heard.extend(more);
        }
        (_, report) => inputs.push_back(Input::Outcome(Outcome { attempt: outcome.attempt, report })),
    }
}

fn joins(outcome: &Outcome) -> bool {
    matches!(outcome.report, Report::Printed { .. } | Report::Noticed { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{AttemptId, Source};

    fn printed(number: u32, source: Source, text: &str) -> Outcome {
        let attempt = AttemptId { session: "s".to_owned(), number };
        Outcome { attempt, report: Report::Printed { source, text: text.to_owned() } }
    }

    #[test]
    fn only_what_belongs_together_is_joined_and_nothing_is_lost_or_moved() {
        let mut inputs = VecDeque::new();
        for (number, source, text) in [
            (1, Source::Stdout, "a\n"),
            (1, Source::Stdout, "b\n"),
            (1, Source::Stderr, "c\n"),
            (1, Source::Stdout, "d\n"),
            (2, Source::Stdout, "e\n"),
        ] {
            push(&mut inputs, printed(number, source, text));
        }
        let attempt = AttemptId { session: "s".to_owned(), number: 2 };
        push(&mut inputs, Outcome { attempt, report: Report::Finished });
        push(&mut inputs, printed(2, Source::Stdout, "f\n"));
        let texts: Vec<&str> = inputs
            .iter()
            .map(|input| match input {
                Input::Outcome(Outcome { report: Report::Printed { text, .. }, .. }) => text.as_str(),
                _ => "-",
            })
            .collect();
        assert_eq!(texts, ["a\nb\n", "c\n", "d\n", "e\n", "-", "f\n"]);
    }

    #[test]
    fn an_entry_stays_within_its_limit() {
        let mut inputs = VecDeque::new();
        let line = "x".repeat(1_000);
        (0..200).for_each(|_| push(&mut inputs, printed(1, Source::Stdout, &line)));
        assert_eq!(inputs.len(), 200_usize.div_ceil(OUTPUT_BYTES_MAX / 1_000));
    }
}
