//! Records that were cut, flipped, zeroed, rearranged and made anew, and records of the past: what is said of each by the
//! program and by the script that needs no program.

#[path = "../ceremony/clients.rs"]
#[expect(dead_code, reason = "shared with the tests of the program")]
mod clients;
#[path = "../support/effort.rs"]
mod effort;
mod folder;
mod format;
mod golden;
mod kept;
mod lines;
mod long;
#[path = "../support/long.rs"]
mod made;
mod making;
#[path = "../ceremony/program.rs"]
#[expect(dead_code, reason = "shared with the tests of the program")]
mod program;
#[path = "../ceremony/room.rs"]
#[expect(dead_code, reason = "shared with the tests of the program")]
mod room;
mod script;
mod touched;
