//! The file of allowed signers as ssh-keygen reads it, see ALLOWED SIGNERS in its manual. What cannot be understood is
//! refused, never skipped.

mod matching;
mod reading;
#[cfg(test)]
mod tests;

pub use reading::{AllowedSigners, BadLine, time_of};
