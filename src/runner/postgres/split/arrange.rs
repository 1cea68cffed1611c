//! Decides which statements of a file run in the step's own transaction: one outer BEGIN … COMMIT is left out.

use super::{Diagnostic, Kind, Statement};

/// Indexes into the statements of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arranged {
    /// Not sent: the outer BEGIN and COMMIT, or nothing.
    pub left_out: Vec<usize>,
    /// Sent one by one in the step's transaction.
    pub body: Vec<usize>,
}

/// Arranges the statements of `text` (as [`super::split`] gave them) for one transaction.
///
/// # Errors
/// Every statement that cannot be part of one transaction.
pub fn arrange(text: &str, statements: &[Statement]) -> Result<Arranged, Vec<Diagnostic>> {
    let last = statements.len().saturating_sub(1);
    let is = |index: usize, kind: Kind| statements.get(index).is_some_and(|it| it.kind == kind);
    let wrapped = statements.len() >= 2 && is(0, Kind::Begin) && is(last, Kind::Commit);
    let mut arranged = Arranged::default();
    let mut problems = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        match statement.kind {
            Kind::Plain | Kind::Rows => arranged.body.push(index),
            Kind::Begin | Kind::Commit if wrapped && (index == 0 || index == last) => {
                arranged.left_out.push(index);
            }
            Kind::Begin | Kind::Commit | Kind::OtherTransactionControl => {
                problems.push(control(text, statement));
            }
            Kind::OutsideTransaction(rule) => problems.push(outside(statement, rule)),
        }
    }
    if problems.is_empty() { Ok(arranged) } else { Err(problems) }
}

pub(super) fn control(text: &str, statement: &Statement) -> Diagnostic {
    let sql = text.get(statement.range.clone()).unwrap_or_default();
    let shown: Vec<&str> = sql.split_whitespace().take(4).collect();
    let next = match statement.kind {
        Kind::OtherTransactionControl if sql.len() >= 3 && sql[..3].eq_ignore_ascii_case("end") => {
            "end the file with COMMIT if it starts with BEGIN, else remove the statement"
        }
        Kind::OtherTransactionControl => {
            "remove the statement: the step itself commits, or rolls back on any error"
        }
        _ => {
            "make the file exactly one BEGIN; … COMMIT; around everything, or remove both; two transactions are two steps"
        }
    };
    Diagnostic {
        at: statement.at.clone(),
        what: format!("transaction control inside the file: {}", shown.join(" ")),
        why:
            "the step runs the file in one transaction of its own, so that it is applied whole or not at all"
                .into(),
        next: next.into(),
    }
}

fn outside(statement: &Statement, rule: &str) -> Diagnostic {
    let instead = match rule {
        "CREATE INDEX CONCURRENTLY" => {
            "write CREATE INDEX without CONCURRENTLY: on a local copy the lock is short"
        }
        "DROP INDEX CONCURRENTLY" => {
            "write DROP INDEX without CONCURRENTLY: on a local copy the lock is short"
        }
        "REINDEX CONCURRENTLY" => "write REINDEX without CONCURRENTLY: on a local copy the lock is short",
        _ => "take the statement out of the file and run it by hand before or after the ceremony",
    };
    Diagnostic {
        at: statement.at.clone(),
        what: format!("{rule} cannot run in a transaction"),
        why: "a step runs in one transaction, so that it can be proved before it is committed and undone if it fails"
            .into(),
        next: format!(
            "{instead}; or, if it must be, write transaction = \"none\" for this script in the definition, under [[migration]] or [migration.rollback]: each statement is then final as soon as it has run"
        ),
    }
}
