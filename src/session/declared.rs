//! What a migration declares against what it did: more than declared, and declared but not seen.

#[cfg(test)]
mod tests;

use super::*;
use crate::definition::{Declared, parts_of};

/// One line of the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The object, or the pattern that declares it.
    pub object: String,
    /// `create`, `alter` or `drop`, as declared; `None` when nothing declares it.
    pub declared: Option<&'static str>,
    /// What was seen of it: changes of the object and of what belongs to it.
    pub seen: usize,
    /// Whether it is as declared.
    pub good: bool,
}

/// Compares the changes of a step with what its migration declares: first every declaration in its order, then every
/// change that none of them covers. Objects in `kept` may be there before, because a rollback leaves them.
pub fn compare(declared: &Declared, kept: &[String], changes: &[ObjectChange]) -> Vec<Compared> {
    let mut lines = Vec::new();
    let mut covered = vec![false; changes.len()];
    for (word, patterns) in
        [("create", &declared.creates), ("alter", &declared.alters), ("drop", &declared.drops)]
    {
        for pattern in patterns {
            let (mut seen, mut happened) = (0, false);
            for (change, covered) in changes.iter().zip(&mut covered) {
                let is_it = fits(word, change) && matches(pattern, &change.object);
                if is_it || belongs(word, pattern, change) {
                    seen += 1;
                    *covered = true;
                    // A table is altered when one of its parts is.
                    happened |= is_it || word == "alter";
                }
            }
            let was_kept = word == "create" && kept.iter().any(|object| matches(pattern, object));
            lines.push(Compared {
                object: pattern.clone(),
                declared: Some(word),
                seen,
                good: happened || was_kept,
            });
        }
    }
    let more = changes.iter().zip(covered).filter(|(_, covered)| !covered);
    lines.extend(more.map(|(change, _)| Compared {
        object: change.one_line(),
        declared: None,
        seen: 1,
        good: false,
    }));
    lines
}

/// Whether `object` is what `pattern` names; a trailing `*` stands for any rest.
pub fn matches(pattern: &str, object: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == object, |start| object.starts_with(start))
}

fn fits(word: &str, change: &ObjectChange) -> bool {
    match word {
        "create" => change.before.is_none(),
        "drop" => change.after.is_none(),
        _ => change.before.is_some() && change.after.is_some(),
    }
}

/// Whether a change is one of a part of what `pattern` names: it comes and goes with it, or is altered as part of it.
fn belongs(word: &str, pattern: &str, change: &ObjectChange) -> bool {
    let (object, commented) = match change.object.strip_prefix("comment on ") {
        Some(object) => (object, true),
        None => (change.object.as_str(), false),
    };
    // Where columns stand changes with each column that comes or goes.
    let order = change.object.strip_prefix("column order ");
    let directed = word == "alter" || fits(word, change) || order.is_some();
    if !directed {
        return false;
    }
    if commented && matches(pattern, object) {
        return true;
    }
    if let Some(table) = order
        && pattern.strip_prefix("column ").is_some_and(|column| owner_of(column) == table)
    {
        return true;
    }
    owners(object, change).iter().any(|owner| matches(pattern, owner))
}

/// `schema.table` of `schema.table.rest`.
fn owner_of(name: &str) -> String {
    parts_of(name).into_iter().take(2).collect::<Vec<_>>().join(".")
}

/// The table (or view, or type) that a changed object is or belongs to, such as `public.events`; `None` for what
/// stands alone.
pub fn relation_of(change: &ObjectChange) -> Option<String> {
    let object = change.object.strip_prefix("comment on ").unwrap_or(&change.object);
    let kinds = ["table ", "view ", "materialized view ", "domain ", "type "];
    if let Some(name) = kinds.iter().find_map(|kind| object.strip_prefix(kind)) {
        return Some(name.to_owned());
    }
    let owners = owners(object, change);
    owners.iter().find_map(|owner| owner.strip_prefix("table ")).map(str::to_owned)
}

