//! What moves: the shape of what runs. Never in the record, never in a replay, and only where motion is wanted.

use super::paint::Canvas;
use super::{Cockpit, Scene};
use crate::session::{Phase, Session};
use crate::view::Tone;
use ratatui::layout::Position;
use std::time::Duration;

/// The shape turns this often. Slow enough to be calm, fast enough to be seen.
const TURN: Duration = Duration::from_millis(250);
/// Clocks show whole seconds.
const CLOCK: Duration = Duration::from_secs(1);
const SHAPES: [&str; 4] = ["◐", "◓", "◑", "◒"];

impl Cockpit {
    /// Whether what runs moves; clocks always do.
    pub fn set_motion(&mut self, motion: bool) {
        self.motion = motion;
    }

    /// How long a frame stays true if nothing happens.
    pub fn patience(&self, session: &Session) -> Duration {
        match session.phase {
            Phase::Running(_) if self.motion => TURN,
            _ => CLOCK,
        }
    }

    /// Puts the turning shape over the one of something that runs.
    pub(super) fn turn_shape(&self, canvas: &mut Canvas<'_, '_>, at: Position, scene: &Scene<'_>) {
        if !self.motion || !scene.live() {
            return;
        }
        let turn = u64::try_from(TURN.as_micros()).unwrap_or(1);
        let shape = SHAPES[usize::try_from(scene.status.now.mono_us / turn % 4).unwrap_or(0)];
        let style = canvas.theme.style(Tone::Live);
        if let Some(cell) = canvas.buffer().cell_mut(at) {
            cell.set_symbol(shape).set_style(style);
        }
    }
}
