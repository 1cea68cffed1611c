//! Frames through the real backend, without a terminal: the bytes that it would get.

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

#[derive(Clone, Default)]
struct Wire(Rc<RefCell<Vec<u8>>>);

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A stage of a size, and what was drawn on it.
pub struct Stage {
    terminal: Terminal<CrosstermBackend<Wire>>,
    wire: Wire,
}

impl Stage {
    pub fn new(columns: u16, rows: u16) -> Self {
        let wire = Wire::default();
        let viewport = Viewport::Fixed(Rect::new(0, 0, columns, rows));
        let options = TerminalOptions { viewport };
        Self { terminal: Terminal::with_options(CrosstermBackend::new(wire.clone()), options).unwrap(), wire }
    }

    /// Draws a frame; returns what it wrote, which is what changed.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> Vec<u8> {
        self.terminal.draw(draw).unwrap();
        std::mem::take(&mut *self.wire.0.borrow_mut())
    }
}
