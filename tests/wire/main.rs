//! What can happen to the connection and to the server: the real program against a real server, and between them a
//! relay that knows every message and byte, and breaks things at chosen ones.

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../ceremony/clients.rs"]
mod clients;

#[path = "../support/effort.rs"]
mod effort;
mod ladder;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../ceremony/program.rs"]
mod program;
mod rig;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../ceremony/room.rs"]
mod room;
mod server;
mod spots;
mod sweep;
mod wire;
