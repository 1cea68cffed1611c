//! Cuts a file that runs without a transaction into units: a statement, or a BEGIN … COMMIT block as one.

use super::arrange::control;
use super::{Diagnostic, Kind, Statement, Target, target};

/// What is done at once and is final then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Indexes of the statements that are sent.
    pub body: Vec<usize>,
    /// Indexes of BEGIN and COMMIT, which are not sent: the unit has a transaction of its own.
    pub left_out: Vec<usize>,
    /// The rule by which it cannot be in a transaction; `None` when it can.
    pub rule: Option<&'static str>,
    /// What it works on, as far as that can be looked up afterwards.
    pub target: Target,
    /// It only sets something for the connection: done again on every new one.
    pub setting: bool,
}

/// The units of `text`, whose statements [`super::split`] gave.
///
/// # Errors
/// Blocks that are not closed, statements that no block can hold, and what could not be settled after a crash.
pub fn units(text: &str, statements: &[Statement]) -> Result<Vec<Unit>, Vec<Diagnostic>> {
    let mut units = Vec::new();
    let mut problems = Vec::new();
    let mut open: Option<Unit> = None;
    for (index, statement) in statements.iter().enumerate() {
        let sql = text.get(statement.range.clone()).unwrap_or_default();
        match (statement.kind, &mut open) {
            (Kind::Begin, None) => {
                let target = Target::Other;
                open = Some(Unit {
                    body: Vec::new(),
                    left_out: vec![index],
                    rule: None,
                    target,
                    setting: false,
                });
            }
            (Kind::Commit, Some(unit)) => {
                unit.left_out.push(index);
                units.extend(open.take());
            }
            (Kind::Begin | Kind::Commit | Kind::OtherTransactionControl, _) => {
                problems.push(Diagnostic {
                    why: "without a transaction of the step, BEGIN … COMMIT blocks are units that are final one by one; nothing else may begin or end one".into(),
                    next: "let every BEGIN have its own COMMIT, without modes and savepoints, or remove both".into(),
                    ..control(text, statement)
                });
            }
            (Kind::OutsideTransaction(rule), Some(_)) => problems.push(Diagnostic {
                at: statement.at.clone(),
                what: format!("{rule} inside BEGIN … COMMIT"),
                why: "PostgreSQL refuses it in a transaction block, also in one of the file's own".into(),
                next: "put it before BEGIN or behind COMMIT".into(),
            }),
            (Kind::OutsideTransaction(rule), None) => {
                let target = target::of(sql);
                problems.extend(unsettled(statement, rule, &target));
                let body = vec![index];
                units.push(Unit { body, left_out: Vec::new(), rule: Some(rule), target, setting: false });
            }
            (Kind::Plain | Kind::Rows, Some(unit)) => unit.body.push(index),
            (Kind::Plain | Kind::Rows, None) => units.push(Unit {
                body: vec![index],
                left_out: Vec::new(),
                rule: None,
                target: Target::Other,
                setting: target::is_setting(sql),
            }),
        }
    }
    if let Some(at) = open.and_then(|unit| unit.left_out.first().copied()) {
        problems.push(Diagnostic {
            at: statements[at].at.clone(),
            what: "BEGIN without COMMIT".into(),
            why: "where the unit ends, and so what is final, cannot be told".into(),
            next: "write COMMIT where the unit ends".into(),
        });
    }
    units.retain(|unit| !unit.body.is_empty());
    if problems.is_empty() { Ok(units) } else { Err(problems) }
}

/// What could not be found again after a crash, or would let go of the fence.
fn unsettled(statement: &Statement, rule: &str, target: &Target) -> Option<Diagnostic> {
    let (what, why, next) = match (rule, target) {
        ("DISCARD ALL", _) => (
            "DISCARD ALL in a migration",
            "it also lets go of the lock that keeps a second ceremony out of the database",
            "remove it: every migration has a connection of its own",
        ),
        ("CREATE INDEX CONCURRENTLY", Target::Other) => (
            "CREATE INDEX CONCURRENTLY without a name for the index",
            "if it is interrupted, an INVALID index is left that nobody could name",
            "write a name behind CONCURRENTLY",
        ),
        ("DROP INDEX CONCURRENTLY", Target::Other) => (
            "DROP INDEX CONCURRENTLY of several indexes, or with CASCADE",
            "PostgreSQL drops one at a time that way, and refuses this",
            "write one statement for each index",
        ),
        _ => return None,
    };
    Some(Diagnostic { at: statement.at.clone(), what: what.into(), why: why.into(), next: next.into() })
}

#[cfg(test)]
mod tests {
    use super::super::split;
    use super::*;

    fn cut(text: &str) -> Result<Vec<String>, Vec<String>> {
        let statements = split("x.sql", text, 1).unwrap().statements;
        let shown = |unit: &Unit| {
            let body: Vec<&str> = unit.body.iter().map(|at| &text[statements[*at].range.clone()]).collect();
            let rule = unit.rule.map(|rule| format!(" [{rule}]")).unwrap_or_default();
            let setting = if unit.setting { " [setting]" } else { "" };
            format!("{}{rule}{setting}", body.join(" + "))
        };
        units(text, &statements)
            .map(|units| units.iter().map(shown).collect())
            .map_err(|problems| problems.iter().map(|it| format!("{}: {}", it.at, it.what)).collect())
    }

    #[test]
    fn a_statement_or_a_block_is_a_unit() {
        let text = "SET lock_timeout = 1; BEGIN; SELECT 1; SELECT 2; COMMIT; VACUUM t; BEGIN; COMMIT; BEGIN; SELECT 3; COMMIT; SELECT 4";
        assert_eq!(
            cut(text).unwrap(),
            [
                "SET lock_timeout = 1 [setting]",
                "SELECT 1 + SELECT 2",
                "VACUUM t [VACUUM]",
                "SELECT 3",
                "SELECT 4"
            ]
        );
    }

    #[test]
    fn what_could_not_be_settled_is_refused_with_its_place() {
        for (text, problem) in [
            ("SELECT 1; BEGIN; SELECT 2", "x.sql:1:11: BEGIN without COMMIT"),
            ("BEGIN; VACUUM t; COMMIT", "x.sql:1:8: VACUUM inside BEGIN … COMMIT"),
            ("COMMIT", "x.sql:1:1: transaction control inside the file: COMMIT"),
            ("BEGIN; SAVEPOINT a; COMMIT", "x.sql:1:8: transaction control inside the file: SAVEPOINT a"),
            ("DISCARD ALL", "x.sql:1:1: DISCARD ALL in a migration"),
            (
                "CREATE INDEX CONCURRENTLY ON t (x)",
                "x.sql:1:1: CREATE INDEX CONCURRENTLY without a name for the index",
            ),
            (
                "DROP INDEX CONCURRENTLY a, b",
                "x.sql:1:1: DROP INDEX CONCURRENTLY of several indexes, or with CASCADE",
            ),
        ] {
            assert_eq!(cut(text).unwrap_err(), [problem]);
        }
    }
}
