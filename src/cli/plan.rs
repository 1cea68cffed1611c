//! `ceremony plan`: what would be done, in order, without doing it.

use super::{Common, Trouble, launch};
use crate::definition::Transaction;
use crate::plan::{Plan, Step};

pub(super) fn show(common: &Common) -> Result<u8, Trouble> {
    let (_, _, ceremony) = launch::definition(common)?;
    let plan = Plan::new(ceremony);
    let ceremony = &plan.ceremony;
    outln!("{}", ceremony.title);
    outln!();
    outln!("Migrations, in the order in which they are applied:");
    for &at in &plan.order {
        let migration = &ceremony.migrations[at];
        let after = match migration.after.as_slice() {
            [] => String::new(),
            ids => format!("  after {}", ids.join(", ")),
        };
        let how = if migration.script.transaction == Transaction::None { "  no transaction" } else { "" };
        outln!(
            "  {}{:<14} {:<7} {}{after}{how}",
            "  ".repeat(plan.depth(at)),
            migration.id,
            migration.risk.word(),
            migration.script.file
        );
    }
    outln!();
    outln!("Steps:");
    steps(&plan.steps);
    outln!();
    outln!("Complete rollback, as one action:");
    steps(&plan.rollback);
    Ok(0)
}

fn steps(steps: &[Step]) {
    for (at, step) in steps.iter().enumerate() {
        let checks =
            if step.checks.len() == 1 { "1 check" } else { &format!("{} checks", step.checks.len()) };
        let witness = if step.witness { "  (with a witness)" } else { "" };
        outln!("  {:>2}. {:<26} {:<10} {}{witness}", at + 1, step.id, checks, step.title);
    }
}
