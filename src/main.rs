//! Temporary.
fn main(){}
