//! How far the running step is: statements or units, and time beside what its rehearsal took.

use super::checklist::elapsed;
use super::header::calm;
use super::ink::{Row, Tone};
use super::transcript::Transcript;
use crate::session::{Phase, Session, Work};
use crate::time::{Moment, human_duration};

/// Columns of a bar.
const BAR: usize = 20;

/// A bar of which `done` of `of` is full.
pub fn bar(done: u64, of: u64, columns: usize) -> Row {
    let width = u64::try_from(columns).unwrap_or(0);
    let full = usize::try_from(done.min(of) * width / of.max(1)).unwrap_or(0).min(columns);
    Row::of(Tone::Good, &"━".repeat(full)).say(Tone::Dim, &"─".repeat(columns - full))
}

/// Rows about the running step; none where nothing is known.
pub fn progress(session: &Session, transcript: &Transcript, now: Moment) -> Vec<Row> {
    let Phase::Running(running) = &session.phase else { return Vec::new() };
    let Some(id) = running.step.as_deref().filter(|_| running.work == Work::Run) else { return Vec::new() };
    let mut rows = Vec::new();
    if let Some((_, what, index, of)) = transcript.far.as_ref().filter(|(step, ..)| step == id) {
        let words = format!("  {what} {} of {of}", index + 1);
        rows.push(Row::labelled("far", Tone::Plain, "").join(share(*index, *of)).say(Tone::Plain, &words));
    }
    let took = session.plan.rehearsed(id).map(|seen| seen.elapsed_us).filter(|took| *took > 0);
    if let (Some(took), Some(so_far)) = (took, session.step_state(id).and_then(|state| elapsed(state, now))) {
        let tone = if so_far > took { Tone::Warn } else { Tone::Plain };
        let words = format!("  {} of about {}, as rehearsed", calm(so_far), human_duration(took));
        rows.push(Row::labelled("time", Tone::Plain, "").join(bar(so_far, took, BAR)).say(tone, &words));
    }
    rows
}

fn share(index: usize, of: usize) -> Row {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    bar(number(index), number(of), BAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_wide_as_it_must_be_and_full_at_the_end() {
        for columns in 0..30 {
            for of in 0..8 {
                for done in 0..12 {
                    let row = bar(done, of, columns);
                    assert_eq!(row.width(), columns);
                    let full = row.plain().chars().filter(|c| *c == '━').count();
                    assert_eq!(
                        full == columns,
                        columns == 0 || (of > 0 && done >= of),
                        "{done}/{of} in {columns}"
                    );
                }
            }
        }
        assert_eq!(bar(1, 4, 8).plain(), "━━──────");
    }
}
