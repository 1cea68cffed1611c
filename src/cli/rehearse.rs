//! `ceremony rehearse`: the whole ceremony on a throw-away copy; what it took is kept for the real run.

use super::launch;
use super::purpose::Purpose;
use super::{Common, Trouble, live, run};
use crate::driver::headless::Answers;
use crate::driver::replay::Player;
use crate::plan::Rehearsal;
use crate::runner::rehearsal;
use crate::session::Phase;
use crate::view;
use std::path::Path;

/// The exit code of rehearsals that did not do the same.
const DIFFERENT: u8 = 4;

pub(super) fn start(common: &Common, headless: bool, repeat: u32) -> Result<u8, Trouble> {
    if repeat > 1 && !headless {
        return Err(Trouble::usage(
            "--repeat needs --headless",
            "nobody wants to type the words of every gate several times",
            "add --headless, or rehearse once in the cockpit",
        ));
    }
    if !headless {
        live::must_be_terminal("ceremony rehearse --headless")?;
    }
    let mut held: Vec<Rehearsal> = Vec::new();
    for turn in 1..=repeat {
        let launched = launch::open(common, Purpose::Rehearsal { turn })?;
        let folder = launched.folder.clone();
        let code = if headless {
            run::drive(launched, Answers::Yes, None)?
        } else {
            live::drive(common, launched, None)?
        };
        match keep(&folder)? {
            Some(rehearsal) => held.push(rehearsal),
            None => {
                outln!("rehearsal: nothing is kept, because it did not come to a good end");
                return Ok(code);
            }
        }
        outln!(
            "rehearsal: kept; `ceremony run` shows its estimates at the gates and stops what takes much longer"
        );
    }
    let differences = differences(&held);
    for difference in &differences {
        outln!("differs: {difference}");
    }
    if repeat > 1 && differences.is_empty() {
        outln!("the same {repeat} times: each step led to the same schema and wrote the same number of rows");
    }
    Ok(if differences.is_empty() { 0 } else { DIFFERENT })
}

/// Keeps what the session in `folder` says about its steps, if it came to a good end.
fn keep(folder: &Path) -> Result<Option<Rehearsal>, Trouble> {
    let player = Player::open(folder).map_err(Trouble::unreadable)?;
    if !matches!(player.session.phase, Phase::Closed(verdict) if verdict.is_good()) {
        return Ok(None);
    }
    let seen = view::rehearsal(&player.session, player.entries());
    if let Some(seen) = &seen {
        rehearsal::keep(folder, seen).map_err(|error| Trouble::folder(folder, &error))?;
    }
    Ok(seen)
}

/// What later rehearsals did otherwise than the first.
fn differences(held: &[Rehearsal]) -> Vec<String> {
    let Some((first, later)) = held.split_first() else { return Vec::new() };
    let mut found = Vec::new();
    for (turn, other) in later.iter().enumerate() {
        for (step, was) in &first.steps {
            let Some(is) = other.steps.get(step) else { continue };
            if is.schema != was.schema {
                found.push(format!("{step} led to another schema in rehearsal {}", turn + 2));
            }
            for (was, is) in was.statements.iter().zip(&is.statements) {
                if was.rows != is.rows {
                    let rows =
                        |rows: Option<u64>| rows.map_or("no count".to_owned(), |rows| rows.to_string());
                    found.push(format!(
                        "{step}: {} wrote {} rows in rehearsal 1 and {} in rehearsal {}",
                        was.at,
                        rows(was.rows),
                        rows(is.rows),
                        turn + 2
                    ));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Rehearsed, RehearsedStatement};

    #[test]
    fn rehearsals_are_compared_by_schema_and_rows() {
        let rehearsal = |schema: &str, rows: u64| Rehearsal {
            steps: [(
                "apply/a".to_owned(),
                Rehearsed {
                    schema: Some(("before".to_owned(), schema.to_owned())),
                    statements: vec![RehearsedStatement { rows: Some(rows), ..Default::default() }],
                    ..Default::default()
                },
            )]
            .into(),
            ..Default::default()
        };
        assert_eq!(differences(&[rehearsal("x", 1), rehearsal("x", 1)]), Vec::<String>::new());
        let found = differences(&[rehearsal("x", 1), rehearsal("x", 1), rehearsal("y", 2)]);
        assert_eq!(found[0], "apply/a led to another schema in rehearsal 3");
        assert!(found[1].contains("wrote 1 rows in rehearsal 1 and 2 in rehearsal 3"), "{}", found[1]);
        assert_eq!(found.len(), 2);
    }
}
