//! Killed, and on a disk that fails: at every step that the record takes to the disk and every word to the database.

mod beside;
mod chain;
#[path = "../ceremony/clients.rs"]
#[expect(dead_code, reason = "each test binary uses its part")]
mod clients;
#[path = "../cockpit/room.rs"]
#[expect(dead_code, reason = "each test binary uses its part")]
mod cockpit;
#[path = "../signing/desk.rs"]
#[expect(dead_code, reason = "each test binary uses its part")]
mod desk;
mod disk;
mod everywhere;
#[path = "../cockpit/left.rs"]
mod left;
#[path = "../ceremony/program.rs"]
#[expect(dead_code, reason = "each test binary uses its part")]
mod program;
#[path = "../cockpit/pty.rs"]
#[expect(dead_code, reason = "each test binary uses its part")]
mod pty;
#[path = "../ceremony/room.rs"]
#[expect(dead_code, reason = "each test binary uses its part")]
mod room;
mod strace;
#[path = "../support/mod.rs"]
mod support;
mod twice;
mod ways;
