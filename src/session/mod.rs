//! The core of a ceremony: decides what happens next and keeps the state; pure and total.
//!
//! `decide` turns an input into events, `apply` is the only mutation, `effects` says what an event asks of the world.

mod apply;
mod command;
mod decide;
mod event;
mod evidence;
mod expectation;
mod gate;
mod half_way;
mod halt;
mod judge;
mod on_outcome;
mod outcome;
mod settle;
mod state;
mod stepwise;

pub use command::*;
pub use event::*;
pub use evidence::*;
pub use half_way::*;
pub use halt::*;
pub use outcome::*;
pub use state::*;
pub use stepwise::*;
