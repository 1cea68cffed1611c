//! A point in time as data: wall clock and monotonic clock side by side, never read here.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Wall-clock time in UTC, microseconds since 1970-01-01; written as RFC 3339 with six digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The time `micros` microseconds after 1970-01-01T00:00:00Z; out of range is clamped.
    pub fn from_micros(micros: i64) -> Self {
        let limit = jiff::Timestamp::MAX.as_microsecond();
        let clamped = micros.clamp(0, limit);
        Self(jiff::Timestamp::from_microsecond(clamped).unwrap_or(jiff::Timestamp::MAX))
    }

    /// A time as [`Timestamp`] is written; `None` for anything else.
    pub fn read(text: &str) -> Option<Self> {
        text.parse().map(Self).ok()
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn as_micros(self) -> i64 {
        self.0.as_microsecond()
    }

    /// `2026-11-22`, the date in UTC.
    pub fn date(self) -> String {
        self.0.strftime("%Y-%m-%d").to_string()
    }

    /// `15:04:05Z`, the time of day in UTC.
    pub fn clock(self) -> String {
        self.0.strftime("%H:%M:%SZ").to_string()
    }

    /// `20261122-150405`, fit for a folder's name.
    pub fn compact(self) -> String {
        self.0.strftime("%Y%m%d-%H%M%S").to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// When something was decided: `wall` for people, `mono_us` for durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Wall-clock time in UTC.
    pub wall: Timestamp,
    /// Microseconds of a clock that never runs backwards and counts suspend.
    pub mono_us: u64,
}

/// `950 ms`, `12.3 s`, `4 min 05 s`: a duration for people.
pub fn human_duration(micros: u64) -> String {
    let ms = micros / 1000;
    match ms {
        0 => format!("{:.1} ms", micros as f64 / 1000.0),
        1..=9_999 if ms < 1000 => format!("{ms} ms"),
        1000..=59_999 => format!("{:.1} s", ms as f64 / 1000.0),
        _ if (ms / 1000).is_multiple_of(60) => format!("{} min", ms / 60_000),
        _ => format!("{} min {:02} s", ms / 60_000, ms / 1000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_read_back_with_six_digits() {
        let time = Timestamp::from_micros(1_795_360_000_040_000);
        let text = serde_json::to_string(&time).unwrap();
        assert_eq!(text, "\"2026-11-22T15:06:40.040000Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), time);
    }

    #[test]
    fn durations_for_people() {
        assert_eq!(human_duration(400), "0.4 ms");
        assert_eq!(human_duration(950_000), "950 ms");
        assert_eq!(human_duration(12_300_000), "12.3 s");
        assert_eq!(human_duration(245_000_000), "4 min 05 s");
        assert_eq!(human_duration(900_000_000), "15 min");
    }
}
