//! The guard against everything that is not this machine: texts, variables, tunnels, listeners that are swapped,
//! packets that leave, servers that are not one's own.

#[expect(dead_code, reason = "shared with the tests of the ceremony")]
#[path = "../ceremony/clients.rs"]
mod clients;
mod dsn;
#[path = "../support/effort.rs"]
mod effort;
mod environment;
mod packets;
#[expect(dead_code, reason = "shared with the tests of the ceremony")]
#[path = "../ceremony/program.rs"]
mod program;
mod relay;
mod rig;
#[expect(dead_code, reason = "shared with the tests of the ceremony")]
#[path = "../ceremony/room.rs"]
mod room;
mod state;
mod swapped;
mod tunnels;
