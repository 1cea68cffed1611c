//! Where a reader wants to go: an entry, a time of day, so much later or earlier, or a part of the whole.

use super::Reel;

const SECOND_US: u64 = 1_000_000;
const DAY_S: u64 = 86_400;

/// What can be typed to go somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `4711`
    Entry(usize),
    /// `15:04:05` or `15:04`, UTC: seconds of the day.
    Clock(u64),
    /// `+5m`, `+90s`, `+1h`: microseconds on.
    Later(u64),
    /// `-5m`: microseconds back.
    Earlier(u64),
    /// `50%`, in thousandths.
    Part(usize),
}

impl Place {
    /// Reads what was typed.
    ///
    /// # Errors
    /// With what is wrong, why, and what can be typed.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let found = match text.chars().next() {
            Some('+') => duration_us(&text[1..]).map(Self::Later),
            Some('-') => duration_us(&text[1..]).map(Self::Earlier),
            _ if text.ends_with('%') => part(text.trim_end_matches('%')).map(Self::Part),
            _ if text.contains(':') => clock_s(text).map(Self::Clock),
            _ => text.trim_start_matches('#').parse().ok().map(Self::Entry),
        };
        found.ok_or_else(|| {
            format!(
                "'{text}' is no place in a record: type an entry (4711), a time (15:04:05), +5m, -30s or 50%"
            )
        })
    }

    /// The number of the entry there, seen from the one that `reel` shows.
    pub fn entry(self, reel: &mut Reel) -> usize {
        let of = reel.len();
        let now = reel.moment(reel.at()).mono_us;
        // The last entry that was there at that time is what the screen showed then.
        let at_time = |reel: &mut Reel, mono_us: u64| {
            let first = reel.first_where_not(|moment| moment.mono_us <= mono_us);
            if reel.moment(first).mono_us > mono_us { first - 1 } else { first }
        };
        let to = match self {
            Self::Entry(n) => n,
            Self::Part(thousandths) => of * thousandths / 1000,
            Self::Later(us) => at_time(reel, now.saturating_add(us)),
            Self::Earlier(us) => at_time(reel, now.saturating_sub(us)),
            Self::Clock(second) => {
                let opened = reel.moment(1).wall.as_micros().unsigned_abs() / SECOND_US;
                let midnight = opened - opened % DAY_S;
                let day = if midnight + second < opened { midnight + DAY_S } else { midnight };
                let wanted = i64::try_from((day + second) * SECOND_US).unwrap_or(i64::MAX);
                reel.first_where_not(|moment| moment.wall.as_micros() < wanted)
            }
        };
        to.clamp(1, of.max(1))
    }
}

fn duration_us(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let unit = match text[digits.len()..].trim() {
        "" | "s" => SECOND_US,
        "ms" => 1000,
        "m" | "min" => 60 * SECOND_US,
        "h" => 3600 * SECOND_US,
        _ => return None,
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(unit)
}

/// `12.5` as 125 thousandths.
fn part(text: &str) -> Option<usize> {
    let (whole, tenths) = text.split_once('.').unwrap_or((text, "0"));
    let tenths: usize = if tenths.len() == 1 { tenths.parse().ok()? } else { return None };
    let part = whole.parse::<usize>().ok()?.checked_mul(10)?.checked_add(tenths)?;
    (part <= 1000).then_some(part)
}

fn clock_s(text: &str) -> Option<u64> {
    let parts: Vec<&str> = text.trim_end_matches('Z').split(':').collect();
    let number = |at: usize, below: u64| match parts.get(at) {
        Some(part) if part.len() <= 2 => part.parse().ok().filter(|number| *number < below),
        Some(_) => None,
        None => Some(0),
    };
    let fits = (2..=3).contains(&parts.len());
    let (hours, minutes, seconds) = (number(0, 24)?, number(1, 60)?, number(2, 60)?);
    fits.then_some(hours * 3600 + minutes * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_read() {
        for (text, place) in [
            ("4711", Place::Entry(4711)),
            (" #12 ", Place::Entry(12)),
            ("15:04:05", Place::Clock(54_245)),
            ("15:04Z", Place::Clock(54_240)),
            ("+5m", Place::Later(300_000_000)),
            ("+90", Place::Later(90_000_000)),
            ("-250ms", Place::Earlier(250_000)),
            ("-1h", Place::Earlier(3_600_000_000)),
            ("50%", Place::Part(500)),
            ("12.5%", Place::Part(125)),
        ] {
            assert_eq!(Place::read(text), Ok(place), "{text}");
        }
        for text in
            ["", "x", "25:00", "15:60", "1:2:3:4", ":", "+", "+5y", "-m", "101%", "%", "5 5", "+é", "é%"]
        {
            let said = Place::read(text).unwrap_err();
            assert!(said.contains("is no place in a record: type "), "{said}");
        }
    }
}
