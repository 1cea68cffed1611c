//! The core of a ceremony: decides what happens next and keeps the state; pure and total.

mod outcome;

pub use outcome::*;
