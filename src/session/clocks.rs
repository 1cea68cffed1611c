//! Clocks that cannot be right: order and durations are by the monotonic one, and what the wall clock says of it a
//! reviewer must be able to doubt.

use super::decide::Deciding;
use super::*;
use crate::time::{Moment, Timestamp};

/// Wall and monotonic clock may drift apart by this much between two entries.
const JUMP_MAX_US: i64 = 500_000;
/// A version may be written in the time of any place on earth.
const PLACES_APART_US: i64 = 24 * 3_600 * 1_000_000;

impl Deciding<'_> {
    /// Whether the wall clock was set since the last entry that said something.
    pub(super) fn look_at_clocks(&mut self, input: &Input) {
        let Some(last) = self.session().now else { return };
        let at = self.at;
        if matches!(input, Input::Command(Command::Resume { .. })) {
            // Another process's monotonic clock goes on where the last one ended, and says nothing of the time between.
            let back_us = last.wall.as_micros() - at.wall.as_micros();
            if back_us > 0 {
                self.emit(Event::FindingRaised {
                    what: format!(
                        "this machine's clock is set back: the record ends at {}, and now it is {} ({} s earlier)",
                        last.wall,
                        at.wall,
                        seconds(back_us)
                    ),
                });
            }
        } else if let Some(jump_us) = jumped_us(last, at) {
            let sign = if jump_us < 0 { "" } else { "+" };
            self.emit(Event::FindingRaised {
                what: format!(
                    "this machine's clock was set while the session ran: by {sign}{} s against the monotonic clock, \
                     from which order and durations are taken",
                    seconds(jump_us)
                ),
            });
        }
    }

    /// A clock that is before the dates of the files themselves is wrong, or they are.
    pub(super) fn look_at_dates(&mut self) {
        let now = self.at.wall;
        let migrations = &self.session().plan.ceremony.migrations;
        let of = |version: &str| Some(version.to_owned()).zip(dated(version));
        let dated = migrations.iter().filter_map(|migration| of(migration.history_key()?.0));
        let latest = dated.max_by_key(|(_, date)| *date);
        if let Some((version, date)) = latest
            && date.as_micros() - now.as_micros() > PLACES_APART_US
        {
            self.emit(Event::FindingRaised {
                what: format!("this machine's clock says {now}, before the date of migration version {version}: one of them is wrong"),
            });
        }
    }
}

fn seconds(us: i64) -> String {
    format!("{:.1}", us as f64 / 1e6)
}

/// By how much the wall clock moved more than the monotonic one, if that is too much.
fn jumped_us(last: Moment, at: Moment) -> Option<i64> {
    let passed = i64::try_from(at.mono_us.saturating_sub(last.mono_us)).ok()?;
    let jump_us = at.wall.as_micros() - last.wall.as_micros() - passed;
    (jump_us.abs() > JUMP_MAX_US).then_some(jump_us)
}

/// The time that a version of fourteen digits stands for.
fn dated(version: &str) -> Option<Timestamp> {
    if version.len() != 14 || !version.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| version.get(from..to).unwrap_or_default();
    let (date, time) = ([part(0, 4), part(4, 6), part(6, 8)], [part(8, 10), part(10, 12), part(12, 14)]);
    Timestamp::read(&format!("{}T{}Z", date.join("-"), time.join(":")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall_us: i64, mono_us: u64) -> Moment {
        Moment { wall: Timestamp::from_micros(wall_us), mono_us }
    }

    #[test]
    fn only_a_drift_beyond_half_a_second_is_a_jump() {
        let hour = 3_600_000_000;
        let start = at(2 * hour, 7);
        for (wall, mono, jump) in [
            (2 * hour + 10, 17, None),
            (3 * hour, 7 + hour as u64, None),
            (2 * hour + 500_000, 7, None),
            (2 * hour + 500_001, 7, Some(500_001)),
            (2 * hour - 500_001, 7, Some(-500_001)),
            (3 * hour, 7, Some(hour)),
            (hour, 7, Some(-hour)),
        ] {
            assert_eq!(jumped_us(start, at(wall, mono)), jump, "{wall} {mono}");
        }
    }

    #[test]
    fn a_version_of_fourteen_digits_is_a_date() {
        assert_eq!(dated("20260117120304"), Timestamp::read("2026-01-17T12:03:04Z"));
        for version in ["1", "20261317000000", "2026011700000x", "202601170000000"] {
            assert_eq!(dated(version), None, "{version}");
        }
    }
}
