//! What `ceremony check` says of scripts without a transaction: which they are, and which need not be.

use crate::definition::{Ceremony, Diagnostic, Place, Script, Transaction};
use crate::runner::postgres::split::{split, units};

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// It runs without a transaction and needs none.
    pub warnings: Vec<Diagnostic>,
    /// It runs without a transaction, accepted by name.
    pub notes: Vec<String>,
}

/// Looks at the script of every migration and rollback.
pub(super) fn look(ceremony: &Ceremony) -> Found {
    let mut found = Found::default();
    for migration in &ceremony.migrations {
        for (script, what) in [
            (&migration.script, format!("migration '{}'", migration.id)),
            (&migration.rollback.script, format!("the rollback of '{}'", migration.id)),
        ] {
            of_script(&mut found, script, &what);
        }
    }
    found
}

fn of_script(found: &mut Found, script: &Script, what: &str) {
    if script.transaction == Transaction::One {
        return;
    }
    // What cannot be cut into units was refused before.
    let Ok(statements) = split(&script.file, &script.text, script.first_line) else { return };
    let Ok(units) = units(&script.text, &statements.statements) else { return };
    let several = units.iter().filter(|unit| !unit.left_out.is_empty()).count() > 1;
    if units.iter().all(|unit| unit.rule.is_none()) && !several && !adds_a_value(&script.text) {
        found.warnings.push(needless(script, what));
    }
    found.notes.push(format!(
        "{what} ({}) runs without a transaction: {} units, each final as soon as it has run",
        script.name(),
        units.len()
    ));
}

/// A new value of an enum can be used only once it is committed.
fn adds_a_value(text: &str) -> bool {
    text.to_ascii_uppercase().split_whitespace().collect::<Vec<_>>().join(" ").contains(" ADD VALUE ")
}

fn needless(script: &Script, what: &str) -> Diagnostic {
    Diagnostic {
        at: Place { file: script.file.clone(), line: script.first_line, column: 1 },
        what: format!("{what} has transaction = \"none\", and nothing in it needs that"),
        why:
            "in one transaction it would be proved before it is final, and nothing would be left of a failure"
                .to_owned(),
        next: "take transaction = \"none\" out of the definition".to_owned(),
    }
}
