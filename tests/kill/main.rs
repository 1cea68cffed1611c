//! Killed, and on a disk that fails: at every step that the record takes to the disk and every word to the database.

mod beside;
mod chain;
#[path = "../ceremony/clients.rs"]
mod clients;
#[path = "../cockpit/room.rs"]
#[expect(dead_code, reason = "each test binary uses its part")]
mod cockpit;
mod disk;
#[path = "../support/effort.rs"]
mod effort;
mod everywhere;
#[path = "../cockpit/left.rs"]
mod left;
#[path = "../ceremony/program.rs"]
mod program;
#[path = "../cockpit/pty.rs"]
#[expect(dead_code, reason = "each test binary uses its part")]
mod pty;
#[path = "../ceremony/room.rs"]
mod room;
mod strace;
mod twice;
mod ways;
