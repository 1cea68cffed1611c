//! What can happen to the connection and to the server: the real program against a real server, and between them a
//! relay that knows every message and byte, and breaks things at chosen ones.

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../ceremony/clients.rs"]
mod clients;

mod codes;
mod dark;
#[path = "../support/effort.rs"]
mod effort;
mod frozen;
mod ladder;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../cockpit/left.rs"]
mod left;
mod left_alone;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../ceremony/program.rs"]
mod program;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../cockpit/pty.rs"]
mod pty;
mod restarted;
mod rig;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../ceremony/room.rs"]
mod room;
mod server;
mod spots;
mod sweep;
mod there_and_back;
mod wire;
