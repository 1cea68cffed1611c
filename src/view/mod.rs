//! Pure projections: from the session and its transcript to what a pane shows, as data.

mod transcript;

pub use transcript::*;
