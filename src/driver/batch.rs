//! Output that came together is one entry: what waits to be decided on is joined, in order, up to a limit.

use crate::session::{Input, Outcome, Report};
use std::collections::VecDeque;

/// No entry holds more output, bytes.
const TEXT_MAX: usize = 64 << 10;

/// Puts an outcome behind the inputs that wait; output that goes on where the last one stopped is joined to it. Nothing
/// is waited for: what is decided at once stays an entry of its own.
pub(super) fn push(inputs: &mut VecDeque<Input>, outcome: Outcome) {
    if let (
        Some(Input::Outcome(Outcome { attempt, report: Report::Printed { source, text } })),
        Report::Printed { source: from, text: more },
    ) = (inputs.back_mut(), &outcome.report)
        && *attempt == outcome.attempt
        && source == from
        && text.len() + more.len() <= TEXT_MAX
    {
        text.push_str(more);
        return;
    }
    inputs.push_back(Input::Outcome(outcome));
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
        assert_eq!(inputs.len(), 200_usize.div_ceil(TEXT_MAX / 1_000));
    }
}
