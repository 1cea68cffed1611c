//! Load, and terminals that are gone or that nobody reads: the real program on real servers, with its memory looked at.

#[expect(dead_code, reason = "shared with the other tests of the real program; each needs a part of it")]
#[path = "../ceremony/clients.rs"]
mod clients;
#[path = "../support/effort.rs"]
mod effort;
mod idle;
#[expect(dead_code, reason = "shared with the tests of the cockpit; each needs a part of it")]
#[path = "../cockpit/left.rs"]
mod left;
mod notices;
mod process;
#[expect(dead_code, reason = "shared with the other tests of the real program; each needs a part of it")]
#[path = "../ceremony/program.rs"]
mod program;
#[expect(dead_code, reason = "shared with the tests of the cockpit; each needs a part of it")]
#[path = "../cockpit/pty.rs"]
mod pty;
#[expect(dead_code, reason = "shared with the other tests of the real program; each needs a part of it")]
#[path = "../ceremony/room.rs"]
mod room;
mod rows;
mod small;
mod stalled;
mod steps;
