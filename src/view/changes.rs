//! What the steps did to the schema: objects created, altered and dropped, as a diff by table, against what is declared.

use super::Transcript;
use super::ink::{Row, Tone};
use super::lines::{LineDiff, line_diff};
use crate::session::{ObjectChange, Session, compare, relation_of};
use std::collections::{BTreeMap, BTreeSet};

/// How many objects were created, altered and dropped.
pub fn tally(changes: &[ObjectChange]) -> String {
    let created = changes.iter().filter(|change| change.before.is_none()).count();
    let dropped = changes.iter().filter(|change| change.after.is_none()).count();
    format!("{created} created, {} altered, {dropped} dropped", changes.len() - created - dropped)
}

/// The changes of all steps, latest step first; `id` puts that step at the top.
pub fn changes(session: &Session, transcript: &Transcript, id: Option<&str>) -> Vec<Row> {
    let mut sections: Vec<&(String, Vec<ObjectChange>)> = transcript.changes.iter().rev().collect();
    sections.sort_by_key(|(step, _)| Some(step.as_str()) != id);
    let mut rows = Vec::new();
    for (step, changes) in sections {
        rows.extend(section(session, step, changes));
        rows.push(Row::new());
    }
    if rows.is_empty() {
        let words = "No step has looked at the schema yet: what a migration created, altered and dropped shows here \
                     before its commit gate.";
        rows.push(Row::of(Tone::Dim, words));
    }
    rows
}

/// The changes that the step's migration does not declare, by object; `None` where nothing is declared.
fn undeclared(session: &Session, step: &str, changes: &[ObjectChange]) -> Option<BTreeSet<String>> {
    let planned = session.step(step)?;
    let declares = planned.checks.iter().any(|check| check.subject == crate::plan::Subject::Declared);
    let migration = planned.migration.filter(|_| declares).map(|at| &session.plan.ceremony.migrations[at])?;
    let lines = compare(migration.declared.as_ref()?, &migration.rollback.kept, changes);
    Some(lines.into_iter().filter(|line| line.declared.is_none()).map(|line| line.object).collect())
}

/// One step: its title with the counts, then table by table.
fn section(session: &Session, step: &str, changes: &[ObjectChange]) -> Vec<Row> {
    let undeclared = undeclared(session, step, changes);
    let words = if changes.is_empty() { "no change".to_owned() } else { tally(changes) };
    let mut title = Row::of(Tone::Strong, step).say(Tone::Dim, &format!("  {words}"));
    match &undeclared {
        Some(more) if !more.is_empty() => {
            title = title.say(Tone::Bad, &format!("  {} NOT DECLARED", more.len()));
        }
        Some(_) if !changes.is_empty() => title = title.say(Tone::Good, "  all declared"),
        _ => {}
    }
    let mut rows = vec![title];
    let mut groups: BTreeMap<Option<String>, Vec<&ObjectChange>> = BTreeMap::new();
    for change in changes {
        groups.entry(relation_of(change)).or_default().push(change);
    }
    // What belongs to no table comes last.
    let alone = groups.remove(&None);
    let named = groups.into_iter().filter_map(|(name, group)| Some((name?, group)));
    for (name, mut group) in named.chain(alone.map(|group| (String::new(), group))) {
        if !name.is_empty() {
            rows.push(Row::of(Tone::Dim, "  ── ").say(Tone::Plain, &name));
        }
        // The table itself before its parts.
        group.sort_by_key(|change| !change.object.ends_with(&name));
        for change in group {
            let more = undeclared.as_ref().map(|more| more.contains(&change.one_line()));
            rows.extend(change_rows(change, more));
        }
    }
    rows
}

/// One object: `more` says that it is not declared, `None` that nothing is.
fn change_rows(change: &ObjectChange, more: Option<bool>) -> Vec<Row> {
    let (sign, tone) = match (&change.before, &change.after) {
        (None, _) => ("+", Tone::Good),
        (_, None) => ("-", Tone::Bad),
        _ => ("~", Tone::Warn),
    };
    let name = if more == Some(false) { Tone::Dim } else { Tone::Plain };
    let mut head = Row { indent: 4, ..Row::of(tone, &format!("  {sign} ")).say(name, &change.object) };
    if more == Some(true) {
        head = head.say(Tone::Bad, "  ✗ not declared");
    }
    let mut rows = vec![head];
    let line = |lead: &str, tone: Tone, text: &str| Row {
        indent: 8,
        ..Row::of(tone, &format!("      {lead}")).say(tone, &text.replace('\t', "    "))
    };
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            rows.extend(line_diff(before, after).into_iter().map(|diff| match diff {
                LineDiff::Same(text) => line("  ", Tone::Dim, text),
                LineDiff::Gone(text) => line("- ", Tone::Bad, text),
                LineDiff::New(text) => line("+ ", Tone::Good, text),
                LineDiff::Skipped(1) => line("  ", Tone::Dim, "… 1 line as before"),
                LineDiff::Skipped(count) => line("  ", Tone::Dim, &format!("… {count} lines as before")),
            }))
        }
        (before, after) => {
            let text = before.as_ref().or(after.as_ref()).map_or("", String::as_str);
            rows.extend(text.lines().map(|text| line("", Tone::Dim, text)));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_declared_is_marked_and_a_function_is_compared_by_lines() {
        let body = |line: &str| format!("CREATE FUNCTION f()\n BEGIN\n  {line};\n END\n LANGUAGE plpgsql");
        let change = ObjectChange {
            object: "function public.f()".to_owned(),
            before: Some(body("RETURN 1")),
            after: Some(body("RETURN 2")),
        };
        let text = |more| change_rows(&change, more).iter().map(|row| row.plain() + "\n").collect::<String>();
        assert!(text(Some(true)).starts_with("  ~ function public.f()  ✗ not declared\n"));
        assert!(text(None).contains("      -   RETURN 1;\n      +   RETURN 2;\n"), "{}", text(None));
        assert!(!text(Some(false)).contains("declared"));
    }
}
