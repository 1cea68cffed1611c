//! What a migration says about the schema: the objects it changes, and how it behaves when it is applied again.

use super::reader::{At, Reading, Table, nearest};
use serde::{Deserialize, Serialize};

/// The objects that a migration says it changes, by their catalog names such as `table public.bookings`. A trailing
/// `*` stands for any rest. A table stands for its own parts too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Declared {
    /// Not there before, there after.
    pub creates: Vec<String>,
    /// There before and after, changed.
    pub alters: Vec<String>,
    /// There before, gone after.
    pub drops: Vec<String>,
}

/// What follows when a migration changes something else than it declares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undeclared {
    /// The check fails and the transaction is rolled back.
    #[default]
    Stop,
    /// The check passes and a reviewer is told.
    Finding,
}

/// What a script does when it is applied again, the best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Nothing at all.
    Inert,
    /// Nothing, but it takes locks that others wait for.
    Locks,
    /// The same shape, made anew.
    #[default]
    ReCreates,
    /// It changes the schema or rows once more.
    Mutates,
    /// It ends in an error.
    Fails,
}

impl Grade {
    /// For people, as in the definition.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inert => "inert",
            Self::Locks => "locks",
            Self::ReCreates => "re-creates",
            Self::Mutates => "mutates",
            Self::Fails => "fails",
        }
    }
}

/// Kinds of objects as the catalog names them, with the number of dotted parts that their names have.
const KINDS: &[(&str, usize)] = &[
    ("materialized view", 2),
    ("text search configuration", 2),
    ("text search dictionary", 2),
    ("foreign data wrapper", 1),
    ("column order", 2),
    ("event trigger", 1),
    ("default privileges of", 0),
    ("user mapping for", 0),
    ("schema", 1),
    ("extension", 1),
    ("table", 2),
    ("column", 3),
    ("constraint", 3),
    ("index", 2),
    ("trigger", 3),
    ("policy", 3),
    ("rule", 3),
    ("view", 2),
    ("sequence", 2),
    ("function", 2),
    ("procedure", 2),
    ("aggregate", 2),
    ("type", 2),
    ("domain", 2),
    ("statistics", 2),
    ("cast", 0),
    ("operator", 2),
    ("collation", 2),
    ("server", 1),
    ("publication", 1),
];

/// The kind that the name of an object begins with; all of it if there is none that is known.
pub fn kind_of(object: &str) -> &str {
    let kinds = KINDS.iter().map(|(kind, _)| *kind);
    kinds.filter(|kind| object.starts_with(kind)).max_by_key(|kind| kind.len()).unwrap_or(object)
}

pub(super) const UNDECLARED: &[(&str, Undeclared)] =
    &[("stop", Undeclared::Stop), ("finding", Undeclared::Finding)];
pub(super) const GRADES: &[(&str, Grade)] = &[
    ("inert", Grade::Inert),
    ("locks", Grade::Locks),
    ("re-creates", Grade::ReCreates),
    ("mutates", Grade::Mutates),
];

/// `creates`, `alters` and `drops` of a migration; `None` when it has none of them. An empty list declares too: that
/// nothing is changed.
pub(super) fn declared(reading: &mut Reading<'_>, table: &mut Table<'_, '_>) -> Option<Declared> {
    let given = table.has("creates") || table.has("alters") || table.has("drops");
    let mut list = |key| {
        let names = table.strings(reading, key);
        objects(reading, names)
    };
    let declared = Declared { creates: list("creates"), alters: list("alters"), drops: list("drops") };
    given.then_some(declared)
}

/// Names of catalog objects; each one that cannot be one is a problem.
pub(super) fn objects(reading: &mut Reading<'_>, names: Vec<At<String>>) -> Vec<String> {
    for name in &names {
        let Some((what, why, next)) = wrong(&name.value) else { continue };
        reading.problem(&name.span, what, why, next);
    }
    names.into_iter().map(|name| name.value).collect()
}

/// What is wrong with a name, why, and what to write instead.
fn wrong(name: &str) -> Option<(String, &'static str, String)> {
    let shown = name.escape_default();
    let object = name.strip_prefix("comment on ").unwrap_or(name);
    let kind =
        KINDS.iter().find(|(kind, _)| object.strip_prefix(kind).is_some_and(|rest| rest.starts_with(' ')));
    let Some((kind, parts)) = kind else {
        let word = object.split(' ').next().unwrap_or_default();
        let known: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
        return Some((
            format!("'{shown}' begins with no kind of object"),
            "objects are named as the catalog names them, such as table public.bookings",
            nearest(word, &known).map_or_else(
                || format!("begin it with one of: {}", known.join(", ")),
                |near| format!("did you mean '{near}'?"),
            ),
        ));
    };
    let rest = &object[kind.len() + 1..];
    let (dotted, arguments) = rest.split_once('(').map_or((rest, false), |(dotted, _)| (dotted, true));
    let found = parts_of(dotted);
    if *parts > 0 && (found.len() != *parts || found.iter().any(|part| part.is_empty())) {
        let form = ["", "name", "schema.name", "schema.table.name"][*parts];
        return Some((
            format!("'{shown}' does not name a {kind} in full"),
            "without its schema a name could mean several objects",
            format!("write it as `{kind} {form}`"),
        ));
    }
    let routine = matches!(*kind, "function" | "procedure" | "aggregate" | "operator");
    (routine && !arguments && !rest.ends_with('*')).then(|| {
        (
            format!("'{shown}' has no argument types"),
            "several may share a name and differ by their arguments",
            format!("write them in parentheses, such as `{kind} {rest}(integer, text)`, or end it with *"),
        )
    })
}

/// The parts of a dotted name; a dot within double quotes divides nothing.
pub fn parts_of(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut quoted) = (0, false);
    for (at, byte) in name.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'.' if !quoted => {
                parts.push(&name[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&name[from..]);
    parts
}
