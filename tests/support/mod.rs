//! What several tests share: the shipped plan, a record in memory, a driven session over the fake world.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod act;
pub mod effort;
mod header;
pub mod invariants;
mod sabotage;
mod words;
mod world;

use ceremony::definition::{Transaction, load};
use ceremony::plan::Plan;
use ceremony::runner::files::DiskFolder;
pub use header::header;
use std::path::Path;
use std::sync::Arc;
pub use world::World;

/// The shipped plan, where the foundations go up and the uniqueness fix goes up and down without a transaction.
pub fn stepwise_plan() -> Arc<Plan> {
    let folder = DiskFolder::new(root()).unwrap();
    let mut ceremony = load(&folder, "ceremony.toml").unwrap();
    ceremony.migrations[0].script.transaction = Transaction::None;
    ceremony.migrations[1].script.transaction = Transaction::None;
    ceremony.migrations[1].rollback.script.transaction = Transaction::None;
    Arc::new(Plan::new(ceremony))
}

/// The shipped plan, where the way up and the preflight ask for a witness.
pub fn witnessed_plan() -> Arc<Plan> {
    let folder = DiskFolder::new(root()).unwrap();
    let mut ceremony = load(&folder, "ceremony.toml").unwrap();
    for step in &mut ceremony.steps {
        step.witness = step.id == "apply" || step.id == "preflight/target";
    }
    Arc::new(Plan::new(ceremony))
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn shipped_plan() -> Arc<Plan> {
    let folder = DiskFolder::new(root()).unwrap();
    Arc::new(Plan::new(load(&folder, "ceremony.toml").unwrap()))
}
