//! Hostile content: whatever a server, a file, a program or a person says, nothing of it acts on a terminal or in a
//! report, and nothing looks like something else. The tests of `docs/reliability.md`, items T and F.

mod cells;
mod cli;
mod decode;
mod fields;
mod folder;
mod frames;
mod fuzz;
mod gates;
#[path = "../cockpit/left.rs"]
mod left;
mod mutate;
mod payload;
#[path = "../cockpit/pty.rs"]
#[expect(dead_code, reason = "the cockpit's tests use more of it")]
mod pty;
mod reports;
#[path = "../cockpit/room.rs"]
#[expect(dead_code, reason = "the cockpit's tests use more of it")]
mod room;
mod runs;
mod sequences;
mod sizes;
#[path = "../support/mod.rs"]
mod support;
mod terminals;
