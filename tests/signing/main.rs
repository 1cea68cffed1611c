//! Sign-offs as people make and check them: the real program, real keys, and stock `ssh-keygen` beside it.

mod bad;
mod desk;
mod good;
mod keys;
mod refused;
#[path = "../support/mod.rs"]
mod support;
