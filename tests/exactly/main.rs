//! Exactly once, against a hostile database and a hostile world: files that leave their transaction or reach for the
//! ledger, servers that forget or go back in time, two operators at once, poolers, standbys, clocks, commands that run
//! away. Long forms: `EFFORT=20 cargo test --test exactly`.

#[path = "../ceremony/clients.rs"]
#[expect(dead_code, reason = "this binary uses its part")]
mod clients;
mod clocks;
#[path = "../support/effort.rs"]
mod effort;
mod forgotten;
mod hidden;
mod mini;
mod others;
#[path = "../ceremony/program.rs"]
mod program;
mod race;
mod reaching;
mod rewound;
#[path = "../ceremony/room.rs"]
#[expect(dead_code, reason = "this binary uses its part")]
mod room;
mod runaway;
