//! Secrets, planted files and hostile definitions: the real program, and whoever means it ill.

mod canary;
#[path = "../ceremony/clients.rs"]
#[expect(dead_code, reason = "shared with tests/ceremony, which uses all of it")]
mod clients;
mod definitions;
#[path = "../support/effort.rs"]
mod effort;
mod planted;
#[path = "../ceremony/program.rs"]
#[expect(dead_code, reason = "shared with tests/ceremony, which uses all of it")]
mod program;
#[path = "../ceremony/room.rs"]
#[expect(dead_code, reason = "shared with tests/ceremony, which uses all of it")]
mod room;
mod swapped;
