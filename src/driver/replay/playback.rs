//! How a record plays: how fast, what is made of long pauses, and what a frame may pass over.

/// Hundredths of the record's own speed.
const SPEEDS: [u64; 9] = [25, 50, 100, 200, 400, 800, 1600, 3200, 6400];
/// Up to this speed nothing is left out, however fast the record was.
const WHOLE_MAX: u64 = 800;
/// A pause of the record is shown for this long at most.
const IDLE_MAX_US: u64 = 1_000_000;
/// No frame is shown for less.
const FRAME_US: u64 = 20_000;
/// So many entries that only add lines to the output are taken into one frame, where nothing is left out: they are
/// on the screen together.
pub const RUN_MAX: usize = 40;

/// A record that plays or pauses. Times are microseconds of the reader's clock.
#[derive(Debug)]
pub struct Playback {
    speed: usize,
    whole_pauses: bool,
    /// When the next entry is due; `None` while it pauses.
    due_us: Option<u64>,
}

impl Default for Playback {
    fn default() -> Self {
        Self { speed: 2, whole_pauses: false, due_us: None }
    }
}

impl Playback {
    /// Whether it moves by itself.
    pub fn is_playing(&self) -> bool {
        self.due_us.is_some()
    }

    /// Starts, with the entry behind `gap_us` as the next one.
    pub fn play(&mut self, now_us: u64, gap_us: u64) {
        self.due_us = Some(now_us + self.wait_us(gap_us));
    }

    /// Pauses.
    pub fn pause(&mut self) {
        self.due_us = None;
    }

    /// Faster or slower by steps.
    pub fn faster(&mut self, steps: isize) {
        self.speed = self.speed.saturating_add_signed(steps).min(SPEEDS.len() - 1);
    }

    /// Shows pauses as long as they were, or cuts them.
    pub fn turn_pauses(&mut self) {
        self.whole_pauses = !self.whole_pauses;
    }

    /// `4x`, `0.25x`.
    pub fn speed(&self) -> String {
        let hundredths = SPEEDS[self.speed];
        if hundredths >= 100 {
            format!("{}x", hundredths / 100)
        } else {
            format!("0.{hundredths}x").replace("50x", "5x")
        }
    }

    /// How long a pause may be, in words.
    pub fn pauses(&self) -> &'static str {
        if self.whole_pauses { "pauses in full" } else { "pauses to 1 s" }
    }

    /// How long until the next frame is due, if it plays.
    pub fn patience_us(&self, now_us: u64) -> Option<u64> {
        self.due_us.map(|due| due.saturating_sub(now_us))
    }

    fn wait_us(&self, gap_us: u64) -> u64 {
        let wait = gap_us.saturating_mul(100) / SPEEDS[self.speed];
        if self.whole_pauses { wait } else { wait.min(IDLE_MAX_US) }
    }

    /// The entry to show now. `gap_us(n)` is the time between entry `n` and the next one, `plain(n)` whether it only
    /// adds lines to the output. At the last of `of` entries it pauses.
    pub fn advance(
        &mut self,
        (at, of): (usize, usize),
        now_us: u64,
        mut gap_us: impl FnMut(usize) -> u64,
        plain: impl Fn(usize) -> bool,
    ) -> usize {
        let Some(mut due) = self.due_us else { return at };
        let whole = SPEEDS[self.speed] <= WHOLE_MAX;
        let mut to = at;
        while due <= now_us && to < of {
            // A decision has a frame of its own: it is the last of what comes with it.
            if whole && to > at && (!plain(to) || !plain(to + 1) && to - at > 1 || to - at >= RUN_MAX) {
                break;
            }
            to += 1;
            due += self.wait_us(gap_us(to));
        }
        self.due_us = (to < of).then_some(if to > at { due.max(now_us + FRAME_US) } else { due });
        to
    }
}

/// Whether all entries from `at` (not with it) to `to` were on the screen with the frame of `to`.
pub fn were_shown(at: usize, to: usize, plain: impl Fn(usize) -> bool) -> bool {
    to > at && to - at <= RUN_MAX && (at + 1..to).all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays entries that are `gap` apart to their end; returns the entries that had a frame, and the time it took.
    fn play(
        playback: &mut Playback,
        of: usize,
        gap: u64,
        plain: impl Fn(usize) -> bool,
    ) -> (Vec<usize>, u64) {
        let (mut at, mut now, mut shown) = (1, 0, vec![1]);
        playback.play(now, gap);
        while let Some(patience) = playback.patience_us(now) {
            now += patience;
            let to = playback.advance((at, of), now, |_| gap, &plain);
            if playback.is_playing() || to > at {
                at = to;
                shown.push(at);
            }
        }
        assert_eq!(at, of);
        (shown, now)
    }

    #[test]
    fn the_records_own_times_are_followed() {
        let mut playback = Playback::default();
        let (shown, took) = play(&mut playback, 11, 400_000, |_| false);
        assert_eq!((shown.len(), took), (11, 4_000_000));
        playback.faster(1);
        assert_eq!(
            (playback.speed(), play(&mut playback, 11, 400_000, |_| false).1),
            ("2x".to_owned(), 2_000_000)
        );
        playback.faster(-9);
        assert_eq!(playback.speed(), "0.25x");
        assert_eq!(
            play(&mut playback, 11, 400_000, |_| false).1,
            10_000_000,
            "a pause is one second at most"
        );
        playback.turn_pauses();
        assert_eq!(play(&mut playback, 11, 400_000, |_| false).1, 16_000_000);
        playback.faster(99);
        assert_eq!(playback.speed(), "64x");
    }

    #[test]
    fn up_to_8x_nothing_is_left_out_and_from_16x_the_clock_rules() {
        let decision = |n: usize| n.is_multiple_of(100);
        let mut playback = Playback::default();
        playback.faster(3);
        let (shown, _) = play(&mut playback, 1000, 10, |n| !decision(n));
        assert_eq!(playback.speed(), "8x");
        assert!((100..1000).filter(|n| decision(*n)).all(|n| shown.contains(&n)), "{shown:?}");
        assert!(shown.windows(2).all(|pair| were_shown(pair[0], pair[1], |n| !decision(n))), "{shown:?}");
        playback.faster(1);
        let (shown, took) = play(&mut playback, 1000, 10, |n| !decision(n));
        assert!(shown.len() < 5 && took < 100_000, "{shown:?}");
        assert!(!were_shown(1, 1000, |n| !decision(n)));
    }
}
