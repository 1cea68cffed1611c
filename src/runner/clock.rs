//! The one place that reads a clock.

use crate::time::{Moment, Timestamp};
use std::time::SystemTime;

/// So long may a look at both clocks take, microseconds.
const APART_US_MAX: u64 = 10_000;
/// So often they are looked at again.
const LOOKS_MAX: u32 = 20;

/// The system's wall clock and a monotonic clock that counts suspend (`CLOCK_BOOTTIME` on Linux).
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Added to the monotonic clock, so that a resumed session's durations go on where they were.
    offset_us: i128,
}

impl Clock {
    /// A clock whose monotonic part starts at `start_us` microseconds.
    pub fn starting_at(start_us: u64) -> Self {
        Self { offset_us: i128::from(start_us) - i128::from(monotonic_us()) }
    }

    /// Now.
    pub fn now(&self) -> Moment {
        let (wall, mono) = both();
        let mono = i128::from(mono) + self.offset_us;
        Moment { wall, mono_us: u64::try_from(mono.max(0)).unwrap_or(u64::MAX) }
    }
}

/// A new id for a session: a UUID of version 7, <https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7>.
pub fn session_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Both clocks at one time: somebody else may have the processor between two looks, and that must not look as if the
/// wall clock had been set.
fn both() -> (Timestamp, u64) {
    let mut before = monotonic_us();
    let mut seen = wall();
    for _ in 0..LOOKS_MAX {
        let after = monotonic_us();
        if after.saturating_sub(before) <= APART_US_MAX {
            break;
        }
        before = monotonic_us();
        seen = wall();
    }
    (seen, before)
}

#[expect(clippy::disallowed_methods, reason = "this is the place")]
fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

fn monotonic_us() -> u64 {
    #[cfg(target_os = "linux")]
    let id = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let id = rustix::time::ClockId::Monotonic;
    let time = rustix::time::clock_gettime(id);
    let micros = i128::from(time.tv_sec) * 1_000_000 + i128::from(time.tv_nsec) / 1_000;
    u64::try_from(micros).unwrap_or(0)
}
