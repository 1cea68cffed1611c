//! The core of a ceremony: decides what happens next and keeps the state; pure and total.
//!
//! `decide` turns an input into events, `apply` is the only mutation, `effects` says what an event asks of the world.

mod apply;
mod command;
mod content;
mod decide;
mod decision;
mod declared;
mod deviation;
mod effect;
mod event;
mod evidence;
mod expectation;
mod failed;
mod failure;
mod gate;
mod half_way;
mod halt;
mod interruption;
mod judge;
mod judge_data;
mod judge_schema;
mod judge_suite;
mod on_outcome;
mod outcome;
mod radar;
mod reapplied;
mod rehearsed;
mod roll_back;
mod rungs;
mod settle;
mod soundness;
mod sqlstate;
mod state;
mod stepwise;
mod verdict;

pub use command::*;
pub use content::*;
pub use declared::*;
pub use deviation::*;
pub use effect::*;
pub use event::*;
pub use evidence::*;
pub use failure::*;
pub use half_way::*;
pub use halt::*;
pub use interruption::*;
pub use outcome::*;
pub use radar::*;
pub use reapplied::*;
pub use rungs::*;
pub use soundness::*;
pub use sqlstate::*;
pub use state::*;
pub use stepwise::*;
pub use verdict::*;