/// The objects that `object` is a part of, under every kind that they may have.
fn owners(object: &str, change: &ObjectChange) -> Vec<String> {
    let definition = change.after.as_deref().or(change.before.as_deref()).unwrap_or_default();
    let dotted = ["column order ", "column ", "constraint ", "trigger ", "policy ", "rule "];
    let mut found = Vec::new();
    let relation = if let Some(name) = dotted.iter().find_map(|kind| object.strip_prefix(kind)) {
        Some(owner_of(name))
    } else if object.starts_with("index ") {
        let on = after_word(definition, " ON ").map(|rest| rest.strip_prefix("ONLY ").unwrap_or(rest));
        let table = on.map(until_space);
        // The index of a key comes with its constraint.
        if let (Some(table), Some(keys)) = (&table, definition.split("; for constraint ").nth(1)) {
            let keys = keys.split("; ").next().unwrap_or_default();
            found.extend(keys.split(", ").map(|key| format!("constraint {table}.{key}")));
        }
        table
    } else if object.starts_with("sequence ") {
        let column = definition.split("; owned by ").nth(1).map(until_mark);
        found.extend(column.as_ref().map(|column| format!("column {column}")));
        column.map(|column| owner_of(&column))
    } else if object.starts_with("statistics ") {
        after_word(definition, " FROM ").map(until_mark)
    } else {
        None
    };
    if let Some(relation) = relation {
        found.extend(
            ["table", "view", "materialized view", "domain"].map(|kind| format!("{kind} {relation}")),
        );
    }
    found
}

/// What follows the first `word` outside of double quotes.
fn after_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        quoted ^= byte == b'"';
        if !quoted && text.as_bytes()[at..].starts_with(word.as_bytes()) {
            return Some(&text[at + word.len()..]);
        }
    }
    None
}

fn until(text: &str, end: impl Fn(u8) -> bool) -> String {
    let mut quoted = false;
    let stop = text.bytes().position(|byte| {
        quoted ^= byte == b'"';
        !quoted && end(byte)
    });
    text[..stop.unwrap_or(text.len())].to_owned()
}

fn until_space(text: &str) -> String {
    until(text, |byte| byte == b' ')
}

fn until_mark(text: &str) -> String {
    until(text, |byte| byte == b';')
}

/// What is declared, in words.
pub fn declared_words(declared: &Declared) -> String {
    let lists = [("create", &declared.creates), ("alter", &declared.alters), ("drop", &declared.drops)];
    let words: Vec<String> = lists
        .iter()
        .filter(|(_, objects)| !objects.is_empty())
        .map(|(word, objects)| format!("{word} {}", objects.join(", ")))
        .collect();
    if words.is_empty() { "change nothing".to_owned() } else { words.join("; ") }
}

/// The comparison as rows, for the results pane and the report.
pub fn compared_table(lines: &[Compared]) -> ResultSet {
    let rows = lines.iter().map(|line| {
        let happened = match (line.declared, line.good, line.seen) {
            (None, ..) => "yes, undeclared".to_owned(),
            (_, true, 0) => "was there, kept by an earlier rollback".to_owned(),
            (_, true, 1) => "yes".to_owned(),
            (_, true, seen) => format!("yes, {seen} objects"),
            (_, false, 0) => "NO".to_owned(),
            (_, false, seen) => format!("NO, only {seen} of its parts"),
        };
        vec![
            Some(line.declared.unwrap_or("not declared").to_owned()),
            Some(line.object.clone()),
            Some(happened),
        ]
    });
    evidence::table_of(&["declared", "object", "happened"], rows.collect())
}

/// What was seen, in words: the difference by name, or that there is none.
pub(super) fn compared_words(lines: &[Compared]) -> (bool, String) {
    let of = |declared: bool| -> Vec<String> {
        let bad = lines.iter().filter(|line| !line.good && line.declared.is_some() == declared);
        bad.map(|line| match line.declared {
            Some(word) => format!("{word} {}", line.object),
            None => line.object.clone(),
        })
        .collect()
    };
    let (missing, more) = (of(true), of(false));
    let mut words = Vec::new();
    if !more.is_empty() {
        words.push(format!("more than declared: {}", some(&more)));
    }
    if !missing.is_empty() {
        words.push(format!("declared but did not happen: {}", some(&missing)));
    }
    if words.is_empty() {
        let seen: usize = lines.iter().map(|line| line.seen).sum();
        return (
            true,
            if seen == 0 { "no change, as declared".to_owned() } else { "as declared".to_owned() },
        );
    }
    (false, words.join("; "))
}

/// Some of the names, and how many more there are.
pub(super) fn some(names: &[String]) -> String {
    const SHOWN: usize = 6;
    let more = names.len().saturating_sub(SHOWN);
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{tail}", names[..names.len() - more].join(", "))
}
